"""A summarizer that asks a chat model, holds it to its budget, and has every sentence cited and checked."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from hashlib import blake2b

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage

from longdoc.arguments import checked
from longdoc.chunkers.tokenizers.base import Tokenizer
from longdoc.errors import BudgetError, StageError
from longdoc.memory.summaries.summary import EMPTY, Summary
from longdoc.pipelines.calls.extra import asked_again
from longdoc.pipelines.checks.checker import Checker, fitting, named_choice
from longdoc.pipelines.checks.finding import OnUnsupported
from longdoc.pipelines.route import ModelAtHand
from longdoc.pipelines.summarizers import prompts
from longdoc.pipelines.summarizers.protocol import Passage, Traits, WritingSummarizer
from longdoc.pipelines.summarizers.replies import fitted, is_copy, is_refusal, repeats, reply_sentences

FRAMING = 16  # tokens allowed for what a chat template puts around each message
_NONCES = 64  # tokens that the seven nonces of a prompt may differ by from one prompt to another

_Steps = Generator[list[BaseMessage], AIMessage, Summary]


@dataclass(frozen=True, slots=True)
class CallRecord:
    """One call that was answered: its tokens as the model reports them, else as counted here."""

    input_tokens: int
    output_tokens: int
    extra: bool  # a second call, because the first reply was too long or no summary


@checked
class ChatSummarizer(WritingSummarizer):
    """Summaries from any LangChain chat model, in one call each, or two where the first reply will not do.

    `tokenizer` counts as the model does; `context_tokens` is what the model holds, prompt and reply together. A
    reply over its budget is sent back once to be shortened, then cut after a sentence; a first sentence that is too
    long alone is cut after a clause or word and ends in "...". A sentence that does not hold is marked, dropped, or
    gives way to the source's own, as `on_unsupported` says. `on_call` is told of each call, in the thread that
    made it. Retries, timeouts and rates belong around the summarizer (`longdoc.pipelines.calls.local`); a config that
    the caller runs under reaches the model through LangChain's context variable.

    Raises `BudgetError` for a context too small for the instructions.
    """

    def __init__(
        self,
        model: BaseChatModel,
        *,
        tokenizer: Tokenizer,
        context_tokens: int = 8192,
        checker: Checker | None = None,
        on_unsupported: OnUnsupported = "mark",
        on_call: Callable[[CallRecord], object] | None = None,
    ) -> None:
        self._model = model
        self._tokenizer = tokenizer
        self.context_tokens = context_tokens
        self._checker = checker or Checker.load()
        self._on_call = on_call
        self._on_unsupported = on_unsupported
        self._originals: Mapping[str, str] | None = None
        if self.max_input_tokens < 1:
            raise BudgetError(
                f"context_tokens={context_tokens} leaves no room beside the instructions; "
                f"give {context_tokens - 2 * self.max_input_tokens + 2} or more"
            )

    def with_originals(self, originals: Mapping[str, str]) -> ChatSummarizer:
        """The same, checking the sentences of merged summaries against the characters of these sources, by name."""
        other = copy(self)
        other._originals = originals
        return other

    @property
    def name(self) -> str:
        """The model's name and a digest of its settings, the prompts, the tokenizer and the context size."""
        model = self._model._get_llm_string()  # what LangChain keys its own cache with; holds no secrets
        wording = [value for key, value in sorted(vars(prompts).items()) if key.isupper() and isinstance(value, str)]
        said = "\0".join([model, self.tokenizer.name, str(self.context_tokens), *wording])
        named = self._model._get_ls_params().get("ls_model_name") or self._model._llm_type
        return f"chat:{named}:{blake2b(said.encode(), digest_size=8).hexdigest()}{named_choice(self._on_unsupported)}"

    @property
    def traits(self) -> Traits:
        """Those of a model that is paid by the token, or of one that runs here."""
        local = bool(getattr(self._model, "is_local", False))
        return Traits(paid=not local, local=local)

    @property
    def tokenizer(self) -> Tokenizer:
        """The tokenizer that was given."""
        return self._tokenizer

    @property
    def max_output_tokens(self) -> int:
        """The largest budget that leaves `max_input_tokens` for the input: a quarter of the context."""
        return self.context_tokens // 4

    @property
    def max_input_tokens(self) -> int:
        """The tokens of passages, memory and query that fit together with a reply of `max_output_tokens`.

        Counted with each passage and each change of heading on a line of its own; `prompt_tokens` is exact.
        """
        frame = self.prompt_tokens([Passage("", ())], self.context_tokens, "?", "-")
        return self.context_tokens - self.max_output_tokens - frame - _NONCES - self.context_tokens // 32

    def max_calls(self, attempts: int) -> int:
        """Two calls, the second to shorten a reply or to replace one that is no summary."""
        return 2 * attempts

    def at_hand(self, budget: int) -> tuple[ModelAtHand, int]:
        """A chat model, whose context holds prompt and reply together."""
        return ModelAtHand("the chat model", "chat", self.context_tokens), (
            self.context_tokens - self.max_input_tokens - budget
        )

    def prompt_tokens(
        self, passages: Sequence[Passage], budget: int, query: str | None = None, memory: str = ""
    ) -> int:
        """The most tokens that a prompt for these can take; with `budget` it must not exceed `context_tokens`."""
        notes = ("", prompts.EMPTY_NOTE, prompts.COPY_NOTE)
        return max(self._count(self._messages(passages, budget, query, memory, note)) for note in notes)

    def summarize(
        self, passages: Sequence[Passage], budget: int, query: str | None = None, memory: str = ""
    ) -> Summary:
        """A summary of at most `budget` tokens, its sentences cited and checked.

        Raises `BudgetError` where prompt and budget exceed the context or not one letter fits the budget, and
        `StageError` where the model has twice given no summary: nothing, a refusal, or its own input.
        """
        steps = self._steps(passages, budget, query, memory)
        step = _advance(steps, None)
        while not isinstance(step, Summary):
            step = _advance(steps, self._model.invoke(step))
        return step

    async def asummarize(
        self, passages: Sequence[Passage], budget: int, query: str | None = None, memory: str = ""
    ) -> Summary:
        """The same as `summarize`; counting and citing run in a thread."""
        steps = self._steps(passages, budget, query, memory)
        step = await asyncio.to_thread(_advance, steps, None)
        while not isinstance(step, Summary):
            step = await asyncio.to_thread(_advance, steps, await self._model.ainvoke(step))
        return step

    def _steps(self, passages: Sequence[Passage], budget: int, query: str | None, memory: str) -> _Steps:
        """Gives the messages to send and takes the replies: the one core of both ways to call."""
        passages = [passage for passage in passages if passage.text.strip()]
        if budget < 1:
            raise BudgetError(f"a summary of {budget} tokens cannot be; give a budget of 1 or more")
        if not passages:
            return EMPTY
        self._check_room(self.prompt_tokens(passages, budget, query, memory), budget)
        source = "\n".join(passage.text for passage in passages)
        messages = self._messages(passages, budget, query, memory, "")
        sentences = self._read((yield messages), messages, extra=False)
        if note := self._fault(sentences, source, budget):
            messages = self._messages(passages, budget, query, memory, note)
            sentences = self._read((yield messages), messages, extra=True)
            if note := self._fault(sentences, source, budget):
                said = "repeated its input" if note == prompts.COPY_NOTE else "gave no summary"
                raise StageError(f"the chat model {said} twice; try another model or smaller passages")
        elif (shortening := self._shorter(sentences, budget, source)) is not None:
            shorter = self._read((yield shortening), shortening, extra=True)
            if not self._fault(shorter, source, budget) and self._tokens(shorter) < self._tokens(sentences):
                sentences = shorter
        cited = self._checker.cite(
            fitted(sentences, budget, self.tokenizer), passages, self._originals, on_unsupported=self._on_unsupported
        )
        return Summary.of(fitting(cited, budget, self.tokenizer), self.tokenizer)

    def _check_room(self, prompt: int, budget: int) -> None:
        if prompt + budget > self.context_tokens:
            raise BudgetError(
                f"a prompt of {prompt} tokens and a reply of {budget} do not fit a context of "
                f"{self.context_tokens}; give smaller passages, a smaller budget or a model with a larger context"
            )

    def _messages(
        self, passages: Sequence[Passage], budget: int, query: str | None, memory: str, note: str
    ) -> list[BaseMessage]:
        if passages and passages[0].so_far:
            task = prompts.REFINE
        else:
            task = prompts.MAP if all(map(_is_source, passages)) else prompts.REDUCE
        return prompts.messages(task, passages, self._limit(passages, budget), query, memory, note)

    def _limit(self, passages: Sequence[Passage], budget: int) -> str:
        """The budget in the unit that models can keep to: words as long as the passages', or characters."""
        sample = "\n".join(passage.text for passage in passages)[:4000]
        tokens = max(1, self.tokenizer.count(sample))
        words = len(sample.split())
        if sample and words * 4 < tokens:  # a script that has no blanks between words
            return f"{max(1, int(0.85 * budget * len(sample) / tokens))} characters"
        return f"{max(1, int(0.85 * budget * min(1.0, (words or tokens) / tokens)))} words"

    def _read(self, reply: AIMessage, messages: list[BaseMessage], *, extra: bool) -> list[str]:
        if extra:
            asked_again()
        if self._on_call is not None:
            usage = reply.usage_metadata
            read = usage["input_tokens"] if usage else self._count(messages)
            written = usage["output_tokens"] if usage else self.tokenizer.count(str(reply.text))
            self._on_call(CallRecord(read, written, extra))
        return reply_sentences(reply)

    def _fault(self, sentences: list[str], source: str, budget: int) -> str:
        """What to tell the model about a reply that is no summary; nothing where it is one."""
        text = " ".join(sentences)
        if not any(c.isalpha() for c in text) or is_refusal(sentences, source):
            return prompts.EMPTY_NOTE
        if repeats(text, f"{prompts.SYSTEM} {prompts.MAP} {prompts.REDUCE}") and not is_copy(text, source, 0.0):
            return prompts.COPY_NOTE
        if is_copy(text, source) and self.tokenizer.count(text) > budget:
            return prompts.COPY_NOTE
        return ""

    def _shorter(self, sentences: list[str], budget: int, source: str) -> list[BaseMessage] | None:
        """The messages that ask for a shorter summary, if it is too long and enough of it fits the context."""
        tokens = self._tokens(sentences)
        if tokens <= budget:
            return None
        limit = self._limit([Passage(source, ())], budget)
        for kept in range(len(sentences), 0, -1):
            draft = sentences[:kept]
            messages = prompts.shorten_messages(" ".join(draft), tokens, budget, limit)
            if self._count(messages) + budget <= self.context_tokens:
                return messages if self._tokens(draft) > budget else None
        return None

    def _tokens(self, sentences: list[str]) -> int:
        return self.tokenizer.count(" ".join(sentences))

    def _count(self, messages: Sequence[BaseMessage]) -> int:
        return sum(FRAMING + self.tokenizer.count(str(message.text)) for message in messages)


def _advance(steps: _Steps, reply: AIMessage | None) -> list[BaseMessage] | Summary:
    """The next messages to send, or the summary. A StopIteration out of the model cannot be taken for the end."""
    try:
        return next(steps) if reply is None else steps.send(reply)
    except StopIteration as end:
        summary: Summary = end.value
        return summary


def _is_source(passage: Passage) -> bool:
    return len(passage.spans) == 1 and passage.spans[0].end - passage.spans[0].start == len(passage.text)
