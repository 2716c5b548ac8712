"""Longformer over a document of any length: the trained length slid over it, and what comes out merged."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Literal, NamedTuple, Self

import torch
from torch import Tensor
from transformers import (
    LongformerForQuestionAnswering,
    LongformerForSequenceClassification,
    LongformerModel,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)

from longdoc.arguments import checked
from longdoc.errors import BudgetError, InputError
from longdoc.models.checkpoints import load_checkpoint, token_id
from longdoc.models.longformer.fast import fast_longformer
from longdoc.models.quantize import Weights, quantize
from longdoc.surrogates import without_surrogates

Task = Literal["encode", "classify", "answer"]
_KINDS = {
    "encode": LongformerModel,
    "classify": LongformerForSequenceClassification,
    "answer": LongformerForQuestionAnswering,
}


class Window(NamedTuple):
    """Tokens `start` to `stop` of a document, of which no earlier window has those from `fresh` on."""

    start: int
    stop: int
    fresh: int


@dataclass(frozen=True, slots=True)
class Vote:
    """What a window says of a document's class: its characters, its logits, and the tokens that no earlier one has."""

    start_index: int
    end_index: int
    logits: tuple[float, ...]
    fresh: int


@dataclass(frozen=True, slots=True)
class Classification:
    """The logits of a document's classes, in order, the class that has most, its probability, and every vote."""

    logits: tuple[float, ...]
    label: str
    probability: float
    votes: tuple[Vote, ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer, which is `text[start_index:end_index]` of the document; `score` is the sum of its two logits.

    `margin` is the score less that of the window's first token, at which a model that was trained for it points where
    nothing answers: below 0 it has found none.
    """

    text: str
    start_index: int
    end_index: int
    score: float
    margin: float = 0.0


@checked
class LongformerReader:
    """Reads documents of any length with a Longformer model, each window as long as the model was trained on.

    The first token of a window, or the whole question, is global in it. Consecutive windows share `overlap` tokens,
    an eighth of a window by default; the last one reaches back from the document's end, so that all are full.
    `batch_size` windows are read at a time: time is linear in the document, memory does not depend on it but for the
    token ids. The model is made fast (`fast_longformer`) and put in evaluation mode.
    """

    def __init__(
        self,
        model: PreTrainedModel,
        tokenizer: PreTrainedTokenizerBase,
        *,
        window: int | None = None,
        overlap: int | None = None,
        batch_size: int = 1,
    ) -> None:
        if model.config.model_type != "longformer":
            raise InputError(f"{type(model).__name__} is no Longformer model")
        if not tokenizer.is_fast:
            raise InputError("the tokenizer gives no offsets: load a fast one (tokenizer.json)")
        if batch_size < 1:
            raise InputError(f"batch_size is {batch_size}; give 1 or more")
        self.model: Any = fast_longformer(model)
        model.train(False)
        self.tokenizer = tokenizer
        trained = model.config.max_position_embeddings - model.config.pad_token_id - 1
        self.window = trained if window is None else window
        if not 3 <= self.window <= trained:
            raise BudgetError(f"window is {window} tokens; the model's positions allow 3 to {trained}")
        self.overlap = self.window // 8 if overlap is None else overlap
        if self.overlap < 0:
            raise BudgetError(f"overlap is {overlap} tokens; give 0 or more")
        self.batch_size = batch_size
        self._first = token_id(tokenizer, "cls_token", "bos_token")
        self._last = token_id(tokenizer, "sep_token", "eos_token")

    @classmethod
    def load(
        cls,
        name: str,
        task: Task = "classify",
        *,
        dtype: torch.dtype | None = None,
        weights: Weights | None = None,
        **config: Any,
    ) -> Self:
        """The reader for the weights in the folder `name`, or of that hub id; `config` as in `load_checkpoint`.

        `weights` is the form that `quantize` gives what was loaded.
        """
        model, tokenizer = load_checkpoint(name, _KINDS[task], dtype=dtype, **config)
        return cls(quantize(model, weights), tokenizer)

    @torch.inference_mode()
    def classify(self, text: str, merge: Literal["mean", "max"] = "mean") -> Classification:
        """The class of a document: logits of its windows, averaged by the tokens new in each, or the largest."""
        ids, offsets = self._ids(text)
        votes: list[Vote] = []
        for windows, output, _ in self._read(ids, ()):
            logits = self._logits(output, "logits").float().cpu()  # (windows, classes)
            votes += [_vote(one, row.tolist(), offsets) for one, row in zip(windows, logits, strict=True)]
        said = torch.tensor([vote.logits for vote in votes])  # (windows, classes)
        fresh = torch.tensor([float(vote.fresh) for vote in votes])
        merged = fresh @ said / fresh.sum() if merge == "mean" else said.amax(dim=0)
        top = int(merged.argmax())
        probability = float(merged.softmax(dim=0)[top])
        return Classification(tuple(merged.tolist()), str(self.model.config.id2label[top]), probability, tuple(votes))

    def answer(self, question: str, text: str, *, max_answer_tokens: int = 64) -> Answer | None:
        """The best of `answers`; None for a document without tokens."""
        return next(iter(self.answers(question, text, 1, max_answer_tokens=max_answer_tokens)), None)

    @torch.inference_mode()
    def answers(self, question: str, text: str, count: int = 3, *, max_answer_tokens: int = 64) -> list[Answer]:
        """At most `count` answers out of the document, the best first, one from each window at most.

        Logits are compared across windows as they are. Raises `BudgetError` for a question that leaves no room.
        """
        asked = self._ids(question)[0]
        ids, offsets = self._ids(text)
        found: dict[tuple[int, int], tuple[float, float]] = {}
        for windows, output, skipped in self._read(ids, asked):
            pairs = zip(self._logits(output, "start_logits"), self._logits(output, "end_logits"), strict=True)
            for window, (starts, ends) in zip(windows, pairs, strict=True):
                places = slice(skipped, skipped + window.stop - window.start)
                within = offsets[window.start : window.stop]
                best = _best_span(starts[places], ends[places], within, max_answer_tokens)
                if best is not None:
                    start, end, score = best
                    said = (score, score - float(starts[0] + ends[0]))
                    found[start, end] = max(said, found.get((start, end), said))
        ranked = sorted(found.items(), key=lambda one: (-one[1][0], one[0]))[:count]
        return [Answer(text[start:end], start, end, *said) for (start, end), said in ranked]

    @torch.inference_mode()
    def encode(self, text: str) -> Tensor:  # (width)
        """The mean of the states of all tokens, in float32, each from the first window that reads it.

        Zeros for a document without tokens.
        """
        total, tokens = torch.zeros(self.model.config.hidden_size), 0
        for states in self.states(text):
            total += states.sum(dim=0)
            tokens += len(states)
        return total / max(1, tokens)

    @torch.inference_mode()
    def states(self, text: str) -> Iterator[Tensor]:  # (t, width)
        """The last hidden states of the document's tokens, in float32, window after window, each token once."""
        for windows, output, skipped in self._read(self._ids(text)[0], (), self.model.base_model):
            for window, states in zip(windows, output.last_hidden_state, strict=True):
                fresh = slice(skipped + window.fresh - window.start, skipped + window.stop - window.start)
                yield states[fresh].float().cpu()

    def _read(
        self, ids: Sequence[int], question: Sequence[int], model: Any = None
    ) -> Iterator[tuple[list[Window], Any, int]]:
        """Windows, the model's output for them, and the tokens that come before the document's in each."""
        before = [self._first, *question] + [self._last] * (2 if question else 0)
        seen_by_all = 1 + len(question)
        room = self.window - len(before) - 1
        if room <= self.overlap:
            raise BudgetError(
                f"a question of {len(question)} tokens and an overlap of {self.overlap} leave nothing of a window of "
                f"{self.window}; shorten the question or give a smaller overlap"
            )
        batches = iter(windows_over(len(ids), room, self.overlap))
        while windows := list(islice(batches, self.batch_size)):
            rows = torch.tensor([[*before, *ids[one.start : one.stop], self._last] for one in windows])
            sees_all = torch.zeros_like(rows)
            sees_all[:, :seen_by_all] = 1
            given = {"input_ids": rows, "attention_mask": torch.ones_like(rows), "global_attention_mask": sees_all}
            on_device = {name: one.to(self.model.device) for name, one in given.items()}
            yield windows, (model or self.model)(**on_device), len(before)

    def _ids(self, text: str) -> tuple[list[int], list[tuple[int, int]]]:
        plain = {"add_special_tokens": False, "return_offsets_mapping": True, "verbose": False}
        encoded: Any = self.tokenizer(without_surrogates(text), **plain)
        return encoded["input_ids"], encoded["offset_mapping"]

    def _logits(self, output: Any, name: str) -> Tensor:
        logits = getattr(output, name, None)
        if not isinstance(logits, Tensor):
            raise InputError(f"{type(self.model).__name__} gives no {name}: load the model for this task")
        return logits


def windows_over(tokens: int, room: int, overlap: int) -> Iterator[Window]:
    """Windows of `room` tokens over a document, one even where it is empty; every token is fresh in just one."""
    fresh = 0
    while fresh < tokens or fresh == 0:
        start = max(0, min(fresh - overlap, tokens - room))
        stop = min(start + room, tokens)
        yield Window(start, stop, fresh)
        if stop == tokens:
            return
        fresh = stop


def _vote(window: Window, logits: list[float], offsets: Sequence[tuple[int, int]]) -> Vote:
    within = offsets[window.start : window.stop] or [(0, 0)]
    return Vote(within[0][0], within[-1][1], tuple(logits), max(1, window.stop - window.fresh))


def _best_span(
    starts: Tensor, ends: Tensor, offsets: Sequence[tuple[int, int]], longest: int
) -> tuple[int, int, float] | None:
    """Characters and score of the best span of 1 to `longest` tokens that has a character; linear in the tokens."""
    if not offsets:
        return None
    empty = torch.tensor([end <= start for start, end in offsets])
    starts, ends = (one.float().cpu().masked_fill(empty, -torch.inf) for one in (starts, ends))  # (t)
    following = torch.nn.functional.pad(ends, (0, longest - 1), value=-torch.inf).unfold(0, longest, 1)  # (t, longest)
    best_ends, ahead = following.max(dim=1)
    scores = starts + best_ends
    first = int(scores.argmax())
    if not torch.isfinite(scores[first]):
        return None
    return offsets[first][0], offsets[first + int(ahead[first])][1], float(scores[first])
