"""The cache as LangChain's stores are: bytes by key, computed once among all who ask."""

from __future__ import annotations

from langchain_core.stores import ByteStore

from longdoc.memory.cache.byte_cache import ByteCache


class EncodingCache(ByteCache, ByteStore):
    """Bytes by key, each with a checksum, computed once among all the threads and processes that ask.

    Make keys with `KeySpace`: a key names all that its value depends on, so an entry is never out of date. Values are
    kept in `folder` (by default the user's cache folder) in an LMDB file, tensors in safetensors files beside it;
    when both take more than `max_bytes` the least recently used go. Any LangChain `ByteStore` given as `store`
    takes their place; it keeps its own size, and `folder` then only holds the claims by which processes compute
    once (None: only threads of this cache do). A value whose bytes are not those written is never returned: it is
    told to `on_damage`, dropped and made again. Raises `CacheError` where the disk is full or the file cannot be
    read. Nothing is ever pickled.
    """
