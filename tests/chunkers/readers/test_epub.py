from __future__ import annotations

import json
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st
from office_files import epub, epub_members, xhtml, zipped

from longdoc.chunkers.readers import archive
from longdoc.chunkers.readers.epub import read_epub
from longdoc.chunkers.readers.html.reading import read_html
from longdoc.errors import InputError

words = st.text("abc é\n", min_size=1, max_size=20).filter(lambda text: bool(text.strip()))
bodies = st.lists(st.builds("<{0}>{1}</{0}>".format, st.sampled_from(["p", "h1", "h2", "li"]), words), min_size=1).map(
    "".join
)


def refusal(members: Mapping[str, str | bytes]) -> str:
    with pytest.raises(InputError) as caught:
        read_epub(zipped(members), "x.epub")
    return str(caught.value)


@given(st.lists(bodies, min_size=1, max_size=4))
def test_a_book_is_its_chapters_as_pages_one_after_another(chapters: list[str]) -> None:
    document = read_epub(epub(*((f"c{n}.xhtml", body) for n, body in enumerate(chapters))), "x")
    pages = [read_html(xhtml(body).encode(), "x") for body in chapters]
    assert document.page_content == "\n\n".join(page.page_content for page in pages)
    outline = document.metadata.get("outline", [])
    titles = [(level, title) for page in pages for _, level, title in page.metadata.get("outline", [])]
    assert [(level, title) for _, level, title in outline] == titles
    for start, _, title in outline:
        assert document.page_content[start : start + len(title)] == title


def test_the_spine_gives_the_order_and_the_package_the_title() -> None:
    members = epub_members(("b.xhtml", "<h1>Two</h1><p>b"), ("a%20a.xhtml", "<h1>One</h1><p>a"), title=" A\n book ")
    members["OPS/a a.xhtml"] = members.pop("OPS/a%20a.xhtml")
    members["OPS/book.opf"] = str(members["OPS/book.opf"]).replace("i1", "i9").replace("i0", "i1").replace("i9", "i0")
    document = read_epub(zipped(members), "x.epub")
    assert document.page_content == "Two\n\nb\n\nOne\n\na"
    assert document.metadata == {
        "source": "x.epub",
        "format": "epub",
        "outline": [[0, 1, "Two"], [8, 1, "One"]],
        "title": "A book",
    }


def test_the_navigation_document_is_left_out() -> None:
    data = epub(("nav.xhtml", "<h1>Contents</h1><p>One"), ("a.xhtml", "<p>one"), properties="scripted nav")
    assert read_epub(data, "x").page_content == "one"


def test_a_chapter_that_the_spine_repeats_is_read_once() -> None:
    members = epub_members(("a.xhtml", "<p>one"), ("b.xhtml", "<p>two"))
    spine = '<itemref idref="i0"/>'
    members["OPS/book.opf"] = str(members["OPS/book.opf"]).replace(spine, spine * 1000)
    assert read_epub(zipped(members), "x").page_content == "one\n\ntwo"


def test_named_entities_and_closed_tags_of_xhtml_are_read() -> None:
    data = epub(("a.xhtml", '<p>a&nbsp;&mdash; <a id="x"/>b<br/>c</p><script src="s.js"/><p>d</p>'))
    assert read_epub(data, "x").page_content == "a\u00a0— b\nc\n\nd"


def test_a_chapter_in_another_encoding_is_read() -> None:
    members = epub_members(("a.xhtml", ""))
    members["OPS/a.xhtml"] = xhtml("<p>Łódź").replace("utf-8", "iso-8859-2").encode("iso-8859-2")
    assert read_epub(zipped(members), "x").page_content == "Łódź"


def test_scrambled_fonts_are_no_protection() -> None:
    encryption = (
        '<encryption xmlns="c" xmlns:e="http://www.w3.org/2001/04/xmlenc#"><e:EncryptedData>'
        '<e:EncryptionMethod Algorithm="{}"/></e:EncryptedData></encryption>'
    )
    members = epub_members(("a.xhtml", "<p>one"))
    members["META-INF/encryption.xml"] = encryption.format("http://www.idpf.org/2008/embedding")
    assert read_epub(zipped(members), "x").page_content == "one"
    members["META-INF/encryption.xml"] = encryption.format("http://www.w3.org/2001/04/xmlenc#aes256-cbc")
    assert refusal(members) == (
        "'x.epub' is protected by DRM and cannot be read; get a copy without it from the publisher"
    )


ENTITIES = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]>'


@pytest.mark.parametrize("name", ["META-INF/container.xml", "OPS/book.opf", "OPS/a.xhtml"])
def test_entities_of_its_own_are_refused(name: str) -> None:
    members = epub_members(("a.xhtml", "<p>one"))
    plain = str(members[name]).removeprefix('<?xml version="1.0" encoding="utf-8"?><!DOCTYPE html>')
    members[name] = ENTITIES + plain
    assert refusal(members) == (
        f"'x.epub' declares XML entities in its part {name!r}, which can unpack without end; save it without them"
    )


def test_an_entity_of_a_file_is_refused() -> None:
    members = epub_members(("a.xhtml", "<p>one"))
    members["OPS/book.opf"] = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><package>&a;</package>'
    assert "declares XML entities" in refusal(members)


def test_paths_out_of_the_book_lead_nowhere() -> None:
    for path in ("../../../../etc/passwd", "/etc/passwd", "file:///etc/passwd"):
        said = refusal(epub_members((path, "")) | {"OPS/unused": ""})
        assert said.startswith("'x.epub' is not an EPUB book, or a broken one: its part 'etc/passwd' is missing;")


def test_a_chapter_that_unpacks_to_too_much_is_refused() -> None:
    members = epub_members(("a.xhtml", ""))
    members["OPS/a.xhtml"] = bytes(archive.UNSUSPICIOUS_BYTES + 1)
    said = refusal(members)
    assert said.startswith("'x.epub' is refused, for its ")
    assert said.endswith("; save it in smaller files")


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("META-INF/container.xml", "<container/>", "its container.xml names no package document"),
        ("META-INF/container.xml", "<container>", "its part 'META-INF/container.xml' is not sound XML"),
        ("OPS/book.opf", "<package/>", "its package document lists no chapters"),
        ("OPS/book.opf", '<package><itemref idref="z"/></package>', "its package document has no item 'z'"),
    ],
)
def test_a_broken_book_is_refused(name: str, content: str, said: str) -> None:
    assert refusal(epub_members(("a.xhtml", "<p>one")) | {name: content}) == (
        f"'x.epub' is not an EPUB book, or a broken one: {said}; save or fetch it anew"
    )


def test_a_book_of_images_is_refused() -> None:
    said = refusal(epub_members(("a.xhtml", "<img src='1.png'/>"), ("b.xhtml", "")))
    assert said == "'x.epub' is an EPUB book without text; if its pages are images, run OCR on them first"


@given(st.binary(max_size=300), st.integers(0, 2000))
def test_a_damaged_book_gives_a_document_or_one_error(damage: bytes, where: int) -> None:
    data = epub(("a.xhtml", "<h1>One</h1><p>one"))
    where %= len(data)
    try:
        said = json.dumps(read_epub(data[:where] + damage + data[where + len(damage) :], "x.epub").metadata)
    except InputError as error:
        said = str(error)
    assert "x.epub" in said
