"""The process that a corpus is worked in: its first line is the recipe, each further one a task."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from longdoc.pipelines.calls.child import More, answer_lines
from longdoc.pipelines.corpora.make import Maker
from longdoc.pipelines.corpora.recipe import Recipe, Task


def working() -> Callable[[Any, More], Any]:
    """What answers a recipe with nothing, and each task after it with what became of it."""
    maker: Maker | None = None
    seconds = 0.0

    def answer(told: Any, more: More) -> Any:
        nonlocal maker, seconds
        if "recipe" in told:
            maker, seconds = Maker(Recipe(**told["recipe"])), told["seconds"]
            return None
        if maker is None:
            raise RuntimeError("a task came before its recipe")
        children = tuple((key, name) for key, name in told["children"])
        task = Task(**{**told, "children": children, "share": tuple(told["share"])})
        return maker.do(task, more, seconds)

    return answer


if __name__ == "__main__":
    answer_lines(working())
