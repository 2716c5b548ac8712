"""Documents that a decoder has read, kept on disk and in memory, so that the next question does not read them again."""

from __future__ import annotations

import json
import os
import time
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor
from transformers.utils.generic import ModelOutput

from longdoc.arguments import checked
from longdoc.errors import InputError, UnavailableError
from longdoc.models.decoder.buffers import Storage
from longdoc.models.decoder.cache import WindowedCache
from longdoc.models.decoder.decoder import WindowedDecoder
from longdoc.models.tensors import write_tensors

_FORMAT = 2
_ABANDONED = 3600  # seconds after which an unfinished file is no one's


@dataclass(frozen=True)
class _Kind:
    """What a state depends on beside its tokens."""

    decoder: WindowedDecoder
    attention_window: int
    sinks: int
    storage: Storage

    def key(self) -> str:
        model = self.decoder.model
        named = {
            "format": _FORMAT,
            "model": self.decoder.fingerprint,
            "dtype": str(model.dtype),
            "window": [self.attention_window, self.sinks],
            "storage": self.storage,
        }
        return _digest(json.dumps(named, sort_keys=True).encode())

    def cache(self) -> WindowedCache:
        return self.decoder.cache(self.attention_window, self.sinks, storage=self.storage)


@dataclass(frozen=True)
class _State:
    """A cache at rest: its tensors, its counters, and the ids of the tokens it has read."""

    tensors: dict[str, Tensor]
    counters: dict[str, int]
    ids: Tensor  # (tokens)

    @property
    def nbytes(self) -> int:
        return sum(one.numel() * one.element_size() for one in self.tensors.values())

    def shared(self, ids: Tensor) -> int:
        """How many tokens of the prompt `ids` it stands for; all of its own, unless it can be cut."""
        both = min(len(self.ids), len(ids))
        differ = (self.ids[:both] != ids[:both]).nonzero()
        same = int(differ[0]) if len(differ) else both
        return same if same == len(self.ids) or self.counters["whole"] else 0


@checked
class KVSessions:
    """Prefilled states of documents in `folder`, at most `max_bytes` on disk and `memory_bytes` in memory.

    A state is found by the model's fingerprint, dtype, window, sinks and storage, and by the longest run of first
    tokens that it shares with the prompt. One that has let no token go is cut to what is shared; one that has is
    used whole or not at all. The least recently used states go first. Files are safetensors, mapped when read,
    written beside and moved into place, with a sum of their words that is checked. `folder` None keeps nothing on
    disk. States are of a single text, not of a batch.
    """

    def __init__(self, folder: str | Path | None, *, max_bytes: int = 8 << 30, memory_bytes: int = 0) -> None:
        self.folder = None if folder is None else Path(folder)
        self.max_bytes, self.memory_bytes = max_bytes, memory_bytes
        self._held: OrderedDict[str, _State] = OrderedDict()  # by name, the one used last at the end

    def generate(
        self,
        decoder: WindowedDecoder,
        input_ids: Tensor,
        *,
        attention_window: int = 256,
        sinks: int = 4,
        storage: Storage = "model",
        keep: bool = True,
        **kwargs: Any,
    ) -> Tensor | ModelOutput:
        """What `decoder.generate` returns for the prompt (1, T), read from the longest prefix that is stored.

        With `keep`, the state after the answer is stored, so that the next turn begins from there; where tokens are
        let go, that state is of no use to another question over the same document: `read` the document first. An
        answer of several sequences is not stored.
        """
        kind = _Kind(decoder, attention_window, sinks, storage)
        cache = self._read(kind, input_ids[:, :-1], keep=False)
        output = decoder.generate(input_ids, cache=cache, **kwargs)
        sequences = output if isinstance(output, Tensor) else output["sequences"]
        if keep and len(cache.first) == 1:
            self._keep(kind, _state(cache, sequences[0, : cache.seen].cpu()))
        return output

    def read(
        self,
        decoder: WindowedDecoder,
        input_ids: Tensor,
        *,
        attention_window: int = 256,
        sinks: int = 4,
        storage: Storage = "model",
        keep: bool = True,
    ) -> WindowedCache:
        """A cache that has read `input_ids`, (1, T): what is stored of it is not read again. Stored if `keep`."""
        return self._read(_Kind(decoder, attention_window, sinks, storage), input_ids, keep)

    def _read(self, kind: _Kind, input_ids: Tensor, keep: bool) -> WindowedCache:
        _one_text(input_ids)
        cache = self._longest(kind, input_ids[0].cpu()) or kind.cache()
        if cache.seen < input_ids.shape[1]:
            kind.decoder.prefill(cache, input_ids)
            if keep:
                self._keep(kind, _state(cache, input_ids[0].cpu()))
        return cache

    def open(
        self,
        decoder: WindowedDecoder,
        path: str | Path,
        *,
        attention_window: int = 256,
        sinks: int = 4,
        storage: Storage = "model",
    ) -> tuple[WindowedCache, Tensor]:
        """The state in the file at `path` and the token ids, (1, T), that it has read.

        Raises `InputError` where it was made by another model or with other settings, `UnavailableError` where the
        file is missing or damaged.
        """
        kind = _Kind(decoder, attention_window, sinks, storage)
        if _about(Path(path))["kind"] != kind.key():
            raise InputError(f"{path} was made by another model, or with another window, dtype or storage")
        state = _loaded(Path(path))
        return _restored(kind, state, len(state.ids)), state.ids[None]

    def files(self) -> list[Path]:
        """The stored states, the least recently used first."""
        found = [] if self.folder is None else self.folder.glob("*.safetensors")
        return sorted(found, key=_age)

    def _longest(self, kind: _Kind, ids: Tensor) -> WindowedCache | None:
        best, shared, name = None, 0, ""
        for candidate, state in self._candidates(kind):
            if state.shared(ids) > shared:
                best, shared, name = state, state.shared(ids), candidate
        if best is None:
            return None
        self._touch(name)
        if not best.tensors:  # of a file only what finds it has been read
            try:
                best = _loaded(self._path(name))
            except UnavailableError:  # let go by another process, or damaged: as if it had never been there
                self._path(name).unlink(missing_ok=True)
                return self._longest(kind, ids)
            self._hold(name, best)
        return _restored(kind, best, shared)

    def _candidates(self, kind: _Kind) -> Iterator[tuple[str, _State]]:
        key = kind.key()
        yield from [(name, state) for name, state in self._held.items() if name.startswith(key)]
        for path in self.files():
            if path.name.startswith(key) and path.stem not in self._held:
                try:
                    yield path.stem, _outline(path)
                except UnavailableError:
                    path.unlink(missing_ok=True)

    def _keep(self, kind: _Kind, state: _State) -> None:
        name = f"{kind.key()}-{_digest(state.ids.numpy().tobytes())}"
        self._hold(name, state)
        if self.folder is None or state.nbytes > self.max_bytes:
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        self._make_room(state.nbytes)
        _save(state, kind.key(), self._path(name))

    def _hold(self, name: str, state: _State) -> None:
        if state.nbytes > self.memory_bytes:
            return
        self._held[name] = _State({key: one.clone() for key, one in state.tensors.items()}, state.counters, state.ids)
        while sum(one.nbytes for one in self._held.values()) > self.memory_bytes:
            self._held.popitem(last=False)

    def _touch(self, name: str) -> None:
        if name in self._held:
            self._held.move_to_end(name)
        if self.folder is not None and self._path(name).exists():
            os.utime(self._path(name))

    def _make_room(self, nbytes: int) -> None:
        for part in self._path("").parent.glob("*.part"):
            if time.time() - _age(part) > _ABANDONED:
                part.unlink(missing_ok=True)
        files = self.files()
        total = nbytes + sum(_size(path) for path in files)
        for path in files:
            if total <= self.max_bytes:
                return
            total -= _size(path)
            path.unlink(missing_ok=True)

    def _path(self, name: str) -> Path:
        return (self.folder or Path()) / f"{name}.safetensors"


