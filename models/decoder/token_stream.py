"""The tokens that a decoder writes, one by one as they are chosen."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

import torch
from torch import Tensor
from transformers import GenerationConfig, LogitsProcessorList, PreTrainedModel, StoppingCriteriaList
from transformers.generation.stopping_criteria import MaxLengthCriteria

from longdoc.errors import InputError
from longdoc.models.decoder.cache import WindowedCache
from longdoc.models.decoder.decoder import WindowedDecoder


def stream_tokens(
    decoder: WindowedDecoder, input_ids: Tensor, *, seed: int | None = None, **settings: Any
) -> Iterator[int]:
    """The new tokens of `decoder.generate(input_ids, **settings)` for a prompt (1, T), each when it is chosen.

    transformers prepares sampling and stopping as for `generate`; beams are not searched. A `seed` has a random
    generator of its own, so that texts written at the same time do not disturb one another; without one torch's
    global generator draws. The prompt is read before this returns. Whoever has enough tokens just stops.
    """
    if input_ids.ndim != 2 or input_ids.shape[0] != 1 or not input_ids.shape[1]:
        raise InputError(f"input_ids has the shape {tuple(input_ids.shape)}: a stream continues one text, (1, tokens)")
    random = None if seed is None else torch.Generator(decoder.model.device).manual_seed(seed)
    one = {"num_beams": 1, "num_return_sequences": 1}
    ids = input_ids.to(decoder.model.device)
    given = settings | one | {"custom_generate": _tokens, "decoder": decoder, "random": random}
    return cast("Iterator[int]", decoder.generate(ids, **given))


def end_tokens(decoder: WindowedDecoder) -> list[int]:
    """The tokens that end a text, as the model's generation config and its tokenizer name them."""
    named = decoder.model.generation_config.eos_token_id
    ends = set(named if isinstance(named, list) else [named])
    ends.add(None if decoder.tokenizer is None else decoder.tokenizer.eos_token_id)
    return sorted(ends - {None})


@torch.no_grad()
def _tokens(
    model: PreTrainedModel,
    input_ids: Tensor,  # (1, T)
    logits_processor: LogitsProcessorList,
    stopping_criteria: StoppingCriteriaList,
    generation_config: GenerationConfig,
    decoder: WindowedDecoder,
    random: torch.Generator | None = None,
    **model_kwargs: Any,
) -> Iterator[int]:
    """The loop that `generate` is given in place of its own."""
    cache: WindowedCache = model_kwargs["past_key_values"]
    for criterion in stopping_criteria:
        if isinstance(criterion, MaxLengthCriteria):
            criterion.max_position_embeddings = None  # or it warns of positions that the window never reaches
    done = False
    while not done:
        logits = decoder.logits(cache, input_ids)[:, -1].float()  # (1, vocabulary)
        scores: Tensor = logits_processor(input_ids, logits)  # type: ignore[arg-type]
        if generation_config.do_sample:
            token = torch.multinomial(scores.softmax(dim=-1), num_samples=1, generator=random)  # (1, 1)
        else:
            token = scores.argmax(dim=-1, keepdim=True)
        input_ids = torch.cat((input_ids, token), dim=1)
        yield int(token)
        done = bool(stopping_criteria(input_ids, None).all())
