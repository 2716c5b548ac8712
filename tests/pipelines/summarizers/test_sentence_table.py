from __future__ import annotations

import math
import re
from collections.abc import Sequence

import numpy as np
import pytest
from fakes import CharacterTokenizer, HashEncoder
from hypothesis import given, settings
from hypothesis import strategies as st
from langchain_core.documents import Document
from numpy.typing import NDArray
from strategies import sectioned, texts

from longdoc.chunkers.section import SectionChunker
from longdoc.chunkers.text.sections import split_sections
from longdoc.chunkers.text.span import Span
from longdoc.pipelines.summarizers.sentence_table import SentenceTable, TableMaker

ARRAYS = ("starts", "ends", "positions", "leads", "words", "letters", "cues", "loose", "ended", "topicality", "vectors")


def edges_of(text: str, most: int = 60) -> list[int]:
    chunks = SectionChunker(most, tokenizer=CharacterTokenizer()).split(text)
    return [chunk.metadata["start_index"] for chunk in chunks]


def table_of(text: str, **options: int) -> SentenceTable:
    return TableMaker(Document(page_content=text), edges_of(text) or [0], HashEncoder(), **options).make()


def sentences(table: SentenceTable, text: str) -> list[str]:
    return [text[start:end] for start, end in zip(table.starts, table.ends, strict=True)]


@settings(max_examples=60)
@given(text=st.one_of(sectioned, texts))
def test_rows_are_stretches_in_order_that_cross_no_edge(text: str) -> None:
    table = table_of(text)
    edges = np.array([*edges_of(text), len(text)])
    assert all(getattr(table, name).shape[0] == len(table) == table.total for name in ARRAYS)
    assert (table.starts < table.ends).all()
    assert (table.ends[:-1] <= table.starts[1:]).all()
    assert (np.searchsorted(edges, table.starts, "right") == np.searchsorted(edges, table.ends, "left")).all()
    assert all(sentence == sentence.strip() for sentence in sentences(table, text))
    assert table.positions.tolist() == list(range(len(table)))


@settings(max_examples=60)
@given(text=st.one_of(sectioned, texts))
def test_all_text_but_headings_and_white_space_is_in_a_row(text: str) -> None:
    table = table_of(text)
    covered = {at for start, end in zip(table.starts, table.ends, strict=True) for at in range(start, end)}
    sections = list(split_sections(text))
    for section in sections if any(text[s.body : s.span.end].strip() for s in sections) else []:
        left = [text[at] for at in range(section.body, section.span.end) if at not in covered]
        assert "".join(left).strip() == ""
        assert not covered & set(range(section.span.start, section.body))


@settings(max_examples=60)
@given(text=st.one_of(sectioned, texts), window=st.integers(1, 9))
def test_windowed_equals_whole(text: str, window: int) -> None:
    whole, windowed = table_of(text), table_of(text, window=window)
    for name in ARRAYS:
        assert np.array_equal(getattr(windowed, name), getattr(whole, name)), name


@settings(max_examples=40)
@given(text=sectioned, kept=st.integers(1, 30))
def test_a_long_text_keeps_the_most_central_sentences_of_each_chunk(text: str, kept: int) -> None:
    whole, few = table_of(text), table_of(text, kept=kept)
    edges = edges_of(text)
    each = max(3, kept // len(edges))
    assert few.total == whole.total
    if whole.total <= kept:
        assert np.array_equal(few.starts, whole.starts)
        return
    assert len(few) <= max(kept, 3 * len(edges))
    exact = HashEncoder().encode(sentences(whole, text)).astype(np.float16).astype(np.float32)
    chunk_of = np.searchsorted(edges, whole.starts, side="right") - 1
    for chunk in set(chunk_of):
        rows = np.flatnonzero(chunk_of == chunk)
        nearness = exact[rows] @ exact[rows].mean(axis=0)
        slow = sorted(rows[sorted(range(len(rows)), key=lambda at: -nearness[at])[:each]])
        assert [at for at in few.positions if chunk_of[at] == chunk] == slow


@settings(max_examples=30)
@given(text=sectioned, kept=st.integers(1, 20))
def test_what_is_kept_does_not_depend_on_the_window(text: str, kept: int) -> None:
    longest = max((end - start for start, end in zip(edges_of(text), [*edges_of(text)[1:], len(text)], strict=True)))
    whole, windowed = table_of(text, kept=kept), table_of(text, kept=kept, window=longest)
    assert np.array_equal(windowed.positions, whole.positions)


@settings(max_examples=40)
@given(text=st.one_of(sectioned, texts), window=st.integers(1, 9))
def test_progress_never_goes_back_and_ends_at_all_chunks(text: str, window: int) -> None:
    seen: list[int] = []
    edges = edges_of(text) or [0]
    encoder = HashEncoder()
    table = TableMaker(Document(page_content=text), edges, encoder, seen.append, window=window).make()
    assert seen == sorted(seen)
    assert seen[-1] == len(edges)
    assert sum(encoder.encoded) == table.total  # each sentence is embedded once
    assert max(encoder.encoded) <= window


@settings(max_examples=40)
@given(text=sectioned)
def test_topicality_is_the_cosine_of_tf_idf(text: str) -> None:
    table = table_of(text)
    bags = [re.findall(r"[^\W_]+", sentence.lower()) for sentence in sentences(table, text)]
    vocabulary = sorted({word for bag in bags for word in bag})
    rarity = np.array([math.log((1 + len(bags)) / (1 + sum(word in bag for bag in bags))) for word in vocabulary])
    counts = np.array([[bag.count(word) for word in vocabulary] for bag in bags], float).reshape(len(bags), -1)
    weighted = counts * rarity
    norms = np.linalg.norm(weighted, axis=1) * np.linalg.norm(weighted.sum(axis=0))
    slow = np.divide(weighted @ weighted.sum(axis=0), norms, out=np.zeros(len(bags)), where=norms > 0)
    assert ((table.topicality >= -1e-6) & (table.topicality <= 1 + 1e-6)).all()
    assert np.allclose(table.topicality, slow, atol=1e-5)


def test_the_surface_of_sentences() -> None:
    text = 'We propose a plan. It "fails. 12345 67890!\n\n日本語の文。'
    table = table_of(text)
    assert sentences(table, text) == ["We propose a plan.", 'It "fails.', "12345 67890!", "日本語の文。"]
    assert table.words.tolist() == [4, 2, 2, 5]
    assert table.cues.tolist() == [1, 0, 0, 0]
    assert table.loose.tolist() == [0, 1, 0, 0]
    assert table.letters.tolist() == pytest.approx([17 / 18, 8 / 10, 1 / 12, 5 / 6])
    assert table.leads.tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("text", "loose"),
    [
        ("The largest shareholders of the company were:[184]", 1),
        ("Table 6: An act prompt for a clean task.", 1),
        ("FIGURE A2: the layers of the model are shown.", 1),
        ("Figure skating drew 3,000 visitors: most came by train.", 0),
        ("Tables were laid for the guests.", 0),
        ("It was raining.", 1),
        ("The mill stood at 5:30 by the river.", 0),
    ],
)
def test_which_sentences_lean_on_others(text: str, loose: int) -> None:
    assert table_of(text).loose.tolist() == [loose]


