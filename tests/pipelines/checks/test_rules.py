"""The check's laws, what each kind of problem is called, and what is done with a sentence that does not hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from longdoc.chunkers.text.sentences import split_sentences
from longdoc.chunkers.text.span import Span
from longdoc.errors import UnknownNameError
from longdoc.pipelines.checks.alignment import Match, asks
from longdoc.pipelines.checks.checker import Checker
from longdoc.pipelines.checks.entailment import Voice, heard, together
from longdoc.pipelines.checks.evidence import Evidence
from longdoc.pipelines.checks.finding import FirmRule, Rule
from longdoc.pipelines.checks.limits import another_language
from longdoc.pipelines.summarizers.protocol import Passage
from longdoc.pipelines.wording.lexicon import relation
from longdoc.pipelines.wording.pairing import plain


class Alike:
    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return np.full((len(texts), 4), 0.5, np.float32)


@dataclass(frozen=True)
class Said:
    supports: float
    contradicts: float


class Sure:
    """A reader that says the same of all claims, and keeps what it was asked."""

    def __init__(self, supports: float, contradicts: float) -> None:
        self._said = Said(supports, contradicts)
        self.asked: list[tuple[str, str]] = []

    def judged(self, pairs: Sequence[tuple[str, str]]) -> Sequence[Said]:
        self.asked += pairs
        return [self._said] * len(pairs)


RULES = get_args(Rule)
CHECKER = Checker(Alike())
TEXT = "The mill was sold in 1902 for 300 pounds. Ann Lee bought it. If the vote passes, the mill will close in June."


def evidence(text: str = TEXT) -> Evidence:
    return Evidence([Passage(text, (Span(0, len(text), "s"),))])


WORDS = [
    "The",
    "mill",
    "not",
    "may",
    "12",
    "5 mg",
    "$3 million",
    "Ann",
    "rose",
    "fell",
    "all",
    "than",
    "by",
    ".",
    "|",
    "\n",
    "if",
]


@settings(max_examples=60, deadline=None)
@given(
    st.text(max_size=120) | st.lists(st.sampled_from(WORDS)).map(" ".join),
    st.lists(st.sampled_from(WORDS)).map(" ".join),
)
def test_any_sentence_has_a_finding_whose_parts_agree(claim: str, source: str) -> None:
    finding = CHECKER.check(claim, evidence(source))
    assert 0 <= finding.support <= 1
    assert finding.supported == (finding.support >= 0.5) == (not finding.problems)
    assert all(0 <= span.start < span.end <= len(source) for span in finding.spans)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(WORDS), min_size=4).map(" ".join))
def test_a_source_bears_out_its_own_sentences(source: str) -> None:
    held = evidence(source)
    for span in split_sentences(source):
        if len(span.of(source).split()) > 3 and any(map(str.isalnum, span.of(source))):
            finding = CHECKER.check(span.of(source), held)
            assert finding.verdict in ("supported", "unjudged") or not finding.spans, finding.problems


@pytest.mark.parametrize(
    ("claim", "verdict", "problem"),
    [
        ("The mill was sold in 1902 for 400 pounds.", "contradicted", "number 400 pounds is not in the source"),
        (
            "The mill was bought in 1902 for 300 pounds.",
            "contradicted",
            'the claim says "bought" where the source says "sold"',
        ),
        ("The mill was not sold in 1902.", "contradicted", 'the claim denies "sold", which the source affirms'),
        (
            "The mill will close in June.",
            "contradicted",
            'the source says so under a condition ("if ..."), which the claim leaves out',
        ),
        ("Quantum computers factor large integers.", "unsupported", "no passage supports it"),
        (
            "Die Mühle wurde im Jahr 1902 für die Stadt gekauft.",
            "unjudged",
            "another language than English is not judged",
        ),
    ],
)
def test_each_kind_of_problem_is_said_in_words(claim: str, verdict: str, problem: str) -> None:
    finding = Checker(Alike() if verdict != "unsupported" else Unlike()).check(claim, evidence())
    assert problem.casefold() in [one.casefold() for one in finding.problems]
    assert finding.verdict in (verdict, "unsupported" if problem.startswith("number") else verdict)


class Unlike:
    """Finds no two texts alike."""

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return np.eye(len(texts), dtype=np.float32)


def test_a_sentence_that_does_not_hold_is_marked_dropped_or_gives_way() -> None:
    passage = Passage(TEXT, (Span(0, len(TEXT), "s"),))
    said = ["The mill was sold in 1902 for 900 pounds.", "Ann Lee bought it."]
    marked = CHECKER.cite(said, [passage])
    assert [one.supported for one in marked] == [False, True]
    assert [one.text for one in CHECKER.cite(said, [passage], on_unsupported="drop")] == ["Ann Lee bought it."]
    quoted = CHECKER.cite(said, [passage], on_unsupported="quote")
    assert [one.text for one in quoted] == ["The mill was sold in 1902 for 300 pounds.", "Ann Lee bought it."]
    assert quoted[0].spans[0].of(TEXT) == quoted[0].text
    with pytest.raises(UnknownNameError, match="erase"):
        CHECKER.cite(said, [passage], on_unsupported="erase")  # type: ignore[arg-type]


def test_a_reader_is_heard_where_no_rule_decides_and_nowhere_else() -> None:
    doubting, trusting = Sure(0.01, 0.9), Sure(0.99, 0.0)
    claim = "In 1902 somebody sold the mill."
    assert Checker(Alike(), trusting).check(claim, evidence()).verdict == "supported"
    assert Checker(Alike(), doubting).check(claim, evidence()).verdict == "contradicted"
    literal, ruled = "Ann Lee bought it.", "The mill was not sold in 1902."
    assert Checker(Alike(), doubting).check(literal, evidence()).verdict == "supported"
    assert Checker(Alike(), trusting).check(ruled, evidence()).verdict == "contradicted"
    assert {asked for asked, _ in doubting.asked} == {claim}


@pytest.mark.parametrize(
    ("one", "other", "said"),
    [
        ("rose", "fell", "opposite"), ("bought", "sold", "opposite"), ("unsafe", "safe", "opposite"),
        ("rose", "risen", "same"), ("houses", "house", "same"), ("large", "big", "near"), ("began", "started", "near"),
        ("tree", "oak", "broader"), ("ice", "pirates", ""), ("beer", "soap", ""),
    ],
)  # fmt: skip
def test_words_are_related_as_english_has_it(one: str, other: str, said: str) -> None:
    assert relation(one, other) == said


def test_a_line_end_joins_what_it_divides() -> None:
    assert plain("It is per-\nmitted to non-\nresidents on long-\nterm leases.") == (
        "It is permitted to non-residents on long-term leases."
    )


def test_languages_are_told_apart() -> None:
    assert another_language("Der Hund und die Katze sind im Haus mit dem Kind.")
    assert another_language("港は1843年に造られた。")
    assert not another_language("The dog and the cat are in the house.")
    assert not another_language("Revenue grew strongly")


CHANCE = st.floats(0, 1)
OPEN_RULES = sorted(set(RULES) - set(get_args(FirmRule)))


@settings(deadline=None)
@given(st.tuples(CHANCE, CHANCE), st.tuples(CHANCE, CHANCE), CHANCE, CHANCE, st.sets(st.sampled_from(OPEN_RULES)))
def test_no_rule_speaks_for_a_claim_and_no_voice_against_it(
    supports: tuple[float, float], contradicts: tuple[float, float], shared: float, more: float, rules: set[Rule]
) -> None:
    voice = Voice(supports, contradicts)
    match = Match("", (0,), shared, shared, shared)
    support = together(heard(voice, match, rules))
    assert support <= together(heard(voice, match))
    surer = Voice((max(supports[0], more), supports[1]), (min(contradicts[0], more), contradicts[1]))
    assert support <= together(heard(surer, match, rules)) + 1e-9


def test_what_rests_on_wording_lowers_a_retelling_and_stops_a_copy() -> None:
    told = "Ann Lee, a rich widow, bought the old mill at the auction for a sum that nobody in the town would tell."
    retold = "The mill never went to the rich widow."
    copied = f"It is not true that {told}"
    surely, hardly = Checker(Alike(), Sure(0.99, 0.0)), Checker(Alike(), Sure(0.3, 0.3))
    assert surely.check(retold, evidence(told)).support > hardly.check(retold, evidence(told)).support
    assert not surely.check(copied, evidence(told)).supported


def test_a_name_that_is_nowhere_stops_a_retelling_too() -> None:
    sure = Checker(Alike(), Sure(0.99, 0.0))
    told = "Ann Lee bought the old mill at the auction for a sum that nobody in the town would tell."
    assert not sure.check("It was Harcourt who got hold of the building.", evidence(told)).supported
    assert sure.check("It was the Buyer who got hold of the building.", evidence(told)).supported


@pytest.mark.parametrize(
    ("claim", "told"),
    [
        ("The flood does not just hurt the farmers.", "The flood hurts the farmers and the millers."),
        ("They offer cheap bread with quality.", "They offer cheap bread without compromising the quality."),
        ("Why is it fair for towns yet not fair for us?", "So why is it fair for towns but not fair for us?"),
        ("Ann said no more--yet her mind could not agree.", "Ann said no more; but her mind could not agree."),
        ("Most {laugh} of the {gap} words are short.", "Most {laugh} of the {gap} words in it are short."),
    ],
)
def test_what_denies_nothing_is_no_negation(claim: str, told: str) -> None:
    assert CHECKER.check(claim, evidence(told)).supported


@pytest.mark.parametrize(
    ("one", "other"),
    [("took the bricks", "stole the bricks"), ("in advance", "in arrears"), ("before the rains", "after the rains")],
)
def test_a_near_copy_is_taken_for_one_where_nothing_but_light_words_differ(one: str, other: str) -> None:
    told = (
        "The masons who mended the long wall over the hill in spring took the bricks which stood by the gate of the "
        "farm before the rains came, and a miller paid them some of the money in advance."
    )
    denied = Checker(Alike(), Sure(0.0, 1.0))
    assert denied.check(told.replace("which", "that").replace("a miller", "the miller"), evidence(told)).supported
    assert not denied.check(told.replace(one, other), evidence(told)).supported


@pytest.mark.parametrize(
    ("text", "asking"),
    [
        ("She wondered if it rained.", True),
        ("The question was when it would rain.", True),
        ("They inquired about rain.", True),
        ("The wonderful mill in question sold below the asking price.", False),
        ("The taskmaster's unquestioned word is a wonder.", False),
    ],
)
def test_only_whole_words_of_asking_ask(text: str, asking: bool) -> None:
    assert asks(text) == asking
