"""The learned salience model as a scorer of sentence tables, beside the fixed weights that it corrects."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from longdoc.models.salience.features import Columns
from longdoc.models.salience.weights import Kind, fingerprint_of
from longdoc.pipelines.summarizers.salience import LOOSE, edge_share, readable, salience, standardized
from longdoc.pipelines.summarizers.sentence_table import SentenceTable

if TYPE_CHECKING:
    from longdoc.models.salience.model import SalienceModel

SHARE = 0.75  # of the learned score beside that of the fixed weights
_FEWEST = 10  # sentences of prose; a shorter text has no shape to have learned from
_LEAST = 0.1  # of a long text's score, below which the learned one is left out
_ENGLISH = re.compile(r"\b(?:the|of|and|to|is|was|that|with|for|are|this|by|be|it)\b", re.IGNORECASE)
_FEWEST_ENGLISH = 0.1  # of the words; in English prose a quarter or so, in its neighbours a fiftieth


class LearnedSalience:
    """Scores a table's rows by a `SalienceModel`, loaded when first asked, together with the fixed weights.

    The fixed weights alone score what it was not trained on: a part of a source, a question, a text of a few
    sentences or in another language than English; from 600 sentences they take over by and by, and from 6,000 they
    score alone. Loading raises `UnavailableError` where the model's weights are missing or were changed.
    """

    def __init__(self, model: SalienceModel | None = None, context: Kind = "recurrent", share: float = SHARE) -> None:
        self._given = model
        self._context = context
        self._share = share

    @cached_property
    def model(self) -> SalienceModel:
        """The network and its weights."""
        from longdoc.models.salience.model import SalienceModel

        return SalienceModel.load(self._context) if self._given is None else self._given

    @property
    def name(self) -> str:
        """Changes whenever the scores may."""
        return fingerprint_of(self._context) if self._given is None else self._given.fingerprint

    def knows(self, texts: Sequence[str]) -> bool:
        """Whether the texts, taken together, read as English."""
        words = sum(len(text.split()) for text in texts)
        return sum(len(_ENGLISH.findall(text)) for text in texts) > _FEWEST_ENGLISH * words

    def __call__(self, table: SentenceTable, query: NDArray[np.float32] | None = None) -> NDArray[np.float64]:
        """A score for each row, in about standard deviations over the readable rows."""
        fixed, prose = salience(table, query), readable(table)
        edges = edge_share(table.positions)
        if query is not None or len(table) < table.total or prose.sum() < _FEWEST or edges <= _LEAST:
            return fixed
        share = self._share * edges
        learned: NDArray[np.float64] = standardized(self.model.score(columns_of(table)), prose)
        return share * (learned - LOOSE * table.loose) + (1 - share) * fixed


def columns_of(table: SentenceTable) -> Columns:
    """What the model sees of a table."""
    return Columns(
        table.leads,
        table.words,
        table.letters,
        table.cues,
        table.loose,
        table.ended,
        table.topicality,
        table.vectors,
    )
