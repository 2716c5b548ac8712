"""Summaries and answers from documents that do not fit a model's context, every sentence cited.

    tree = longdoc.summarize("book.txt", max_tokens=300)
    for sentence in tree.summary.sentences:
        print(sentence.text, sentence.spans)

Names are loaded when first used (PEP 562): `import longdoc` alone loads neither torch nor transformers.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from longdoc.chunkers.content_chunker import ContentChunker
    from longdoc.chunkers.meaning_chunker import MeaningChunker
    from longdoc.chunkers.reading import read
    from longdoc.chunkers.section_chunker import SectionChunker
    from longdoc.chunkers.sentence_chunker import SentenceChunker
    from longdoc.chunkers.span import Span
    from longdoc.chunkers.token_chunker import TokenChunker
    from longdoc.chunkers.tokenizer import Tokenizer, load_tokenizer
    from longdoc.errors import LongdocError
    from longdoc.memory.cache_key import KeySpace
    from longdoc.memory.cached_embeddings import CachedEmbeddings
    from longdoc.memory.cached_replies import CachedReplies
    from longdoc.memory.chat_history import ChatHistory, HistorySettings
    from longdoc.memory.document_index import DocumentIndex
    from longdoc.memory.encoding_cache import EncodingCache
    from longdoc.memory.running_memory import RunningMemory
    from longdoc.memory.summary import Sentence, Summary
    from longdoc.memory.summary_tree import SummaryTree
    from longdoc.models.causal_loading import load_decoder
    from longdoc.models.embedder import Embedder
    from longdoc.models.fast_longformer import fast_longformer
    from longdoc.models.kv_sessions import KVSessions
    from longdoc.models.longformer_reader import LongformerReader
    from longdoc.models.performer import PerformerConfig, PerformerEncoder
    from longdoc.models.recurrent_state import RecurrentState, TorchRecurrence
    from longdoc.models.windowed_chat_model import WindowedChatModel
    from longdoc.models.windowed_decoder import WindowedDecoder
    from longdoc.pipelines.answer import Answer, Citation
    from longdoc.pipelines.chat_settings import ChatSettings
    from longdoc.pipelines.chat_summarizer import ChatSummarizer
    from longdoc.pipelines.chunk import chunk
    from longdoc.pipelines.document_chat import DocumentChat
    from longdoc.pipelines.extractive import ExtractiveSummarizer
    from longdoc.pipelines.fan_out import FanOutOptions, afan_out, fan_out
    from longdoc.pipelines.led_summarizer import LedSummarizer
    from longdoc.pipelines.plan import Plan, Prices
    from longdoc.pipelines.render import render
    from longdoc.pipelines.route import ModelAtHand, Request, Route
    from longdoc.pipelines.router import Router
    from longdoc.pipelines.summarize import Settings, Summarization, plan, summarize
    from longdoc.pipelines.summarizer import Passage, Summarizer

_HOMES = {
    "Answer": "pipelines.answer",
    "CachedEmbeddings": "memory.cached_embeddings",
    "CachedReplies": "memory.cached_replies",
    "ChatHistory": "memory.chat_history",
    "ChatSettings": "pipelines.chat_settings",
    "ChatSummarizer": "pipelines.chat_summarizer",
    "Citation": "pipelines.answer",
    "ContentChunker": "chunkers.content_chunker",
    "DocumentChat": "pipelines.document_chat",
    "DocumentIndex": "memory.document_index",
    "Embedder": "models.embedder",
    "EncodingCache": "memory.encoding_cache",
    "ExtractiveSummarizer": "pipelines.extractive",
    "FanOutOptions": "pipelines.fan_out",
    "HistorySettings": "memory.chat_history",
    "KVSessions": "models.kv_sessions",
    "KeySpace": "memory.cache_key",
    "LedSummarizer": "pipelines.led_summarizer",
    "LongdocError": "errors",
    "LongformerReader": "models.longformer_reader",
    "MeaningChunker": "chunkers.meaning_chunker",
    "ModelAtHand": "pipelines.route",
    "Passage": "pipelines.summarizer",
    "PerformerConfig": "models.performer",
    "PerformerEncoder": "models.performer",
    "Plan": "pipelines.plan",
    "Prices": "pipelines.plan",
    "RecurrentState": "models.recurrent_state",
    "Request": "pipelines.route",
    "Route": "pipelines.route",
    "Router": "pipelines.router",
    "RunningMemory": "memory.running_memory",
    "SectionChunker": "chunkers.section_chunker",
    "Sentence": "memory.summary",
    "SentenceChunker": "chunkers.sentence_chunker",
    "Settings": "pipelines.summarize",
    "Span": "chunkers.span",
    "Summarization": "pipelines.summarize",
    "Summarizer": "pipelines.summarizer",
    "Summary": "memory.summary",
    "SummaryTree": "memory.summary_tree",
    "TokenChunker": "chunkers.token_chunker",
    "Tokenizer": "chunkers.tokenizer",
    "TorchRecurrence": "models.recurrent_state",
    "WindowedChatModel": "models.windowed_chat_model",
    "WindowedDecoder": "models.windowed_decoder",
    "afan_out": "pipelines.fan_out",
    "chunk": "pipelines.chunk",
    "fan_out": "pipelines.fan_out",
    "fast_longformer": "models.fast_longformer",
    "load_decoder": "models.causal_loading",
    "load_tokenizer": "chunkers.tokenizer",
    "plan": "pipelines.summarize",
    "read": "chunkers.reading",
    "render": "pipelines.render",
    "summarize": "pipelines.summarize",
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
