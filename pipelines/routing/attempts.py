"""A request met by the first of the models that fits it and does not fail."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

from longdoc.errors import (
    BudgetError,
    InputError,
    LongdocError,
    MissingExtraError,
    StageError,
    UnavailableError,
    UnknownNameError,
)
from longdoc.pipelines.choice import Choice
from longdoc.pipelines.route import ModelAtHand, Request, Route, Task
from longdoc.pipelines.routing import footprint
from longdoc.pipelines.routing.models import RoutedModel

T = TypeVar("T")
FAILURES = (StageError, UnavailableError, MissingExtraError, BudgetError)
"""What a model may raise and another may still be asked after; what is wrong with the request is wrong for all."""

Asking = Callable[[RoutedModel, ModelAtHand], Request]


class Attempts:
    """The models left to try for a task, in the order of the router's choices; `words` say which failed and how.

    `asked` is the request as a model counts it; `free` None measures the memory that is free before each choice.
    """

    def __init__(
        self, task: Task, models: Sequence[RoutedModel], context_tokens: int, asked: Asking, free: int | None = None
    ) -> None:
        self.words: list[str] = []
        self._task, self._left, self._free = task, list(models), free
        self._context_tokens, self._asked = context_tokens, asked

    def next(self) -> tuple[Route, RoutedModel]:
        """The route of what is left, and the model that it names. Raises as `Choice.route_for` does."""
        at_hand = [one.at_hand(self._context_tokens) for one in self._left]
        able = [(one, facts) for one, facts in zip(self._left, at_hand, strict=True) if facts.can(self._task)]
        requests = [self._asked(one, facts) for one, facts in able]
        free = footprint.free_bytes() if self._free is None else self._free
        choice = Choice([facts for _, facts in able], free)
        route = choice.route_for(self._task, requests)
        return route, able[[facts for _, facts in able].index(route.model)][0]

    def failed(self, model: RoutedModel, error: LongdocError) -> None:
        """Takes a model out, with a word; raises its error where no other can do the task."""
        self.words.append(f"{model.name} failed ({' '.join(str(error).split()).rstrip('.')})")
        self._left = [one for one in self._left if one is not model]
        try:
            self.next()
        except (UnavailableError, BudgetError):
            raise error from None

    def run(self, do: Callable[[Route, RoutedModel], T]) -> tuple[Route, T]:
        """The first result, and the route by which it was made."""
        while True:
            route, model = self.next()
            try:
                with models_errors(model.name):
                    return route, do(route, model)
            except FAILURES as error:
                self.failed(model, error)


@contextmanager
def models_errors(name: str) -> Iterator[None]:
    """Raises errors of a network or its library as a `StageError` that names the model."""
    try:
        yield
    except (LongdocError, InputError, UnknownNameError):
        raise
    except (RuntimeError, MemoryError, IndexError, KeyError, TypeError, ValueError, OSError) as error:
        line = (str(error).strip().splitlines() or [""])[0]
        raise StageError(f"{name} could not read it: {type(error).__name__} {line}".rstrip()) from error
