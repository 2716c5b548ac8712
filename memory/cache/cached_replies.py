"""Replies of chat models paid for once: a LangChain `BaseCache` on an `EncodingCache`."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from typing import Any

from langchain_core.caches import RETURN_VAL_TYPE, BaseCache
from langchain_core.messages import BaseMessageChunk, message_to_dict, messages_from_dict
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, Generation, GenerationChunk

from longdoc.arguments import checked
from longdoc.memory.cache.byte_cache import ByteCache
from longdoc.memory.cache.keys import KeySpace

_log = logging.getLogger(__name__)
_KIND = "reply"


@checked
class CachedReplies(BaseCache):
    """Give it to a chat model as `cache=`, or to `langchain_core.globals.set_llm_cache`.

    A reply is found again for the same prompt and the same settings of the model, as LangChain spells them. Replies
    are JSON, and only LangChain's own messages are read back, whatever a damaged or hostile file may name; a reply
    that would not come back as it was is not kept, and a warning says so. LangChain asks and answers in two calls, so
    two callers at once may both pay; `EncodingCache.get_or_compute` prevents that.
    """

    def __init__(self, cache: ByteCache) -> None:
        self.cache = cache

    def lookup(self, prompt: str, llm_string: str) -> RETURN_VAL_TYPE | None:
        """The generations stored for the prompt, or None."""
        (value,) = self.cache.mget([_key(prompt, llm_string)])
        return None if value is None else _read(value)

    def update(self, prompt: str, llm_string: str, return_val: RETURN_VAL_TYPE) -> None:
        """Stores the generations; they are on disk when this returns."""
        try:
            value = json.dumps([_told(generation) for generation in return_val], allow_nan=False).encode()
            same = _read(value) == list(return_val)
        except (TypeError, ValueError, KeyError):
            same = False
        if same:
            self.cache.mset([(_key(prompt, llm_string), value)])
        else:
            _log.warning("a reply is not kept: as JSON it would not come back as it was")

    def clear(self, **kwargs: Any) -> None:
        """Forgets every reply, and nothing else in the cache."""
        self.cache.clear(prefix=f"{_KIND}/")


def _key(prompt: str, llm_string: str) -> str:
    return KeySpace(_KIND, model=llm_string).key(prompt)


def _told(generation: Generation) -> dict[str, Any]:
    told = {"type": type(generation).__name__, "text": generation.text, "info": generation.generation_info}
    if isinstance(generation, ChatGeneration):
        told["message"] = message_to_dict(generation.message)
    return told


def _read(value: bytes) -> Sequence[Generation]:
    return [_generation(told) for told in json.loads(value)]


def _generation(told: dict[str, Any]) -> Generation:
    if "message" not in told:
        kind = {"Generation": Generation, "GenerationChunk": GenerationChunk}[told["type"]]
        return kind(text=told["text"], generation_info=told["info"])
    (message,) = messages_from_dict([told["message"]])
    if isinstance(message, BaseMessageChunk):
        return ChatGenerationChunk(message=message, generation_info=told["info"])
    return ChatGeneration(message=message, generation_info=told["info"])
