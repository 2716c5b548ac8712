"""Documents with one source are its parts: none vanishes, and what is put again replaces what it was."""

from __future__ import annotations

from typing import Any, Literal

import pytest
from fakes import HashEmbeddings
from hypothesis import given, settings
from hypothesis import strategies as st
from langchain_core.documents import Document
from langchain_core.indexing import InMemoryRecordManager, aindex
from langchain_core.indexing import index as synchronise

from longdoc import DocumentChat
from longdoc.chunkers.section import SectionChunker
from longdoc.memory.index.document_index import DocumentIndex


def small() -> DocumentIndex:
    return DocumentIndex(embeddings=HashEmbeddings(), chunker=SectionChunker(12))


def page(number: int, text: str, **more: Any) -> Document:
    return Document(text, metadata={"source": "a.pdf", "page": number, **more})


def held(index: DocumentIndex, name: str = "a.pdf") -> list[str]:
    return [one.page_content for one in index.entries(name)]


def test_two_pages_of_one_source_are_both_found() -> None:
    index = small()
    assert index.put([page(0, "The fee is 5 pounds."), page(1, "The ship is red.")]) == ["a.pdf", "a.pdf"]
    assert held(index) == ["The fee is 5 pounds.", "The ship is red."]
    assert index.documents() == {"a.pdf": 2}
    for question, number in (("What is the fee?", 0), ("Which colour has the ship?", 1)):
        assert index.matches(question, 1, documents=["a.pdf"])[0].document.metadata["page"] == number
    assert [one.metadata["part"] for one in index.entries("a.pdf")] == ["page=0", "page=1"]


def test_pages_in_calls_of_their_own_are_all_found_in_order() -> None:
    index = small()
    for number in (2, 10, 0, 1):
        index.put([page(number, f"Page {number}.")])
    assert held(index) == ["Page 0.", "Page 1.", "Page 2.", "Page 10."]
    index.put([page(2, "Another page 2.")])
    assert held(index) == ["Page 0.", "Page 1.", "Another page 2.", "Page 10."]


def test_a_file_put_again_leaves_nothing_of_what_it_was() -> None:
    index = small()
    index.put([page(number, f"Page {number}.") for number in range(5)])
    index.put([page(0, "A new page 0."), page(1, "Page 1.")])
    assert held(index) == ["A new page 0.", "Page 1."]
    index.put([page(0, "All there is.", total_pages=1)])
    assert held(index) == ["All there is."]
    index.put([Document("The whole.", metadata={"source": "a.pdf"})])
    assert held(index) == ["The whole."]
    index.put([page(3, "A page.")])
    assert held(index) == ["A page."]
    index.put([page(0, "First."), page(3, "Fourth.")])
    index.delete(["a.pdf"])
    assert (held(index), len(index)) == ([], 0)


def test_a_long_file_may_come_in_several_calls() -> None:
    index = small()
    for name in ("old", "new"):
        for start in (0, 3, 6):
            index.put([page(number, f"The {name} page {number}.") for number in range(start, start + 3)])
        assert held(index) == [f"The {name} page {number}." for number in range(9)]


def test_parts_without_a_place_are_known_by_their_order() -> None:
    index = small()
    rows = [Document(text, metadata={"source": "t.csv"}) for text in ("one", "two", "one")]
    index.put(rows)
    assert held(index, "t.csv") == ["one", "two", "one"]
    index.put([Document("changed", metadata={"source": "t.csv"})])
    assert held(index, "t.csv") == ["changed"]
    index.put([Document(text, metadata={"source": "t.csv", "row": 4}) for text in ("left", "right")])
    assert held(index, "t.csv") == ["left", "right"]


def test_equal_texts_without_a_source_keep_their_metadata() -> None:
    index = small()
    for who in ("Ann", "Bob", "Ann"):
        index.put([Document("The same text.", metadata={"by": who})])
    index.put([Document("The same text."), Document("The same text.")])
    told = [index.entries(name)[0].metadata for name in index.documents()]
    assert sorted(str(one.get("by")) for one in told) == ["Ann", "Bob", "None"]


def test_a_text_under_many_names_is_found_once() -> None:
    index = small()
    copies = [Document("# Harbour\n\nBuilt in 1843.\n", metadata={"source": f"copy {n}"}) for n in range(200)]
    index.put([*copies, Document("# Dues\n\nHarbour dues were set in 1850.\n", metadata={"source": "dues"})])
    found = index.matches("When was the harbour built and what were harbour dues?", 4)
    assert len(found) == 2
    assert {one.document.metadata["source"] == "dues" for one in found} == {True, False}
    assert len(index.diverse_matches("harbour built", 4)) == 2
    kept = index.matches("harbour built", 4, documents=["copy 7"])
    assert [one.document.metadata["source"] for one in kept] == ["copy 7"]


