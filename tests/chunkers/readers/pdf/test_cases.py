"""Small pages that PDF readers get wrong, each the smallest of its kind, with what a person reads on it."""

from __future__ import annotations

import pytest
from pdf_files import Sheet, pdf, width

from longdoc.chunkers.readers.pdf.reading import read_pdf
from longdoc.chunkers.text.sentences import split_sentences


def text(*sheets: Sheet, catalog: str = "") -> str:
    return read_pdf(pdf(sheets, catalog), "x.pdf").page_content


def flat(*sheets: Sheet) -> str:
    return " ".join(text(*sheets).split())


def raised(sheet: Sheet, x: float, y: float, said: str, size: float = 6, rise: float = 4) -> Sheet:
    return sheet.text(x, y, said, size, more=f"{rise} Ts")


LEFT = ["The north mill makes", "woollen cloth and sells", "it to Spain each year."]
RIGHT = ["The south mill makes", "paper and sends it by", "barge to the capital."]


def test_columns_drawn_row_by_row_are_read_one_after_the_other() -> None:
    sheet = Sheet()
    for number, (left, right) in enumerate(zip(LEFT, RIGHT, strict=True)):
        sheet.text(72, 700 - 14 * number, left).text(320, 700 - 14 * number, right)
    assert text(sheet) == "\n".join(LEFT) + "\n\n" + "\n".join(RIGHT)


def test_a_heading_over_two_columns_comes_first_and_a_line_under_them_last() -> None:
    sheet = Sheet().text(72, 740, "The mills of the county and of all the land that lies around it, in two parts", 14)
    sheet.lines(320, 700, RIGHT).lines(72, 700, LEFT)
    sheet.text(72, 600, "Both of the mills were sold in the same year to the owner of the quarry at York, and closed.")
    said = flat(sheet)
    order = ["The mills", "The north", "The south", "Both of"]
    assert [said.index(start) for start in order] == sorted(said.index(start) for start in order)


@pytest.mark.parametrize("heads", [True, False])
def test_a_sentence_goes_on_over_the_page(heads: bool) -> None:
    bodies = [
        ("The board met in March to weigh the merger with Borel.", "After a long debate the committee decided to"),
        ("postpone the vote until May, after the audit of the yard.", "The audit found two errors in the ledger."),
        ("Wages rose in the north and fell in the south.", "In June the owners agreed to"),
        ("sell the mill at Leeds and buy the quarry at York.", "No dividend was paid to holders of the old shares."),
    ]
    sheets = []
    for number, (first, last) in enumerate(bodies, start=1):
        sheet = Sheet().text(72, 700, first).text(72, 90, last)
        if heads:
            sheet.text(72, 760, "ANNUAL REPORT 2024").text(520, 760, str(number))
        sheets.append(sheet)
    document = read_pdf(pdf(sheets), "x.pdf")
    said = document.page_content
    sentences = [said[span.start : span.end] for span in split_sentences(said)]
    wanted = "After a long debate the committee decided to postpone the vote until May, after the audit of the yard."
    assert wanted in sentences
    assert "In June the owners agreed to sell the mill at Leeds and buy the quarry at York." in sentences
    assert "ANNUAL" not in said
    heads_told = [[n, f"ANNUAL REPORT 2024 {n}"] for n in range(1, 5)] if heads else None
    assert document.metadata.get("furniture") == heads_told
    starts = document.metadata["pages"]
    assert [said[start:].split()[0] for start in starts] == ["The", "postpone", "Wages", "sell"]


@pytest.mark.parametrize("pages", [1, 2])
def test_heads_of_one_or_two_pages_are_told_by_their_number(pages: int) -> None:
    sheets = [
        Sheet()
        .lines(72, 700, [f"The {word} year was good", "for all of the mills in", "the north of the county."])
        .text(72, 30, f"Report of the mills, page {n}" if pages == 2 else f"{n}")
        for n, word in enumerate(["first", "second"][:pages], start=1)
    ]
    document = read_pdf(pdf(sheets), "x.pdf")
    assert "page" not in document.page_content
    assert not any(map(str.isdigit, document.page_content))
    assert [page for page, _ in document.metadata["furniture"]] == list(range(1, pages + 1))


