from __future__ import annotations

import io
import itertools
import json
import subprocess
import sys
import tarfile
from collections.abc import Sequence
from pathlib import Path

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.documents import Document
from pypdf import PdfWriter

from longdoc.chunkers.readers.pdf.reading import read_pdf
from longdoc.errors import InputError

DATA = Path(__file__).resolve().parents[5] / "shared" / "data" / "dev"


def raw_pdf(pages: Sequence[bytes]) -> bytes:
    """A PDF with a page for each content stream; the cross-reference table is sound."""
    kids = " ".join(f"{4 + 2 * n} 0 R" for n in range(len(pages)))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Count {len(pages)} /Kids [{kids}] >>".encode(),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
    ]
    for number, content in enumerate(pages):
        page = (
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] "
            f"/Resources << /Font << /F1 3 0 R >> >> /Contents {5 + 2 * number} 0 R >>"
        )
        objects += [page.encode(), b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content)]
    out, offsets = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, start=1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    trailer = b"trailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF" % (len(objects) + 1, len(out))
    return out + b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1) + table + trailer


def page(*lines: str) -> bytes:
    shown = [f"1 0 0 1 72 {720 - 20 * n} Tm ({line}) Tj" for n, line in enumerate(lines)]
    return f"BT /F1 12 Tf {' '.join(shown)} ET".encode("cp1252")


def with_bookmarks(data: bytes, bookmarks: list[tuple[str, int, int]]) -> bytes:
    """`data` with bookmarks of (title, page, level)."""
    writer = PdfWriter(clone_from=io.BytesIO(data))
    parents = {}
    for title, number, level in bookmarks:
        parents[level] = writer.add_outline_item(title=title, page_number=number, parent=parents.get(level - 1))
    return written(writer)


def written(writer: PdfWriter) -> bytes:
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def encrypted(data: bytes, password: str) -> bytes:
    writer = PdfWriter(clone_from=io.BytesIO(data))
    writer.encrypt(user_password=password, owner_password="owner", algorithm="AES-256")
    return written(writer)


def read(data: bytes) -> Document:
    return read_pdf(data, "x.pdf")


SMALL = raw_pdf([page("First page", "of two"), page("Second page")])


def test_pages_are_joined_and_each_start_is_told() -> None:
    document = read(SMALL)
    assert document.page_content == "First page\nof two\n\nSecond page"
    assert document.metadata == {"source": "x.pdf", "format": "pdf", "pages": [0, 19]}


@given(st.lists(st.text(st.sampled_from("abc xyz"), max_size=20).map(str.strip), min_size=1, max_size=6).filter(any))
def test_pages_tile_the_text(texts: list[str]) -> None:
    document = read(raw_pdf([page(text) for text in texts]))
    content, starts = document.page_content, document.metadata["pages"]
    assert starts == sorted(starts)
    ends = [*starts[1:], len(content)]
    assert [content[start:end].split() for start, end in zip(starts, ends, strict=True)] == [t.split() for t in texts]


def test_line_ends_are_in_place_where_the_coordinate_system_moves() -> None:
    lines = (
        b"q 1 0 0 1 72 700 cm BT /F1 12 Tf [(or if we fa) -13 (il)] TJ ET Q "
        b"q 1 0 0 1 72 680 cm BT /F1 12 Tf [(to pa) -13 (y royalties)] TJ ET Q"
    )
    assert read(raw_pdf([lines])).page_content == "or if we fail\nto pay royalties"


def test_cells_on_one_line_stay_on_it_where_each_ends_with_a_move() -> None:
    cells = [("Item", 72, 700), ("Price", 200, 700), ("Pen", 72, 680), ("2", 200, 680)]
    shown = " ".join(f"BT /F1 12 Tf 14 TL 1 0 0 1 {x} {y} Tm ({word}) Tj T* ET" for word, x, y in cells)
    assert read(raw_pdf([shown.encode()])).page_content == "Item\tPrice\nPen\t2"
    lines = b"BT /F1 12 Tf 14 TL 1 0 0 1 72 700 Tm (one) Tj T* (two) Tj T* T* ET BT (Three) Tj ET"
    assert read(raw_pdf([lines])).page_content.split("\n")[:2] == ["one", "two"]


