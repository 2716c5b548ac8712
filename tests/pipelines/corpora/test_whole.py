from __future__ import annotations

import random
from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from longdoc.pipelines.corpora.manifest import Entry
from longdoc.pipelines.corpora.recipe import Recipe
from longdoc.pipelines.corpora.whole import likeness_of, tree_over

LIKE = Recipe("out", group="likeness")


def entries(count: int, seed: int) -> list[Entry]:
    draw = random.Random(seed)
    return [Entry(f"d/n{at}", "", key=f"{at}", likeness=f"{draw.getrandbits(64):016x}") for at in range(count)]


@settings(max_examples=20)
@given(st.integers(0, 150), st.integers(0, 9))
def test_every_document_is_in_the_tree_once_and_no_node_has_too_many(count: int, seed: int) -> None:
    root = tree_over(entries(count, seed), LIKE)
    assert (root is None) == (count == 0)
    nodes = [] if root is None else list(root.walk())
    assert sorted(node.name for node in nodes if node.name) == sorted(f"d/n{at}" for at in range(count))
    assert max((len(node.children) for node in nodes), default=0) <= 16


def test_a_document_that_says_something_else_costs_the_nodes_over_its_two_places() -> None:
    before = entries(1000, 1)
    after = [replace(before[0], key="new", likeness=f"{1 << 63:016x}"), *before[1:]]
    old, new = tree_over(before, LIKE), tree_over(after, LIKE)
    assert old is not None
    assert new is not None
    known = {node.key for node in old.walk()}
    made = [node for node in new.walk() if node.children and node.key not in known]
    assert len(made) <= 6 * new.height
    assert len(made) < sum(1 for node in new.walk() if node.children) / 4


def test_likeness_is_fewer_bits_apart_the_nearer_two_vectors_are() -> None:
    draw = np.random.default_rng(0)
    one, noise = draw.standard_normal((2, 384)).astype(np.float32)

    def apart(share: float) -> int:
        return (int(likeness_of(one), 16) ^ int(likeness_of(one + share * noise), 16)).bit_count()

    assert apart(0.0) == 0 < apart(0.3) < apart(3.0)
    assert len(likeness_of(one)) == 16