def test_body_text_that_recurs_is_no_furniture() -> None:
    same = ["The committee met and heard", "the report of the treasurer."]
    sheets = [Sheet().lines(72, 690, [*same, f"It was the {word} time."]) for word in ("first", "second", "third")]
    document = read_pdf(pdf(sheets), "x.pdf")
    assert document.page_content.count("heard\nthe report") == 3
    assert "furniture" not in document.metadata


def test_printed_page_labels() -> None:
    sheets = [Sheet().text(72, 700, f"The text of sheet {word}.") for word in ("one", "two", "three", "four")]
    labels = "/PageLabels << /Nums [0 << /S /r >> 2 << /S /D /St 1 >>] >>"
    document = read_pdf(pdf(sheets, labels), "x.pdf")
    assert document.metadata["page_labels"] == ["i", "ii", "1", "2"]
    assert len(document.metadata["pages"]) == 4
    assert "page_labels" not in read_pdf(pdf(sheets), "x.pdf").metadata


@pytest.mark.parametrize(
    ("first", "second", "whole"),
    [
        ("The deduction of travel expenses is per-", "mitted up to 40 percent.", "is permitted up to 40 percent."),
        ("The chair of the committee is a well-", "known friend of the mill.", "a well-known friend"),
        ("All of the workers were from Anglo-", "Saxon villages in the north.", "from Anglo-Saxon villages"),
        ("The plan for the years 2019-", "2024 was drawn up in haste.", "2019-2024"),
    ],
)
def test_words_at_line_ends(first: str, second: str, whole: str) -> None:
    assert whole in flat(Sheet().lines(72, 700, [first, second])).replace("- ", "-")


def test_a_compound_seen_elsewhere_keeps_its_hyphen() -> None:
    sheet = Sheet().lines(
        72, 700, ["The dust-proof lamp is in the mill.", "Another lamp there is also dust-", "proof."]
    )
    assert "also dust-proof." in flat(sheet)


@pytest.mark.parametrize("shift", [(0.3, 0.0), (0.0, 0.3), (0.6, 0.0)])
def test_fake_bold_is_read_once(shift: tuple[float, float]) -> None:
    sheet = Sheet().text(72, 700, "Total assets").text(72 + shift[0], 700 + shift[1], "Total assets")
    assert flat(sheet.text(160, 700, "1,234")) == "Total assets 1,234"


def test_fake_bold_letter_by_letter() -> None:
    sheet, x = Sheet(), 72.0
    for letter in "All bold":
        sheet.text(x, 700, letter).text(x + 0.4, 700, letter)
        x += width(letter, 11)
    assert flat(sheet) == "All bold"


def test_nul_and_private_letters_are_told() -> None:
    assert flat(Sheet().text(72, 700, "e\0ective o\ue123ce Ω")) == "e�ective o�ce Ω"


def test_ligatures_are_letters() -> None:
    assert flat(Sheet().text(72, 700, "eﬀective oﬃce ﬁnds ﬂags")) == "effective office finds flags"


@pytest.mark.parametrize(
    ("before", "mark", "after", "read"),
    [
        ("Spending was $320", "1", " million.", "Spending was $320[1] million."),
        ("Spending was $320", "1,2", " million.", "Spending was $320[1,2] million."),
        ("It took 10", "3", " days.", "It took 10^3 days."),
        ("It weighs 10", "-3", " grams.", "It weighs 10^-3 grams."),
        ("A field of 20 m", "2", " was sold.", "A field of 20 m^2 was sold."),
        ("So the report says.", "12", "", "So the report says.[12]"),
        ("The 2", "nd", " of May", "The 2nd of May"),
    ],
)
def test_raised_marks_are_apart(before: str, mark: str, after: str, read: str) -> None:
    x = 72 + width(before, 11)
    sheet = raised(Sheet().text(72, 700, before), x, 700, mark)
    if after:
        sheet.text(x + width(mark, 6), 700, after)
    assert flat(sheet) == read


def test_a_footnote_begins_with_its_mark() -> None:
    sheet = Sheet().lines(72, 700, ["The mill was sold in May to the owner of", "the quarry at York for a small sum."])
    raised(sheet, 72, 90, "1", 5, 3).text(76, 90, "Unaudited, and in euros.", 8)
    assert flat(sheet).endswith("[1] Unaudited, and in euros.")


