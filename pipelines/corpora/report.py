"""The page over a corpus: counts, its summary, failures by their cause, the slowest, every document to open."""

from __future__ import annotations

import json
import os
import re
from base64 import b64encode
from collections.abc import Iterable
from hashlib import sha256
from html import escape
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Any
from urllib.parse import quote

from longdoc.memory.disk import write_whole
from longdoc.pipelines.corpora.manifest import Entry, Manifest
from longdoc.pipelines.corpora.recipe import Recipe

_SLOWEST = 10
_OPEN = 200  # documents up to which the folders are shown open
_NAMED = re.compile(r"'[^']*'|\"[^\"]*\"")
_NUMBER = re.compile(r"\d[\d,.]*")
_UNSHOWABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


def write_report(out: Path, manifest: Manifest, recipe: Recipe, path: Path) -> Path:
    """Writes the page at `path`, from where it links to the results; nothing is fetched and no script runs."""
    page = _Page(manifest, recipe, os.path.relpath(out / "results", path.absolute().parent))
    style = files("longdoc.pipelines.corpora").joinpath("report.css").read_text(encoding="utf-8")
    template = files("longdoc.pipelines.corpora").joinpath("report.html").read_text(encoding="utf-8")
    folders = list(manifest.fact("sources") or ())
    said = Template(template).substitute(
        policy=f"default-src 'none'; style-src 'sha256-{b64encode(sha256(style.encode()).digest()).decode()}'",
        style=style,
        title=_text(", ".join(os.path.basename(one) or one for one in folders) or out.name),
        counts=page.counts(),
        summary=_summary(out, page),
        failures=page.failures(),
        slowest=page.slowest(),
        documents=page.documents(),
    )
    write_whole(path, said.encode("utf-8", "replace"))
    return path


class _Page:
    """The parts of the page that come from the manifest; `results` is the way from the page to the results."""

    def __init__(self, manifest: Manifest, recipe: Recipe, results: str) -> None:
        self._manifest = manifest
        self._recipe = recipe
        self._results = results
        self._failed = list(manifest.entries("failed"))

    def counts(self) -> str:
        """How many documents are in each state, and what they took."""
        status = self._manifest.status()
        states = {"done": status.done, "failed": status.failed, "waiting": status.waiting, "gone": status.gone}
        told = [(name, f"{count:,}") for name, count in states.items() if count or name == "done"]
        told += [
            ("read", _size(status.bytes)),
            ("characters", f"{status.characters:,}"),
            ("work", _time(status.seconds)),
            ("model", self._recipe.model),
        ]
        return "".join(f'<div class="{name}"><dt>{name}</dt><dd>{_text(value)}</dd></div>' for name, value in told)

    def failures(self) -> str:
        """What failed, by what is told of it, the most frequent first."""
        causes: dict[str, list[Entry]] = {}
        for entry in self._failed:
            causes.setdefault(_cause(entry.error), []).append(entry)
        told = sorted(causes.items(), key=lambda one: (-len(one[1]), one[0]))
        shown = "".join(
            f"<details{' open' if len(self._failed) <= _OPEN else ''}><summary>{_text(cause)} "
            f"<span class='size'>{len(entries):,}</span></summary><ul>"
            + "".join(f"<li><b>{_text(one.name)}</b> {_text(one.error)}</li>" for one in entries)
            + "</ul></details>"
            for cause, entries in told
        )
        return _section("failures", "Failures by cause", shown)

    def slowest(self) -> str:
        """What took longest."""
        rows = (self._row(entry, entry.name) for entry in self._manifest.slowest(_SLOWEST))
        return _section("slowest", "The slowest", _table(rows))

    def documents(self) -> str:
        """Every document, folder by folder."""
        folders: dict[str, list[str]] = {}
        total = 0
        for entry in self._manifest.entries():
            folder, _, own = entry.name.rpartition("/")
            folders.setdefault(folder, []).append(self._row(entry, own))
            total += 1
        shown = "".join(
            f"<details{' open' if total <= _OPEN else ''}><summary>{_text(folder) or 'Given by themselves'} "
            f"<span class='size'>{len(rows):,}</span></summary>{_table(rows)}</details>"
            for folder, rows in sorted(folders.items())
        )
        return _section("documents", "Every document", shown)

    def link(self, entry: Entry | None, label: str) -> str:
        """The label, as a link to the document's result where there is one."""
        if entry is None or not entry.result or entry.state not in ("done", "gone"):
            return f'<span dir="auto">{_text(label)}</span>'
        return f'<a dir="auto" href="{quote(f"{self._results}/{entry.result}")}">{_text(label)}</a>'

    def link_to(self, name: str) -> str:
        """A link to the result of the document of that name."""
        return self.link(self._manifest.get(name), name)

    def _row(self, entry: Entry, label: str) -> str:
        state = entry.state if entry.state != "failed" else f"failed: {entry.error}"
        sizes = f"<td class='number'>{_size(entry.size)}</td><td class='number'>{_time(entry.seconds)}</td>"
        said = f"<td class='number'>{entry.sentences:,}</td>" if entry.state == "done" else "<td></td>"
        return f"<tr class='{entry.state}'><td>{self.link(entry, label)}</td>{sizes}{said}<td>{_text(state)}</td></tr>"


