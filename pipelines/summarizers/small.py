"""A summarizer for a small chat model: sentences are chosen from the text, then told shorter one by one."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b

from langchain_core.language_models import BaseChatModel

from longdoc.chunkers.tokenizers.base import Tokenizer
from longdoc.memory.summaries.summary import Summary
from longdoc.memory.summaries.tree import SummaryTree
from longdoc.pipelines.route import ModelAtHand
from longdoc.pipelines.summarizers import retold
from longdoc.pipelines.summarizers.extractive import ExtractiveSummarizer
from longdoc.pipelines.summarizers.learned_salience import LearnedSalience
from longdoc.pipelines.summarizers.protocol import UNBOUNDED, Passage, Traits, TreeWork, WritingSummarizer

_MOST = 24  # sentences of a summary that the model is asked about


class SmallSummarizer(WritingSummarizer):
    """The digest or the sentences that are chosen without a model, each told shorter where the model's words hold.

    A small model cannot follow instructions over a page of text; of one sentence it can say which phrases it may do
    without. Nothing is shown but what `Retelling` lets pass, so that each line holds or is the source's own. It is for
    English.
    """

    max_input_tokens = UNBOUNDED
    traits = Traits(1024, steady_chunks=False, reads_memory=False, rewrites=False, paid=False, local=True)

    def __init__(self, model: BaseChatModel, *, tokenizer: Tokenizer, chooser: ExtractiveSummarizer) -> None:
        self._model, self._tokenizer, self._chooser = model, tokenizer, chooser

    @property
    def name(self) -> str:
        """The model's name and a digest of its settings and of what it is asked."""
        said = [self._model._get_llm_string(), retold.SHORTEN, self._tokenizer.name]
        named = self._model._get_ls_params().get("ls_model_name") or self._model._llm_type
        return f"small:{named}:{blake2b(repr(said).encode(), digest_size=8).hexdigest()}:{self._chooser.fingerprint}"

    @property
    def tokenizer(self) -> Tokenizer:
        """Counts as the model does."""
        return self._tokenizer

    def max_calls(self, attempts: int) -> int:
        """One for each sentence that may be told shorter; it fails for none."""
        return _MOST

    def at_hand(self, budget: int) -> tuple[ModelAtHand, int]:
        """The sentence encoder, which has no context to fill."""
        return self._chooser.at_hand(budget)

    def preload(self) -> None:
        """Begins to load the encoder."""
        self._chooser.preload()

    def summarize(
        self, passages: Sequence[Passage], budget: int, query: str | None = None, memory: str = ""
    ) -> Summary:
        """The passages' most salient sentences, told shorter; see `ExtractiveSummarizer`."""
        return self.retold(self._chooser.summarize(passages, budget, query, memory))

    def tree(self, work: TreeWork) -> SummaryTree:
        """Each node chosen from all sentences that it covers, the top told shorter."""
        return work.chosen(self._chooser, self.retold)

    def retold(self, summary: Summary) -> Summary:
        """The summary, in at most as many tokens, with its first sentences told shorter where that holds."""
        lines = [sentence.line for sentence in summary.sentences]
        if not LearnedSalience().knows(lines):
            return summary
        retelling = retold.Retelling(self._model)
        told = [retelling.shorter(one) if at < _MOST else one for at, one in enumerate(summary.sentences)]
        made = Summary.of(tuple(told), self._tokenizer, summary.blocks)
        return made if made.tokens <= summary.tokens else summary
