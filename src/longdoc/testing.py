"""Fakes that implement the interfaces, for tests of what is built on longdoc: no network, no patching.

model = ScriptedChatModel(replies=["The cat sat on the mat."])
tree = longdoc.summarize("A cat came in. It sat on the mat.", model=model, tokenizer=CountingTokenizer())
assert len(model.calls) == 1
"""

from __future__ import annotations

import json
import random
import re
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.messages.ai import UsageMetadata
from langchain_core.messages.tool import ToolCall, ToolCallChunk, tool_call_chunk
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool
from langchain_core.utils.function_calling import convert_to_openai_tool
from pydantic import ConfigDict, Field, PrivateAttr

from longdoc.chunkers.tokenizers.base import Tokenizer

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Counted", "CountingTokenizer", "ScriptedChatModel"]

Reply: TypeAlias = str | AIMessage


@dataclass(frozen=True, slots=True)
class Counted:
    """How often a tokenizer was asked, and about how many characters in all."""

    calls: int = 0
    characters: int = 0


class CountingTokenizer:
    """A `Tokenizer` that keeps count of what it is asked; of words, or of another tokenizer's tokens.

    Words are what white space divides. Safe to use from many threads.
    """

    def __init__(self, tokenizer: Tokenizer | None = None) -> None:
        self._tokenizer = tokenizer
        self._lock = threading.Lock()
        self._counted = Counted()

    def __reduce__(self) -> tuple[type[CountingTokenizer], tuple[Tokenizer | None], dict[str, Counted]]:
        return type(self), (self._tokenizer,), {"_counted": self._counted}

    @property
    def counted(self) -> Counted:
        """The calls of `count` and `offsets` so far, and the characters they were given."""
        return self._counted

    @property
    def name(self) -> str:
        """`words`, or the name of the tokenizer within."""
        return self._tokenizer.name if self._tokenizer else "words"

    def count(self, text: str) -> int:
        """How many tokens `text` has."""
        self._record(text)
        return self._tokenizer.count(text) if self._tokenizer else len(re.findall(r"\S+", text))

    def offsets(self, text: str) -> NDArray[np.int64]:  # (tokens, 2)
        """Start and end character of each token."""
        import numpy as np

        self._record(text)
        if self._tokenizer:
            return self._tokenizer.offsets(text)
        return np.array([match.span() for match in re.finditer(r"\S+", text)], np.int64).reshape(-1, 2)

    def _record(self, text: str) -> None:
        with self._lock:
            self._counted = Counted(self._counted.calls + 1, self._counted.characters + len(text))


