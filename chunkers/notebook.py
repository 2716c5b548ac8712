"""Chunks as a list that says in one line what it is, and that a notebook shows as a table."""

from __future__ import annotations

from html import escape
from itertools import islice

from langchain_core.documents import Document

_ROWS = 20  # of a table in a notebook
_SHOWN = 160  # characters of a chunk in a row
_SOURCES = 3  # named in a line
_HEADERS = ("", "source", "place", "tokens", "headings", "text")


class Chunks(list[Document]):
    """A list of chunks in every way but how it is shown."""

    def __repr__(self) -> str:
        names = list(dict.fromkeys(str(one.metadata.get("source") or "") for one in self))
        named = ", ".join(repr(name) for name in names[:_SOURCES] if name)
        more = f" and {len(names) - _SOURCES} more" if len(names) > _SOURCES else ""
        tokens = sum(one.metadata.get("token_count", 0) for one in self)
        return f"<{len(self)} chunks{f' of {named}{more}' if named else ''}, {tokens} tokens>"

    def _repr_html_(self) -> str:
        head = "".join(f"<th>{name}</th>" for name in _HEADERS)
        rows = "".join(
            f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in _cells(at, one))}</tr>"
            for at, one in enumerate(islice(self, _ROWS))
        )
        more = f"<p>{len(self) - _ROWS} more</p>" if len(self) > _ROWS else ""
        return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>{more}"


def _cells(number: int, chunk: Document) -> tuple[str, ...]:
    told, text = chunk.metadata, " ".join(chunk.page_content.split())
    text = text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
    place = f"{told.get('start_index', '')}–{told.get('end_index', '')}"
    headings = " › ".join(map(str, told.get("headings") or ()))
    return (str(number), str(told.get("source") or ""), place, str(told.get("token_count", "")), headings, text)
