"""Arguments of the wrong kind: one sentence each, everywhere on the public surface."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable, Iterable, Iterator, Mapping
from importlib import import_module
from os import PathLike
from pathlib import Path
from types import UnionType
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import longdoc
from longdoc.arguments import _hints
from longdoc.errors import ArgumentError, LongdocError

PACKAGES = ("longdoc", "longdoc.chunkers", "longdoc.memory", "longdoc.models", "longdoc.pipelines")
# Values that pipelines make by the thousand, results, protocols, LangChain's pydantic models, and errors.
UNCHECKED = {
    *("Span", "Sentence", "Summary", "SummaryTree", "Passage", "Finding", "Route", "Plan", "Citation", "Verification"),
    *("Answer", "IndexRetriever", "RankedRetriever", "WindowedChatModel", "Assignment", "Reading", "LongdocError"),
    *("Tokenizer", "Reader", "Executor", "Engine", "Summarizer", "WritingSummarizer"),
}


def is_checked(thing: object) -> bool:
    return inspect.isfunction(thing) and thing.__code__.co_name == "guarded"


def public() -> Iterator[tuple[str, Callable[..., Any]]]:
    """Each public function, class and method that checks its arguments, by name."""
    for package in PACKAGES:
        module = import_module(package)
        for name in module.__all__:
            thing = getattr(module, name)
            if not isinstance(thing, type):
                if is_checked(thing):
                    yield name, thing
                continue
            ours = [one for one in thing.__mro__ if one.__module__.startswith("longdoc.")]
            for method, value in (item for one in reversed(ours) for item in vars(one).items()):
                bare = value.__func__ if isinstance(value, classmethod) else value
                if is_checked(bare):
                    yield f"{name}.{method}", bare


CALLED = dict(public())


def kinds(hint: Any) -> list[Any]:
    if typing.get_origin(hint) in (typing.Union, UnionType):
        return [kind for one in typing.get_args(hint) for kind in kinds(one)]
    return [typing.get_origin(hint) or hint]


def right(hint: Any) -> Any:
    """A value of the right kind."""
    kind = kinds(hint)[0]
    simple = {int: 3, float: 0.5, str: "a", bool: True, type(None): None, Any: None, Callable: print}
    if typing.get_origin(hint) is typing.Literal:
        return typing.get_args(hint)[0]
    if kind is typing.Literal:
        return typing.get_args(next(one for one in typing.get_args(hint)))[0]
    if kind in simple:
        return simple[kind]
    if isinstance(kind, type) and issubclass(kind, PathLike):
        return Path("a")
    if isinstance(kind, type) and issubclass(kind, Mapping):
        return {}
    if isinstance(kind, type) and issubclass(kind, Iterable) and kind.__module__ in ("builtins", "collections.abc"):
        return kind() if kind.__module__ == "builtins" else []
    if isinstance(kind, typing.TypeVar):
        return object()
    return print if kind.__module__ == "collections.abc" else _blank(kind)


def _blank(kind: type) -> Any:
    """Something of the class that was never made: it stands for itself, and nothing is called on it."""
    if getattr(kind, "_is_protocol", False):
        return object()
    if kind is np.ndarray:
        return np.zeros(1)
    if inspect.isabstract(kind):
        kind = type(kind)("Blank", (kind,), {})
        kind.__abstractmethods__ = frozenset()  # type: ignore[attr-defined]
    return kind.__new__(kind)


def wrong_for(hint: Any) -> list[Any]:
    """Values that no reading of the hint allows, by what it says and nothing else."""
    allowed = kinds(hint)
    if Any in allowed or object in allowed or any(isinstance(one, typing.TypeVar) for one in allowed):
        return []
    wrong: list[Any] = [] if type(None) in allowed else [None]
    if not {int, float, bool, complex} & set(allowed) and typing.Literal not in allowed:
        wrong.append(7)
    if set(allowed) <= {int, float, type(None)}:
        wrong += ["20", {"a": 1}, (one for one in ())]
    if set(allowed) <= {str, type(None)}:
        wrong += [{"a": 1}, 2.5, (one for one in ())]
    return wrong


CASES = [
    (name, parameter, value)
    for name, function in CALLED.items()
    for parameter, hint in _hints(inspect.unwrap(function)).items()
    if parameter != "return"
    and inspect.signature(function).parameters[parameter].kind not in (2, 4)  # *args, **options
    for value in wrong_for(hint)
]


def arguments(function: Callable[..., Any]) -> dict[str, Any]:
    hints = _hints(inspect.unwrap(function))
    needed = inspect.signature(function).parameters.values()
    return {one.name: right(hints[one.name]) for one in needed if one.default is one.empty and one.name in hints
            and one.kind not in (2, 4)}  # fmt: skip


def call(function: Callable[..., Any], given: dict[str, Any]) -> None:
    """Calls with `self`, where there is one, nothing at all: arguments are looked at before anything is done."""
    signature = inspect.signature(function)
    positional = [name for name, one in signature.parameters.items() if one.kind is one.POSITIONAL_ONLY]
    first = [None] if next(iter(signature.parameters), "") in ("self", "cls") else []
    function(*first, *(given[name] for name in positional if name in given),
             **{name: value for name, value in given.items() if name not in positional})  # fmt: skip


def test_a_wrong_argument_is_one_sentence_that_names_it() -> None:
    for name, parameter, value in CASES:
        with pytest.raises(ArgumentError) as caught:
            call(CALLED[name], arguments(CALLED[name]) | {parameter: value})
        said = str(caught.value)
        assert "\n" not in said, name
        assert said.startswith(f"{parameter} of "), (name, said)
        assert "; give " in said, name


def test_an_option_that_there_is_not_is_one_sentence() -> None:
    for function in CALLED.values():
        held = inspect.signature(function).parameters.values()
        if any(one.kind is one.VAR_KEYWORD and "Unpack" not in str(one.annotation) for one in held):
            continue  # LangChain's: what is not known is passed over, or handed on
        with pytest.raises(ArgumentError, match="has no option 'max_tokns'; give "):
            call(function, arguments(function) | {"max_tokns": 3})


@given(st.lists(st.sampled_from(["a", 7, 2.5, None, True, ("a",), ["a", 3], {"a": 1}, b"a"]), max_size=3))
def test_whatever_is_given_is_told_in_one_sentence(values: list[Any]) -> None:
    with pytest.raises(LongdocError) as caught:  # no tree is among them
        longdoc.render(*values)
    assert "\n" not in str(caught.value)


def test_every_public_callable_is_checked_or_named_here() -> None:
    found = {name.partition(".")[0] for name in CALLED}
    everything = {name for package in PACKAGES for name in import_module(package).__all__}
    callables = {name for name in everything if callable(getattr(longdoc, name))}
    assert callables - found == UNCHECKED & callables
    assert len(CASES) > 300


def test_the_sentence_is_both_kinds_of_error() -> None:
    with pytest.raises(TypeError, match="max_tokens of summarize is '20'; give a whole number"):
        longdoc.summarize("A text.", max_tokens="20")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="summarize has no option 'max_token'; give max_tokens"):
        longdoc.summarize("A text.", max_token=20)  # type: ignore[call-arg]
    with pytest.raises(LongdocError, match="summarize was given no source; give a text, a path"):
        longdoc.summarize()  # type: ignore[call-arg]
