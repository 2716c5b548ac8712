from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fakes import CharacterTokenizer
from hypothesis import given, settings
from hypothesis import strategies as st
from langchain_core.documents import Document
from strategies import sectioned, texts

import longdoc
from longdoc.chunkers.section import SectionChunker
from longdoc.chunkers.text.sections import split_sections
from longdoc.chunkers.token import TokenChunker
from longdoc.errors import InputError
from longdoc.pipelines.sources import join_chunks, load_sources


def named(text: str, source: str) -> Document:
    return Document(page_content=text, metadata={"source": source})


@given(
    text=texts.filter(bool),
    most=st.integers(1, 50),
    overlap=st.integers(0, 10),
    kind=st.sampled_from([SectionChunker, TokenChunker]),
)
def test_chunks_are_put_together_again(
    text: str, most: int, overlap: int, kind: type[SectionChunker | TokenChunker]
) -> None:
    chunker = kind(most, min(overlap, most - 1), CharacterTokenizer())
    chunks = list(chunker.split(named(text, "a")))
    (joined,) = join_chunks(chunks)
    assert joined.page_content == text
    assert joined.metadata["source"] == "a"
    assert join_chunks(list(reversed(chunks)))[0].page_content == text


@settings(max_examples=40)
@given(text=sectioned, most=st.integers(10, 80), dropped=st.sets(st.integers(0, 20)))
def test_what_is_left_of_the_chunks_keeps_its_place(text: str, most: int, dropped: set[int]) -> None:
    chunks = list(SectionChunker(most, tokenizer=CharacterTokenizer()).split(named(text, "a")))
    kept = [chunk for number, chunk in enumerate(chunks) if number not in dropped] or chunks
    (joined,) = join_chunks(kept)
    for chunk in kept:
        start, end = chunk.metadata["start_index"], chunk.metadata["end_index"]
        assert joined.page_content[start:end] == chunk.page_content
    covered = {at for c in kept for at in range(c.metadata["start_index"], c.metadata["end_index"])}
    gaps = [character for at, character in enumerate(joined.page_content) if at not in covered]
    assert set(gaps) <= {" "}


@settings(max_examples=50)
@given(text=sectioned, most=st.integers(10, 80), first=st.integers(0, 3))
def test_headings_come_back_and_are_no_part_of_the_body(text: str, most: int, first: int) -> None:
    chunks = list(SectionChunker(most, tokenizer=CharacterTokenizer()).split(named(text, "a")))[first:]
    if not chunks:
        return
    (joined,) = join_chunks(chunks)
    bodies = {section.span.start: section.body for section in split_sections(text)}
    sections = list(split_sections(joined.page_content, joined.metadata.get("outline")))
    for section in sections:
        start = section.span.start
        if section.span.of(joined.page_content).isspace():  # in place of the chunks that are not there
            continue
        if start in bodies:
            assert section.body == bodies[start]  # the heading's own line, markup and all
        else:
            title = section.headings[-1]  # a chunk from the middle of a section begins with text
            assert section.body == start or joined.page_content.startswith(title, start)


def test_runs_of_chunks_of_several_sources_stay_apart() -> None:
    chunker = TokenChunker(3, tokenizer=CharacterTokenizer())
    chunks = chunker.transform_documents([named("abcdef", "a"), named("ghij", "b")])
    plain = named("whole", "c")
    assert [(d.page_content, d.metadata["source"]) for d in join_chunks([*chunks, plain])] == [
        ("abcdef", "a"),
        ("ghij", "b"),
        ("whole", "c"),
    ]


def test_documents_are_given_names_of_their_own() -> None:
    loaded = load_sources([named("one", "a"), named("two", "a"), named("three", "a#2"), "some words", Document("four")])
    assert [d.metadata["source"] for d in loaded] == ["a", "a#2", "a#2#2", "text", "text#2"]
    assert [d.page_content for d in loaded] == ["one", "two", "three", "some words", "four"]


@given(st.lists(st.sampled_from(["a", "a#2", "a#2#2", "b", ""]), min_size=1, max_size=8))
def test_names_are_distinct(names: list[str]) -> None:
    loaded = load_sources([named(f"text {n}", name) for n, name in enumerate(names)])
    assert len({d.metadata["source"] for d in loaded}) == len(names)
    assert [d.page_content for d in loaded] == [f"text {n}" for n in range(len(names))]


def test_the_given_documents_stay_as_they_are() -> None:
    document = Document(page_content="text", metadata={"page": 3})
    assert load_sources(document)[0].metadata == {"page": 3, "source": "text"}
    assert document.metadata == {"page": 3}


def test_a_path_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.md"
    path.write_text("# Title\n\nText.")
    (document,) = load_sources(path)
    assert document.page_content == "# Title\n\nText."
    assert document.metadata["source"] == str(path)


def test_a_string_that_names_a_file_is_refused_in_every_stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.md").write_text("# Title\n\nA secret.")
    monkeypatch.chdir(tmp_path)
    stages: list[Callable[[Any], object]] = [
        load_sources,
        longdoc.summarize,
        longdoc.plan,
        longdoc.chunk,
        longdoc.Summarization(max_tokens=60).invoke,
    ]
    for stage in stages:
        for given_source in ("a.md", str(tmp_path / "a.md"), ["text", "a.md"]):
            with pytest.raises(InputError, match=r"is a text.*write Path\('.*a\.md'\)"):
                stage(given_source)
    assert [d.page_content for d in load_sources([Path("a.md"), "a.md and more", "a.md\n"])][1:] == [
        "a.md and more",
        "a.md\n",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "no such file",
        "a\nb.txt",
        "see notes.txt",
        "x" * 2000 + ".txt",
        "nul\0.txt",
        "word",
        "missing.txt",
        "/",
        "\ud800",
    ],
)
def test_other_strings_are_the_text_itself(text: str) -> None:
    assert load_sources(text)[0].page_content == text


@given(text=texts.filter(str.strip))
def test_a_string_is_itself(text: str) -> None:
    assert load_sources(text)[0].page_content == text


@pytest.mark.parametrize("path", ["missing.txt", "MISSING.PDF", "no/such/folder/a.html"])
def test_a_path_to_nothing_is_refused(path: str) -> None:
    with pytest.raises(InputError, match="does not exist"):
        load_sources(Path(path))


@pytest.mark.parametrize("places", [[-1], [0, -1], [-1, -1], [5, -3, 0]])
def test_a_place_that_was_not_found_is_no_place(places: list[int]) -> None:
    chunks = [Document(page_content="some text", metadata={"source": "a", "start_index": place}) for place in places]
    with pytest.raises(InputError, match=r"a chunk of 'a' has start_index -\d"):
        join_chunks(chunks)


@pytest.mark.parametrize("sources", ["", " \n\t", [], ["text", ""], Document(page_content=" ")])
def test_nothing_to_read_is_refused(sources: str | list[str] | Document) -> None:
    with pytest.raises(InputError, match="give"):
        load_sources(sources)
