from __future__ import annotations

import re
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from langchain_core.documents import Document
from langchain_core.messages import BaseMessage, HumanMessage

from longdoc import DocumentChat, DocumentIndex
from longdoc.chunkers.tokenizers.base import load_tokenizer
from longdoc.pipelines.answers.counted import counted, pieces_of
from longdoc.pipelines.ask.settings import ChatSettings
from longdoc.testing import ScriptedChatModel

SHIPS = st.lists(st.sampled_from(["Anna", "Bella", "Cora", None]), max_size=40)


def log(ships: list[str | None]) -> str:
    return " ".join(f"The {one} brought salt." if one else "Nothing came in." for one in ships)


def labeller(named: bool) -> ScriptedChatModel:
    def reply(messages: list[BaseMessage]) -> str:
        found = re.finditer(r"The (\w+) brought salt\.", str(messages[-1].text))
        return "\n".join(f"- {one[1]} | {one[0]}" if named else one[0] for one in found) or "NONE"

    return ScriptedChatModel(replies=reply)


def prompt(piece: str) -> list[BaseMessage]:
    return [HumanMessage(piece)]


@settings(max_examples=50)
@given(SHIPS, st.booleans(), st.integers(8, 60))
def test_items_are_counted_as_often_as_they_are_there_whatever_the_pieces(
    ships: list[str | None], named: bool, size: int
) -> None:
    text = log(ships)
    pieces = pieces_of([Document(text, metadata={"source": "log"})], load_tokenizer(), size)
    found = counted(pieces, labeller(named), prompt)
    there = [one for one in ships if one]
    assert len(found.items) == (len(set(there)) if named else len(there))
    assert all(span.of(text) == one.text for one in found.items for span in one.spans)


def test_a_quotation_that_the_piece_has_not_is_no_item() -> None:
    pieces = [Document("The Anna brought salt.", metadata={"source": "log", "start_index": 0})]
    found = counted(
        pieces, ScriptedChatModel(replies=["Zora | The Zora brought salt.\nAnna | the words\nNONE."]), prompt
    )
    assert found.items == ()
    assert "2 quotations not found" in found.why


@pytest.mark.parametrize(
    ("text", "reply", "items"),
    [
        ("None of the cats came.", "None.", []),
        ("Ann | 3\nAnn | 4\n", "Ann | 3\nAnn | 4", ["Ann | 3", "Ann | 4"]),
        ("We concatenate them. A cat came.", "cat\nconcat", ["cat"]),
        ("The cat (a tom) came.", "cat | (a tom)\nCat | the cat", ["(a tom)"]),
        ("猫が塩を運んだ。", "塩", ["塩"]),
    ],
)
def test_what_is_said_is_met_whole(text: str, reply: str, items: list[str]) -> None:
    pieces = [Document(text, metadata={"source": "log", "start_index": 0})]
    found = counted(pieces, ScriptedChatModel(replies=[reply]), prompt)
    assert [one.text for one in found.items] == items
    assert all(span.of(text) == one.text for one in found.items for span in one.spans)


@cache
def quiet_log() -> DocumentIndex:
    text = "\n\n".join([log(["Anna", None] * 2), "Filler of a quiet day at the quay. " * 50] * 6)
    index = DocumentIndex()
    index.put([Document(text, metadata={"source": "log"})])
    return index


@pytest.mark.parametrize(("calls", "said"), [(9, "12 in all of the document"), (0, "No count."), (1, "No count.")])
def test_a_chat_counts_with_the_model_in_as_many_calls_as_it_may_make(calls: int, said: str) -> None:
    def reply(messages: list[BaseMessage]) -> str:
        listing = "copied letter by letter" in str(messages[0].text)
        return str(labeller(False).invoke(messages).text) if listing else "No count."

    chosen = ChatSettings(list_calls=calls, whole_tokens=0)
    answer = DocumentChat(quiet_log(), model=ScriptedChatModel(replies=reply), settings=chosen).ask(
        "How many times did salt come?"
    )
    assert said in str(answer.text)
    if calls > 1:
        assert all("brought salt." in one.quote for one in answer.citations)
