"""A source and a claim of each kind, honest and wrong: what the check has to say of them without a model's help."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from longdoc.chunkers.text.span import Span
from longdoc.pipelines.checks.checker import Checker
from longdoc.pipelines.checks.evidence import Evidence
from longdoc.pipelines.summarizers.protocol import Passage

PAIRS = [json.loads(line) for line in (Path(__file__).parent / "pairs.jsonl").read_text("utf-8").splitlines()]


class Alike:
    """Finds every text like every other, so that words and rules alone decide."""

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return np.full((len(texts), 4), 0.5, np.float32)


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: f"{pair['kind']}: {pair['claim'][:50]}")
def test_a_claim_is_supported_where_its_source_says_so(pair: dict[str, str]) -> None:
    source = pair["source"]
    finding = Checker(Alike()).check(pair["claim"], Evidence([Passage(source, (Span(0, len(source), "s"),))]))
    assert ("supported" if finding.supported else "not supported") == pair["right"], finding.problems
    assert finding.supported == (not finding.problems)
    assert finding.supported == (finding.support >= 0.5)


def test_with_the_reader_that_comes_along_no_more_than_one_in_twenty_is_judged_otherwise() -> None:
    checker = Checker.load()
    wrong = []
    for pair in PAIRS:
        source = pair["source"]
        finding = checker.check(pair["claim"], Evidence([Passage(source, (Span(0, len(source), "s"),))]))
        if finding.supported != (pair["right"] == "supported"):
            wrong.append(pair["claim"])
    assert len(wrong) <= 0.05 * len(PAIRS), wrong
