from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.documents import Document

from longdoc.pipelines.answers.tally import is_tally, places_of, tally_of
from longdoc.pipelines.units.find import units_of

TURNS = st.lists(
    st.tuples(st.sampled_from(["Ann Lee", "Tom Vane", "Zoe Roe"]), st.integers(0, 3)), min_size=3, max_size=10
).filter(lambda turns: len({who for who, _ in turns}) == 3)


def transcript(turns: list[tuple[str, int]]) -> str:
    said = (
        f"{who}: We met at noon. " + " ".join(["The salt came late, they told us."] * times) for who, times in turns
    )
    return "\n".join(one.rstrip() for one in said)


@given(TURNS)
def test_turns_and_words_are_counted_as_often_as_they_are_there(turns: list[tuple[str, int]]) -> None:
    turns = turns + turns  # who speaks once only may be no speaker
    units = units_of(transcript(turns))
    asked = {
        "How many turns does Tom have?": sum(who == "Tom Vane" for who, _ in turns),
        "How many turns are there?": len(turns),
        "In how many turns is the word salt mentioned?": sum(times > 0 for _, times in turns),
    }
    said = places_of('How often is the word "salt" said?', [Document(transcript(turns), metadata={"source": ""})])
    assert (0 if said is None else len(said.listing.items)) == sum(times for _, times in turns)
    assert said is None or {one.text for one in said.listing.items[:40]} == {"The salt came late, they told us."}
    for question, count in asked.items():
        tally = tally_of(question, units)
        assert (0 if tally is None else len(tally.listing.items)) == count, question


def test_who_speaks_most_is_told_with_how_often() -> None:
    tally = tally_of(
        "Who speaks the most?", units_of(transcript([("Ann Lee", 1), ("Tom Vane", 0)] * 3 + [("Ann Lee", 0)]))
    )
    assert tally is not None
    assert [one.text for one in tally.listing.items] == ["Ann Lee"]
    assert tally.remark == "Turns in the whole text: Ann Lee 4, Tom Vane 3."


def test_other_questions_are_not_counted_letter_by_letter() -> None:
    assert not is_tally("How many stores does the firm have?")
    assert not is_tally("Who has the most shares?")
    assert not is_tally("How often is the rent paid?")
    assert not is_tally("How many times did salt come?")


@pytest.mark.parametrize(
    ("question", "counted"),
    [
        ("How often is the filter used?", False),
        ("How often does the error occur?", False),
        ("How often is it mentioned?", False),
        ("How often is the pump used in the plant?", False),
        ("How often is the test repeated?", False),
        ('How often is "salt" used?', True),
        ("How often does the word salt appear?", True),
        ("How often is salt mentioned?", True),
        ("How often is Tom Vane named?", True),
        ("How many times is salt used in the text?", True),
        ("In how many sentences is salt used?", True),
    ],
)
def test_how_often_something_is_done_is_not_how_often_a_word_is_there(question: str, counted: bool) -> None:
    assert is_tally(question) is counted
