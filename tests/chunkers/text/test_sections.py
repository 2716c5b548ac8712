from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import sectioned, texts

from longdoc.chunkers.text.sections import find_headings, split_sections

outlines = st.lists(
    st.tuples(st.integers(-5, 300), st.integers(1, 9), texts.map(lambda t: t[:20])).map(list), max_size=8
)


def headings(text: str) -> list[tuple[int, str]]:
    return [(heading.level, heading.title) for heading in find_headings(text)]


@given(text=st.one_of(texts, sectioned), outline=st.none() | outlines)
def test_sections_tile_the_text(text: str, outline: list[list[int | str]] | None) -> None:
    sections = list(split_sections(text, outline))
    assert "".join(section.span.of(text) for section in sections) == text
    assert all(before.span.end == after.span.start for before, after in pairwise(sections))
    for section in sections:
        assert section.span.start <= section.body <= section.span.end
        assert section.span.start < section.span.end
        assert section.body == section.span.start or section.headings


@given(text=st.one_of(texts, sectioned))
def test_headings_are_in_order_and_show_their_title(text: str) -> None:
    found = list(find_headings(text))
    for before, after in pairwise(found):
        assert before.start < after.start
    for heading in found:
        assert 1 <= heading.level <= 6
        assert heading.title.split() == heading.title.strip().split()
        assert "".join(heading.title.split()) in "".join(text[heading.start : heading.end].split())


MARKUP = {
    "# One\n\n## Two ##\n\n###### Six": [(1, "One"), (2, "Two"), (6, "Six")],
    "#hash\n\n####### Seven": [],
    "Title\n=====\n\nPart\n----\n\nText": [(1, "Title"), (2, "Part")],
    "=====\nTitle\n=====\n\nPart\n====\n\nDeep\n~~~~\n": [(1, "Title"), (2, "Part"), (3, "Deep")],
    "== Wiki ==\ntext\n=== Deep ===\n": [(1, "Wiki"), (2, "Deep")],
    "\n1 Introduction\n\n1.2 Aims and scope\n\n1.2.3. Detail\n\n": [
        (1, "1 Introduction"),
        (2, "1.2 Aims and scope"),
        (3, "1.2.3. Detail"),
    ],
    "text\n\nCHAPTER IV\nThe cat sat.\n": [(2, "CHAPTER IV")],
    "BOOK ONE\n\nCHAPTER 1. Loomings\n\ntext": [(1, "BOOK ONE"), (2, "CHAPTER 1. Loomings")],
    "text\n\nLOUD LINE\n\ntext": [(3, "LOUD LINE")],
    "```\n# not one\n```\n\n# One\n": [(1, "One")],
    "~~~~\n# not one\n```\n# nor this\n~~~~\n# One\n": [(1, "One")],
    "# One\r\n\r\ntext\r\n\r\n## Two\r\n": [(1, "One"), (2, "Two")],
    "| a | b |\n|---|---|\n| 1 | 2 |\n": [],
    "- item\n------\n": [],
    "# One\n\nTwo\n---\n\nThree\n=====\n": [(1, "One"), (2, "Two"), (1, "Three")],
    "=====\nOne\n=====\n\nFour\n~~~~\n\n~~~\n# no\n~~~\n": [(1, "One"), (2, "Four")],
    "text\n\n1. A list item that is a sentence.\n\n": [],
    "text\n\nWHAT A DAY!\n\n": [],
    "x" * 500 + "\n====\n": [],
}


@pytest.mark.parametrize("text", MARKUP)
def test_markup(text: str) -> None:
    assert headings(text) == MARKUP[text]


def test_paths_go_down_and_come_back() -> None:
    text = "before\n\n# A\n\n## B\n\n#### C\n\n## D\n\n# E\n"
    assert [section.headings for section in split_sections(text)] == [
        (),
        ("A",),
        ("A", "B"),
        ("A", "B", "C"),
        ("A", "D"),
        ("E",),
    ]


def test_the_body_begins_after_the_lines_of_the_heading() -> None:
    text = "intro\n\nTitle\n=====\n\nText.\n\n## Two\nMore."
    assert [text[section.body : section.span.end] for section in split_sections(text)] == [
        "intro\n\n",
        "\nText.\n\n",
        "More.",
    ]


def test_an_outline_is_taken_before_what_the_text_shows() -> None:
    text = "One\nsome text\n# Two\nmore"
    sections = list(split_sections(text, [[14, 1, "# Two"], [0, 2, "One"], [0, 3, "again"], [99, 1, "outside"]]))
    assert [(section.span.of(text), section.headings) for section in sections] == [
        ("One\nsome text\n", ("One",)),
        ("# Two\nmore", ("# Two",)),
    ]
    assert [text[section.body :][:5] for section in sections] == ["\nsome", "\nmore"]


def test_an_outline_s_markup_is_no_part_of_the_body() -> None:
    text = "## Two ##\n\nmore"
    (section,) = split_sections(text, [[0, 1, "Two"]])
    assert text[section.body :] == "\nmore"


def test_a_heading_that_is_not_in_the_text_takes_nothing_from_it() -> None:
    (section,) = split_sections("from the middle", [[0, 1, "Title"]])
    assert (section.headings, section.body) == (("Title",), 0)


def test_headings_nest_32_deep_at_most() -> None:
    text = "h\n" * 100
    sections = list(split_sections(text, [[2 * at, at + 1, "h"] for at in range(100)]))
    assert [len(section.headings) for section in sections] == [*range(1, 33), *[32] * 68]


def test_a_long_line_is_looked_at_in_part() -> None:
    assert headings("# " + "x" * 1_000_000) == []
