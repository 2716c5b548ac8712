from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from longdoc.chunkers.text.sentences import split_sentences
from longdoc.chunkers.text.span import Span
from longdoc.models.encoder.embedder import Embedder
from longdoc.pipelines.checks.checker import Checker
from longdoc.pipelines.summarizers.protocol import Passage


class LetterEncoder:
    """Unit vectors of letter counts: cheap, and alike for like texts."""

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        counts = np.array([[1e-3, *(text.casefold().count(c) for c in "etaoinshrdlu")] for text in texts], np.float32)
        counts = counts.reshape(len(texts), 13)
        return counts / np.linalg.norm(counts, axis=1, keepdims=True)


CHECKER = Checker(LetterEncoder())
TEXT = (
    "The board met in Oslo on 3 May 2020. Profits rose to 1,200 crowns in the second quarter. "
    "Anna Berg called the result a happy accident. Rain fell on the harbour all night."
)


def source(text: str, start: int = 0, name: str = "") -> Passage:
    return Passage(text, (Span(start, start + len(text), name),))


def test_a_sentence_gets_the_exact_characters_it_rests_on() -> None:
    [cited] = CHECKER.cite(["Profits rose to 1,200 crowns."], [source(TEXT, 100, "report")])
    begin = TEXT.index("Profits")
    assert cited.spans == (Span(100 + begin, 100 + TEXT.index(" Anna"), "report"),)
    assert cited.supported
    assert cited.problems == ()


def test_a_fused_sentence_gets_both_of_its_sources() -> None:
    [cited] = CHECKER.cite(["The board met in Oslo while rain fell on the harbour all night."], [source(TEXT)])
    assert [span.of(TEXT)[:8] for span in cited.spans] == ["The boar", "Rain fel"]


def test_a_fact_from_another_sentence_brings_its_span() -> None:
    [cited] = CHECKER.cite(["Profits rose to 1,200 crowns, said Anna Berg."], [source(TEXT)])
    assert "Anna Berg" in "".join(span.of(TEXT) for span in cited.spans)
    assert cited.supported


@pytest.mark.parametrize(
    ("claim", "problem"),
    [
        ("Profits rose to 1,300 crowns.", "number 1,300 crowns is not in the source"),
        ("The board met in Oslo on 4 May 2020.", "date 4 May 2020 is not in the source"),
        ("Then Harcourt called the result a happy accident.", "name Harcourt is not in the source"),
        ("Anna Berg called the result “a sad accident”.", 'quotation "a sad accident" is not in the source'),
    ],
)
def test_a_fact_that_is_nowhere_is_a_problem(claim: str, problem: str) -> None:
    [cited] = CHECKER.cite([claim], [source(TEXT)])
    assert (cited.supported, cited.problems) == (False, (problem,))
    assert cited.spans


def test_a_sentence_like_nothing_in_the_passages_is_unsupported() -> None:
    [cited] = Checker(Embedder()).cite(["Quantum chromodynamics describes gluons."], [source(TEXT)])
    assert (cited.spans, cited.supported, cited.problems) == ((), False, ("no passage supports it",))


def test_without_passages_nothing_is_supported() -> None:
    assert [one.supported for one in CHECKER.cite(["Rain fell."], [])] == [False]


def test_a_sentence_of_a_lower_summary_passes_its_spans_on() -> None:
    lower = Passage("Profits rose.", (Span(5, 90), Span(200, 260)))
    [cited] = CHECKER.cite(["The profits rose."], [lower, Passage("Rain fell.", (Span(300, 330),))])
    assert cited.spans == lower.spans


def test_facts_of_merged_summaries_are_checked_against_the_original_characters() -> None:
    spans = (Span(0, 36, "a"), Span(37, 89, "a"))
    wrong = Passage("Profits rose to 1,300 crowns in Oslo.", spans)
    assert CHECKER.cite([wrong.text], [wrong])[0].supported
    [cited] = CHECKER.cite([wrong.text], [wrong], {"a": TEXT})
    assert cited.problems == ("number 1,300 crowns is not in the source",)
    right = Passage("Profits rose to 1,200 crowns in Oslo.", spans)
    assert CHECKER.cite([right.text], [right], {"a": TEXT})[0].supported


def test_a_heading_bears_out_a_name() -> None:
    passage = Passage("Rain fell all night.", (Span(0, 20),), ("Bergen",))
    assert CHECKER.cite(["In Bergen rain fell all night."], [passage])[0].supported


WORDS = st.lists(st.sampled_from(["Rain", "fell", "on", "Oslo", "12", ".", '"', "\n\n", "雨", "é"])).map(" ".join)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text() | WORDS, max_size=4), st.lists(st.text() | WORDS, max_size=4))
def test_spans_lie_in_the_passages_and_a_sentence_without_any_is_unsupported(
    claims: list[str], texts: list[str]
) -> None:
    passages = [source(text, 1000 * place) for place, text in enumerate(texts)]
    cited = CHECKER.cite(claims, passages)
    assert [one.text for one in cited] == claims
    for one in cited:
        assert one.spans or not one.supported
        assert one.supported == (not one.problems)
        for span in one.spans:
            assert any(p.spans[0].start <= span.start <= span.end <= p.spans[0].end for p in passages)


@settings(max_examples=60, deadline=None)
@given(st.lists(WORDS, min_size=1, max_size=4))
def test_a_sentence_of_the_source_is_supported_by_itself(texts: list[str]) -> None:
    passages = [source(text, 1000 * place) for place, text in enumerate(texts)]
    claims = [span.of(text) for text in texts for span in split_sentences(text)]
    for cited in CHECKER.cite(claims, passages):
        assert cited.supported or not any(c.isalnum() for c in cited.text)
