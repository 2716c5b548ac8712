"""The learned scorer in the extractive summarizer: within budget, the source's words, the fixed weights elsewhere."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from langchain_core.documents import Document

from longdoc.chunkers.text.span import Span
from longdoc.models.salience.model import SalienceModel
from longdoc.models.salience.network import SalienceConfig, SalienceNetwork
from longdoc.pipelines.summarizers.extractive import ExtractiveSummarizer
from longdoc.pipelines.summarizers.learned_salience import SHARE, LearnedSalience, columns_of
from longdoc.pipelines.summarizers.protocol import Passage
from longdoc.pipelines.summarizers.salience import LOOSE, readable, salience
from longdoc.pipelines.summarizers.sentence_table import SentenceTable, TableMaker
from longdoc.testing import CountingTokenizer


def text_of(sentences: int) -> str:
    return " ".join(
        f"Sentence number {n} speaks about matter {n % 7} with some further words." for n in range(sentences)
    )


class Hashed:
    """Unit vectors that depend on the words alone."""

    fingerprint = "hashed"

    def encode(self, texts: list[str]) -> np.ndarray:
        rows = [np.random.default_rng(list(text.encode())).normal(size=384) for text in texts]
        return np.array([row / np.linalg.norm(row) for row in rows], np.float32).reshape(-1, 384)


@pytest.fixture(scope="module")
def scorer() -> LearnedSalience:
    torch.manual_seed(0)
    return LearnedSalience(SalienceModel(SalienceNetwork(SalienceConfig("recurrent")), "untrained"))


def table_of(sentences: int) -> SentenceTable:
    return TableMaker(Document(page_content=text_of(sentences)), [0], Hashed()).make()


def test_the_score_is_the_two_scores_by_their_shares(scorer: LearnedSalience) -> None:
    table = table_of(40)
    learned, prose = scorer.model.score(columns_of(table)), readable(table)
    standard = (learned - learned[prose].mean()) / learned[prose].std()
    expected = SHARE * (standard - LOOSE * table.loose) + (1 - SHARE) * salience(table)
    np.testing.assert_allclose(scorer(table), expected, atol=1e-4)


def test_in_a_long_text_the_learned_share_falls_with_the_length(scorer: LearnedSalience) -> None:
    table = table_of(1200)
    learned, prose = scorer.model.score(columns_of(table)), readable(table)
    standard = (learned - learned[prose].mean()) / learned[prose].std()
    share = SHARE / 2
    expected = share * (standard - LOOSE * table.loose) + (1 - share) * salience(table)
    np.testing.assert_allclose(scorer(table), expected, atol=1e-4)


@pytest.mark.parametrize("sentences", [9, 6100])
def test_the_fixed_weights_score_what_is_very_short_or_very_long(scorer: LearnedSalience, sentences: int) -> None:
    table = table_of(sentences)
    np.testing.assert_array_equal(scorer(table), salience(table))


def test_the_fixed_weights_score_a_part_and_a_question(scorer: LearnedSalience) -> None:
    table, query = table_of(40), Hashed().encode(["matter 3"])[0]
    part = table.cut(slice(10, 30))
    np.testing.assert_array_equal(scorer(part), salience(part))
    np.testing.assert_array_equal(scorer(table, query), salience(table, query))


@pytest.mark.parametrize(
    ("text", "known"),
    [
        ("The results of this study show that the method is as good as the one that was used before.", True),
        ("Die Ergebnisse dieser Arbeit zeigen, dass das Verfahren so gut ist wie das zuvor verwendete.", False),
        ("De resultaten van dit onderzoek laten zien dat de methode even goed is als de vorige.", False),
        ("吾輩は猫である。名前はまだ無い。", False),
        ("", False),
    ],
)
def test_only_english_is_known(scorer: LearnedSalience, text: str, known: bool) -> None:
    assert scorer.knows([text]) is known


def test_another_language_is_summarized_by_the_fixed_weights(scorer: LearnedSalience) -> None:
    text = " ".join(f"Satz Nummer {n} handelt von Sache {n % 7} und noch einigen anderen Dingen." for n in range(40))
    passages = [Passage(text, (Span(0, len(text), "text"),))]
    learned = ExtractiveSummarizer(Hashed(), CountingTokenizer(), scorer=scorer).summarize(passages, 60)
    assert learned == ExtractiveSummarizer(Hashed(), CountingTokenizer()).summarize(passages, 60)


def test_the_summary_is_within_budget_and_in_the_words_of_the_source(scorer: LearnedSalience) -> None:
    text, summarizer = text_of(40), ExtractiveSummarizer(Hashed(), CountingTokenizer(), scorer=scorer)
    summary = summarizer.summarize([Passage(text, (Span(0, len(text), "text"),))], 40)
    assert 0 < summary.tokens <= 40
    assert all(sentence.text in text for sentence in summary.sentences)


def test_the_fingerprint_tells_the_scorer(scorer: LearnedSalience) -> None:
    assert ExtractiveSummarizer(Hashed(), scorer=scorer).fingerprint.startswith("extractive:hashed:untrained:")
    assert LearnedSalience(context="window").name.startswith("salience:window:")
    assert ExtractiveSummarizer().name == "extractive"
