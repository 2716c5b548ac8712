from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from langchain_core.stores import InMemoryByteStore

from longdoc.chunkers.span import Span
from longdoc.memory.summary import Sentence, Summary
from longdoc.memory.summary_store import SummaryStore

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
    held.mset([(name, bytes(damaged)), ("summary-1-short", value[:3])])
    assert store.get("k", COVERED) is None
    assert store.get("short", COVERED) is None
