"""What outlives a chunk, a turn, a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from longdoc.lazy import lazily

if TYPE_CHECKING:
    from longdoc.memory.cache.cached_embeddings import CachedEmbeddings
    from longdoc.memory.cache.cached_replies import CachedReplies
    from longdoc.memory.cache.encoding_cache import EncodingCache
    from longdoc.memory.cache.keys import KeySpace
    from longdoc.memory.cache.redis import RedisStore
    from longdoc.memory.history.chat_history import ChatHistory, HistorySettings
    from longdoc.memory.index.document_index import DocumentIndex, IndexRetriever
    from longdoc.memory.shared.postgres import SharedIndex
    from longdoc.memory.shared.ranked import RankedRetriever
    from longdoc.memory.summaries.running import RunningMemory
    from longdoc.memory.summaries.store import SummaryStore
    from longdoc.memory.summaries.summary import Sentence, Summary
    from longdoc.memory.summaries.tree import SummaryTree
    from longdoc.memory.summaries.written import WrittenMemory

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

__all__ = [
    "CachedEmbeddings",
    "CachedReplies",
    "ChatHistory",
    "DocumentIndex",
    "EncodingCache",
    "HistorySettings",
    "IndexRetriever",
    "KeySpace",
    "RankedRetriever",
    "RedisStore",
    "RunningMemory",
    "Sentence",
    "SharedIndex",
    "Summary",
    "SummaryStore",
    "SummaryTree",
    "WrittenMemory",
]

if not TYPE_CHECKING:  # type checkers see the names above, and no others
    __getattr__, __dir__ = lazily(__name__, _HOMES)
