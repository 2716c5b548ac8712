"""A BERT-like encoder whose attention is FAVOR+ (Choromanski et al., 2021): time and memory linear in the tokens."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Literal

import torch
import torch.nn.functional as F  # noqa: N812 - the name that every PyTorch reader knows
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from transformers import AutoModel, PreTrainedModel

from longdoc.arguments import checked
from longdoc.errors import InputError, UnavailableError
from longdoc.models.checkpoints import fingerprint, load_checkpoint
from longdoc.models.performer.favor import FavorState, FeatureMap, attend, attend_causal, blocks
from longdoc.models.performer.learning import learn
from longdoc.models.performer.recurrent_state import RecurrentState
from longdoc.models.performer.weights import ExactWeights, bundled_weights, exact_weights

_KIND = "longdoc-performer"
_SUMS = ("sums", "peaks")
_SPREAD = 0.02  # of random weights, as in BERT
_TILE = 4096  # tokens whose inner feed-forward states are held at once

Positions = Literal["learned", "sinusoidal"]


@checked
@dataclass(frozen=True)
class PerformerConfig:
    """The sizes of a `PerformerEncoder`.

    `causal` makes each token see itself and those before it. Positions are "learned", up to `max_positions`, or
    "sinusoidal" (Vaswani et al., 2017), for texts of any length.
    """

    vocab_size: int
    width: int = 384
    layers: int = 6
    heads: int = 12
    inner: int = 1536
    features: int = 256
    causal: bool = False
    positions: Positions = "learned"
    max_positions: int = 512
    epsilon: float = 1e-12

    def __post_init__(self) -> None:
        for name in ("vocab_size", "width", "layers", "heads", "inner", "features", "max_positions"):
            if getattr(self, name) < 1:
                raise InputError(f"{name} is {getattr(self, name)}: give at least 1")
        if self.width % self.heads or self.width % 2:
            raise InputError(f"a width of {self.width} is not even, or not a multiple of {self.heads} heads")
        if self.positions not in ("learned", "sinusoidal"):
            raise InputError(f"positions are 'learned' or 'sinusoidal', not {self.positions!r}")


@checked
class PerformerEncoder(nn.Module):
    """Hidden states of a text in linear time; causal, it is a `RecurrentEncoder` also.

    Weights are random, the features drawn from `seed`; both are saved together.
    """

    def __init__(self, config: PerformerConfig, seed: int = 0) -> None:
        super().__init__()
        self.config = config
        self.words = nn.Embedding(config.vocab_size, config.width)
        learned = config.positions == "learned"
        self.positions = nn.Embedding(config.max_positions, config.width) if learned else None
        self.norm = nn.LayerNorm(config.width, config.epsilon)
        self.layers = nn.ModuleList(_Layer(config) for _ in range(config.layers))
        self._spread()
        self.redraw(seed)

    def redraw(self, seed: int) -> None:
        """Other random features for every layer and head; what was calibrated is to be calibrated again."""
        generator = torch.Generator().manual_seed(seed)
        for layer in self._layers():
            layer.features.redraw(generator)

    @torch.no_grad()
    def calibrate(
        self, input_ids: Tensor, attention_mask: Tensor | None = None, *, steps: int = 0, seed: int = 0
    ) -> None:
        """Fits the features, not the weights, to texts like these, (B, T) token ids; a few thousand tokens do.

        Without `steps` the features stay random, and their estimate unbiased; it is only less noisy. With them they
        are then trained by so many steps of Adam, which brings them nearer still and takes a processor minutes. The
        texts are read with exact attention, so they should be short. States from before are refused after.
        """
        mask = _mask(input_ids, attention_mask)
        if not mask.any():
            raise InputError(f"there is no token to calibrate on among {tuple(mask.shape)}: give some texts")
        x = self._embedded(input_ids, mask, mask.cumsum(dim=1) - 1)
        for layer in self._layers():
            x = layer.calibrated(x, mask, steps, seed)

    @property
    def fingerprint(self) -> str:
        """Changes with the settings, the weights and the features."""
        settings = blake2b(json.dumps(asdict(self.config)).encode(), digest_size=4).hexdigest()
        return f"performer:{settings}:{fingerprint(self)}"

    def forward(self, input_ids: Tensor, attention_mask: Tensor | None = None) -> Tensor:  # (B, T, width)
        """Hidden states of token ids (B, T); tokens that the mask (B, T) marks 0 are as if they were not there."""
        return self._encoded(input_ids, attention_mask, None)[0]

    def encode_chunk(
        self, x: Tensor, state: RecurrentState | None = None, attention_mask: Tensor | None = None
    ) -> tuple[Tensor, RecurrentState]:
        """Hidden states (B, T, width) of the next token ids (B, T), and the state after them; None begins a text.

        Chunk by chunk equals whole, up to rounding. Raises `InputError` where the encoder is not causal, or where the
        state is another encoder's or of another batch size.
        """
        if not self.config.causal:
            raise InputError("an encoder that is not causal cannot read in chunks: make it with causal=True")
        made_by = self.fingerprint
        if state is not None:
            state.check(made_by, ("tokens", 0, x.shape[0]))
        hidden, tensors = self._encoded(x, attention_mask, None if state is None else state.tensors)
        seen = (0 if state is None else state.seen) + x.shape[1]
        return hidden, RecurrentState({name: one.detach() for name, one in tensors.items()}, seen, made_by)

    def vectors(self, input_ids: Tensor, attention_mask: Tensor | None = None) -> Tensor:  # (B, width)
        """Unit vectors: the mean of each text's hidden states (Reimers and Gurevych, 2019); zeros without a token."""
        hidden = self(input_ids, attention_mask)
        if attention_mask is not None:
            hidden = hidden * attention_mask[..., None].bool()
        return F.normalize(hidden.sum(dim=1), dim=-1)

    def _encoded(
        self, input_ids: Tensor, attention_mask: Tensor | None, carried: Mapping[str, Tensor] | None
    ) -> tuple[Tensor, dict[str, Tensor]]:
        mask = _mask(input_ids, attention_mask)
        read = mask.new_zeros(len(mask), dtype=torch.long) if carried is None else carried["tokens"].to(mask.device)
        x = self._embedded(input_ids, mask, read[:, None] + mask.cumsum(dim=1) - 1)
        ends = []
        for index, layer in enumerate(self._layers()):
            start = None if carried is None else FavorState(*(carried[name][index].to(x.device) for name in _SUMS))
            x, end = layer(x, None if attention_mask is None else mask, start)
            ends.append(end)
        tensors = {"tokens": read + mask.sum(dim=1)}
        if self.config.causal:
            tensors |= {name: torch.stack(some) for name, some in zip(_SUMS, zip(*ends, strict=True), strict=True)}
        return x, tensors

    def _embedded(self, input_ids: Tensor, mask: Tensor, places: Tensor) -> Tensor:  # (B, T, width)
        """Tokens that are hidden take no place, so that the others have those of the text without them."""
        x: Tensor = self.norm(self.words(input_ids) + self._placed(places.clamp_min(0).where(mask, 0)))
        return x

    def _placed(self, places: Tensor) -> Tensor:  # (B, T) -> (B, T, width)
        limit, last = self.config.max_positions, int(places.max()) if places.numel() else 0
        if self.positions is None:
            return _sinusoids(places, self.config.width).to(self.words.weight.dtype)
        if last >= limit:
            raise InputError(
                f"a text of {last + 1} tokens is longer than the {limit} positions of the encoder: give max_positions "
                "when weights are loaded, or make one with positions='sinusoidal'"
            )
        placed: Tensor = self.positions(places)
        return placed

    def _layers(self) -> Iterator[_Layer]:
        return (layer for layer in self.layers if isinstance(layer, _Layer))

    @torch.no_grad()
    def _spread(self) -> None:
        for name, weight in self.named_parameters():
            if weight.dim() == 2:
                weight.normal_(0.0, _SPREAD)
            elif name.endswith("bias"):
                weight.zero_()

    def save_pretrained(self, folder: str | Path) -> None:
        """Writes `config.json` and `model.safetensors`, the random features among them, into `folder`."""
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        named = {"model_type": _KIND, **asdict(self.config)}
        (folder / "config.json").write_text(json.dumps(named, indent=2) + "\n", encoding="utf-8")
        save_file({name: one.contiguous() for name, one in self.state_dict().items()}, folder / "model.safetensors")

    @classmethod
    def load(cls, folder: str | Path) -> PerformerEncoder:
        """The encoder that `save_pretrained` wrote, in evaluation mode.

        Raises `UnavailableError` where there is none or its files do not belong together.
        """
        try:
            named = json.loads((Path(folder) / "config.json").read_text(encoding="utf-8"))
            if named.pop("model_type", None) != _KIND:
                raise InputError("it is no Performer of longdoc; weights with exact attention are for from_pretrained")
            weights = load_file(Path(folder) / "model.safetensors")
            encoder = cls(PerformerConfig(**named)).to(weights["words.weight"].dtype)
            encoder.load_state_dict(weights)
        except (OSError, SafetensorError, KeyError, TypeError, AttributeError, ValueError, RuntimeError) as error:
            said = (str(error).splitlines() or [type(error).__name__])[0]
            raise UnavailableError(f"no Performer can be loaded from {str(folder)!r}: {said}") from error
        return encoder.train(False)

    @classmethod
    def from_pretrained(
        cls,
        name: str = "minilm",
        *,
        features: int = 256,
        causal: bool = False,
        max_positions: int | None = None,
        seed: int = 0,
    ) -> PerformerEncoder:
        """The weights of an encoder with exact attention: the bundled one ("minilm"), a BERT-like folder or a hub id.

        As `from_exact`. Raises `UnavailableError` where there is none.
        """
        exact = bundled_weights() if name == "minilm" else exact_weights(load_checkpoint(name, AutoModel).model)
        return cls._of(exact, features, causal, max_positions, seed)

    @classmethod
    def from_exact(
        cls,
        model: PreTrainedModel,
        *,
        features: int = 256,
        causal: bool = False,
        max_positions: int | None = None,
        seed: int = 0,
    ) -> PerformerEncoder:
        """The same weights with FAVOR+ for exact attention, in evaluation mode; `model` stays as it is.

        Where `max_positions` is more than the model's, its positions are repeated, as those of Longformer were before
        it was trained. Raises `InputError` for a model that is not a BERT or RoBERTa of transformers.
        """
        return cls._of(exact_weights(model), features, causal, max_positions, seed)

    @classmethod
    def _of(
        cls, exact: ExactWeights, features: int, causal: bool, max_positions: int | None, seed: int
    ) -> PerformerEncoder:
        table = exact.tensors["positions.weight"]
        places = torch.arange(len(table) if max_positions is None else max_positions) % len(table)
        sizes = {**exact.sizes, "features": features, "causal": causal, "max_positions": len(places)}
        encoder = cls(PerformerConfig(**sizes), seed).to(table)
        drawn = {name: one for name, one in encoder.state_dict().items() if ".features." in name}
        encoder.load_state_dict({**exact.tensors, "positions.weight": table[places], **drawn})
        return encoder.train(False)