def _one_text(input_ids: Tensor) -> None:
    if input_ids.ndim != 2 or input_ids.shape[0] != 1:
        raise InputError(f"input_ids has the shape {tuple(input_ids.shape)}: a session is of one text, (1, tokens)")


def _state(cache: WindowedCache, ids: Tensor) -> _State:
    start = max(0, cache.stop - cache.window.reach - 1)
    counters = {
        "start": start,
        "stop": cache.stop,
        "capacity": cache.capacity,
        "drift": cache.drift,
        "first": cache.first[0],
        "sink_at": cache.sink_at[0],
        "whole": int(start == 0 and cache.drift == 0 and cache.first[0] == 0),
    }
    return _State(cache.tensors(start), counters, ids)


def _restored(kind: _Kind, state: _State, tokens: int) -> WindowedCache:
    """A cache that has read the first `tokens` tokens of the state."""
    cache = kind.cache()
    cut = len(state.ids) - tokens
    counters = state.counters
    cache.first, cache.sink_at = [counters["first"]], [counters["sink_at"]]
    cache.stop, cache.drift, cache.seen = counters["stop"] - cut, counters["drift"], tokens
    cache.capacity = counters["capacity"]  # with less room its keys would be turned elsewhere, and round differently
    model = kind.decoder.model
    cache.restore({name: one.to(model.device) for name, one in state.tensors.items()}, counters["start"], model.dtype)
    return cache


def _save(state: _State, kind: str, path: Path) -> None:
    tensors = {"ids": state.ids, **state.tensors}
    sums = {name: _sum(one) for name, one in tensors.items()}
    write_tensors(path, tensors, {"kind": kind, "counters": state.counters, "sums": sums})


def _about(path: Path) -> dict[str, Any]:
    try:
        with safe_open(path, framework="pt") as file:
            about: dict[str, Any] = json.loads(file.metadata()["state"])
            return about
    except (OSError, SafetensorError, KeyError, TypeError, ValueError) as error:
        raise UnavailableError(f"{path} is missing, damaged, or no stored state: delete it") from error


def _outline(path: Path) -> _State:
    """The state without its tensors: what is needed to choose it."""
    about = _about(path)
    with safe_open(path, framework="pt") as file:
        ids = file.get_tensor("ids").clone()
    _check({"ids": ids}, about, path)
    return _State({}, about["counters"], ids)


def _loaded(path: Path) -> _State:
    about = _about(path)
    with safe_open(path, framework="pt") as file:
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a mapping
    _check(tensors, about, path)
    ids = tensors.pop("ids")
    return _State(tensors, about["counters"], ids)


def _check(tensors: Mapping[str, Tensor], about: dict[str, Any], path: Path) -> None:
    if any(_sum(one) != about["sums"].get(name) for name, one in tensors.items()):
        raise UnavailableError(f"{path} is damaged: delete it")


def _sum(tensor: Tensor) -> int:
    """The sum of the tensor's 64-bit words: no protection from malice, but from a torn or rotten file."""
    data = tensor.contiguous().view(-1).view(torch.uint8)
    whole = len(data) // 8 * 8
    return int(data[:whole].view(torch.int64).sum()) + int(data[whole:].sum())


def _digest(data: bytes) -> str:
    return blake2b(data, digest_size=16).hexdigest()


def _age(path: Path) -> float:
    return path.stat().st_mtime if path.exists() else 0.0


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
