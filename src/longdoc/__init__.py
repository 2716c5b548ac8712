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
    from longdoc.chunkers.readers.registry import read as read
    from longdoc.chunkers.section import SectionChunker as SectionChunker
    from longdoc.chunkers.text.span import Span as Span
    from longdoc.errors import LongdocError as LongdocError
    from longdoc.memory.cache.encoding_cache import EncodingCache as EncodingCache
    from longdoc.memory.history.chat_history import ChatHistory as ChatHistory
    from longdoc.memory.index.document_index import DocumentIndex as DocumentIndex
    from longdoc.memory.summaries.running import RunningMemory as RunningMemory
    from longdoc.memory.summaries.summary import Sentence as Sentence
    from longdoc.memory.summaries.summary import Summary as Summary
    from longdoc.memory.summaries.tree import SummaryTree as SummaryTree
    from longdoc.models.encoder.embedder import Embedder as Embedder
    from longdoc.pipelines.ask.answer import Answer as Answer
    from longdoc.pipelines.ask.answer import Citation as Citation
    from longdoc.pipelines.ask.chat import DocumentChat as DocumentChat
    from longdoc.pipelines.calls.executor import FanOutOptions as FanOutOptions
    from longdoc.pipelines.chunk import chunk as chunk
    from longdoc.pipelines.corpora.corpus import Corpus as Corpus
    from longdoc.pipelines.render.render import render as render
    from longdoc.pipelines.routing.classify import classify as classify
    from longdoc.pipelines.routing.router import Router as Router
    from longdoc.pipelines.summarize.plan import Plan as Plan
    from longdoc.pipelines.summarize.stage import Summarization as Summarization
    from longdoc.pipelines.summarize.summarize import Settings as Settings
    from longdoc.pipelines.summarize.summarize import plan as plan
    from longdoc.pipelines.summarize.summarize import summarize as summarize
    from longdoc.pipelines.verification import verify as verify

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
if not TYPE_CHECKING:  # type checkers see the names imported above, and no others
    __all__ = list(_HOMES)
    # What 0.1 handed out here and its package hands out now is found here too.
    __getattr__, __dir__ = lazily(__name__, _HOMES, ("chunkers", "models", "memory", "pipelines"))
