from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pdf_files import Sheet, pdf

from longdoc.chunkers.readers.pdf.reading import read_pdf

WORDS = ["apples", "bears", "cats", "dogs", "eels", "foxes", "geese", "hares", "ibises", "jays"]


def body(sheet: Sheet, page: int) -> Sheet:
    """Lines that no other page has."""
    about = f"All about {WORDS[page % 10]} {'again ' * (page // 10)}"
    return sheet.lines(72, 690, [about + line for line in "abcdefghij"])


def told(sheets: Sequence[Sheet]) -> list[str]:
    """The furniture, in the order of the pages."""
    return [text for _, text in read_pdf(pdf(sheets), "x.pdf").metadata.get("furniture", [])]


@settings(max_examples=10)
@given(st.integers(3, 12), st.integers(0, 200))
def test_a_head_and_a_page_number_are_left_out_on_every_page(count: int, first: int) -> None:
    sheets = [body(Sheet().text(72, 750, "Annual report").text(300, 30, str(first + n)), n) for n in range(count)]
    assert told(sheets) == [text for n in range(count) for text in ("Annual report", str(first + n))]


def test_left_and_right_pages_have_their_own() -> None:
    sheets = [body(Sheet().text(72, 750, ("Left", "Right")[n % 2]), n) for n in range(6)]
    assert told(sheets) == ["Left", "Right"] * 3


def test_a_page_that_opens_a_chapter_may_lack_it() -> None:
    sheets = [body(Sheet() if n == 2 else Sheet().text(72, 750, "Report"), n) for n in range(5)]
    assert told(sheets) == ["Report"] * 4


def test_the_head_of_a_chapter_changes_with_it() -> None:
    sheets = [body(Sheet().text(72, 750, "One" if n < 4 else "Two"), n) for n in range(8)]
    assert told(sheets) == ["One"] * 4 + ["Two"] * 4


@pytest.mark.parametrize("form", ["Page {}", "- {} -", "{} / 6", "{} | Annual report", "F-{}"])
def test_a_number_that_counts_with_the_pages_is_left_out(form: str) -> None:
    sheets = [body(Sheet().text(280, 40, form.format(n)), n) for n in range(1, 7)]
    assert told(sheets) == [form.format(n) for n in range(1, 7)]


def test_two_lines_of_head_are_left_out_together() -> None:
    sheets = [body(Sheet().text(72, 765, "Annual report").text(72, 750, "of the mills"), n) for n in range(5)]
    assert told(sheets) == ["Annual report", "of the mills"] * 5


def test_a_line_under_the_head_that_comes_once_stays() -> None:
    sheets = [body(Sheet().text(72, 750, "Report").text(72, 735, f"On {WORDS[n]}"), n) for n in range(5)]
    assert told(sheets) == ["Report"] * 5


def test_a_first_line_that_comes_again_stands_in_the_text() -> None:
    sheets = [body(Sheet().text(72, 704, "The committee met."), n) for n in range(5)]
    assert told(sheets) == []


def test_numbers_at_the_edge_that_do_not_count_with_the_pages_stay() -> None:
    assert told([body(Sheet().text(72, 86, str(n * n + 3 * n + 11)), n) for n in range(5)]) == []


def test_pages_of_a_single_line_are_kept() -> None:
    assert read_pdf(pdf([Sheet().text(72, 760, "Report")] * 4), "x.pdf").page_content == "\n\n".join(["Report"] * 4)


def test_two_equal_pages_are_both_text() -> None:
    sheets = [Sheet().lines(72, 700, ["To whom it may concern:", "This is a letter of the mill", "at Leeds."])] * 2
    assert told(sheets) == []