def _summary(out: Path, page: _Page) -> str:
    """The summary of the whole, each sentence with the document that it is from; then that of each folder."""
    try:
        tree = json.loads((out / "corpus.json").read_bytes())
    except (OSError, ValueError):
        return ""
    parts = [one for one in tree["children"] if one.get("sentences")]
    below = "".join(
        f"<details><summary>{_text(one['title'])} <span class='size'>{_count(one):,}</span></summary>"
        f"{_sentences(one, page)}</details>"
        for one in parts
    )
    return _section("summary", "Summary of all documents", _sentences(tree, page) + below)


def _count(node: dict[str, Any]) -> int:
    """The documents below a node."""
    return 1 if "document" in node else sum(map(_count, node["children"]))


def _sentences(node: dict[str, list[dict[str, object]]], page: _Page) -> str:
    return f"<ol>{''.join(f'<li>{_sentence(one, page)}</li>' for one in node['sentences'])}</ol>"


def _sentence(told: dict[str, object], page: _Page) -> str:
    spans = told["spans"]
    places = (
        {str(one["source"]): f"{one['start']:,} to {one['end']:,}" for one in spans} if isinstance(spans, list) else {}
    )
    said = ", ".join(f"{page.link_to(source)}, characters {place}" for source, place in places.items())
    return f'<span dir="auto">{_text(str(told["text"]))}</span> <cite>{said}</cite>'


def _cause(error: str) -> str:
    """What is told of a failure without what is its own: names and numbers, and the remedy."""
    return _NUMBER.sub("…", _NAMED.sub("it", error)).partition(";")[0]


def _section(name: str, title: str, body: str) -> str:
    return f'<section aria-labelledby="{name}"><h2 id="{name}">{title}</h2>{body}</section>' if body else ""


def _table(rows: Iterable[str]) -> str:
    shown = "".join(rows)
    head = "<thead><tr><th>Document</th><th>Size</th><th>Time</th><th>Sentences</th><th>State</th></tr></thead>"
    return f"<table>{head}<tbody>{shown}</tbody></table>" if shown else ""


def _size(count: float) -> str:
    if count < 1000:
        return f"{count:.0f} B"
    return f"{count / 1e3:,.1f} kB" if count < 1e6 else f"{count / 1e6:,.1f} MB"


def _time(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.1f} s"
    return f"{seconds / 60:,.0f} min" if seconds < 7200 else f"{seconds / 3600:,.1f} h"


def _text(text: str) -> str:
    return escape(_UNSHOWABLE.sub("\ufffd", " ".join(text.split())))