PRICE, SHEKEL = "\u05d4\u05de\u05d7\u05d9\u05e8", "\u05e9\u05e7\u05dc"


def test_right_to_left_text_is_in_logical_order() -> None:
    visual = f"{SHEKEL[::-1]} 42 {PRICE[::-1]}"
    assert flat(Sheet().text(72, 700, visual)) == f"{PRICE} 42 {SHEKEL}"


def test_right_to_left_text_drawn_word_by_word() -> None:
    sheet = Sheet().text(132, 700, PRICE[::-1]).text(110, 700, "42").text(80, 700, SHEKEL[::-1])
    assert flat(sheet) == f"{PRICE} 42 {SHEKEL}"


def test_latin_words_in_right_to_left_text_stay_as_they_are() -> None:
    visual = f"{SHEKEL[::-1]} big price {PRICE[::-1]}"
    assert flat(Sheet().text(72, 700, visual)) == f"{PRICE} big price {SHEKEL}"


def test_right_to_left_columns_begin_on_the_right() -> None:
    word, other = "\u05d0\u05d1\u05d2\u05d3 " * 4, "\u05d4\u05d5\u05d6\u05d7 " * 4
    sheet = Sheet()
    for number in range(4):
        sheet.text(72, 700 - 14 * number, word.strip()[::-1]).text(320, 700 - 14 * number, other.strip()[::-1])
    said = flat(sheet)
    assert said.index("\u05d4\u05d5") < said.index("\u05d0\u05d1")


@pytest.mark.parametrize("by", ["word", "glyph"])
def test_what_is_placed_piece_by_piece_stays_in_its_lines(by: str) -> None:
    lines = ["Every word of this page is placed by itself,", "as browsers print it, and yet it is a paragraph."]
    sheet = Sheet()
    for number, line in enumerate(lines):
        x = 72.0
        for piece in line.split() if by == "word" else list(line):
            if piece != " ":
                sheet.text(x, 700 - 14 * number, piece)
            x += width(piece, 11) + (width(" ", 11) if by == "word" else 0)
    assert text(sheet) == "\n".join(lines)


@pytest.mark.parametrize("degrees", [0, 90, 180, 270])
def test_turned_pages_are_read_upright(degrees: int) -> None:
    lines = ["This page is turned, and the text", "on it stands upright all the same."]
    moves = {0: "1 0 0 1 0 0", 90: "0 1 -1 0 612 0", 180: "-1 0 0 -1 612 792", 270: "0 -1 1 0 0 792"}
    inner = Sheet().lines(72, 500, lines)
    inner.shown = [f"q {moves[degrees]} cm".encode(), *inner.shown, b"Q"]
    inner.turned = degrees
    assert text(inner) == "\n".join(lines)


def test_text_in_the_margin_that_runs_upwards_is_apart() -> None:
    sheet = Sheet().lines(72, 700, ["The text of the page runs as text does,", "from the left to the right, and down."])
    sheet.shown.append(b"BT /F1 9 Tf 0 1 -1 0 40 300 Tm (Printed in Leeds) Tj ET")
    assert text(sheet).split("\n\n") == [
        "The text of the page runs as text does,\nfrom the left to the right, and down.",
        "Printed in Leeds",
    ]


@pytest.mark.parametrize("hiding", ["3 Tr", "1 1 1 rg"])
def test_what_nobody_sees_is_left_out(hiding: str) -> None:
    sheet = Sheet().text(72, 700, "The fee is 40 pounds.").text(72, 680, "The fee is 50 pounds.", more=hiding)
    assert flat(sheet) == "The fee is 40 pounds."


def test_white_text_on_a_dark_ground_is_seen() -> None:
    sheet = Sheet(shown=[b"0 0 0.4 rg 60 690 300 30 re f"])
    sheet.text(72, 700, "Prices of the year", more="1 1 1 rg").text(72, 660, "Salt is dear.", more="0 g")
    assert flat(sheet) == "Prices of the year Salt is dear."


