from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from longdoc.chunkers.text.span import Span
from longdoc.models.encoder.embedder import Embedder
from longdoc.pipelines.ask.checked import ReplyChecker
from longdoc.pipelines.ask.claims import Claim
from longdoc.pipelines.checks.alignment import verbatim
from longdoc.pipelines.checks.checker import Checker
from longdoc.pipelines.checks.evidence import Evidence
from longdoc.pipelines.checks.swaps import swapped
from longdoc.pipelines.summarizers.protocol import Passage

HARBOUR = (
    "The harbour was built in 1843 by the town council. Ships from the north brought timber and salt to it. "
    "In winter the ice closed the harbour for two months."
)
BREAKER = "The council paid for an ice breaker on 4 May 1901. Ann Miller was its first captain."
BREAD = "Bob Carter bakes the bread at six. “Salt is the soul of bread,” he says. The oven holds 40 loaves."
TEXT = "\n\n".join([HARBOUR, BREAKER, BREAD])


def passage(text: str) -> Passage:
    start = TEXT.index(text)
    return Passage(text, (Span(start, start + len(text), "town.md"),))


NUMBERED = [[passage(text)] for text in (HARBOUR, BREAKER, BREAD)]
CHECKER = ReplyChecker(Checker(Embedder()), NUMBERED)


def check(text: str, *cited: int) -> tuple[bool, str, tuple[str, ...]]:
    """Whether a claim is supported, the text of its places, and its problems."""
    sentence = CHECKER.check(Claim(text, cited))
    return sentence.supported, " … ".join(span.of(TEXT) for span in sentence.spans), sentence.problems


def test_a_claim_in_the_words_of_its_passage_has_its_very_place() -> None:
    assert check("The council paid for an ice breaker on 4 May 1901.", 2) == (
        True,
        "The council paid for an ice breaker on 4 May 1901.",
        (),
    )
    assert check("the  council paid for an ICE breaker", 2) == (True, "The council paid for an ice breaker", ())
    assert check('"Salt is the soul of bread," he says.', 3) == (True, "“Salt is the soul of bread,” he says.", ())


def test_a_paraphrase_is_aligned_to_the_sentence_it_rests_on() -> None:
    assert check("Each winter the harbour was closed for two months by ice.", 1) == (
        True,
        "In winter the ice closed the harbour for two months.",
        (),
    )


@pytest.mark.parametrize(
    ("claim", "problem"),
    [
        ("The harbour was built in 1844 by the town council.", "number 1844 is not in the source"),
        ("The council paid for an ice breaker on 5 May 1901.", "date 5 May 1901 is not in the source"),
        ("The harbour was built by Eve Stone.", "name Eve Stone is not in the source"),
        ('Bob says "flour is the soul of bread".', 'quotation "flour is the soul of bread" is not in the source'),
    ],
)
@pytest.mark.parametrize("cited", [(1,), (2,), (3,), (9,), ()])
def test_a_fact_that_is_nowhere_is_a_problem_whatever_is_cited(
    claim: str, problem: str, cited: tuple[int, ...]
) -> None:
    supported, _, problems = check(claim, *cited)
    assert not supported
    assert problems


def test_each_kind_of_fact_is_named() -> None:
    assert "number 1844 is not in the source" in check("The harbour was built in 1844 by the town council.", 1)[2]
    assert "name Eve Stone is not in the source" in check("The harbour was built by Eve Stone.", 1)[2]


@pytest.mark.parametrize("wrong", [(2,), (3,), (9,), (2, 9), ()])
def test_a_wrong_number_is_told_and_the_claim_aligned_anew(wrong: tuple[int, ...]) -> None:
    supported, place, problems = check("The harbour was built in 1843 by the town council.", *wrong)
    assert supported
    assert place == "The harbour was built in 1843 by the town council."
    assert problems == tuple(f"passage {number} was cited and does not bear it out" for number in wrong)


def test_a_right_number_beside_one_that_is_not_there() -> None:
    assert check("The harbour was built in 1843 by the town council.", 1, 9)[2] == (
        "passage 9 was cited and does not bear it out",
    )


