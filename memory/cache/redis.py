"""A LangChain `ByteStore` on Redis, for a cache that several machines share."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from typing import Any

from langchain_core.stores import ByteStore

from longdoc.arguments import checked
from longdoc.errors import CacheError, MissingExtraError

_SECONDS = 30  # that an answer may take; an address may say otherwise (?socket_timeout=60)


@checked
def redis_store(address: str, prefix: str = "longdoc:") -> RedisStore:
    """The store at an address such as `redis://host:6379/0`, its password that of REDISCLI_AUTH, where there is one.

    Raises `MissingExtraError`.
    """
    try:
        redis: Any = import_module("redis")
    except ImportError as error:
        raise MissingExtraError("a cache in Redis", "redis") from error
    password = os.environ.get("REDISCLI_AUTH")
    return RedisStore(redis.Redis.from_url(address, password=password, socket_timeout=_SECONDS), prefix)


@checked
class RedisStore(ByteStore):
    """Bytes in a Redis database, their keys led by `prefix`; other keys there are left alone.

    Takes a `redis.Redis` that answers in bytes (`decode_responses` off, as it is by default). The server caps its
    own memory: set `maxmemory` and `maxmemory-policy allkeys-lru`. Raises `CacheError` for a server that fails.
    """

    def __init__(self, client: Any, prefix: str = "longdoc:") -> None:
        self.client = client
        self.prefix = prefix

    def mget(self, keys: Sequence[str]) -> list[bytes | None]:
        """The values, None where there is none; one round trip."""
        with _served():
            values: list[bytes | None] = self.client.mget(self._names(keys)) if keys else []
        return values

    def mset(self, key_value_pairs: Sequence[tuple[str, bytes]]) -> None:
        """Stores the values, all at once."""
        if key_value_pairs:
            with _served():
                self.client.mset({self.prefix + key: value for key, value in key_value_pairs})

    def mdelete(self, keys: Sequence[str]) -> None:
        """Forgets the keys; those not there are left out."""
        if keys:
            with _served():
                self.client.delete(*self._names(keys))

    def yield_keys(self, *, prefix: str | None = None) -> Iterator[str]:
        """The keys that start with the prefix, each once, in no order."""
        start = self.prefix + (prefix or "")
        seen = set()
        with _served():
            for name in self.client.scan_iter(match=re.sub(r"([*?\[\]\\^])", r"\\\1", start) + "*"):
                if name not in seen:  # a scan may tell a key twice
                    seen.add(name)
                    yield name.decode()[len(self.prefix) :]

    def _names(self, keys: Sequence[str]) -> list[str]:
        return [self.prefix + key for key in keys]


@contextmanager
def _served() -> Iterator[None]:
    """Raises `CacheError` where the server fails."""
    try:
        yield
    except import_module("redis").RedisError as error:
        said = " ".join(str(error).split()) or type(error).__name__
        raise CacheError(
            f"the Redis server does not serve the cache ({said:.200}); see that it runs, and start this again"
        ) from error
