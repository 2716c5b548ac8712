"""The choice among the models at hand: whole in one call, by windows, in pieces, or sentences chosen here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from longdoc.errors import BudgetError, UnavailableError
from longdoc.pipelines.route import WAYS, ModelAtHand, Request, Route, Task

_LEAST_SUMMARIES = 2  # that one call must be able to read together, or merging them would not make fewer
_OVERLAP = 8  # consecutive windows of a Longformer share one in eight of their tokens


class Choice:
    """Picks how a request is met with the models at hand, never past a model's limit or the free memory, and says why.

    The strategies are tried in the order of `WAYS`, each with the models in the order given. `free_bytes` is the
    memory that models may take, None for as much as they want.
    """

    def __init__(self, models: Sequence[ModelAtHand], free_bytes: int | None = None) -> None:
        if free_bytes is not None and free_bytes < 0:
            raise BudgetError(f"free_bytes is {free_bytes}; give 0 or more, or None")
        self.models = tuple(models)
        self.free_bytes = free_bytes

    def route(self, request: Request) -> Route:
        """The route for a request, counted alike by all models; raises as `route_for` does."""
        return self.route_for(request.task, [request] * len(self.models))

    def route_for(self, task: Task, requests: Sequence[Request]) -> Route:
        """The route for a task; `requests` are its request as each of the models counts it, in their order.

        Raises `UnavailableError` where no model at hand can do the task at any length, and `BudgetError` where each
        that could is too small for this one.
        """
        refused: list[tuple[ModelAtHand, str]] = []
        for strategy, kinds in WAYS[task]:
            for model, request in zip(self.models, requests, strict=True):
                if model.kind in kinds and model.can(task):
                    found = _Fit(model, request, self.free_bytes, _before(model, refused)).by(strategy)
                    if isinstance(found, Route):
                        return found
                    refused.append((model, found))
        if not refused:
            kinds = tuple(dict.fromkeys(kind for _, some in WAYS[task] for kind in some))
            raise UnavailableError(f"no model at hand can {task}; give one of kind {' or '.join(kinds)}")
        said = "; ".join(dict.fromkeys(why for _, why in refused))
        raise BudgetError(
            f"no model at hand can {task} here: {said}; shorten prompt or output, free memory, or give a model "
            "that holds more"
        )


def _before(model: ModelAtHand, refused: Sequence[tuple[ModelAtHand, str]]) -> str:
    """Why the model was refused at first, or, where it was not, why another was."""
    own = [why for other, why in refused if other is model]
    return next(iter(own + [why for _, why in refused]), "")


class _Fit:
    """One model against one request: a route, or in words why not; `before` is why a better one was refused."""

    def __init__(self, model: ModelAtHand, request: Request, free_bytes: int | None, before: str) -> None:
        self.model, self.request, self.free_bytes, self.before = model, request, free_bytes, before
        self.room = model.room(free_bytes)
        self.apart = model.kind == "led"  # what it writes takes none of the tokens that it reads
        self.around = request.prompt_tokens + (0 if self.apart else request.output_tokens)

    def by(self, strategy: str) -> Route | str:
        if self.room < 0:
            return f"{self.model.name} takes {self.model.bytes:,} bytes and {self.free_bytes:,} are free"
        most = self.model.output_tokens
        if most is not None and self.request.output_tokens > most:
            wanted = f"{self.request.output_tokens:,} tokens of output"
            return f"{wanted} are more than the {most:,} that {self.model.name} writes"
        ways = {
            "stuff": self._stuff,
            "longformer": self._longformer,
            "map-reduce": self._map_reduce,
            "passages": self._passages,
            "windowed": self._windowed,
            "extractive": self._extractive,
        }
        return ways[strategy]()

    def _stuff(self) -> Route | str:
        tokens, most = self.request.tokens, self.request.call_tokens
        if self.request.documents > 1:
            return f"{tokens:,} tokens of {self.request.documents:,} documents are never read in one call"
        if most is not None and tokens > most:
            return f"{tokens:,} tokens of text are more than the {most:,} that a call is to read"
        if tokens + self.around > self.room:
            return f"{self._together()} are more than {self._holds()}"
        within = "" if most is None else f", and the text is within the {most:,} that a call is to read"
        return self._route("stuff", f"{self._together()} fit {self._holds()}{within}", tokens + self.around)

    def _longformer(self) -> Route | str:
        question = self.request.prompt_tokens if self.request.task == "answer" else 0  # no other task asks one
        special = 4 if question else 2  # around the text, and around the question
        overlap = self.room // _OVERLAP
        fresh = self.room - question - special
        if fresh <= overlap:
            taken = f"a question of {question:,} tokens, {special} special ones and an overlap of {overlap:,}"
            return f"{taken} leave nothing of {self._holds()}"
        tokens = self.request.tokens
        pieces = max(self.request.documents, 1 + max(0, -(-(tokens - fresh) // (fresh - overlap))))
        held = min(tokens, fresh) + question + special
        windows = "1 window" if pieces == 1 else f"{pieces:,} windows"
        why = f"{self.model.name} reads the {tokens:,} tokens in {windows} of at most {self._holds()}"
        return self._route("longformer", self._since(why), held, pieces)

    def _map_reduce(self) -> Route | str:
        request, left = self.request, self.room - self.around
        if left < max(1, _LEAST_SUMMARIES * request.output_tokens):
            return (
                f"{self._kept()} leave {max(0, left):,} of {self._holds()}, too few to merge two replies of "
                f"{request.output_tokens:,}"
            )
        size = left if request.call_tokens is None else min(left, request.call_tokens)
        pieces = max(1, request.documents, -(-request.tokens // size))
        pieces_of = f"{pieces:,} or more pieces of at most {size:,}"
        why = f"{self.model.name} reads the {request.tokens:,} tokens in {pieces_of} and merges the replies"
        return self._route("map-reduce", self._since(why), self.room, pieces)

    def _passages(self) -> Route | str:
        left = self.room - self.around
        if left < 1:
            return f"{self._kept()} leave nothing of {self._holds()}"
        of = f"the {self.request.tokens:,} tokens, at most {left:,} of them"
        why = f"{self.model.name} reads the passages found in {of}"
        return self._route("passages", self._since(why), self.room)

    def _windowed(self) -> Route | str:
        if self.around >= self.room:
            return f"{self._kept()} leave nothing of {self._holds()}"
        seen = f"sees at most {self.room:,} at once and no longer those before"
        why = f"{self.model.name} reads the {self.request.tokens:,} tokens in order, but {seen}"
        return self._route("windowed", self._since(why), self.room)

    def _extractive(self) -> Route | str:
        why = f"sentences are chosen from all {self.request.tokens:,} tokens of text, whatever their number"
        return self._route("extractive", self._since(why), 0)

    def _route(self, strategy: Any, why: str, held: int, pieces: int = 1) -> Route:
        return Route(strategy, self.model, f"{why}.", held, pieces)

    def _since(self, why: str) -> str:
        return f"{self.before}, so {why}" if self.before else why

    def _together(self) -> str:
        parts = f"{self.request.tokens:,} tokens of text"
        if self.apart:
            return f"{parts} and {self.request.prompt_tokens:,} kept for the prompt"
        return f"{parts}, {self._kept()}"

    def _kept(self) -> str:
        return f"{self.request.prompt_tokens:,} kept for the prompt and {self.request.output_tokens:,} for the output"

    def _holds(self) -> str:
        if self.room < self.model.tokens:
            return f"the {self.room:,} that {self.model.name} holds in {self.free_bytes:,} bytes of free memory"
        return f"the {self.room:,} that {self.model.name} holds"
