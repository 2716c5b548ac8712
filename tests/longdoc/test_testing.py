from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage

from longdoc.chunkers.tokenizers.base import Tokenizer, load_tokenizer
from longdoc.testing import Counted, CountingTokenizer, ScriptedChatModel


@settings(deadline=None)
@given(st.lists(st.text(), max_size=5))
def test_replies_come_in_order_and_calls_are_kept(replies: list[str]) -> None:
    model = ScriptedChatModel(replies=replies)
    assert [model.invoke(str(place)).text for place in range(len(replies))] == replies
    assert [call[0].text for call in model.calls] == [str(place) for place in range(len(replies))]
    with pytest.raises(IndexError, match=f"{len(replies)} replies are scripted"):
        model.invoke("more")


def echo(messages: list[BaseMessage]) -> str:
    return f"you said {messages[-1].text}"


def test_a_function_answers_each_call_for_itself_from_many_threads_and_tasks() -> None:
    model = ScriptedChatModel(replies=echo)
    asked = [f"word {place}" for place in range(50)]
    expected = [f"you said {text}" for text in asked]
    with ThreadPoolExecutor(8) as pool:
        assert [str(reply.text) for reply in pool.map(model.invoke, asked)] == expected

    async def gather() -> list[AIMessage]:
        return await asyncio.gather(*(model.ainvoke(text) for text in asked))

    assert [str(reply.text) for reply in asyncio.run(gather())] == expected
    assert len(model.calls) == 100


@settings(deadline=None)
@given(st.text())
def test_streams_join_to_the_reply_and_end_with_the_usage(reply: str) -> None:
    model = ScriptedChatModel(replies=[reply, reply])
    whole = model.invoke("a b c")
    chunks = list(model.stream("a b c"))
    joined = chunks[0]
    for chunk in chunks[1:]:
        joined += chunk
    assert joined.text == reply
    assert joined.usage_metadata == whole.usage_metadata
    assert whole.usage_metadata is not None
    assert whole.usage_metadata["input_tokens"] == 3
    assert whole.usage_metadata["output_tokens"] == len(reply.split())


def test_async_streams_are_the_same() -> None:
    model = ScriptedChatModel(replies=["one two three"])

    async def read() -> list[str]:
        return [str(chunk.text) async for chunk in model.astream("x")]

    assert [piece for piece in asyncio.run(read()) if piece] == ["one", " two", " three"]


def test_scheduled_errors_come_by_number_and_use_up_no_reply() -> None:
    model = ScriptedChatModel(replies=["a", "b"], errors={1: TimeoutError("slow"), 3: ValueError("bad")})
    with pytest.raises(TimeoutError, match="slow"):
        model.invoke("1")
    assert model.invoke("2").text == "a"
    with pytest.raises(ValueError, match="bad"):
        model.invoke("3")
    assert model.invoke("4").text == "b"
    assert len(model.calls) == 4


def failures(seed: int, rate: float) -> list[bool]:
    model = ScriptedChatModel(replies=echo, error_rate=rate, seed=seed)
    failed = []
    for _ in range(100):
        try:
            model.invoke("x")
        except ConnectionError:
            failed.append(True)
        else:
            failed.append(False)
    return failed


def test_random_errors_follow_the_seed() -> None:
    assert failures(1, 0.3) == failures(1, 0.3) != failures(2, 0.3)
    assert 10 < sum(failures(1, 0.3)) < 50
    assert sum(failures(1, 0.0)) == 0
    assert sum(failures(1, 1.0)) == 100


def test_a_message_is_passed_on_as_it_is() -> None:
    usage = {"input_tokens": 7, "output_tokens": 8, "total_tokens": 15}
    model = ScriptedChatModel(
        replies=[AIMessage("x", usage_metadata=usage, response_metadata={"finish_reason": "length"})]
    )
    reply = model.invoke([HumanMessage("y")])
    assert (reply.usage_metadata, reply.response_metadata["finish_reason"]) == (usage, "length")


@settings(deadline=None)
@given(st.lists(st.text()))
def test_a_counting_tokenizer_counts_like_the_one_within(texts: list[str]) -> None:
    within = load_tokenizer()
    tokenizer = CountingTokenizer(within)
    assert isinstance(tokenizer, Tokenizer)
    assert [tokenizer.count(text) for text in texts] == [within.count(text) for text in texts]
    assert all((tokenizer.offsets(text) == within.offsets(text)).all() for text in texts)
    assert tokenizer.counted == Counted(2 * len(texts), 2 * sum(map(len, texts)))
    assert tokenizer.name == within.name


@settings(deadline=None)
@given(st.text())
def test_without_one_within_words_are_counted(text: str) -> None:
    tokenizer = CountingTokenizer()
    offsets = tokenizer.offsets(text)
    assert [text[start:end] for start, end in offsets] == text.split()
    assert tokenizer.count(text) == len(offsets)
