"""The learned scorer in the extractive summarizer: within budget, the source's words, the default kept."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from langchain_core.documents import Document

from longdoc.chunkers.span import Span
from longdoc.models.salience_model import SalienceConfig, SalienceModel, SalienceNetwork
from longdoc.pipelines.extractive import ExtractiveSummarizer
from longdoc.pipelines.learned_salience import LearnedSalience
from longdoc.pipelines.salience import LOOSE, readable
from longdoc.pipelines.sentence_table import SentenceTable, TableMaker
from longdoc.pipelines.summarizer import Passage
from longdoc.testing import CountingTokenizer

TEXT = " ".join(f"Sentence number {n} speaks about matter {n % 7} with some further words." for n in range(40))


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


@pytest.fixture(scope="module")
def table() -> SentenceTable:
    return TableMaker(Document(page_content=TEXT), [0], Hashed()).make()


def test_scores_are_in_standard_deviations(scorer: LearnedSalience, table: SentenceTable) -> None:
    scores = (scorer(table) + LOOSE * table.loose)[readable(table)]
    assert scores.mean() == pytest.approx(0, abs=1e-6)
    assert scores.std() == pytest.approx(1, abs=1e-3)


def test_a_query_changes_the_scores(scorer: LearnedSalience, table: SentenceTable) -> None:
    assert not np.allclose(scorer(table), scorer(table, Hashed().encode(["matter 3"])[0]))


def test_the_summary_is_within_budget_and_in_the_words_of_the_source(scorer: LearnedSalience) -> None:
    summarizer = ExtractiveSummarizer(Hashed(), CountingTokenizer(), scorer)
    summary = summarizer.summarize([Passage(TEXT, (Span(0, len(TEXT), "text"),))], 40)
    assert 0 < summary.tokens <= 40
    assert all(sentence.text in TEXT for sentence in summary.sentences)


def test_the_name_tells_the_scorer(scorer: LearnedSalience) -> None:
    assert ExtractiveSummarizer(Hashed(), scorer=scorer).name == "extractive:hashed:untrained"
    assert ExtractiveSummarizer().name == "extractive"
