"""From chat messages to the token ids that a local model reads."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from jinja2 import TemplateError
from langchain_core.messages import AIMessage, BaseMessage, ChatMessage, HumanMessage, SystemMessage, ToolMessage
from torch import Tensor
from transformers import PreTrainedTokenizerBase

from longdoc.errors import InputError
from longdoc.models.decoder.tool_calls import call_turn, require_tools, result_turn, takes_tools

Turn = dict[str, Any]
_LABELS = {"system": "", "user": "User: ", "assistant": "Assistant: "}
_PLAIN_STOP = "\nUser:"
_ENCODING = threading.Lock()  # whether control tokens count is a switch of the tokenizer, which threads share


class ChatPrompt:
    """Lays messages out as the tokenizer's chat template says, or plainly where it has none.

    Plainly, turns are set apart by an empty line: a system message as it is, the others after "User: " and
    "Assistant: ", and at the end stands "Assistant:"; the reply then ends where a line begins with "User:".
    Control tokens in a message are read as the characters they are written with where there is a template. A
    template that will not have the turns (Gemma's takes no system message, Mistral's no two turns of one role) gets
    neighbours joined and the system's words at the front of the user's. `tools` are functions as OpenAI describes
    them, for a template that takes them.
    """

    def __init__(self, tokenizer: PreTrainedTokenizerBase, tools: Sequence[Mapping[str, Any]] = ()) -> None:
        self._tokenizer = tokenizer
        self._tools = list(tools)
        if tools:
            require_tools(tokenizer)
        self._has_template = bool(tokenizer.chat_template)

    @property
    def stops(self) -> list[str]:
        """Stop sequences that the layout itself brings."""
        return [] if self._has_template else [_PLAIN_STOP]

    def ids(self, messages: Sequence[BaseMessage]) -> Tensor:  # (1, T)
        """The token ids of the messages, up to where the reply begins. Raises `InputError` for what is not text."""
        turns = [self._turn(message) for message in messages]
        ids = self._by_template(turns) if self._has_template else encoded(self._tokenizer, plain(turns))
        return torch.tensor([ids], dtype=torch.long)

    def _by_template(self, turns: list[Turn]) -> list[int]:
        try:
            return self._templated(turns)
        except (TemplateError, ValueError):
            try:
                return self._templated(turns if any("tool_calls" in turn for turn in turns) else joined(turns))
            except (TemplateError, ValueError) as error:
                raise InputError(f"the model's chat template refuses these messages: {error}") from error

    def _templated(self, turns: list[Turn]) -> list[int]:
        given: dict[str, Any] = {"sanitize_control_tokens": True, "tokenizer_kwargs": {"verbose": False}}
        if self._tools:
            given["tools"] = self._tools
        with _ENCODING:
            made = self._tokenizer.apply_chat_template(turns, add_generation_prompt=True, return_dict=False, **given)
        return list(made)

    def _turn(self, message: BaseMessage) -> Turn:
        called = call_turn(message) if isinstance(message, AIMessage) else {}
        if not called and not isinstance(message, ToolMessage):
            return _turn(message)
        if not takes_tools(self._tokenizer):
            raise InputError(
                f"a message of type {message.type!r} is about tools, and this model has none: leave it out"
            )
        return result_turn(message) if isinstance(message, ToolMessage) else {**_turn(message), **called}


def encoded(tokenizer: PreTrainedTokenizerBase, text: str, *, framed: bool = True) -> list[int]:
    """The token ids of `text`, with those that the tokenizer puts around a text if `framed`."""
    with _ENCODING:
        ids: list[int] = tokenizer(text, add_special_tokens=framed, verbose=False)["input_ids"]
    return ids


def plain(turns: Sequence[Turn]) -> str:
    """The turns as text, for a model without a chat template."""
    told = [f"{_LABELS.get(turn['role'], '')}{turn['content'].strip()}" for turn in turns]
    return "\n\n".join([*told, "Assistant:"])


def joined(turns: Sequence[Turn]) -> list[Turn]:
    """The same words in turns that alternate, the user's first, and without a system."""
    made: list[Turn] = []
    for turn in turns:
        role = "assistant" if turn["role"] == "assistant" else "user"
        if made and made[-1]["role"] == role:
            made[-1] = {"role": role, "content": f"{made[-1]['content']}\n\n{turn['content']}"}
        else:
            made.append({"role": role, "content": turn["content"]})
    return made


def _turn(message: BaseMessage) -> Turn:
    others = [] if isinstance(message.content, str) else [part for part in message.content if not _is_text(part)]
    if others:
        raise InputError(f"a message holds {others[0]!r:.60}: this model reads text only")
    return {"role": _role(message), "content": str(message.text)}


def _is_text(part: str | dict[Any, Any]) -> bool:
    return isinstance(part, str) or part.get("type") == "text"


def _role(message: BaseMessage) -> str:
    if isinstance(message, ChatMessage):
        return message.role
    for kind, role in ((SystemMessage, "system"), (HumanMessage, "user"), (AIMessage, "assistant")):
        if isinstance(message, kind):
            return role
    raise InputError(f"a message is of type {message.type!r}: this model has no tools; give system, human and ai")
