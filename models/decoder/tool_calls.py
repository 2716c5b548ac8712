"""Tools for a local chat model: whether its template takes them, and the calls that its reply holds.

A call is written as Hermes, Qwen and their kin write it: JSON with `name` and `arguments` between two tags.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from langchain_core.messages import AIMessage, ToolMessage
from langchain_core.messages.tool import ToolCallChunk, tool_call_chunk
from transformers import PreTrainedTokenizerBase

from longdoc.errors import InputError

_OPEN = "<tool_call>"
_CALL = re.compile(rf"{_OPEN}\s*(.*?)\s*(?:</tool_call>|\Z)", re.DOTALL)


def takes_tools(tokenizer: PreTrainedTokenizerBase) -> bool:
    """Whether the tokenizer's chat template lays tools out and has calls written between the tags."""
    told = tokenizer.chat_template
    templates = [told] if isinstance(told, str) else list((told or {}).values())
    return any("tools" in one and _OPEN in one for one in templates)


def require_tools(tokenizer: PreTrainedTokenizerBase) -> None:
    """Raises `InputError` where the model has no tools."""
    if not takes_tools(tokenizer):
        raise InputError(f"this model's chat template has no tools with {_OPEN}: leave them out, or load a model with")


class ToolCalls:
    """A reply read piece by piece: the text before its first call, then the calls.

    Calls are named after `prefix` and their number. What is no JSON with a name is among the message's
    `invalid_tool_calls`.
    """

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self._held = ""

    def read(self, piece: str) -> str:
        """What of the text so far is text for certain and was not given before."""
        self._held += piece
        at = self._held.find(_OPEN)
        if at < 0:
            longest = min(len(self._held), len(_OPEN) - 1)
            cut = next((size for size in range(longest, 0, -1) if _OPEN.startswith(self._held[-size:])), 0)
            at = len(self._held) - cut
        text, self._held = self._held[:at], self._held[at:]
        return text

    def end(self) -> tuple[str, list[ToolCallChunk]]:
        """The text that is left, and the calls."""
        if not self._held.startswith(_OPEN):
            return self._held, []
        return "", [self._call(number, found[1]) for number, found in enumerate(_CALL.finditer(self._held))]

    def _call(self, number: int, text: str) -> ToolCallChunk:
        name, arguments = "", json.dumps(text)  # a JSON string: not valid as arguments
        try:
            told = json.loads(text)
        except ValueError:
            told = None
        if isinstance(told, dict) and isinstance(told.get("name"), str):
            name, arguments = told["name"], json.dumps(told.get("arguments", {}), ensure_ascii=False)
        return tool_call_chunk(name=name, args=arguments, id=f"{self._prefix}_{number}", index=number)


def call_turn(message: AIMessage) -> Mapping[str, Any]:
    """What a template is given of a message's calls, beside its text; nothing where there are none."""
    calls: Sequence[Any] = message.tool_calls
    told = [{"type": "function", "function": {"name": one["name"], "arguments": one["args"]}} for one in calls]
    return {"tool_calls": told} if told else {}


def result_turn(message: ToolMessage) -> dict[str, Any]:
    """What a template is given of a tool's result."""
    return {"role": "tool", "name": message.name or "", "content": str(message.text)}
