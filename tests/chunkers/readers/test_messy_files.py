"""Real documents of every kind that is read, and of some that are not, where the folder of them is at hand."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path

import pytest
import zstandard

from longdoc.chunkers.readers.registry import read
from longdoc.errors import InputError

DATA = Path(__file__).resolve().parents[4] / "shared" / "data" / "dev"

# For each file, phrases that its text holds in this order.
PHRASES = {
    "1342-h.htm": ["Chapter 1\n\nIt is a truth universally acknowledged,", "Chapter 61\n\nHappy for all her"],
    "BESTBUY_2017_10K.pdf": [
        "UNITED STATES",
        "summarizes the ownership status of our Domestic segment store locations",
    ],
    "BESTBUY_2019_10K.pdf": ["Consolidated Statements of Comprehensive Income\n\n$ in millions"],
    "COSTCO_2021_10K.pdf": ["COSTCO WHOLESALE CORPORATION", "BALANCE AT AUGUST 29, 2021"],
    "MGMRESORTS_2023Q2_10Q.pdf": ["\tFORM 10-Q\t\n\tI N D E X\t\n"],
    "MICROSOFT_2023_10K.pdf": ["MICROSOFT CORPORATION", "Refer to accompanying notes."],
    "NCT06147739_Prot_SAP_000.pdf": ["Anterior open bite may be defined as"],
    "NIKE_2021_10K.pdf": ["NIKE, INC.", "Mark G. Parker"],
    "REPAIR-2022-INV-001_multipage.pdf": ["Insured name\tGabriel Diaz\tYear\t2022", "GRAND TOTAL\t\t\t\t211,522"],
    "SPARSE-2024-INV-1234_borderless_table.pdf": [
        "Product Code\tLocation\tExpected",
        "SKU-4563\tD-22\t\t156\t\tCRITICAL",
    ],
    "equations.docx": ["For m=1,\n\nsin θ=mλ/a=", "2.2×10^(-4)rad"],
    "google-doc-document.pdf": ["Beautiful is better than ugly.", "Namespaces are one honking great idea"],
    "habibi.pdf": ["habibi", "حَبيبي"],
    "latin1_middlemarch_145-8.txt": ["Middlemarch, by George Eliot", "é"],
    "pdflatex-4-pages.pdf": ["Hello, here is some text without a meaning."],
    "pdflatex-outline.pdf": ["Contents", "1 Foo\n\nHello, here is some text"],
    "react_paper.pdf": ["SYNERGIZING REASONING AND ACTING", "Consider a general setup of an agent"],
    "test.docx": ["AutoGen: Enabling Next-Gen LLM", "\n\nAbstract\n\n", "314b0a30-5b04-470b-b9f7-eed2c2bec74a"],
    "test.epub": [
        "Chapter 1: Test Content\n\nThis is a test",
        "- A bullet point\n- Another",
        "a blockquote for testing.",
    ],
    "test.pdf": ["1 Introduction\n\nLarge language models (LLMs) are becoming", "2 Conversation programming."],
    "test_blog.html": ["Does Model and Inference Parameter Matter", "- gpt-4, the state of the art LLM that costs"],
    "test_wikipedia.html": ["Microsoft", "From Wikipedia, the free encyclopedia", "ISIN\tUS5949181045"],
    "what_is_haystack.html": ["Haystack is the open source Python framework by deepset"],
}
ERRORS = {
    "test.pptx": "is a PowerPoint presentation (.pptx); export it as a PDF",
    "test.xlsx": "is an Excel workbook (.xlsx); save each of its sheets as .csv",
}
HEADINGS = {
    "1342-h.htm": 63,
    "pdflatex-outline.pdf": 9,
    "react_paper.pdf": 20,
    "test.epub": 2,
    "test_blog.html": 5,
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("messy")
    for name in ("messy_files", "financebench_pdfs"):
        packed = DATA / f"{name}.tar.zst"
        if not packed.exists():
            pytest.skip("the folder of real documents, shared/data, is not here")
        with (
            packed.open("rb") as opened,
            zstandard.ZstdDecompressor().stream_reader(opened) as plain,
            tarfile.open(fileobj=plain, mode="r|") as members,
        ):
            members.extractall(target, filter="data")
    return target


@pytest.mark.slow
def test_every_file_is_expected(folder: Path) -> None:
    names = {path.name for path in folder.rglob("*") if path.is_file() and not path.name.startswith("expected__")}
    assert names == PHRASES.keys() | ERRORS.keys()


@pytest.mark.slow
@pytest.mark.parametrize("name", PHRASES)
def test_a_real_document_reads_as_it_should(folder: Path, name: str) -> None:
    document = read(next(folder.rglob(name)))
    text, metadata = document.page_content, document.metadata
    json.dumps(metadata)
    position = 0
    for phrase in PHRASES[name]:
        position = text.index(phrase, position)
    for start, _, title in metadata.get("outline", []):
        assert text[start : start + len(title)] == title
    if name in HEADINGS:
        assert len(metadata["outline"]) == HEADINGS[name]


@pytest.mark.slow
@pytest.mark.parametrize("name", ERRORS)
def test_a_format_that_is_not_read_is_named_with_the_remedy(folder: Path, name: str) -> None:
    path = next(folder.rglob(name))
    with pytest.raises(InputError) as caught:
        read(path)
    assert str(caught.value) == f"{str(path)!r} {ERRORS[name]}"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "header", "pages"),
    [("NIKE_2021_10K.pdf", "Table of Contents", 104), ("MICROSOFT_2023_10K.pdf", "Item 8", 40)],
)
def test_the_running_header_of_a_filing_is_furniture(folder: Path, name: str, header: str, pages: int) -> None:
    document = read(next(folder.rglob(name)))
    lines = [text for _, text in document.metadata["furniture"]]
    assert lines.count(header) >= pages
    numbers = [int(line) for line in lines if line.isdigit()]
    assert numbers == sorted(numbers)
