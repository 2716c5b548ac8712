from __future__ import annotations

from longdoc.chunkers.text.span import Span
from longdoc.memory.summaries.summary import Sentence, Summary
from longdoc.memory.summaries.tree import SummaryTree


def leaf(key: str, start: int, text: str) -> SummaryTree:
    span = Span(start, start + 10, "a")
    return SummaryTree(f"Part {key}", (span,), Summary((Sentence(text, (span,)),), 3), key)


def tree(key: str, *leaves: SummaryTree, top: int = 2) -> SummaryTree:
    chosen = tuple(node.summary.sentences[0] for node in leaves[:top])
    return SummaryTree("All", (Span(0, 40, "a"),), Summary(chosen, 6), key, leaves)


def test_nothing_changed() -> None:
    old = tree("t", leaf("1", 0, "One."), leaf("2", 10, "Two."))
    found = old.diff(old)
    assert (found.added, found.removed, found.fresh, found.gone, found.reused) == ((), (), (), (), 3)
    assert str(found) == "chunks: 0 new, 0 gone; nodes as they were: 3"


def test_a_changed_chunk_is_the_reason_for_its_sentence() -> None:
    first, second, fresh = leaf("1", 0, "One."), leaf("2", 10, "Two."), leaf("3", 10, "Three.")
    found = tree("t", first, second).diff(tree("u", first, fresh))
    assert [sentence.text for sentence in found.added] == ["Three."]
    assert [sentence.text for sentence in found.removed] == ["Two."]
    assert (found.fresh, found.gone, found.reused) == ((fresh,), (second,), 1)
    assert found.because == {fresh.summary.sentences[0]: (fresh,)}
    assert str(found).splitlines() == [
        "- Two.",
        "+ Three. (changed: Part 3 10-20)",
        "chunks: 1 new, 1 gone; nodes as they were: 1",
    ]


def test_a_sentence_may_come_though_its_chunk_is_as_it_was() -> None:
    first, second, third = leaf("1", 0, "One."), leaf("2", 10, "Two."), leaf("3", 20, "Three.")
    found = tree("t", first, second, third).diff(tree("u", third, second))
    assert [sentence.text for sentence in found.added] == ["Three."]
    assert found.because == {third.summary.sentences[0]: ()}
    assert "+ Three. (its chunk is as it was)" in str(found)
