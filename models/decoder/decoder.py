"""Generation and scoring over texts of any length in bounded memory, with any causal model of transformers."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812 - the name that every PyTorch reader knows
from torch import Tensor
from transformers import AutoModelForCausalLM, DynamicCache, PreTrainedModel, PreTrainedTokenizerBase
from transformers.utils.generic import ModelOutput

from longdoc.arguments import checked
from longdoc.errors import InputError
from longdoc.models.checkpoints import fingerprint, load_checkpoint
from longdoc.models.decoder.buffers import Storage
from longdoc.models.decoder.cache import WindowedCache
from longdoc.models.decoder.hooks import attach
from longdoc.models.decoder.key_motion import body, key_motion
from longdoc.models.decoder.step import Window
from longdoc.models.quantize import Weights, quantize

_CHUNK = 256
_MOST_SINK_COPIES = 2048  # each query of a chunk has its own copies: more sinks, smaller chunks
_LAYER_TYPES = {"full_attention", "sliding_attention"}
_ATTENTIONS = {"eager", "sdpa"}


@checked
class WindowedDecoder:
    """A causal model that reads and writes texts of any length, each query seeing sinks and a window.

    `model` is any transformers causal model on the Cache API with one attention in each layer, computed by "eager"
    or "sdpa": rotary positions (also partial), ALiBi as in Bloom and MPT, or learned positions, grouped heads, and
    windows of the model's own. What is seen is said by `Window`, and by `WindowedCache` where positions are learned;
    there at most as many tokens are seen as there are positions. The model's own window still holds, in positions
    inside the cache. A model that none of this fits is refused with `InputError`. The model is hooked, and calls
    that bring no windowed cache go through it as before.
    """

    def __init__(self, model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase | None = None) -> None:
        self.model = model
        model.train(False)
        self.tokenizer = tokenizer
        self.config = model.config.get_text_config(decoder=True)
        _refuse_unfit(model)
        self.motion = key_motion(model)
        attach(model)
        self._own = _own_windows(self.config)

    @cached_property
    def fingerprint(self) -> str:
        """Changes with the model: its config, and 64 values from each of its weights, spread over it."""
        return fingerprint(self.model)

    def cache(
        self, attention_window: int = 256, sinks: int = 4, *, storage: Storage = "model", first: Sequence[int] = (0,)
    ) -> WindowedCache:
        """An empty cache for a batch whose rows begin at the columns `first`.

        `storage` "int8" keeps keys and values in 8 bits with a scale for each head and token.
        """
        limit = getattr(self.config, "max_position_embeddings", None) if self.motion.kind == "learned" else None
        window = Window(attention_window, sinks)
        return WindowedCache(self.motion, window, first, self._own, limit=limit, storage=storage, encode=self._encoded)

    def generate(
        self,
        input_ids: Tensor | None = None,
        *,
        attention_window: int = 256,
        sinks: int = 4,
        attention_mask: Tensor | None = None,
        prefill_chunk_size: int | None = None,
        storage: Storage = "model",
        cache: WindowedCache | None = None,
        **kwargs: Any,
    ) -> Tensor | ModelOutput:
        """What `model.generate` returns for the prompt `input_ids`, (B, T), and the same arguments.

        Rows of a batch are padded on the left, with 0 in `attention_mask`. The prompt is read in chunks, of any size
        to the same effect. A `cache` that has read the prompt's first tokens is read on from, and changed; window and
        storage are then its own. Scores and hidden states, where asked for, are those of the new tokens. The cost is
        linear in T; memory is bounded but for the ids.
        """
        if input_ids is None:
            raise InputError("input_ids is missing: give the prompt's token ids, shape (batch, tokens)")
        first = _first_columns(input_ids, attention_mask)
        cache = cache or self.cache(attention_window, sinks, storage=storage, first=first)
        self.prefill(cache, input_ids[:, :-1], prefill_chunk_size)
        config = kwargs.get("generation_config") or self.model.generation_config
        wanted = (kwargs.get(name) or getattr(config, name) or 1 for name in ("num_beams", "num_return_sequences"))
        cache.batch_repeat_interleave(max(wanted))
        mask = torch.ones_like(input_ids) if attention_mask is None else attention_mask
        output: Tensor | ModelOutput = self.model.generate(  # type: ignore[operator]
            input_ids, attention_mask=mask, past_key_values=cache, **kwargs | {"use_cache": True}
        )
        return output

    @torch.no_grad()
    def prefill(self, cache: WindowedCache, input_ids: Tensor, chunk_size: int | None = None) -> None:
        """Reads what the cache has not read of `input_ids`, (B, T), whose beginning it has."""
        for chunk in self._chunks(cache, input_ids, chunk_size):
            body(self.model)(chunk, past_key_values=cache, use_cache=True)

    @torch.no_grad()
    def logits(self, cache: WindowedCache, input_ids: Tensor, chunk_size: int | None = None) -> Tensor:
        """The logits, (B, t, vocabulary), of the t columns of `input_ids` that the cache has not read."""
        chunks = self._chunks(cache, input_ids, chunk_size)
        return torch.cat([self.model(chunk, past_key_values=cache, use_cache=True).logits for chunk in chunks], dim=1)

    @torch.no_grad()
    def score(
        self,
        text: str | Tensor,
        *,
        attention_window: int = 256,
        sinks: int = 4,
        storage: Storage = "model",
        chunk_size: int | None = None,
    ) -> Tensor:  # (T - 1)
        """The log-probability of each token but the first, in float32, given what its window and the sinks hold.

        `text` is a text or its T token ids. Fewer than two tokens give an empty tensor. Memory does not depend on T.
        """
        ids = self._ids(text)
        cache = self.cache(attention_window, sinks, storage=storage)
        scores = [torch.zeros(0, device=self.model.device)]
        for chunk in self._chunks(cache, ids[:, :-1], chunk_size):
            start = cache.seen
            logits = self.model(chunk, past_key_values=cache, use_cache=True).logits[0].float()  # (t, vocabulary)
            after = ids[0, start + 1 : start + 1 + chunk.shape[1], None]
            scores.append(F.log_softmax(logits, dim=-1).gather(1, after)[:, 0])
        return torch.cat(scores)

    def _ids(self, text: str | Tensor) -> Tensor:  # (1, T)
        if isinstance(text, Tensor):
            return text.reshape(1, -1).to(self.model.device)
        if self.tokenizer is None:
            raise InputError("a text is to be scored and there is no tokenizer: give WindowedDecoder one, or token ids")
        ids: list[int] = self.tokenizer(text, verbose=False)["input_ids"]
        return torch.tensor([ids], dtype=torch.long, device=self.model.device)

    def _chunks(self, cache: WindowedCache, input_ids: Tensor, chunk_size: int | None) -> Any:
        size = chunk_size or min(_CHUNK, max(16, _MOST_SINK_COPIES // max(1, cache.window.sinks)))
        while cache.seen < input_ids.shape[1]:
            count = min(size, cache.room() or size)
            yield input_ids[:, cache.seen : cache.seen + count]

    def _encoded(self, ids: Tensor) -> list[tuple[Tensor, Tensor]]:
        """Keys and values of each layer for token ids (B, T) at the positions 0 to T."""
        cache = DynamicCache()
        body(self.model)(ids.to(self.model.device), past_key_values=cache, use_cache=True)
        return [(keys, values) for keys, values, *_ in cache]


@checked
def load_decoder(
    name: str, *, dtype: torch.dtype | None = None, device: str = "cpu", weights: Weights | None = None
) -> WindowedDecoder:
    """The decoder in the folder `name`, or of that hub id, with its tokenizer; `dtype` None is that of the weights.

    `weights` is the form that `quantize` then gives the model. Raises `UnavailableError` where there is none, where it
    is not in safetensors, or where it needs code of its own, and `InputError` where it cannot be windowed.
    """
    model, tokenizer = load_checkpoint(name, AutoModelForCausalLM, dtype=dtype, device=device)
    return WindowedDecoder(quantize(model, weights), tokenizer)


def _refuse_unfit(model: PreTrainedModel) -> None:
    config = model.config.get_text_config(decoder=True)
    if model.config.is_encoder_decoder:
        raise InputError(f"{type(model).__name__} has an encoder: only decoders can be windowed")
    if config._attn_implementation not in _ATTENTIONS:
        raise InputError(f"attn_implementation is {config._attn_implementation!r}: load the model with 'sdpa'")
    others = set(getattr(config, "layer_types", None) or ()) - _LAYER_TYPES
    if others:
        raise InputError(f"layers of type {', '.join(sorted(others))} cannot be windowed: only plain attention can")


def _own_windows(config: Any) -> list[int | None]:
    """The window that the model gives each layer, None where it sees everything."""
    own = getattr(config, "sliding_window", None)
    types = getattr(config, "layer_types", None)
    if types is None:
        return [own] * config.num_hidden_layers
    return [own if kind == "sliding_attention" else None for kind in types]


def _first_columns(input_ids: Tensor, attention_mask: Tensor | None) -> list[int]:
    if attention_mask is None:
        return [0] * input_ids.shape[0]
    if attention_mask.shape != input_ids.shape:
        raise InputError(f"attention_mask is {tuple(attention_mask.shape)}, input_ids {tuple(input_ids.shape)}")
    mask = attention_mask.long()
    if (mask[:, 1:] < mask[:, :-1]).any() or not mask[:, -1].all():
        raise InputError("attention_mask has a 0 after a 1: pad prompts on the left (tokenizer padding_side='left')")
    first: list[int] = (1 - mask).sum(dim=1).tolist()
    return first
