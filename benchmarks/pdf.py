"""What readers of PDF get out of real and of generated pages, and how fast: longdoc beside its peers.

    python benchmarks/pdf.py [--seeds 100] [--repeats 2]

The real ones are the PDFs beside the checkout, with the truths of their manifest: phrases that stand on a page, their
order, words joined at line ends, notes apart from numbers, what is not to be there, headings, labels, places, and rows
of tables by hand (ICDAR 2013). The generated ones are those of the tests, whose whole text is known.
"""

from __future__ import annotations

import argparse
import io
import json
import logging
import re
import sys
import tempfile
import time
import unicodedata
import xml.etree.ElementTree as ET
from collections import defaultdict
from collections.abc import Callable, Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any

from datasets import archive, file_of
from langchain_core.documents import Document
from rapidfuzz.distance import Levenshtein
from table import markdown, publish

sys.path.append(str(Path(__file__).resolve().parents[1] / "tests"))
from pdf_random import made

from longdoc.chunkers.readers.pdf.places import Places
from longdoc.chunkers.readers.pdf.reading import read_pdf

Pages = dict[int, str]
_FURNITURE = "\x1f"  # what stands after it has no order: longdoc keeps it apart from the text
_AROUND = 300  # characters of the pages before and after: a sentence goes on over the edge
_ABOUT = """Right of all, for the truths of the manifest. White space, soft hyphens, leaders, the case of letters and
the brackets of a note's mark are ignored, but for `joined`. A phrase counts as found, too, where longdoc has it in
`furniture`, whose order is not asked. Most of the phrases were chosen because pypdf and pypdfium2 agree on them, which
favours those two. Those that longdoc does not find are listed below: no reader sees them (outside the crop box,
invisible, white on white, below an opaque bar), they go on over columns, cells or lines that the page sets apart, or
they are in another order than that of the page. "BBOOLLDD" and "Signed" first do stand on their pages. The distance is
Levenshtein's over the length of the longer text, white space as one blank; the mean over the generated PDFs. Rows of
tables: all cells of a row of the hand-made truth in one line, in order. Speed is in processor time, without recognising
anything, which pypdfium2 does not do either."""


@lru_cache(maxsize=1)
def _read(data: bytes) -> Document:
    return read_pdf(data, "x.pdf")


def _longdoc(data: bytes, wanted: Iterable[int]) -> Pages:
    document = _read(data)
    text, starts = document.page_content, [*document.metadata["pages"], len(document.page_content)]
    left_out: dict[int, list[str]] = defaultdict(list)
    for page, said in document.metadata.get("furniture", ()):
        left_out[page].append(said)
    pages = {}
    for page in wanted:
        if page < len(starts):
            around = text[max(0, starts[page - 1] - _AROUND) : starts[page] + _AROUND]
            pages[page] = "\n".join([around, _FURNITURE, *left_out[page]])
    return pages


def _pypdf(data: bytes, wanted: Iterable[int]) -> Pages:
    from pypdf import PdfReader

    pages = PdfReader(io.BytesIO(data)).pages
    return {page: pages[page - 1].extract_text() for page in wanted}


def _pdfium(data: bytes, wanted: Iterable[int]) -> Pages:
    import pypdfium2

    document = pypdfium2.PdfDocument(data)
    return {page: document[page - 1].get_textpage().get_text_range() for page in wanted}


def _pdfplumber(data: bytes, wanted: Iterable[int]) -> Pages:
    import pdfplumber

    with pdfplumber.open(io.BytesIO(data)) as document:
        return {page: document.pages[page - 1].extract_text() for page in wanted}


def _pdfminer(data: bytes, wanted: Iterable[int]) -> Pages:
    from pdfminer.high_level import extract_text

    numbers = sorted(page - 1 for page in wanted)  # one pass: pdfminer reads the list of pages anew for each call
    said = extract_text(io.BytesIO(data), page_numbers=numbers).split("\f")
    return {number + 1: text for number, text in zip(numbers, said, strict=False)}


READERS: dict[str, Callable[[bytes, Iterable[int]], Pages]] = {
    "longdoc": _longdoc,
    "pypdf": _pypdf,
    "pypdfium2": _pdfium,
    "pdfplumber": _pdfplumber,
    "pdfminer.six": _pdfminer,
}


def squeezed(text: str) -> str:
    """The text in small letters, without white space, leaders, soft hyphens and signs that stand for nothing known."""
    plain = unicodedata.normalize("NFKC", text)
    return re.sub(r"[\s\u00ad\ufffd]|(?!\x1f)[\x00-\x1f\x7f-\x9f]|(?:[.·]\s*){4,}", "", plain).casefold()


