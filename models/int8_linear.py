"""A linear layer with its weights in 8 bits."""

from __future__ import annotations

import torch
import torch.nn.functional as F  # noqa: N812 - the name that every PyTorch reader knows
from torch import Tensor, nn

_FEW = 12  # rows, measured: from here on the 8-bit kernel takes longer than to widen the codes first
_STRIDE = 64  # torch's kernel reads past the end of rows, unchecked, that are not whole vectors: 16 with AVX-512


class Int8Linear(nn.Module):
    """A linear layer with `codes` (out, in) in 8 bits, each row to be multiplied by its `scale` (out).

    Every weight is within half a step of what it was, a step being the largest of its row over 127. It computes in
    the type of its input; it cannot be trained.
    """

    codes: Tensor
    scale: Tensor
    bias: Tensor | None

    def __init__(self, weight: Tensor, bias: Tensor | None = None) -> None:
        super().__init__()
        self.out_features, self.in_features = weight.shape
        wide = weight.detach().float()
        scale = (wide.abs().amax(dim=1) / 127).clamp_min(torch.finfo(torch.float32).tiny).bfloat16()
        codes = (wide / scale.float()[:, None]).round_().clamp_(-127, 127)
        self.register_buffer("codes", codes.to(torch.int8).contiguous())  # the kernel asks for it
        self.register_buffer("scale", scale)
        self.register_buffer("bias", None if bias is None else bias.detach().bfloat16())

    def forward(self, x: Tensor) -> Tensor:  # (..., in) -> (..., out)
        """The layer's output in the type of `x`. bfloat16 on a processor has a kernel for few rows."""
        rows = x.reshape(-1, self.in_features)
        y = self._packed(rows) if self._has_kernel(rows) else self._widened(rows)
        return y.view(*x.shape[:-1], self.out_features)

    def _has_kernel(self, rows: Tensor) -> bool:
        fits = self.in_features % _STRIDE == 0 and rows.dtype == torch.bfloat16 and rows.device.type == "cpu"
        return fits and len(rows) < _FEW and not rows.requires_grad

    def _packed(self, rows: Tensor) -> Tensor:
        """A quarter of float32's bytes read from memory, which is what a product with few rows waits for."""
        y = torch._weight_int8pack_mm(rows.contiguous(), self.codes, self.scale)
        return y if self.bias is None else y.add_(self.bias)

    def _widened(self, rows: Tensor) -> Tensor:
        """The scale goes to weights or to outputs, whichever are fewer."""
        scale, bias = self.scale.to(rows.dtype), None if self.bias is None else self.bias.to(rows.dtype)
        weight = self.codes.to(rows.dtype)
        if len(rows) > self.in_features:
            return F.linear(rows, weight.mul_(scale[:, None]), bias)
        y = F.linear(rows, weight) * scale
        return y if bias is None else y.add_(bias)

    def extra_repr(self) -> str:
        """As `nn.Linear` shows itself."""
        return f"in_features={self.in_features}, out_features={self.out_features}, bias={self.bias is not None}"
