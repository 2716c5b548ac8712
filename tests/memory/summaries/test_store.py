from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from langchain_core.stores import InMemoryByteStore

from longdoc.chunkers.text.span import Span
from longdoc.memory.summaries.store import SummaryStore
from longdoc.memory.summaries.summary import Sentence, Summary
from longdoc.memory.summaries.tree import SummaryTree
from longdoc.memory.summaries.tree_json import tree_from_json, tree_to_json

COVERED = (Span(100, 200, "a"), Span(300, 400, "a"), Span(0, 50, "b"))


@st.composite
def sentences(draw: st.DrawFn) -> Sentence:
    spans = []
    for over in draw(st.lists(st.sampled_from(COVERED), max_size=3)):
        start = draw(st.integers(over.start, over.end - 1))
        spans.append(Span(start, draw(st.integers(start, over.end)), over.source))
    text = draw(st.text(alphabet=st.characters(), max_size=20))
    return Sentence(text, tuple(spans), draw(st.booleans()), tuple(draw(st.lists(st.text(max_size=5), max_size=2))))


summaries = st.builds(lambda found, tokens: Summary(tuple(found), tokens), st.lists(sentences()), st.integers(0, 999))


@given(summary=summaries, shift=st.integers(0, 1000))
def test_a_summary_comes_back_with_its_spans_where_the_text_now_lies(summary: Summary, shift: int) -> None:
    store = SummaryStore(InMemoryByteStore())
    assert store.get("k", COVERED) is None
    store.put("k", COVERED, summary)
    assert store.get("k", COVERED) == summary
    names = {"a": "c", "b": "d"}
    moved = tuple(Span(span.start + shift, span.end + shift, names[span.source]) for span in COVERED)
    found = store.get("k", moved)
    assert found is not None
    assert [span.start for span in found.spans] == [span.start + shift for span in summary.spans]
    assert [span.source for span in found.spans] == [names[span.source] for span in summary.spans]
    assert store.get("other", COVERED) is None


@given(summary=summaries, at=st.integers(0, 10**6), flip=st.integers(1, 255))
def test_a_damaged_value_counts_as_absent(summary: Summary, at: int, flip: int) -> None:
    held = InMemoryByteStore()
    store = SummaryStore(held)
    store.put("k", COVERED, summary)
    [name] = held.yield_keys()
    [value] = held.mget([name])
    assert value is not None
    damaged = bytearray(value)
    damaged[at % len(value)] ^= flip
    held.mset([(name, bytes(damaged)), ("summary/1-short", value[:3])])
    assert store.get("k", COVERED) is None
    assert store.get("short", COVERED) is None


names = st.text(alphabet=st.characters(), max_size=5)
spans = st.tuples(st.builds(Span, st.integers(0, 9), st.integers(10, 99), names))
leaves = st.builds(SummaryTree, names, spans, summaries, names, st.just(()), st.none() | names)
trees = st.recursive(
    leaves,
    lambda below: st.builds(
        SummaryTree,
        names,
        spans,
        summaries,
        names,
        st.lists(below, min_size=1, max_size=3).map(tuple),
        st.none() | names,
    ),
    max_leaves=6,
)


@given(tree=trees, calls=st.integers(0, 10**6))
def test_the_tree_of_a_run_comes_back_equal(tree: SummaryTree, calls: int) -> None:
    store = SummaryStore(InMemoryByteStore())
    assert store.get_run("k") is None
    store.put_run("k", tree, calls, 2 * calls)
    assert store.get_run("k") == (tree, calls, 2 * calls)


def test_a_tree_may_be_deeper_than_the_stack() -> None:
    tree = SummaryTree("leaf", (Span(0, 1, "a"),), Summary((), 0), "key")
    for _ in range(5000):
        tree = SummaryTree("node", tree.spans, tree.summary, "key", (tree,))
    assert tree_from_json(tree_to_json(tree)).depth == 5000
