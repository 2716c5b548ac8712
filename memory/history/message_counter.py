"""Tokens of assembled messages: by a tokenizer, by a model's own counting, or by any function."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from langchain_core.language_models import BaseLanguageModel
from langchain_core.messages import AIMessage, BaseMessage, ToolMessage

from longdoc.chunkers.tokenizers.base import Tokenizer, load_tokenizer
from longdoc.errors import InputError

Count: TypeAlias = Callable[[list[BaseMessage]], int]
Counting: TypeAlias = Tokenizer | BaseLanguageModel[Any] | Count | str

_MEDIA = frozenset({"image", "image_url", "audio", "input_audio", "video", "file", "input_image", "input_file"})


@dataclass(frozen=True, slots=True)
class MessageCounter:
    """Counts messages with a tokenizer: their text and tool calls, and what a chat template puts around each.

    `frame_tokens` a message is what the templates known take or more. An image, sound or file counts `media_tokens`
    whatever its size: give a model's own counting where that is too rough. Other parts count as their JSON.
    """

    tokenizer: Tokenizer
    frame_tokens: int = 4
    media_tokens: int = 2_000

    def __call__(self, messages: list[BaseMessage]) -> int:
        """The tokens of all the messages."""
        return sum(map(self._one, messages))

    def _one(self, message: BaseMessage) -> int:
        texts: list[str] = [message.name] if message.name else []
        tokens = self.frame_tokens
        for part in [message.content] if isinstance(message.content, str) else message.content:
            if isinstance(part, str):
                texts.append(part)
            elif part.get("type") in _MEDIA:
                tokens += self.media_tokens
            else:
                texts.append(str(part["text"]) if part.get("type") == "text" and "text" in part else _json(part))
        if isinstance(message, AIMessage):
            texts += [_json(call) for call in [*message.tool_calls, *message.invalid_tool_calls]]
        if isinstance(message, ToolMessage):
            texts.append(message.tool_call_id)
        if "function_call" in message.additional_kwargs:
            texts.append(_json(message.additional_kwargs["function_call"]))
        return tokens + sum(self.tokenizer.count(text) for text in texts if text)


def counter(counting: Counting) -> Count:
    """A function from messages to tokens; a model counts with its own `get_num_tokens_from_messages`.

    A string is a tokenizer's name, as `load_tokenizer` takes it.
    """
    if isinstance(counting, BaseLanguageModel):
        return counting.get_num_tokens_from_messages
    if isinstance(counting, str | Tokenizer):
        return MessageCounter(load_tokenizer(counting))
    if callable(counting):
        return counting
    raise InputError(f"{counting!r} counts no tokens; give a tokenizer, a chat model or a function of messages")


def _json(part: object) -> str:
    return json.dumps(part, ensure_ascii=False, default=str)
