"""Safetensors files: read as numpy arrays without a copy, and written whole."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from longdoc.errors import UnavailableError

if TYPE_CHECKING:
    from torch import Tensor

Arrays = dict[str, NDArray[Any]]
_TYPES: dict[str, np.dtype[Any]] = {"F32": np.dtype("<f4"), "I8": np.dtype("i1"), "I64": np.dtype("<i8")}


def arrays_of(data: bytes | memoryview) -> tuple[Arrays, dict[str, str]]:
    """The arrays by name, which show the bytes of `data`, and what the file says of itself.

    Raises `UnavailableError` where it holds other than 32-bit floats and whole numbers, or is no such file.
    """
    try:
        start = 8 + int.from_bytes(data[:8], "little")
        header = json.loads(bytes(data[8:start]))
        said: dict[str, str] = header.pop("__metadata__", {})
        arrays = {name: _array(data, start, told) for name, told in header.items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UnavailableError(f"a file of weights cannot be read ({error!r}): reinstall or train it") from error
    return arrays, said


def _array(data: bytes | memoryview, start: int, told: dict[str, Any]) -> NDArray[Any]:
    begin, end = told["data_offsets"]
    return np.frombuffer(data, np.uint8, end - begin, start + begin).view(_TYPES[told["dtype"]]).reshape(told["shape"])


def write_tensors(path: Path, tensors: Mapping[str, Tensor], state: Mapping[str, object]) -> None:
    """Writes a safetensors file with `state` as its metadata beside `path`, and moves it there once it is on disk."""
    from safetensors.torch import save_file

    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, suffix=".part", delete=False) as part:
        pass
    try:
        held = {name: one.detach().cpu().contiguous() for name, one in tensors.items()}
        save_file(held, part.name, metadata={"state": json.dumps(state)})
        with open(part.name, "r+b") as file:
            os.fsync(file.fileno())
        os.replace(part.name, path)
    finally:
        Path(part.name).unlink(missing_ok=True)
