"""The arrays of a safetensors file as numpy has them, none copied."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
from numpy.typing import NDArray

from longdoc.errors import UnavailableError

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
