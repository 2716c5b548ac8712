"""What a recurrent encoder carries from one chunk to the next: a fixed number of bytes whatever the length."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Protocol

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn

from longdoc.arguments import checked
from longdoc.errors import InputError, UnavailableError
from longdoc.models.checkpoints import fingerprint
from longdoc.models.tensors import write_tensors

_FORMAT = 1


class RecurrentEncoder(Protocol):
    """An encoder whose states are the same whether it reads a text whole or chunk by chunk."""

    @property
    def fingerprint(self) -> str:
        """Changes with the encoder: its kind, its settings, its weights."""

    def encode_chunk(self, x: Tensor, state: RecurrentState | None = None) -> tuple[Tensor, RecurrentState]:
        """The hidden states of the next chunk, (B, T, width), and the state after it; None begins a text.

        The state holds no graph: gradients do not reach back before the chunk. Raises `InputError` where the state
        given is another encoder's or of another batch size.
        """


@checked
@dataclass(frozen=True, eq=False)
class RecurrentState:
    """An encoder's hidden state after `seen` positions of each text of a batch; never changed in place."""

    tensors: Mapping[str, Tensor]
    seen: int
    fingerprint: str  # of the encoder

    @property
    def nbytes(self) -> int:
        """Bytes of its tensors: the same after any number of tokens."""
        return sum(one.numel() * one.element_size() for one in self.tensors.values())

    @property
    def digest(self) -> str:
        """The same for equal states of equal encoders, in any process. Linear in the bytes."""
        kinds = {name: [str(one.dtype), list(one.shape)] for name, one in self.tensors.items()}
        about = json.dumps([_FORMAT, self.fingerprint, self.seen, kinds], sort_keys=True)
        digest = blake2b(about.encode(), digest_size=16)
        for name in sorted(self.tensors):
            data = self.tensors[name].detach().cpu().contiguous().view(-1).view(torch.uint8)
            digest.update(data.numpy().tobytes())
        return digest.hexdigest()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RecurrentState) and self.digest == other.digest

    def __hash__(self) -> int:
        return hash(self.digest)

    def save(self, path: str | Path) -> None:
        """Writes a safetensors file beside `path` and moves it there: a torn file never has that name."""
        about = {"format": _FORMAT, "model": self.fingerprint, "seen": self.seen, "digest": self.digest}
        write_tensors(Path(path), self.tensors, about)

    @classmethod
    def load(cls, path: str | Path, encoder: RecurrentEncoder) -> RecurrentState:
        """The state that was saved at `path`, for `encoder` to go on with.

        Raises `UnavailableError` where the file is missing or damaged, `InputError` where another encoder made it.
        """
        try:
            with safe_open(path, framework="pt") as file:
                about = json.loads(file.metadata()["state"])
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a mapping
            state = cls(tensors, about["seen"], about["model"])
            whole = about["format"] == _FORMAT and about["digest"] == state.digest
        except (OSError, SafetensorError, KeyError, TypeError, ValueError) as error:
            raise UnavailableError(f"{path} is missing, damaged or no recurrent state: encode anew") from error
        if not whole:
            raise UnavailableError(f"{path} is damaged or of another release: delete it and encode anew")
        state.check(encoder.fingerprint)
        return state

    def check(self, fingerprint: str, batch: tuple[str, int, int] | None = None) -> None:
        """Raises `InputError` where the state is not of the encoder with `fingerprint`.

        `batch` names a tensor, the dimension of it that holds the texts, and how many there must be.
        """
        if self.fingerprint != fingerprint:
            raise InputError(
                f"the state after {self.seen} tokens was made by another model ({self.fingerprint}) than the one that "
                f"is to go on from it ({fingerprint}): load that model, or encode the text anew"
            )
        if batch is not None and self.tensors[batch[0]].shape[batch[1]] != batch[2]:
            held = self.tensors[batch[0]].shape[batch[1]]
            raise InputError(f"the state is of {held} texts, the chunk of {batch[2]}: give a chunk of each text")


@checked
class TorchRecurrence:
    """A GRU, LSTM or RNN of torch as a `RecurrentEncoder` of vectors (B, T, input_size).

    The module is used as it is and put in evaluation mode: dropout between its layers would make each reading another.
    Raises `InputError` for a bidirectional one, whose hidden states need what comes after the chunk.
    """

    def __init__(self, module: nn.RNNBase) -> None:
        if module.bidirectional:
            raise InputError(f"a bidirectional {module.mode} cannot read a text in chunks: give one that reads forward")
        self.module = module.train(False)

    @property
    def fingerprint(self) -> str:
        """Changes with the module's kind and weights."""
        return f"{self.module.mode.lower()}:{fingerprint(self.module)}"

    def encode_chunk(self, x: Tensor, state: RecurrentState | None = None) -> tuple[Tensor, RecurrentState]:
        """The last layer's outputs, (B, T, hidden_size), and the state after them."""
        if x.ndim != 3 or x.shape[2] != self.module.input_size:
            shape = f"(texts, positions, {self.module.input_size})"
            raise InputError(f"a chunk has the shape {tuple(x.shape)}: give {shape}, whatever the module's batch_first")
        made_by = self.fingerprint
        if state is not None:
            state.check(made_by, ("hidden", 1, x.shape[0]))
        hidden = self._zeros(x) if state is None else {name: one.to(x) for name, one in state.tensors.items()}
        out, hidden = self._read(x, hidden)
        seen = (0 if state is None else state.seen) + x.shape[1]
        return out, RecurrentState({name: one.detach() for name, one in hidden.items()}, seen, made_by)

    def _read(self, x: Tensor, hidden: dict[str, Tensor]) -> tuple[Tensor, dict[str, Tensor]]:
        if not x.shape[1]:
            return x.new_zeros(*x.shape[:2], hidden["hidden"].shape[2]), hidden
        first = self.module.batch_first
        pair = tuple(hidden[name] for name in ("hidden", "cell") if name in hidden)
        out, last = self.module(x if first else x.transpose(0, 1), pair if len(pair) == 2 else pair[0])
        carried = dict(zip(("hidden", "cell"), last if len(pair) == 2 else (last,), strict=False))
        return out if first else out.transpose(0, 1), carried

    def _zeros(self, x: Tensor) -> dict[str, Tensor]:  # each (layers, B, width)
        module = self.module
        widths = {"hidden": module.proj_size or module.hidden_size}
        if isinstance(module, nn.LSTM):
            widths["cell"] = module.hidden_size
        return {name: x.new_zeros(module.num_layers, x.shape[0], width) for name, width in widths.items()}
