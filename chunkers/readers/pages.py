"""Where spans of sources stand on their pages: the page, its printed label, and rectangles on it."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any

from langchain_core.documents import Document
from pydantic import PrivateAttr

from longdoc.chunkers.readers.base import Box
from longdoc.chunkers.text.span import Span

if TYPE_CHECKING:
    from longdoc.chunkers.readers.pdf.places import Places


class PagedDocument(Document):
    """A document with pages that knows what it was read from: a file's path, or its bytes.

    The path is never taken from the metadata, which may come from outside.
    """

    _origin: Path | bytes = PrivateAttr(b"")
    _digest: bytes = PrivateAttr(b"")

    @classmethod
    def lc_id(cls) -> list[str]:
        """LangChain's name of a document: saved and loaded again, it is one."""
        return Document.lc_id()

    @classmethod
    def of(cls, document: Document, data: bytes, path: Path | None = None) -> PagedDocument:
        """The document that was read from `data`, which is at `path`; without a path the bytes are kept."""
        paged = cls(page_content=document.page_content, metadata=document.metadata, id=document.id)
        paged._origin = data if path is None else path.absolute()
        paged._digest = _digest(data)
        return paged

    def data(self) -> bytes | None:
        """The file's bytes; None where it is gone or is another by now."""
        if isinstance(self._origin, bytes):
            return self._origin
        try:
            data = self._origin.read_bytes()
        except OSError:
            return None
        return data if _digest(data) == self._digest else None


class SourcePages:
    """Tells where spans of these documents stand, and what their readers knew; of one without pages, no page.

    Boxes are made when they are asked for, and only of a PDF that was read from a file or a stream by `read`.
    """

    def __init__(self, documents: Iterable[Document] = ()) -> None:
        self._documents = {str(one.metadata.get("source")): one for one in documents}
        self._places: dict[str, Places | None] = {}

    def document(self, source: str, text: str) -> Document:
        """The document of that name, with all that its reader told, where its text is this one; else the bare text."""
        held = self._documents.get(source)
        return held if held is not None and held.page_content == text else Document(text, metadata={"source": source})

    def starts(self, source: str) -> tuple[int, ...]:
        """Where the pages of a source begin; none where it has no pages."""
        return tuple(self._told(source, "pages"))

    def labels(self, source: str) -> tuple[str, ...]:
        """The printed labels of a source's pages; none where it has none."""
        return tuple(self._told(source, "page_labels"))

    def page(self, span: Span) -> int | None:
        """The page, from 1, that a span starts on."""
        starts = self._told(span.source, "pages")
        return bisect_right(starts, span.start) if starts else None

    def label(self, span: Span) -> str | None:
        """The label that is printed on that page, or its number; None for a source without pages."""
        page, labels = self.page(span), self._told(span.source, "page_labels")
        if page is None:
            return None
        return (labels[page - 1] if 0 < page <= len(labels) else "") or str(page)

    def file(self, source: str) -> tuple[bytes, str] | None:
        """The bytes of a source with pages that can be seen, and "pdf" or "image"; None where it is no longer there."""
        document = self._documents.get(source)
        if not isinstance(document, PagedDocument) or document.metadata.get("format") not in ("pdf", "image"):
            return None
        data = document.data()
        return None if data is None else (data, str(document.metadata["format"]))

    def boxes(self, span: Span) -> tuple[Box, ...]:
        """One rectangle for each line and page of a span, in order; none where the file is no longer what was read."""
        if span.source not in self._places:
            self._places[span.source] = self._open(span.source)
        places = self._places[span.source]
        return () if places is None else tuple(places.boxes(span.start, span.end))

    def _told(self, source: str, name: str) -> Any:
        document = self._documents.get(source)
        return () if document is None else document.metadata.get(name) or ()

    def _open(self, source: str) -> Places | None:
        file = self.file(source)
        if file is None:
            return None
        from longdoc.chunkers.readers.pdf.places import Places

        return Places(file[0], self._documents[source])


def page_words(page: int | None, label: str | None) -> str:
    """A page for a person: "p. iv" where labels are printed, else "page 4"; empty where there are no pages."""
    if page is None:
        return ""
    return f"page {page}" if label in (None, "", str(page)) else f"p. {label}"


def boxes_json(boxes: Iterable[Box]) -> list[list[float]]:
    """The rectangles in numbers with two decimals."""
    return [[page, *(round(edge, 2) for edge in edges)] for page, *edges in boxes]


def place_json(span: Span, places: SourcePages, *, boxes: bool = True) -> dict[str, Any]:
    """The page, its label and, if wanted, the rectangles of a span; empty for a source without pages."""
    page = places.page(span)
    if page is None:
        return {}
    shown: dict[str, Any] = {"page": page, "page_label": places.label(span)}
    return {**shown, "boxes": boxes_json(places.boxes(span))} if boxes else shown


def _digest(data: bytes) -> bytes:
    return blake2b(data, digest_size=16).digest()


@contextmanager
def looked_at(data: bytes, format: str, name: str = "the document") -> Iterator[Any]:
    """The pages of a PDF or an image, by its `format`, to be looked at: `PdfPages` or `ImagePages`."""
    if format == "image":
        from longdoc.chunkers.readers.ocr.images import ImagePages

        yield ImagePages(data, name)
        return
    from longdoc.chunkers.readers.pdf.pdfium import opened
    from longdoc.chunkers.readers.pdf.pictures import PdfPages

    with opened(data, name) as document:
        yield PdfPages(document)
