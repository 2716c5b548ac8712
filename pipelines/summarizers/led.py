"""A summarizer that has an LED model write, holds it to its budget, and has every sentence cited and checked."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Self

from langchain_core.messages import AIMessage

from longdoc.arguments import checked
from longdoc.chunkers.tokenizers.base import Tokenizer
from longdoc.errors import BudgetError, StageError
from longdoc.memory.summaries.summary import EMPTY, Summary
from longdoc.pipelines.checks.checker import Checker, fitting, named_choice
from longdoc.pipelines.checks.finding import OnUnsupported
from longdoc.pipelines.summarizers.protocol import Passage, Traits, WritingSummarizer
from longdoc.pipelines.summarizers.replies import fitted, reply_sentences

if TYPE_CHECKING:
    import torch

    from longdoc.models.longformer.led_writer import LEDWriter


@checked
class LedSummarizer(WritingSummarizer):
    """Summaries from a sequence-to-sequence model, LED (Beltagy et al., 2020), in one call each.

    The model reads a query, where there is one, before the passages, as query-trained checkpoints do; others do not
    know what to make of it. The memory of what came before is not given to it: a model that was not taught the
    difference would summarize it. A summary ends after a sentence; a first sentence that is too long alone is cut
    after a clause or word and ends in "...".
    """

    traits = Traits(reads_memory=False, paid=False, local=True)

    def __init__(
        self, writer: LEDWriter, *, checker: Checker | None = None, on_unsupported: OnUnsupported = "mark"
    ) -> None:
        self._writer = writer
        self._checker = checker or Checker.load()
        self._on_unsupported = on_unsupported
        if self.max_input_tokens < 1:
            raise BudgetError(f"the model reads {writer.max_input_tokens} tokens, which leaves no room for passages")

    @classmethod
    def load(cls, name: str, *, num_beams: int = 4, dtype: torch.dtype | None = None, device: str = "cpu") -> Self:
        """The summarizer for the LED weights in the folder `name`, or of that hub id; raises `UnavailableError`."""
        from longdoc.models.longformer.led_writer import LEDWriter

        return cls(LEDWriter.load(name, num_beams=num_beams, dtype=dtype, device=device))

    @cached_property
    def name(self) -> str:
        """A digest of the model's config and weights, its tokenizer, and the beams."""
        from longdoc.models.checkpoints import fingerprint

        model, beams = fingerprint(self._writer.model), self._writer.num_beams
        return f"led:{model}:{self.tokenizer.name}:beams={beams}{named_choice(self._on_unsupported)}"

    @cached_property
    def tokenizer(self) -> Tokenizer:
        """The model's own."""
        from hashlib import blake2b

        from tokenizers import Tokenizer as Backend

        from longdoc.chunkers.tokenizers.huggingface import HuggingFaceTokenizer

        data: str = self._writer.tokenizer.backend_tokenizer.to_str()
        return HuggingFaceTokenizer(
            lambda: Backend.from_str(data), f"hf:{blake2b(data.encode(), digest_size=8).hexdigest()}"
        )

    @property
    def max_output_tokens(self) -> int:
        """The largest budget: the decoder's positions, or a quarter of the input where that is less."""
        return min(self._writer.max_output_tokens, self._writer.max_input_tokens // 4)

    @property
    def max_input_tokens(self) -> int:
        """The tokens of passages and query that fit, less one in 32 for the blanks between passages."""
        whole = self._writer.max_input_tokens
        return whole - whole // 32 - self._writer.input_tokens("", "?")

    def prompt_tokens(
        self, passages: Sequence[Passage], budget: int, query: str | None = None, memory: str = ""
    ) -> int:
        """The tokens that the model reads for these."""
        return self._writer.input_tokens(_text(passages), query or "")

    def summarize(
        self, passages: Sequence[Passage], budget: int, query: str | None = None, memory: str = ""
    ) -> Summary:
        """A summary of at most `budget` tokens, its sentences cited and checked.

        Raises `BudgetError` where the passages exceed what the model reads or not one letter fits the budget, and
        `StageError` where the model writes nothing that can be read.
        """
        if budget < 1:
            raise BudgetError(f"a summary of {budget} tokens cannot be; give a budget of 1 or more")
        passages = [passage for passage in passages if passage.text.strip()]
        if not passages:
            return EMPTY
        text, ended = self._writer.write(_text(passages), min(budget + 1, self._writer.max_output_tokens), query or "")
        reply = AIMessage(text, response_metadata={} if ended else {"finish_reason": "length"})
        sentences = reply_sentences(reply)
        if not sentences:
            raise StageError("the LED model wrote no summary; try another model or smaller passages")
        cited = self._checker.cite(
            fitted(sentences, budget, self.tokenizer), passages, on_unsupported=self._on_unsupported
        )
        return Summary.of(fitting(cited, budget, self.tokenizer), self.tokenizer)


def _text(passages: Sequence[Passage]) -> str:
    return " ".join(passage.text for passage in passages)
