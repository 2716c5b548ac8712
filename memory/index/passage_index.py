"""Passages of any number of documents on disk, found by meaning and by words."""

from __future__ import annotations

import logging
import shutil
import tempfile
import weakref
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, Self
from uuid import uuid4

import numpy as np
from langchain_core.documents import Document
from numpy.typing import ArrayLike, NDArray

from longdoc.arguments import checked
from longdoc.chunkers.section_cutter import SectionCutter
from longdoc.errors import DamagedError, InputError
from longdoc.memory.index.entries import name_of, of_part, of_tree, plain
from longdoc.memory.index.parts import Given, overwritten, place_of, putting, unknown, without
from longdoc.memory.index.ranking import Passes, Ranking, Scored, Wanted, diverse, passes
from longdoc.memory.index.settings import IndexSettings
from longdoc.memory.index.store import Edit, IndexStore, MissingVectorsError, set_aside
from longdoc.memory.index.vectors import unit
from longdoc.memory.index.view import KINDS, View
from longdoc.memory.summaries.tree import SummaryTree
from longdoc.models.encoder.encoder import SentenceEncoder

if TYPE_CHECKING:
    from langchain_core.embeddings import Embeddings

CHUNK_TOKENS = 200  # of the bundled tokenizer: with its headings, what the bundled encoder reads
_log = logging.getLogger(__name__)
_TOGETHER = 16_384  # entries to a change, whole documents: what is in memory, and what a kill costs

Filter = Mapping[str, object] | Callable[[Document], bool] | None


@dataclass(frozen=True, slots=True)
class Match:
    """What a question found: a document with its id, the score that orders it, and its cosine to the question."""

    document: Document
    score: float
    cosine: float


class Cuts(Protocol):
    """What cuts documents into passages: any LangChain splitter, or a chunker's plain half."""

    def transform_documents(self, documents: Sequence[Document], **kwargs: Any) -> Sequence[Document]:
        """The passages, in order."""


