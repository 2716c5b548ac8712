"""A PDF with the places that an answer or a summary rests on marked, each with the sentence as its note."""

from __future__ import annotations

import ctypes
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from longdoc.chunkers.readers.base import Box
from longdoc.chunkers.readers.pdf.pdfium import opened
from longdoc.errors import InputError

_COLOUR = (255, 222, 89)
_HIGHLIGHT, _COLOUR_OF_ANNOT = 9, 0  # FPDF_ANNOT_HIGHLIGHT, FPDFANNOT_COLORTYPE_Color


@dataclass(frozen=True, slots=True)
class Highlight:
    """Rectangles on the pages of a PDF, and the note that they have."""

    boxes: tuple[Box, ...]
    note: str


class _Place(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    source: str
    boxes: tuple[Box, ...] = ()


class _Said(BaseModel):
    model_config = ConfigDict(extra="ignore")

    text: str
    citations: tuple[int, ...] = ()
    spans: tuple[_Place, ...] = ()


class _Cited(BaseModel):
    model_config = ConfigDict(extra="ignore")

    sentences: tuple[_Said, ...]
    citations: tuple[_Place, ...] = ()


def highlights_of(cited: str | bytes, name: str) -> list[Highlight]:
    """What of an answer or a summary, as the JSON that the command line prints, stands in the PDF called `name`.

    Where there is only one source it is that one, whatever its name. Raises `InputError` for what is no such JSON, and
    where nothing of it has a place in the PDF.
    """
    try:
        given = _Cited.model_validate_json(cited)
        places = [_places(given, said) for said in given.sentences]
    except (ValidationError, IndexError) as error:
        raise InputError(
            "what is cited is no answer or summary in JSON; make it with longdoc ask or summarize --format json"
        ) from error
    sources = {place.source for found in places for place in found}
    wanted = sources if len(sources) == 1 else {one for one in sources if PurePath(one).name == PurePath(name).name}
    found = [
        Highlight(boxes, said.text)
        for said, own in zip(given.sentences, places, strict=True)
        if (boxes := tuple(dict.fromkeys(box for one in own if one.source in wanted for box in one.boxes)))
    ]
    if not found:
        raise InputError(f"nothing cited has a place in {name!r}; ask or summarize that PDF with --format json")
    return found


def _places(given: _Cited, said: _Said) -> Sequence[_Place]:
    if any(number < 0 for number in said.citations):
        raise IndexError(min(said.citations))
    return [*said.spans, *(given.citations[number] for number in said.citations)]


def highlighted(data: bytes, source: str, marks: Sequence[Highlight]) -> bytes:
    """The PDF with these highlights; nothing else of it changes.

    Raises `InputError` for a PDF that cannot be opened, and for a place on a page that it has not.
    """
    with opened(data, source) as document:
        for page, shown in _by_page(marks):
            if not 1 <= page <= len(document):
                raise InputError(f"{source!r} has {len(document)} pages, and page {page} is cited; give the PDF read")
            _mark(document, page - 1, shown)
        out = io.BytesIO()
        document.save(out)
    return out.getvalue()


def _by_page(marks: Sequence[Highlight]) -> Iterator[tuple[int, list[Highlight]]]:
    pages: dict[int, list[Highlight]] = {}
    for mark in marks:
        for page in dict.fromkeys(box[0] for box in mark.boxes):
            own = tuple(box for box in mark.boxes if box[0] == page)
            pages.setdefault(page, []).append(Highlight(own, mark.note))
    return iter(sorted(pages.items()))


def _mark(document: Any, number: int, shown: Sequence[Highlight]) -> None:
    import pypdfium2.raw as raw

    page = document[number]
    try:
        for mark in shown:
            annotation = raw.FPDFPage_CreateAnnot(page.raw, _HIGHLIGHT)
            try:
                _write(annotation, mark)
            finally:
                raw.FPDFPage_CloseAnnot(annotation)
    finally:
        page.close()


def _write(annotation: Any, mark: Highlight) -> None:
    import pypdfium2.raw as raw

    raw.FPDFAnnot_SetColor(annotation, _COLOUR_OF_ANNOT, *_COLOUR, 160)
    lefts, bottoms, rights, tops = zip(*(box[1:] for box in mark.boxes), strict=True)
    raw.FPDFAnnot_SetRect(annotation, raw.FS_RECTF(min(lefts), max(tops), max(rights), min(bottoms)))
    for _, left, bottom, right, top in mark.boxes:
        quad = raw.FS_QUADPOINTSF(left, top, right, top, left, bottom, right, bottom)
        raw.FPDFAnnot_AppendAttachmentPoints(annotation, quad)
    note = ctypes.create_string_buffer(mark.note.encode("utf-16-le", "replace") + b"\0\0")
    raw.FPDFAnnot_SetStringValue(annotation, b"Contents", ctypes.cast(note, ctypes.POINTER(ctypes.c_ushort)))
