from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from longdoc.pipelines.checks.facts import (
    Told,
    dates,
    facts,
    missing_facts,
    names,
    quotations,
    refers,
    without_references,
)
from longdoc.pipelines.wording.numerals import quantities


@settings(deadline=None)
@given(st.text())
def test_a_text_bears_out_its_own_facts(text: str) -> None:
    assert missing_facts(text, text) == []


WORDS = ["Ann", "paid", "1,200", "45%", "in May 2020", '"the red house"', "Mr. Lee", "twenty-five", "the", "U.S.", ". "]


@settings(deadline=None)
@given(st.lists(st.sampled_from(WORDS)).map(" ".join), st.text())
def test_more_evidence_never_makes_a_fact_missing(claim: str, rest: str) -> None:
    assert missing_facts(claim, f"{claim}\n{rest}") == []


@settings(deadline=None)
@given(st.integers(2, 10**12), st.integers(2, 10**12))
def test_a_number_is_found_in_any_spelling_and_no_other_number_is(number: int, other: int) -> None:
    for spelled in (f"{number}", f"{number:,}", f"{number:,}".replace(",", " "), f"{number:,}".replace(",", "'")):
        assert missing_facts(f"They sold {number:,} of them.", f"In all {spelled} were sold.") == []
    if other != number:
        assert missing_facts(f"They sold {other:,} of them.", f"In all {number} were sold.") == [f"number {other:,}"]


@pytest.mark.parametrize(
    ("claim", "evidence"),
    [
        ("It grew by 45%.", "It grew by 45 percent."),
        ("It grew by 45 per cent.", "It grew 45 % a year."),
        ("It grew by 45%.", "growth of 45 to 50 percent"),
        ("It costs 1.2 million dollars.", "It costs $1,200,000."),
        ("It costs about 1.2 million.", "It costs 1,234,567."),
        ("It costs $1,200 million.", "(in millions) cost 1,200"),
        ("The twenty-five men ate.", "25 men ate."),
        ("The 305 men ate.", "Three hundred and five men ate."),
        ("Two men ate.", "Both men ate."),
        ("It was the 1990s.", "It was 1995."),
        ("It was the 19th century.", "the nineteenth century"),
        ("One of them ate.", "They ate."),
        ("On May 3, 1811 they met.", "They met on the 3rd of May, 1811."),
        ("On 2020-03-04 they met.", "They met on 4 March 2020."),
        ("On 04/03/2020 they met.", "They met on March 4, 2020."),
        ("They met in March 2020.", "They met on March 4, 2020."),
        ("They met on March 4, 2020.", "The year is 2020. They met on March 4."),
        ("He saw Anna's dog.", "Anna has a dog."),
        ("He saw Elizabeth Bennet.", "Miss Bennet, called Elizabeth, was there."),
        ("He saw J. Smith.", "John Smith was there."),
        ("He saw John Smith.", "J. Smith was there."),
        ("He went to the United States.", "He lives in the U.S. now."),
        ("He knew Americans.", "He came from America."),
        ("He read Bronte.", "He read Brontë."),
        ("He said “the old house”.", 'They saw "The  Old House."'),
        ("He said 'well-known to all'.", "it is well—known to\nall of us"),
        ('He said "I \'m here".', "and I'm here, said he"),
        ("He said “the ... house”.", "the old house"),
        ("彼は「古い家」と言った。", "古い家です"),
        ("It was written in 1919.", "It came out on April 15th, 1919."),
        ("Some 1.3 million came.", "Some 1·3 million came."),
        ("It weighs .5 kg.", "It weighs 0.5 kg."),
        ("They lost 5 million pounds.", "They lost 5 mil. pounds."),
        ("Almost 1/3 of them left.", "Of them almost 31% left."),
        ("He reigned from 2007 to 2011.", "He reigned ( 2007 -- 11 )."),
        ("On May 30 they met.", "they met on may 30"),
        ("The 2009 L'Aquila quake came.", "The quake of L'Aquila came in 2009."),
    ],
)
def test_what_the_evidence_has_in_another_form_is_not_missing(claim: str, evidence: str) -> None:
    assert facts(claim) or quantities(claim)
    assert missing_facts(claim, evidence) == []


