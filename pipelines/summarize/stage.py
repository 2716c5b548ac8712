"""The main pipeline as a stage of LangChain."""

from __future__ import annotations

from typing import Any

from langchain_core.runnables import Runnable, RunnableConfig

from longdoc.memory.summaries.tree import SummaryTree
from longdoc.pipelines.sources import Sources
from longdoc.pipelines.summarize.summarize import Summarizing


class Summarization(Summarizing, Runnable[Sources, SummaryTree]):
    """The pipeline as a LangChain stage: `SectionChunker() | Summarization(max_tokens=200)`.

    Takes what `summarize` takes, and its settings by keyword. `on_route` is told how the text will be read and why.
    """

    def invoke(self, input: Sources, config: RunnableConfig | None = None, **kwargs: Any) -> SummaryTree:
        """The tree of summaries over the sources, traced as a LangChain run."""
        return self._call_with_config(self.run, input, config, run_type="chain", **kwargs)
