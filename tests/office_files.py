"""Small Word documents and EPUB books, made of the XML that a test is about."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping

W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
MATH = "http://schemas.openxmlformats.org/officeDocument/2006/math"
COMPATIBLE = "http://schemas.openxmlformats.org/markup-compatibility/2006"
SPACES = f'xmlns:w="{W}" xmlns:m="{MATH}" xmlns:mc="{COMPATIBLE}"'
RELATION = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
TEXT = "application/xhtml+xml"


def zipped(members: Mapping[str, str | bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return out.getvalue()


def relationships(targets: Mapping[str, str]) -> str:
    lines = (
        f'<Relationship Id="r{n}" Type="{RELATION}/{kind}" Target="{target}"/>'
        for n, (kind, target) in enumerate(targets.items())
    )
    return f'<Relationships xmlns="{PACKAGE}">{"".join(lines)}</Relationships>'


def docx_members(body: str, title: str = "", **parts: str) -> dict[str, str | bytes]:
    """The members of a document with `body`; `parts` are the insides of styles, numbering, footnotes, endnotes."""
    package = {"officeDocument": "word/document.xml"} | ({"core-properties": "docProps/core.xml"} if title else {})
    members: dict[str, str | bytes] = {
        "_rels/.rels": relationships(package),
        "word/_rels/document.xml.rels": relationships({kind: f"{kind}.xml" for kind in parts}),
        "word/document.xml": (f"<w:document {SPACES}><w:body>{body}</w:body></w:document>"),
    }
    for kind, inside in parts.items():
        members[f"word/{kind}.xml"] = f"<w:{kind} {SPACES}>{inside}</w:{kind}>"
    if title:
        members["docProps/core.xml"] = (
            f'<c xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>{title}</dc:title></c>'
        )
    return members


def docx(body: str, title: str = "", **parts: str) -> bytes:
    return zipped(docx_members(body, title, **parts))


def paragraph(text: str, style: str = "", properties: str = "") -> str:
    named = f'<w:pStyle w:val="{style}"/>' if style else ""
    return f'<w:p><w:pPr>{named}{properties}</w:pPr><w:r><w:t xml:space="preserve">{text}</w:t></w:r></w:p>'


def xhtml(body: str, head: str = "") -> str:
    return (
        '<?xml version="1.0" encoding="utf-8"?><!DOCTYPE html>'
        f'<html xmlns="http://www.w3.org/1999/xhtml"><head>{head}</head><body>{body}</body></html>'
    )


def epub_members(*chapters: tuple[str, str], title: str = "", properties: str = "") -> dict[str, str | bytes]:
    """The members of a book with chapters of (name, body) in that order; `properties` are the first one's."""
    items, references = "", ""
    for n, (name, _) in enumerate(chapters):
        extra = f' properties="{properties}"' if properties and not n else ""
        items += f'<item id="i{n}" href="{name}" media-type="{TEXT}"{extra}/>'
        references += f'<itemref idref="i{n}"/>'
    named = f"<dc:title>{title}</dc:title>" if title else ""
    return {
        "mimetype": "application/epub+zip",
        "META-INF/container.xml": (
            '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
            '<rootfile full-path="OPS/book.opf"/></rootfiles></container>'
        ),
        "OPS/book.opf": (
            '<package xmlns="http://www.idpf.org/2007/opf"><metadata xmlns:dc="http://purl.org/dc/elements/1.1/">'
            f"{named}</metadata><manifest>{items}</manifest><spine>{references}</spine></package>"
        ),
        **{f"OPS/{name}": xhtml(body) for name, body in chapters},
    }


def epub(*chapters: tuple[str, str], title: str = "", properties: str = "") -> bytes:
    return zipped(epub_members(*chapters, title=title, properties=properties))
