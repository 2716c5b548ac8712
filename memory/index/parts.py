"""Changes of an index: the parts of a document, such as the pages that a loader gives, and what each replaces."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from langchain_core.documents import Document

from longdoc.memory.index.entries import Entry
from longdoc.memory.index.store import Edit
from longdoc.memory.index.view import View

_PLACES = ("page", "page_number", "start_index", "row", "seq_num")  # what loaders call the place of a part


@dataclass(slots=True)
class Given:
    """The parts of one document that a call of `put` gives; `begun` if that call gave parts of it before."""

    parts: dict[str, list[Entry]]
    begun: bool
    tree: list[Entry]
    whole: bool = False

    @property
    def count(self) -> int:
        """The number of entries."""
        return sum(map(len, self.parts.values())) + len(self.tree)

    def entries(self, view: View, name: str) -> list[Entry | int]:
        """All that the document holds from now on."""
        held: dict[str, list[int]] = {}
        for row in view.rows_of_document(name) or ():
            record = view.record(row)
            if record.kind == "chunk":
                held.setdefault(record.part, []).append(row)
        return [*_joined({} if self._is_anew(held) else held, self.parts), *self.tree]

    def _is_anew(self, held: Mapping[str, object]) -> bool:
        first = next(iter(held), None)
        if first is None or self.begun:
            return False
        if _places_of(first) not in map(_places_of, self.parts):
            return True
        return first in self.parts and (self.whole or len(self.parts) > 1)


def putting(group: Mapping[str, Given]) -> Edit:
    """The edit that puts these documents."""
    return lambda view: {name: given.entries(view, name) for name, given in group.items()}


def unknown(
    view: View, groups: Mapping[str, Sequence[Entry | int]], vectors: Mapping[str, object], missing: Sequence[str]
) -> dict[str, str]:
    """The texts that still have to be embedded, by digest."""
    entries = {one.digest: one for group in groups.values() for one in group if isinstance(one, Entry)}
    wanted = [digest for digest in entries if digest not in vectors]
    unknown = [digest for digest, row in zip(wanted, view.rows_of_digests(wanted), strict=True) if row is None]
    rows = view.rows_of_ids([entries[digest].id for digest in unknown])
    kept = {view.record(row).digest for row in rows if row is not None}.difference(missing)
    return {digest: entries[digest].read for digest in unknown if digest not in kept}


def overwritten(view: View, entries: Mapping[str, Entry]) -> dict[str, list[Entry | int]]:
    """The documents that the passages belong to: those they overwrite a part of, else those of their own ids."""
    groups: dict[str, list[Entry | int]] = {}
    for (name, one), row in zip(entries.items(), view.rows_of_ids(list(entries)), strict=True):
        document = name if row is None else view.record(row).document
        held = groups.setdefault(document, list(view.rows_of_document(document) or ()))
        groups[document] = [*held, one] if row is None else [one if other == row else other for other in held]
    return groups


def without(view: View, ids: Sequence[str] | None) -> dict[str, list[Entry | int]]:
    """The documents that lose entries, with the rows that stay."""
    if ids is None:
        return {name: [] for name, _ in view.documents()}
    groups: dict[str, list[Entry | int]] = {name: [] for name in ids if view.rows_of_document(name) is not None}
    for row in view.rows_of_ids(ids):
        if row is not None:
            document = view.record(row).document
            held = groups.get(document, view.rows_of_document(document) or ())
            groups[document] = [other for other in held if other != row]
    return groups


def place_of(document: Document) -> str | None:
    """The place in its source that a document names, as "page=3"; "" for none; None where it is no part of a source."""
    if document.id or not document.metadata.get("source"):
        return None
    held = ((name, document.metadata.get(name)) for name in _PLACES)
    return " ".join(f"{name}={value}" for name, value in held if isinstance(value, int | str))


def _joined(held: Mapping[str, Sequence[int]], given: Mapping[str, Sequence[Entry]]) -> list[Entry | int]:
    """The entries of a document some of whose parts are replaced: the known parts in their order, then the new ones.

    Parts whose places are numbers of the same things stand in the order of these.
    """
    parts: dict[str, Sequence[Entry | int]] = {**held, **given}
    keys = {part: _numbers(part) for part in parts}
    if len({tuple(name for name, _ in key) for key in keys.values()}) == 1:
        parts = dict(sorted(parts.items(), key=lambda item: keys[item[0]]))
    return [one for entries in parts.values() for one in entries]


def _places_of(part: str) -> tuple[str, ...]:
    """The names of the places that a part is known by."""
    return tuple(one.partition("=")[0] for one in part.partition("#")[0].split())


def _numbers(part: str) -> tuple[tuple[str, int], ...]:
    """The names and numbers of a place, and its number among equals; () where one is no number."""
    place, _, again = part.partition("#")
    told = [one.partition("=") for one in place.split()]
    if not all(re.fullmatch(r"-?\d{1,18}", value) for _, _, value in told):
        return ()
    return (*((name, int(value)) for name, _, value in told), ("#", int(again or 1)))
