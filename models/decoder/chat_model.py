"""A local causal model as a LangChain chat model, in bounded memory whatever the length of the chat."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from dataclasses import fields
from typing import Any, ClassVar, Self

import torch
from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.language_models.base import LangSmithParams
from langchain_core.language_models.chat_models import agenerate_from_stream, generate_from_stream
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.messages.ai import UsageMetadata
from langchain_core.outputs import ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool
from langchain_core.utils.function_calling import convert_to_openai_tool
from pydantic import ConfigDict, Field, PrivateAttr, model_validator
from torch import Tensor
from transformers import DynamicCache, PreTrainedTokenizerBase

from longdoc.errors import InputError
from longdoc.models.decoder.buffers import Storage
from longdoc.models.decoder.decoder import WindowedDecoder, load_decoder
from longdoc.models.decoder.prompt import ChatPrompt, encoded
from longdoc.models.decoder.reply import Reply, Sampling
from longdoc.models.decoder.sessions import KVSessions
from longdoc.models.decoder.step import Window
from longdoc.models.decoder.text_stream import Stops
from longdoc.models.decoder.token_stream import end_tokens
from longdoc.models.decoder.tool_calls import ToolCalls, require_tools

_WINDOW = 8192  # tokens seen where nothing is asked and the model was trained for as many
_SAMPLING = [field.name for field in fields(Sampling)]

_TOGETHER = 4  # replies that are scored at once


class WindowedChatModel(BaseChatModel):
    """A chat model over a `WindowedDecoder` and its tokenizer; text only, with tools where its chat template has them.

    `attention_window` is what each token sees beside the first `sinks` tokens; None is 8,192, or as many as the
    model has positions. The fields of `Sampling` may be given here and with a call, as may `stop`: a reply ends
    before the first stop sequence. Messages are laid out as `ChatPrompt` says. With `sessions`, a prompt that begins
    as an earlier one did is read from where they part; the state of each prompt is stored there. A `small` model
    follows one short task at a time: summaries and answers then give it sentences that were chosen without it.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    decoder: WindowedDecoder = Field(exclude=True, repr=False)
    model_name: str = "windowed"
    attention_window: int | None = None
    sinks: int = 4
    storage: Storage = "model"
    max_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    seed: int | None = None
    stop: list[str] | None = None
    sessions: KVSessions | None = Field(default=None, exclude=True, repr=False)
    small: bool = False

    is_local: ClassVar[bool] = True  # it runs here: one call at a time, as long as it takes
    _lock: threading.Lock = PrivateAttr(default_factory=threading.Lock)

    @classmethod
    def from_pretrained(
        cls, name: str, *, dtype: torch.dtype | None = None, device: str = "cpu", **settings: Any
    ) -> Self:
        """The model in the folder `name`, or of that hub id, as `load_decoder` loads it; settings are the fields.

        Raises `UnavailableError` where it cannot be had, `InputError` for a setting that cannot be.
        """
        return cls.made(name, lambda: load_decoder(name, dtype=dtype, device=device), **settings)

    @classmethod
    def made(cls, name: str, load: Callable[[], WindowedDecoder], **settings: Any) -> Self:
        """The model called `name` of the decoder that `load` gives, called once the settings are known to do."""
        unknown = sorted(set(settings) - set(cls.model_fields))
        if unknown:
            raise InputError(f"{unknown[0]!r} is no setting of a local chat model: see the fields of {cls.__name__}")
        Sampling(**{key: settings[key] for key in _SAMPLING if key in settings})
        _window(settings.get("attention_window"), settings.get("sinks", 4), _WINDOW)
        return cls(decoder=load(), **{"model_name": name} | settings)

    @model_validator(mode="after")
    def _check(self) -> Self:
        self._sampling({})
        self._seen()
        if self.decoder.tokenizer is None:
            raise InputError("the decoder has no tokenizer: a chat model needs one, so give WindowedDecoder its own")
        return self

    @property
    def tokenizer(self) -> PreTrainedTokenizerBase:
        """The model's own tokenizer."""
        assert self.decoder.tokenizer is not None  # noqa: S101 - checked when made
        return self.decoder.tokenizer

    @property
    def _llm_type(self) -> str:
        return "longdoc-windowed"

    @property
    def _identifying_params(self) -> dict[str, Any]:
        named = {"model_name": self.model_name, "fingerprint": self.decoder.fingerprint, "storage": self.storage}
        sampling = {key: getattr(self, key) for key in _SAMPLING}
        return named | sampling | {"attention_window": self._seen().size, "sinks": self.sinks, "stop": self.stop}

    def _get_ls_params(self, stop: list[str] | None = None, **kwargs: Any) -> LangSmithParams:
        return LangSmithParams(**super()._get_ls_params(stop=stop, **kwargs) | {"ls_provider": "longdoc"})

    def get_token_ids(self, text: str) -> list[int]:
        """The token ids of `text` alone, without those that frame a text."""
        return encoded(self.tokenizer, text, framed=False)

    def get_num_tokens_from_messages(self, messages: list[BaseMessage], tools: Sequence[Any] | None = None) -> int:
        """How many tokens are read for these messages, laid out for the model."""
        described = [convert_to_openai_tool(tool) for tool in tools or ()]
        return ChatPrompt(self.tokenizer, described).ids(messages).shape[1]

    def bind_tools(
        self,
        tools: Sequence[dict[str, Any] | type | Callable[..., Any] | BaseTool],
        *,
        tool_choice: str | None = None,
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """The model that may call these tools. Raises `InputError` for one whose chat template has none.

        It chooses itself whether to call one, and which.
        """
        require_tools(self.tokenizer)
        if tool_choice not in (None, "auto"):
            raise InputError(f"tool_choice is {tool_choice!r}; leave it out: a local model chooses itself")
        return self.bind(tools=[convert_to_openai_tool(tool) for tool in tools], **kwargs)

    def stream_text(self, text: str, stop: list[str] | None = None, **settings: Any) -> Iterator[str]:
        """What the model writes after `text` itself, without a chat template, piece by piece."""
        ids = encoded(self.tokenizer, text)
        if not ids:
            raise InputError("the text is empty: give the model something to continue")
        reply = self._reply(torch.tensor([ids]), self._stops(stop), settings)
        yield from reply.pieces()

    @torch.no_grad()
    def likelihoods(self, messages: list[BaseMessage], replies: Sequence[str]) -> list[float]:
        """The mean log-probability of a token of each reply, its end included, behind these messages.

        Nothing is let go of here: messages and reply are as many tokens as the model has positions, at most.
        """
        if not replies:
            return []
        model, ends = self.decoder.model, end_tokens(self.decoder)[:1]
        rows = [encoded(self.tokenizer, reply, framed=False) + ends for reply in replies]
        if not all(rows):
            raise InputError("a reply is empty, and the model has no token that ends one; leave it out")
        cache = DynamicCache()
        prompt = ChatPrompt(self.tokenizer).ids(messages).to(model.device)
        first = model(prompt, past_key_values=cache, logits_to_keep=1).logits
        found: list[float] = []
        for at in range(0, len(rows), _TOGETHER):
            found += self._behind(first, cache, rows[at : at + _TOGETHER])
        return found

    def _behind(self, first: Tensor, prompt: DynamicCache, rows: list[list[int]]) -> list[float]:
        """The mean log-probability of each row of tokens behind a prompt, whose last logits are (1, 1, V)."""
        model, longest = self.decoder.model, max(map(len, rows))
        ids = torch.tensor([row + [0] * (longest - len(row)) for row in rows], device=model.device)  # (replies, T)
        logits = first.expand(len(rows), -1, -1)
        if longest > 1:
            cache = deepcopy(prompt)
            cache.batch_repeat_interleave(len(rows))
            logits = torch.cat([logits, model(ids[:, :-1], past_key_values=cache).logits], dim=1)  # (replies, T, V)
        logits = logits.float()
        taken = logits.gather(2, ids[..., None])[..., 0] - logits.logsumexp(-1)  # (replies, T)
        return [taken[at, : len(row)].mean().item() for at, row in enumerate(rows)]

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        return generate_from_stream(self._stream(messages, stop, run_manager, **kwargs))

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        # Token by token, so that a call that is cancelled stops, and does not compute on in its thread.
        return await agenerate_from_stream(self._astream(messages, stop, run_manager, **kwargs))

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        tools = kwargs.pop("tools", ())
        prompt = ChatPrompt(self.tokenizer, tools)
        ids = prompt.ids(messages)
        reply = self._reply(ids, [*self._stops(stop), *prompt.stops], kwargs)
        reading = ToolCalls(f"call_{ids.shape[1]}") if tools else None
        for piece in reply.pieces():
            text = piece if reading is None else reading.read(piece)
            if not text:
                continue
            chunk = ChatGenerationChunk(message=AIMessageChunk(content=text))
            if run_manager:
                run_manager.on_llm_new_token(text, chunk=chunk)
            yield chunk
        usage = UsageMetadata(
            input_tokens=ids.shape[1], output_tokens=reply.tokens, total_tokens=ids.shape[1] + reply.tokens
        )
        rest, calls = reading.end() if reading is not None else ("", [])
        about = {"model_name": self.model_name, "finish_reason": "tool_calls" if calls else reply.finish_reason}
        last = AIMessageChunk(
            content=rest, tool_call_chunks=calls, usage_metadata=usage, response_metadata=about, chunk_position="last"
        )
        yield ChatGenerationChunk(message=last)

    def _reply(self, ids: Tensor, stops: Sequence[str], settings: dict[str, Any]) -> Reply:
        sampling, window = self._sampling(settings), self._seen()
        given: dict[str, Any] = {"attention_window": window.size, "sinks": window.sinks, "storage": self.storage}
        if self.sessions is not None:
            with self._lock:
                given["cache"] = self.sessions.read(self.decoder, ids[:, :-1].to(self.decoder.model.device), **given)
        return Reply(self.decoder, ids, sampling, Stops(stops), given)

    def _sampling(self, of_the_call: dict[str, Any]) -> Sampling:
        unknown = sorted(set(of_the_call) - {*_SAMPLING, "stream"})
        if unknown:
            raise InputError(f"{unknown[0]!r} is no setting of a call: give stop, {', '.join(_SAMPLING)}")
        return Sampling(**{key: of_the_call.get(key, getattr(self, key)) for key in _SAMPLING})

    def _stops(self, of_the_call: list[str] | None) -> list[str]:
        return list((self.stop if of_the_call is None else of_the_call) or [])

    def _seen(self) -> Window:
        positions = getattr(self.decoder.config, "max_position_embeddings", None)
        return _window(self.attention_window, self.sinks, positions or _WINDOW + self.sinks)


def _window(asked: int | None, sinks: int, positions: int) -> Window:
    return Window(max(1, min(_WINDOW, positions - sinks)) if asked is None else asked, sinks)
