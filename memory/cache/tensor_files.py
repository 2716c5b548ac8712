"""Tensors in safetensors files, read through a memory map: for what is too large to copy."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from hashlib import blake2b
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING

import xxhash

from longdoc.errors import CacheError
from longdoc.memory.cache.errors import in_words
from longdoc.memory.disk import sync_folder
from longdoc.memory.seal import Seal

if TYPE_CHECKING:
    from torch import Tensor

_DIGEST_BYTES = 20
_LEFT_OVER = 3600.0  # seconds: a file that no entry names and that is younger may still get its entry


@dataclass(frozen=True, slots=True)
class TensorFile:
    """What is noted of a file: its size and the xxh3-128 of its bytes, in hexadecimal."""

    size: int
    checksum: str

    def to_bytes(self) -> bytes:
        """JSON, read again by `from_bytes`."""
        return json.dumps(asdict(self), sort_keys=True).encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> TensorFile:
        """The note that `to_bytes` wrote."""
        return cls(**json.loads(data))


class TensorFiles:
    """A folder of one file a key. A file is written beside its place and moved there when it is whole."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, key: str) -> Path:
        """Where the key's file lies, if there is one."""
        name = blake2b(key.encode("utf-8", "surrogatepass"), digest_size=_DIGEST_BYTES).hexdigest()
        return self.folder / f"{name}.safetensors"

    def write(self, tensors: Mapping[str, Tensor]) -> tuple[Path, TensorFile]:
        """A file on disk that has no key yet, and its note; `place` gives it its key."""
        data = tensor_bytes(tensors)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with NamedTemporaryFile(dir=self.folder, suffix=".part", delete=False) as file:
                _write_all(Path(file.name), file.fileno(), data)
        except OSError as error:
            raise CacheError(in_words(self.folder.parent, error.errno or 0, str(error))) from error
        return Path(file.name), TensorFile(len(data), xxhash.xxh3_128_hexdigest(data))

    def place(self, part: Path, key: str) -> None:
        """Moves a written file to its key; a second call changes nothing."""
        with suppress(FileNotFoundError):
            part.replace(self.path(key))
        sync_folder(self.folder)

    def read(self, key: str, noted: TensorFile) -> dict[str, Tensor] | None:
        """The tensors, mapped from the file, or None where its bytes are not those that were noted.

        Reads the file once for its checksum. Writing into a tensor does not change the file.
        """
        if self.why_damaged(key, noted):
            return None
        from safetensors import safe_open

        with safe_open(self.path(key), framework="pt") as file:
            return {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  it is no mapping

    def why_damaged(self, key: str, noted: TensorFile) -> str:
        """What is wrong with the key's file; "" if nothing is."""
        try:
            found = Seal.of(self.path(key))
        except FileNotFoundError:
            return "its file is gone"
        if found.size != noted.size:
            return f"its file has {found.size} bytes, not {noted.size}"
        return "" if found.checksum == noted.checksum else "its file's checksum differs"

    def remove(self, keys: Sequence[str]) -> None:
        """Deletes the keys' files; tensors that are still mapped stay readable."""
        for key in keys:
            self.path(key).unlink(missing_ok=True)

    def clear(self) -> None:
        """Deletes every key's file; files of other names stay."""
        for path in self.folder.glob("*.safetensors"):
            if len(path.stem) == 2 * _DIGEST_BYTES:
                path.unlink(missing_ok=True)

    def left_over(self, keys: Iterable[str]) -> Iterator[Path]:
        """Files over an hour old that belong to none of the keys: their writer was killed."""
        known = {self.path(key) for key in keys}
        for pattern in ("*.safetensors", "*.part"):
            for path in self.folder.glob(pattern):
                with suppress(FileNotFoundError):
                    if path not in known and time.time() - path.stat().st_mtime > _LEFT_OVER:
                        yield path


def tensor_bytes(tensors: Mapping[str, Tensor]) -> bytes:
    """The tensors as the bytes of a safetensors file: one copy in memory, so that the caller can sync the file."""
    from safetensors.torch import save

    return save({name: tensor.detach().contiguous().cpu() for name, tensor in tensors.items()})


def _write_all(path: Path, descriptor: int, data: bytes) -> None:
    try:
        view = memoryview(data)
        while view:
            view = view[os.write(descriptor, view) :]
        os.fsync(descriptor)
    except OSError:
        path.unlink(missing_ok=True)
        raise
