"""The units of a text: exact spans in reading order, and what is read of them."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from longdoc.pipelines.units.definitions import term_of
from longdoc.pipelines.units.find import units_of
from longdoc.pipelines.units.hygiene import is_furniture, is_whole, readable
from longdoc.pipelines.units.paragraphs import numbers_of
from longdoc.pipelines.units.unit import Unit

SAID = """The rent is due on the first of each month.
Landlord: Ann Lee
TOTAL $821.14
- a bucket
2. Turn it

7
# Rent
Ann: We meet on Monday. Yes.
Ben: No.
of the premises and
| a | b |
Parts	1,200
the term means more. Then
```
  > quoted
Months  Rent  Total
Notice to:
3.1 Rent. It is high.
“Rent” means what is paid.
1 Introduction
---
x: y
$ 19,845.00
&amp; {disfmarker} he 's in ."""
LINES = st.sampled_from([*SAID.splitlines(), "\f"])
TEXTS = st.one_of(st.text(max_size=300), st.lists(LINES, max_size=14).map("\n".join))


def found(text: str) -> list[Unit]:
    return units_of(text, "a", 0)


def texts(text: str, *kinds: str) -> list[str]:
    return [unit.text for unit in found(text) if not kinds or unit.kind in kinds]


@given(TEXTS)
def test_spans_lie_in_the_text_in_reading_order_and_hold_what_is_read(text: str) -> None:
    for unit in found(text):
        assert unit.spans
        assert all(0 <= span.start < span.end <= len(text) and span.source == "a" for span in unit.spans)
        assert all(one.end <= other.start for one, other in pairwise(unit.spans))
        if "&" not in text:
            held = Counter(filter(str.isalnum, "".join(span.of(text) for span in unit.spans)))
            assert Counter(filter(str.isalnum, unit.text)) <= held + held  # a label may stand in its value, too


@given(TEXTS)
def test_no_character_is_in_two_units_but_lists_headers_and_speakers(text: str) -> None:
    own = [unit for unit in found(text) if unit.kind not in ("list", "heading")]
    last = 0
    for unit in own:
        assert unit.spans[-1].start >= last
        last = unit.spans[-1].end


@given(TEXTS, st.integers(1, 50))
def test_a_text_that_begins_elsewhere_has_the_same_units_there(text: str, start: int) -> None:
    moved = units_of(text, "a", start)
    assert [(unit.kind, unit.text, unit.start - start) for unit in moved] == [
        (unit.kind, unit.text, unit.start) for unit in found(text)
    ]


def test_labels_with_values() -> None:
    text = "Name: Ann Lee\nBorn: 3 May 1901\nOccupation: baker\n"
    assert texts(text) == ["Name: Ann Lee", "Born: 3 May 1901", "Occupation: baker"]
    assert [(unit.label, unit.value) for unit in found(text)][1] == ("Born", "3 May 1901")


def test_a_label_above_its_value() -> None:
    text = "Notices to:\nThe North Company\n12 High Street\nLeeds\n\nPermitted use: offices"
    assert texts(text) == ["Notices to: The North Company, 12 High Street, Leeds", "Permitted use: offices"]


def test_a_value_that_goes_on_in_the_next_line() -> None:
    text = "Premises: some thirty rooms that lie on the third floor of the north wing,\nand the cellar.\nUse: offices"
    assert texts(text)[0].endswith("north wing, and the cellar.")


def test_a_total_and_rows_with_the_names_of_their_columns() -> None:
    text = "Net sales by segment\n\n  2022 2021\nTools $ 1,204 $ 1,100\nTOTAL $821.14\n"
    assert texts(text, "row") == ["Tools: 2022 $1,204; 2021 $1,100", "TOTAL: $821.14"]


def test_sums_on_the_line_below_their_period() -> None:
    text = "Months\t  \tRent per month\t \t  \tTotal\n1 June 2014 to 31 May 2015\n\n\t$\t19,845.00\t \t$\t79,380.00\t\n"
    assert texts(text, "row")[-1] == "1 June 2014 to 31 May 2015: Rent per month $19,845.00; Total $79,380.00"


def test_a_list_with_its_introduction() -> None:
    text = "Inclusion criteria:\n1. Aged 13 to 18.\n2. Healthy.\n\nExclusion criteria:\n\n1. None.\n\n2. Any other.\n"
    assert texts(text, "list") == [
        "Inclusion criteria: 1. Aged 13 to 18.; 2. Healthy.",
        "Exclusion criteria: 1. None.; 2. Any other.",
    ]
    assert [unit.label for unit in found(text) if unit.kind == "item"] == ["Inclusion criteria"] * 2 + [
        "Exclusion criteria"
    ] * 2


def test_numbered_steps_are_no_headings() -> None:
    text = "# Fuse box\n\nTo replace a fuse do this:\n\n1. Switch off\n\n2. Pull the fuse\n\nIt is in the cellar.\n"
    assert texts(text, "item") == ["1. Switch off", "2. Pull the fuse"]
    assert texts(text, "heading") == ["Fuse box"]


def test_a_number_and_a_title_are_what_a_clause_stands_under() -> None:
    text = "4.1 Security Deposit. Upon execution hereof the tenant shall deposit $300 with the landlord.\n"
    [heading, clause] = found(text)
    assert (heading.kind, heading.text) == ("heading", "Security Deposit")
    assert "Security Deposit" in clause.headings
    assert clause.text.startswith("Upon execution")


def test_turns_carry_their_speaker() -> None:
    text = "".join(
        f"{name}: We {word} it . {{disfmarker}}\n" for name in ("Ann", "Ben", "Ann") for word in ("do", "see")
    )
    turns = found(text)
    assert {unit.kind for unit in turns} == {"turn"}
    assert turns[0].text == "Ann: We do it."
    assert [unit.label for unit in turns] == ["Ann", "Ann", "Ben", "Ben", "Ann", "Ann"]


def test_what_is_said_of_a_speaker_in_brackets_is_no_part_of_the_name() -> None:
    once = "Ms. Élise Roy (Leader of the House (Lower), Lib.): We will pay for it.\n"
    text = "Ann: We do it.\nBen: We see it.\n" * 4 + once + "Ann: So be it.\n"
    told = [(unit.label, unit.text) for unit in found(text)][-2:]
    assert told == [("Ms. Élise Roy", "Ms. Élise Roy: We will pay for it."), ("Ann", "Ann: So be it.")]
    assert found(text)[-2].spans[0].of(text) == "Ms. Élise Roy"


def test_a_clause_before_a_colon_is_no_speaker_of_a_transcript() -> None:
    text = "Ann: We do it.\nBen: We see it.\n" * 4 + "I have one question: who pays?\n"
    assert {unit.label for unit in found(text) if unit.kind == "turn"} == {"Ann", "Ben"}


def test_a_sentence_over_the_end_of_a_page_is_one() -> None:
    text = "The council decided to postpone the\n\n12\n\f\nvote until May. It then rose.\n"
    [first, second] = found(text)
    assert first.text == "The council decided to postpone the vote until May."
    assert len(first.spans) == 2
    assert second.text == "It then rose."


def test_front_matter_gives_labels_and_no_comments() -> None:
    assert texts("---\ntitle: On Fuses\n# a comment\n---\nText is here.\n") == ["title: On Fuses", "Text is here."]


def test_code_is_one_unit() -> None:
    text = "Run this:\n\n```\nx = 1\n\ny = 2\n```\n\nThen stop.\n"
    assert [unit.kind for unit in found(text)] == ["heading", "code", "sentence"]


@pytest.mark.parametrize("line", ["3", "- 12 -", "Page 3 of 10", "iv", "* * *", "Scope ........ 14", ""])
def test_what_is_of_the_page(line: str) -> None:
    assert is_furniture(line)


@pytest.mark.parametrize("line", ["3 ships", "Total $3", "I agree", "Part 2", "mix"])
def test_what_is_of_the_text(line: str) -> None:
    assert not is_furniture(line)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Uh {vocalsound} he 's  here , now .", "Uh he's here, now."),
        ("a &quot;b&quot; <br/> c", 'a "b" c'),
        ("see [the page](https://a.example/b) and **this**", "see the page and this"),
        ("call x_y_z and __init__()", "call x_y_z and __init__()"),
        ("- an item", "an item"),
        ("1 < 2 [sic] {x}", "1 < 2 [sic] {x}"),
    ],
)
def test_readable(text: str, said: str) -> None:
    assert readable(text) == said


@pytest.mark.parametrize(
    ("sentence", "term"),
    [
        ("“Rent” means all sums due.", "Rent"),
        ('The term "Building" shall mean the tower.', "Building"),
        ("Ann, the tenant (the “Tenant”), pays.", "Tenant"),
        ("Open bite may be defined as a gap.", "Open bite"),
        ("He means well.", ""),
        ("This refers to the clause above.", ""),
    ],
)
def test_terms(sentence: str, term: str) -> None:
    assert term_of(sentence) == term


def test_fragments() -> None:
    assert is_whole("The rent is due.")
    assert not is_whole("of Base Rent and Subtenant's")


def test_two_labels_and_two_values_of_a_line_are_two_pairs_where_a_column_mixes_words_and_numbers() -> None:
    form = (
        "Insured name\tInes Okafor\tYear\t2022\nClaim #\tSF-1008\tMake\tBarge\nTotal\t\t\t12\nClerk #\t7\tModel\tRB 9\n"
    )
    assert [unit.text for unit in units_of(form) if unit.kind == "label"] == [
        "Insured name: Ines Okafor",
        "Year: 2022",
        "Claim #: SF-1008",
        "Make: Barge",
        "Clerk #: 7",
        "Model: RB 9",
    ]
    table = "Name\tAge\tTown\tBoats\nAnn\t34\tRome\t12\nBen\t35\tOslo\t13\nCleo\tn/a\tBari\t7\n"
    assert not [unit for unit in units_of(table) if unit.kind == "label"]


def test_a_header_that_is_said_again_is_no_row() -> None:
    text = "| Ship | Crew |\n| --- | --- |\n| Aurora | 7 |\n| Ship | Crew |\n| Boreas | 9 |\n"
    assert [unit.text for unit in units_of(text)] == ["Aurora: Crew 7", "Boreas: Crew 9"]
    short = "| Passed (yes/no) | Final (yes/no) |\n| --- | --- |\n| yes | no |\n| no | no |\n"
    assert sum(unit.kind == "row" for unit in units_of(short)) == 2


def test_a_title_over_a_table_names_no_column_of_a_single_amount() -> None:
    said = [unit.text for unit in units_of("Estimate Totals\nParts\t\t\t2,100\n") if unit.kind == "row"]
    assert said == ["Parts: 2,100"]


def test_a_line_that_ends_within_a_date_is_no_row() -> None:
    text = "The office must hear of it by September 21,\n2020, at the latest.\n"
    assert [unit.kind for unit in units_of(text)] == ["sentence"]


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("(a) Comments Due Date\n\nThe office must hear of it by Monday.\n", ["heading", "sentence"]),
        ("Towards Safer Harbour Lamps: Grouping Ferries By Crew\n\nThe lamps are lit.\n", ["heading", "sentence"]),
        ("Prepared For The Board: Ines Okafor\n\nThe lamps are lit.\n", ["label", "sentence"]),
    ],
)
def test_titles_with_a_letter_or_a_colon(text: str, kinds: list[str]) -> None:
    assert [unit.kind for unit in units_of(text)] == kinds


def test_amounts_at_line_starts_are_no_numbers_of_paragraphs() -> None:
    text = "Fruit\n2 Bananas were sold.\n4 Apples were sold.\n8 Oranges were.\n12 Pears were.\n18 Plums were.\n"
    assert numbers_of(text) == {}
    assert len(numbers_of("1 This is one.\n2 At two.\n4 The four.\n8 The eight.\n9 The nine.\n10 I ten.\n")) == 6
