from __future__ import annotations

import json
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.documents import Document

from longdoc.chunkers.readers.html.reading import looks_like_html, read_html
from longdoc.errors import InputError

TAGS = [
    *(
        "p",
        "div",
        "h1",
        "h2",
        "h6",
        "ul",
        "ol",
        "li",
        "table",
        "tr",
        "td",
        "th",
        "br",
        "pre",
        "span",
        "b",
        "script",
    ),
    *("style", "nav", "title", "head", "body", "html", "svg", "a", "dl", "dt", "dd", "blockquote", "section"),
    *(
        "caption",
        "hr",
        "plaintext",
        "textarea",
        "select",
        "template",
        "noscript",
        "form",
        "font",
        "center",
        "x:y",
    ),
]
PIECES = [
    "word",
    " ",
    "\n",
    "\t",
    "\r\n",
    "&amp;",
    "&#0;",
    "&#xD800;",
    "é",
    "\u00a0",
    "\0",
    "\ufffe",
    "<!--c-->",
    "<",
]

markup = st.lists(
    st.one_of(
        st.sampled_from([f"<{tag}>" for tag in TAGS] + [f"</{tag}>" for tag in TAGS]),
        st.sampled_from(PIECES),
        st.text(max_size=8),
    ),
    max_size=60,
).map("".join)


def read(page: str) -> Document:
    return read_html(page.encode(), "x.html")


def text(page: str) -> str:
    return read(page).page_content


def titles(document: Document) -> list[tuple[int, str]]:
    found = []
    for start, level, title in document.metadata["outline"]:
        assert document.page_content[start : start + len(title)] == title
        found.append((level, title))
    return found


@given(markup)
def test_any_markup_gives_text_whose_outline_holds_or_says_that_there_is_none(page: str) -> None:
    try:
        document = read(page)
    except InputError as error:
        document = Document(page_content="", metadata={"said": str(error)})
    content, outline = document.page_content, document.metadata.get("outline", [])
    content.encode()
    json.dumps(document.metadata)
    assert bool(content.strip()) != ("said" in document.metadata)
    assert [start for start, _, _ in outline] == sorted({start for start, _, _ in outline})
    for start, level, title in outline:
        assert content[start : start + len(title)] == title
        assert title.strip(" ") == title != ""
        assert 1 <= level <= 6


@given(st.lists(st.text(st.characters(categories=["L", "N", "P"]), min_size=1), min_size=1))
def test_paragraphs_are_parted_by_blank_lines_and_nothing_else_changes(paragraphs: list[str]) -> None:
    escaped = [p.replace("&", "&amp;").replace("<", "&lt;") for p in paragraphs]
    assert text("".join(f"<p>{p}</p>\n" for p in escaped)) == "\n\n".join(paragraphs)


def test_a_page_keeps_its_blocks() -> None:
    page = """<!doctype html><html><head><title> A
        page </title><style>p {}</style></head><body><nav>Home</nav>
        <h1>Top <em>one</em></h1><p>First  <b>bold</b>,
        next.</p><div>Second&nbsp;&amp; last<br>line</div>
        <ul><li>a<li><p>b</p><ul><li>c</ul></ul>
        <table><caption>Sums</caption><tr><th></th><th>2023</th><th>2022</th></tr>
        <tr><td>Net<br>sales</td><td><p>1</p></td><td>2</td><td></td></tr></table>
        <pre>
  x = 1
    y</pre><script>no()</script><h2>End</h2></body></html>"""
    document = read(page)
    assert document.page_content == (
        "Top one\n\nFirst bold, next.\n\nSecond\u00a0& last\nline\n\n- a\n- b\n  - c\n\nSums\n\n"
        "\t2023\t2022\nNet sales\t1\t2\n\n  x = 1\n    y\n\nEnd"
    )
    assert titles(document) == [(1, "Top one"), (2, "End")]
    assert document.metadata["title"] == "A page"
    assert document.metadata["source"] == "x.html"
    assert document.metadata["format"] == "html"


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        ("a<script>b</script>c<style>d</style><template>e</template><noscript>f</noscript>", "ac"),
        ("<nav>menu</nav><p>a<footer>foot</footer>", "a\n\nfoot"),
        ("<div role=navigation><p>menu</div>b<p role=note>a<form role=search>find</form>", "b\n\na"),
        ("<ul><li label='(a)'>a<ul><li label='1.'>b</ul><li>c</ul>", "(a) a\n  1. b\n- c"),
        ("<svg><title>t</title><text>s</text></svg>a", "a"),
        ("a<!-- b -->c<?pi d?>e", "ace"),
        ("<p>a</p> b <p>c", "a\n\nb\n\nc"),
        ("a <b> b</b> <i>c </i> d", "a b c d"),
        ("a<br><br><br>b", "a\n\nb"),
        ("<pre>a\n\n  b</pre>c", "a\n\n  b\n\nc"),
        ("<pre>a\n\n</pre>b", "a\n\nb"),
        ("some text\0and more&#0;.", "some text\ufffdand more\ufffd."),
        ("<li></li><p>a", "a"),
        ("<ul><li><ul><li>a</ul></ul>", "  - a"),
        (
            "<p>a<ul><li></li><li><p>b</p></li><li><div>c</div><ul><li>d</ul>e</ul>f",
            "a\n\n- b\n- c\n  - d\ne\n\nf",
        ),
        ("<dl><dt>a<dd>b<dt>c<dd>d</dl>", "a\nb\nc\nd"),
        ("<table><tr><td>a<td><td>b<td></table>c", "a\t\tb\n\nc"),
        ("<body>a</body></html><p>b</p> tail", "a\n\nb\n\ntail"),
        ("<html><body>a</body></html><html><head><title>t</title></head><body>b</body></html>", "ab"),
        ("a &lt;b&gt; &eacute; &unknown; &#8220;", "a <b> é &unknown; “"),
        ("1 < 2 && 3 > 2", "1 < 2 && 3 > 2"),
    ],
)
def test_pieces(page: str, expected: str) -> None:
    assert text(page) == expected


