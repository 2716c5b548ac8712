from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from office_files import docx, epub

from longdoc.chunkers.readers.registry import SUFFIXES, read, read_bytes
from longdoc.errors import InputError

PDF = b"""%PDF-1.4
1 0 obj << /Type /Catalog /Pages 2 0 R >> endobj
2 0 obj << /Type /Pages /Count 1 /Kids [3 0 R] >> endobj
3 0 obj << /Type /Page /Parent 2 0 R /MediaBox [0 0 99 99] /Contents 4 0 R
/Resources << /Font << /F 5 0 R >> >> >> endobj
4 0 obj << /Length 36 >> stream
BT /F 9 Tf 9 9 Td (From a PDF) Tj ET
endstream endobj
5 0 obj << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> endobj
trailer << /Size 6 /Root 1 0 R >>
startxref
0
%%EOF"""


def zipped(*names: str, mimetype: str = "") -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        if mimetype:
            archive.writestr("mimetype", mimetype)
        for name in names:
            archive.writestr(name, "x")
    return out.getvalue()


READS = (
    "longdoc reads .txt .md .rst .csv .tsv .json .ipynb .xml .rss .atom .html .htm .pdf .docx .epub "
    "and other plain text"
)


def ole(stream: str) -> bytes:
    return b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504) + stream.encode("utf-16-le") + bytes(64)


prose = st.text(min_size=1).filter(lambda text: bool(text.strip()) and text[0] not in "\0\ufeff\x7f%{")


@given(
    prose,
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    st.sampled_from([".txt", ".md", ".rst", "", ".log"]),
)
def test_text_comes_back_exactly(text: str, encoding: str, suffix: str) -> None:
    assume(text.encode().count(0) * 20 <= len(text.encode()) and "\x1b$" not in text)
    assume(text[:2] not in ("PK", "II", "MM", "7z", "GI", "Ra", "SQ", "Og"))
    assert read_bytes(text.encode(encoding), "x", suffix).page_content == text


@given(st.binary(max_size=400), st.sampled_from([*SUFFIXES, "", ".pptx", ".PDF"]))
def test_any_bytes_give_a_document_with_text_or_an_input_error(data: bytes, suffix: str) -> None:
    try:
        document = read_bytes(data, "some\npath", suffix)
    except InputError as error:
        said = str(error)
    else:
        assert document.page_content.strip()
        json.dumps(document.metadata)
        said = "'some\\npath'"
    assert "'some\\npath'" in said
    assert "\n" not in said


@pytest.mark.parametrize(
    ("suffix", "name"),
    [
        (".txt", "text"),
        (".md", "markdown"),
        (".rst", "rst"),
        (".MD", "markdown"),
        ("", "text"),
        *((suffix, "text") for suffix in (".log", ".csv", ".tsv", ".json", ".ipynb", ".xml", ".rss")),
    ],
)
def test_plain_formats_keep_every_character(tmp_path: Path, suffix: str, name: str) -> None:
    path = tmp_path / f"x{suffix}"
    path.write_bytes("\ufeffa\r\nb\rc\n\n <p>\u2028é\n".encode())
    document = read(path)
    assert document.page_content == "a\r\nb\rc\n\n <p>\u2028é\n"
    assert document.metadata == {"source": str(path), "format": name}


@pytest.mark.parametrize("suffix", [".xml", ".rss"])
def test_xml_is_read_in_the_encoding_that_it_declares(suffix: str) -> None:
    text = '<?xml version="1.0" encoding="iso-8859-2"?><item>Łódź i Kraków</item>'
    assert read_bytes(text.encode("iso-8859-2"), "x", suffix).page_content == text


