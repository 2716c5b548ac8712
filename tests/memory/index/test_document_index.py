"""DocumentIndex: LangChain's own suites; the same as an index built cold; the same as the slow, obvious search."""

from __future__ import annotations

import inspect
import math
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fakes import CountingEmbeddings, HashEmbeddings, HashEncoder
from hypothesis import given, settings
from hypothesis import strategies as st
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from langchain_core.vectorstores import VectorStore
from langchain_tests.integration_tests import RetrieversIntegrationTests, VectorStoreIntegrationTests
from langchain_text_splitters import CharacterTextSplitter
from strategies import sectioned, texts

from longdoc.chunkers.section import SectionChunker
from longdoc.chunkers.text.span import Span
from longdoc.errors import InputError
from longdoc.memory.index.document_index import DocumentIndex, IndexRetriever, Match
from longdoc.memory.index.settings import Fusion, IndexSettings, Scan
from longdoc.memory.index.words import asked_words
from longdoc.memory.summaries.summary import Sentence, Summary
from longdoc.memory.summaries.tree import SummaryTree
from longdoc.memory.words import words

QUERIES = ("the cat sat", "Dr. running", "naïve", "", "nothing of it")
FUSIONS: tuple[Fusion, ...] = ("weighted", "reciprocal", "vectors", "words")

for _test in (*vars(VectorStoreIntegrationTests).values(), *vars(RetrieversIntegrationTests).values()):
    if inspect.iscoroutinefunction(_test):  # the suites leave it to the project, and forbid to override
        pytest.mark.asyncio(_test)


class TestVectorStore(VectorStoreIntegrationTests):
    @pytest.fixture
    def vectorstore(self, tmp_path: Path) -> VectorStore:
        return DocumentIndex(tmp_path / "index", self.get_embeddings())


class TestGraphStore(VectorStoreIntegrationTests):
    @pytest.fixture
    def vectorstore(self, tmp_path: Path) -> VectorStore:
        return DocumentIndex(tmp_path, self.get_embeddings(), settings=IndexSettings(scan="hnsw"))


class TestByteStore(VectorStoreIntegrationTests):
    @pytest.fixture
    def vectorstore(self, tmp_path: Path) -> VectorStore:
        return DocumentIndex(tmp_path, self.get_embeddings(), settings=IndexSettings(scan="sq8"))


class TestBitStore(VectorStoreIntegrationTests):
    @pytest.fixture
    def vectorstore(self, tmp_path: Path) -> VectorStore:
        return DocumentIndex(tmp_path, self.get_embeddings(), settings=IndexSettings(scan="binary"))


class TestRetriever(RetrieversIntegrationTests):
    @property
    def retriever_constructor(self) -> type[BaseRetriever]:
        return IndexRetriever

    @property
    def retriever_constructor_params(self) -> dict[str, Any]:
        numbered = [f"the cat number {number}" for number in range(8)]
        return {"index": DocumentIndex.from_texts(numbered, HashEmbeddings())}

    @property
    def retriever_query_example(self) -> str:
        return "the cat"


# --- changes


def small(folder: Path | None = None, **more: Any) -> DocumentIndex:
    return DocumentIndex(folder, HashEmbeddings(), chunker=SectionChunker(12), settings=IndexSettings(**more))


def put(name: str, text: str) -> tuple[str, str, str]:
    return ("put", name, text)


names = st.sampled_from(("one", "two", "a/longer name " * 40, "three"))
steps = st.lists(
    st.one_of(
        st.builds(put, names, sectioned | texts),
        st.tuples(st.just("delete"), names),
        st.tuples(st.just("passage"), st.sampled_from(("p", "q")), texts),
        st.tuples(st.just("delete"), st.sampled_from(("p", "q"))),
        st.tuples(st.just("delete part"), names, st.integers(0, 3)),
    ),
    max_size=8,
)


def apply(index: DocumentIndex, step: tuple[Any, ...]) -> None:
    match step:
        case ("put", name, text):
            index.put([Document(text, metadata={"source": name})])
        case ("passage", name, text):
            index.add_texts([text], [{"n": len(text)}], ids=[name])
        case ("delete", name):
            index.delete([name])
        case ("delete part", name, at):
            index.delete([one.id for one in index.entries(name)[at : at + 1] if one.id])


def everything(index: DocumentIndex) -> list[Any]:
    found: list[Any] = [index.documents(), len(index), [index.entries(name) for name in sorted(index.documents())]]
    return found + [index.matches(query, 5) for query in QUERIES]


