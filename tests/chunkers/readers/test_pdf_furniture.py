from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from longdoc.chunkers.readers.pdf.furniture import LEAST_PAGES, furniture

BREAK = "\n\f"
bodies = st.lists(st.text("abc \n", max_size=30), max_size=12)


def marked(pages: list[str], headings: list[int] | None = None) -> list[str]:
    starts = [sum(len(text) + len(BREAK) for text in pages[:n]) for n in range(len(pages))]
    whole = BREAK.join(pages)
    return [whole[start:end] for start, end in furniture(pages, starts, headings or [])]


def body(page: int) -> str:
    """Lines that no other page has."""
    return "\n".join(f"{chr(97 + page) * 4} {word}" for word in ("one", "two", "three", "four", "five", "six"))


@given(bodies)
def test_spans_are_whole_lines_in_order_and_apart(pages: list[str]) -> None:
    starts = [sum(len(text) + len(BREAK) for text in pages[:n]) for n in range(len(pages))]
    whole = BREAK.join(pages)
    spans = furniture(pages, starts)
    assert spans == sorted(spans)
    assert all(first[1] <= second[0] for first, second in itertools.pairwise(spans))
    for start, end in spans:
        line = whole[start:end]
        assert line == line.strip() != ""
        assert "\n" not in line
        assert not whole[:start].rpartition("\n")[2].strip()
        assert not whole[end:].partition("\n")[0].strip()
    if len(pages) < LEAST_PAGES:
        assert not spans


@given(st.integers(3, 12))
def test_a_header_and_a_page_number_are_marked_on_every_page(count: int) -> None:
    pages = [f"Annual  report\n\n{body(n)}\n {n + 7} \n" for n in range(count)]
    assert marked(pages) == [line for n in range(count) for line in ("Annual  report", str(n + 7))]


def test_two_pages_are_not_enough() -> None:
    assert marked([f"Report\n{body(n)}\n{n}" for n in range(2)]) == []


def test_left_and_right_pages_have_their_own() -> None:
    pages = [f"{('Left', 'Right')[n % 2]}\n{body(n)}" for n in range(6)]
    assert marked(pages) == ["Left", "Right"] * 3
    assert marked(pages[:5]) == ["Left", "Left", "Left"]


def test_a_page_that_opens_a_chapter_may_lack_it() -> None:
    pages = [body(n) if n == 2 else f"Report\n{body(n)}" for n in range(5)]
    assert marked(pages) == ["Report"] * 4


def test_digits_and_case_are_alike() -> None:
    pages = [f"{head} of 9\n{body(n)}" for n, head in enumerate(["Page 1", "PAGE 2", "page 13"])]
    assert marked(pages) == ["Page 1 of 9", "PAGE 2 of 9", "page 13 of 9"]


def test_several_lines_are_marked_up_to_one_that_does_not_repeat() -> None:
    pages = [f"A\nB\n{body(n)[:4]}\nC\n{body(n)}" for n in range(4)]
    assert marked(pages) == ["A", "B"] * 4


def test_figures_that_do_not_count_with_the_pages_are_text() -> None:
    assert marked([f"{body(n)}\n{number}" for n, number in enumerate([120, 7, 43, 9])]) == []
    assert marked([f"{body(n)}\n(1)" for n in range(4)]) == []
    assert marked([f"{body(n)}\n- {n + 1} -" for n in range(4)]) == ["- 1 -", "- 2 -", "- 3 -", "- 4 -"]
    assert marked([f"{body(n)}\n{n + 1} / 4" for n in range(4)]) == ["1 / 4", "2 / 4", "3 / 4", "4 / 4"]
    assert marked([f"{body(n)}\n12/05/2017" for n in range(4)]) == ["12/05/2017"] * 4


def test_a_line_in_the_middle_is_text_however_often_it_comes() -> None:
    assert marked([f"{body(n)}\nThe same\n{body(n + 10)}" for n in range(5)]) == []


def test_headings_are_kept() -> None:
    pages = [f"Chapter {n}\n{body(n)}" for n in range(3)]
    assert marked(pages) == ["Chapter 0", "Chapter 1", "Chapter 2"]
    starts = [sum(len(text) + len(BREAK) for text in pages[:n]) for n in range(3)]
    assert marked(pages, starts) == []


def test_no_pages_and_blank_pages_have_none() -> None:
    assert marked([]) == []
    assert marked(["", "\n", " "]) == []
