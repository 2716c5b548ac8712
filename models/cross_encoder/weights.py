"""The weights of the reader that come with longdoc: linear layers in 8 bits, a scale for each row."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from longdoc.errors import UnavailableError

if TYPE_CHECKING:
    from torch import Tensor, nn

    from longdoc.models.tensors import Arrays

FILE = "reader.safetensors"
DIGEST = "c61263dcc6e8887a4a2aceed68913579487d281681e8d64647e5036e512cfa9e"
_SCALE = ".scale"


def read_file(path: Path, digest: str = DIGEST) -> bytes:
    """The bytes of the file. Raises `UnavailableError` where it is missing or not the one that was tested."""
    remedy = "reinstall longdoc with: pip install --force-reinstall longdoc"
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UnavailableError(f"the reader's weights {str(path)!r} cannot be read; {remedy}") from error
    if sha256(data).hexdigest() != digest:
        raise UnavailableError(f"the reader's weights {str(path)!r} are damaged or of another release; {remedy}")
    return data


def widened(arrays: Arrays) -> Arrays:
    """The state of a network as `packed` made it, in 32 bits."""
    return {
        name: one * arrays[name + _SCALE] if name + _SCALE in arrays else one
        for name, one in arrays.items()
        if not name.endswith(_SCALE)
    }


def packed(model: nn.Module) -> dict[str, Tensor]:
    """The state of a network, the weights of its linear layers in 8 bits with a scale for each row, the rest in 32."""
    import torch
    from torch import nn

    linear = {f"{name}.weight" for name, module in model.named_modules() if isinstance(module, nn.Linear)}
    found = {}
    for name, one in model.state_dict().items():
        if name in linear:
            scale = one.abs().amax(dim=1, keepdim=True).clamp(min=1e-12) / 127
            found[name] = (one / scale).round().to(torch.int8)
            found[name + _SCALE] = scale
        else:
            found[name] = one.clone()
    return found


def unpacked(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """The same as `widened`, of tensors."""
    import torch

    state = widened({name: one.numpy() for name, one in tensors.items()})
    return {name: torch.from_numpy(one) for name, one in state.items()}
