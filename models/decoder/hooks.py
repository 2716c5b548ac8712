"""How a transformers model is told the masks and positions of a windowed cache: hooks on its modules' calls.

The hooks act on calls that carry a `WindowedCache` and leave every other call as it is, so that the model may be
used elsewhere at the same time. All that they know is in the cache.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from torch import nn
from transformers import PreTrainedModel

from longdoc.errors import InputError
from longdoc.models.decoder.cache import WindowedCache
from longdoc.models.decoder.key_motion import body

_CACHES = ("past_key_values", "layer_past")
_MARK = "_longdoc_windowed"


class _Call:
    """The arguments of a module's call, by name, whether they came by place or by name."""

    def __init__(self, names: Mapping[str, int], args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self.names, self.args, self.kwargs = names, list(args), dict(kwargs)

    def get(self, name: str) -> Any:
        place = self.names.get(name, len(self.args))
        return self.args[place] if place < len(self.args) else self.kwargs.get(name)

    def set(self, name: str, value: Any) -> None:
        place = self.names.get(name, len(self.args))
        if place < len(self.args):
            self.args[place] = value
        else:
            self.kwargs[name] = value

    @property
    def cache(self) -> WindowedCache | None:
        found = next((one for one in map(self.get, _CACHES) if one is not None), None)
        return found if isinstance(found, WindowedCache) else None


def attach(model: PreTrainedModel) -> None:
    """Hooks `model`, once; a second time does nothing. Refuses a model whose attention cannot be found."""
    if getattr(model, _MARK, False):
        return
    attentions = [module for module in body(model).modules() if _is_attention(module)]
    indices = sorted(_layer_of(module) for module in attentions)
    layers = model.config.get_text_config(decoder=True).num_hidden_layers
    if indices != list(range(layers)):
        raise InputError(
            f"{type(model).__name__} has {layers} layers and attention with a cache in the layers {indices}: only "
            "models with one causal attention in every layer can be windowed"
        )
    _Model(body(model))
    for module in attentions:
        _Attention(module)
    setattr(model, _MARK, True)


def _names(module: nn.Module) -> dict[str, int]:
    return {name: place for place, name in enumerate(inspect.signature(module.forward).parameters)}


def _layer_of(module: nn.Module) -> int:
    return int(module.layer_idx)  # type: ignore[arg-type]


def _is_attention(module: nn.Module) -> bool:
    names = _names(module)
    cached = any(name in names for name in _CACHES)
    has_children_that_are = any(_is_attention(child) for child in module.children())
    return isinstance(getattr(module, "layer_idx", None), int) and cached and not has_children_that_are


class _Model:
    """Gives the model no mask, and the positions of its tokens in the cache; moves the cache on when it is done."""

    def __init__(self, base: nn.Module) -> None:
        self.names = _names(base)
        base.register_forward_pre_hook(self.before, with_kwargs=True)
        base.register_forward_hook(self.after, with_kwargs=True)

    def before(
        self, module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[tuple[Any, ...], dict[str, Any]] | None:
        call = _Call(self.names, args, kwargs)
        cache = call.cache
        if cache is None:
            return None
        ids = call.get("input_ids")
        if ids is None:
            raise InputError("a windowed model reads input_ids, not inputs_embeds")
        step = cache.begin(ids)
        call.set("attention_mask", None)
        if "position_ids" in self.names:
            call.set("position_ids", step.position_ids)
        return tuple(call.args), call.kwargs

    def after(self, module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any], output: object) -> None:
        call = _Call(self.names, args, kwargs)
        if call.cache is not None:
            call.cache.commit(call.get("input_ids"))


class _Attention:
    """Gives an attention module its mask, and its ALiBi biases where the model has them."""

    def __init__(self, module: nn.Module) -> None:
        self.names, self.layer = _names(module), _layer_of(module)
        module.register_forward_pre_hook(self.before, with_kwargs=True)

    def before(
        self, module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[tuple[Any, ...], dict[str, Any]] | None:
        call = _Call(self.names, args, kwargs)
        cache = call.cache
        if cache is None or cache.step is None:
            return None
        hidden = call.args[0] if call.args else call.kwargs["hidden_states"]  # (B, T, width)
        mask = cache.step.mask(cache.layers[self.layer].own, hidden.dtype)
        if cache.motion.slopes is not None:
            bias = cache.motion.slopes[:, None, None] * cache.step.relative()  # (heads, T, keys)
            if "alibi" in self.names:  # Bloom wants a row for each text and head
                call.set("alibi", bias.repeat(hidden.shape[0], 1, 1).to(hidden.dtype))
            else:  # MPT; its masks are true where a key is hidden
                call.set("position_bias", bias)
                mask = None if mask is None else mask.bool()
        call.set("attention_mask", mask)
        return tuple(call.args), call.kwargs
