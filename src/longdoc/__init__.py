"""Summaries and answers from documents that do not fit a model's context, every sentence cited.

    from pathlib import Path

    tree = longdoc.summarize(Path("book.txt"), max_tokens=300)
    for sentence in tree.summary.sentences:
        print(sentence.text, sentence.spans)

Names are loaded when first used (PEP 562): `import longdoc` alone loads neither torch nor transformers.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from longdoc.chunkers.content import ContentChunker
    from longdoc.chunkers.meaning import MeaningChunker
    from longdoc.chunkers.readers.registry import read
    from longdoc.chunkers.section import SectionChunker
    from longdoc.chunkers.sentence import SentenceChunker
    from longdoc.chunkers.text.span import Span
    from longdoc.chunkers.token import TokenChunker
    from longdoc.chunkers.tokenizers.base import Tokenizer, load_tokenizer
    from longdoc.errors import LongdocError
    from longdoc.memory.cache.cached_embeddings import CachedEmbeddings
    from longdoc.memory.cache.cached_replies import CachedReplies
    from longdoc.memory.cache.encoding_cache import EncodingCache
    from longdoc.memory.cache.keys import KeySpace
    from longdoc.memory.history.chat_history import ChatHistory, HistorySettings
    from longdoc.memory.index.document_index import DocumentIndex
    from longdoc.memory.summaries.running import RunningMemory
    from longdoc.memory.summaries.summary import Sentence, Summary
    from longdoc.memory.summaries.tree import SummaryTree
    from longdoc.models.decoder.chat_model import WindowedChatModel
    from longdoc.models.decoder.decoder import WindowedDecoder
    from longdoc.models.decoder.loading import load_decoder
    from longdoc.models.decoder.sessions import KVSessions
    from longdoc.models.encoder.embedder import Embedder
    from longdoc.models.longformer.fast import fast_longformer
    from longdoc.models.longformer.reader import LongformerReader
    from longdoc.models.performer.performer import PerformerConfig, PerformerEncoder
    from longdoc.models.performer.recurrent_state import RecurrentState, TorchRecurrence
    from longdoc.pipelines.ask.answer import Answer, Citation
    from longdoc.pipelines.ask.chat import DocumentChat
    from longdoc.pipelines.ask.settings import ChatSettings
    from longdoc.pipelines.calls.local import FanOutOptions, afan_out, fan_out
    from longdoc.pipelines.chunk import chunk
    from longdoc.pipelines.render.render import render
    from longdoc.pipelines.route import ModelAtHand, Request, Route
    from longdoc.pipelines.router import Router
    from longdoc.pipelines.summarize.plan import Plan, Prices
    from longdoc.pipelines.summarize.summarize import Settings, Summarization, plan, summarize
    from longdoc.pipelines.summarizers.chat import ChatSummarizer
    from longdoc.pipelines.summarizers.extractive import ExtractiveSummarizer
    from longdoc.pipelines.summarizers.led import LedSummarizer
    from longdoc.pipelines.summarizers.protocol import Passage, Summarizer

_HOMES = {
    "Answer": "pipelines.ask.answer",
    "CachedEmbeddings": "memory.cache.cached_embeddings",
    "CachedReplies": "memory.cache.cached_replies",
    "ChatHistory": "memory.history.chat_history",
    "ChatSettings": "pipelines.ask.settings",
    "ChatSummarizer": "pipelines.summarizers.chat",
    "Citation": "pipelines.ask.answer",
    "ContentChunker": "chunkers.content",
    "DocumentChat": "pipelines.ask.chat",
    "DocumentIndex": "memory.index.document_index",
    "Embedder": "models.encoder.embedder",
    "EncodingCache": "memory.cache.encoding_cache",
    "ExtractiveSummarizer": "pipelines.summarizers.extractive",
    "FanOutOptions": "pipelines.calls.local",
    "HistorySettings": "memory.history.chat_history",
    "KVSessions": "models.decoder.sessions",
    "KeySpace": "memory.cache.keys",
    "LedSummarizer": "pipelines.summarizers.led",
    "LongdocError": "errors",
    "LongformerReader": "models.longformer.reader",
    "MeaningChunker": "chunkers.meaning",
    "ModelAtHand": "pipelines.route",
    "Passage": "pipelines.summarizers.protocol",
    "PerformerConfig": "models.performer.performer",
    "PerformerEncoder": "models.performer.performer",
    "Plan": "pipelines.summarize.plan",
    "Prices": "pipelines.summarize.plan",
    "RecurrentState": "models.performer.recurrent_state",
    "Request": "pipelines.route",
    "Route": "pipelines.route",
    "Router": "pipelines.router",
    "RunningMemory": "memory.summaries.running",
    "SectionChunker": "chunkers.section",
    "Sentence": "memory.summaries.summary",
    "SentenceChunker": "chunkers.sentence",
    "Settings": "pipelines.summarize.summarize",
    "Span": "chunkers.text.span",
    "Summarization": "pipelines.summarize.summarize",
    "Summarizer": "pipelines.summarizers.protocol",
    "Summary": "memory.summaries.summary",
    "SummaryTree": "memory.summaries.tree",
    "TokenChunker": "chunkers.token",
    "Tokenizer": "chunkers.tokenizers.base",
    "TorchRecurrence": "models.performer.recurrent_state",
    "WindowedChatModel": "models.decoder.chat_model",
    "WindowedDecoder": "models.decoder.decoder",
    "afan_out": "pipelines.calls.local",
    "chunk": "pipelines.chunk",
    "fan_out": "pipelines.calls.local",
    "fast_longformer": "models.longformer.fast",
    "load_decoder": "models.decoder.loading",
    "load_tokenizer": "chunkers.tokenizers.base",
    "plan": "pipelines.summarize.summarize",
    "read": "chunkers.readers.registry",
    "render": "pipelines.render.render",
    "summarize": "pipelines.summarize.summarize",
}

__version__ = "0.1.0"
__all__ = [
    "Answer",
    "CachedEmbeddings",
    "CachedReplies",
    "ChatHistory",
    "ChatSettings",
    "ChatSummarizer",
    "Citation",
    "ContentChunker",
    "DocumentChat",
    "DocumentIndex",
    "Embedder",
    "EncodingCache",
    "ExtractiveSummarizer",
    "FanOutOptions",
    "HistorySettings",
    "KVSessions",
    "KeySpace",
    "LedSummarizer",
    "LongdocError",
    "LongformerReader",
    "MeaningChunker",
    "ModelAtHand",
    "Passage",
    "PerformerConfig",
    "PerformerEncoder",
    "Plan",
    "Prices",
    "RecurrentState",
    "Request",
    "Route",
    "Router",
    "RunningMemory",
    "SectionChunker",
    "Sentence",
    "SentenceChunker",
    "Settings",
    "Span",
    "Summarization",
    "Summarizer",
    "Summary",
    "SummaryTree",
    "TokenChunker",
    "Tokenizer",
    "TorchRecurrence",
    "WindowedChatModel",
    "WindowedDecoder",
    "afan_out",
    "chunk",
    "fan_out",
    "fast_longformer",
    "load_decoder",
    "load_tokenizer",
    "plan",
    "read",
    "render",
    "summarize",
]


if not TYPE_CHECKING:  # type checkers see the names above, and no others

    def __getattr__(name: str) -> Any:
        home = _HOMES.get(name)
        if home is None:
            raise AttributeError(f"module 'longdoc' has no attribute {name!r}")
        value = getattr(import_module(f"longdoc.{home}"), name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
