from __future__ import annotations

from functools import partial
from itertools import combinations, pairwise

import numpy as np
import pytest
from contracts.chunker_contract import ChunkerContract, inherited, limits, tokenizer_named
from fakes import HashEmbeddings
from hypothesis import given
from hypothesis import strategies as st
from strategies import sectioned, texts

from longdoc.chunkers.base import Chunker
from longdoc.chunkers.content import ContentChunker
from longdoc.chunkers.meaning import MeaningChunker
from longdoc.chunkers.section import SectionChunker
from longdoc.chunkers.section_content import SectionContentChunker
from longdoc.chunkers.sentence import SentenceChunker
from longdoc.chunkers.text.sections import split_sections
from longdoc.chunkers.text.sentences import split_sentences
from longdoc.chunkers.token import TokenChunker
from longdoc.models.encoder.embedder import Embedder


def pieces(chunker: Chunker, text: str) -> list[str]:
    return [chunk.page_content for chunk in chunker.split(text)]


def of(kind: type[Chunker], most: int, text: str) -> list[str]:
    return pieces(kind(most, tokenizer=tokenizer_named("characters")), text)


class TestTokenChunker(ChunkerContract):
    chunker = TokenChunker

    @inherited
    @given(text=texts, limit=limits)
    def test_cuts_wherever_the_number_falls(self, text: str, limit: tuple[int, int]) -> None:
        most, overlap = limit
        chunks = self.chunks(text, limit, "characters")
        step = most - overlap
        slow = [text[at : at + most] for at in range(0, len(text), step) if at == 0 or at + overlap < len(text)]
        assert [chunk.page_content for chunk in chunks] == slow

    def test_it_is_told_under_which_headings_it_is(self) -> None:
        chunks = self.chunks("# One\n\nabc\n\n## Two\n\ndefghijk", (8, 0), "characters")
        assert [(c.page_content, c.metadata["headings"]) for c in chunks] == [
            ("# One\n\na", ["One"]),
            ("bc\n\n## T", ["One"]),
            ("wo\n\ndefg", ["One", "Two"]),
            ("hijk", ["One", "Two"]),
        ]


class TestSentenceChunker(ChunkerContract):
    chunker = SentenceChunker

    def test_whole_sentences_as_many_as_fit(self) -> None:
        text = "Ab cd. Ef gh. Ij kl.\n\n# Mn\n\nOp qr."
        assert of(SentenceChunker, 15, text) == ["Ab cd. Ef gh. ", "Ij kl.\n\n# Mn\n\n", "Op qr."]
        assert of(SentenceChunker, 9, "Ab cd. One too long. Ef.") == ["Ab cd. ", "One too ", "long. Ef."]

    @inherited
    @given(text=sectioned, most=st.integers(8, 60))
    def test_a_chunk_ends_in_a_sentence_only_where_it_is_too_long(self, text: str, most: int) -> None:
        starts = {span.start for span in split_sentences(text)} | {len(text)}
        for chunk in self.chunks(text, (most, 0), "characters"):
            start, end = chunk.metadata["start_index"], chunk.metadata["end_index"]
            assert end in starts or not any(start < sentence <= start + most for sentence in starts)


