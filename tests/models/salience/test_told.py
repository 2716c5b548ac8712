"""Tests for the salience of stories and talk against the sums written out."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from longdoc.models.salience.told import SPREAD, Told, ToldSalience

KINDS: tuple[Told, ...] = ("story", "talk")


@pytest.mark.parametrize("kind", KINDS)
@given(rows=st.integers(1, 6), seed=st.integers(0, 2**32 - 1))
def test_a_score_is_the_sum_of_what_each_number_weighs(kind: Told, rows: int, seed: int) -> None:
    model = ToldSalience.load(kind)
    random = np.random.default_rng(seed)
    forms = random.normal(size=(rows, len(model.forms) - 1))
    vectors = random.normal(size=(rows, len(model.vector)))
    for at, score in enumerate(model.score(forms, vectors)):
        about = [vectors[at, one] - sum(vectors[:, one]) / rows for one in range(len(model.vector))]
        said = sum(a * float(b) for a, b in zip(forms[at], model.forms, strict=False)) + float(model.forms[-1])
        said += SPREAD * sum(a * float(b) for a, b in zip(about, model.vector, strict=True))
        assert score == pytest.approx(said, abs=1e-6)


def test_another_encoder_s_sentences_are_told_by_their_form() -> None:
    model = ToldSalience.load("story")
    forms = np.ones((2, len(model.forms) - 1))
    alone = model.score(forms, None)
    same = model.score(forms, np.ones((2, len(model.vector))))  # vectors that are alike say nothing
    assert alone == pytest.approx(same)
