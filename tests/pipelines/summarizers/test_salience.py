from __future__ import annotations

import numpy as np
import pytest
from fakes import HashEncoder
from hypothesis import given, settings
from langchain_core.documents import Document
from strategies import sectioned

from longdoc.pipelines.summarizers.salience import (
    FEATURES,
    GENERAL,
    LONG,
    QUERIED,
    edge_share,
    features,
    readable,
    salience,
    scores_of,
)
from longdoc.pipelines.summarizers.sentence_table import SentenceTable, TableMaker

LONGER = "The river carries fine sand past the old town every spring of the year."


def table_of(text: str) -> SentenceTable:
    return TableMaker(Document(page_content=text), [0], HashEncoder()).make()


def column(values: np.ndarray, name: str) -> np.ndarray:
    return values[:, FEATURES.index(name)]


@settings(max_examples=40)
@given(text=sectioned)
def test_the_standardized_columns_have_mean_0_and_deviation_1_over_prose(text: str) -> None:
    table = table_of(text)
    prose = readable(table)
    values = features(table)
    assert values.shape == (len(table), len(FEATURES))
    assert np.isfinite(values).all()
    for name in ("centrality", "topicality"):
        assert column(values, name)[prose].mean() == pytest.approx(0, abs=1e-3)
        assert column(values, name)[prose].std() < 1.001
    assert (column(values, "query") == 0).all()


@settings(max_examples=40)
@given(text=sectioned)
def test_centrality_is_likeness_to_the_mean_of_the_prose(text: str) -> None:
    table = table_of(text)
    vectors = table.vectors.astype(np.float64)
    prose = readable(table)
    mean = vectors[prose].mean(axis=0)
    likeness = vectors @ mean / np.linalg.norm(mean)
    slow = (likeness - likeness[prose].mean()) / (likeness[prose].std() + 1e-6)
    near = abs(slow) < 50  # where all prose is alike, the rest is a rounding error away from infinitely far
    assert np.allclose(column(features(table), "centrality")[near], slow[near], atol=0.05)


def test_a_query_raises_what_is_like_it() -> None:
    text = "The river carries fine sand past the old town. The wolf hunts deer alone in the cold forest at night."
    query = HashEncoder().encode(["wolf hunts deer"])[0]
    general, about = salience(table_of(text)), salience(table_of(text), query)
    assert about.argmax() == 1
    assert general.shape == about.shape == (2,)


def test_weights_stand_for_the_features() -> None:
    assert len(GENERAL) == len(QUERIED) == len(FEATURES)


def test_the_general_score_by_hand() -> None:
    table = table_of(" ".join(LONGER.replace("town", word) for word in ("town", "mill", "bridge", "ford")))
    values = features(table)
    fitted = values @ np.array(GENERAL)
    slow = (fitted - fitted.mean()) / (fitted.std() + 1e-6) + 0.5 * values[:, 0]
    assert salience(table) == pytest.approx(slow)


def test_torn_quotations_cost() -> None:
    whole, torn = table_of(f"{LONGER} {LONGER}"), table_of(f"{LONGER} “{LONGER}")
    assert (whole.loose == 0).all()
    assert torn.loose.tolist() == [0, 1]
    assert salience(torn)[1] < salience(torn)[0]


def test_scraps_and_figures_are_no_prose() -> None:
    table = table_of(f"Yes. {LONGER} 1 2 3 4 5 6 7 8 9 10 11 12. {'Word ' * 130}ends.")
    assert readable(table).tolist() == [False, True, False, False]


def test_where_nothing_is_prose_all_is() -> None:
    assert readable(table_of("Yes. No. Well.")).tolist() == [True] * 3


def test_the_edges_of_a_long_text_tell_less() -> None:
    assert edge_share(np.arange(0)) == edge_share(np.arange(LONG)) == 1.0
    assert edge_share(np.arange(2 * LONG)) == 0.5
    assert edge_share(np.arange(1000, 1010)) == 1.0


def test_tables_are_scored_each_within_itself() -> None:
    one, two = table_of(f"{LONGER} Yes."), table_of(f"No. {LONGER}")
    empty = table_of("")
    assert scores_of([one, empty, two]).tolist() == [*salience(one), *salience(two)]
    assert scores_of([]).tolist() == scores_of([empty]).tolist() == []