def test_a_name_of_another_passage_does_not_pass_for_the_one_that_was_swapped() -> None:
    assert not check("Ann Miller bakes the bread at six.", 3)[0]
    assert not check("Ann Miller bakes the bread at six.")[0]
    assert not check("The ice breaker had Bob Carter for its first captain.", 2)[0]


@pytest.mark.parametrize(
    ("claim", "source", "problems"),
    [
        ("Ann Lee paid Bob Ray in May.", "Bob Ray paid Ann Lee in May.", 1),
        ("The ice breaker was bought in 1843 by the council.", "The ice breaker was bought in 1901 by the council.", 1),
        ("On 4 May 1901 the oven was lit.", "On 5 May 1901 the oven was lit.", 1),
        ("Bob Ray was paid by Ann Lee in May.", "Ann Lee paid Bob Ray in May.", 0),
        ("Ann Lee and Bob Ray were paid in May.", "Bob Ray and Ann Lee were paid in May.", 0),
        ("Ann Lee told Bob Ray the truth.", "She told Bob Ray, in front of Carl Orr, the truth.", 0),
        ("Mr Ray was paid in May.", "Bob Ray was paid in May.", 0),
        ("He may get up to 15 years, and then a longer term.", "He may get up to 10 years, and then a longer term.", 1),
        ("Any rights granted to Article here are limited.", "Any rights granted to Tenant here are limited.", 1),
        ("Paul Art Lee: there is no case which says so.", "Paul John Lee: there is no case which says so.", 1),
        ("However, all of them went home at noon.", "Still, all of them went home at noon.", 0),
        ("The rights of Tenant's heirs in it are limited.", "The rights of Tenant heirs in it are limited.", 0),
        ("Der Mann ging mit dem Hund in das Haus.", "Der Mann ging mit dem Hund in das Gebäude.", 0),
        ("It held 3 loaves.", "It held three loaves.", 0),
        ("Nothing of the kind.", "Ann Lee paid Bob Ray in May.", 0),
        ("", "", 0),
    ],
)
def test_a_fact_in_the_place_of_another(claim: str, source: str, problems: int) -> None:
    assert len(swapped(claim, source)) == problems


def test_facts_of_two_passages_may_stand_together_where_both_are_cited() -> None:
    claim = "The harbour was built in 1843 and the ice breaker was paid for by the council on 4 May 1901."
    assert check(claim, 1, 2)[0]


def test_what_nothing_is_like_has_no_place() -> None:
    assert check("Quantum computers factor large integers.", 1) == (False, "", ("no passage supports it",))


def test_a_claim_of_other_words_needs_the_same_meaning() -> None:
    assert check("The port was constructed by the municipality in 1843.", 1)[0]
    assert not check("The mayor sold the harbour.", 1)[0]
    assert not check("The harbour is made of gold.", 1)[0]


def test_what_the_documents_do_not_say_is_not_checked() -> None:
    supported, place, problems = check("The documents do not say who built the harbour.", 1)
    assert (supported, place, len(problems)) == (False, "", 1)


def test_no_passages_support_nothing() -> None:
    sentence = ReplyChecker(Checker(Embedder()), []).check(Claim("The harbour is old.", (1,)))
    assert not sentence.supported


@given(st.data())
def test_words_out_of_a_passage_are_found_at_their_place(data: st.DataObject) -> None:
    words = HARBOUR.split(" ")
    first = data.draw(st.integers(0, len(words) - 5))
    last = data.draw(st.integers(first + 5, len(words)))
    text = " ".join(words[first:last])
    changed = data.draw(st.sampled_from([text, text.upper(), text.replace(" ", "\n "), f"  {text} "]))
    span = verbatim(changed, Evidence([group[0] for group in NUMBERED]))
    assert span is not None
    assert span.of(TEXT) == text


def test_part_of_a_word_is_not_the_word() -> None:
    assert verbatim("hips from the north brought timber", Evidence([passage(HARBOUR)])) is None
    assert verbatim("Ships from the", Evidence([passage(HARBOUR)])) is None  # too short to be proof


@given(st.text(max_size=80), st.text(max_size=200))
def test_any_text_is_found_or_not_without_an_error(text: str, source: str) -> None:
    span = verbatim(text, Evidence([Passage(source, (Span(0, len(source), "s"),))]))
    assert span is None or (0 <= span.start < span.end <= len(source))
