"""What outlives a chunk, a turn, a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from longdoc.lazy import lazily

if TYPE_CHECKING:
    from longdoc.memory.cache.cached_embeddings import CachedEmbeddings as CachedEmbeddings
    from longdoc.memory.cache.cached_replies import CachedReplies as CachedReplies
    from longdoc.memory.cache.encoding_cache import EncodingCache as EncodingCache
    from longdoc.memory.cache.keys import KeySpace as KeySpace
    from longdoc.memory.cache.redis import RedisStore as RedisStore
    from longdoc.memory.history.chat_history import ChatHistory as ChatHistory
    from longdoc.memory.history.chat_history import HistorySettings as HistorySettings
    from longdoc.memory.index.document_index import DocumentIndex as DocumentIndex
    from longdoc.memory.index.document_index import IndexRetriever as IndexRetriever
    from longdoc.memory.shared.postgres import SharedIndex as SharedIndex
    from longdoc.memory.shared.ranked import RankedRetriever as RankedRetriever
    from longdoc.memory.summaries.running import RunningMemory as RunningMemory
    from longdoc.memory.summaries.store import SummaryStore as SummaryStore
    from longdoc.memory.summaries.summary import Sentence as Sentence
    from longdoc.memory.summaries.summary import Summary as Summary
    from longdoc.memory.summaries.tree import SummaryTree as SummaryTree
    from longdoc.memory.summaries.written import WrittenMemory as WrittenMemory

_HOMES = {
    "CachedEmbeddings": "cache.cached_embeddings",
    "CachedReplies": "cache.cached_replies",
    "ChatHistory": "history.chat_history",
    "DocumentIndex": "index.document_index",
    "EncodingCache": "cache.encoding_cache",
    "HistorySettings": "history.chat_history",
    "IndexRetriever": "index.document_index",
    "KeySpace": "cache.keys",
    "RankedRetriever": "shared.ranked",
    "RedisStore": "cache.redis",
    "RunningMemory": "summaries.running",
    "Sentence": "summaries.summary",
    "SharedIndex": "shared.postgres",
    "Summary": "summaries.summary",
    "SummaryStore": "summaries.store",
    "SummaryTree": "summaries.tree",
    "WrittenMemory": "summaries.written",
}

if not TYPE_CHECKING:  # type checkers see the names imported above, and no others
    __all__ = list(_HOMES)
    __getattr__, __dir__ = lazily(__name__, _HOMES)
