"""Letters with marks are the same composed (NFC) and decomposed (NFD), in the index, in questions and in checks."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from langchain_core.documents import Document
from strategies import texts

from longdoc import DocumentChat, DocumentIndex
from longdoc.memory.words import words
from longdoc.pipelines.checks.facts import missing_facts
from longdoc.pipelines.checks.swaps import swapped
from longdoc.pipelines.wording.words import content_words

TEXT = "The café Zoë serves cake. The inn Åse serves soup. Łódź lies in Poland.\n"
FORMS = ("NFC", "NFD")


@given(text=texts)
def test_words_are_those_of_the_composed_text(text: str) -> None:
    for form in FORMS:
        assert words(unicodedata.normalize(form, text)) == words(unicodedata.normalize("NFC", text))
        assert content_words(unicodedata.normalize(form, text)) == content_words(unicodedata.normalize("NFC", text))


@pytest.mark.parametrize("stored", FORMS)
@pytest.mark.parametrize("asked", FORMS)
def test_a_question_finds_the_sentence_whose_characters_stay(stored: str, asked: str) -> None:
    text = unicodedata.normalize(stored, TEXT)  # type: ignore[arg-type]
    index = DocumentIndex()
    index.put([Document(page_content=text, metadata={"source": "a"})])
    answer = DocumentChat(index).ask(unicodedata.normalize(asked, "What does the café Zoë serve?"))  # type: ignore[arg-type]
    assert "cake" in answer.text
    assert answer.sentences[0].text in text


@pytest.mark.parametrize("claimed", FORMS)
@pytest.mark.parametrize("held", FORMS)
def test_a_claim_is_borne_out_in_either_form(claimed: str, held: str) -> None:
    claim = unicodedata.normalize(claimed, "The café Zoë serves cake.")  # type: ignore[arg-type]
    source = unicodedata.normalize(held, TEXT.partition(".")[0] + ".")  # type: ignore[arg-type]
    assert missing_facts(claim, source) == []
    assert swapped(claim, source) == []
