"""An index and digests of the documents of a folder that are as a fresh index would be, whatever happened meanwhile."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from hashlib import blake2b
from pathlib import Path
from typing import Literal, Self

from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings

from longdoc.chunkers.readers.base import Ocr
from longdoc.chunkers.readers.registry import read
from longdoc.errors import BusyError, InputError, LongdocError
from longdoc.memory.cache.encoding_cache import EncodingCache
from longdoc.memory.cache.keys import code_digest
from longdoc.memory.disk import claimed, write_whole
from longdoc.memory.index.document_index import DocumentIndex
from longdoc.memory.summaries.tree import SummaryTree
from longdoc.models.encoder.embedder import Embedder
from longdoc.pipelines.living.noted import Noted, Notes
from longdoc.pipelines.living.scan import Stat, changes, scan
from longdoc.pipelines.render.render import render
from longdoc.pipelines.summarize.rests_on import summary_code
from longdoc.pipelines.summarize.summarize import summarize

_log = logging.getLogger(__name__)
_CODE = ("longdoc.chunkers", "longdoc.memory.index")  # which makes what an index has of a file
_TOGETHER = 64  # documents to a change of the index, and what a kill costs
_FEW = 4  # documents that are counted alone, and not by a list of all
_UNSURE_NS = 2_000_000_000  # a file that changed so shortly before it was read is read again at the next look
Kind = Literal["added", "changed", "renamed", "removed", "left out"]


@dataclass(frozen=True, slots=True)
class Change:
    """A change of a file: `name` is its path from the folder, `about` its older name or why it is left out."""

    kind: Kind
    name: str
    about: str = ""


class LivingFolder:
    """The documents below `root`, in an index in `out`, each with its digest; `catch_up` makes both what the files are.

    A document's id and `source` is its path from `root`. What is kept equals what a fresh index of the folder would be,
    after any changes and a kill at any instant: the index is asked what it holds, and notes of the files' times only
    save reading. One process at a time may write, and raises `InputError` where another does; readers open `index`
    whenever they like and see one moment of it. With `digests` each document has a digest of `max_tokens` tokens, whose
    parts the index finds too.
    """

    def __init__(
        self,
        root: str | Path,
        out: str | Path,
        *,
        embeddings: Embeddings | None = None,
        digests: bool = True,
        max_tokens: int = 300,
        ocr: Ocr = "auto",
    ) -> None:
        self.root, self.out = Path(root), Path(out)
        if not self.root.is_dir():
            raise InputError(f"{str(self.root)!r} is no folder; give one that is there")
        apart(self.root.resolve(), self.out.resolve())
        self.digests, self.max_tokens, self.ocr = digests, max_tokens, ocr
        self.out.mkdir(parents=True, exist_ok=True)
        kept = BusyError(f"another process keeps {str(self.out)!r} up to date; end it, or only read the index")
        self._claim = claimed(self.out, kept)
        encoder = embeddings or Embedder()
        self.index = DocumentIndex.mended(self.out / "index", encoder)
        self._cache = EncodingCache(self.out / "cache") if digests else None
        self._kept = self.out / "digests"
        self._kept.mkdir(exist_ok=True)
        code = (code_digest(*_CODE), summary_code() if digests else "")
        version = repr((code, getattr(encoder, "fingerprint", ""), digests and max_tokens, ocr))
        self._notes = Notes(self.out / "noted.json", version)
        self._version = version
        self._in_hand: dict[str, Document] = {}  # read just now

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Lets another process write."""
        if self._cache is not None:
            self._cache.close()
        self._claim.release()

    def catch_up(
        self, touched: Collection[str] = (), on_change: Callable[[Change], object] = lambda _: None
    ) -> list[Change]:
        """Brings index and digests up to date with the files; returns what changed.

        Files whose time, size and inode are those of before are not read, but for those `touched`; where there are
        any, the notes are believed as to what the index holds, else it is asked. `on_change` is told of each change
        when it is in the index.
        """
        found = scan(self.root)
        held = self._notes.entries() if touched else self.index.documents()
        doubtful = [name for name, stat in found.items() if name in touched or self._is_doubtful(name, stat, held)]
        told: list[Change] = []
        before = {name: noted for name in self._notes.names() if (noted := self._notes.get(name)) is not None}
        for at in range(0, len(doubtful), _TOGETHER):
            self._in_hand.clear()
            told += self._put(doubtful[at : at + _TOGETHER], found)
            self._notes.save()
        gone = [name for name in dict.fromkeys([*held, *self._notes.names()]) if name not in found]
        told = list(_with_renames(told, gone, before, self._notes))
        self._forget([*gone, *(name for name in self._notes.names() if self._is_left_out(name))], held)
        for name in gone:
            self._notes.drop(name)
        if gone:
            self._notes.save()
        for one in told:
            on_change(one)
        self._digest()
        self._in_hand.clear()
        return told

    def document(self, name: str) -> Document:
        """The document in a file of the folder, as it is now. Raises `InputError`."""
        if not name.isascii() and name != name.encode("utf-8", "replace").decode():
            raise InputError(f"{name!r} is no Unicode name; rename the file")
        return _named(read(self.root / name, self.ocr), name)

    def as_kept(self, name: str) -> Document | None:
        """The document as the index has it; None where its file is another by now, or gone."""
        try:
            document = self._in_hand.get(name) or self.document(name)
        except (LongdocError, OSError):
            return None
        noted, digest = self._notes.get(name), _digest_of(self._version, document)
        return _marked(document, digest) if noted is not None and noted.digest == digest else None

    def names(self) -> list[str]:
        """The documents that are kept, in order."""
        return [name for name in sorted(self._notes.names()) if not self._is_left_out(name)]

    def left_out(self) -> dict[str, str]:
        """The files that are no documents, and why."""
        noted = ((name, self._notes.get(name)) for name in sorted(self._notes.names()))
        return {name: one.left_out for name, one in noted if one is not None and one.left_out}

    def digest(self, name: str) -> str | None:
        """The JSON of a document's digest, as `render` writes it; None where there is none."""
        try:
            return self._digest_path(name).read_text(encoding="utf-8")
        except FileNotFoundError:
            return None

    def _is_doubtful(self, name: str, stat: Stat, held: dict[str, int]) -> bool:
        noted = self._notes.get(name)
        return noted is None or noted.stat != stat or not noted.settled or held.get(name, 0) != noted.entries

    def _is_left_out(self, name: str) -> bool:
        noted = self._notes.get(name)
        return noted is not None and bool(noted.left_out)

    def _put(self, names: Sequence[str], found: dict[str, Stat]) -> list[Change]:
        """Reads the files, and puts those into the index that are not there as they are."""
        fresh: list[Document] = []
        told: list[Change] = []
        read_now: dict[str, Noted] = {}
        for name in names:
            before = self._notes.get(name)
            try:
                document = self._in_hand[name] = self.document(name)
            except (LongdocError, OSError) as error:
                if not (self.root / name).exists():
                    found.pop(name)  # since it was listed
                    continue
                noted = Noted(found[name], left_out=_why(error, self.root / name), settled=_settled(found[name]))
            else:
                noted = self._as_read(name, found[name], document, before)
                first = self.index.first(name)
                if first is None or first.metadata.get("digest") != noted.digest:
                    fresh.append(_marked(document, noted.digest))
                    noted = replace(noted, entries=0, told=False)
            if noted.left_out and (before is None or before.left_out != noted.left_out):
                told.append(Change("left out", name, noted.left_out))
            elif not noted.left_out and (before is None or before.digest != noted.digest):
                told.append(Change("changed" if before and before.digest else "added", name))
            read_now[name] = noted
        self.index.put(fresh)
        for name, noted in read_now.items():  # not before: a file that could not be put is read again
            self._notes.set(name, noted)
        self._count([name for name in names if name in found and not self._is_left_out(name)])
        return told

    def _as_read(self, name: str, stat: Stat, document: Document, before: Noted | None) -> Noted:
        """What to note of a file that was read: one that changed while it was read is not settled."""
        digest = _digest_of(self._version, document)
        same = before is not None and before.digest == digest
        entries, made = (before.entries, before.told) if before is not None and same else (0, False)
        with suppress(OSError):
            after = Stat.of(self.root / name)
            return Noted(stat, digest, entries, settled=after == stat and _settled(stat), told=made)
        return Noted(stat, digest, entries, told=made)

    def _count(self, names: Collection[str]) -> None:
        """Notes how many entries the index has of these documents."""
        few = len(names) <= _FEW
        held = {name: len(self.index.entries(name)) for name in names} if few else self.index.documents()
        for name in names:
            self._notes.update(name, entries=held.get(name, 0))

    def _forget(self, names: Sequence[str], held: Mapping[str, int]) -> None:
        """Takes documents out of the index, and their digests from the disk."""
        for name in names:
            self._digest_path(name).unlink(missing_ok=True)
        if gone := [name for name in names if name in held]:
            self.index.delete(gone)

    def _digest(self) -> None:
        """Makes the digests that are missing."""
        missing = [] if self._cache is None else [name for name in self.names() if not self._has_digest(name)]
        for at in range(0, len(missing), _TOGETHER):
            trees, documents = dict[str, SummaryTree](), list[Document]()
            for name in missing[at : at + _TOGETHER]:
                document = self.as_kept(name)
                if document is None:
                    continue  # the next look has it
                try:
                    trees[name] = summarize(document, max_tokens=self.max_tokens, cache=self._cache)
                except LongdocError as error:
                    _log.warning("%s has no digest: %s", name, error)
                    continue
                documents.append(document)
            self.index.put(documents, trees)
            self._count(list(trees))
            for name, tree in trees.items():
                run = None if tree.run is None else replace(tree.run, seconds=None, reused=0)  # the same at any time
                write_whole(self._digest_path(name), render(replace(tree, run=run), "json").encode())
                self._notes.update(name, told=True)
            self._notes.save()

    def _has_digest(self, name: str) -> bool:
        noted = self._notes.get(name)
        return noted is not None and noted.told and self._digest_path(name).exists()

    def _digest_path(self, name: str) -> Path:
        return self._kept / f"{blake2b(name.encode('utf-8', 'surrogatepass'), digest_size=16).hexdigest()}.json"


