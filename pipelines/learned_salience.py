"""The learned salience model as a scorer of sentence tables."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from longdoc.models.salience_features import Columns
from longdoc.pipelines.salience import LOOSE, readable, standardized
from longdoc.pipelines.sentence_table import SentenceTable

if TYPE_CHECKING:
    from longdoc.models.salience_context import Kind
    from longdoc.models.salience_model import SalienceModel


class LearnedSalience:
    """Scores a table's rows by a `SalienceModel`, loaded when first asked; the one that comes with longdoc by default.

    Loading raises `UnavailableError` where its weights are missing or were changed.
    """

    def __init__(self, model: SalienceModel | None = None, context: Kind = "recurrent") -> None:
        self._given = model
        self._context = context

    @cached_property
    def model(self) -> SalienceModel:
        """The network and its weights."""
        from longdoc.models.salience_model import SalienceModel

        return SalienceModel.load(self._context) if self._given is None else self._given

    @property
    def name(self) -> str:
        """Changes whenever the scores may."""
        return self.model.fingerprint

    def __call__(self, table: SentenceTable, query: NDArray[np.float32] | None = None) -> NDArray[np.float64]:
        """A score for each row, in standard deviations over the readable rows."""
        scores = self.model.score(columns_of(table), query)
        return standardized(scores, readable(table)) - LOOSE * table.loose


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
