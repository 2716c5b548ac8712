"""Longformer and LED models of transformers with their attention by blocks: same weights, same class, same outputs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import torch
import torch.nn.functional as F  # noqa: N812 - the name that every PyTorch reader knows
from torch import Tensor, nn
from transformers.models.led.modeling_led import (
    LEDEncoder,
    LEDEncoderBaseModelOutput,
    LEDEncoderLayer,
    LEDEncoderSelfAttention,
)
from transformers.models.longformer.modeling_longformer import (
    LongformerEncoder,
    LongformerLayer,
    LongformerSelfAttention,
)

from longdoc.arguments import checked
from longdoc.errors import InputError
from longdoc.models.longformer.block_attention import TextMask, attend, windows

_Model = TypeVar("_Model", bound=nn.Module)
_TILE_BYTES = 12 << 20  # of a feed-forward layer's inner states: what malloc keeps and caches partly hold
_TEXTS = "_longdoc_texts"


@checked
def fast_longformer(model: _Model) -> _Model:
    """`model` itself, a Longformer or LED model of transformers, computing its encoder's attention by blocks.

    Weights, class, heads, arguments, outputs, gradients and saving stay as they are; a second call does nothing.
    Inputs are no longer padded to a multiple of the attention window inside. Without gradients, on a processor, an
    encoder layer goes through one text after the other tile by tile, past hooks on its attention module itself. Where
    attention weights are asked for (`output_attentions`), transformers' own code computes them, and memory and time
    are its own. Raises `InputError` for other models.
    """
    found = [module for module in model.modules() if type(module) in _FAST]
    for module in found:
        module.__class__ = _FAST[type(module)]
    if not found and not any(isinstance(module, _BlockAttention) for module in model.modules()):
        raise InputError(f"{type(model).__name__} is neither a Longformer nor an LED model of transformers")
    return model


class _BlockAttention(nn.Module):
    """The forward pass that both models' self-attention gets."""

    num_heads: int
    head_dim: int
    dropout: float
    one_sided_attn_window_size: int
    query: nn.Linear
    key: nn.Linear
    value: nn.Linear
    query_global: nn.Linear
    key_global: nn.Linear
    value_global: nn.Linear

    def forward(
        self,
        hidden_states: Tensor,  # (B, T, width)
        attention_mask: Tensor,  # (B, T): below 0 where hidden, above 0 where global
        is_index_masked: Tensor | None = None,
        is_index_global_attn: Tensor | None = None,
        is_global_attn: bool | None = None,
        output_attentions: bool = False,
    ) -> tuple[Tensor, ...]:
        if output_attentions:
            flags = is_index_masked, is_index_global_attn, is_global_attn
            weighted: tuple[Tensor, ...] = super().forward(hidden_states, attention_mask, *flags, True)
            return weighted
        texts = _texts(attention_mask)
        rows = [self._whole(row, text) for row, text in zip(hidden_states, texts, strict=True)]
        return (rows[0][None] if len(rows) == 1 else torch.stack(rows),)

    def _whole(self, row: Tensor, text: TextMask) -> Tensor:  # (T, width)
        parts = [mixed for _, mixed in self.by_tiles(row, text, len(row))]
        return parts[0] if len(parts) == 1 else torch.cat(parts)

    def by_tiles(self, row: Tensor, text: TextMask, size: int) -> Iterator[tuple[slice, Tensor]]:
        """The attention's output for about `size` rows of a text, (T, width), after the other; zeros for paddings."""
        for part in _slices(0, text.low, size):
            yield part, torch.zeros_like(row[part])
        if len(text):
            for start, mixed in self._attended(row[text.low : text.high], text, size):
                start += text.low
                yield slice(start, start + len(mixed)), mixed
        for part in _slices(text.high, len(row), size):
            yield part, torch.zeros_like(row[part])

    def _attended(self, x: Tensor, text: TextMask, size: int) -> Iterator[tuple[int, Tensor]]:
        blocks = text.blocks(self.one_sided_attn_window_size, _computed_in(x))
        tiles = list(_slices(0, len(x), max(1, size // blocks.size) * blocks.size))
        keys = windows((self._heads(self.key(x[tile])) for tile in tiles), blocks, text.globals)
        values = windows((self._heads(self.value(x[tile])) for tile in tiles), blocks, text.globals)
        of_globals = self._global(x, text) if len(text.globals) else None
        for tile in tiles:
            q = self._heads(self.query(x[tile]))  # (t, heads, head_dim)
            mixed = attend(q, keys, values, blocks, tile.start // blocks.size, self._dropout)  # (t, width)
            if text.hidden is not None:
                mixed = mixed.masked_fill(text.hidden[tile, None], 0)
            if of_globals is not None:
                within = (text.globals >= tile.start) & (text.globals < tile.stop)
                mixed = mixed.index_copy(0, text.globals[within] - tile.start, of_globals[within].to(mixed.dtype))
            yield tile.start, mixed

    def _global(self, x: Tensor, text: TextMask) -> Tensor:  # (G, width)
        """What the global tokens see, with their own projections: every token of the text."""
        q = self._heads(self.query_global(x[text.globals])).transpose(0, 1)  # (heads, G, head_dim)
        seen = None if text.hidden is None else ~text.hidden[None]
        if self._folds(len(text.globals)):
            return self._global_folded(q, x, seen)
        k, v = (self._heads(project(x)).transpose(0, 1) for project in (self.key_global, self.value_global))
        mixed = F.scaled_dot_product_attention(q[None], k[None], v[None], attn_mask=seen, dropout_p=self._dropout)[0]
        return mixed.transpose(0, 1).flatten(1)

    def _folds(self, queries: int) -> bool:
        """Whether the few queries are better projected back than all keys and values forth."""
        plain = all(
            type(one) is nn.Linear and type(one.weight) is nn.Parameter for one in (self.key_global, self.value_global)
        )
        return plain and not torch.is_grad_enabled() and not self._dropout and 2 * queries <= self.head_dim

    def _global_folded(self, q: Tensor, x: Tensor, seen: Tensor | None) -> Tensor:  # (G, width)
        """q (W x + b) = (q W) x + constant, and the weighted mean of W x + b is W of that of x, plus b."""
        of_keys, of_values = (
            one.weight.view(self.num_heads, self.head_dim, -1) for one in (self.key_global, self.value_global)
        )
        folded = torch.matmul(q, of_keys).flatten(0, 1)  # (heads * G, width)
        scale = self.head_dim**-0.5
        means = F.scaled_dot_product_attention(folded[None], x[None], x[None], attn_mask=seen, scale=scale)
        means = means.view(self.num_heads, -1, x.shape[-1])  # (heads, G, width)
        return torch.matmul(means, of_values.transpose(1, 2)).transpose(0, 1).flatten(1) + self.value_global.bias

    @property
    def _dropout(self) -> float:
        return self.dropout if self.training else 0.0

    def _heads(self, x: Tensor) -> Tensor:  # (T, heads, head_dim)
        return x.view(len(x), self.num_heads, self.head_dim)


class _LongformerAttention(_BlockAttention, LongformerSelfAttention):  # type: ignore[misc]
    pass


class _LEDAttention(_BlockAttention, LEDEncoderSelfAttention):  # type: ignore[misc]
    pass


class _LongformerLayer(LongformerLayer):  # type: ignore[no-untyped-call]
    def forward(
        self,
        hidden_states: Tensor,
        attention_mask: Any = None,
        is_index_masked: Tensor | None = None,
        is_index_global_attn: Tensor | None = None,
        is_global_attn: bool | None = None,
        output_attentions: bool = False,
    ) -> Any:
        if output_attentions or not _tiled(hidden_states):
            flags = is_index_masked, is_index_global_attn, is_global_attn, output_attentions
            return super().forward(hidden_states, attention_mask, *flags)  # type: ignore[no-untyped-call]
        return (_by_tiles(hidden_states, attention_mask, self.attention.self, self.intermediate.dense, self._finish),)

    def _finish(self, x: Tensor, mixed: Tensor) -> Any:
        return self.ff_chunk(self.attention.output(mixed, x))  # type: ignore[no-untyped-call]


class _LEDLayer(LEDEncoderLayer):  # type: ignore[no-untyped-call]
    def forward(
        self,
        hidden_states: Tensor,
        attention_mask: Any = None,
        is_index_masked: Tensor | None = None,
        is_index_global_attn: Tensor | None = None,
        is_global_attn: bool | None = None,
        output_attentions: bool = False,
    ) -> Any:
        if output_attentions or self.training or not _tiled(hidden_states) or hidden_states.dtype == torch.float16:
            flags = is_index_masked, is_index_global_attn, is_global_attn, output_attentions
            return super().forward(hidden_states, attention_mask, *flags)
        attention = self.self_attn.longformer_self_attn
        return (_by_tiles(hidden_states, attention_mask, attention, self.fc1, self._finish),)

    def _finish(self, x: Tensor, mixed: Tensor) -> Any:
        x = self.self_attn_layer_norm(x + self.self_attn.output(mixed))
        return self.final_layer_norm(x + self.fc2(self.activation_fn(self.fc1(x))))


class _LongformerEncoder(LongformerEncoder):
    def forward(
        self,
        hidden_states: Tensor,
        attention_mask: Any = None,
        padding_len: int = 0,
        output_attentions: bool = False,
        output_hidden_states: bool = False,
        return_dict: bool = True,
    ) -> Any:
        if not output_attentions:
            length, padding_len = hidden_states.shape[1] - padding_len, 0
            hidden_states, attention_mask = hidden_states[:, :length], attention_mask[:, :length]
        asked = padding_len, output_attentions, output_hidden_states, return_dict
        return super().forward(hidden_states, attention_mask, *asked)  # type: ignore[no-untyped-call]


class _LEDEncoder(LEDEncoder):  # type: ignore[no-untyped-call]
    def forward(
        self,
        input_ids: Tensor | None = None,
        attention_mask: Tensor | None = None,
        global_attention_mask: Tensor | None = None,
        inputs_embeds: Tensor | None = None,
        output_attentions: bool | None = None,
        output_hidden_states: bool | None = None,
        return_dict: bool | None = None,
        **kwargs: Any,
    ) -> Any:
        """transformers makes its mask from one of (T, T), of which it keeps a row: a gigabyte at 16,384 tokens."""
        weighted = self.config.output_attentions if output_attentions is None else output_attentions
        if weighted or (input_ids is None) == (inputs_embeds is None):  # the second is an error, raised there
            given = attention_mask, global_attention_mask, inputs_embeds, output_attentions
            return super().forward(input_ids, *given, output_hidden_states, return_dict, **kwargs)  # type: ignore[no-untyped-call]
        x = self.embed_tokens(input_ids) if inputs_embeds is None else inputs_embeds  # (B, T, width)
        mask = x.new_ones(x.shape[:2]) if attention_mask is None else attention_mask.to(x.dtype)
        mask = (mask if global_attention_mask is None else mask * (global_attention_mask + 1)) - 1
        x = self.layernorm_embedding(x + self.embed_positions(x.shape[:2]))
        x = F.dropout(x, p=self.dropout, training=self.training)
        keeps = self.config.output_hidden_states if output_hidden_states is None else output_hidden_states
        states = [x] if keeps else None
        for layer in self.layers:
            if not (self.training and self.layerdrop > 0 and torch.rand([]) < self.layerdrop):
                x = layer(x, attention_mask=mask)[0]
            if states is not None:
                states.append(x)
        output = LEDEncoderBaseModelOutput(x, None if states is None else tuple(states))
        return output if (self.config.return_dict if return_dict is None else return_dict) else output.to_tuple()


_FAST: dict[type[nn.Module], type[nn.Module]] = {
    LongformerSelfAttention: _LongformerAttention,
    LongformerLayer: _LongformerLayer,
    LongformerEncoder: _LongformerEncoder,
    LEDEncoderSelfAttention: _LEDAttention,
    LEDEncoderLayer: _LEDLayer,
    LEDEncoder: _LEDEncoder,
}


def _texts(attention_mask: Tensor) -> tuple[TextMask, ...]:
    """What each row of a mask lets be read. Kept on the mask, which all layers of one pass are given."""
    texts: tuple[TextMask, ...] | None = getattr(attention_mask, _TEXTS, None)
    if texts is None:
        texts = tuple(TextMask.of(row < 0, row > 0) for row in attention_mask)
        setattr(attention_mask, _TEXTS, texts)
    return texts


def _tiled(hidden_states: Tensor) -> bool:
    return hidden_states.device.type == "cpu" and not torch.is_grad_enabled()


def _by_tiles(
    hidden_states: Tensor, attention_mask: Tensor, attention: Any, inner: nn.Linear, finish: Callable[..., Tensor]
) -> Tensor:
    """A layer's output, (B, T, width): the rest of the layer, `finish`, is done with a tile before the next."""
    output = torch.empty_like(hidden_states)
    size = max(1, _TILE_BYTES // (inner.out_features * hidden_states.element_size()))
    for row, text, into in zip(hidden_states, _texts(attention_mask), output, strict=True):
        for tile, mixed in attention.by_tiles(row, text, size):
            into[tile] = finish(row[tile], mixed)
    return output


def _slices(start: int, stop: int, size: int) -> Iterator[slice]:
    for low in range(start, stop, size):
        yield slice(low, min(low + size, stop))


def _computed_in(x: Tensor) -> torch.dtype:
    """The type of what a linear layer makes of `x`."""
    kind = x.device.type
    return torch.get_autocast_dtype(kind) if torch.is_autocast_enabled(kind) else x.dtype
