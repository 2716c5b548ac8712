"""LED as a writer: a long text in, a shorter one out, inside the positions that the model has."""

from __future__ import annotations

from threading import Lock
from typing import Any, Self

import torch
from transformers import LEDForConditionalGeneration, PreTrainedModel, PreTrainedTokenizerBase

from longdoc.arguments import checked
from longdoc.errors import BudgetError, InputError
from longdoc.models.checkpoints import load_checkpoint, token_id
from longdoc.models.longformer.fast import fast_longformer
from longdoc.models.quantize import Weights, quantize
from longdoc.surrogates import without_surrogates


@checked
class LEDWriter:
    """Writes with an LED model for generation, by beam search. Threads may share it; they write in turn.

    The first token of the input is global, and so is a question before it. The model is made fast and put in
    evaluation mode.
    """

    def __init__(self, model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, *, num_beams: int = 4) -> None:
        if model.config.model_type != "led" or not model.can_generate():
            raise InputError(f"{type(model).__name__} is no LED model that can write")
        if num_beams < 1:
            raise InputError(f"num_beams is {num_beams}; give 1 or more")
        self.model: Any = fast_longformer(model)
        model.train(False)
        self.tokenizer = tokenizer
        self.num_beams = num_beams
        self._first = token_id(tokenizer, "cls_token", "bos_token")
        self._last = token_id(tokenizer, "sep_token", "eos_token")
        self._turn = Lock()

    @classmethod
    def load(
        cls,
        name: str,
        *,
        num_beams: int = 4,
        dtype: torch.dtype | None = None,
        device: str = "cpu",
        weights: Weights | None = None,
    ) -> Self:
        """The writer for the weights in the folder `name`, or of that hub id; errors as in `load_checkpoint`.

        `weights` is the form that `quantize` gives what was loaded.
        """
        model, tokenizer = load_checkpoint(name, LEDForConditionalGeneration, dtype=dtype, device=device)
        return cls(quantize(model, weights), tokenizer, num_beams=num_beams)

    @property
    def max_input_tokens(self) -> int:
        """The most that `input_tokens` may give."""
        return int(self.model.config.max_encoder_position_embeddings)

    @property
    def max_output_tokens(self) -> int:
        """The most new tokens of one writing: the decoder's positions without those of its start and its end."""
        return int(self.model.config.max_decoder_position_embeddings) - 2

    def input_tokens(self, text: str, question: str = "") -> int:
        """The tokens that the model reads for these, special ones included."""
        return len(self._read(text, question)[0])

    @torch.inference_mode()
    def write(self, text: str, max_new_tokens: int, question: str = "") -> tuple[str, bool]:
        """What the model writes, and whether it came to its end within `max_new_tokens`.

        Raises `BudgetError` where input or output exceed the model's positions; nothing is cut.
        """
        if not 1 <= max_new_tokens <= self.max_output_tokens:
            allowed = f"the model's positions allow 1 to {self.max_output_tokens}"
            raise BudgetError(f"{max_new_tokens} new tokens are asked for; {allowed}")
        ids, seen_by_all = self._read(text, question)
        if len(ids) > self.max_input_tokens:
            limit = f"the model reads {self.max_input_tokens}; give a shorter text"
            raise BudgetError(f"the input has {len(ids)} tokens and {limit}")
        rows = torch.tensor([ids], device=self.model.device)
        sees_all = torch.zeros_like(rows)
        sees_all[:, :seen_by_all] = 1
        with self._turn:
            output = self.model.generate(
                rows,
                attention_mask=torch.ones_like(rows),
                global_attention_mask=sees_all,
                max_new_tokens=max_new_tokens,
                min_length=0,
                num_beams=self.num_beams,
                do_sample=False,
            )[0]
        ended = self.model.generation_config.eos_token_id in output[1:].tolist()
        return str(self.tokenizer.decode(output, skip_special_tokens=True)), ended

    def _read(self, text: str, question: str) -> tuple[list[int], int]:
        """The ids of the input, and how many of the first are global."""
        asked = [*self._ids(question), self._last] if question else []
        return [self._first, *asked, *self._ids(text), self._last], 1 + len(asked)

    def _ids(self, text: str) -> list[int]:
        ids: list[int] = self.tokenizer(without_surrogates(text), add_special_tokens=False, verbose=False)["input_ids"]
        return ids