class ScriptedChatModel(BaseChatModel):
    """A chat model that says what it is told to, and remembers what it was asked in `calls`.

    `replies` is a list, one for each call that does not fail, in the order in which calls arrive; or a function of
    the messages, whose answers depend on no order. `errors` gives the error that a call raises by its number, from
    1; besides, each call fails with `error` at the chance `error_rate`, drawn from `seed` and its number. Replies
    carry usage metadata, counted with `tokenizer` (words without one), and the tool calls of the messages given;
    `tools` tells which tools each call was offered. A call past the end of the list raises `IndexError`. Safe to use
    from many threads and tasks; streams word by word.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    replies: Sequence[Reply] | Callable[[list[BaseMessage]], Reply] = Field(exclude=True)
    errors: Mapping[int, Exception] = Field(default_factory=dict, exclude=True)
    error: Exception = Field(default_factory=lambda: ConnectionError("scripted failure"), exclude=True)
    error_rate: float = 0.0
    seed: int = 0
    model_name: str = "scripted"
    tokenizer: Any = Field(default_factory=CountingTokenizer, exclude=True)

    _calls: list[list[BaseMessage]] = PrivateAttr(default_factory=list)
    _tools: list[list[str]] = PrivateAttr(default_factory=list)
    _answered: int = PrivateAttr(default=0)
    _lock: threading.Lock = PrivateAttr(default_factory=threading.Lock)

    @property
    def calls(self) -> list[list[BaseMessage]]:
        """The messages of each call so far, failed ones too, in order of arrival."""
        with self._lock:
            return list(self._calls)

    @property
    def tools(self) -> list[list[str]]:
        """The names of the tools that each call so far was offered."""
        with self._lock:
            return list(self._tools)

    def bind_tools(
        self, tools: Sequence[dict[str, Any] | type | Callable[..., Any] | BaseTool], **kwargs: Any
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """The model that is offered these tools; what it calls is what the script says."""
        return self.bind(tools=[convert_to_openai_tool(tool) for tool in tools], **kwargs)

    def __getstate__(self) -> dict[Any, Any]:
        state = super().__getstate__()
        kept = {name: value for name, value in state["__pydantic_private__"].items() if name != "_lock"}
        return state | {"__pydantic_private__": kept}

    def __setstate__(self, state: dict[Any, Any]) -> None:
        super().__setstate__(state)
        self._lock = threading.Lock()

    @property
    def _llm_type(self) -> str:
        return "scripted"

    @property
    def _identifying_params(self) -> dict[str, Any]:
        return {"model_name": self.model_name}

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        return ChatResult(generations=[ChatGeneration(message=self._answer(messages, kwargs))])

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        return self._generate(messages, **kwargs)

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        for chunk in _chunks(self._answer(messages, kwargs)):
            if run_manager:
                run_manager.on_llm_new_token(str(chunk.message.text), chunk=chunk)
            yield chunk

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        for chunk in _chunks(self._answer(messages, kwargs)):
            if run_manager:
                await run_manager.on_llm_new_token(str(chunk.message.text), chunk=chunk)
            yield chunk

    def _answer(self, messages: list[BaseMessage], options: Mapping[str, Any]) -> AIMessage:
        reply = self._next(messages, [tool["function"]["name"] for tool in options.get("tools") or ()])
        message = reply if isinstance(reply, AIMessage) else AIMessage(reply)
        if message.usage_metadata is not None:
            return message
        read = sum(self.tokenizer.count(str(one.text)) for one in messages)
        written = self.tokenizer.count(str(message.text))
        usage = UsageMetadata(input_tokens=read, output_tokens=written, total_tokens=read + written)
        return message.model_copy(update={"usage_metadata": usage})

    def _next(self, messages: list[BaseMessage], tools: list[str]) -> Reply:
        with self._lock:
            self._calls.append(list(messages))
            self._tools.append(tools)
            number = len(self._calls)
            if number in self.errors:
                raise self.errors[number]
            if random.Random(f"{self.seed}/{number}").random() < self.error_rate:  # noqa: S311 - a schedule, no secret
                raise self.error
            place = self._answered
            self._answered += 1
        if not isinstance(self.replies, Sequence):
            return self.replies(messages)
        if place >= len(self.replies):
            raise IndexError(f"{len(self.replies)} replies are scripted and one more was asked for")
        return self.replies[place]


def _chunks(message: AIMessage) -> Iterator[ChatGenerationChunk]:
    """The message word by word; the last chunk carries the usage and the calls of tools."""
    pieces = re.findall(r"\s*\S+|\s+$", str(message.text)) or [""]
    for place, piece in enumerate(pieces, start=1):
        last = place == len(pieces)
        usage = message.usage_metadata if last else None
        calls = [_call(*one) for one in enumerate(message.tool_calls)] if last else []
        end: Literal["last"] | None = "last" if last else None
        chunk = AIMessageChunk(content=piece, usage_metadata=usage, tool_call_chunks=calls, chunk_position=end)
        yield ChatGenerationChunk(message=chunk)


def _call(index: int, call: ToolCall) -> ToolCallChunk:
    return tool_call_chunk(name=call["name"], args=json.dumps(call["args"]), id=call["id"], index=index)