@pytest.mark.parametrize("suffix", [".html", ".htm", ".HTML"])
def test_html_is_parsed(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"x{suffix}"
    path.write_bytes(b"<title>T</title><h1>Head</h1><p>Body")
    document = read(str(path))
    assert document.page_content == "Head\n\nBody"
    assert document.metadata == {
        "source": str(path),
        "format": "html",
        "outline": [[0, 1, "Head"]],
        "title": "T",
    }


def test_pdf_is_parsed(tmp_path: Path) -> None:
    path = tmp_path / "x.pdf"
    path.write_bytes(PDF)
    document = read(path)
    assert document.page_content == "From a PDF"
    assert document.metadata == {"source": str(path), "format": "pdf", "pages": [0]}


def test_a_path_is_kept_as_it_was_given(tmp_path: Path) -> None:
    (tmp_path / "x.txt").write_text("text")
    given_path = os.path.join(str(tmp_path), ".", "x.txt")
    assert read(given_path).metadata["source"] == given_path


def test_a_line_of_five_megabytes_is_read(tmp_path: Path) -> None:
    path = tmp_path / "x.txt"
    path.write_bytes(b"x" * 5_000_000)
    assert len(read(path).page_content) == 5_000_000


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("empty.txt", b"", "is empty; give a file with text in it"),
        ("empty.pdf", b"", "is empty; give a file with text in it"),
        ("blank.md", b" \n\t\r\n", "holds nothing but white space; give a file with text in it"),
        ("mark.txt", b"\xef\xbb\xbf", "holds nothing but white space; give a file with text in it"),
        ("x.txt", PDF, "looks like a PDF; rename it to .pdf"),
        ("x.html", PDF, "looks like a PDF; rename it to .pdf"),
        ("x", PDF, "looks like a PDF; rename it to .pdf"),
        ("x.pdf", b"words", "is not a PDF; give it the suffix of what it is, such as .txt or .html"),
        ("x.docx", b"words", "is not a Word document; give it the suffix of what it is, such as .txt or .html"),
        ("x.epub", b"words", "is not an EPUB book; give it the suffix of what it is, such as .txt or .html"),
        ("x.docx", PDF, "looks like a PDF; rename it to .pdf"),
        ("x.txt", zipped("word/document.xml"), "looks like a Word document; rename it to .docx"),
        ("x.docx", zipped("META-INF/container.xml"), "looks like an EPUB book; rename it to .epub"),
        ("x.pptx", zipped("ppt/presentation.xml"), "is a PowerPoint presentation (.pptx); export it as a PDF"),
        ("x.docx", zipped("ppt/presentation.xml"), "is a PowerPoint presentation (.pptx); export it as a PDF"),
        ("x.xlsx", zipped("xl/workbook.xml"), "is an Excel workbook (.xlsx); save each of its sheets as .csv"),
        (
            "x.odt",
            zipped("content.xml", mimetype="application/vnd.oasis.opendocument.text"),
            "is an OpenDocument text (.odt); save it as .docx",
        ),
        ("x.zip", zipped("a.txt"), "is a ZIP archive; unpack it and give a file in it"),
        ("x.doc", ole("WordDocument"), "is an old Word document (.doc); save it as .docx"),
        ("x.xls", ole("Workbook"), "is an old Excel workbook (.xls); save each of its sheets as .csv"),
        (
            "x.msg",
            ole("__properties_version1.0"),
            "is an Outlook message (.msg); save the message as .txt or .html",
        ),
        (
            "x.docx",
            ole("EncryptedPackage"),
            "is an encrypted Microsoft Office file; remove its password and try again",
        ),
        (
            "x.ppt",
            ole(""),
            f"is an old Microsoft Office file (.doc, .xls, .ppt or .msg); save its text in another format ({READS})",
        ),
        (
            "x.xyz",
            bytes(range(256)) * 9,
            f"is binary data, not text; {READS}",
        ),
    ],
)
def test_files_without_text_are_refused_with_the_remedy(tmp_path: Path, name: str, data: bytes, said: str) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    with pytest.raises(InputError) as caught:
        read(path)
    assert str(caught.value) == f"{str(path)!r} {said}"


def test_what_is_no_file_is_refused_with_the_remedy(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    remedies = {
        str(tmp_path / "absent\n.txt"): "does not exist; check the path",
        str(tmp_path): "is a folder; give the path of a file in it",
        str(pipe): "is not a regular file; save what it gives to a file and read that",
        "/dev/zero": "is not a regular file; save what it gives to a file and read that",
        "a\0b": "is no path, for it holds a NUL character; check the path",
        "x" * 5000: "cannot be read (File name too long); check the path",
        str(loop): "cannot be read (Too many levels of symbolic links); check the path",
        str(pipe / "x.txt"): "cannot be read (Not a directory); check the path",
    }
    for path, said in remedies.items():
        with pytest.raises(InputError) as caught:
            read(path)
        assert str(caught.value) == f"{path!r} {said}"


def test_a_file_that_may_not_be_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.txt"
    path.write_text("text")
    path.chmod(0)
    if os.access(path, os.R_OK):
        pytest.skip("this user may read every file")
    with pytest.raises(InputError, match=r"may not be read; give yourself permission to read it$"):
        read(path)


@pytest.mark.parametrize(
    ("data", "text", "name"),
    [
        (b"a\r\nb", "a\r\nb", "text"),
        (docx("<w:p><w:r><w:t>From Word</w:t></w:r></w:p>"), "From Word", "docx"),
        (epub(("c.xhtml", "<p>From a book</p>")), "From a book", "epub"),
        (b"<!doctype html><p>a<p>b", "a\n\nb", "html"),
        (PDF, "From a PDF", "pdf"),
    ],
)
def test_standard_input_is_read_by_what_it_begins_with(data: bytes, text: str, name: str) -> None:
    script = (
        "import json; from longdoc.chunkers.readers.registry import read_stdin\n"
        "document = read_stdin(); print(json.dumps([document.page_content, document.metadata]))"
    )
    done = subprocess.run([sys.executable, "-c", script], input=data, capture_output=True, check=True)
    content, metadata = json.loads(done.stdout)
    assert content == text
    assert (metadata["source"], metadata["format"]) == ("-", name)
    assert done.stderr == b""


def test_the_parsers_are_loaded_only_when_needed() -> None:
    script = "import sys, longdoc.chunkers.readers.registry; print(sorted({'lxml', 'pypdf'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
