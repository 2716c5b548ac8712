"""Many documents as one job: each is read, cut, summarized and written, and what is done stays done.

corpus = Corpus("out", max_tokens=200)
corpus.run(Path("reports"))
print(corpus.status())
"""

from __future__ import annotations

import os
import re
import shutil
import time
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from longdoc.arguments import checked
from longdoc.errors import CacheError, InputError, UnavailableError
from longdoc.memory.disk import claimed, write_whole
from longdoc.pipelines.calls.child import Answer
from longdoc.pipelines.calls.outage import late_model
from longdoc.pipelines.corpora.engines.engine import Done, Engine, Limits
from longdoc.pipelines.corpora.engines.processes import Processes
from longdoc.pipelines.corpora.inventory import Chosen, Found, Rows, documents_in, file_digest
from longdoc.pipelines.corpora.manifest import Entry, Manifest, State, Status
from longdoc.pipelines.corpora.places import result_name
from longdoc.pipelines.corpora.recipe import Recipe, Task
from longdoc.pipelines.corpora.remaining import OnProgress, Watch
from longdoc.pipelines.corpora.rows import PARQUET, document_line, parquet_rows, written_rows
from longdoc.pipelines.corpora.spread import Spread

if TYPE_CHECKING:
    from langchain_core.documents import Document

Inputs: TypeAlias = "Path | Document | Iterable[Path | Document]"
_OUT = ("down", "busy")  # a model that does not answer
_AGAIN = ("late", "lost", "memory", *_OUT)  # what may be the doing of whatever else ran
_IN_A_ROW = 3  # documents that a model has not answered for, or one more than are worked on at once, end a run
_TOGETHER = 1000  # entries of one transaction
_PART = re.compile(r"\.\d+$")  # behind the name of a file that a kill left half written


@dataclass(frozen=True, slots=True)
class CorpusPlan:
    """What a run takes: sums over the documents that wait; `unreadable` ones are among them and cost nothing."""

    documents: int
    unreadable: int
    chunks: int
    calls: int
    max_calls: int
    input_tokens: int
    output_tokens: int
    bytes: int