@given(steps, st.sampled_from(FUSIONS))
@settings(max_examples=25, deadline=None)
def test_changes_in_any_order_equal_an_index_built_cold(changes: list[tuple[Any, ...]], fusion: Fusion) -> None:
    alone = IndexSettings(fusion=fusion, headed=False, context=0, copies=True)  # cold has no documents
    index, cold = (DocumentIndex(None, HashEmbeddings(), chunker=SectionChunker(12), settings=alone) for _ in range(2))
    for step in changes:
        apply(index, step)
    cold.add_documents([one for name in sorted(index.documents()) for one in index.entries(name)])
    assert len(cold) == len(index)
    assert [index.matches(query, 5) for query in QUERIES] == [cold.matches(query, 5) for query in QUERIES]


@given(st.dictionaries(names, sectioned | texts), steps)
@settings(max_examples=25, deadline=None)
def test_what_was_there_before_leaves_no_trace(final: dict[str, str], changes: list[tuple[Any, ...]]) -> None:
    index, cold = small(), small()
    for step in changes:
        apply(index, step)
    index.delete(["p", "q", *(name for name in index.documents() if name not in final)])
    documents = [Document(text, metadata={"source": name}) for name, text in final.items()]
    index.put(documents)
    cold.put(documents)
    assert everything(index) == everything(cold)


@given(steps)
@settings(max_examples=25, deadline=None)
def test_opened_again_it_is_the_same(changes: list[tuple[Any, ...]]) -> None:
    index = small()
    for step in changes:
        apply(index, step)
    assert everything(small(index.folder)) == everything(index)


# --- against the slow, obvious version


def slow_bm25(query: str, passages: list[str]) -> list[float]:
    counted = [words(text) for text in passages]
    mean = sum(one.total() for one in counted) / len(counted)
    scores = []
    for one in counted:
        score = 0.0
        for word in asked_words(query):
            holding = sum(word in other for other in counted)
            weight = math.log(1 + (len(counted) - holding + 0.5) / (holding + 0.5))
            norm = 1.2 * (1 - 0.75 + 0.75 * one.total() / mean)
            score += weight * one[word] * 2.2 / (one[word] + norm) if one[word] else 0
        scores.append(score)
    return scores


def slow(query: str, passages: list[str], fusion: Fusion) -> dict[str, float]:
    encoder = HashEncoder()
    cosines = encoder.encode(passages).astype(np.float64) @ encoder.encode([query])[0]
    by_words = np.array(slow_bm25(query, passages))
    if fusion == "weighted":
        scores = 0.7 * cosines / max(cosines.max(), 0.1) + 0.3 * by_words / (by_words.max() or 1)
    elif fusion == "vectors":
        scores = cosines
    elif fusion == "words":
        scores = by_words
    else:
        ranks = (np.argsort(np.argsort(-list_)) for list_ in (cosines, by_words))
        near, worded = ranks
        scores = 1 / (61 + near) + np.where(by_words > 0, 1 / (61 + worded), 0)
    return dict(zip(passages, scores.tolist(), strict=True))


SENTENCES = [f"{a} {b} {c}." for a in ("the cat", "a dog", "Dr. Ann") for b in ("sat on", "ran past") for c in "xyz"]


@pytest.mark.parametrize("fusion", FUSIONS)
def test_scores_are_those_of_the_formulas(fusion: Fusion) -> None:
    passages = [f"{text} {'word ' * number}{number}" for number, text in enumerate(SENTENCES)]
    index = small(fusion=fusion, vector_share=0.7)
    for start in range(0, len(passages), 5):  # several segments
        index.add_texts(passages[start : start + 5])
    for query in ("the cat 3", "dr ann ran past y"):
        expected = slow(query, passages, fusion)
        found = {one.document.page_content: one.score for one in index.matches(query, 100)}
        assert set(found) == {text for text, score in expected.items() if score or fusion != "words"}
        for text, score in found.items():
            assert score == pytest.approx(expected[text], abs=1e-6)
        assert list(found.values()) == sorted(found.values(), reverse=True)


@given(st.lists(texts, min_size=1, max_size=30), st.integers(1, 12), texts)
@settings(max_examples=25, deadline=None)
def test_the_nearest_are_the_nearest(passages: list[str], k: int, query: str) -> None:
    index = DocumentIndex.from_texts(passages, HashEmbeddings())
    encoder = HashEncoder()
    vectors = encoder.encode(passages).astype(np.float64)
    vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
    asked = encoder.encode([query])[0]
    expected = np.sort(vectors @ asked)[::-1][:k]
    found = [one.score for one in index.matches_by_vector(asked, k)]
    assert found == pytest.approx(expected.tolist(), abs=1e-5)


