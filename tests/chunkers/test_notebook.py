"""What a list of chunks shows of itself."""

from __future__ import annotations

import pickle

from hypothesis import given
from hypothesis import strategies as st
from langchain_core.documents import Document

from longdoc.chunkers.sentence import SentenceChunker

TEXT = "# Mill\n\nThe mill was <b>built</b> in 1843. It burnt down."


def test_a_list_of_chunks_is_a_list_that_says_in_a_line_what_it_is() -> None:
    chunks = SentenceChunker(12).split_documents([Document(TEXT, metadata={"source": "a.md"})])
    assert chunks == list(chunks)
    assert pickle.loads(pickle.dumps(chunks)) == chunks
    assert (
        repr(chunks) == f"<{len(chunks)} chunks of 'a.md', {sum(one.metadata['token_count'] for one in chunks)} tokens>"
    )
    shown = chunks._repr_html_()  # type: ignore[attr-defined]
    assert "&lt;b&gt;built" in shown
    assert shown.count("<tr>") == len(chunks) + 1
    assert repr(SentenceChunker(12)) == "SentenceChunker(12, overlap=0, tokenizer='minilm')"


@given(st.lists(st.text(max_size=30), max_size=30))
def test_any_chunks_can_be_shown(texts: list[str]) -> None:
    chunks = SentenceChunker(8).create_documents(texts)
    assert "\n" not in repr(chunks)
    shown = chunks._repr_html_()  # type: ignore[attr-defined]
    assert shown.count("<td>") == 6 * min(len(chunks), 20)
