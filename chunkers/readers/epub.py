"""EPUB to text: the documents of the book in reading order, their headings as an outline.

A book without <h1> to <h6> has no outline. The table of contents of the book's own (EPUB 3 "nav") is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import unquote, urlsplit

from langchain_core.documents import Document

from longdoc.chunkers.readers.archive import Archive, resolved
from longdoc.chunkers.readers.base import BytesReader, made
from longdoc.chunkers.readers.formats import expect
from longdoc.chunkers.readers.html.reading import parse_html, tree_text
from longdoc.chunkers.text.table_rows import Table
from longdoc.errors import InputError

_CONTAINER = "META-INF/container.xml"
_ENCRYPTION = "META-INF/encryption.xml"
# What a publisher does to a book's fonts hides no text.
_FONT_SCRAMBLING = {"http://www.idpf.org/2008/embedding", "http://ns.adobe.com/pdf/enc#RC"}
_BETWEEN = "\n\n"
_OWN_ENTITIES = re.compile(rb"<!DOCTYPE[^>\[]*\[[^\]]*<!ENTITY", re.IGNORECASE)
_PROLOG = 4096


def read_epub(data: bytes, source: str) -> Document:
    """Return the text of the EPUB book in `data`, with `outline` and `title` where it has them.

    Its documents stand in the order of the spine, read as HTML pages (see `read_html`), a blank line between.
    An `InputError` names `source` and the remedy where the book is protected (DRM), broken, without text, or
    would unpack to more than the limits in `longdoc.chunkers.readers.archive`.
    """
    expect(data, source, ".epub")
    archive = Archive(data, source, "an EPUB book", "epub")
    _refuse_protected(archive)
    name = _package_name(archive)
    package = archive.xml(name)
    text, outline, tables = _joined(_chapter(archive, chapter) for chapter in _reading_order(archive, package, name))
    if not text:
        raise InputError(f"{source!r} is an EPUB book without text; if its pages are images, run OCR on them first")
    return made(text, source, "epub", outline=outline, tables=tables, title=_title(package))


def _refuse_protected(archive: Archive) -> None:
    if _ENCRYPTION not in archive:
        return
    for data in archive.xml(_ENCRYPTION).iter("EncryptedData"):
        method = data.find("EncryptionMethod")
        if method is None or method.get("Algorithm") not in _FONT_SCRAMBLING:
            raise InputError(
                f"{archive.source!r} is protected by DRM and cannot be read; get a copy without it from the publisher"
            )


def _package_name(archive: Archive) -> str:
    for file in archive.xml(_CONTAINER).iter("rootfile"):
        if file.get("full-path"):
            return resolved("", file.get("full-path"))
    raise archive.broken("its container.xml names no package document")


def _reading_order(archive: Archive, package: Any, package_name: str) -> Iterator[str]:
    """Yield the names of the documents of the spine, each once, but for the contents and pages that are images."""
    seen: set[str] = set()  # else a spine could repeat a chapter without end
    items = {item.get("id"): item for item in package.iter("item")}
    references = [reference.get("idref") for reference in package.iter("itemref")]
    if not references:
        raise archive.broken("its package document lists no chapters")
    for reference in references:
        item = items.get(reference)
        if item is None or not item.get("href"):
            raise archive.broken(f"its package document has no item {reference!r}")
        is_contents = "nav" in item.get("properties", "").split()
        if not is_contents and not item.get("media-type", "").startswith("image/"):
            name = resolved(package_name, unquote(urlsplit(item.get("href")).path))
            if name not in seen:
                seen.add(name)
                yield name


_Chapter = tuple[str, list[list[Any]], list[Table]]


def _chapter(archive: Archive, name: str) -> _Chapter:
    data = archive.read(name)
    if _OWN_ENTITIES.search(data[:_PROLOG].replace(b"\0", b"")):
        raise archive.bomb(f"its part {name!r}")
    tree = parse_html(data, archive.source) if data.strip() else None
    return ("", [], []) if tree is None else tree_text(tree)


def _joined(chapters: Iterable[_Chapter]) -> _Chapter:
    texts: list[str] = []
    outline: list[list[Any]] = []
    tables: list[Table] = []
    position = 0
    for text, headings, own in chapters:
        if text.strip():
            outline += [[position + start, level, title] for start, level, title in headings]
            tables += [_moved(table, position) for table in own]
            texts.append(text)
            position += len(text) + len(_BETWEEN)
    return _BETWEEN.join(texts), outline, tables


def _moved(table: Table, by: int) -> Table:
    start, end, header_end = table["start"] + by, table["end"] + by, table["header_end"] + by
    return Table(start=start, end=end, header=table["header"], header_end=header_end, note=table["note"])


def _title(package: Any) -> str:
    metadata = package.find("metadata")
    titles = () if metadata is None else metadata.iter("title", "Title")
    return next((" ".join("".join(title.itertext()).split()) for title in titles), "")


READER = BytesReader((".epub",), read_epub)
