"""Word documents (.docx) to text: paragraphs, lists, tables and notes as in HTML, headings as an outline.

The body is made into a tree of HTML elements, which the HTML reader writes. A heading is what Word's outline
takes for one: a paragraph whose style, one that its style is based on, or which itself has an outline level.
Numbers that Word counts ("2.1", "(a)") stand before their paragraphs, and what is above the line is marked
as in HTML. Deleted and struck text, comments, hidden runs, page headers and footers, pictures and tables of
contents are left out; insertions are kept.
"""

from __future__ import annotations

from typing import Any

from langchain_core.documents import Document

from longdoc.chunkers.readers.archive import Archive, resolved
from longdoc.chunkers.readers.base import BytesReader, made
from longdoc.chunkers.readers.docx.body import Body
from longdoc.chunkers.readers.docx.styles import Numbering, Styles
from longdoc.chunkers.readers.formats import expect
from longdoc.chunkers.readers.html.reading import tree_text
from longdoc.chunkers.text.table_rows import Table
from longdoc.errors import InputError


def read_docx(data: bytes, source: str) -> Document:
    """Return the text of the Word document in `data`, with `outline` and `title` where it has them.

    Footnotes and endnotes are marked "[1]" where they are called and stand at the end. An `InputError` names
    `source` and the remedy where the document is encrypted, broken, without text, or would unpack to more
    than the limits in `longdoc.chunkers.readers.archive`.
    """
    expect(data, source, ".docx")
    archive = Archive(data, source, "a Word document", "docx")
    main = _related(archive, "", "officeDocument")
    if main is None:
        raise archive.broken("it names no main part")
    text, outline, tables = _text(archive, main)
    if not text.strip():
        raise InputError(f"{source!r} is a Word document without text; if its pages are images, run OCR on them first")
    return made(text, source, "docx", outline=outline, tables=tables, title=_title(archive))


def _text(archive: Archive, main: str) -> tuple[str, list[list[Any]], list[Table]]:
    parts = {kind: _part(archive, main, kind) for kind in ("styles", "numbering", "footnotes", "endnotes")}
    styles = Styles(parts["styles"])
    notes = {
        (kind, note.get("id")): note
        for kind in ("footnote", "endnote")
        if parts[kind + "s"] is not None
        for note in parts[kind + "s"].iter(kind)
    }
    body = archive.xml(main).find("body")
    if body is None:
        raise archive.broken("its main part has no body")
    return tree_text(Body(styles, Numbering(parts["numbering"], styles), notes).tree(body))


def _part(archive: Archive, main: str, kind: str) -> Any:
    name = _related(archive, main, kind)
    return archive.xml(name) if name is not None and name in archive else None


def _related(archive: Archive, name: str, kind: str) -> str | None:
    """Return the name of the part that the part `name` ("" is the package) is related to as `kind`."""
    folder, _, file = name.rpartition("/")
    relationships = resolved("", f"{folder}/_rels/{file}.rels")
    if relationships not in archive:
        return None
    for relationship in archive.xml(relationships).iter("Relationship"):
        if relationship.get("Type", "").endswith("/" + kind) and relationship.get("TargetMode") != "External":
            return resolved(name, relationship.get("Target", ""))
    return None


def _title(archive: Archive) -> str:
    name = _related(archive, "", "core-properties")
    if name is None or name not in archive:
        return ""
    return " ".join((archive.xml(name).findtext("title") or "").split())


READER = BytesReader((".docx",), read_docx)
