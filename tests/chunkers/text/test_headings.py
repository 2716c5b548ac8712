from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from longdoc.chunkers.text.headings import HeadingScanner, find_headings
from longdoc.chunkers.text.tape import Tape

LINES = [
    *(
        "# One",
        "## Two ##",
        "### Three #",
        "#no",
        "####### no",
        "# a#b",
        "    # code",
        "  # In",
        "Text.",
        "",
        "",
        "- item",
    ),
    *("```", "```sh", "````md", "````", "~~~", "~~~~", "~~~ x", "``` a`b", "<!-- # no -->", "<!--\n# no\n\n# no\n-->"),
    *("<pre>\n# no\n\n# no\n</pre>", "\n\nA title\n=======\n", "\n\nA title\n-------\n"),
]


def titles(text: str) -> list[str]:
    return [heading.title for heading in find_headings(text)]


def by_markdown_it(text: str) -> list[str]:
    tokens = MarkdownIt("commonmark").parse(text)
    return [inline.content for token, inline in pairwise(tokens) if token.type == "heading_open" and not token.level]


@given(st.lists(st.sampled_from(LINES), max_size=14))
def test_marked_headings_are_those_of_markdown_it(lines: list[str]) -> None:
    text = "\n".join(lines) + "\n"
    assert titles(text) == by_markdown_it(text)


@given(
    st.lists(st.sampled_from([*LINES, "---\ntitle: x\n# no\n---", "1 Intro", "2. Step"]), max_size=14),
    st.integers(1, 40),
)
def test_headings_hang_on_the_text_not_on_its_pieces(lines: list[str], size: int) -> None:
    text = "\n".join(lines) + "\n"
    scanner = HeadingScanner(Tape(text[at : at + size] for at in range(0, len(text), size)))
    scanner.scan(len(text))
    assert list(scanner.found) == list(find_headings(text))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("# Real\n\n````md\n```sh\n# no\n```\n# no\n````\n\n## Second\n", ["Real", "Second"]),
        ("~~~py\n# no\n~~~ruby\n# no\n~~~\n\n## Yes\n", ["Yes"]),
        ("---\ntitle: Harbour\n# note\n---\n\n# Yes\n", ["Yes"]),
        ("---\n# note first\nkey: 1\n...: 2\n---\n# Yes\n", ["Yes"]),
        ("+++\ntitle = 'x'\n# no\n+++\n# Yes\n", ["Yes"]),
        ("---\n\n# Yes\n\n---\n", ["Yes"]),
        ("# Box\n\nDo this:\n\n1. Switch off\n\n2. Remove\n\n3. Pull\n\nThe box is here.\n", ["Box"]),
        ("Do this:\n\n1. Switch off the power\n\n2. Remove the cover\n\nThe box is here.\n", []),
        ("3 eggs\n\nMix them.\n", []),
        ("2 Eggs\n\nMix them.\n", []),
        ("1 January 1901\n\nIt was cold.\n", []),
        ("1 May\n\nIt was warm.\n", []),
        ("12 Main Street\n\nA house.\n", []),
        ("DO NOT OPEN THE VALVE\n\nIt is hot.\n", []),
        ("THE BOARD CLOSED THE MILL.\n\nIt had run for long.\n", []),
        ("Section 5 of the Act applies to ships\n\nMore.\n", []),
        ("INTRODUCTION\n\nText.\n", ["INTRODUCTION"]),
        ("1 Introduction\n\nText.\n\n2 Methods\n\n2.1 Data\n\nText.\n", ["1 Introduction", "2 Methods", "2.1 Data"]),
        ("1. Definitions\n\nIn this text.\n\n2. Term\n\nIt ends.\n", ["1. Definitions", "2. Term"]),
        ("Chapter 1. Loomings.\n\nCall me Ishmael.\n", ["Chapter 1. Loomings."]),
        ("Foo\n***\nbar\n", []),
    ],
)
def test_what_is_a_heading(text: str, found: list[str]) -> None:
    assert titles(text) == found
