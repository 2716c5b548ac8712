"""What is made of a document, and the document it is made of: plain values that go to another process."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from functools import cached_property
from hashlib import blake2b
from typing import Any, Literal, get_args
from urllib.parse import parse_qs, urlsplit

from longdoc.errors import InputError, UnknownNameError
from longdoc.memory.cache.keys import code_digest

ResultFormat = Literal["json", "markdown", "html"]
SUFFIXES: dict[ResultFormat, str] = {"json": ".json", "markdown": ".md", "html": ".html"}
_CODE = ("longdoc.pipelines.corpora.kept", "longdoc.pipelines.render")  # which makes what is kept of a document


@dataclass(frozen=True)
class Recipe:
    """What is made of each document of a corpus: the settings of its summary, and where results and index are.

    The settings are those of `summarize`, the model by name. `out` is the folder of the corpus, `index` that of a
    `DocumentIndex` that each document is put in, or the `postgresql://` address of a `SharedIndex`, "" for none. A chat
    model's replies are kept in `cache`, a `redis://` address, "" for the folder. Addresses have no passwords, which
    PGPASSWORD and REDISCLI_AUTH have. `overall_tokens` bounds the summary of each folder and of
    the whole, whose documents are put together by `group`: their folders, or what their summaries say; 0 makes none.
    `device` is where the encoder computes, in words of torch ("cuda").
    """

    out: str
    format: ResultFormat = "json"
    index: str = ""
    max_tokens: int = 300
    query: str | None = None
    model: str = "extractive"
    tokenizer: str | None = None
    chunk_tokens: int | None = None
    context_tokens: int = 8192
    style: Literal["digest", "sentences"] = "digest"
    overall_tokens: int = 400
    cache: str = ""
    group: Literal["folder", "likeness"] = "folder"
    device: str = "cpu"

    def __post_init__(self) -> None:
        if self.format not in get_args(ResultFormat):
            raise UnknownNameError(f"format {self.format!r} is not known; give json, markdown or html")
        if not isinstance(self.model, str):
            raise InputError(f"the model is {self.model!r}; give it by its name, so that other processes can load it")
        if self.group not in ("folder", "likeness"):
            raise UnknownNameError(f"group {self.group!r} is not known; give folder or likeness")
        for address, variable in ((self.index, "PGPASSWORD"), (self.cache, "REDISCLI_AUTH")):
            parts = urlsplit(address)
            if "://" in address and (parts.password or "password" in parse_qs(parts.query)):
                raise InputError(f"the address has a password, which would be kept; put it in {variable} instead")
        if "://" in self.index and not self.index.startswith("postgresql://"):
            raise InputError(f"index is {self.index!r}; give a folder or an address such as postgresql://host/database")
        if self.cache and not self.cache.startswith(("redis://", "rediss://", "unix://")):
            raise InputError(f"cache is {self.cache!r}; give an address of Redis such as redis://host:6379/0")
        if self.max_tokens < 1 or self.overall_tokens < 0:
            raise InputError(
                f"max_tokens is {self.max_tokens} and overall_tokens {self.overall_tokens}; give 1 or more"
            )

    @property
    def far(self) -> bool:
        """Whether what documents are put in, and what replies are kept in, can be reached from other machines."""
        return (not self.index or "://" in self.index) and (bool(self.cache) or self.chooses)

    @property
    def chooses(self) -> bool:
        """Whether sentences are chosen, and no model writes any."""
        return self.model.startswith("extractive")

    @property
    def suffix(self) -> str:
        """The suffix of a result's name."""
        return SUFFIXES[self.format]

    @cached_property
    def fingerprint(self) -> str:
        """Changes whenever the summary of the same bytes may: the settings, the encoder, the code of summaries."""
        from longdoc.models.encoder.embedder import Embedder
        from longdoc.pipelines.summarize.rests_on import summary_code

        made_by = [code_digest(*_CODE), summary_code(), Embedder(device=self.device).fingerprint]
        apart = ("out", "format", "index", "overall_tokens", "cache", "group")
        settings = {name: value for name, value in asdict(self).items() if name not in apart}
        return digest_of(json.dumps([made_by, settings], sort_keys=True).encode())

    def key(self, digest: str, suffix: str) -> str:
        """What a document's summary is kept under: whatever its name, for these bytes and this suffix."""
        return digest_of(json.dumps([self.fingerprint, digest, suffix.lower()]).encode())

    def json(self) -> dict[str, Any]:
        """The recipe as a JSON object."""
        return asdict(self)


TaskKind = Literal["make", "plan", "node", "forget", "embed"]


@dataclass(frozen=True, slots=True)
class Task:
    """A piece of work: a document to make, to plan or to embed a `share` of, a node, or an index entry to forget.

    The document is the file at `path`, or, where `length` is over 0, the row of JSON that stands there from `offset`
    on. `digest` is that of its `size` bytes. `children` are a node's: the keys and names of documents, "" the name of a
    node. `share` (i, n) is every n-th piece from the i-th on.
    """

    kind: TaskKind
    name: str
    path: str = ""
    offset: int = 0
    length: int = 0
    digest: str = ""
    key: str = ""
    result: str = ""
    size: int = 0
    children: tuple[tuple[str, str], ...] = ()
    share: tuple[int, int] = (0, 1)


def digest_of(data: bytes) -> str:
    """The name of some bytes."""
    return blake2b(data, digest_size=16).hexdigest()
