"""How much each sentence matters to a summary: a weighted sum of a few features that carry over between kinds of text.

Centrality to the mean vector (centroid methods: Radev et al., 2004), TF-IDF cosine, position, length and cue words
(Edmundson, 1969), with weights from a ridge regression and a further share for centrality, which carried over
best to a kind of text that the weights were not fitted on.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from longdoc.pipelines.summarizers.sentence_table import SentenceTable

FEATURES = ("centrality", "topicality", "query", "length", "cue", "letters", "lead", "beginning", "ending")
# GENERAL: as benchmarks/fit_salience.py prints it, fitted on training documents. QUERIED: the same fit gives the query
# too little and letters too much, blind to a question about one sentence; raised and lowered by hand, at a cost in
# ROUGE. Which features, the share of centrality and the constants below were chosen on the development sets.
GENERAL = (0.206, 0.284, 0.0, -0.107, 0.256, 2.795, 0.399, -0.275, -0.154)
QUERIED = (0.0, 0.3, 0.6, -0.07, 0.0, 2.0, 0.0, 0.0, 0.0)
LONG = 600  # sentences; in a longer text its edges tell less, and a summary has more places to speak for
_CENTRALITY_SHARE = 0.5
LOOSE = 0.3  # what it costs a sentence that it cannot stand alone: it reads badly, whatever it scores
_BEGINNING, _ENDING = 300, 100  # sentences; further from the edges, position says nothing more
_SHORTEST, _LONGEST, _FEWEST_LETTERS = 8, 120, 0.6


def salience(table: SentenceTable, query: NDArray[np.float32] | None = None) -> NDArray[np.float64]:
    """A score for each row, comparable within the table; about `query`, a unit vector, where one is given.

    Positions count from the table's first row, so that a chunk's table is scored as a text of its own.
    """
    values = features(table, query)
    scores: NDArray[np.float64] = values @ np.array(GENERAL if query is None else QUERIED)
    if query is None:
        scores = standardized(scores, readable(table)) + _CENTRALITY_SHARE * values[:, 0]
    return scores - LOOSE * table.loose


def features(table: SentenceTable, query: NDArray[np.float32] | None = None) -> NDArray[np.float64]:  # (rows, 9)
    """The columns that `FEATURES` names; the first three are standardized over the readable rows."""
    prose = readable(table)
    vectors = table.vectors.astype(np.float32)
    mean = vectors[prose].mean(axis=0)
    edges = edge_share(table.positions)
    from_start = table.positions - table.positions[:1]
    to_end = table.positions[-1:] - table.positions
    columns = (
        standardized(vectors @ (mean / (np.linalg.norm(mean) or 1.0)), prose),
        standardized(table.topicality, prose),
        np.zeros(len(table)) if query is None else standardized(vectors @ query, prose),
        np.log1p(table.words) ** 2,
        table.cues,
        table.letters,
        np.exp(-table.leads / 3),
        edges * np.log1p(np.minimum(from_start, _BEGINNING)),
        edges * np.log1p(np.minimum(to_end, _ENDING)),
    )
    return np.stack(columns, axis=1).astype(np.float64)


def edge_share(positions: NDArray[np.int64]) -> float:
    """How much the beginning and the end of a text tell: 1 up to 600 sentences, then falling with the length."""
    return min(1.0, LONG / (1 + int(positions[-1]) - int(positions[0]))) if len(positions) else 1.0


def readable(table: SentenceTable) -> NDArray[np.bool_]:
    """Which rows read as prose: no scrap, run-on, caption, code or row of figures; all, where none does."""
    prose = (table.words >= _SHORTEST) & (table.words <= _LONGEST) & (table.letters > _FEWEST_LETTERS)
    ended = prose & (table.ended > 0)
    prose = ended if 2 * ended.sum() >= prose.sum() else prose  # else the text does without full stops
    return prose if prose.any() else np.ones(len(table), np.bool_)


def first_choice(table: SentenceTable) -> NDArray[np.bool_]:
    """Which rows a summary is made of while any fits: readable, and in a long text also able to stand alone.

    So they are where only some rows have vectors of their own, for these are among them.
    """
    prose = readable(table)
    alone = prose & (table.loose == 0)
    picky = edge_share(table.positions) < 1 or not table.embedded.all()
    return alone if picky and alone.any() else prose


def standardized(values: NDArray[np.floating], over: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Values in standard deviations from the mean, both taken over some of the rows."""
    chosen = values[over].astype(np.float64)
    standard: NDArray[np.float64] = (values - chosen.mean()) / (chosen.std() + 1e-6)
    return standard


class Scorer(Protocol):
    """Scores each row of a sentence table, in about standard deviations."""

    @property
    def name(self) -> str:
        """Changes whenever the scores may."""

    def knows(self, texts: Sequence[str]) -> bool:
        """Whether it can score a text some of whose sentences are given; else `salience` does."""

    def __call__(self, table: SentenceTable, query: NDArray[np.float32] | None = None) -> NDArray[np.float64]:
        """The scores, about `query`, a unit vector, where one is given."""


def scores_of(
    tables: Sequence[SentenceTable], query: NDArray[np.float32] | None = None, scorer: Scorer | None = None
) -> NDArray[np.float64]:
    """The scores of several tables' rows, one table after the other, each scored within itself, by `salience` or so."""
    score = salience if scorer is None else scorer
    parts = [score(table, query) for table in tables if len(table)]
    return np.concatenate(parts) if parts else np.zeros(0)
