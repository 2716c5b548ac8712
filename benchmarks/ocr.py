"""How well scanned pages are read: longdoc with the extra `ocr` beside tesseract, on pages whose text was read by eye.

    python benchmarks/ocr.py [--pages 18]

The pages are those of the files beside the checkout whose picture was read by a person (`ocr_text` of their manifest).
"""

from __future__ import annotations

import argparse
import io
import json
import shutil
import subprocess
import sys
import time
import unicodedata
from collections.abc import Callable, Iterator
from typing import Any

import pypdfium2
from datasets import archive, file_of
from table import markdown, publish

from longdoc.chunkers.readers.formats import image_suffix
from longdoc.chunkers.readers.pdf.pictures import page_pixels, png
from longdoc.chunkers.readers.registry import read_bytes
from longdoc.errors import InputError

_TESSERACT_DENSITY = 300  # pixels an inch, as its makers advise
_ABOUT = """The share of wrong characters: of each text that a person read on the page, the edits to the stretch of what
was recognised that is nearest to it, over its length; white space ignored. Each page is read alone, whatever text layer
it has; tesseract 5 (Debian) gets a picture of {density} pixels an inch, and finds the direction itself (`--psm 1`);
the language, which longdoc is not told, it is (`-l`). Seconds are of the wall, on a machine that others used, with
the models loaded.
Of the Chinese page longdoc keeps the title apart as a running head, which makes eight of its nine wrong characters.
Cyrillic it cannot read."""


def main() -> None:
    """Reads the pages with both, prints a row for each, and writes the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--pages", type=int, default=18)
    most = parser.parse_args().pages
    if shutil.which("tesseract") is None:
        sys.exit("tesseract is not installed; apt-get install tesseract-ocr tesseract-ocr-chi-sim tesseract-ocr-rus")
    readers: dict[str, Callable[[bytes, list[str]], str]] = {"longdoc": _longdoc, "tesseract": _tesseract}
    cases = list(_cases())[:most]
    _longdoc(cases[0][2], [])  # the models are loaded
    rows, sums = [], {name: [0.0, 0.0, 0.0] for name in readers}
    for name, page, data, texts in cases:
        length = sum(len(_packed(text)) for text in texts)
        row: list[object] = [f"{name}, page {page}", length]
        for reader, read in readers.items():
            began = time.perf_counter()
            said = _packed(read(data, texts))
            seconds = time.perf_counter() - began
            wrong = sum(edits(_packed(text), said) for text in texts)
            sums[reader] = [sums[reader][0] + wrong, sums[reader][1] + length, sums[reader][2] + seconds]
            row += [f"{wrong / length:.3f}", f"{seconds:.1f}"]
        rows.append(row)
        print(*row, flush=True)
    total: list[object] = ["all", sum(int(str(row[1])) for row in rows)]
    for wrong, length, seconds in sums.values():
        total += [f"{wrong / length:.3f}", f"{seconds / len(rows):.1f}"]
    headers = ["page", "characters", *(f"{name}{what}" for name in readers for what in (", wrong", ", s"))]
    publish(
        "ocr", "Scanned pages", f"{markdown(headers, [*rows, total])}\n\n{_ABOUT.format(density=_TESSERACT_DENSITY)}"
    )


def edits(wanted: str, text: str) -> int:
    """The least edits that make a stretch of `text` the text wanted."""
    above = [0] * (len(text) + 1)
    for number, letter in enumerate(wanted, start=1):
        row = [number]
        for at, other in enumerate(text, start=1):
            row.append(min(above[at] + 1, row[-1] + 1, above[at - 1] + (letter != other)))
        above = row
    return min(above)


def _cases() -> Iterator[tuple[str, int, bytes, list[str]]]:
    """Name, page, the page alone as a PDF, and the texts read on it; the first page of each file that has any."""
    manifest: list[dict[str, Any]] = json.loads(file_of("pdfs_manifest.json").read_text(encoding="utf-8"))
    wanted = {row["file"]: row["ocr_text"] for row in manifest if row.get("ocr_text")}
    with archive("pdfs") as members:
        for member in members:
            name = member.name.rpartition("/")[2]
            opened = members.extractfile(member) if name in wanted and member.size else None
            if opened is not None:
                page = int(wanted[name][0][0])
                texts = [text for number, text in wanted[name] if number == page]
                data = opened.read()
                yield name, page, data if image_suffix(data) else _alone(data, page), texts


def _alone(data: bytes, page: int) -> bytes:
    source, made, out = pypdfium2.PdfDocument(data), pypdfium2.PdfDocument.new(), io.BytesIO()
    made.import_pages(source, [page - 1])
    made.save(out)
    return out.getvalue()


def _longdoc(data: bytes, _: list[str]) -> str:
    suffix = image_suffix(data) or ".pdf"
    try:
        document = read_bytes(data, f"page{suffix}", suffix, "always")
    except InputError:
        return ""
    return " ".join([document.page_content, *(text for _, text in document.metadata.get("furniture", ()))])


def _tesseract(data: bytes, texts: list[str]) -> str:
    picture, density = data, ["--dpi", str(_TESSERACT_DENSITY)]
    if image_suffix(data):
        density = []
    else:
        document = pypdfium2.PdfDocument(data)
        picture = png(page_pixels(document, 0, document.get_page_size(0)[0] * _TESSERACT_DENSITY / 72))
    command = ["tesseract", "-", "-", "--psm", "1", "-l", _language("".join(texts)), *density]
    return subprocess.run(command, input=picture, capture_output=True, check=False).stdout.decode()


def _language(text: str) -> str:
    scripts = [unicodedata.name(one, "").partition(" ")[0] for one in text]
    return "chi_sim" if "CJK" in scripts else "rus" if "CYRILLIC" in scripts else "eng"


def _packed(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text).split())


if __name__ == "__main__":
    main()