def test_bookmarks_found_on_their_page_make_the_outline() -> None:
    pages = [
        page("1 Introduction", "Introduction to methods", "2. Methods and", "Materials"),
        page("A Proofs", "Proofsreading", "Chapter IV: Ends"),
    ]
    bookmarks = [
        ("Introduction", 0, 1),
        ("METHODS  and materials", 0, 1),
        ("Not there", 0, 2),
        ("proofs", 1, 2),
        ("Ends", 1, 1),
        ("Introduction", 1, 1),
    ]
    document = read(with_bookmarks(raw_pdf(pages), bookmarks))
    for start, _, title in document.metadata["outline"]:
        assert document.page_content[start : start + len(title)] == title
    assert [(level, title) for _, level, title in document.metadata["outline"]] == [
        (1, "1 Introduction"),
        (1, "2. Methods and\nMaterials"),
        (2, "A Proofs"),
        (1, "Chapter IV: Ends"),
    ]


def test_two_bookmarks_of_one_title_are_two_headings() -> None:
    data = with_bookmarks(raw_pdf([page("Notes", "some", "Notes", "more")]), [("Notes", 0, 1), ("Notes", 0, 1)])
    assert read(data).metadata["outline"] == [[0, 1, "Notes"], [11, 1, "Notes"]]


def test_levels_go_no_deeper_than_six() -> None:
    names = ["one", "two", "three", "four", "five", "six", "seven", "eight"]
    data = with_bookmarks(raw_pdf([page(*names)]), [(name, 0, level) for level, name in enumerate(names)])
    assert [level for _, level, _ in read(data).metadata["outline"]] == [1, 2, 3, 4, 5, 6, 6, 6]


def test_no_break_spaces_become_spaces() -> None:
    assert read(raw_pdf([page("a\xa0b")])).page_content == "a b"


def test_nul_and_lone_surrogates_do_not_reach_the_text() -> None:
    cmap = (
        b"/CIDInit /ProcSet findresource begin begincmap 1 begincodespacerange <00> <FF> endcodespacerange "
        b"3 beginbfchar <41> <0000> <42> <D800> <43> <D83DDE00> endbfchar endcmap end"
    )
    data = raw_pdf([page("xAyBzCw"), cmap])
    data = data.replace(b"/WinAnsiEncoding", b"/WinAnsiEncoding /ToUnicode 7 0 R")
    content = read(data).page_content.split("\n")[0]
    assert content == "x\ufffdy\ufffdz\U0001f600w"


@pytest.mark.parametrize("password", ["secret", "sécret"])
def test_an_encrypted_pdf_is_refused(password: str) -> None:
    with pytest.raises(InputError, match=r"^'x.pdf' is encrypted; remove the password and try again$"):
        read(encrypted(SMALL, password))


def test_a_pdf_encrypted_without_a_password_to_open_it_is_read() -> None:
    assert read(encrypted(SMALL, "")).page_content == read(SMALL).page_content


@pytest.mark.parametrize("pages", [[b""], [b"", b"0 0 m 9 9 l S"], [page("  ")]])
def test_a_pdf_without_text_and_pictures_of_any_is_refused(pages: list[bytes]) -> None:
    with pytest.raises(InputError, match=r"^'x.pdf' has neither text nor a picture of any"):
        read(raw_pdf(pages))


@pytest.mark.parametrize("data", [b"%PDF-1.7", b"%PDF-1.7\n%%EOF", SMALL[:200], SMALL[:15]])
def test_a_broken_pdf_is_refused(data: bytes) -> None:
    with pytest.raises(InputError, match=r"^'x.pdf' is a broken PDF; "):
        read(data)


def test_what_is_no_pdf_is_named() -> None:
    with pytest.raises(InputError, match=r"^'x.pdf' is not a PDF; give it the suffix of what it is"):
        read(b"just text")
    with pytest.raises(InputError, match=r"^'x.pdf' is a PNG image"):
        read(b"\x89PNG\r\n\x1a\n...")