def test_equal_scores_come_in_the_same_order_whatever_came_first() -> None:
    same = {f"id {number}": "the cat sat" for number in range(40)}
    forward, backward = small(copies=True), small(copies=True)
    for name in same:
        forward.add_texts([same[name]], ids=[name])
    backward.add_texts(list(same.values())[::-1], ids=list(same)[::-1])
    assert [one.document.id for one in forward.matches("cat", 7)] == [
        one.document.id for one in backward.matches("cat", 7)
    ]
    assert len({one.document.id for one in forward.matches("cat", 7)}) == 7


class Wide(HashEmbeddings):
    def __init__(self) -> None:
        super().__init__()
        self._encoder = HashEncoder(256)


@pytest.mark.parametrize("scan", ["hnsw", "sq8", "binary"])
def test_other_scans_find_nearly_what_flat_finds(scan: Scan) -> None:
    passages = [f"{text} {number} {number % 7}" for number, text in enumerate(SENTENCES * 60)]
    flat, other = (
        DocumentIndex(embeddings=Wide(), settings=IndexSettings(scan=one, fusion="vectors")) for one in ("flat", scan)
    )
    for index in (flat, other):
        index.add_texts(passages, ids=[str(number) for number in range(len(passages))])
    hits = 0
    for query in passages[:400:20]:
        expected, found = flat.matches(query, 10), other.matches(query, 10)
        exact = {one.document.id: one.cosine for one in flat.matches(query, len(passages))}
        assert all(one.cosine == exact[one.document.id] for one in found)  # compared by the vectors themselves
        hits += len({one.document.id for one in expected} & {one.document.id for one in found})
    assert hits >= 180
    other.delete([str(number) for number in range(0, len(passages), 2)])
    assert len(other.matches(passages[1], 10)) == 10
    assert all(int(one.document.id or 0) % 2 for one in other.matches(passages[1], 300))


@given(st.dictionaries(names, sectioned, min_size=1), st.sampled_from(("weighted", "reciprocal")), st.floats(0, 1))
@settings(max_examples=12, deadline=None)
def test_a_score_takes_from_its_section_and_those_beside_it(
    documents: dict[str, str], fusion: Fusion, share: float
) -> None:
    index = small(fusion=fusion, context=share, copies=True)
    alone = small(index.folder, fusion=fusion, context=0, copies=True)
    index.put([Document(text, metadata={"source": name}) for name, text in documents.items()])
    for query in QUERIES:
        own = {one.document.id: one.score for one in alone.matches(query, 9_999)}
        expected: dict[str | None, float] = {}
        for name in documents:
            entries = index.entries(name)
            sections = [str(one.metadata["headings"]) for one in entries]
            scores = [own[one.id] for one in entries]
            best = [max(s for s, other in zip(scores, sections, strict=True) if other == one) for one in sections]
            moved = [(1 - share) * a + share * b for a, b in zip(scores, best, strict=True)]
            beside = [max(moved[max(at - 1, 0) : at + 2]) for at in range(len(moved))]
            for one, a, b in zip(entries, moved, beside, strict=True):
                expected[one.id] = (1 - share) * a + share * b
        found = {one.document.id: one.score for one in index.matches(query, 9_999)}
        assert found == pytest.approx(expected, abs=1e-9)


def test_what_stands_beside_is_found_only_where_it_may_be() -> None:
    text = "".join(f"# Part {at}\n\nThe {'cat' if at == 5 else 'dog'} of part {at}.\n\n" for at in range(12))
    index = small(depth=1)
    index.put([Document(text, metadata={"source": "book"})], {"book": tree("book")})
    found = [one.document.metadata["headings"] for one in index.matches("cat", 3, kind="chunk")]
    assert found[0] == ["Part 5"]
    assert {one.document.metadata["kind"] for one in index.matches("cat", 3, kind="chunk")} == {"chunk"}
    even = index.matches("cat", 9, filter=lambda one: one.metadata.get("headings") in (["Part 4"], ["Part 8"]))
    assert sorted(one.document.metadata["headings"] for one in even) == [["Part 4"], ["Part 8"]]


def test_words_that_only_ask_count_where_there_are_no_others() -> None:
    assert asked_words("What does the harbour's master say about this?") == {"harbour", "master", "say"}
    assert asked_words("Who is it?") == {"who", "is", "it"}
    assert asked_words("?") == set()


# --- options


