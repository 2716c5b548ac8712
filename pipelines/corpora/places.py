"""Where the files of a corpus are, and how a result is named after its document."""

from __future__ import annotations

import re
from hashlib import blake2b
from pathlib import Path
from unicodedata import normalize

_UNSAFE = re.compile(r"[^a-z0-9.]+")
_LONGEST = 60  # characters of a document's name in its result's


def result_name(name: str, suffix: str) -> str:
    """The name of a document's result: its own in letters that any disk takes, a digest of it, and the suffix.

    The same for the same name ever after; distinct for distinct names, whatever the case or the script.
    """
    plain = normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    said = _UNSAFE.sub("-", plain).strip("-.")[-_LONGEST:].strip("-.")
    return f"{said or 'document'}-{blake2b(name.encode('utf-8', 'surrogatepass'), digest_size=6).hexdigest()}{suffix}"


def kept_at(out: Path, key: str) -> Path:
    """Where the summary of a document's bytes is kept."""
    return out / "kept" / key[:2] / f"{key}.json"


def parts_at(out: Path, key: str) -> Path:
    """The folder of what several workers embed of a document."""
    return out / "parts" / key


def node_at(out: Path, key: str) -> Path:
    """Where the summary of a folder, or of some of its documents, is kept."""
    return out / "nodes" / f"{key}.json"
