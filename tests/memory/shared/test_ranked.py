from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings
from langchain_core.vectorstores import InMemoryVectorStore, VectorStore

from longdoc.memory.index.settings import IndexSettings
from longdoc.memory.shared.ranked import RankedRetriever, ranked

WORDS = ["gate", "tide", "berth", "crane", "north", "ship"]


class Letters(Embeddings):
    """A vector that counts letters."""

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        return [[1.0 + text.count(letter) for letter in "abcdefgh"] for text in texts]

    def embed_query(self, text: str) -> list[float]:
        return self.embed_documents([text])[0]


class Mute(VectorStore):
    """A store that gives passages and does not say how near they are."""

    def __init__(self, documents: list[Document]) -> None:
        self.documents = documents

    def similarity_search(self, query: str, k: int = 4, **kwargs: Any) -> list[Document]:
        return self.documents[:k]

    @classmethod
    def from_texts(cls, texts: list[str], *given: Any, **kwargs: Any) -> Mute:
        return cls([Document(text) for text in texts])


def passages(texts: list[str]) -> list[Document]:
    made, at = [], 0
    for number, text in enumerate(texts):
        made.append(Document(text, metadata={"source": "s", "start_index": at, "headings": [f"{number}"]}))
        at += len(text)
    return made


texts = st.lists(st.lists(st.sampled_from(WORDS), min_size=1, max_size=5).map(" ".join), max_size=8)


@given(texts, st.sampled_from(WORDS), st.integers(1, 9))
def test_what_is_found_is_among_what_is_there(given: list[str], query: str, k: int) -> None:
    store = InMemoryVectorStore(Letters())
    store.add_documents(passages(given))
    settings = IndexSettings(copies=True)
    found = [one.page_content for one in RankedRetriever(store=store, k=k, settings=settings).invoke(query)]
    assert set(found) <= set(given)
    assert len(found) == min(k, len(given))


def test_a_word_of_the_question_and_what_is_beside_it_come_first() -> None:
    found = passages(["The ship is long. ", "Nothing else. ", "The crane lifts nine tons. ", "It is red. ", "No more."])
    cosines = np.full(5, 0.5)
    alone = ranked("crane", found, cosines, IndexSettings(context=0))
    assert np.argmax(alone) == 2
    scores = ranked("crane", found, cosines, IndexSettings())
    assert scores[2] > scores[1] == scores[3] > scores[0] == scores[4]
    assert ranked("crane", found, cosines, IndexSettings(fusion="vectors")) is cosines


@pytest.mark.parametrize("headed", [True, False])
def test_words_of_headings_count_where_they_are_to(headed: bool) -> None:
    found = [
        Document("Nine tons.", metadata={"source": "s", "start_index": 0, "headings": ["Crane"]}),
        Document("Nine men.", metadata={"source": "t", "start_index": 0, "headings": ["Crew"]}),
    ]
    first, second = ranked("crane", found, np.array([0.5, 0.5]), IndexSettings(headed=headed))
    assert (first > second) == headed


def test_a_store_that_tells_no_scores_has_its_order_believed() -> None:
    store = Mute(passages(["A tide. ", "A berth. ", "A gate."]))
    assert [one.page_content for one in RankedRetriever(store=store, k=2).invoke("?")] == ["A tide. ", "A berth. "]


def test_a_text_that_is_there_several_times_is_found_once() -> None:
    store = Mute([Document("A tide.", metadata={"source": name, "start_index": 0}) for name in "abc"])
    assert len(RankedRetriever(store=store).invoke("tide")) == 1
    assert len(RankedRetriever(store=store, settings=IndexSettings(copies=True)).invoke("tide")) == 3


def test_what_is_beside_a_good_passage_is_fetched_where_the_store_knows_it() -> None:
    store = InMemoryVectorStore(Letters())
    texts = ["The crane lifts nine tons. ", "It was built in 1911. "]
    for number, text in enumerate(texts):
        told = {"source": "s", "start_index": 27 * number, "beside": [f"p{1 - number}"]}
        store.add_documents([Document(text, metadata=told, id=f"p{number}")])
    found = RankedRetriever(store=store, k=2, depth=1).invoke(texts[0])
    assert [one.page_content for one in found] == texts
