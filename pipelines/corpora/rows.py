"""Rows of any source as JSON lines: documents of a program, rows of Parquet files, never held all at once."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from hashlib import blake2b
from importlib import import_module
from pathlib import Path
from typing import Any

from longdoc.errors import InputError, MissingExtraError
from longdoc.memory.disk import write_whole
from longdoc.pipelines.corpora.inventory import Rows

PARQUET = ".parquet"
_TOGETHER = 1000  # rows that are read at once
_OWN = ("source", "id", "page_content", "text", "metadata")


def written_rows(path: Path, lines: Iterable[bytes]) -> bool:
    """Writes lines to a file that is there as a whole or as it was; whether there were any."""
    part = path.with_name(f"{path.name}.{os.getpid()}")
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with part.open("wb") as file:
            for line in lines:
                file.write(line)
            written = file.tell()
        if written:
            part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    return bool(written)


def document_line(document: Any) -> bytes:
    """A document as a line of JSON. Raises `InputError` where its metadata is none."""
    told = dict(document.metadata)
    name = document.id or told.get("source")
    row = {**({"source": str(name)} if name else {}), "page_content": document.page_content, "metadata": told}
    try:
        return f"{json.dumps(row)}\n".encode()
    except (TypeError, ValueError) as error:
        raise InputError(f"the metadata of {name!r} is no JSON ({error}); leave out what is not") from error


def parquet_rows(path: Path, folder: Path) -> Rows:
    """The rows of a Parquet file, written down in `folder` and named by the file's own name.

    Columns are `page_content` or `text`, `source` or `id`, and `metadata`; all others become metadata. Raises
    `InputError` for a file that is none and `MissingExtraError`.
    """
    own = blake2b(os.fsencode(path.absolute()), digest_size=8).hexdigest()  # two files may have one name
    rows = folder / f"{path.name}.{own}.jsonl"
    if not written_rows(rows, _parquet_lines(path)):
        write_whole(rows, b"")
    return Rows(rows, path.name)


def _parquet_lines(path: Path) -> Iterator[bytes]:
    try:
        parquet: Any = import_module("pyarrow.parquet")
    except ImportError as error:
        raise MissingExtraError("reading rows of Parquet", "parquet") from error
    arrow: Any = import_module("pyarrow")
    try:
        with parquet.ParquetFile(path) as file:
            for batch in file.iter_batches(_TOGETHER):
                for row in batch.to_pylist():
                    yield _line(row)
    except arrow.ArrowException as error:
        said = " ".join(str(error).split())
        raise InputError(f"{str(path)!r} cannot be read as Parquet ({said:.100}); write it anew") from error
    except OSError as error:
        raise InputError(f"{str(path)!r} cannot be read ({error.strerror or error}); check the path") from error


def _line(row: dict[str, Any]) -> bytes:
    own = {name: row[name] for name in _OWN if row.get(name) is not None}
    told = own.pop("metadata", {})
    more = {name: value for name, value in row.items() if name not in _OWN and value is not None}
    metadata = {**(told if isinstance(told, dict) else {"metadata": told}), **more}
    return f"{json.dumps({**own, 'metadata': metadata}, default=str)}\n".encode()