def _without_brackets(text: str) -> str:
    """The text with the marks of notes as they are printed."""
    return re.sub(r"\[(\w{1,3})\]", r"\1", text)


_missed: list[tuple[str, int, str]] = []
Tally = dict[tuple[str, str], list[bool]]


def judge(name: str, row: dict[str, Any], pages: Pages, tally: Tally) -> None:
    """Compare what a reader found on the pages of a file with the truths of its row."""
    for page, said in row.get("contains", ()):
        found = squeezed(pages.get(page, ""))
        wanted = squeezed(said)
        right = wanted in found or wanted.replace("-", "") in found.replace("-", "")
        right = right or _without_brackets(wanted) in _without_brackets(found)
        tally["phrases", name].append(right)
        if name == "longdoc" and not right:
            _missed.append((Path(row["file"]).name, page, said))
    for page, parts in row.get("order", ()):
        found, _, aside = (squeezed(text) for text in pages.get(page, "").partition(_FURNITURE))
        place, right = -1, True
        for part in map(squeezed, parts):
            if part in found or part not in aside:
                place = found.find(part, place + 1)
                right = right and place >= 0
        tally["order", name].append(right)
    for page, said in row.get("join", ()):
        tally["joined", name].append(" ".join(said.split()) in " ".join(pages.get(page, "").split()))
    for page, mark in row.get("superscripts", ()):
        tally["marks apart", name].append(
            re.search(rf"\[{mark}\]|\^{mark}|\s{mark}\s", pages.get(page, "")) is not None
        )
    for said in row.get("not_contains", ()):
        tally["not there", name].append(not any(squeezed(said) in squeezed(text) for text in pages.values()))
    for page, said in row.get("hidden", ()):
        tally["hidden left out", name].append(squeezed(said) not in squeezed(pages.get(page, "")))


def table_rows(path: Path) -> dict[int, list[list[str]]]:
    """The rows of the tables of a file by page, from ICDAR's structure: the text of each cell that has any."""
    rows: dict[int, list[list[str]]] = defaultdict(list)
    for table in ET.parse(path).getroot().iter("table"):
        for region in table.iter("region"):
            by_row: dict[int, list[tuple[int, str]]] = defaultdict(list)
            for cell in region.iter("cell"):
                if cell.get("end-row", cell.get("start-row")) == cell.get("start-row"):
                    by_row[int(cell.get("start-row", 0))].append(
                        (int(cell.get("start-col", 0)), cell.findtext("content") or "")
                    )
            page = int(region.get("page", 1))
            rows[page] += [[said for _, said in sorted(row) if said.strip()] for row in by_row.values() if len(row) > 1]
    return rows


def judge_tables(name: str, rows: dict[int, list[list[str]]], pages: Pages, tally: Tally) -> None:
    """Whether the cells of each row stand in one line."""
    for page, wanted in rows.items():
        lines = [squeezed(line) for line in pages.get(page, "").split("\n")]
        for row in wanted:
            pattern = re.compile(".*?".join(re.escape(squeezed(cell)) for cell in row))
            tally["rows of tables", name].append(any(pattern.search(line) for line in lines))


def real(folder: Path, tally: Tally) -> None:
    """Read the real files with each reader."""
    logging.disable(logging.CRITICAL)
    for row in json.loads(file_of("pdfs_manifest.json").read_text()):
        path = folder / "pdfs" / Path(row["file"]).name
        if path.suffix != ".pdf" or row.get("needs_ocr") or row.get("password"):
            continue
        data = path.read_bytes()
        keys = ("contains", "order", "join", "superscripts", "hidden")
        wanted = sorted(
            {page for key in keys for page, _ in row.get(key, ())} | ({1} if row.get("not_contains") else set())
        )
        truths = [one["file"] for one in row.get("truth_files", ()) if one["file"].endswith("-str.xml")]
        cells = table_rows(folder / "pdfs" / truths[0]) if truths else {}
        for name, reader in READERS.items():
            try:
                pages = reader(data, sorted({*wanted, *cells}))
            except Exception:  # noqa: BLE001  a peer's own error, on files broken on purpose
                pages = {}
            judge(name, row, pages, tally)
            judge_tables(name, cells, pages, tally)
        ours(row, data, tally)


