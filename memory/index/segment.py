"""A segment of an index: a folder of files that never change once they are written, opened by memory map."""

from __future__ import annotations

import json
import mmap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save_file

from longdoc.memory.disk import sync_file, sync_folder
from longdoc.memory.index.settings import IndexSettings
from longdoc.memory.index.vectors import VectorRows, write_vectors
from longdoc.memory.index.words import Postings, merged, postings_arrays
from longdoc.memory.seal import Seal

ARRAYS = "arrays.safetensors"

Live = NDArray[np.bool_] | None


@dataclass(frozen=True, slots=True)
class Part:
    """What a segment is made of, place by place: the row, 64 bits of the id, the kind, the vector, and the words."""

    rows: NDArray[np.uint32]  # rising
    ties: NDArray[np.uint64]
    kinds: NDArray[np.uint8]
    vectors: NDArray[np.float32]  # (places, width), unit length
    postings: Postings


@dataclass(frozen=True, slots=True)
class Segment:
    """A segment as it is on disk."""

    name: str
    rows: NDArray[np.uint32]
    ties: NDArray[np.uint64]
    kinds: NDArray[np.uint8]
    vectors: VectorRows
    postings: Postings

    def part(self, live: Live) -> Part:
        """A copy of what is live."""
        keep = np.arange(len(self.rows)) if live is None else np.flatnonzero(live)
        return Part(
            np.array(self.rows[keep]),
            np.array(self.ties[keep]),
            np.array(self.kinds[keep]),
            self.vectors.take(keep),
            self.postings.kept(live),
        )

    def places(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Where these rows lie; every one must be here."""
        return np.searchsorted(self.rows, rows.astype(np.uint32))


def joined(parts: Sequence[Part]) -> Part:
    """The parts end to end, in order of their rows."""
    if len(parts) == 1:
        return parts[0]
    return Part(
        np.concatenate([part.rows for part in parts]),
        np.concatenate([part.ties for part in parts]),
        np.concatenate([part.kinds for part in parts]),
        np.concatenate([part.vectors for part in parts]),
        merged([part.postings for part in parts], [len(part.rows) for part in parts]),
    )


class BrokenSegmentError(ValueError):
    """What of a segment is not as it was written, in a few words."""


def write_segment(
    root: Path, name: str, part: Part, settings: IndexSettings, lasting: bool
) -> tuple[str, dict[str, Seal]]:
    """Writes the part as the folder `name`, synced to the disk if `lasting`.

    Says how its vectors are laid out, and gives the seals of its files.
    """
    folder = root / name
    folder.mkdir(parents=True)
    layout = write_vectors(folder, part.vectors, settings)
    arrays = {"rows": part.rows, "ties": part.ties, "kinds": part.kinds, **postings_arrays(part.postings)}
    save_file({key: np.ascontiguousarray(array) for key, array in arrays.items()}, folder / ARRAYS)
    if lasting:
        for path in folder.iterdir():
            sync_file(path)
        for written in (folder, root):
            sync_folder(written)
    return layout, {path.name: Seal.of(path) for path in folder.iterdir()}


def open_segment(root: Path, name: str, layout: str, files: Mapping[str, Seal]) -> Segment:
    """The segment `name`; `FileNotFoundError` where it was merged into another meanwhile, else `BrokenSegmentError`."""
    for file, seal in files.items():
        if why := seal.why_broken(root / name / file):
            raise BrokenSegmentError(f"in the segment {name} {why}")
    try:
        arrays = _mapped(root / name / ARRAYS)
        vectors = VectorRows(root / name, layout)
    except (RuntimeError, ValueError, KeyError, TypeError) as error:  # FAISS raises the first, also for no file
        if not (root / name).exists():
            raise FileNotFoundError(f"the segment {name} is gone") from error
        raise BrokenSegmentError(f"the segment {name} cannot be opened ({error})") from error
    postings = Postings(arrays["hashes"], arrays["starts"], arrays["places"], arrays["packed"])
    return Segment(name, arrays["rows"], arrays["ties"], arrays["kinds"], vectors, postings)


def _mapped(path: Path) -> Mapping[str, NDArray[Any]]:
    """The arrays of a safetensors file as views of a map of it; safetensors itself would copy them."""
    with path.open("rb") as file:
        held = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    head = int.from_bytes(held[:8], "little")
    kinds = {"U8": np.uint8, "U32": np.uint32, "U64": np.uint64, "I64": np.int64}
    arrays = {}
    for name, noted in json.loads(held[8 : 8 + head]).items():
        if name != "__metadata__":
            start, end = noted["data_offsets"]
            kind = np.dtype(kinds[noted["dtype"]])
            arrays[name] = np.frombuffer(held, kind, (end - start) // kind.itemsize, 8 + head + start)
    return arrays
