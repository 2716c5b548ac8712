"""A document made: read, cut, summarized, written and indexed, in whatever process this runs."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Callable
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from shutil import rmtree
from typing import TYPE_CHECKING, Any, cast

from langchain_core.documents import Document

from longdoc.chunkers.readers.pages import SourcePages
from longdoc.chunkers.readers.registry import read_bytes
from longdoc.errors import (
    BudgetError,
    BusyModelError,
    CacheError,
    InputError,
    MissingExtraError,
    StageError,
    UnavailableError,
    UnknownNameError,
)
from longdoc.memory.cache.errors import FULL
from longdoc.memory.disk import write_whole
from longdoc.memory.summaries.tree import Run, SummaryTree
from longdoc.memory.summaries.tree_json import tree_to_json
from longdoc.pipelines.calls.outage import outage_of
from longdoc.pipelines.corpora.kept import NAMELESS, kept_tree, named
from longdoc.pipelines.corpora.node import made_node
from longdoc.pipelines.corpora.places import kept_at, parts_at
from longdoc.pipelines.corpora.recipe import Recipe, Task, digest_of
from longdoc.pipelines.corpora.spread import Pieces
from longdoc.pipelines.corpora.whole import likeness_of
from longdoc.pipelines.render.render import render
from longdoc.pipelines.summarize.extractive_tree import Extract
from longdoc.pipelines.summarize.summarize import Settings, Summarizing
from longdoc.pipelines.summarizers.registry import loaded_model

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from longdoc.memory.cache.encoding_cache import EncodingCache
    from longdoc.memory.index.document_index import DocumentIndex
    from longdoc.memory.shared.postgres import SharedIndex
    from longdoc.models.encoder.embedder import Embedder
    from longdoc.pipelines.summarizers.extractive import ExtractiveSummarizer

_REPLIES = 256 << 20  # bytes of a model's, wanted until their document is done; a worker maps four times that
_CHARACTERS = 100_000  # read text that has the time of one reading to be summarized in


class Maker:
    """Does the tasks of one recipe; models and index are loaded when first used, and kept."""

    def __init__(self, recipe: Recipe) -> None:
        self.recipe = recipe
        self._out = Path(recipe.out)

    def do(self, task: Task, more: Callable[[float], None], seconds: float) -> dict[str, Any]:
        """What became of a task, as JSON. Raises `LongdocError`; asks for `more` time once a document is read.

        Where no document could be made, for the model or the settings, that is an `UnavailableError`; where the model
        does not answer now, a `BusyModelError`.
        """
        try:
            return self._done(task, more, seconds)
        except StageError as error:
            if (found := outage_of(error, self.recipe.model)) is None:
                raise
            raise (UnavailableError if found[0] == "down" else BusyModelError)(found[1]) from error
        except OSError as error:
            if error.errno in FULL or self._out in Path(str(error.filename or "")).parents:
                told = f"the results in {str(self._out)!r} cannot be written ({error.strerror}); make room, or give"
                raise CacheError(f"{told} yourself permission, and start this again") from error
            raise

    def _done(self, task: Task, more: Callable[[float], None], seconds: float) -> dict[str, Any]:
        match task.kind:
            case "forget":
                if self.recipe.index:
                    self._index.delete([task.name])
                return {}
            case "plan":
                return self._planned(self._read(task))
            case "node":
                return made_node(task, self.recipe, self._stage.settings)
            case "embed":
                self._embed(task, more, seconds)
                return {}
        return self._made(task, more, seconds)

    def _made(self, task: Task, more: Callable[[float], None], seconds: float) -> dict[str, Any]:
        document: Document | None = None

        def read() -> Document:
            nonlocal document
            if document is None:
                document = self._read(task)
                more(seconds * (1 + len(document.page_content) / _CHARACTERS))
            return document

        kept = kept_at(self._out, task.key)
        found = kept_tree(kept)
        if found is None:
            tree = replace(self._stage_with(task).run([_nameless(read())]), run=None)
            kept.parent.mkdir(parents=True, exist_ok=True)
            facts: dict[str, Any] = {
                "pages": read().metadata.get("pages") or [],
                "page_labels": read().metadata.get("page_labels") or [],
                "characters": len(read().page_content),
            }
            write_whole(kept, json.dumps([facts, tree_to_json(tree).decode()]).encode())
        else:
            facts, tree = found
        if self.recipe.group == "likeness" and not facts.get("likeness"):
            facts["likeness"] = likeness_of(self._vector(tree.summary.text))
            write_whole(kept, json.dumps([facts, tree_to_json(tree).decode()]).encode())
        rmtree(parts_at(self._out, task.key), ignore_errors=True)
        tree = named(tree, task.name)
        if not (self.recipe.format == "json" and found is not None):
            read()
        self._write(task, tree, document, facts)
        if self.recipe.index:
            whole = Document(
                id=task.name, page_content=read().page_content, metadata={**read().metadata, "source": task.name}
            )
            self._index.put([whole], {task.name: tree})
        made = {"characters": facts["characters"], "likeness": facts.get("likeness", "")}
        return {**made, "sentences": len(tree.summary.sentences), "found": found is not None}

    def _embed(self, task: Task, more: Callable[[float], None], seconds: float) -> None:
        """Embeds a share of a document's pieces, for whoever makes it."""
        document = self._read(task)
        more(seconds * (1 + len(document.page_content) / _CHARACTERS))
        folder = parts_at(self._out, task.key)
        folder.mkdir(parents=True, exist_ok=True)
        summarizer = self._chooser.through(lambda encoder: Pieces(encoder, folder, task.share))
        job = replace(self._stage.settings, model=summarizer).job([_nameless(document)])
        Extract(job, summarizer).tables()

    def _stage_with(self, task: Task) -> Summarizing:
        """The stage; one that has what was embedded of the document by others."""
        folder = parts_at(self._out, task.key)
        if not folder.is_dir():
            return self._stage
        summarizer = self._chooser.through(lambda encoder: Pieces(encoder, folder))
        return Summarizing(replace(self._stage.settings, model=summarizer))

    @property
    def _chooser(self) -> ExtractiveSummarizer:
        """What chooses sentences; only the documents of a recipe that has it are spread."""
        return cast("ExtractiveSummarizer", self._stage.settings.model)

    def _write(self, task: Task, tree: SummaryTree, document: Document | None, facts: dict[str, Any]) -> None:
        pages = tuple(map(int, facts["pages"]))
        paged = {"source": task.name, "pages": pages, "page_labels": facts.get("page_labels") or []}
        nodes = sum(1 for _ in tree.walk())
        run = Run(
            model=self.recipe.model,
            max_tokens=self.recipe.max_tokens,
            calls=nodes,
            extra_calls=0,
            seconds=None,  # which differ from one run to the next, and stand in the manifest
            planned_calls=nodes,
            max_calls=nodes,
            query=self.recipe.query,
            texts={task.name: document.page_content if document else ""},
            pages={task.name: pages} if pages else {},
            writes=not self.recipe.chooses,
            places=SourcePages([Document("", metadata=paged)]),
        )
        said = render(replace(tree, run=run), self.recipe.format)
        write_whole(self._out / "results" / task.result, f"{said}\n".encode("utf-8", "backslashreplace"))

    def _planned(self, document: Document) -> dict[str, Any]:
        plan = self._stage.settings.plan([document])
        return {
            "calls": plan.calls,
            "max_calls": plan.max_calls,
            "input_tokens": plan.input_tokens,
            "output_tokens": plan.output_tokens,
            "bytes": plan.bytes,
            "chunks": plan.chunks,
        }

    def _read(self, task: Task) -> Document:
        """The document, if its bytes are those that were found."""
        data = _bytes_of(task)
        if digest_of(data) != task.digest:
            raise InputError("it was changed while the run was going on; run it again")
        if task.length:
            return row_document(data, task.name)
        return read_bytes(data, task.name, Path(task.path).suffix)

    @cached_property
    def _stage(self) -> Summarizing:
        recipe = self.recipe
        cache = None
        if not recipe.chooses:  # what was paid for is kept call by call
            cache = self._cache
        try:
            settings = Settings(
                max_tokens=recipe.max_tokens,
                query=recipe.query,
                model=loaded_model(recipe.model, recipe.tokenizer, recipe.device),
                tokenizer=recipe.tokenizer,
                chunk_tokens=recipe.chunk_tokens,
                context_tokens=recipe.context_tokens,
                style=recipe.style,
                cache=cache,
            )
            _ = settings.job([Document(".", metadata={"source": NAMELESS})]).outline  # which checks the budgets
        except (MissingExtraError, UnknownNameError, BudgetError) as error:  # whatever the document
            raise UnavailableError(str(error)) from error
        return Summarizing(settings)

    def _vector(self, text: str) -> NDArray[np.float32]:
        vector: NDArray[np.float32] = self._encoder.encode([text])[0]
        return vector

    @cached_property
    def _encoder(self) -> Embedder:
        from longdoc.models.encoder.embedder import Embedder

        return Embedder(device=self.recipe.device)

    @property
    def _cache(self) -> EncodingCache:
        from longdoc.memory.cache.encoding_cache import EncodingCache

        if not self.recipe.cache:
            return EncodingCache(self._out / "cache", max_bytes=_REPLIES)
        from longdoc.memory.cache.redis import redis_store

        return EncodingCache(store=redis_store(self.recipe.cache))

    @cached_property
    def _index(self) -> DocumentIndex | SharedIndex:
        if "://" in self.recipe.index:
            from longdoc.memory.shared.postgres import SharedIndex

            return SharedIndex(self.recipe.index)
        from longdoc.memory.index.document_index import DocumentIndex

        return DocumentIndex(self.recipe.index)


def _nameless(document: Document) -> Document:
    return Document(page_content=document.page_content, metadata={**document.metadata, "source": NAMELESS})


def row_document(data: bytes, name: str) -> Document:
    """The document of a row: `page_content` or `text`, and `metadata`. Raises `InputError` for another row."""
    try:
        row = json.loads(data)
    except ValueError as error:
        raise InputError(f"the row is no JSON ({error}); give one object a line") from error
    text = row.get("page_content", row.get("text")) if isinstance(row, dict) else None
    if not isinstance(text, str) or not text.strip():
        raise InputError("the row has no text; give an object with page_content or text in it")
    told = row.get("metadata")
    return Document(page_content=text, metadata={**(told if isinstance(told, dict) else {}), "source": name})


def _bytes_of(task: Task) -> bytes:
    try:
        with open(task.path, "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise InputError("it is not a regular file; save what it gives to a file")
            file.seek(task.offset)
            return file.read(task.length) if task.length else file.read()
    except OSError as error:
        raise InputError(f"it cannot be read ({error.strerror}); check the path") from error
