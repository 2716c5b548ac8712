from __future__ import annotations

from collections.abc import Sequence

import pytest
from pdf_files import Sheet, pdf, width

from longdoc.chunkers.readers.pdf.reading import read_pdf
from longdoc.chunkers.text.tables import cells, tables_of

NUMBERS = [
    ("Product", "64,699", "72,732"),
    ("Service and other", "147,216", "125,538"),
    ("Total revenue", "211,915", "198,270"),
    ("Loss on sales", "(1,137)", "(98)"),
    ("Share of all", "11.2 %", "9.1 %"),
]


def right(sheet: Sheet, x: float, y: float, text: str) -> Sheet:
    """Show a text that ends at `x`."""
    return sheet.text(x - width(text, 11), y, text)


def statement(rows: Sequence[Sequence[str]], *, signs: bool = False) -> Sheet:
    sheet = Sheet().text(72, 720, "The mills report their income for the year in the table below.")
    sheet.text(72, 690, "(In millions)").text(350, 690, "Year ended June 30,")
    right(right(sheet, 370, 676, "2023"), 470, 676, "2022")
    for number, (label, *values) in enumerate(rows):
        y = 655 - 14 * number
        sheet.text(72, y, label)
        for x, value in zip((370, 470), values, strict=True):
            right(sheet, x, y, value)
            if signs and number == 0:
                sheet.text(x - 60, y, "$")
    return sheet.text(72, 500, "All of the numbers in the table were audited in May.")


@pytest.mark.parametrize("signs", [False, True])
def test_rows_are_lines_and_cells_are_parted_by_tabs(signs: bool) -> None:
    document = read_pdf(pdf([statement(NUMBERS, signs=signs)]), "x.pdf")
    (table,) = tables_of(document)
    text = document.page_content
    first = "Product\t$64,699\t$72,732" if signs else "Product\t64,699\t72,732"
    assert text[table["header_end"] : table["end"]].strip().split("\n") == [
        first,
        *("\t".join(row) for row in NUMBERS[1:]),
    ]
    assert table["header"] == ["", "Year ended June 30, 2023", "Year ended June 30, 2022"]
    assert table["note"] == "(In millions)"
    assert text[: table["start"]].strip().endswith("in the table below.")
    assert text[table["end"] :].strip().startswith("All of the numbers")


def test_each_cell_has_its_label_and_its_column() -> None:
    document = read_pdf(pdf([statement(NUMBERS)]), "x.pdf")
    (table,) = tables_of(document)
    rows = list(cells(document.page_content, table))
    assert [(cell.label, cell.column, cell.value) for cell in rows[2][1:]] == [
        ("Total revenue", "Year ended June 30, 2023", "211,915"),
        ("Total revenue", "Year ended June 30, 2022", "198,270"),
    ]


def test_a_label_of_two_lines_is_one() -> None:
    sheet = statement(
        [*NUMBERS[:2], ("Net cash that was provided", "", ""), ("by the mills", "12", "13"), *NUMBERS[2:]]
    )
    assert "Net cash that was provided by the mills\t12\t13\n" in read_pdf(pdf([sheet]), "x.pdf").page_content


def test_a_row_without_a_value_keeps_its_columns() -> None:
    sheet = statement([*NUMBERS[:2], ("Gifts", "", "17"), *NUMBERS[2:]])
    assert "\nGifts\t\t17\n" in read_pdf(pdf([sheet]), "x.pdf").page_content


def test_cells_of_words_stay_in_their_rows() -> None:
    sheet = Sheet()
    rows = [
        ("Name", "Place", "Trade"),
        ("Ann Lee", "Leeds", "Salt"),
        ("Bo Ray", "York", "Wool"),
        ("Cy Fox", "Hull", "Tea"),
    ]
    for number, row in enumerate(rows):
        for x, cell in zip((72, 200, 320), row, strict=True):
            sheet.text(x, 700 - 16 * number, cell, bold=not number)
    document = read_pdf(pdf([sheet]), "x.pdf")
    assert document.page_content == "\n".join("\t".join(row) for row in rows)
    (table,) = tables_of(document)
    assert table["header"] == ["Name", "Place", "Trade"]


