"""What every chunker must hold, whatever the text, the limits and the tokenizer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from functools import cache
from itertools import cycle, pairwise
from pathlib import Path

import pytest
from fakes import CharacterTokenizer, NastyTokenizer
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from langchain_core.documents import Document
from langchain_core.runnables import RunnableLambda
from strategies import sectioned, texts

from longdoc.chunkers.base import Chunker
from longdoc.chunkers.tokenizers.base import Tokenizer, load_tokenizer
from longdoc.errors import BudgetError, InputError
from longdoc.testing import CountingTokenizer

KEYS = ["source", "start_index", "end_index", "token_count", "headings"]
ANY_TOKENIZER = pytest.mark.parametrize("tokenizer", ["bundled", "characters", "nasty"])
inherited = settings(max_examples=20, suppress_health_check=[HealthCheck.differing_executors])
limits = st.integers(8, 60).flatmap(lambda most: st.tuples(st.just(most), st.integers(0, most - 1)))


@cache
def tokenizer_named(name: str) -> Tokenizer:
    return {"characters": CharacterTokenizer, "nasty": NastyTokenizer}.get(name, load_tokenizer)()


def pieces(text: str, sizes: list[int]) -> Iterator[str]:
    at = 0
    for size in cycle(sizes):
        if at >= len(text):
            return
        yield text[at : at + size]
        at += size


class ChunkerContract:
    chunker: Callable[..., Chunker]

    def chunks(self, text: str | Document, limit: tuple[int, int], tokenizer: str) -> list[Document]:
        return list(self.chunker(*limit, tokenizer=tokenizer_named(tokenizer)).split(text))

    @ANY_TOKENIZER
    @inherited
    @given(text=texts, limit=limits)
    @example(text="a" * 9, limit=(8, 0))
    @example(text="a" * 40, limit=(8, 7))
    @example(text="a " * 40, limit=(9, 8))
    @example(text="\r\n" * 40, limit=(8, 3))
    def test_a_chunk_is_the_text_of_its_span(self, text: str, limit: tuple[int, int], tokenizer: str) -> None:
        for chunk in self.chunks(text, limit, tokenizer):
            assert chunk.page_content == text[chunk.metadata["start_index"] : chunk.metadata["end_index"]]

    @ANY_TOKENIZER
    @inherited
    @given(text=texts, limit=limits)
    @example(text="a" * 41, limit=(8, 7))
    def test_chunks_tile_the_text(self, text: str, limit: tuple[int, int], tokenizer: str) -> None:
        chunks = self.chunks(text, limit, tokenizer)
        spans = [(chunk.metadata["start_index"], chunk.metadata["end_index"]) for chunk in chunks]
        assert spans[:1] == ([(0, spans[0][1])] if text else [])
        assert all(start < end for start, end in spans)
        for (start, end), (next_start, next_end) in pairwise(spans):
            assert start < next_start <= end < next_end  # nothing between, and each brings something new
        joined, reached = "", 0
        for chunk, (start, end) in zip(chunks, spans, strict=True):
            joined, reached = joined + chunk.page_content[reached - start :], end
        assert joined == text

    @ANY_TOKENIZER
    @inherited
    @given(text=texts, limit=limits)
    @example(text="a" * 100, limit=(8, 4))
    @example(text=("a" * 8 + "b") * 30, limit=(9, 4))
    def test_no_chunk_is_over_its_budget(self, text: str, limit: tuple[int, int], tokenizer: str) -> None:
        for chunk in self.chunks(text, limit, tokenizer):
            alone = tokenizer_named(tokenizer).count(chunk.page_content)
            assert chunk.metadata["token_count"] == alone <= limit[0]

    @inherited
    @given(text=texts, limit=limits)
    def test_no_more_tokens_than_asked_are_said_again(self, text: str, limit: tuple[int, int]) -> None:
        for before, after in pairwise(self.chunks(text, limit, "characters")):
            assert before.metadata["end_index"] - after.metadata["start_index"] <= limit[1]

    @inherited
    @given(text=texts.filter(bool), most=st.integers(1, 7))
    def test_a_character_that_alone_does_not_fit_is_refused(self, text: str, most: int) -> None:
        nasty = tokenizer_named("nasty")
        refused = None
        chunks: list[Document] = []
        try:
            chunks = self.chunks(text, (most, 0), "nasty")
        except BudgetError as error:
            refused = str(error)
        if refused is None:  # a character may fit beside others where alone it would not
            assert all(nasty.count(chunk.page_content) <= most for chunk in chunks)
        else:
            assert max(map(nasty.count, text)) > most

    def test_the_refusal_names_the_character_and_what_it_takes(self) -> None:
        with pytest.raises(BudgetError, match=r"'😀' alone takes 4 tokens; raise max_tokens to 4 or more"):
            self.chunks("ok 😀", (3, 0), "nasty")

    @pytest.mark.parametrize(("most", "overlap"), [(0, 0), (-1, 0), (5, 5), (5, 9), (5, -1)])
    def test_limits_that_cannot_hold_are_refused(self, most: int, overlap: int) -> None:
        with pytest.raises(BudgetError, match=r"give"):
            self.chunker(most, overlap, tokenizer_named("characters"))

    @ANY_TOKENIZER
    @pytest.mark.parametrize("unit", ["a", "word ", " ", "\n", "日", "ab. Cd! ", "x\r\n", "\ud800"])
    def test_long_texts_past_one_window(self, unit: str, tokenizer: str) -> None:
        text = unit * (40_000 // len(unit)) + "end"
        chunks = self.chunks(text, (4096, 16), tokenizer)
        counts = [tokenizer_named(tokenizer).count(chunk.page_content) for chunk in chunks]
        assert max(counts) <= 4096
        assert chunks[0].metadata["start_index"] == 0
        assert chunks[-1].metadata["end_index"] == len(text)
        for before, after in pairwise(chunks):
            assert after.metadata["start_index"] <= before.metadata["end_index"] < after.metadata["end_index"]

    @ANY_TOKENIZER
    @inherited
    @given(text=st.one_of(texts, sectioned), limit=limits, sizes=st.lists(st.integers(1, 50), min_size=1, max_size=6))
    def test_a_stream_has_the_chunks_of_the_text(
        self, text: str, limit: tuple[int, int], tokenizer: str, sizes: list[int]
    ) -> None:
        chunker = self.chunker(*limit, tokenizer=tokenizer_named(tokenizer))
        assert list(chunker.split_stream(pieces(text, sizes))) == list(chunker.split(text))

    @pytest.mark.parametrize("size", [1, 1000, 1 << 20])
    def test_a_long_stream_has_the_chunks_of_the_text(self, size: int) -> None:
        text = "".join(f"# Part {n}\n\nIt is so. {'He went on, and on. ' * (n % 90)}\n\n" for n in range(150))
        text += "".join(f"word{n} " for n in range(12_000 if size > 1 else 2000)) + "日本語" * 3000
        chunker = self.chunker(200, 20, tokenizer_named("bundled"))
        assert list(chunker.split_stream(pieces(text, [size]), "a.md")) == [
            chunk.model_copy(update={"metadata": {**chunk.metadata, "source": "a.md"}}) for chunk in chunker.split(text)
        ]

    def test_chunks_come_out_before_the_stream_ends(self) -> None:
        given_out = 0

        def endless() -> Iterator[str]:
            nonlocal given_out
            while True:
                given_out += 1
                yield "It goes on. And on.\n\n" * 50

        chunks = self.chunker(100, tokenizer=tokenizer_named("characters")).split_stream(endless())
        assert next(chunks).metadata["start_index"] == 0
        assert given_out < 2000

    def test_a_piece_that_is_no_text_is_refused(self) -> None:
        with pytest.raises(TypeError, match=r"pieces of [\w.]+ is .*; give a list of texts"):
            self.chunker(100).split_stream([b"bytes"])  # type: ignore[list-item]
        with pytest.raises(TypeError, match=r"bytes; give pieces that are str"):
            list(self.chunker(100).split_stream(iter([b"bytes"])))  # type: ignore[arg-type]

    def test_the_metadata_of_a_text(self) -> None:
        chunks = self.chunks("One two three. Four five six.", (5, 0), "bundled")
        assert [list(chunk.metadata) for chunk in chunks] == [KEYS] * len(chunks)
        assert {chunk.metadata["source"] for chunk in chunks} == {""}
        assert all(type(value) in (str, int, list) for chunk in chunks for value in chunk.metadata.values())

    @inherited
    @given(text=texts.filter(bool), limit=limits, edges=st.lists(st.integers(0, 200), min_size=1, max_size=5))
    def test_a_document_passes_its_metadata_and_pages_on(
        self, text: str, limit: tuple[int, int], edges: list[int]
    ) -> None:
        pages = [0, *sorted(edges)]
        document = Document(page_content=text, metadata={"source": "a.pdf", "pages": pages, "author": "Ott"})
        for chunk in self.chunks(document, limit, "characters"):
            assert set(chunk.metadata) - {"table_header", "page_breaks"} == {*KEYS, "page", "author"}
            assert (chunk.metadata["source"], chunk.metadata["author"]) == ("a.pdf", "Ott")
            assert chunk.metadata["page"] == sum(page <= chunk.metadata["start_index"] for page in pages)

    @inherited
    @given(given_texts=st.lists(texts, max_size=4), limit=limits)
    def test_documents_are_split_one_by_one(self, given_texts: list[str], limit: tuple[int, int]) -> None:
        chunker = self.chunker(*limit, tokenizer=tokenizer_named("characters"))
        documents = [Document(page_content=text, metadata={"source": str(n)}) for n, text in enumerate(given_texts)]
        apart = [chunk for document in documents for chunk in chunker.split(document)]
        assert chunker.transform_documents(documents) == chunker.invoke(documents) == apart
        assert chunker.batch([*documents, documents]) == [*(list(chunker.split(d)) for d in documents), apart]
        assert asyncio.run(chunker.ainvoke(documents)) == apart

    def test_a_text_a_document_or_a_list_is_taken(self) -> None:
        chunker = self.chunker(3, tokenizer=tokenizer_named("characters"))
        expected = list(chunker.split("abcdefg"))
        assert [chunk.page_content for chunk in expected] == ["abc", "def", "g"]
        assert chunker.invoke("abcdefg") == expected
        assert chunker.invoke(Document(page_content="abcdefg")) == expected
        assert chunker.invoke([Document(page_content="abcdefg")]) == expected
        assert chunker.invoke([]) == []
        assert chunker.split_text("abcdefg") == ["abc", "def", "g"]
        assert chunker.split_documents([Document(page_content="abcdefg")]) == expected

    def test_it_pipes(self) -> None:
        lengths = RunnableLambda(lambda chunks: [len(chunk.page_content) for chunk in chunks])
        assert (self.chunker(3, tokenizer=tokenizer_named("characters")) | lengths).invoke("abcdefg") == [3, 3, 1]

    def test_unknown_options_are_refused(self) -> None:
        with pytest.raises(TypeError, match="colour"):
            self.chunker(3, tokenizer=tokenizer_named("characters")).transform_documents([], colour=1)

    def test_a_file_is_read_and_split(self, tmp_path: Path) -> None:
        path = tmp_path / "a.txt"
        path.write_bytes(b"\xef\xbb\xbfone\r\ntwo")
        chunks = list(self.chunker(4, tokenizer=tokenizer_named("characters")).split_file(path))
        assert "".join(chunk.page_content for chunk in chunks) == "one\r\ntwo"
        assert {chunk.metadata["source"] for chunk in chunks} == {str(path)}

    def test_a_file_that_is_not_there_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(InputError, match="does not exist"):
            list(self.chunker().split_file(tmp_path / "none.txt"))

    def test_the_first_chunk_needs_no_more_than_a_window(self) -> None:
        tokenizer = CountingTokenizer(tokenizer_named("characters"))
        chunks = self.chunker(100, tokenizer=tokenizer).split("word " * 100_000)
        assert next(chunks).metadata["end_index"] == 100
        assert tokenizer.counted.characters < 100_000

    @pytest.mark.parametrize("unit", ["a", "word ", " ", "Ab cd. Ef.\n\n"])
    def test_what_the_tokenizer_reads_grows_with_the_text_only(self, unit: str) -> None:
        tokenizer = CountingTokenizer(tokenizer_named("bundled"))
        text = unit * (60_000 // len(unit))
        for _ in self.chunker(200, tokenizer=tokenizer).split(text):
            pass
        assert tokenizer.counted.characters < 6 * len(text)