class _Layer(nn.Module):
    """Attention, then a feed-forward network, each with its norm after it, as in BERT."""

    def __init__(self, config: PerformerConfig) -> None:
        super().__init__()
        width = config.width
        self.heads, self.causal = config.heads, config.causal
        self.features = FeatureMap(config.heads, width // config.heads, config.features)
        self.qkv, self.mix = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.up, self.down = nn.Linear(width, config.inner), nn.Linear(config.inner, width)
        self.mix_norm, self.down_norm = (nn.LayerNorm(width, config.epsilon) for _ in range(2))

    def forward(
        self, x: Tensor, mask: Tensor | None, state: FavorState | None
    ) -> tuple[Tensor, FavorState | None]:  # (B, T, width)
        q, k, v = self._heads(x)
        if self.causal:
            mixed, state = attend_causal(q, k, v, self.features, mask, state)
        else:
            mixed = attend(q, k, v, self.features, mask)
        return self._after(x, mixed), state

    def calibrated(self, x: Tensor, mask: Tensor, steps: int, seed: int) -> Tensor:  # (B, T, width)
        """With exact attention, to which the features are fitted."""
        q, k, v = self._heads(x)
        self.features.calibrate(q.transpose(1, 2)[mask], k.transpose(1, 2)[mask])
        if steps:
            learn(self.features, q, k, mask, causal=self.causal, steps=steps, seed=seed)
        seen = mask[:, None, None]  # (B, 1, 1, T)
        if self.causal:
            seen = seen & mask.new_ones(mask.shape[1], mask.shape[1]).tril()
        return self._after(x, F.scaled_dot_product_attention(q, k, v, attn_mask=seen))

    def _heads(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:  # each (B, heads, T, head_dim)
        q, k, v = self.qkv(x).unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        return q, k, v

    def _after(self, x: Tensor, mixed: Tensor) -> Tensor:  # (B, T, width)
        x = self.mix_norm(x + self.mix(mixed.transpose(1, 2).flatten(2)))
        parts = [self._fed(x[:, part]) for part in blocks(x.shape[1], _TILE)]
        return torch.cat(parts, dim=1) if parts else x

    def _fed(self, x: Tensor) -> Tensor:  # (B, t, width)
        fed: Tensor = self.down_norm(x + self.down(F.gelu(self.up(x))))
        return fed


def _sinusoids(places: Tensor, width: int) -> Tensor:  # (B, T, width)
    rates = 10_000.0 ** (-torch.arange(0, width, 2, device=places.device) / width)
    angles = places[..., None] * rates  # (B, T, width / 2)
    return torch.cat((angles.sin(), angles.cos()), dim=-1) * (_SPREAD * 2**0.5)


def _mask(input_ids: Tensor, attention_mask: Tensor | None) -> Tensor:  # (B, T), true where a token is read
    mask = torch.ones_like(input_ids, dtype=torch.bool) if attention_mask is None else attention_mask.bool()
    if input_ids.ndim != 2 or mask.shape != input_ids.shape:
        shapes = f"{tuple(input_ids.shape)} and a mask of {tuple(mask.shape)}"
        raise InputError(f"token ids of the shape {shapes}: give both as (texts, tokens)")
    return mask