def test_a_title_and_its_page_in_a_table_of_contents() -> None:
    sheet = Sheet()
    for number, (title, page) in enumerate([("The mills", "1"), ("The owners of them", "12"), ("Wages", "40")]):
        dots = "." * int((400 - width(title, 11)) / width(".", 11))
        sheet.text(72, 700 - 14 * number, f"{title} {dots} {page}")
    assert read_pdf(pdf([sheet]), "x.pdf").page_content.split("\n") == [
        "The mills\t1",
        "The owners of them\t12",
        "Wages\t40",
    ]


def test_an_accidental_gap_in_running_text_is_a_space() -> None:
    sheet = Sheet().lines(
        72, 700, ["The mill was sold in May to the owner of a quarry,", "who paid for it with salt and wool."]
    )
    sheet.text(72, 672, "It was").text(
        72 + width("It was", 11) + 14, 672, "a good price in that year, as all of them said."
    )
    assert read_pdf(pdf([sheet]), "x.pdf").page_content.endswith(
        "It was a good price in that year, as all of them said."
    )


def test_the_lines_of_a_heading_and_of_a_cell_in_the_middle_of_its_row_stand_together() -> None:
    sheet = Sheet()
    heads = [("State", ["State"]), ("a", ["Scores of all", "pupils counted"]), ("b", ["Exceptions", "granted"])]
    for x, (_, lines) in zip((72, 180, 320), heads, strict=True):
        sheet.lines(x, 700 if len(lines) > 1 else 688, lines, 10, 12)
    rows = [("Maine", "Yes", ["14"]), ("Ohio", "No", ["Nobody", "knew"]), ("Texas", "Yes", ["3"])]
    for number, (state, scores, granted) in enumerate(rows):
        y = 660 - 30 * number
        sheet.text(72, y, state, 10).text(180, y, scores, 10)
        sheet.lines(320, y + 6 * (len(granted) - 1), granted, 10, 12)
    document = read_pdf(pdf([sheet]), "x.pdf")
    assert document.page_content.split("\n") == [
        "State\tScores of all pupils counted\tExceptions granted",
        "Maine\tYes\t14",
        "Ohio\tNo\tNobody knew",
        "Texas\tYes\t3",
    ]
    (table,) = tables_of(document)
    assert table["header"] == ["State", "Scores of all pupils counted", "Exceptions granted"]


def test_a_heading_that_stands_over_two_columns_keeps_its_row() -> None:
    sheet = Sheet().text(230, 700, "Year that ended in", 10).text(72, 688, "Mill", 10)
    for x, year in ((220, "2023"), (300, "2022")):
        sheet.text(x, 688, year, 10)
    for number, row in enumerate([("North", "12", "13"), ("South", "9", "8"), ("West", "4", "5")]):
        for x, cell in zip((72, 220, 300), row, strict=True):
            sheet.text(x, 674 - 14 * number, cell, 10)
    lines = read_pdf(pdf([sheet]), "x.pdf").page_content.split("\n")
    assert lines[1:3] == ["Mill\t2023\t2022", "North\t12\t13"]


def test_a_label_at_the_middle_of_three_lines_is_theirs() -> None:
    sheet = Sheet()
    rows = [("Salt", "dug", ["in Leeds"]), ("Wool", "shorn", ["in York and", "in Hull and", "in Bath"])]
    for number, (name, how, where) in enumerate([*rows, ("Tea", "grown", ["far away"])]):
        y = 700 - 40 * number
        sheet.text(72, y, name, 10).text(180, y, how, 10).lines(320, y + 6 * (len(where) - 1), where, 10, 12)
    lines = read_pdf(pdf([sheet]), "x.pdf").page_content.split("\n")
    assert lines == ["Salt\tdug\tin Leeds", "Wool\tshorn\tin York and in Hull and in Bath", "Tea\tgrown\tfar away"]
