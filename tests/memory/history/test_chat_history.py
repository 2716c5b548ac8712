from __future__ import annotations

import asyncio
import json
import math
import os
import random
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from fakes import CharacterTokenizer, HashEmbeddings, NastyTokenizer
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from langchain_core.messages import (
    AIMessage,
    AIMessageChunk,
    BaseMessage,
    ChatMessage,
    FunctionMessage,
    HumanMessage,
    RemoveMessage,
    SystemMessage,
    ToolMessage,
    get_buffer_string,
)
from langchain_core.prompts import ChatPromptTemplate, MessagesPlaceholder
from langchain_core.runnables import RunnableConfig, RunnableLambda
from langchain_core.runnables.history import RunnableWithMessageHistory

from longdoc.errors import BudgetError, InputError, UnavailableError
from longdoc.memory.history.chat_history import ChatHistory, HistorySettings
from longdoc.memory.history.message_counter import MessageCounter, counter
from longdoc.memory.history.summary import SummaryRequest
from longdoc.testing import CountingTokenizer, ScriptedChatModel

WORDS = [
    "the",
    "harbour",
    "gate",
    "opens",
    "at",
    "seven",
    "and",
    "costs",
    "ten",
    "crowns",
    "4711",
    "says",
    "日本",
    "ship",
]
TOKENIZERS = {"characters": CharacterTokenizer(), "nasty": NastyTokenizer(), "words": CountingTokenizer()}


class Summarizer:
    """Fails, grows, says nothing or sums up, call by call, as its kinds say; keeps what it was asked and answered."""

    def __init__(self, kinds: list[str]) -> None:
        self.kinds = kinds
        self.asked: list[SummaryRequest] = []
        self.good: list[str] = [""]
        self.taken: list[str] = []

    def __call__(self, request: SummaryRequest) -> str | BaseMessage:
        self.asked.append(request)
        kind = self.kinds[len(self.asked) % len(self.kinds)]
        if kind == "fails":
            raise ConnectionError("no model there")
        if kind == "grows":
            return request["summary"] + " and then " + request["turns"] * 2 + "x" * request["max_tokens"]
        if kind == "is empty":
            return AIMessage(" \n")
        if kind == "is cut":
            return AIMessage("They said", response_metadata={"finish_reason": "length"})
        self.good.append(f"s{len(self.asked)}")
        self.taken.append(request["turns"])
        return self.good[-1]


def conversation(seed: int, turns: int, longest: int = 25) -> list[BaseMessage]:
    """Questions and answers; now and then a tool is called, parts are many, a call stays unanswered."""
    rng = random.Random(seed)
    said: list[BaseMessage] = []
    for turn in range(turns):
        text = " ".join(rng.choices(WORDS, k=rng.randint(0, longest)))
        said.append(HumanMessage([{"type": "text", "text": text}] if rng.random() < 0.1 else text))
        if rng.random() < 0.2:
            call = {"name": "look", "args": {"at": text}, "id": f"c{turn}", "type": "tool_call"}
            said.append(AIMessage("", tool_calls=[call]))
            if rng.random() < 0.8:
                said.append(ToolMessage(text, tool_call_id=f"c{turn}"))
        if rng.random() < 0.9:
            said.append(AIMessage(" ".join(rng.choices(WORDS, k=rng.randint(0, longest)))))
    return said


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "chats.db"


@pytest.fixture
def history(path: Path) -> Iterator[ChatHistory]:
    with_words = ChatHistory(path, counting=CountingTokenizer())
    yield with_words
    with_words.close()


def filled(path: Path, turns: int, **given: Any) -> ChatHistory:
    """Turn n asks about topic n and is answered so."""
    history = ChatHistory(path, counting=given.pop("counting", CountingTokenizer()), **given)
    history.add_messages(filled_turns(turns))
    return history


def filled_turns(turns: int) -> list[BaseMessage]:
    return [
        message
        for n in range(turns)
        for message in (HumanMessage(f"Tell me of topic{n} please"), AIMessage(f"Topic{n} is number {n}."))
    ]


