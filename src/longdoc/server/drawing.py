"""Pages as they look, places on them, PDFs with these marked: made in a process of their own, so no parser harms us.

What is asked again is known: pictures are kept up to a number of bytes, and what failed is not tried again.
"""

from __future__ import annotations

import base64
import json
import logging
import threading
from collections import OrderedDict
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path
from typing import Any

from langchain_core.documents import Document

from longdoc.chunkers.readers.base import Box
from longdoc.chunkers.readers.pages import SourcePages, looked_at
from longdoc.chunkers.text.span import Span
from longdoc.errors import InputError
from longdoc.pipelines.calls.child import Child, More, answer_lines
from longdoc.server.shelf import Held, Shelf
from longdoc.server.worker import ENCODING, FILE, KEPT, READ, TEXT

_log = logging.getLogger(__name__)
_KEPT_BYTES = 64 << 20  # of pictures
_FAILURES = 512  # remembered
_FILES = 2  # held open by the process
_NAME = "the document"
_UNTOLD = "the page cannot be drawn; read its text"


class Drawer:
    """Draws the pages of documents and finds places on them, one after another, in a process that may be lost.

    Raises `InputError` for what cannot be drawn.
    """

    def __init__(self, shelf: Shelf, seconds: float) -> None:
        self._shelf = shelf
        self._child = Child("longdoc.server.drawing", seconds, environment={"LONGDOC_TOKEN": ""})
        self._asking = threading.Lock()
        self._pictures: OrderedDict[str, bytes] = OrderedDict()
        self._failed: OrderedDict[str, str] = OrderedDict()

    def close(self) -> None:
        """Ends the process."""
        self._child.interrupt()
        with self._asking:
            self._child.close()

    def sizes(self, held: Held) -> list[list[float]]:
        """The width and height of each page as it is shown, in points."""
        return list(self._asked(held, "sizes"))

    def place(self, held: Held, start: int, end: int) -> dict[str, Any]:
        """The `boxes` of a stretch of text, in points, and the same as `marks`: parts of the page as it is shown."""
        return dict(self._asked(held, "place", start, end))

    def picture(self, held: Held, page: int, width: int) -> bytes:
        """A page, from 1, as a PNG that is `width` pixels wide, or less wide where it would be too large."""
        key = f"{held.id} {page} {width}"
        with self._asking:
            if key in self._pictures:
                self._pictures.move_to_end(key)
                return self._pictures[key]
        made = base64.b64decode(self._asked(held, "picture", page, width))
        with self._asking:
            self._pictures[key] = made
            while len(self._pictures) > 1 and sum(map(len, self._pictures.values())) > _KEPT_BYTES:
                self._pictures.popitem(last=False)
        return made

    def annotated(self, held: Held, cited: str) -> bytes:
        """The PDF with what an answer or a summary in JSON says of it marked."""
        return base64.b64decode(self._asked(held, "annotated", cited))

    def _asked(self, held: Held, *wanted: Any) -> Any:
        key = blake2b(json.dumps([held.id, *wanted]).encode()).hexdigest()
        with self._asking:
            if key in self._failed:
                raise InputError(self._failed[key])
            answer = self._child.ask([str(self._shelf.folder(held)), *wanted])
            if not answer.error:
                return answer.value
            said = answer.error if answer.cause in ("refused", "store", "down") else _UNTOLD
            if answer.cause not in ("closed", "disk", "store"):
                _log.warning("the document %s: %s %s", held.id, wanted[0], answer.error)
                self._failed[key] = said
                if len(self._failed) > _FAILURES:
                    self._failed.popitem(last=False)
        raise InputError(said)


class ShelfPages(SourcePages):
    """Where spans of the documents on a shelf stand, by their ids, as the shelf has them at the time."""

    def __init__(self, shelf: Shelf, drawer: Drawer) -> None:
        super().__init__()
        self._shelf, self._drawer = shelf, drawer

    def document(self, source: str, text: str) -> Document:
        """The document with that id and all that its reader told, where its text is this one; else the bare text."""
        held = self._shelf.get(source)
        if held is not None and held.status == "ready" and held.characters == len(text):
            known = self._shelf.document(held)
            if known.page_content == text:
                return known
        return super().document(source, text)

    def boxes(self, span: Span) -> tuple[Box, ...]:
        """One rectangle for each line and page of a span; none where it has no pages that can be seen."""
        held = self._shelf.get(span.source)
        if held is None or not held.pictures:
            return ()
        try:
            found = self._drawer.place(held, span.start, span.end)["boxes"]
        except InputError:  # it is in the log; the citation has its page
            return ()
        return tuple((int(page), *edges) for page, *edges in found)

    def _told(self, source: str, name: str) -> Any:
        held = self._shelf.get(source)
        told = {} if held is None else {"pages": held.pages, "page_labels": held.labels}
        return told.get(name) or ()


@dataclass(frozen=True)
class _Opened:
    """A document of the shelf as the process has it open."""

    data: bytes
    format: str
    places: Any


@lru_cache(maxsize=_FILES)
def _opened(folder: str) -> _Opened:
    from longdoc.chunkers.readers.pdf.places import Places

    place = Path(folder)
    told = json.loads((place / READ).read_bytes())
    known = {"source": _NAME} | {key: told[key] for key in KEPT if key in told}
    text = (place / TEXT).read_bytes().decode(ENCODING, "surrogatepass")
    data = (place / FILE).read_bytes()
    return _Opened(data, str(told.get("format")), Places(data, Document(text, metadata=known)))


def _drawn(asked: list[Any], more: More) -> Any:
    from longdoc.chunkers.readers.pdf.pictures import png

    folder, what, *given = asked
    held = _opened(folder)
    if what == "annotated":
        from longdoc.pipelines.render.highlights import highlighted, highlights_of

        marks = highlights_of(given[0], Path(folder).name)
        return base64.b64encode(highlighted(held.data, _NAME, marks)).decode()
    boxes = held.places.boxes(*given) if what == "place" else []
    with looked_at(held.data, held.format) as pages:
        if what == "sizes":
            return pages.sizes()
        if what == "picture":
            page, width = given
            return base64.b64encode(png(pages.pixels(page - 1, width))).decode()
        return {"boxes": boxes, "marks": pages.marks(boxes)}


if __name__ == "__main__":
    answer_lines(_drawn)
