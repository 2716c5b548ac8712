"""Summaries and answers from documents that do not fit a model's context, every sentence cited.

    from pathlib import Path

    tree = longdoc.summarize(Path("book.txt"), max_tokens=300)
    for sentence in tree.summary.sentences:
        print(sentence.text, sentence.spans)

Here are the names that most programs need; `longdoc.chunkers`, `models`, `memory` and `pipelines` hand out their own.
Names are loaded when first used (PEP 562): `import longdoc` alone loads neither torch nor transformers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from longdoc.lazy import lazily

if TYPE_CHECKING:
    from longdoc.chunkers.readers.registry import read
    from longdoc.chunkers.section import SectionChunker
    from longdoc.chunkers.text.span import Span
    from longdoc.errors import LongdocError
    from longdoc.memory.cache.encoding_cache import EncodingCache
    from longdoc.memory.history.chat_history import ChatHistory
    from longdoc.memory.index.document_index import DocumentIndex
    from longdoc.memory.summaries.running import RunningMemory
    from longdoc.memory.summaries.summary import Sentence, Summary
    from longdoc.memory.summaries.tree import SummaryTree
    from longdoc.models.encoder.embedder import Embedder
    from longdoc.pipelines.ask.answer import Answer, Citation
    from longdoc.pipelines.ask.chat import DocumentChat
    from longdoc.pipelines.calls.executor import FanOutOptions
    from longdoc.pipelines.chunk import chunk
    from longdoc.pipelines.corpora.corpus import Corpus
    from longdoc.pipelines.render.render import render
    from longdoc.pipelines.routing.classify import classify
    from longdoc.pipelines.routing.router import Router
    from longdoc.pipelines.summarize.plan import Plan
    from longdoc.pipelines.summarize.stage import Summarization
    from longdoc.pipelines.summarize.summarize import Settings, plan, summarize
    from longdoc.pipelines.verification import verify

_HOMES = {
    "Answer": "pipelines.ask.answer",
    "ChatHistory": "memory.history.chat_history",
    "Citation": "pipelines.ask.answer",
    "Corpus": "pipelines.corpora.corpus",
    "DocumentChat": "pipelines.ask.chat",
    "DocumentIndex": "memory.index.document_index",
    "Embedder": "models.encoder.embedder",
    "EncodingCache": "memory.cache.encoding_cache",
    "FanOutOptions": "pipelines.calls.executor",
    "LongdocError": "errors",
    "Plan": "pipelines.summarize.plan",
    "Router": "pipelines.routing.router",
    "RunningMemory": "memory.summaries.running",
    "SectionChunker": "chunkers.section",
    "Sentence": "memory.summaries.summary",
    "Settings": "pipelines.summarize.summarize",
    "Span": "chunkers.text.span",
    "Summarization": "pipelines.summarize.stage",
    "Summary": "memory.summaries.summary",
    "SummaryTree": "memory.summaries.tree",
    "chunk": "pipelines.chunk",
    "classify": "pipelines.routing.classify",
    "plan": "pipelines.summarize.summarize",
    "read": "chunkers.readers.registry",
    "render": "pipelines.render.render",
    "summarize": "pipelines.summarize.summarize",
    "verify": "pipelines.verification",
}

__version__ = "0.1.0"
__all__ = [
    "Answer",
    "ChatHistory",
    "Citation",
    "Corpus",
    "DocumentChat",
    "DocumentIndex",
    "Embedder",
    "EncodingCache",
    "FanOutOptions",
    "LongdocError",
    "Plan",
    "Router",
    "RunningMemory",
    "SectionChunker",
    "Sentence",
    "Settings",
    "Span",
    "Summarization",
    "Summary",
    "SummaryTree",
    "chunk",
    "classify",
    "plan",
    "read",
    "render",
    "summarize",
    "verify",
]

if not TYPE_CHECKING:  # type checkers see the names above, and no others
    # What 0.1 handed out here and its package hands out now is found here too.
    __getattr__, __dir__ = lazily(__name__, _HOMES, ("chunkers", "models", "memory", "pipelines"))
