"""PDF files written by hand, every glyph where the test says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from reportlab.pdfbase.pdfmetrics import stringWidth

_STANDARD = b"<< /Type /Font /Subtype /Type1 /BaseFont /%s /Encoding /WinAnsiEncoding >>"
_CATALOG, _PAGES, _REGULAR, _BOLD, _OTHER, _OTHER_CID, _OTHER_MAP, _FIRST = range(1, 9)


def width(text: str, size: float, bold: bool = False) -> float:
    """How wide the text is in Helvetica, in points."""
    return stringWidth(text, "Helvetica-Bold" if bold else "Helvetica", size)


@dataclass
class Sheet:
    """A page: what is shown on it, and how it is turned. Letters outside cp1252 are half as wide as their size."""

    turned: int = 0  # degrees clockwise
    size: tuple[int, int] = (612, 792)
    shown: list[bytes] = field(default_factory=list)

    def text(self, x: float, y: float, text: str, size: float = 11, *, bold: bool = False, more: str = "") -> Sheet:
        """Show a text with its base line at (x, y), in points from the lower left; `more` are operators before it."""
        font = "F2" if bold else "F1"
        escaped = text.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")
        try:
            said = b"(%s)" % escaped.encode("cp1252")
        except UnicodeEncodeError:
            font, said = "F3", b"<%s>" % text.encode("utf-16-be").hex().encode()
        self.shown.append(
            f"BT 0 Ts 0 Tr 0 g /{font} {size} Tf {more} 1 0 0 1 {x:.3f} {y:.3f} Tm ".encode() + said + b" Tj ET"
        )
        return self

    def lines(self, x: float, y: float, lines: Sequence[str], size: float = 11, step: float = 14) -> Sheet:
        """Show lines one below the other."""
        for number, line in enumerate(lines):
            self.text(x, y - number * step, line, size)
        return self

    @property
    def content(self) -> bytes:
        """The content stream."""
        return b"\n".join(self.shown)


def pdf(sheets: Sequence[Sheet | bytes], catalog: str = "") -> bytes:
    """A PDF of the sheets, or of content streams; `catalog` are entries of its catalogue."""
    pages = [sheet if isinstance(sheet, Sheet) else Sheet(shown=[sheet]) for sheet in sheets]
    kids = " ".join(f"{_FIRST + 2 * n} 0 R" for n in range(len(pages)))
    mapped = (
        b"/CIDInit /ProcSet findresource begin begincmap 1 begincodespacerange <0000> <FFFF> endcodespacerange "
        b"1 beginbfrange <0000> <FFFF> <0000> endbfrange endcmap end"
    )
    objects = [
        f"<< /Type /Catalog /Pages {_PAGES} 0 R {catalog} >>".encode(),
        f"<< /Type /Pages /Count {len(pages)} /Kids [{kids}] >>".encode(),
        _STANDARD % b"Helvetica",
        _STANDARD % b"Helvetica-Bold",
        f"<< /Type /Font /Subtype /Type0 /BaseFont /X /Encoding /Identity-H /DescendantFonts [{_OTHER_CID} 0 R] "
        f"/ToUnicode {_OTHER_MAP} 0 R >>".encode(),
        b"<< /Type /Font /Subtype /CIDFontType2 /BaseFont /X /CIDSystemInfo << /Registry (Adobe) /Ordering (Identity) "
        b"/Supplement 0 >> /DW 500 /FontDescriptor << /Type /FontDescriptor /FontName /X /Flags 4 "
        b"/FontBBox [0 -200 1000 800] /ItalicAngle 0 /Ascent 800 /Descent -200 /CapHeight 700 /StemV 80 >> >>",
        stream(mapped),
    ]
    fonts = f"/F1 {_REGULAR} 0 R /F2 {_BOLD} 0 R /F3 {_OTHER} 0 R"
    for number, sheet in enumerate(pages):
        objects += [
            f"<< /Type /Page /Parent {_PAGES} 0 R /MediaBox [0 0 {sheet.size[0]} {sheet.size[1]}] "
            f"/Rotate {sheet.turned} /Resources << /Font << {fonts} >> >> /Contents {_FIRST + 2 * number + 1} 0 R >>"
            "".encode(),
            stream(sheet.content),
        ]
    return written(objects)


def written(objects: Sequence[bytes]) -> bytes:
    """A PDF file of the objects, which are numbered from 1; the first is its catalogue."""
    out, offsets = bytearray(b"%PDF-1.5\n"), []
    for number, body in enumerate(objects, start=1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    trailer = b"trailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF" % (len(objects) + 1, len(out))
    return bytes(out) + b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1) + table + trailer


def stream(content: bytes, entries: bytes = b"") -> bytes:
    """A stream object, and what else its dictionary says."""
    return b"<< %s /Length %d >>\nstream\n%s\nendstream" % (entries, len(content), content)