def stocked() -> DocumentIndex:
    index = small()
    for number in range(30):
        index.add_texts([f"the cat number {number}"], [{"n": number, "odd": number % 2 == 1}], ids=[str(number)])
    return index


def test_a_filter_is_asked_before_the_order_is_cut() -> None:
    index = stocked()
    everyone = index.matches("cat number", 30)
    odd = [one.document.id for one in everyone if one.document.metadata["odd"]]
    assert [one.document.id for one in index.matches("cat number", 5, filter={"odd": True})] == odd[:5]
    assert [one.document.id for one in index.matches("cat number", 99, filter=lambda d: d.metadata["odd"])] == odd
    assert [one.document.metadata["n"] for one in index.matches("cat", 4, filter={"n": 7, "odd": True})] == [7]
    assert index.matches("cat", filter={"n": 7, "odd": False}) == []
    assert index.matches("cat", filter={"absent": None}) == []
    chosen = index.matches("cat", 9, documents=["3", "4", "no such document"])
    assert {one.document.id for one in chosen} == {"3", "4"}
    assert index.matches("cat", 9, documents=[]) == []


def test_diverse_matches_do_not_repeat_themselves() -> None:
    index = DocumentIndex.from_texts(["the cat sat", "the cat sat!", "the cat sat?", "a dog ran"], HashEmbeddings())
    assert {one.page_content[:3] for one in index.similarity_search("the cat sat", 3)} == {"the"}
    diverse = index.max_marginal_relevance_search("the cat sat", 2, lambda_mult=0.3)
    assert [one.page_content[:3] for one in diverse] == ["the", "a d"]
    by_vector = index.max_marginal_relevance_search_by_vector(HashEmbeddings().embed_query("the cat sat"), 2)
    assert len(by_vector) == 2
    assert index.max_marginal_relevance_search("the cat", 0) == index.similarity_search("the cat", 0) == []


def tree(name: str) -> SummaryTree:
    leaf = Summary((Sentence("Ann owns a cat.", (Span(0, 14, name),)),), 4)
    below = SummaryTree("Pets", (Span(0, 40, name),), leaf, "k1")
    return SummaryTree(
        "Book", (Span(0, 90, name),), leaf, "k0", (below, SummaryTree("Blank", (), Summary((), 0), "k2"))
    )


def test_summaries_are_found_beside_chunks() -> None:
    index = small()
    index.put([Document("Ann owns a cat. It sleeps.", metadata={"source": "book"})], {"book": tree("book")})
    summaries = index.matches("cat", 9, kind="summary")
    assert sorted(one.document.metadata["title"] for one in summaries) == ["Book", "Pets"]
    book = next(one.document for one in summaries if one.document.metadata["title"] == "Book")
    assert book.metadata == {
        "source": "book",
        "title": "Book",
        "level": 1,
        "spans": [[0, 90]],
        "start_index": 0,
        "end_index": 90,
        "kind": "summary",
    }
    assert {one.document.metadata["kind"] for one in index.matches("cat", 9, kind="chunk")} == {"chunk"}
    assert len(index.matches("cat", 9)) == len(index) == len(index.entries("book"))


def test_langchains_scores_and_retrievers() -> None:
    index = stocked()
    scored = index.similarity_search_with_score("cat number 7", 3)
    assert [score for _, score in scored] == [one.score for one in index.matches("cat number 7", 3)]
    relevant = index.similarity_search_with_relevance_scores("the cat number 7", 3)
    assert relevant[0][0].metadata["n"] == 7
    assert 0 <= relevant[-1][1] <= relevant[0][1] <= 1
    retriever = index.as_retriever(search_type="mmr", search_kwargs={"k": 2, "filter": {"odd": True}})
    assert all(one.metadata["odd"] for one in retriever.invoke("cat number"))
    threshold = index.as_retriever(search_type="similarity_score_threshold", search_kwargs={"score_threshold": 0.99})
    assert [one.metadata["n"] for one in threshold.invoke("the cat number 7")] == [7]
    assert len(IndexRetriever(index=index, k=3, diverse=True).invoke("cat")) == 3


# --- what is embedded


