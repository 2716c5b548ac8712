"""Arguments of the wrong kind, told in one sentence: which one, what was given, and what to give."""

from __future__ import annotations

import builtins
import inspect
import numbers
import sys
import types
import typing
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache, wraps
from os import PathLike
from typing import Any, TypeVar

from longdoc.errors import ArgumentError, LongdocError

T = TypeVar("T", bound=Callable[..., Any])
_PLAIN = (str, bytes, int, float, complex, dict, list, tuple, set, type(None))
_SINGLE = (str, bytes, int, float, complex, dict, type(None))
_SAID = {
    int: "a whole number",
    float: "a number",
    str: "a text",
    bool: "True or False",
    bytes: "bytes",
    type(None): "None",
}
_SHOWN = 60  # characters of a value in a sentence
_LOOKED_AT = 8  # members of a list that are looked at


def checked(thing: T) -> T:
    """The function, or the class with its own public methods, that refuses arguments of the wrong kind.

    What is right is read from the annotations. A name that is only imported for type checkers stands for any object
    that is no plain value (a text, a number, a list). Raises `ArgumentError`.
    """
    if not isinstance(thing, type):
        return typing.cast("T", _guarded(thing, thing.__name__))
    for name, value in list(vars(thing).items()):
        if name == "forward" or (name.startswith("_") and name != "__init__"):
            continue
        called = thing.__name__ if name == "__init__" else f"{thing.__name__}.{name}"
        if isinstance(value, classmethod):
            setattr(thing, name, classmethod(_guarded(value.__func__, called)))
        elif inspect.isfunction(value):
            setattr(thing, name, _guarded(value, called))
    return thing


def _guarded(function: Callable[..., Any], called: str) -> Callable[..., Any]:
    wanted = _Wanted(function, called)

    @wraps(function)
    def guarded(*given: Any, **named: Any) -> Any:
        fitting = wanted.fitting or wanted.learn()
        for value, (name, known) in zip(given, wanted.places, strict=False):
            if type(value) not in known and name:
                wanted.look(name, value, given)
        for name, value in named.items():
            if name not in fitting or type(value) not in fitting[name]:
                wanted.look(name, value, given)
        try:
            return function(*given, **named)
        except TypeError as error:
            at = error.__traceback__
            if at is None or at.tb_next is not None:  # raised further in, not by the call
                raise
            raise wanted.misfit(given, str(error)) from None

    return guarded