class TestSectionChunker(ChunkerContract):
    chunker = SectionChunker

    @inherited
    @given(text=sectioned, limit=limits)
    def test_no_chunk_crosses_a_heading(self, text: str, limit: tuple[int, int]) -> None:
        sections = list(split_sections(text))
        for chunk in self.chunks(text, limit, "bundled"):
            start, end = chunk.metadata["start_index"], chunk.metadata["end_index"]
            home = next(section for section in sections if section.span.start <= start < section.span.end)
            assert end <= home.span.end
            assert chunk.metadata["headings"] == list(home.headings)

    def test_paragraphs_before_sentences_before_words(self) -> None:
        assert of(SectionChunker, 20, "Ab cd. Ef gh.\n\nIj kl. Mn op.") == ["Ab cd. Ef gh.\n\n", "Ij kl. Mn op."]
        assert of(SectionChunker, 16, "Ab cd. Ef gh. Ij kl.") == ["Ab cd. Ef gh. ", "Ij kl."]
        assert of(SectionChunker, 11, "abcd efgh ijkl") == ["abcd efgh ", "ijkl"]
        assert of(SectionChunker, 4, "abcdefghij") == ["abcd", "efgh", "ij"]
        assert of(SectionChunker, 12, "a: b\nc d e\nf g h") == ["a: b\nc d e\n", "f g h"]

    @pytest.mark.parametrize(
        "block",
        [
            "```python\nx = 1\n\ny = 2\n\nz = 3\n```\n",
            "| a | b |\n|---|---|\n| 1 | 2 |\n| 3 | 4 |\n| 5 | 6 |\n",
            "+---+---+\n| a | b |\n+===+===+\n| 1 | 2 |\n+---+---+\n",
            "- an item. It goes on. And it\n  goes on here. To its end.\n",
            "2. an item. It goes on.\n\n   A paragraph more of it. Its end.\n",
        ],
    )
    def test_a_block_that_fits_is_not_cut(self, block: str) -> None:
        for before in range(0, 70, 3):
            text = "Some words. " * (before // 12) + "x" * (before % 12) + "\n\n" + block + "\nMore. " * 12
            assert sum(block.rstrip() in piece for piece in of(SectionChunker, 80, text)) == 1

    def test_a_block_that_does_not_fit_is_cut_between_lines(self) -> None:
        rows = "".join(f"| {n} | {n * n} |\n" for n in range(10, 40))
        assert all(piece.startswith("|") and piece.endswith("|\n") for piece in of(SectionChunker, 50, rows))
        code = "```\n" + "".join(f"x{n} = {n}\n" for n in range(10, 40)) + "```\n"
        assert all(piece.endswith("\n") for piece in of(SectionChunker, 50, code))

    def test_a_turn_is_kept_whole(self) -> None:
        turns = [f"MR. SMITH: I say {n}. Then more. And on.\n" for n in range(6)]
        assert of(SectionChunker, 100, "".join(turns)) == ["".join(turns[n : n + 2]) for n in (0, 2, 4)]


class TestContentChunker(ChunkerContract):
    chunker = ContentChunker

    @inherited
    @given(data=st.data())
    def test_an_insertion_moves_only_the_edges_near_it(self, data: st.DataObject) -> None:
        words = ["The", "cat", "sat", "on", "a", "mat", "and", "saw", "the", "dog", "run", "off", "to", "sea"]
        drawn = np.random.default_rng(data.draw(st.integers(0, 1000)))
        text = "".join(" ".join(drawn.choice(words, drawn.integers(3, 12))) + ". " for _ in range(400))
        at = data.draw(st.integers(0, len(text)))
        before = of(ContentChunker, 200, text)
        after = of(ContentChunker, 200, text[:at] + "A new one. " + text[at:])
        head = next((n for n, (a, b) in enumerate(zip(before, after, strict=False)) if a != b), len(before))
        tail = next((n for n, (a, b) in enumerate(zip(before[::-1], after[::-1], strict=False)) if a != b), len(before))
        assert len(after) - head - tail <= 8

    def test_no_place_is_lowest_in_a_text_of_one_line(self) -> None:
        assert {len(piece) for piece in of(ContentChunker, 10, "a\n" * 200)[10:-10]} == {10}


class TestSectionContentChunker(ChunkerContract):
    chunker = SectionContentChunker

    @inherited
    @given(text=sectioned, limit=limits)
    def test_no_chunk_reaches_across_a_heading(self, text: str, limit: tuple[int, int]) -> None:
        starts = {section.span.start for section in split_sections(text)}
        for chunk in self.chunks(text, limit, "characters"):
            fresh = range(chunk.metadata["start_index"] + 1, chunk.metadata["end_index"])
            assert limit[1] or not starts & set(fresh)

    def test_a_heading_is_not_left_alone(self) -> None:
        body = " ".join(f"Sentence number {n} stands here." for n in range(40))
        chunks = of(SectionContentChunker, 200, f"# One\n\n{body}\n\n# Two\n\n{body}")
        assert not {"# One\n\n", "# Two\n\n"} & set(chunks)
        assert all(chunk.lstrip("# ").startswith(("One", "Two", "Sentence")) for chunk in chunks)


def scatter(vectors: np.ndarray, sizes: np.ndarray) -> float:
    mean = np.average(vectors, axis=0, weights=sizes)
    return float((sizes * np.square(vectors - mean).sum(axis=1)).sum())


class TestMeaningChunker(ChunkerContract):
    chunker = partial(MeaningChunker, embeddings=HashEmbeddings())

    @inherited
    @given(topics=st.lists(st.sampled_from("abc"), min_size=1, max_size=9), cost=st.sampled_from([0.3, 0.7, 1.5]))
    def test_the_chunks_have_the_least_scatter_of_all(self, topics: list[str], cost: float) -> None:
        texts = {"a": "The cat sat. ", "b": "A dog ran off. ", "c": "Rain fell on a cat. "}
        sentences = [texts[topic] for topic in topics]
        own = np.array(HashEmbeddings().embed_documents([one.strip() for one in sentences]))
        vectors = own + 0.25 * (np.vstack((own[:1], own[:-1])) + np.vstack((own[1:], own[-1:])))
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        sizes = np.array([len(one) for one in sentences]) / 25

        def total(edges: tuple[int, ...]) -> float:
            return sum(scatter(vectors[a:b], sizes[a:b]) + cost for a, b in pairwise((0, *edges, len(topics))))

        ways = [w for k in range(len(topics)) for w in combinations(range(1, len(topics)), k)]
        ways = [w for w in ways if all(sum(map(len, sentences[a:b])) <= 58 for a, b in pairwise((0, *w, len(topics))))]
        chunker = MeaningChunker(60, tokenizer=tokenizer_named("characters"), embeddings=HashEmbeddings(), cost=cost)
        found = pieces(chunker, "".join(sentences))
        lengths = np.cumsum([len(one) for one in sentences]).tolist()
        edges = tuple(lengths.index(int(at)) + 1 for at in np.cumsum([len(piece) for piece in found])[:-1])
        assert total(edges) == pytest.approx(min(map(total, ways)), abs=1e-6)

    def test_a_text_of_many_blocks_is_cut_where_its_topics_change(self) -> None:
        topics = ["The cat sat on a mat. " * 6, "Ships sail far out to sea. " * 5]
        text = "".join(topics[n % 2] for n in range(200))
        chunker = MeaningChunker(160, tokenizer=tokenizer_named("characters"), embeddings=HashEmbeddings())
        assert pieces(chunker, text) == [topics[n % 2] for n in range(200)]

    def test_the_bundled_encoder_is_the_default(self) -> None:
        chunker = MeaningChunker(100, cost=0.3)
        cats, law = "Cats purr. Kittens play. A cat naps. ", "The court ruled. The judge sat. A verdict came."
        assert isinstance(chunker.embeddings, Embedder)
        assert pieces(chunker, cats + law) == [cats, law]

    def test_a_cost_below_nothing_is_refused(self) -> None:
        with pytest.raises(ValueError, match=r"cost is -1; give 0 or more"):
            MeaningChunker(cost=-1)
