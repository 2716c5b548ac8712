"""An index in Postgres with pgvector, through LangChain's `PGVectorStore`: any number of processes write it and ask it.

index = SharedIndex("postgresql://user@host/db")
index.put([Document(text, metadata={"source": "harbour.md"})])
DocumentChat(index.store).ask("When does the gate open?")
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from importlib import import_module
from typing import Any, Self

from langchain_core.documents import Document
from langchain_core.vectorstores import VectorStore

from longdoc.arguments import checked
from longdoc.chunkers.section import SectionChunker
from longdoc.errors import CacheError, InputError, MissingExtraError
from longdoc.memory.index.document_index import CHUNK_TOKENS
from longdoc.memory.index.entries import Entry, name_of, of_part
from longdoc.memory.shared.ranked import BESIDE, RankedRetriever
from longdoc.models.encoder.embedder import Embedder
from longdoc.models.encoder.encoder import WIDTH

_ID = "id"
_DOCUMENT = "document"
_SEARCHED = 200  # passages that a graph is searched for, as many as are put in order
_LOCK = 0x6C6F6E67646F63  # of whoever makes the table


@checked
class SharedIndex:
    """Documents in a table of a Postgres database, cut and embedded as `DocumentIndex` does it.

    `url` is `postgresql://…`, its password better in PGPASSWORD or ~/.pgpass. `store` is LangChain's vector store over
    the table, for a `DocumentChat` or a retriever. A context manager that ends its connections. Raises
    `MissingExtraError`, and `CacheError` where the server fails, at any time.
    """

    def __init__(self, url: str, table: str = "longdoc", embeddings: Embedder | None = None) -> None:
        try:
            postgres, self._driver = import_module("langchain_postgres"), import_module("psycopg")
            self._failed = (self._driver.Error, import_module("sqlalchemy.exc").SQLAlchemyError)
            indexes = import_module("langchain_postgres.v2.indexes")
        except ImportError as error:
            raise MissingExtraError("an index in Postgres", "pgvector") from error
        self._url = url.replace("+psycopg", "", 1)
        self._encoder = embeddings or Embedder()
        self._chunker = SectionChunker(CHUNK_TOKENS)
        self._graph: Any = indexes.HNSWIndex()
        address = self._url.replace("postgresql:", "postgresql+psycopg:", 1)
        engine = self._engine = postgres.PGEngine.from_connection_string(address, pool_pre_ping=True)
        with self._served():
            self._make_table(postgres.Column, table)
            self.store: VectorStore = postgres.PGVectorStore.create_sync(
                engine,
                self._encoder,
                table,
                id_column=_ID,
                metadata_columns=[_DOCUMENT],
                index_query_options=indexes.HNSWQueryOptions(ef_search=_SEARCHED),
            )

    def put(self, documents: Iterable[Document], trees: Mapping[str, object] | None = None) -> list[str]:
        """Cuts and embeds documents, each in the place of what it was before; gives their names.

        Readers find a passage of the old or of the new at any time. `trees` are passed over: here are passages only.
        Raises `InputError` for a document that Postgres refuses.
        """
        with self._served():
            return [self._put(one) for one in documents]

    def delete(self, names: Sequence[str]) -> None:
        """Forgets documents by their names."""
        if names:
            with self._served():
                self._store.delete(filter={_DOCUMENT: {"$in": list(names)}})

    def retriever(self, k: int = 10) -> RankedRetriever:
        """The best `k` passages for a question, by meaning, words and surroundings."""
        return RankedRetriever(store=self.store, k=k)

    def build_graph(self) -> None:
        """Has vectors compared along a graph (HNSW) from now on: for 100,000 passages or more, once they are in."""
        with self._served():
            self._store.apply_vector_index(self._graph)

    def close(self) -> None:
        """Ends the connections; inside a running event loop too, which waits for it."""
        with ThreadPoolExecutor(1) as thread:
            thread.submit(asyncio.run, self._engine.close()).result()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *ended: object) -> None:
        self.close()

    @property
    def _store(self) -> Any:
        return self.store

    def _put(self, document: Document) -> str:
        name = name_of(document)
        entries = of_part(name, "", self._chunker.transform_documents([document]), headed=True)
        if entries:
            self._add(name, entries)
        gone: dict[str, Any] = {_DOCUMENT: name}
        if entries:
            gone = {"$and": [gone, {_ID: {"$nin": [one.id for one in entries]}}]}
        self._store.delete(filter=gone)
        return name

    def _add(self, name: str, entries: Sequence[Entry]) -> None:
        self._store.add_embeddings(
            [one.text for one in entries],
            self._encoder.encode([one.read for one in entries]).tolist(),
            [
                {**one.metadata, _DOCUMENT: name, BESIDE: [near.id for near in beside]}
                for one, beside in zip(entries, _beside(entries), strict=True)
            ],
            [one.id for one in entries],
        )

    def _make_table(self, column: Any, table: str) -> None:
        """Makes the table where it is not there, one process at a time."""
        with self._driver.connect(self._url, autocommit=True) as connection:
            connection.execute("SELECT pg_advisory_lock(%s)", [_LOCK])
            if connection.execute("SELECT to_regclass(quote_ident(%s))", [table]).fetchone()[0] is None:
                columns = [column(_DOCUMENT, "TEXT", nullable=False)]
                self._engine.init_vectorstore_table(
                    table, WIDTH, id_column=column(_ID, "TEXT", nullable=False), metadata_columns=columns
                )
                named = self._driver.sql.Identifier(table)
                connection.execute(self._driver.sql.SQL("CREATE INDEX ON {} (document)").format(named))

    @contextmanager
    def _served(self) -> Iterator[None]:
        """Raises `CacheError` for what the server fails in, `InputError` for what it refuses of a document."""
        try:
            yield
        except self._failed as error:
            own = getattr(error, "orig", None) or error
            said = " ".join(str(own).split()) or type(own).__name__
            if isinstance(own, self._driver.DataError):
                raise InputError(f"Postgres refuses the document ({said:.200}); write it anew without that") from error
            raise CacheError(
                f"the Postgres server does not serve the index ({said:.200}); see that it runs and that its URL is "
                "right, and start this again"
            ) from error


def _beside(entries: Sequence[Entry]) -> list[list[Entry]]:
    """Of each entry the one before and the one after."""
    return [[*entries[max(at - 1, 0) : at], *entries[at + 1 : at + 2]] for at in range(len(entries))]