class _Wanted:
    """What a function wants, read from its annotations at its first call: importing it costs nothing.

    `fitting` has by name the types of values that were looked at and that fit whatever their content.
    """

    def __init__(self, function: Callable[..., Any], called: str) -> None:
        self._function, self._called = function, called
        self.fitting: dict[str, set[type]] = {}
        self.places: tuple[tuple[str, set[type]], ...] = ()  # by place; "" for `self` or `cls`
        self.bound = 0  # 1 where the first argument is `self` or `cls`

    def learn(self) -> dict[str, set[type]]:
        known = [*inspect.signature(self._function).parameters.values()]
        self.bound = int(bool(known) and known[0].name in ("self", "cls"))
        known = known[self.bound :]
        self._hints = dict(_hints(self._function))
        self._open = any(one.kind is one.VAR_KEYWORD for one in known)
        for one in known:
            options = _options(self._hints.get(one.name)) if one.kind is one.VAR_KEYWORD else None
            if options is not None:
                self._hints |= options
                self._open = False
        named = [one.name for one in known if one.kind in (one.POSITIONAL_OR_KEYWORD, one.KEYWORD_ONLY)]
        others = {name for name in self._hints if name not in (one.name for one in known) and name != "return"}
        self._names = [*named, *sorted(others)]
        placed = [one.name for one in known if one.kind in (one.POSITIONAL_ONLY, one.POSITIONAL_OR_KEYWORD)]
        self.fitting = {name: set() for name in (*placed, *self._names, "")}
        self.places = tuple((name, self.fitting[name]) for name in ([""] * self.bound + placed))
        return self.fitting

    def called(self, given: tuple[Any, ...]) -> str:
        """The name of what was called: of the caller's own class, where one that it is based on has the method."""
        if not self.bound or not given:
            return self._called
        owner = given[0] if isinstance(given[0], type) else type(given[0])
        return (
            owner.__name__ if self._function.__name__ == "__init__" else f"{owner.__name__}.{self._function.__name__}"
        )

    def look(self, name: str, value: Any, given: tuple[Any, ...]) -> None:
        """Raises `ArgumentError` for a value that is not of the kind wanted, and for a name that is not known."""
        if name not in self.fitting:
            if self._open:
                return
            raise ArgumentError(_unknown(self.called(given), name, self._names))
        hint = self._hints.get(name, Any)
        if not _fits(value, hint):
            raise ArgumentError(_told(self.called(given), name, value, hint))
        if _by_type(hint):
            self.fitting[name].add(type(value))

    def misfit(self, given: tuple[Any, ...], error: str) -> LongdocError:
        """The sentence for a call that Python could not make: an argument that is missing, or one too many."""
        called = self.called(given)
        placed = [name for name, _ in self.places if name]
        for name in dict.fromkeys((*placed, *self._names)):
            if "missing" in error and f"'{name}'" in error:
                wanted = _in_words(self._hints.get(name, Any))
                return ArgumentError(f"{called} was given no {name}; give {wanted}")
        names = ", ".join(name for name in self._names if name not in placed)
        rest = f", name the others: {names}" if names else ""
        told = f"{called} was given {len(given) - self.bound} arguments by place; give {len(placed)}"
        return ArgumentError(f"{told}{rest}")


def _by_type(hint: Any) -> bool:
    """Whether the type of a value tells all: nothing is looked at inside it."""
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        return all(map(_by_type, inner))
    return origin in (None, typing.Literal) or not inner


def _options(hint: Any) -> dict[str, Any] | None:
    inner = typing.get_args(hint)
    if typing.get_origin(hint) is not typing.Unpack or not inner or not typing.is_typeddict(inner[0]):
        return None
    return _hints(inner[0])


def _unknown(called: str, name: str, names: Iterable[str]) -> str:
    import difflib

    listed = sorted(names)
    near = difflib.get_close_matches(name, listed, 1)
    return f"{called} has no option {name!r}; give {near[0] if near else ', '.join(listed) or 'none'}"


def _told(called: str, name: str, value: Any, hint: Any) -> str:
    shown = " ".join(repr(value).split()) if isinstance(value, _PLAIN) else type(value).__name__
    shown = shown if len(shown) <= _SHOWN else f"{shown[:_SHOWN]}…"
    wanted = _in_words(hint)
    if isinstance(value, str) and "a path" in wanted and "a text" not in wanted:
        wanted = wanted.replace("a path", f"Path({value!r})", 1)
    return f"{name} of {called} is {shown}; give {wanted}"


def _in_words(hint: Any) -> str:
    """What to give, such as "a text, a path or None"."""
    told = list(dict.fromkeys(_wanted(hint)))
    told = [one for one in told if one != "None"] + ["None"] * ("None" in told)
    return f"{', '.join(told[:-1])} or {told[-1]}" if len(told) > 1 else told[0]


def _wanted(hint: Any) -> Iterator[str]:
    """What to give, in words, for each of the kinds that a hint allows."""
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        plain = [one for one in inner if not _is_kind(typing.get_origin(one), Iterable)]
        lists = [one for one in inner if one not in plain]
        for one in plain:
            yield from _wanted(one)
        if lists and [one for one in plain if one is not type(None)]:
            yield "a list of them"
        else:
            for one in lists:
                yield from _wanted(one)
    elif origin is typing.Literal:
        yield ", ".join(map(repr, inner))
    elif origin is typing.Annotated:
        yield from _wanted(inner[0])
    elif hint in _SAID:
        yield _SAID[hint]
    elif _is_kind(origin or hint, PathLike):
        yield "a path"
    elif _is_kind(origin, Mapping):
        yield "a dict"
    elif _is_kind(origin, Iterable):
        yield f"a list of {_many(inner[0])}" if inner else "a list"
    elif origin is Callable or _is_kind(origin, Callable):
        yield "a function"
    else:
        yield _article(str(getattr(hint, "__name__", "value")))


