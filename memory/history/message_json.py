"""Messages to JSON and back: the types of langchain-core, never an object that the text names."""

from __future__ import annotations

import json
from collections.abc import Sequence

from langchain_core.messages import BaseMessage, BaseMessageChunk, message_to_dict, messages_from_dict
from langchain_core.messages.utils import message_chunk_to_message

from longdoc.errors import InputError, UnavailableError

_KNOWN = frozenset({"human", "ai", "system", "chat", "function", "tool"})


def to_json(message: BaseMessage) -> str:
    """The message as ASCII JSON; a chunk as the message it is a chunk of.

    Raises `InputError` for a type that langchain-core's `messages_from_dict` does not load, for a `RemoveMessage`,
    and for content that JSON has no form for. What JSON has no word for comes back as its nearest: a tuple as a list.
    """
    whole = message_chunk_to_message(message) if isinstance(message, BaseMessageChunk) else message
    if whole.type not in _KNOWN:
        raise InputError(f"a message of type {whole.type!r} cannot be kept; give one of {', '.join(sorted(_KNOWN))}")
    try:
        return json.dumps(message_to_dict(whole), separators=(",", ":"))
    except (TypeError, ValueError) as error:
        raise InputError(f"a message of type {whole.type!r} is no JSON: {error}; give plain data") from error


def from_json(texts: Sequence[str]) -> list[BaseMessage]:
    """The messages that `to_json` wrote."""
    try:
        return messages_from_dict([json.loads(text) for text in texts])
    except (KeyError, TypeError, ValueError) as error:
        raise UnavailableError(f"a kept message cannot be read, the file is damaged: {error}") from error
