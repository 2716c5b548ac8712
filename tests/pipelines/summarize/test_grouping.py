from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from longdoc.pipelines.summarize.grouping import grouped

rows = st.lists(st.tuples(st.integers(0, 20), st.integers(1, 9)), max_size=80)


@given(rows=rows, limit=st.integers(2, 30))
def test_groups_tile_the_sequence_within_their_limit(rows: list[tuple[int, int]], limit: int) -> None:
    sizes = [size for _, size in rows]
    groups = list(grouped([rank for rank, _ in rows], sizes, limit))
    assert [place for a, b in groups for place in range(a, b)] == list(range(len(rows)))
    assert all(sum(sizes[a:b]) <= limit or b - a == 1 for a, b in groups)


@given(ranks=st.lists(st.integers(0, 10**6), min_size=3, max_size=300), fan_in=st.integers(2, 12))
def test_each_level_is_smaller(ranks: list[int], fan_in: int) -> None:
    if len(ranks) > fan_in:
        assert len(list(grouped(ranks, [1] * len(ranks), fan_in))) < len(ranks)


@given(ranks=st.lists(st.integers(0, 10**9), min_size=40, max_size=120, unique=True), limit=st.integers(3, 12))
def test_edges_hang_on_the_ranks_near_them(ranks: list[int], limit: int) -> None:
    near = limit // 2

    def slow(at: int) -> bool:
        return ranks[at] == min(ranks[max(0, at - near) : at + near + 1])

    edges = {a for a, _ in grouped(ranks, [1] * len(ranks), limit)}
    lowest = {0} | {at for at in range(1, len(ranks)) if slow(at)}
    assert lowest <= edges
    for a, b in pairwise([*sorted(lowest), len(ranks)]):
        inner = {edge for edge in edges if a < edge < b}
        assert not inner if b - a <= limit else inner


def test_an_empty_sequence_has_no_groups() -> None:
    assert list(grouped([], [], 5)) == []