def test_a_text_that_a_document_says_twice_is_found_at_both_places() -> None:
    index = small()
    twice = "# Harbour\n\nBuilt in 1843.\n\n# Dues\n\nSet in 1850.\n\n# Harbour\n\nBuilt in 1843.\n"
    index.put([Document(twice, metadata={"source": name}) for name in ("a", "b")])
    found = index.matches("When was the harbour built?", 6)
    places = [one.document.metadata["start_index"] for one in found if "1843" in one.document.page_content]
    assert len(places) == len(set(places)) == 2
    assert len({one.document.metadata["source"] for one in found if "1843" in one.document.page_content}) == 1


parts = st.dictionaries(st.integers(0, 5), st.sampled_from(("the cat sat", "a dog ran", "naïve")), min_size=1)


@given(st.lists(parts, max_size=6))
@settings(max_examples=40, deadline=None)
def test_a_source_is_what_its_parts_were_last_put_as(calls: list[dict[int, str]]) -> None:
    index, expected = small(), dict[int, str]()
    for call in calls:
        again = len(call) > 1 and min(expected, default=-1) in call
        expected = {**({} if again else expected), **call}
        index.put([page(number, text) for number, text in call.items()])
        ids = [one.id for one in index.entries("a.pdf")]
        assert len(set(ids)) == len(ids)
        assert [(one.metadata["page"], one.page_content) for one in index.entries("a.pdf")] == sorted(expected.items())


def test_an_answer_quotes_the_page_that_it_is_out_of() -> None:
    index = DocumentIndex()
    index.put([page(1, "The fee for a boat is 5 pounds."), page(2, "The ship of the mayor is painted red.")])
    answer = DocumentChat(index).ask("Which colour is the ship of the mayor?")
    assert [(one.source, one.page, one.quote) for one in answer.citations] == [
        ("a.pdf", 2, "The ship of the mayor is painted red.")
    ]


# --- LangChain's index()

Cleanup = Literal["incremental", "full", "scoped_full"]
STEPS: list[dict[str, dict[str, str]]] = [
    {"a": {"0": "the cat", "1": "the dog"}, "b": {"0": "a bird"}},
    {"a": {"0": "the cat", "1": "the wolf"}, "b": {"0": "a bird"}},
    {"a": {"0": "the cat"}},
    {"b": {"0": "the fish", "1": "a bird"}, "c": {"0": "the cat"}},
    {"a": {"0": "the dog", "1": "the dog"}, "b": {"0": "a bird"}},
]


def given_documents(step: dict[str, dict[str, str]]) -> list[Document]:
    return [
        Document(text, metadata={"source": source, "page": int(number)})
        for source, pages in step.items()
        for number, text in pages.items()
    ]


@pytest.mark.parametrize("cleanup", [None, "incremental", "full", "scoped_full"])
@pytest.mark.parametrize("forced", [False, True])
@pytest.mark.parametrize("batch", [1, 100])
def test_langchain_keeps_an_index_as_its_sources_are(cleanup: Cleanup | None, forced: bool, batch: int) -> None:
    records, index = InMemoryRecordManager("n"), small()
    records.create_schema()
    expected: set[tuple[str, int, str]] = set()
    for step in STEPS:
        documents = given_documents(step)
        told = {(one.metadata["source"], one.metadata["page"], one.page_content) for one in documents}
        if cleanup == "full":
            expected = told
        elif cleanup is None:
            expected = expected | told
        else:
            expected = {one for one in expected if one[0] not in step} | told
        synchronise(
            documents,
            records,
            index,
            cleanup=cleanup,
            source_id_key="source",
            key_encoder="sha256",
            batch_size=batch,
            force_update=forced,
        )
        entries = [entry for name in index.documents() for entry in index.entries(name)]
        assert {(e.metadata["source"], e.metadata["page"], e.page_content) for e in entries} == expected
        assert len(entries) == len(expected)
        assert index.get_by_ids([str(e.id) for e in entries]) == entries


@pytest.mark.asyncio
async def test_langchain_does_so_without_blocking() -> None:
    records, index = InMemoryRecordManager("n"), small()
    records.create_schema()
    options: dict[str, Any] = {"cleanup": "full", "source_id_key": "source", "key_encoder": "sha256"}
    told = [await aindex(given_documents(step), records, index, **options) for step in STEPS[:2]]
    assert [(one["num_added"], one["num_deleted"], one["num_skipped"]) for one in told] == [(3, 0, 0), (1, 1, 2)]


@given(st.lists(st.tuples(st.booleans(), st.sampled_from("xyz"), st.sampled_from(("one", "two"))), max_size=12))
@settings(max_examples=40, deadline=None)
def test_a_deleted_id_may_be_given_again(steps: list[tuple[bool, str, str]]) -> None:
    index, expected = small(), dict[str, str]()
    for adds, name, text in steps:
        if adds:
            index.add_documents([Document(text)], ids=[name], batch_size=7)
            expected[name] = text
        else:
            index.delete([name])
            expected.pop(name, None)
        found = index.get_by_ids(list("xyz"))
        assert {str(one.id): one.page_content for one in found} == expected
        assert len(index) == len(expected)