@pytest.mark.parametrize(
    ("cover", "shown"),
    [
        ("0 g 60 690 300 30 re f", False),  # what was blacked out
        ("1 g 60 690 300 30 re f", False),
        ("0 G 60 690 300 30 re S", True),  # a frame
        ("0 g 60 696 300 1 re f", True),  # struck through
        ("q 60 690 2 30 re W n 0 g 60 690 300 30 re f Q", True),  # cut off
        ("0 g 60 690 m 360 690 l 210 720 l 210 700 l 200 700 l 190 710 l f", True),  # of any shape
    ],
)
def test_what_is_covered_is_left_out(cover: str, shown: bool) -> None:
    sheet = Sheet().text(72, 700, "The old secret").lines(72, 660, LEFT)
    sheet.shown.append(cover.encode())
    sheet.text(72, 600, "All mills were sold.")
    assert ("secret" in text(sheet)) is shown
    below = Sheet(shown=[cover.encode()]).text(72, 700, "The old secret")
    assert "secret" in text(below)


def test_text_off_the_page_is_left_out() -> None:
    assert flat(Sheet().text(72, 700, "On the page.").text(700, 700, "Off the page.")) == "On the page."


def test_headings_are_told_by_size_and_weight() -> None:
    sheet = Sheet().text(72, 740, "The mills of the north", 18)
    sheet.lines(72, 700, ["There were four mills in the north of the county,", "and all of them were sold."])
    sheet.text(72, 650, "Their owners", bold=True)
    sheet.lines(72, 630, ["The owners were all of one family, which came", "from Leeds in the year of the flood."])
    document = read_pdf(pdf([sheet]), "x.pdf")
    assert [(level, title) for _, level, title in document.metadata["outline"]] == [
        (1, "The mills of the north"),
        (2, "Their owners"),
    ]
    for start, _, title in document.metadata["outline"]:
        assert document.page_content[start : start + len(title)] == title


def test_list_items_and_captions_are_lines_of_their_own() -> None:
    sheet = Sheet().text(72, 700, "Bring these things to the mill:")
    for number, item in enumerate(["a lamp and oil for it", "two sacks of good salt"]):
        sheet.text(72, 686 - 14 * number, "•").text(84, 686 - 14 * number, item)
    sheet.text(72, 640, "Figure 1. The mill at Leeds.")
    assert text(sheet).split("\n\n") == [
        "Bring these things to the mill:",
        "• a lamp and oil for it",
        "• two sacks of good salt",
        "Figure 1. The mill at Leeds.",
    ]


def test_line_numbers_in_the_margin_are_no_text() -> None:
    sheet = Sheet()
    lines = [f"the witness said so, and {word} times more" for word in ("one", "two", "three", "six")] * 6
    for number, line in enumerate(lines, start=1):
        sheet.text(72, 720 - 20 * number, str(number)).text(108, 720 - 20 * number, line)
    assert not any(map(str.isdigit, text(sheet)))


def test_a_line_that_nearly_reaches_the_next_column_is_parted_from_it() -> None:
    sheet, left = Sheet(), ["the left side of the page goes on and", "on with words that tell nothing new"]
    long = "and this is as long as its column's edge"
    for number in range(12):
        said = long if number in (4, 9) else left[number % 2]
        sheet.text(72, 700 - 12 * number, said, 10)
        edge = 72 + width(long, 10) + 6.5
        sheet.text(edge, 700 - 12 * number, f"of the right side number{number} goes to", 10)
    text = read_pdf(pdf([sheet]), "x.pdf").page_content
    assert "number" not in text[: text.rindex("new") + 3]
    assert text.count(long) == 2


@pytest.mark.parametrize("amount", ["44,538", "1,906", "17.5"])
def test_a_sign_printed_over_an_amount_leaves_it_whole(amount: str) -> None:
    sheet = Sheet().text(72, 700, "Revenue of the year", 10).text(300, 700, amount, 10)
    sheet.text(300 + width(amount[:-1], 10) - 3, 700, "$", 10).text(400, 700, "37,403", 10)
    assert flat(sheet).replace("$ ", "$") == f"Revenue of the year {amount} $37,403"


@pytest.mark.parametrize("apart", [1.2, 2.0, 3.0])
def test_letters_set_apart_are_words_where_each_last_letter_is_shown_by_itself(apart: float) -> None:
    said, sheet, x = "The keeper of the light has seven lamps", Sheet(), 72.0
    for word in said.split():
        for shown in (word[:-1], word[-1] + " "):
            sheet.text(x, 700, shown, more=f"{apart} Tc")
            x += width(shown, 11) + apart * len(shown)
    assert flat(sheet) == said