@given(st.lists(st.tuples(st.integers(0, len(SMALL) - 1), st.integers(0, 255)), max_size=30), st.integers(0, 20))
def test_damage_gives_a_document_or_an_input_error(changes: list[tuple[int, int]], cut: int) -> None:
    data = bytearray(SMALL)
    for position, value in changes:
        data[position] = value
    try:
        document = read(bytes(data[: len(data) - cut]))
    except InputError:
        return
    json.dumps(document.metadata)
    document.page_content.encode()
    assert "\0" not in document.page_content


def test_a_page_that_cannot_be_read_costs_that_page(caplog: pytest.LogCaptureFixture) -> None:
    data = raw_pdf([page("First page"), page("Second page"), page("Third page")])
    torn = data.replace(b"6 0 obj\n<< /Type /Page /Parent", b"6 0 obj\n<< /Type /Pope /Porent", 1)
    document = read(torn)
    assert document.page_content == "First page\n\nThird page"
    assert document.metadata["pages"] == [0, 10, 12]
    (record,) = caplog.records
    assert record.getMessage().startswith("page 2 of 'x.pdf' cannot be read (")


def test_nothing_reaches_standard_error(tmp_path: Path) -> None:
    path = tmp_path / "x.pdf"
    path.write_bytes(SMALL.replace(b"startxref\n", b"startxref\n1"))
    script = (
        "import sys; from pathlib import Path; from longdoc.chunkers.readers.pdf.reading import read_pdf\n"
        "print(len(read_pdf(Path(sys.argv[1]).read_bytes(), 'x.pdf').page_content))"
    )
    done = subprocess.run([sys.executable, "-c", script, str(path)], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("30\n", "")


def test_without_the_parser_the_error_names_the_extra() -> None:
    script = (
        "import sys; sys.modules['pypdfium2'] = None\n"
        "from longdoc.chunkers.readers.pdf.reading import read_pdf\n"
        "from longdoc.errors import MissingExtraError\n"
        "try: read_pdf(b'%PDF-1.4', 'x.pdf')\n"
        "except MissingExtraError as error: print(error)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "reading PDF needs an optional dependency: pip install 'longdoc[pdf]'\n"


def from_data(archive: str, name: str) -> bytes:
    path = DATA / f"{archive}.tar.zst"
    if not path.exists():
        pytest.skip("the folder of real documents, shared/data, is not here")
    with (
        path.open("rb") as packed,
        zstandard.ZstdDecompressor().stream_reader(packed) as plain,
        tarfile.open(fileobj=plain, mode="r|") as members,
    ):
        for member in members:
            if Path(member.name).name == name and (body := members.extractfile(member)) is not None:
                return body.read()
    raise FileNotFoundError(name)


def words(text: str) -> list[str]:
    return sorted("".join(c if c.isalnum() else " " for c in text).split())


@pytest.mark.parametrize("name", ["REPAIR-2022-INV-001_multipage", "SPARSE-2024-INV-1234_borderless_table"])
def test_real_pages_hold_the_words_that_another_reader_finds(name: str) -> None:
    expected = from_data("messy_files", f"expected__{name}.md").decode()
    assert words(read(from_data("messy_files", f"{name}.pdf")).page_content) == words(expected)


def test_a_real_paper_has_its_words_whole() -> None:
    text = read(from_data("messy_files", "test.pdf")).page_content
    for word in ("programming", "flexibility", "potentially", "confirming its", "multi-agent conversations"):
        assert word in text


def test_a_real_paper_has_its_outline() -> None:
    document = read(from_data("messy_files", "pdflatex-outline.pdf"))
    names = [f"{n} {name}" for n, name in enumerate(["Foo", "Bar", "Baz"] * 3, start=1)]
    assert [title for _, _, title in document.metadata["outline"]] == names
    for start, _, title in document.metadata["outline"]:
        assert document.page_content[start : start + len(title)] == title


@pytest.mark.slow
def test_a_real_filing_has_whole_words_at_its_line_ends() -> None:
    document = read(from_data("financebench_pdfs", "BESTBUY_2017_10K.pdf"))
    assert len(document.metadata["pages"]) == 109
    assert all(a < b for a, b in itertools.pairwise(document.metadata["pages"]))
    assert "summarizes the ownership status of our Domestic segment store locations" in document.page_content
    assert "distribution centers, service centers and corporate\noffices" in document.page_content