@pytest.mark.parametrize(
    ("claim", "evidence", "missing"),
    [
        ("It grew by 46%.", "It grew by 45%.", "number 46%"),
        ("It costs 1.3 million.", "It costs 1,200,000 or 1.2 million.", "number 1.3 million"),
        ("Three men ate.", "Two men ate.", "number Three"),
        ("They met on May 4, 1811.", "They met on May 3, 1811.", "date May 4, 1811"),
        ("They met in June.", "They met in July.", "date June"),
        ("Then Harcourt left.", "Then Darcy left.", "name Harcourt"),
        ("Harcourt left.", "Darcy left.", "name Harcourt"),
        ("Then Mr. Harcourt rose.", "Mr. Darcy rose.", "name Harcourt"),
        ("They saw Ann Lee.", "They saw Ann.", "name Ann Lee"),
        ("He said “the new house”.", "the old house", 'quotation "the new house"'),
        ("He said 'art is all'.", "A party is all.", 'quotation "art is all"'),
        ("It was written in 1918.", "It came out on April 15th, 1919.", "number 1918"),
        ("It weighs .5 kg.", "It weighs 5 kg.", "number .5 kg"),
    ],
)
def test_what_the_evidence_does_not_have_is_named(claim: str, evidence: str, missing: str) -> None:
    assert missing_facts(claim, evidence) == [missing]


def test_a_lexical_check_does_not_see_who_paid_whom() -> None:
    assert missing_facts("Bob paid Ann.", "Ann paid Bob.") == []


def test_the_first_word_of_a_sentence_is_no_name_for_its_capital() -> None:
    assert names("Additionally, it rained. However, we left. Define the term. The walls fell.") == []
    assert [str(name) for name in names("Lindqvist fell. We saw NASA and iPhone there.")] == [
        "name Lindqvist", "name NASA", "name iPhone",
    ]  # fmt: skip


def test_initials_that_the_text_itself_spells_out_are_no_names_of_their_own() -> None:
    assert names("We treat autism spectrum disorders (ASD).") == []
    assert [str(name) for name in names("We treat autism spectrum disorders (AXD).")] == ["name AXD"]


def test_an_owner_is_a_name_beside_what_is_owned() -> None:
    assert [name.text for name in names("Then Hibernia's McGinn ran.")] == ["Hibernia", "McGinn"]


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("Cells die early [12, 14–16].", "Cells die early."),
        ("Cells die (Lee et al., 2011; Ray et al., ) early.", "Cells die early."),
        ("Cells die early (Lee and Ray, 2011a).", "Cells die early."),
        ("2. Cells die early.", "Cells die early."),
        ("Cells (of 12 mice) die in [a] dish (2011).", "Cells (of 12 mice) die in [a] dish (2011)."),
        ("[12]", "[12]"),
    ],
)
def test_marks_that_cite_works_are_told_from_what_is_said(text: str, left: str) -> None:
    assert without_references(text) == left


def test_german_nouns_are_no_names_but_runs_are() -> None:
    assert [name.text for name in names("Der Hund und die Katze sind mit Anna Weber in dem Haus.")] == ["Anna Weber"]


def test_a_number_in_a_date_is_part_of_the_date() -> None:
    assert [one.text for one in quantities("On May 3, 2020 they paid 40.")] == ["40"]
    assert [fact.text for fact in dates("On May 3, 2020 they may 4 march 5.")] == ["May 3, 2020"]


def test_apostrophes_open_no_quotation() -> None:
    assert quotations("The boys' dogs and the girls' cats don't mind. It's Ann's.") == []


def test_evidence_is_read_for_each_kind() -> None:
    evidence = Told("Ann paid 12 in May.")
    assert [evidence.bears_out(fact) for fact in facts("Then Ann paid 12 in May, and Bob 13.")] == [True, True, False]


def test_initials_are_spelled_out_by_words_whose_letters_come_in_order() -> None:
    assert [fact.text for fact in names("It is autism spectrum disorder (ASD), as they say.")] == []
    long = " ".join(["aaaaaaaaaaaa"] * 8)
    assert names(f"It is {long} (Aaaaaab), as they say.")  # at once


@pytest.mark.parametrize("text", ["A" * 200_000, "1,2,3," * 20_000, "-1\n-2\n" * 20_000, "x" + "\n" * 50_000])
def test_references_and_initials_are_looked_for_in_linear_time(text: str) -> None:
    assert not refers(text)
    assert names(text) == [] or text[0] == "A"