def test_a_row_whose_cells_hold_blocks_lays_out_the_page() -> None:
    page = "<table><tr><td><h1>Title</h1><p>One.</p></td><td><ul><li>a</ul></td></tr></table>"
    document = read(page)
    assert document.page_content == "Title\n\nOne.\n\n- a"
    assert titles(document) == [(1, "Title")]


def test_a_heading_is_one_line_whatever_it_holds() -> None:
    document = read("<h1>1.<br>A <div>b</div><ul><li>c</ul></h1><h2>&nbsp;</h2><h3><a> d </a></h3>")
    assert titles(document) == [(1, "1. A b c"), (3, "d")]


def test_a_heading_in_a_list_item_starts_after_the_bullet() -> None:
    document = read("<ul><li><h2>Card</h2><p>text</ul>")
    assert document.page_content == "- Card\n\ntext"
    assert document.metadata["outline"] == [[2, 2, "Card"]]


@pytest.mark.parametrize(
    ("declaration", "encoding"),
    [
        ('<meta charset="windows-1251">', "cp1251"),
        ("<meta http-equiv=Content-Type content='text/html; charset=koi8-r'>", "koi8-r"),
        ('<?xml version="1.0" encoding="ISO-8859-5"?>', "iso8859-5"),
        ('<meta charset="iso-8859-1">', "utf-16"),
        ('<meta charset="utf-16">', "utf-8"),
        ("", "utf-8-sig"),
    ],
)
def test_the_charset_is_that_of_the_mark_then_of_the_page(declaration: str, encoding: str) -> None:
    page = f"{declaration}<p>Да"
    assert read_html(page.encode(encoding), "x.html").page_content == "Да"


@pytest.mark.parametrize("depth", [100, 1000])
def test_nested_blocks_are_read_to_the_last(depth: int) -> None:
    assert text("<div>x" * depth + "end") == "\n\n".join(["x"] * (depth - 1) + ["xend"])


def test_inline_tags_that_are_never_closed_cost_nothing() -> None:
    assert text("<p><font size=1>x</p>" * 50_000) == "\n\n".join(["x"] * 50_000)


@pytest.mark.parametrize("tag", ["<div>", "<ul><li>", "<table><tr><td>", "<blockquote>"])
def test_deeper_than_the_parser_goes_is_an_error_not_a_loss(tag: str) -> None:
    with pytest.raises(InputError, match=r"'x\.html' nests its elements more than 2000 deep"):
        read(f"{tag}x" * 50_000)


def test_large_pages_are_read_whole() -> None:
    assert len(text("<p>" + "x" * 5_000_000)) == 5_000_000
    assert text("<tr><td>a<td>b" * 50_000) == "\n".join(["a\tb"] * 50_000)
    assert len(text("<h1>" + "<h2>" * 900 + "word " * 200_000)) == 999_999
    assert text("<" * 300_000) == "<" * 300_000


@pytest.mark.parametrize("page", ["", "<p>", "<!-- -->", "<script>x</script>", "<title>t</title>", "<p>&nbsp;", "</p>"])
def test_a_page_without_text_is_refused(page: str) -> None:
    with pytest.raises(InputError, match=r"^'x.html' is an HTML page without text; "):
        read(page)


def test_entities_from_elsewhere_are_never_fetched() -> None:
    page = '<!DOCTYPE html [<!ENTITY x SYSTEM "file:///etc/hostname">]><p>a&x;b'
    assert "&x;" in text(page)


@pytest.mark.parametrize(
    ("data", "is_page"),
    [
        (b"<!DOCTYPE html><p>x", True),
        (b"\xef\xbb\xbf\n <html lang=en>", True),
        (b'<?xml version="1.0"?><!doctype HTML>', True),
        (b"<htmlx>", False),
        (b"text about <html>", False),
        (b"", False),
    ],
)
def test_a_page_is_known_by_its_opening(data: bytes, is_page: bool) -> None:
    assert looks_like_html(data) is is_page


def test_without_the_parser_the_error_names_the_extra() -> None:
    script = (
        "import sys; sys.modules['lxml'] = None\n"
        "from longdoc.chunkers.readers.html.reading import read_html\n"
        "from longdoc.errors import MissingExtraError\n"
        "try: read_html(b'<p>x', 'x.html')\n"
        "except MissingExtraError as error: print(error)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "reading HTML needs an optional dependency: pip install 'longdoc[html]'\n"