@checked
class Corpus:
    """The folder of a corpus: its manifest, its results, and what makes them.

    Settings are those of `Recipe` by name; where none are given they are those of the last run. `jobs` documents are
    worked on at once, each within `limits`, by `engine`: processes of this machine by default.
    """

    def __init__(
        self,
        out: str | os.PathLike[str],
        *,
        jobs: int | None = None,
        limits: Limits | None = None,
        engine: Engine | None = None,
        **settings: Any,
    ) -> None:
        self.out = Path(os.path.abspath(out))
        self.limits = limits or Limits()
        self.jobs = jobs or os.cpu_count() or 1
        if self.jobs < 1:
            raise InputError(f"jobs is {jobs}; give 1 or more")
        self._engine = engine or Processes(self.limits)
        try:
            (self.out / "results").mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise CacheError(f"{str(out)!r} cannot be made ({error.strerror}); give another folder") from error
        self.manifest = Manifest(self.out / "manifest.sqlite")
        known = self.manifest.fact("recipe") if not settings else None
        self.recipe = Recipe(**{**(known or settings), "out": str(self.out)})

    def __enter__(self) -> Corpus:
        return self

    def __exit__(self, *ended: object) -> None:
        self.close()

    def close(self) -> None:
        """Lets go of the manifest."""
        self.manifest.close()

    def run(
        self,
        sources: Inputs,
        *,
        include: Iterable[str] = (),
        exclude: Iterable[str] = (),
        prune: bool = False,
        on_progress: OnProgress | None = None,
    ) -> Status:
        """Makes what is not made yet of the documents that `sources` have; what failed before stays so.

        `sources` are files, folders and files of JSON lines or Parquet, as `Path`s, or `Document`s, or an iterable of
        either. With `prune` the results of documents that are gone are removed. Raises `CacheError` while another run
        works in the same folder, and where index, cache or disk fail, and `UnavailableError` where the model does not
        answer for several documents in a row: what is not done then waits for the next run.
        """
        with self._alone():
            self._survey(sources, Chosen(tuple(include), tuple(exclude), self._apart))
            self._work(on_progress)
            if prune:
                self._prune()
            self._summarize()
        return self.status()

    def retry(self, on_progress: OnProgress | None = None) -> Status:
        """Tries what failed once more."""
        with self._alone():
            self.manifest.again()
            self._work(on_progress)
            self._summarize()
        return self.status()

    def plan(self, sources: Inputs, *, include: Iterable[str] = (), exclude: Iterable[str] = ()) -> CorpusPlan:
        """What `run` of the same would take. Reads and tokenizes what waits, and calls no model."""
        with self._alone():
            self._survey(sources, Chosen(tuple(include), tuple(exclude), self._apart))
            names = ("chunks", "calls", "max_calls", "input_tokens", "output_tokens", "bytes")
            sums = dict.fromkeys(names, 0)
            documents = unreadable = 0
            tasks = (self._task(entry, "plan") for entry in self.manifest.waiting())
            for done in self._stream(tasks, self.jobs):
                documents += 1
                unreadable += bool(done.answer.error)
                for name in names if not done.answer.error else ():
                    sums[name] += done.answer.value[name]
        return CorpusPlan(documents, unreadable, **sums)

    def status(self) -> Status:
        """How many documents are in each state."""
        return self.manifest.status()

    def entries(self, state: State | None = None) -> Iterator[Entry]:
        """What the manifest has of each document, by name."""
        return self.manifest.entries(state)

    def report(self, path: str | os.PathLike[str] | None = None) -> Path:
        """Writes one HTML page over the corpus, `report.html` in its folder by default; where it is."""
        from longdoc.pipelines.corpora.report import write_report

        return write_report(self.out, self.manifest, self.recipe, Path(path or self.out / "report.html"))

    @property
    def _apart(self) -> tuple[str, ...]:
        return tuple(os.path.realpath(one) for one in (self.out, self.recipe.index) if one)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Holds the folder against other runs, and clears what a kill left half written."""
        busy = CacheError(f"another run works in {str(self.out)!r}; wait for it, or give another --out")
        lock = claimed(self.out, busy)
        try:
            for path in (self.out / "results").iterdir():
                if _PART.search(path.name):
                    path.unlink(missing_ok=True)
            yield
        finally:
            self._engine.close()
            lock.release()

    def _survey(self, sources: Inputs, chosen: Chosen) -> None:
        """Enters what there is: what changed waits, what is not there any more is gone."""
        self.manifest.tell("recipe", self.recipe.json())
        run = int(self.manifest.fact("run") or 0) + 1
        self.manifest.tell("run", run)
        changed: list[Entry] = []
        seen: list[str] = []
        paths = self._paths(sources)
        self.manifest.tell("sources", [_said(path) for path in paths])
        for found in documents_in(paths, chosen, time.time_ns()):
            old = self.manifest.get(found.name)
            entry = self._entry(found, old, run)
            if old == replace(entry, run=old.run if old else 0):
                seen.append(found.name)
            else:
                changed.append(entry)
            if len(changed) + len(seen) >= _TOGETHER:
                self._enter(changed, seen, run)
                changed, seen = [], []
        self._enter(changed, seen, run)
        self.manifest.gone(run)

    def _enter(self, changed: list[Entry], seen: list[str], run: int) -> None:
        self.manifest.put(*changed)
        self.manifest.found(seen, run)

    def _paths(self, sources: Inputs) -> list[Path | Rows]:
        """The sources as paths; documents and rows of Parquet are written down first, so that few are held at once."""
        if isinstance(sources, str):
            raise InputError(f"the source {sources!r} is a text; give Path({sources!r}) for a file or a folder")
        given: Iterable[Any] = (
            [sources] if isinstance(sources, os.PathLike) or hasattr(sources, "page_content") else sources
        )
        paths: list[Path | Rows] = []

        def lines() -> Iterator[bytes]:
            for one in given:
                if isinstance(one, os.PathLike):
                    path = Path(one)
                    is_rows = path.suffix.lower() == PARQUET and path.is_file()
                    paths.append(parquet_rows(path, self.out / "rows") if is_rows else path)
                elif hasattr(one, "page_content"):
                    yield document_line(one)
                else:
                    raise InputError(f"{one!r:.80} is no source; give a Path or a Document")

        rows = self.out / "documents.jsonl"
        return [*paths, rows] if written_rows(rows, lines()) else paths

    def _entry(self, found: Found, old: Entry | None, run: int) -> Entry:
        """What the manifest is to have of a document, by what it had."""
        here = Entry(found.name, found.path, found.offset, found.length, found.size, found.changed, run=run)
        error = found.error
        if found.size > self.limits.file_bytes:
            error = f"it has {found.size:,} bytes, and a document may have {self.limits.file_bytes:,}; raise the limit"
        digest = found.digest
        if not error and not digest:
            same = old is not None and bool(old.changed and old.digest)
            same = (
                same and old is not None and (old.path, old.size, old.changed) == (here.path, here.size, here.changed)
            )
            try:
                digest = old.digest if same and old is not None else file_digest(found.path)
            except OSError as unread:
                error = f"it cannot be read ({unread.strerror}); check the path"
        if error:
            return replace(here, state="failed", error=error, cause="refused")
        suffix = ".row" if found.length else Path(found.path).suffix
        key, result = self.recipe.key(digest, suffix), result_name(found.name, self.recipe.suffix)
        here = replace(here, digest=digest, key=key, result=result)
        if old is None or old.key != key:
            return here
        made = replace(
            here,
            seconds=old.seconds,
            characters=old.characters,
            sentences=old.sentences,
            likeness=old.likeness,
            indexed=old.indexed,
            error=old.error,
            cause=old.cause,
        )
        if old.state == "failed" or (old.state == "gone" and old.error):
            return replace(made, state="failed")
        whole = old.result == result and old.indexed == self.recipe.index and (self.out / "results" / result).exists()
        whole = whole and (self.recipe.group == "folder" or bool(old.likeness))
        return replace(made, state="done") if whole and old.state in ("done", "gone") else here

    def _work(self, on_progress: OnProgress | None) -> None:
        """Makes what waits, the longest first and over several workers; what ended its process is tried once more,
        when nothing else runs.
        """
        watch = Watch(self.manifest, self.jobs, on_progress)
        again: list[Task] = []
        makes = (self._task(entry, "make") for entry in self.manifest.waiting())
        jobs = self.jobs if self.recipe.chooses else 1
        spread = Spread(jobs, sum(size for _, size in self.manifest.left().values()))
        tasks: Iterator[Task] | None = spread.tasks(makes)
        while tasks is not None:
            for done in self._stream(tasks, self.jobs):
                if done.task.kind == "embed":
                    spread.landed(done.task, done.seconds)
                elif done.answer.cause in _AGAIN:
                    again.append(done.task)
                else:
                    watch.told(self._record(replace(done, seconds=done.seconds + spread.seconds(done.task.name))))
            tasks = iter(left) if (left := spread.left()) else None
        shutil.rmtree(self.out / "parts", ignore_errors=True)
        if again:
            for done in self._stream(iter(again), 1, last=True):
                if done.answer.cause == "down":  # which no document is the cause of
                    raise self._outage(done.answer)
                watch.told(self._record(done, ", twice" if done.answer.cause in _AGAIN else ""))

    def _stream(self, tasks: Iterator[Task], jobs: int, *, last: bool = False) -> Iterator[Done]:
        """What becomes of tasks. A store or a model that fails is no fault of a document: it ends the run, and they
        wait on; a model where several documents in a row have failed for it and the shortest does too, or one on which
        others rest. Documents that are tried for the `last` time fail by themselves.
        """
        row, most = 0, max(_IN_A_ROW, jobs + 1)
        paid = () if self.recipe.chooses else ("make", "node")  # whose time is the model's
        with closing(self._engine.stream(self.recipe, tasks, jobs)) as stream:
            for done in stream:
                cause = done.answer.cause
                if cause == "store":
                    raise CacheError(done.answer.error)
                out = cause in _OUT or (cause == "late" and done.task.kind in paid)
                row = row + 1 if out else row if cause else 0
                if out and done.task.kind != "make":
                    raise self._outage(done.answer)
                if row == most and not last:
                    if cause == "down" or not self._answers():
                        raise self._outage(done.answer)
                    row = 0  # it was these documents
                yield done

    def _answers(self) -> bool:
        """Whether one of the shortest documents that wait can be made now; what its calls say is kept for its turn."""
        shortest = [self._task(entry, "make") for entry in deque(self.manifest.waiting(), _IN_A_ROW)]
        with closing(self._engine.stream(self.recipe, reversed(shortest), 1)) as stream:
            causes = (done.answer.cause for done in stream)
            told = next((cause for cause in causes if cause in ("", "late", *_OUT)), "late")
        return told == ""

    def _outage(self, answer: Answer) -> UnavailableError:
        """Ends a run whose model does not answer."""
        said = late_model(self.recipe.model) if answer.cause == "late" else answer.error
        return UnavailableError(f"{said}, then run this again ({self.status()})")

    def _task(self, entry: Entry, kind: Any) -> Task:
        return Task(
            kind, entry.name, entry.path, entry.offset, entry.length, entry.digest, entry.key, entry.result, entry.size
        )

    def _record(self, done: Done, twice: str = "") -> Entry:
        """Enters what became of a document, whose result is on disk."""
        entry = self.manifest.get(done.task.name)
        if entry is None:
            raise CacheError(f"{done.task.name!r} is no longer in the manifest; another program has changed it")
        seconds, answer = round(done.seconds, 3), done.answer
        if answer.error:
            told = answer.error if answer.cause in ("refused", "busy") else f"it {answer.error}{twice}"
            told = re.sub(f"^{re.escape(repr(done.task.name))} ", "it ", told)  # whose name stands before it
            entry = replace(entry, state="failed", seconds=seconds, error=" ".join(told.split()), cause=answer.cause)
        else:
            made = {name: answer.value[name] for name in ("characters", "sentences")}
            made |= {"indexed": self.recipe.index, "likeness": answer.value.get("likeness", "")}
            entry = replace(entry, state="done", seconds=seconds, error="", cause="", **made)
        self.manifest.put(entry)
        return entry

    def _prune(self) -> None:
        """Removes the results and the index entries of what is gone, and what is kept for no document any more."""
        gone = list(self.manifest.entries("gone"))
        indexed = [Task("forget", entry.name) for entry in gone if entry.indexed]
        for done in self._stream(iter(indexed), 1) if indexed else ():
            if done.answer.error:
                raise CacheError(f"{done.task.name!r} cannot be taken out of the index: {done.answer.error}")
        for entry in gone:
            self.manifest.remove(entry.name)
        results, used = self.manifest.values("result"), self.manifest.values("key")
        for path in (self.out / "results").iterdir():
            if path.name not in results:
                path.unlink(missing_ok=True)
        for path in (self.out / "kept").glob("*/*"):
            if path.stem not in used:
                path.unlink(missing_ok=True)

    def _summarize(self) -> None:
        """Makes the nodes over the documents that are not made yet, and `corpus.json` where the root is another."""
        from longdoc.pipelines.corpora.whole import tasks_of, tree_json, tree_over

        root = tree_over(self.manifest.entries("done"), self.recipe) if self.recipe.overall_tokens else None
        if root is None:
            return
        for level in tasks_of(root, self.out):
            for done in self._stream(iter(level), self.jobs):
                if done.answer.error:
                    raise CacheError(f"the summary of {done.task.name!r} cannot be made: {done.answer.error}")
        path = self.out / "corpus.json"
        if self.manifest.fact("root") != root.key or not path.exists():
            from longdoc.pipelines.corpora.node import node_sentences

            write_whole(path, tree_json(root, self.out, node_sentences).encode())
            self.manifest.tell("root", root.key)
            used = {node.key for node in root.walk()}
            for other in (self.out / "nodes").iterdir():
                if other.stem not in used:
                    other.unlink(missing_ok=True)


def _said(source: Path | Rows) -> str:
    path = source.name if isinstance(source, Rows) else os.path.abspath(source)
    return path.encode("utf-8", "replace").decode()