def ours(row: dict[str, Any], data: bytes, tally: Tally) -> None:
    """What only longdoc tells: headings, labels, running lines, places."""
    try:
        document = _read(data)
    except ValueError:
        return
    told = document.metadata
    titles = {title for _, _, title in told.get("outline", ())}
    for said in row.get("headings", ()):
        tally["headings", "longdoc"].append(said in titles)
    for said in row.get("running", ()):
        tally["running lines", "longdoc"].append(any(said in text for _, text in told.get("furniture", ())))
    if row.get("page_labels"):
        tally["page labels", "longdoc"].append(told.get("page_labels") == row["page_labels"])
    places = Places(data, document)
    for page, said, box in row.get("boxes", ()):
        letters = r"\s*".join(map(re.escape, "".join(said.split())))
        found = re.compile(letters).search(document.page_content, told["pages"][page - 1])
        if found:
            rectangles = places.boxes(found.start(), found.end())
            tally["rectangles (IoU 0.95)", "longdoc"].append(
                bool(rectangles) and overlap(rectangles[0][1:], box) >= 0.95
            )


def overlap(one: tuple[float, ...], other: Iterable[float]) -> float:
    """The intersection of two boxes over their union."""
    left, bottom, right, top = other
    common = max(0, min(one[2], right) - max(one[0], left)) * max(0, min(one[3], top) - max(one[1], bottom))
    return common / ((one[2] - one[0]) * (one[3] - one[1]) + (right - left) * (top - bottom) - common)


def distances(seeds: int) -> dict[str, float]:
    """The mean distance of each reader's text from the truth of the generated PDFs."""
    sums: dict[str, float] = defaultdict(float)
    for seed in range(seeds):
        one = made(seed)
        count = one.data.count(b"/Type /Page ")
        for name, reader in READERS.items():
            if name == "longdoc":
                text = _read(one.data).page_content
            else:
                text = "\n".join(reader(one.data, range(1, count + 1)).values())
            sums[name] += Levenshtein.normalized_distance(" ".join(text.split()), one.text)
    return {name: total / seeds for name, total in sums.items()}


def speed(folder: Path, repeats: int) -> list[list[object]]:
    """Pages a second of processor time, the best of several runs, beside pypdfium2's plain text.

    Nothing is recognised, which pypdfium2 does not do either: two of the files have a picture for their cover.
    """
    rows: list[list[object]] = []
    for name in ("pdfs/pdfjs__freeculture.pdf", "BESTBUY_2017_10K.pdf", "MICROSOFT_2023_10K.pdf"):
        data = (folder / name).read_bytes()
        count = len(read_pdf(data, name, "never").metadata["pages"])
        best = {"longdoc": 1e9, "pypdfium2": 1e9}
        for _ in range(repeats):
            for reader in best:
                start = time.process_time()
                if reader == "longdoc":
                    read_pdf(data, name, "never")
                else:
                    _pdfium(data, range(1, count + 1))
                best[reader] = min(best[reader], time.process_time() - start)
        ratio = best["pypdfium2"] / best["longdoc"]
        rows.append([Path(name).name, count, *(f"{count / seconds:.0f}" for seconds in best.values()), f"{ratio:.2f}"])
    return rows


def unpacked(folder: Path) -> None:
    """Unpack the archives of PDFs."""
    for name in ("pdfs", "financebench_pdfs"):
        with archive(name) as members:
            members.extractall(folder, filter="data")


def main() -> None:
    """Measure and publish."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=100)
    parser.add_argument("--repeats", type=int, default=2)
    given = parser.parse_args()
    tally: Tally = defaultdict(list)
    with tempfile.TemporaryDirectory() as made_here:
        folder = Path(made_here)
        unpacked(folder)
        real(folder, tally)
        rates = speed(folder, given.repeats)
    kinds = list(dict.fromkeys(kind for kind, _ in tally))
    rows: list[list[object]] = []
    for kind in kinds:
        counts = [tally.get((kind, name), []) for name in READERS]
        rows.append([f"{kind} ({len(counts[0])})", *(sum(one) if one else "" for one in counts)])
    measured = distances(given.seeds)
    rows.append([f"distance, {given.seeds} generated", *(f"{measured[name]:.4f}" for name in READERS)])
    fast = markdown(["file", "pages", "longdoc, pages/s", "pypdfium2's plain text", "ratio"], rates)
    missed = markdown(["file", "page", "phrase that longdoc does not find"], [list(one) for one in _missed])
    publish("pdf", "PDF", f"{markdown(['', *READERS], rows)}\n\n{_ABOUT}\n\n{fast}\n\n{missed}")


if __name__ == "__main__":
    main()