def follow(
    folder: LivingFolder, on_change: Callable[[Change], object] = lambda _: None, stop: threading.Event | None = None
) -> None:
    """Keeps a folder up to date until `stop` is set. Raises `InputError` where the folder itself is removed."""
    folder.catch_up((), on_change)
    for touched in changes(folder.root, stop):
        folder.catch_up(touched, on_change)


def default_folder(root: Path) -> Path:
    """Where what is kept of a watched folder lies by default: the user's data folder."""
    from platformdirs import user_data_path

    named = blake2b(str(root.resolve()).encode("utf-8", "surrogatepass"), digest_size=10).hexdigest()
    return user_data_path("longdoc", appauthor=False) / "watched" / named


def _with_renames(
    told: Sequence[Change], gone: Sequence[str], before: dict[str, Noted], notes: Notes
) -> Iterator[Change]:
    """The changes, one that has the text of a file that is gone being its new name."""
    left = {before[name].digest: name for name in gone if name in before and before[name].digest}
    moved: set[str] = set()
    for one in told:
        noted = notes.get(one.name)
        old = left.get(noted.digest) if noted is not None and one.kind == "added" else None
        if old is None or old in moved:
            yield one
        else:
            moved.add(old)
            yield Change("renamed", one.name, old)
    for name in gone:
        if name not in moved and (name not in before or not before[name].left_out):
            yield Change("removed", name)


def _named(document: Document, name: str) -> Document:
    return document.model_copy(update={"id": name, "metadata": {**document.metadata, "source": name}})


def _marked(document: Document, digest: str) -> Document:
    return document.model_copy(update={"metadata": {**document.metadata, "digest": digest}})


def _digest_of(version: str, document: Document) -> str:
    """A digest of all that the index has of a document but its name."""
    told = document.metadata
    known = repr([version, {name: told[name] for name in sorted(told) if name != "source"}])
    text = f"{known}\0{document.page_content}"
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def _settled(stat: Stat) -> bool:
    return time.time_ns() - stat.changed > _UNSURE_NS


def _why(error: Exception, path: Path) -> str:
    return str(error).removeprefix(f"{str(path)!r} ").partition(";")[0]


def apart(root: Path, out: Path) -> None:
    """Raises `InputError` where what is kept would be seen as documents."""
    if out.is_relative_to(root) and not any(part.startswith(".") for part in out.relative_to(root).parts):
        raise InputError(f"{str(out)!r} lies in the folder that is watched; give one outside, or a hidden one")