@checked
class PassageIndex:
    """A `DocumentIndex` that does not inherit LangChain's `VectorStore`, so that importing it loads less."""

    def __init__(
        self,
        folder: str | Path | None = None,
        embeddings: Embeddings | SentenceEncoder | None = None,
        *,
        chunker: Cuts | None = None,
        settings: IndexSettings | None = None,
        fingerprint: str | None = None,
    ) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="longdoc-index-") if folder is None else folder)
        if folder is None:
            weakref.finalize(self, shutil.rmtree, self.folder, ignore_errors=True)
        self.settings = settings or IndexSettings()
        self.chunker = self._cutter() if chunker is None else chunker
        self._embeddings = self._encoder() if embeddings is None else embeddings
        told = getattr(self._embeddings, "fingerprint", "") if fingerprint is None else fingerprint
        self._fingerprint = told if isinstance(told, str) else ""
        self._store = IndexStore(self.folder, self.settings, lasting=folder is not None)
        self._check_fingerprint()
        given = (self._embeddings, self.chunker, self.settings, fingerprint)
        self._again = None if folder is None else partial(_opened, type(self), self.folder, *given)

    def __reduce__(self) -> tuple[Callable[[], PassageIndex], tuple[()]]:
        if self._again is None:
            raise InputError("an index in a temporary folder ends with this object: give it a folder to pickle it")
        return self._again, ()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} in {str(self.folder)!r}: {len(self)} entries>"

    @staticmethod
    def _cutter() -> Cuts:
        return SectionCutter(CHUNK_TOKENS)

    @staticmethod
    def _encoder() -> Embeddings | SentenceEncoder:
        return SentenceEncoder()

    @classmethod
    def mended(
        cls, folder: str | Path, embeddings: Embeddings | SentenceEncoder | None = None, **settings: Any
    ) -> Self:
        """The index in a folder for a program that can put its documents again: set aside where it is damaged.

        The folder is then FOLDER.damaged, with a word in the log, and the index is empty. Takes what the class takes.
        """
        try:
            return cls(folder, embeddings, **settings)
        except DamagedError:
            aside = set_aside(Path(folder))
            _log.warning("the index in %s is damaged: it is now %s, and a new one is begun", folder, aside.name)
            return cls(folder, embeddings, **settings)

    @property
    def encoder(self) -> Embeddings | SentenceEncoder:
        """What turns texts into vectors."""
        return self._embeddings

    def __len__(self) -> int:
        """Entries: chunks and summaries."""
        with self._store.view() as view:
            return view.snapshot.manifest.entries

    def documents(self) -> dict[str, int]:
        """The ids of the documents, and how many entries each has; a passage that was added alone is one."""
        with self._store.view() as view:
            return dict(view.documents())

    def entries(self, document: str) -> list[Document]:
        """The entries of a document in reading order, its summaries last; none where there is no such document."""
        with self._store.view() as view:
            return [view.record(row).as_document() for row in view.rows_of_document(document) or ()]

    def first(self, document: str) -> Document | None:
        """The first entry of a document, without reading the others; None where there is no such document."""
        with self._store.view() as view:
            rows = view.rows_of_document(document)
            return view.record(rows[0]).as_document() if rows else None

    def put(self, documents: Iterable[Document], trees: Mapping[str, SummaryTree] | None = None) -> list[str]:
        """Adds documents, or makes them what they now are, each as a whole; returns their ids.

        A document is known by its `id`, else its `source`, else a digest of its text and metadata. Documents with one
        source and no id, such as a loader's pages, are its parts: known by the `page`, `row`, `start_index` or like
        place in their metadata, else by their order in the call. A part that is put again replaces what it was; two
        parts or more in one call with the first that is known among them, or one without a place, are the source
        anew, and what else it had goes. `trees` has summary trees by these ids: their nodes are found too (metadata
        `kind` "summary", with `title`, `level` and `spans`). Chunks that did not change keep their ids and vectors.
        Blank chunks are left out. Metadata has to be JSON.
        """
        names: list[str] = []
        seen: Counter[tuple[str, str]] = Counter()
        begun: set[str] = set()
        group: dict[str, Given] = {}
        for document in documents:
            name, place = name_of(document), place_of(document)
            if name not in group and sum(one.count for one in group.values()) >= _TOGETHER:
                self._change(putting(group))
                begun.update(group)
                group = {}
            if name not in group:
                tree = of_tree(name, (trees or {}).get(name), self.settings.headed)
                group[name] = Given({}, name in begun, tree)
            part = place or ""
            if place is not None:
                seen[name, place] += 1
                part = place if seen[name, place] == 1 else f"{place}#{seen[name, place]}"
            chunks = self.chunker.transform_documents([document])
            group[name].parts[part] = of_part(name, part, chunks, self.settings.headed)
            group[name].whole |= not place or document.metadata.get("total_pages") == 1
            names.append(name)
        if group:
            self._change(putting(group))
        return names

    def add_documents(self, documents: list[Document], **kwargs: Any) -> list[str]:
        """Adds passages as they are, or overwrites those with the same ids; returns the ids.

        Ids are those given as `ids`, else the documents' own, else new ones. Other options, such as the `batch_size` of
        LangChain's `index()`, are passed over.
        """
        documents = list(documents)
        given = kwargs.get("ids") or [one.id for one in documents]
        if len(given) != len(documents):
            raise InputError(f"{len(given)} ids for {len(documents)} documents; give one each")
        names = [name or uuid4().hex for name in given]
        for start in range(0, len(names), _TOGETHER):
            part = slice(start, start + _TOGETHER)
            entries = {one.id: one for one in plain(documents[part], names[part])}
            self._change(lambda view, entries=entries: overwritten(view, entries))  # type: ignore[misc]
        return names

    def delete(self, ids: list[str] | None = None, **kwargs: Any) -> bool:
        """Deletes the entries and the whole documents with these ids, all at once; None deletes everything.

        Ids and options that are not known are passed over. Returns True.
        """
        self._change(lambda view: without(view, ids))
        return True

    def get_by_ids(self, ids: Sequence[str], /) -> list[Document]:
        """The entries with these ids, in order; those that are not there are left out."""
        with self._store.view() as view:
            return [view.record(row).as_document() for row in view.rows_of_ids(ids) if row is not None]

    def matches(
        self,
        query: str,
        k: int = 4,
        *,
        filter: Filter = None,
        documents: Collection[str] | None = None,
        kind: str | None = None,
    ) -> list[Match]:
        """The `k` best entries for a question, best first, by the fusion of the settings, each text once.

        `documents` keeps to the documents with these ids, `kind` to "chunk" or "summary". `filter` is values that the
        metadata must have, or a function of a `Document`: every entry that it turns away before `k` are found is read.
        """
        wanted, vector = _wanted(filter, documents, kind), self._query(query)
        with self._store.view() as view:
            found = self._ranking(view, wanted, vector).distinct(query, vector, max(k, 0))
            return [_match(view, one) for one in found]

    def matches_by_vector(
        self,
        embedding: ArrayLike,
        k: int = 4,
        *,
        filter: Filter = None,
        documents: Collection[str] | None = None,
        kind: str | None = None,
    ) -> list[Match]:
        """The `k` entries nearest a vector; the score is the cosine."""
        wanted, vector = _wanted(filter, documents, kind), _vector(embedding)
        with self._store.view() as view:
            found = self._ranking(view, wanted, vector).by_vector(vector, max(k, 0))
            return [_match(view, one) for one in found]

    def diverse_matches(
        self,
        query: str | ArrayLike,
        k: int = 4,
        *,
        fetch_k: int = 20,
        lambda_mult: float = 0.5,
        filter: Filter = None,
        documents: Collection[str] | None = None,
        kind: str | None = None,
    ) -> list[Match]:
        """Of the `fetch_k` best the `k` that say different things: maximal marginal relevance over their vectors.

        `lambda_mult` 1 asks for nearness alone, 0 for difference alone. A query that is a vector is compared with
        vectors only.
        """
        text = query if isinstance(query, str) else None
        vector = self._query(text) if text is not None else _vector(query)
        wanted, fetched = _wanted(filter, documents, kind), max(k, fetch_k, 0)
        with self._store.view() as view:
            ranking = self._ranking(view, wanted, vector)
            found = ranking.by_vector(vector, fetched) if text is None else ranking.distinct(text, vector, fetched)
            rows = [one.row for one in found]
            vectors = view.snapshot.vectors(rows)
            chosen = diverse(vector, np.array([vectors[row] for row in rows]), k, lambda_mult) if rows else []
            return [_match(view, found[at]) for at in chosen]

    def _ranking(self, view: View, wanted: Wanted, query: NDArray[np.float32]) -> Ranking:
        width = view.snapshot.manifest.width
        if width and len(query) != width:
            raise InputError(
                f"a query of {len(query)} numbers for vectors of {width}: give the embeddings it was built with"
            )
        return Ranking(view, self.settings, wanted)

    def _change(self, edit: Edit) -> None:
        """Embeds what the change needs, outside the transaction; again where others deleted what it leant on."""
        vectors: dict[str, NDArray[np.float32]] = {}
        missing: Sequence[str] = ()
        while True:
            with self._store.view() as view:
                texts = unknown(view, edit(view), vectors, missing)
            if texts:
                vectors.update(zip(texts, unit(self._encoded(list(texts.values()))), strict=True))
            try:
                self._store.change(edit, vectors, self._fingerprint)
            except MissingVectorsError as error:
                missing = error.digests
            else:
                return

    def _encoded(self, texts: list[str]) -> NDArray[np.float32]:  # (texts, width)
        found = self._embeddings
        encode = found.encode if isinstance(found, SentenceEncoder) else getattr(found, "encode", found.embed_documents)
        vectors = np.asarray(encode(texts), np.float32)
        if vectors.ndim != 2 or len(vectors) != len(texts):
            raise InputError(
                f"the embeddings gave an array of {vectors.shape} for {len(texts)} texts; give one row a text"
            )
        return vectors

    def _query(self, text: str) -> NDArray[np.float32]:
        given = self._embeddings
        return _vector(given.encode([text])[0] if isinstance(given, SentenceEncoder) else given.embed_query(text))

    def _check_fingerprint(self) -> None:
        with self._store.view() as view:
            built = view.snapshot.manifest.fingerprint
        if built and self._fingerprint and built != self._fingerprint:
            raise InputError(
                f"the index in {self.folder} was built with the embeddings {built!r}, not {self._fingerprint!r}: give "
                "those, or another folder"
            )


def _opened(
    kind: type[PassageIndex],
    folder: Path,
    embeddings: Embeddings | SentenceEncoder,
    chunker: Cuts,
    settings: IndexSettings,
    fingerprint: str | None,
) -> PassageIndex:
    return kind(folder, embeddings, chunker=chunker, settings=settings, fingerprint=fingerprint)


def _wanted(filter: Filter, documents: Collection[str] | None, kind: str | None) -> Wanted:
    if kind is not None and kind not in KINDS:
        raise InputError(f"kind is {kind!r}; give one of {', '.join(KINDS)}, or None for both")
    test: Passes | None = None
    if callable(filter):
        asked = filter
        test = lambda record: asked(record.as_document())  # noqa: E731
    elif filter:
        test = passes(filter)
    return Wanted(kind, documents, test)


def _match(view: View, scored: Scored) -> Match:
    return Match(view.record(scored.row).as_document(), scored.score, scored.cosine)


def _vector(numbers: ArrayLike) -> NDArray[np.float32]:
    found: NDArray[np.float32] = unit(np.asarray(numbers, np.float32)[None])[0]
    return found
