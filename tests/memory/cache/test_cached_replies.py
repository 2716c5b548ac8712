from __future__ import annotations

import logging
from pathlib import Path

import pytest
from langchain_core.caches import BaseCache
from langchain_core.messages import AIMessage, AIMessageChunk
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, Generation, GenerationChunk
from langchain_core.stores import InMemoryByteStore
from langchain_tests.integration_tests.cache import AsyncCacheTestSuite, SyncCacheTestSuite

from longdoc.memory.cache.cached_replies import CachedReplies
from longdoc.memory.cache.encoding_cache import EncodingCache
from longdoc.testing import ScriptedChatModel


@pytest.fixture
def replies(tmp_path: Path) -> CachedReplies:
    return CachedReplies(EncodingCache(tmp_path))


class TestSync(SyncCacheTestSuite):
    @pytest.fixture
    def cache(self, replies: CachedReplies) -> BaseCache:
        return replies


@pytest.mark.asyncio
@pytest.mark.filterwarnings("ignore:.*not an async function:pytest.PytestWarning")  # one test of the suite is none
class TestAsync(AsyncCacheTestSuite):
    @pytest.fixture
    def cache(self) -> BaseCache:
        return CachedReplies(EncodingCache(store=InMemoryByteStore()))


USAGE = {"input_tokens": 3, "output_tokens": 2, "total_tokens": 5}
MESSAGE = AIMessage("Yes.", id="run-1", usage_metadata=USAGE, response_metadata={"finish_reason": "stop"})
CALL = AIMessage("", tool_calls=[{"name": "search", "args": {"q": ["a", 1]}, "id": "1", "type": "tool_call"}])


@pytest.mark.parametrize(
    "generation",
    [
        Generation(text="a", generation_info={"n": [1, None]}),
        GenerationChunk(text="a"),
        ChatGeneration(message=MESSAGE),
        ChatGeneration(message=CALL, generation_info={"n": 1}),
        ChatGenerationChunk(message=AIMessageChunk("a", id="1")),
    ],
)
def test_a_reply_comes_back_as_it_was(replies: CachedReplies, generation: Generation) -> None:
    replies.update("prompt", "model", [generation, generation])
    kept = replies.lookup("prompt", "model")
    assert kept == [generation, generation]
    assert [type(one) for one in kept] == [type(generation)] * 2
    assert replies.lookup("prompt", "other model") is None


def test_what_json_cannot_hold_is_not_kept(replies: CachedReplies, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        replies.update("prompt", "model", [Generation(text="a", generation_info={"x": {1: 2}})])
        replies.update("prompt", "model", [Generation(text="a", generation_info={"x": object()})])
    assert replies.lookup("prompt", "model") is None
    assert [record.message for record in caplog.records] == 2 * [
        "a reply is not kept: as JSON it would not come back as it was"
    ]


def test_clear_leaves_what_else_is_cached(replies: CachedReplies) -> None:
    replies.cache.mset([("embedding/1", b"x")])
    replies.update("prompt", "model", [Generation(text="a")])
    replies.clear()
    assert list(replies.cache.yield_keys()) == ["embedding/1"]


def test_a_chat_model_is_called_once(replies: CachedReplies) -> None:
    model = ScriptedChatModel(replies=["One.", "Two."], cache=replies)
    assert [model.invoke(question).content for question in ("a?", "a?", "b?", "a?")] == ["One.", "One.", "Two.", "One."]
    assert len(model.calls) == 2
