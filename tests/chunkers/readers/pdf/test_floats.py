"""Columns that nearly meet; tables across columns; a sentence that goes on below a table at the next page's head."""

from __future__ import annotations

import pytest
from pdf_files import Sheet, pdf, width

from longdoc.chunkers.readers.pdf.reading import read_pdf

LEFT = [
    "the outer wall had sunk by seventeen",
    "centimetres at its northern end.",
    "The council reads every report with care",
    "and answers within a week of the day on",
    "which it was sent by the harbour office.",
]
RIGHT = [
    "The ferry sails at dawn in the summer and",
    "an hour later from October on, unless the",
    "ice in the sound keeps it at the pier for",
    "the day, which happens once in ten years",
    "or so, as the log of the harbour says.",
]
ROWS = [
    ["Quay", "2021", "2022", "2023"],
    ["North", "41,200", "39,850", "44,310"],
    ["South", "18,400", "20,115", "19,760"],
]


def page(top: float, table: float) -> Sheet:
    """Two columns that begin at `top`, and the rows from `table` down, cells over the white between the columns."""
    sheet = Sheet().lines(60, top, LEFT, 10, 13).lines(318, top, RIGHT, 10, 13)
    for number, row in enumerate(ROWS):
        for column, cell in enumerate(row):
            sheet.text(60 if not column else 260 + 80 * column - width(cell, 10), table - 15 * number, cell, 10)
    return sheet


@pytest.mark.parametrize(("top", "table"), [(650, 720), (720, 620)])
def test_a_table_across_two_columns_is_whole(top: float, table: float) -> None:
    document = read_pdf(pdf([page(top, table)]), "x.pdf", "never")
    (found,) = document.metadata["tables"]
    said = document.page_content[found["start"] : found["end"]].strip()
    assert said == "\n".join("\t".join(row) for row in ROWS)
    words = " ".join(document.page_content.split())
    assert " ".join(LEFT[2:]) in words  # the first two go on from a page before
    assert " ".join(RIGHT) in words


def test_a_sentence_goes_on_below_the_table_at_the_head_of_the_next_page() -> None:
    first = (
        Sheet()
        .lines(60, 720, ["The board met in May."], 10)
        .lines(
            60,
            96,
            ["After the storm of October the engineers of the board came to the harbour and found that all of"],
            10,
        )
    )
    document = read_pdf(pdf([first, page(650, 720)]), "x.pdf", "never")
    text = document.page_content
    assert "found that all of the outer wall had sunk by seventeen centimetres at its northern end." in " ".join(
        text.split()
    )
    assert text.index("Quay\t2021") > text.index("northern end.")
    assert document.metadata["pages"][1] == text.index("the outer wall")


def test_columns_that_nearly_meet_are_read_one_after_the_other() -> None:
    sheet = Sheet()
    for number, (left, right) in enumerate(zip(LEFT * 2, RIGHT * 2, strict=True)):
        sheet.text(300 - width(left, 10), 700 - 12 * number, left, 10).text(312, 700 - 12 * number, right, 10)
    words = " ".join(read_pdf(pdf([sheet]), "x.pdf", "never").page_content.split())
    assert words == " ".join((*LEFT * 2, *RIGHT * 2))
