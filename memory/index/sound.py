"""A consistency check of an index: whether all that it names is there, which a kill cannot undo and damage may."""

from __future__ import annotations

import json

import numpy as np
from numpy.typing import NDArray

from longdoc.memory.index.view import Record, View, digest_key, document_key


def why_unsound(view: View) -> str:
    """What is wrong with the index; "" where nothing is. Reads every record, and looks each up by its keys."""
    manifest = view.snapshot.manifest
    records = {int.from_bytes(key[1:], "big"): Record.from_json(value) for key, value in view.values(b"c")}
    documents = {key: json.loads(value) for key, value in view.values(b"d")}
    rows = [row for _, held in documents.values() for row in held]
    if sorted(rows) != sorted(records) or len(rows) != manifest.entries:
        return "entries are missing"
    if sum(record.words for record in records.values()) != manifest.words:
        return "its words do not add up"
    if any(key != document_key(name) or view.rows_of_document(name) != held for key, (name, held) in documents.items()):
        return "a document is not where it should be"
    numbers, names = list(records), [record.id for record in records.values()]
    if view.rows_of_ids(names) != numbers:
        return "an entry is not where it should be"
    if any(records[row].document != name for name, held in documents.values() for row in held):
        return "an entry is another document's"
    digests = {digest_key(record.digest) for record in records.values()}
    if any(key not in digests for key, _ in view.values(b"v")) or len(list(view.values(b"i"))) != len(records):
        return "it names what is not there"
    return _why_segments(view, np.array(sorted(records), np.int64))


def _why_segments(view: View, rows: NDArray[np.int64]) -> str:
    """Whether what is live in the segments is what there are records of."""
    snapshot = view.snapshot
    alive = [
        segment.rows if live is None else segment.rows[live]
        for segment, live in zip(snapshot.segments, snapshot.live, strict=True)
    ]
    found = np.concatenate([np.empty(0, np.int64), *alive])
    return "" if np.array_equal(np.sort(found), rows) else "its segments hold other entries"
