"""A process that summarizes a text with a cache beside it, and says a byte at each call, until it ends or is killed.

Given a folder with `text.txt`, and the strategy. What it made lies in `tree.json` when it is done.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from fakes import CharacterTokenizer, LeadSummarizer

from longdoc import EncodingCache, FanOutOptions, summarize
from longdoc.memory.summaries.summary import Summary
from longdoc.pipelines.summarizers.protocol import Passage

IN_FLIGHT = 3


class Telling(LeadSummarizer):
    """Says when it is called."""

    def summarize(
        self, passages: Sequence[Passage], budget: int, query: str | None = None, memory: str = ""
    ) -> Summary:
        os.write(1, b".")
        return super().summarize(passages, budget, query, memory)


def main() -> None:
    """Summarizes."""
    folder, strategy = Path(sys.argv[1]), sys.argv[2]
    tree = summarize(
        (folder / "text.txt").read_text(encoding="utf-8"),
        model=Telling(CharacterTokenizer()),
        max_tokens=90,
        chunk_tokens=160,
        memory_tokens=0,
        strategy=strategy,
        options=FanOutOptions(max_concurrency=IN_FLIGHT),
        cache=EncodingCache(folder / "cache"),
    )
    nodes = [[node.title, node.key, node.summary.text, list(map(str, node.summary.spans))] for node in tree.walk()]
    (folder / "tree.json").write_text(json.dumps(nodes), encoding="utf-8")


if __name__ == "__main__":
    main()