def assert_replayable(messages: list[BaseMessage]) -> None:
    """Every tool's answer follows its call, and every call is answered."""
    open_calls: set[str | None] = set()
    for message in messages:
        if isinstance(message, ToolMessage):
            assert message.tool_call_id in open_calls
            open_calls.remove(message.tool_call_id)
            continue
        assert not open_calls
        open_calls = {call["id"] for call in message.tool_calls} if isinstance(message, AIMessage) else set()
    assert not open_calls


@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow])
@given(
    seed=st.integers(0, 2**32),
    turns=st.integers(0, 500),
    kinds=st.lists(st.sampled_from(["fails", "grows", "is empty", "is cut", "sums up"]), min_size=1, max_size=4),
    budgets=st.lists(st.integers(0, 3000), min_size=1, max_size=8),
    which=st.sampled_from(sorted(TOKENIZERS)),
    shares=st.sampled_from([(0.25, 0.25), (0.0, 0.0), (1.0, 0.0), (0.1, 0.9)]),
    question=st.text(max_size=30) | st.sampled_from(["what about the harbour gate 4711", "日本の ship"]),
)
@example(0, 500, ["fails"], [300, 900], "words", (0.25, 0.25), "what about the gate")
@example(1, 500, ["grows"], [300, 900], "characters", (0.25, 0.25), "what about the gate")
@example(2, 500, ["is empty"], [300, 900], "nasty", (0.25, 0.25), "what about the gate")
def test_whatever_the_summarizer_does(
    seed: int,
    turns: int,
    kinds: list[str],
    budgets: list[int],
    which: str,
    shares: tuple[float, float],
    question: str,
) -> None:
    said = conversation(seed, turns)
    summarizer, count = Summarizer(kinds), MessageCounter(TOKENIZERS[which])
    options = HistorySettings(50, *shares, summarize_after=4, read_tokens=400)
    with TemporaryDirectory() as folder:
        history = ChatHistory(
            Path(folder) / "h.db", summarizer=summarizer, counting=TOKENIZERS[which], settings=options
        )
        step = -(-len(said) // len(budgets)) or 1
        for place, budget in enumerate(budgets):
            history.add_messages(said[place * step : (place + 1) * step])
            fixed = count([SystemMessage("Be brief."), HumanMessage(question)])
            if fixed > budget:
                with pytest.raises(BudgetError, match=f"{fixed} tokens and the budget is {budget}"):
                    history.prompt("Be brief.", question, budget)
                continue
            prompt = history.prompt("Be brief.", question, budget)
            assert count(prompt) <= budget
            assert prompt[0] == SystemMessage("Be brief.")
            assert prompt[-1] == HumanMessage(question)
            assert_replayable(prompt)
            assert history.summary in summarizer.good
        assert history.messages == said
        history.close()


def test_a_conversation_that_fits_is_there_as_it_is(path: Path) -> None:
    history = filled(path, 10)
    prompt = history.prompt("Be brief.", "And topic3?", 1000)
    assert prompt == [SystemMessage("Be brief."), *history.messages, HumanMessage("And topic3?")]
    assert history.prompt("", "Hello?", 1000) == [*history.messages, HumanMessage("Hello?")]


def test_a_conversation_may_begin_with_a_greeting(history: ChatHistory) -> None:
    history.add_messages([AIMessage("Hello, what is it?"), *conversation(3, 2)])
    assert history.prompt("", "Well?", 1000)[:-1] == history.messages
    history.add_messages(filled_turns(40))
    prompt = history.prompt("", "Well?", 200, retrieved=0)
    assert isinstance(prompt[0], HumanMessage)
    assert prompt[:-1] == history.messages[-len(prompt) + 1 :]


def test_a_question_of_many_parts_is_there_as_it_is(path: Path) -> None:
    history = filled(path, 40)
    image = {"type": "image_url", "image_url": {"url": "https://localhost/a.png"}}
    question = HumanMessage([{"type": "text", "text": "Is topic2 in this?"}, image], id="q")
    prompt = history.prompt(SystemMessage("Be brief.", id="s"), question, 2200)
    assert prompt[0] == SystemMessage("Be brief.", id="s")
    assert prompt[-1] == question
    assert "Tell me of topic2 please" in str(prompt[1].text)
    with pytest.raises(BudgetError, match="2014 tokens and the budget is 2000"):
        history.prompt("Be brief.", question, 2000)


def test_a_history_knows_the_place_that_it_wrote_to(path: Path) -> None:
    mine, other = ChatHistory(path), ChatHistory(path)
    mine.add_messages([HumanMessage("a"), AIMessage("b")])
    other.add_messages([HumanMessage("c"), AIMessage("d")])
    assert (mine.written, other.written, mine.count) == (2, 4, 4)


def test_an_empty_history(history: ChatHistory) -> None:
    assert history.messages == []
    assert history.summary == ""
    assert history.search("anything") == []
    assert history.prompt("Be brief.", "Hello?", 12) == [SystemMessage("Be brief."), HumanMessage("Hello?")]
    history.add_messages([])
    history.clear()
    assert history.messages == []


def test_where_nothing_is_retrieved_the_latest_turns_that_fit_are_there(path: Path) -> None:
    history = filled(path, 30)
    counted = MessageCounter(CountingTokenizer())
    for budget in range(20, 300, 7):
        turns = history.prompt("Be brief.", "Well?", budget, retrieved=0)[1:-1]
        latest = history.messages[len(history.messages) - len(turns) :]
        assert turns == latest
        room = budget - counted([SystemMessage("Be brief."), HumanMessage("Well?")])
        assert counted(history.messages[-len(turns) - 2 :]) > room
        assert counted(turns) <= room


def test_older_turns_come_back_for_a_question_and_the_summary_with_them(path: Path) -> None:
    summarizer = Summarizer(["sums up"])
    history = filled(path, 40, summarizer=summarizer, settings=HistorySettings(40, summarize_after=2))
    prompt = history.prompt("Be brief.", "What was topic3?", 200)
    notes = str(prompt[1].text)
    assert isinstance(prompt[1], HumanMessage)
    assert history.summary == "s1"
    assert "s1" in notes.splitlines()
    assert notes.index("Human: Tell me of topic3 please") < notes.index("AI: Topic3 is number 3.")
    assert prompt[2:-1] == history.messages[-len(prompt[2:-1]) :]
    assert len(prompt) > 8


def test_the_summarizer_is_given_every_turn_that_fell_out_once_and_in_order(path: Path) -> None:
    summarizer = Summarizer(["fails", "sums up", "is empty"])
    options = HistorySettings(40, summarize_after=3, read_tokens=100)
    history = filled(path, 60, summarizer=summarizer, settings=options)
    for _ in range(40):
        history.prompt("", "Well?", 160)
        assert history.summary == summarizer.good[-1]
        assert (history.summary_problem is None) == (summarizer.kinds[len(summarizer.asked) % 3] == "sums up")
    read = "\n".join(summarizer.taken)
    whole = get_buffer_string(history.messages)
    assert whole.startswith(read)
    assert whole.count("Human:") - read.count("Human:") < 12  # the recent turns, and fewer than summarize_after
    assert all(request["max_tokens"] <= 40 for request in summarizer.asked)


def test_a_message_longer_than_the_summarizer_reads_goes_in_pieces(path: Path) -> None:
    summarizer = Summarizer(["sums up"])
    options = HistorySettings(40, summarize_after=1, read_tokens=50)
    history = ChatHistory(path, summarizer=summarizer, counting=CountingTokenizer(), settings=options)
    text = " ".join(f"word{n}" for n in range(400))
    history.add_messages([HumanMessage(text), AIMessage("Yes.")])
    history.prompt("", "Well?", 300)
    assert "".join(summarizer.taken) == f"Human: {text}"
    assert [request["summary"] for request in summarizer.asked] == summarizer.good[:-1]
    assert all(len(piece.split()) <= 46 for piece in summarizer.taken)
    assert history.summary == summarizer.good[-1]
    assert len(summarizer.asked) > 8


def test_a_long_message_is_quoted_by_its_sentences_that_matter(path: Path) -> None:
    history = ChatHistory(path, counting=CountingTokenizer())
    filler = " ".join(f"Line {n} is about nothing at all." for n in range(200))
    history.add_messages([HumanMessage(f"{filler} The password is swordfish. {filler}"), AIMessage("Noted.")])
    notes = str(history.prompt("", "Tell me the password.", 100)[0].text)
    assert "The password is swordfish." in notes


def test_search_finds_what_shares_the_rarest_words(path: Path) -> None:
    history = filled(path, 200)
    history.add_messages([HumanMessage("我们在港口见面"), HumanMessage("The ships' passwords")])
    found = history.search("what was topic17 about, please", 3)
    assert [one.place for one in found[:2]] == [36, 35] or [one.place for one in found[:2]] == [35, 36]
    assert found[0].score >= found[1].score > found[2].score
    assert [one.place for one in history.search("港口")] == [401]
    assert [one.place for one in history.search("PASSWORD of a Ship", 1)] == [402]
    assert history.search("what", 0) == []
    assert all(one.message == history.messages[one.place - 1] for one in found)


def test_a_common_word_brings_up_its_latest_messages_and_a_rare_one_every_message(path: Path) -> None:
    history = ChatHistory(path, counting=CountingTokenizer())
    history.add_messages([HumanMessage("common rare" if n in (3, 4) else "common thing") for n in range(400)])
    assert [one.place for one in history.search("common", 500)] == list(range(400, 272, -1))
    assert [one.place for one in history.search("common rare", 3)] == [5, 4, 400]


@settings(max_examples=20)
@given(
    texts=st.lists(st.lists(st.sampled_from("abcdef"), max_size=6).map(" ".join), min_size=1, max_size=20),
    question=st.lists(st.sampled_from("abcdefg"), max_size=3).map(" ".join),
    k=st.integers(0, 25),
)
def test_search_is_bm25_of_all_messages(texts: list[str], question: str, k: int) -> None:
    with TemporaryDirectory() as folder:
        history = ChatHistory(Path(folder) / "h.db", counting=CountingTokenizer())
        history.add_messages([ChatMessage(text, role="x") for text in texts])
        found = history.search(question, k)
        history.close()
    documents = [text.split() for text in texts]
    mean = max(sum(map(len, documents)) / len(documents), 1.0)
    scores: dict[int, float] = {}
    for word in set(question.split()):
        holding = sum(word in document for document in documents)
        for place, document in enumerate(documents, 1):
            if word in document:
                times, length = document.count(word), len(document)
                rarity = math.log(1 + (len(documents) - holding + 0.5) / (holding + 0.5))
                score = rarity * times * 2.2 / (times + 1.2 * (0.25 + 0.75 * length / mean))
                scores[place] = scores.get(place, 0.0) + score
    assert len(found) == min(k, len(scores))
    best = sorted(scores.values(), reverse=True)
    assert [one.score for one in found] == pytest.approx(best[: len(found)])
    assert [scores[one.place] for one in found] == pytest.approx([one.score for one in found])


def test_embeddings_put_what_was_found_in_order(path: Path) -> None:
    class Lengths(HashEmbeddings):
        def embed_documents(self, texts: list[str]) -> list[list[float]]:
            return [[1.0, float(len(text))] for text in texts]

        def embed_query(self, text: str) -> list[float]:
            return [0.0, 1.0]

    history = ChatHistory(path, counting=CountingTokenizer(), embeddings=Lengths())
    history.add_messages([HumanMessage("ship " * n) for n in (3, 9, 1)])
    found = history.search("ships", 2)
    assert [one.place for one in found] == [2, 1]
    assert found[0].score == pytest.approx(52 / math.hypot(1, 52), abs=1e-3)
    assert history.search("boats", 2) == []


NASTY_TEXTS = [
    "'; DROP TABLE messages; --",
    '" OR 1=1',
    "NEAR(a b)",
    "a* AND NOT b",
    "%_\\",
    "{x}:^y",
    "\x00",
    "\ud800 x",
]


@pytest.mark.parametrize("text", NASTY_TEXTS)
def test_no_text_is_read_as_a_query(path: Path, text: str) -> None:
    history = ChatHistory(path, "'; DROP TABLE sessions; --", counting=CountingTokenizer())
    history.add_messages([HumanMessage(text), AIMessage("a b x drop near")])
    history.search(text)
    assert len(history.prompt("", text, 50)) >= 1
    assert history.messages == [HumanMessage(text), AIMessage("a b x drop near")]
    history.clear()
    assert history.messages == []


@given(text=st.text(st.characters(), max_size=40), session=st.text(max_size=10))
@settings(max_examples=20)
def test_any_text_is_kept_and_searched(text: str, session: str) -> None:
    with TemporaryDirectory() as folder:
        history = ChatHistory(Path(folder) / "h.db", session, counting=CountingTokenizer())
        history.add_user_message(text)
        assert history.messages == [HumanMessage(text)]
        history.search(text)
        history.close()


def test_a_session_id_that_is_no_text(path: Path) -> None:
    with pytest.raises(InputError, match="lone surrogates"):
        ChatHistory(path, "\ud800")


KINDS = [
    SystemMessage("s", id="1"),
    HumanMessage(
        [{"type": "text", "text": "see"}, {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA"}}]
    ),
    AIMessage(
        "calls",
        tool_calls=[{"name": "f", "args": {"a": [1, None, "日"]}, "id": "c1", "type": "tool_call"}],
        usage_metadata={"input_tokens": 1, "output_tokens": 2, "total_tokens": 3},
        response_metadata={"finish_reason": "tool_calls"},
    ),
    AIMessage(
        "", invalid_tool_calls=[{"name": "f", "args": "{", "id": "c2", "error": "no", "type": "invalid_tool_call"}]
    ),
    ToolMessage([{"type": "text", "text": "done"}], tool_call_id="c1", artifact={"rows": [1, 2]}, status="error"),
    ChatMessage("hm", role="critic"),
    FunctionMessage("4", name="add"),
    HumanMessage("", name="Ann", additional_kwargs={"deep": {"er": [1.5, True]}}),
]


def test_every_kind_of_message_survives(history: ChatHistory, path: Path) -> None:
    history.add_messages(KINDS)
    assert ChatHistory(path, counting=CountingTokenizer()).messages == KINDS
    assert [type(one) for one in history.messages] == [type(one) for one in KINDS]


def test_a_chunk_is_kept_as_the_message_it_is(history: ChatHistory) -> None:
    history.add_messages([AIMessageChunk("Yes", chunk_position="last")])
    assert history.messages == [AIMessage("Yes")]
    assert type(history.messages[0]) is AIMessage


def test_what_cannot_come_back_is_refused_and_nothing_of_the_batch_is_kept(history: ChatHistory) -> None:
    class Odd(HumanMessage):
        type: Any = "odd"

    for bad in (RemoveMessage(id="1"), Odd("x"), ToolMessage("x", tool_call_id="1", artifact=object())):
        with pytest.raises(InputError, match="a message of type"):
            history.add_messages([HumanMessage("fine"), bad])
    assert history.messages == []


def test_a_damaged_summary_is_told_in_one_sentence(history: ChatHistory, path: Path) -> None:
    history.add_user_message("Hello")
    with sqlite3.connect(path) as connection:
        connection.execute("INSERT INTO summaries SELECT id, 0, '{broken' FROM sessions")
    connection.close()
    with pytest.raises(UnavailableError, match="a kept summary cannot be read"):
        assert history.summary


def test_only_known_types_are_loaded(history: ChatHistory, path: Path) -> None:
    history.add_user_message("Hello")
    evil = {"lc": 1, "type": "constructor", "id": ["subprocess", "Popen"], "kwargs": {"args": "false"}}
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE messages SET message = ?", (json.dumps(evil),))
    connection.close()
    with pytest.raises(UnavailableError, match="damaged"):
        _ = history.messages


def test_sessions_do_not_mix_and_clear_takes_one(path: Path) -> None:
    one, two = (ChatHistory(path, name, counting=CountingTokenizer()) for name in ("one", "two"))
    one.add_user_message("a password")
    two.add_user_message("a ship")
    assert [str(found.message.text) for found in one.search("password ship")] == ["a password"]
    one.clear()
    assert one.messages == one.search("password") == []
    assert two.messages == [HumanMessage("a ship")]
    one.add_user_message("again")
    assert one.messages == [HumanMessage("again")]


def test_a_summary_of_a_cleared_conversation_is_not_kept(path: Path) -> None:
    def clears(request: SummaryRequest) -> str:
        ChatHistory(path, counting=CountingTokenizer()).clear()
        filled(path, 2).close()
        return "the old secret"

    history = filled(path, 30, summarizer=clears)
    history.prompt("", "Well?", 150)
    assert history.summary == ""
    assert len(history.messages) == 4


def test_of_two_summaries_from_one_the_first_is_kept(path: Path) -> None:
    def slow(request: SummaryRequest) -> str:
        quick = ChatHistory(path, counting=CountingTokenizer(), summarizer=lambda request: "quick")
        quick.prompt("", "Well?", 150)
        return "slow"

    history = filled(path, 30, summarizer=slow)
    assert "quick" in str(history.prompt("", "Well?", 150)[0].text)
    assert history.summary == "quick"


def test_a_template_and_a_chat_model_are_a_summarizer(path: Path) -> None:
    model = ScriptedChatModel(replies=["They spoke of topics."])
    template = ChatPromptTemplate.from_template("{summary}\n{turns}\nAt most {max_tokens} tokens.")
    history = filled(path, 30, summarizer=template | model)
    history.prompt("", "Well?", 150)
    assert history.summary == "They spoke of topics."
    assert "Human: Tell me of topic0 please" in str(model.calls[0][0].text)


def test_a_models_own_counting_is_the_one_that_counts(path: Path) -> None:
    class Costly(ScriptedChatModel):
        def get_num_tokens_from_messages(self, messages: list[BaseMessage], tools: Any = None) -> int:
            return 10 * sum(len(str(one.text)) for one in messages) + len(messages) ** 3

    model = Costly(replies=[])
    history = filled(path, 30)
    prompt = history.prompt("Be brief.", "What of topic2?", 3000, counting=model)
    assert 1500 < model.get_num_tokens_from_messages(prompt) <= 3000
    assert len(history.prompt("Be brief.", "What of topic2?", 3000)) > len(prompt)


def test_what_counts() -> None:
    count = MessageCounter(CountingTokenizer(), frame_tokens=1, media_tokens=100)
    assert count([HumanMessage("a b"), HumanMessage("")]) == 4
    assert count([KINDS[1]]) == 102
    assert count([AIMessage("", tool_calls=[{"name": "f", "args": {}, "id": "c", "type": "tool_call"}])]) > 4
    assert counter("minilm")([HumanMessage("a b")]) == 6
    assert counter(len)([HumanMessage("a"), HumanMessage("b")]) == 2
    with pytest.raises(InputError, match="counts no tokens"):
        counter(3)  # type: ignore[arg-type]


@pytest.mark.parametrize("given_", [{"summary_tokens": 0}, {"summary_share": -0.1}, {"retrieved_share": 0.9}])
def test_settings_that_cannot_be(given_: dict[str, Any]) -> None:
    with pytest.raises(BudgetError):
        HistorySettings(**given_)


def with_history(path: Path, model: ScriptedChatModel) -> RunnableWithMessageHistory:
    template = ChatPromptTemplate([("system", "Be brief."), MessagesPlaceholder("past"), ("human", "{question}")])

    def session(session_id: str) -> ChatHistory:
        return ChatHistory(path, session_id, counting=CountingTokenizer())

    return RunnableWithMessageHistory(
        template | model, session, input_messages_key="question", history_messages_key="past"
    )


DEPRECATED = pytest.mark.filterwarnings("ignore:RunnableWithMessageHistory is deprecated")


@DEPRECATED
def test_runnable_with_message_history(path: Path) -> None:
    model = ScriptedChatModel(replies=lambda messages: f"reply {len(messages)}")
    chain = with_history(path, model)
    ann, bob = (RunnableConfig(configurable={"session_id": name}) for name in ("ann", "bob"))
    assert chain.invoke({"question": "One?"}, ann).content == "reply 2"
    assert chain.invoke({"question": "Two?"}, ann).content == "reply 4"
    assert chain.invoke({"question": "Mine?"}, bob).content == "reply 2"
    assert "".join(str(piece.content) for piece in chain.stream({"question": "Three?"}, ann)) == "reply 6"
    kept = ChatHistory(path, "ann", counting=CountingTokenizer()).messages
    assert [str(one.text) for one in kept] == ["One?", "reply 2", "Two?", "reply 4", "Three?", "reply 6"]
    assert [type(one) for one in kept] == [HumanMessage, AIMessage] * 3


@DEPRECATED
def test_runnable_with_message_history_async(path: Path) -> None:
    async def chat() -> list[BaseMessage]:
        chain = with_history(path, ScriptedChatModel(replies=lambda messages: f"reply {len(messages)}"))
        ann = RunnableConfig(configurable={"session_id": "ann"})
        await chain.ainvoke({"question": "One?"}, ann)
        await chain.ainvoke({"question": "Two?"}, ann)
        return await ChatHistory(path, "ann", counting=CountingTokenizer()).aget_messages()

    assert [str(one.text) for one in asyncio.run(chat())] == ["One?", "reply 2", "Two?", "reply 4"]


@DEPRECATED
def test_a_budget_under_runnable_with_message_history(path: Path) -> None:
    model = ScriptedChatModel(replies=lambda messages: f"reply {len(messages)}")
    count = MessageCounter(CountingTokenizer())

    def session(session_id: str) -> ChatHistory:
        return ChatHistory(path, session_id, counting=CountingTokenizer())

    def assembled(given_: dict[str, Any], config: RunnableConfig) -> list[BaseMessage]:
        history: ChatHistory = config["configurable"]["message_history"]
        return history.prompt("Be brief.", given_["question"], 60)

    chain = RunnableWithMessageHistory(
        RunnableLambda(assembled) | model, session, input_messages_key="question", history_messages_key="past"
    )
    for n in range(30):
        chain.invoke({"question": f"What of topic{n}?"}, {"configurable": {"session_id": "ann"}})
    assert all(count(call) <= 60 for call in model.calls)
    assert len(session("ann").messages) == 60


def test_async_gives_what_sync_gives(path: Path, tmp_path: Path) -> None:
    async def asked() -> tuple[list[BaseMessage], list[SummaryRequest]]:
        summarizer = Summarizer(["fails", "sums up"])
        history = ChatHistory(path, summarizer=summarizer, counting=CountingTokenizer())
        await history.aadd_messages(filled(tmp_path / "b.db", 40).messages)
        await history.aprompt("Be brief.", "What of topic3?", 200)
        await history.aprompt("Be brief.", "What of topic3?", 200)
        prompt = await history.aprompt("Be brief.", "What of topic3?", 200)
        await history.aclear()
        assert await history.aget_messages() == []
        return prompt, summarizer.asked

    summarizer = Summarizer(["fails", "sums up"])
    history = filled(tmp_path / "c.db", 40, summarizer=summarizer)
    prompts = [history.prompt("Be brief.", "What of topic3?", 200) for _ in range(3)]
    assert asyncio.run(asked()) == (prompts[-1], summarizer.asked)


def in_order(messages: list[BaseMessage], writers: int, each: int) -> bool:
    """Every writer's pairs are all there, in its order, and no pair is torn."""
    texts = [str(one.text) for one in messages]
    pairs = list(zip(texts[::2], texts[1::2], strict=True))
    return all(first == second for first, second in pairs) and all(
        [pair[0] for pair in pairs if pair[0].startswith(f"{writer}/")] == [f"{writer}/{n}" for n in range(each)]
        for writer in range(writers)
    )


def test_threads_append_to_one_history(history: ChatHistory) -> None:
    def write(writer: int) -> None:
        for n in range(10):
            history.add_messages([HumanMessage(f"{writer}/{n}"), AIMessage(f"{writer}/{n}")])
            history.prompt("", "Well?", 50)

    threads = [threading.Thread(target=write, args=(writer,)) for writer in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(history.messages) == 120
    assert in_order(history.messages, 6, 10)


WRITER = """
import sys
from langchain_core.messages import AIMessage, HumanMessage
from longdoc.memory.history.chat_history import ChatHistory

path, writer, each = sys.argv[1], sys.argv[2], int(sys.argv[3])
history = ChatHistory(path, counting=len)
for n in range(each):
    history.add_messages([HumanMessage(f"{writer}/{n}"), AIMessage(f"{writer}/{n}")])
    print(n, flush=True)
"""


def start_writer(path: Path, writer: int, each: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", WRITER, str(path), str(writer), str(each)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def test_processes_append_to_a_file_that_all_of_them_make(path: Path) -> None:
    writers = [start_writer(path, writer, 15) for writer in range(3)]
    for writer in writers:
        writer.communicate()
        assert writer.returncode == 0
    messages = ChatHistory(path, counting=len).messages
    assert len(messages) == 90
    assert in_order(messages, 3, 15)


def test_a_kill_in_the_middle_loses_the_work_in_flight_at_most(path: Path) -> None:
    done = 0
    for killed_after in (1, 8, 20):
        writer = start_writer(path, killed_after, 10_000)
        assert writer.stdout is not None
        for _ in range(killed_after):
            writer.stdout.readline()
        writer.send_signal(signal.SIGKILL)
        reported = killed_after + len(writer.stdout.readlines())
        writer.wait()
        writer.stdout.close()
        history = ChatHistory(path, counting=len)
        messages = history.messages
        mine = len(messages) // 2 - done
        assert reported <= mine <= reported + 1
        assert [str(one.text) for one in messages[2 * done :: 2]] == [f"{killed_after}/{n}" for n in range(mine)]
        assert in_order(messages, 0, 0)
        assert history.search(f"{mine - 1}", 1)
        done += mine


FULL = """
import resource, sys
from langchain_core.messages import HumanMessage
from longdoc.errors import UnavailableError
from longdoc.memory.history.chat_history import ChatHistory

history = ChatHistory(sys.argv[1], counting=len)
resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, 400_000))
for n in range(1000):
    try:
        history.add_messages([HumanMessage(f"{n} " + "word" * 1000)] * 2)
    except UnavailableError as error:
        assert "with room" in str(error)
        sys.exit(print(n))
"""


def test_a_full_disk_is_an_error_and_damages_nothing(path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", FULL, str(path)], stdout=subprocess.PIPE, text=True, check=True)
    history = ChatHistory(path, counting=len)
    messages = history.messages
    assert len(messages) == 2 * int(done.stdout) > 20
    history.add_user_message("There is room again.")
    assert history.messages == [*messages, HumanMessage("There is room again.")]


def test_a_forked_child_has_connections_of_its_own(history: ChatHistory) -> None:
    history.add_user_message("before")
    child = os.fork()
    if not child:
        try:
            history.add_user_message("from the child")
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    history.add_user_message("after")
    assert [str(one.text) for one in history.messages] == ["before", "from the child", "after"]


def test_files_that_are_something_else(tmp_path: Path) -> None:
    text, other, newer = (tmp_path / name for name in ("text", "other", "newer"))
    text.write_text("It was a dark and stormy night. " * 100)
    for path_, statement in ((other, "CREATE TABLE mine (x)"), (newer, "PRAGMA user_version = 99")):
        if path_ == newer:
            ChatHistory(newer, counting=len).close()
        connection = sqlite3.connect(path_)
        connection.execute(statement)
        connection.close()
    with pytest.raises(UnavailableError, match="file is not a database"):
        ChatHistory(text, counting=len)
    with pytest.raises(InputError, match="another program"):
        ChatHistory(other, counting=len)
    with pytest.raises(UnavailableError, match="version 99"):
        ChatHistory(newer, counting=len)
    with pytest.raises(UnavailableError, match="unable to open"):
        ChatHistory(tmp_path / "no" / "folder", counting=len)
    connection = sqlite3.connect(other)
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("delete",)
    connection.close()


def test_the_work_of_a_prompt_does_not_grow_with_the_history(tmp_path: Path) -> None:
    asked = []
    for turns in (150, 1500):
        tokenizer = CountingTokenizer()
        history = filled(tmp_path / f"{turns}.db", turns, counting=tokenizer)
        before = tokenizer.counted
        history.prompt("Be brief.", "What of topic3, please?", 300)
        asked.append(tokenizer.counted.calls - before.calls)
        history.close()
    assert asked[1] <= asked[0] + 8


def test_what_was_cleared_takes_no_room(tmp_path: Path) -> None:
    one, other = (ChatHistory(tmp_path / "chats.sqlite", name) for name in "ab")
    empty = one.nbytes
    one.add_messages([HumanMessage(f"Number {place} of many. {'x' * 500}") for place in range(200)])
    assert other.nbytes == one.nbytes > empty + 200 * 500
    one.clear()
    assert other.nbytes < empty + 20_000
