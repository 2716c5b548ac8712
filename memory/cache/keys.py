"""Keys for what an encoding is made from: equal inputs, equal keys, in every process and on every machine."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from hashlib import blake2b
from importlib.resources import files
from importlib.resources.abc import Traversable

from longdoc.arguments import checked
from longdoc.errors import InputError

_DIGEST_BYTES = 20  # 160 bits: no two keys meet by chance

Json = str | int | float | bool | None | Sequence["Json"] | Mapping[str, "Json"]


@checked
@dataclass(frozen=True)
class KeySpace:
    """All that a cached value depends on but its content; `key(content)` adds that.

    `kind` names what is cached ("embedding", "summary") and leads every key, as in `embedding/1f0c...`. `version` is
    raised when the value's layout changes; `model` is a fingerprint that changes whenever the model's output may.
    `parameters` is JSON: the order of its keys does not matter, NaN and infinities are refused, 1 and 1.0 differ.
    """

    kind: str
    model: str = ""
    dtype: str = ""
    parameters: Mapping[str, Json] = field(default_factory=dict)
    version: int = 1

    def __post_init__(self) -> None:
        if not self.kind or not self.kind.replace("-", "").isalnum() or not self.kind.isascii():
            raise InputError(f"a cache kind of {self.kind!r}: give letters, digits and hyphens")
        self._head  # noqa: B018  parameters that are not JSON are refused here, not at the first key

    def key(self, content: str | bytes) -> str:
        """The key of a text (as UTF-8) or of bytes; text and bytes with equal bytes have one key."""
        return self.keys((content,))[0]

    def keys(self, contents: Iterable[str | bytes]) -> list[str]:
        """The keys of many contents, in order; about a microsecond and the reading of the content for each."""
        lead, blank, head = f"{self.kind}/", blake2b(digest_size=_DIGEST_BYTES), blake2b(digest_size=_DIGEST_BYTES)
        head.update(self._head)
        keys = []
        for content in contents:
            of_content, of_all = blank.copy(), head.copy()  # cheaper than new ones
            of_content.update(_encoded(content) if isinstance(content, str) else content)
            of_all.update(of_content.hexdigest().encode() + b'"]')
            keys.append(lead + of_all.hexdigest())
        return keys

    @cached_property
    def _head(self) -> bytes:
        told = [self.kind, self.version, self.model, self.dtype, self.parameters, ""]
        return canonical_json(told)[:-2]


@cache
def code_digest(*packages: str) -> str:
    """A digest of the Python sources of packages, such as `longdoc.chunkers`, with all below them; of modules too.

    What is made by a method rests on its code: no one has to remember to raise a number. The same on every system,
    whatever the files' line ends. Reads each file once a process: some 5 ms for a hundred.
    """
    made = blake2b(digest_size=_DIGEST_BYTES)
    for package in packages:
        parent, _, last = package.rpartition(".")
        at = files(parent).joinpath(f"{last}.py")
        found = [(last, at)] if at.is_file() else sorted(_sources(files(package), ""), key=lambda one: one[0])
        for name, file in found:
            code = file.read_bytes().replace(b"\r\n", b"\n")
            made.update(f"{package} {name} {len(code)}\n".encode() + code)
    return made.hexdigest()


def _sources(folder: Traversable, above: str) -> Iterator[tuple[str, Traversable]]:
    for one in folder.iterdir():
        if one.name.endswith((".py", ".json")):  # constants that were fitted are code as well
            yield f"{above}{one.name}", one
        elif one.is_dir() and one.name.isidentifier() and one.name != "__pycache__":
            yield from _sources(one, f"{above}{one.name}/")


def canonical_json(value: object) -> bytes:
    """The one way to write a JSON value: sorted keys, no spaces, ASCII. `InputError` for what is not JSON."""
    _refuse_other_keys(value)
    try:
        text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise InputError(f"{value!r} is not JSON ({error}): give strings, finite numbers, lists and mappings") from None
    return text.encode("ascii")


def _refuse_other_keys(value: object) -> None:
    # json.dumps writes {1: x} and {"1": x} alike: two values, one key
    if isinstance(value, Mapping):
        for key, held in value.items():
            if not isinstance(key, str):
                raise InputError(f"the mapping key {key!r} is not a string; give {str(key)!r}")
            _refuse_other_keys(held)
    elif isinstance(value, list | tuple):
        for held in value:
            _refuse_other_keys(held)


def _encoded(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError:  # half a surrogate pair, as JSON may hold
        return text.encode("utf-8", "surrogatepass")
