from __future__ import annotations

from contracts.chunker_contract import ChunkerContract, inherited, limits, tokenizer_named
from hypothesis import given
from strategies import sectioned, texts

from longdoc.chunkers.section_chunker import SectionChunker
from longdoc.chunkers.sections import split_sections
from longdoc.chunkers.token_chunker import TokenChunker


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
        assert all(chunk.metadata["headings"] == [] for chunk in chunks)


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
        tokenizer = tokenizer_named("characters")

        def pieces(text: str, most: int) -> list[str]:
            return [chunk.page_content for chunk in SectionChunker(most, tokenizer=tokenizer).split(text)]

        assert pieces("Ab cd. Ef gh.\n\nIj kl. Mn op.", 20) == ["Ab cd. Ef gh.\n\n", "Ij kl. Mn op."]
        assert pieces("Ab cd. Ef gh. Ij kl.", 16) == ["Ab cd. Ef gh. ", "Ij kl."]
        assert pieces("abcd efgh ijkl", 11) == ["abcd efgh ", "ijkl"]
        assert pieces("abcdefghij", 4) == ["abcd", "efgh", "ij"]
        assert pieces("a: b\nc d e\nf g h", 12) == ["a: b\nc d e\n", "f g h"]