@pytest.mark.parametrize("text", ["HELLO WORLD", "# One\n\n# Two\n", "Title\n=====\n"])
def test_headings_are_sentences_only_where_there_are_no_others(text: str) -> None:
    assert len(table_of(text)) > 0
    assert sentences(table_of(f"{text}\n\nSome words here.\n"), f"{text}\n\nSome words here.\n") == ["Some words here."]


def test_leads_count_from_each_heading() -> None:
    text = "# A\n\nOne is here. Two is here.\n\n# B\n\nThree is here."
    table = table_of(text)
    assert sentences(table, text) == ["One is here.", "Two is here.", "Three is here."]
    assert table.leads.tolist() == [0, 1, 0]


@settings(max_examples=40)
@given(text=sectioned, data=st.data())
def test_rows_of_a_span_are_those_that_begin_in_it(text: str, data: st.DataObject) -> None:
    table = table_of(text)
    start = data.draw(st.integers(0, len(text)))
    span = Span(start, data.draw(st.integers(start, len(text))))
    slow = [row for row, at in enumerate(table.starts) if span.start <= at < span.end]
    assert list(range(len(table)))[table.rows(span)] == slow
    assert table.cut(table.rows(span)).starts.tolist() == table.starts[slow].tolist()


@pytest.mark.parametrize("text", ["", " \n ", "\r\n"])
def test_a_text_without_sentences_has_no_rows(text: str) -> None:
    table = table_of(text)
    assert len(table) == table.total == 0
    assert table.vectors.shape == (0, 16)


LONG = " ".join(f"Sentence number {at} says something about {at % 7} harbours." for at in range(900))


@settings(max_examples=10)
@given(share=st.floats(0, 1), seed=st.integers(0, 99))
def test_only_rows_that_are_wanted_and_a_sample_are_embedded_and_stand_for_the_rest(share: float, seed: int) -> None:
    whole, asked = TableMaker(Document(page_content=LONG), [0, 30_000], HashEncoder()).make(), list[str]()
    wanted = np.random.default_rng(seed).random(len(whole)) < share

    class Counting(HashEncoder):
        def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
            asked.extend(texts)
            return super().encode(texts)

    maker = TableMaker(Document(page_content=LONG), [0, 30_000], Counting())
    table = maker.make(lambda bare: wanted)
    assert all((getattr(table, name) == getattr(whole, name)).all() for name in ARRAYS if name != "vectors")
    assert table.embedded[wanted].all()
    assert (table.vectors[table.embedded] == whole.vectors[table.embedded]).all()
    assert len(asked) == table.embedded.sum() <= wanted.sum() + max(2 * 64, (~wanted).sum() / 8 + 1)
    lenders = {row.tobytes() for row in whole.vectors[table.embedded & ~wanted]}
    assert all(row.tobytes() in lenders for row in table.vectors[~table.embedded])


def test_a_text_of_few_sentences_is_embedded_whole() -> None:
    text = LONG[:5000]
    maker = TableMaker(Document(page_content=text), [0], HashEncoder())
    assert maker.make(lambda bare: np.zeros(len(bare), np.bool_)).embedded.all()
