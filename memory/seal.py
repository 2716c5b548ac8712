"""Whether what is read is what was written: a file that never changes, a value kept under a key."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import xxhash

CHECK = 8  # bytes of checksum before a framed value
_BLOCK = 1 << 20
_SMALL = 32 << 20  # bytes of a file that is read through whenever it is opened: some 5 ms


@dataclass(frozen=True, slots=True)
class Seal:
    """The size of a file, the xxh3-128 of its bytes in hexadecimal, and the time at which it was last written."""

    size: int
    checksum: str
    written: int

    @classmethod
    def of(cls, path: Path) -> Seal:
        """The seal of a file as it is; reads all of it."""
        size, running = 0, xxhash.xxh3_128()
        with path.open("rb") as file:
            while block := file.read(_BLOCK):
                size += len(block)
                running.update(block)
        return cls(size, running.hexdigest(), path.stat().st_mtime_ns)

    def why_broken(self, path: Path) -> str:
        """What is wrong with the file; "" where nothing is.

        One larger than 32 MiB is only read where it was written since. Raises `FileNotFoundError`.
        """
        stat = path.stat()
        if stat.st_size != self.size:
            return f"{path.name} has {stat.st_size:,} bytes, not {self.size:,}"
        if self.size > _SMALL and stat.st_mtime_ns == self.written:
            return ""
        return "" if Seal.of(path).checksum == self.checksum else f"the checksum of {path.name} differs"


def framed(key: bytes, value: bytes) -> bytes:
    """The value behind 8 bytes of a checksum of itself and its key."""
    return _checksum(key, value) + value


def unframed(key: bytes, frame: bytes | memoryview) -> memoryview | None:
    """The value within a frame, not copied; None where the frame is not what `framed` makes of it and the key."""
    value = memoryview(frame)[CHECK:]
    return value if frame[:CHECK] == _checksum(key, value) else None


def _checksum(key: bytes, value: bytes | memoryview) -> bytes:
    # The checksum takes in the key: a value that damage put under another key is found as well.
    digest: bytes = xxhash.xxh3_64_digest(value, xxhash.xxh3_64_intdigest(key))
    return digest
