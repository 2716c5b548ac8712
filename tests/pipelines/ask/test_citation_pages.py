"""The page of a citation is the one that its own characters stand on, whatever page its passage begins on."""

from __future__ import annotations

from bisect import bisect_right

from fakes import CharacterTokenizer
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.documents import Document

from longdoc.chunkers.section import SectionChunker
from longdoc.chunkers.text.span import Span
from longdoc.pipelines.ask.material import Citing, item_of


@given(pages=st.lists(st.text("abc. ", min_size=1, max_size=30), min_size=1, max_size=8), most=st.integers(5, 90))
def test_each_character_of_a_chunk_is_cited_with_its_page(pages: list[str], most: int) -> None:
    starts = [sum(map(len, pages[:number])) for number in range(len(pages))]
    text = "".join(pages)
    document = Document(page_content=text, metadata={"source": "a", "pages": starts})
    items = [item_of(chunk) for chunk in SectionChunker(most, tokenizer=CharacterTokenizer()).split(document)]
    citing = Citing(items, {}, {})
    for at in range(len(text)):
        assert citing(Span(at, at + 1, "a")).page == bisect_right(starts, at)


@given(text=st.text("abc. ", min_size=2, max_size=60), most=st.integers(5, 20), data=st.data())
def test_a_citation_has_its_quotation_also_beside_what_was_found(text: str, most: int, data: st.DataObject) -> None:
    document = Document(page_content=text, metadata={"source": "a"})
    items = [item_of(chunk) for chunk in SectionChunker(most, tokenizer=CharacterTokenizer()).split(document)]
    found = data.draw(st.lists(st.sampled_from(items), unique_by=id)) if items else []
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    assert Citing(found, {}, {}, read={"a": text}.__getitem__)(Span(start, end, "a")).quote == text[start:end]