def test_only_what_changed_is_embedded(tmp_path: Path) -> None:
    embeddings = CountingEmbeddings()
    index = DocumentIndex(tmp_path, embeddings, chunker=SectionChunker(20))
    parts = [f"# Part {number}\n\nWhat part {number} says is here.\n\n" for number in range(20)]

    def give(parts: list[str], **metadata: Any) -> int:
        embeddings.texts.clear()
        index.put([Document("".join(parts), metadata={"source": "book", **metadata})])
        return len(embeddings.texts)

    assert give(parts) == len(index)
    before = {one.page_content: one.id for one in index.entries("book")}
    generation = index.entries("book")
    assert give(parts) == 0
    assert index.entries("book") == generation
    assert give([*parts[:9], "# New\n\nAn inserted part.\n\n", *parts[9:]]) == 1
    assert sum(before.get(one.page_content) == one.id for one in index.entries("book")) == len(before)
    assert give(parts[5:]) == 0
    assert give(parts[5:], edition=2) == 0
    assert {one.metadata["edition"] for one in index.entries("book")} == {2}
    assert [one.page_content for one in index.entries("book")] == parts[5:]
    index.put([Document(parts[7], metadata={"source": "other"})])
    assert embeddings.texts == []


def test_a_langchain_splitter_cuts_as_well(tmp_path: Path) -> None:
    splitter = CharacterTextSplitter(separator=" ", chunk_size=8, chunk_overlap=0)
    index = DocumentIndex(tmp_path, HashEmbeddings(), chunker=splitter)
    index.put([Document("one two three four", id="d", metadata={"by": "ann"})])
    assert [one.page_content for one in index.entries("d")] == ["one two", "three", "four"]
    assert index.matches("three", 1)[0].document.metadata == {"by": "ann", "kind": "chunk"}


# --- refusals


def test_what_cannot_be_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not JSON"):
        small().add_texts(["a"], [{"when": object()}])
    with pytest.raises(InputError, match="give one each"):
        small().add_documents([Document("a")], ids=["1", "2"])
    with pytest.raises(InputError, match="kind is 'page'"):
        small().matches("a", kind="page")
    index = DocumentIndex(tmp_path, HashEmbeddings(), fingerprint="one")
    index.add_texts(["a"])
    with pytest.raises(InputError, match="built with the embeddings 'one'"):
        DocumentIndex(tmp_path, HashEmbeddings(), fingerprint="two")
    with pytest.raises(InputError, match="a query of 3 numbers"):
        index.matches_by_vector([1, 2, 3])


@pytest.mark.parametrize(
    ("name", "value"),
    [("scan", "fast"), ("fusion", "best"), ("vector_share", 1.1), ("links", 1), ("depth", 0), ("rescored", 0)],
)
def test_settings_are_checked(name: str, value: object) -> None:
    with pytest.raises(InputError, match=f"{name} is {value!r}"):
        IndexSettings(**{name: value})  # type: ignore[arg-type]


class Poor(HashEmbeddings):
    def __init__(self, answer: Any) -> None:
        super().__init__()
        self.answer = answer

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        return self.answer  # type: ignore[no-any-return]


@pytest.mark.parametrize("answer", [[], [[1.0], [2.0]], [[float("nan"), 1.0]]])
def test_poor_embeddings_are_refused_and_nothing_is_kept(answer: Any, tmp_path: Path) -> None:
    index = DocumentIndex(tmp_path, Poor(answer))
    with pytest.raises(InputError):
        index.add_texts(["a"])
    assert len(index) == 0
    assert index.documents() == {}


# --- readers and writers


def test_a_reader_sees_whole_documents_while_they_change(tmp_path: Path) -> None:
    versions = [f"# Title\n\nVersion {number} one.\n\n# End\n\nVersion {number} two." for number in range(25)]
    reader, writer = small(tmp_path), small(tmp_path)
    writer.put([Document(versions[0], id="d")])
    torn: list[list[Match]] = []
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            found = reader.matches("version", 5)
            if len(found) != 2 or len({one.document.page_content.split()[3] for one in found}) != 1:
                torn.append(found)

    threads = [threading.Thread(target=read) for _ in range(2)]
    for thread in threads:
        thread.start()
    for version in versions:
        writer.put([Document(version, id="d")])
    done.set()
    for thread in threads:
        thread.join()
    assert torn == []


def test_leftovers_are_cleared_and_segments_stay_few(tmp_path: Path) -> None:
    (tmp_path / "segments" / "of a killed writer").mkdir(parents=True)
    index = small(tmp_path)
    for number in range(70):
        index.add_texts([f"text {number}"], ids=[str(number)])
    assert len(list((tmp_path / "segments").iterdir())) <= 7
    index.delete([str(number) for number in range(69)])
    assert len(list((tmp_path / "segments").iterdir())) == 1
    index.delete()
    assert list((tmp_path / "segments").iterdir()) == []
    assert index.similarity_search("text") == []