def _article(name: str) -> str:
    return f"{'an' if name[0] in 'AEIOaeio' else 'a'} {name}"


def _many(hint: Any) -> str:
    """What a list is to be of."""
    said = _in_words(hint)
    first, _, rest = said.partition(" ")
    return f"{rest}s" if first in ("a", "an") and " " not in rest.replace("whole number", "") else said


def _fits(value: Any, hint: Any) -> bool:
    """Whether a value may be what the hint says; True where only a type checker could tell."""
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if hint is Any or hint is object or isinstance(hint, typing.TypeVar):
        return True
    if origin in (typing.Union, types.UnionType):
        return any(_fits(value, one) for one in inner)
    if origin is typing.Annotated:
        return _fits(value, inner[0])
    if origin is typing.Literal:
        return not isinstance(value, _PLAIN) or isinstance(value, str)  # which one, its owner says better
    if hint in (int, float):
        kind = numbers.Integral if hint is int else numbers.Real
        return isinstance(value, kind) and not isinstance(value, bool)
    if hint is None or hint is type(None):
        return value is None
    return _is_one(value, origin or hint, inner)


def _is_one(value: Any, kind: Any, inner: tuple[Any, ...]) -> bool:
    if not isinstance(kind, type):
        return kind is not Callable or callable(value)
    if isinstance(kind, _Unseen):  # which may be a `Literal` of texts
        return isinstance(value, str) or not isinstance(value, _SINGLE)
    if getattr(kind, "_is_protocol", False) and not _is_standard(kind):
        return not isinstance(value, _SINGLE) and not inspect.isgenerator(value)
    if typing.is_typeddict(kind):
        return isinstance(value, dict)
    if _is_kind(kind, Mapping):
        return isinstance(value, Mapping)
    if _is_kind(kind, Iterable) and _is_standard(kind) and kind not in (str, bytes):
        return _is_list(value, kind, inner)
    return isinstance(value, kind)


def _is_list(value: Any, kind: type, inner: tuple[Any, ...]) -> bool:
    if isinstance(value, str | bytes | Mapping) or not isinstance(value, Iterable):
        return False
    if inspect.isgenerator(value):
        return isinstance(value, kind)
    if kind is tuple or not inner or not isinstance(value, list | tuple):
        return True
    return all(_fits(one, inner[0]) for one in value[:_LOOKED_AT])


def _is_kind(kind: Any, of: Any) -> bool:
    return isinstance(kind, type) and isinstance(of, type) and issubclass(kind, of)


def _is_standard(kind: type) -> bool:
    return kind.__module__ in ("builtins", "collections.abc", "typing", "os", "pathlib")


class _Unseen(type):
    """The class of a name that only a type checker sees; what it holds, such as `torch.dtype`, is such a one too."""

    def __getattr__(cls, name: str) -> _Unseen:
        if name.startswith("_"):
            raise AttributeError(name)
        return _Unseen(name, (), {})

    def __getitem__(cls, inner: object) -> _Unseen:
        return cls


class _Names(dict[str, Any]):
    """A module's names; one that only a type checker sees is a class of its own, that nothing is known of."""

    def __missing__(self, name: str) -> Any:
        if hasattr(builtins, name):
            return getattr(builtins, name)
        return _Unseen(name, (), {})


@lru_cache(maxsize=4096)
def _hints(thing: Any) -> dict[str, Any]:
    return typing.get_type_hints(thing, localns=_Names(vars(sys.modules[thing.__module__])))
