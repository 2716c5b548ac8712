"""The values that a choice of model is made from, models at hand and a request, and its result, a route."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from longdoc.arguments import checked
from longdoc.errors import BudgetError, InputError, UnknownNameError

Task = Literal["encode", "classify", "answer", "summarize", "chat", "generate"]
Kind = Literal["chat", "longformer", "led", "windowed", "extractive"]
Strategy = Literal["stuff", "longformer", "map-reduce", "refine", "passages", "windowed", "extractive"]

WAYS: dict[Task, tuple[tuple[Strategy, tuple[Kind, ...]], ...]] = {
    "encode": (("longformer", ("longformer",)),),
    "classify": (("longformer", ("longformer",)),),
    "answer": (
        ("stuff", ("chat", "windowed")),
        ("longformer", ("longformer",)),
        ("passages", ("chat", "windowed")),
        ("extractive", ("extractive",)),
    ),
    "summarize": (
        ("stuff", ("chat", "led", "windowed")),
        ("map-reduce", ("chat", "led", "windowed")),
        ("extractive", ("extractive",)),
    ),
    "chat": (
        ("stuff", ("chat", "windowed")),
        ("passages", ("chat", "windowed")),
        ("extractive", ("extractive",)),
    ),
    "generate": (("windowed", ("windowed",)),),
}
"""For each task, the strategies in order of preference, and the kinds of model that each can be had with."""


@checked
@dataclass(frozen=True, slots=True)
class ModelAtHand:
    """A model that may be chosen, and its limits.

    `tokens` is what it holds at once: the context of a chat model, prompt and reply together; the trained length of a
    Longformer; what an LED model reads; window and sinks of a windowed decoder. `output_tokens` is the most that it
    writes, None where that is bounded by `tokens` alone, as it is for all but LED. `tasks` narrows what its kind can
    do: a Longformer trained to classify cannot answer. `bytes` and `bytes_per_token` are the memory that it takes
    here beyond what is taken already, 0 for a model that runs elsewhere.
    """

    name: str
    kind: Kind
    tokens: int = 0
    output_tokens: int | None = None
    tasks: tuple[Task, ...] = ()
    bytes: int = 0
    bytes_per_token: int = 0

    def __post_init__(self) -> None:
        if self.kind not in get_args(Kind):
            raise UnknownNameError(f"unknown kind of model {self.kind!r}; give one of {', '.join(get_args(Kind))}")
        if self.kind != "extractive" and self.tokens < 1:
            raise BudgetError(f"{self.name} holds {self.tokens} tokens; give 1 or more")
        if self.output_tokens is not None and self.output_tokens < 1:
            raise BudgetError(f"{self.name} writes {self.output_tokens} tokens; give 1 or more, or None")
        if self.bytes < 0 or self.bytes_per_token < 0:
            raise BudgetError(
                f"{self.name} takes {self.bytes} bytes and {self.bytes_per_token} a token; give 0 or more"
            )
        unfit = [task for task in self.tasks if all(self.kind not in kinds for _, kinds in WAYS.get(task, ()))]
        if unfit:
            raise InputError(f"a model of kind {self.kind} cannot {unfit[0]}; leave {unfit[0]!r} out of its tasks")

    def can(self, task: Task) -> bool:
        """Whether the task is one of its own, if it has any named."""
        return not self.tasks or task in self.tasks

    def room(self, free_bytes: int | None) -> int:
        """The most tokens that it can hold at once: its limit, or what fits the memory beside it; -1 if it does not."""
        if free_bytes is None:
            return self.tokens
        left = free_bytes - self.bytes
        if left < 0:
            return -1
        return min(self.tokens, left // self.bytes_per_token) if self.bytes_per_token else self.tokens


@checked
@dataclass(frozen=True, slots=True)
class Request:
    """What is to be done with how many tokens, counted as the model that will read them counts.

    `tokens` are the text's, `documents` how many it comes from (no call reads two). `prompt_tokens` are kept for what
    stands beside the text in every call: instructions, question, history; a Longformer takes it for the question.
    `output_tokens` are kept for what is written. `call_tokens` bounds what a call is to read of the text, where that
    is less than it could.
    """

    task: Task
    tokens: int
    prompt_tokens: int = 0
    output_tokens: int = 0
    documents: int = 1
    call_tokens: int | None = None

    def __post_init__(self) -> None:
        if self.task not in get_args(Task):
            raise UnknownNameError(f"unknown task {self.task!r}; give one of {', '.join(get_args(Task))}")
        for name, least in (("tokens", 0), ("prompt_tokens", 0), ("output_tokens", 0), ("documents", 1)):
            if getattr(self, name) < least:
                raise BudgetError(f"{name} is {getattr(self, name)}; give {least} or more")
        if self.call_tokens is not None and self.call_tokens < 1:
            raise BudgetError(f"call_tokens is {self.call_tokens}; give a call at least 1 token to read, or None")


@dataclass(frozen=True, slots=True)
class Route:
    """How a request is to be met, with which model, and why in a sentence.

    `held` is the most tokens that the model has before it at once, never over its limit; 0 for the extractive
    default, which has none. `pieces` is the least number of stretches that the text is read in. "refine" is chosen by
    who asks, never by the router.
    """

    strategy: Strategy
    model: ModelAtHand
    why: str
    held: int
    pieces: int = 1

    def __str__(self) -> str:
        return f"{self.strategy} with {self.model.name}: {self.why}"
