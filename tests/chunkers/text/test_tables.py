from __future__ import annotations

import csv
import io

import pytest
from fakes import CharacterTokenizer
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.documents import Document
from strategies import texts

from longdoc.chunkers.section import SectionChunker
from longdoc.chunkers.text.table_track import TableTrack
from longdoc.chunkers.text.tables import Table, cells, heading_of, tables_of
from longdoc.chunkers.text.tape import Tape

PIPES = (
    "# Prices\n\n(in millions)\n\n| Item | 2023 | 2024 |\n|---|:-:|---|\n| pen | 1 | 2 |\n| a\\|b | 3 | 4 |\n\nEnd.\n"
)
TABS = "Intro.\n\n\t2023\t2024\npen\t1\t2\nink\t\t4\n\nEnd.\n"
CSV = 'item,price 2023,note\npen,1,"red, blue"\nink,2,"a ""b""\nc"\npad,3,\n'
words = st.text("abc xyz", min_size=1, max_size=6).map(str.strip).filter(bool)
grids = st.integers(2, 5).flatmap(
    lambda n: st.tuples(
        st.lists(words, min_size=n, max_size=n, unique=True),
        st.lists(st.lists(words, min_size=n, max_size=n), min_size=3, max_size=12),
    )
)


def told(text: str, table: Table) -> list[list[tuple[str, str, str]]]:
    return [[(cell.label, cell.column, cell.value) for cell in row] for row in cells(text, table)]


def test_a_pipe_table_has_header_unit_and_cells() -> None:
    (table,) = tables_of(PIPES)
    assert (table["header"], table["note"]) == (["Item", "2023", "2024"], "(in millions)")
    assert PIPES[table["start"] : table["header_end"]] == "| Item | 2023 | 2024 |\n|---|:-:|---|\n"
    assert PIPES[table["header_end"] : table["end"]] == "| pen | 1 | 2 |\n| a\\|b | 3 | 4 |\n"
    assert told(PIPES, table)[0] == [("pen", "Item", "pen"), ("pen", "2023", "1"), ("pen", "2024", "2")]
    assert told(PIPES, table)[1][0] == ("a|b", "Item", "a|b")
    assert heading_of(table) == "(in millions) Item | 2023 | 2024"


def test_lines_with_tabs_are_a_table_whose_first_name_may_be_missing() -> None:
    (table,) = tables_of(TABS)
    assert table["header"] == ["", "2023", "2024"]
    assert told(TABS, table)[1] == [("ink", "", "ink"), ("ink", "2024", "4")]
    assert TABS[table["end"] :] == "\nEnd.\n"


def test_csv_is_a_table_from_its_first_line_with_quoted_cells_over_lines() -> None:
    (table,) = tables_of(CSV)
    assert (table["start"], table["end"], table["header_end"]) == (0, len(CSV), 21)
    rows = list(csv.reader(io.StringIO(CSV)))
    assert [[value for _, _, value in row] for row in told(CSV, table)] == [[v for v in row if v] for row in rows[1:]]


@pytest.mark.parametrize(
    "text",
    [
        "Dear John, how are you?\nI am well, and you?\nYes, quite.\n",
        "if x:\n\treturn 1\n\treturn 2\n\tfoo(a)\tb\n",
        "a | b\nc | d\ne | f\n",
        "Title\n-----\n\nText with a | in it.\n",
        '{"a":1,"b":2}\n{"a":3,"b":4}\n{"a":5,"b":6}\n{"a":5,"b":6}\n',
        "",
    ],
)
def test_what_is_no_table(text: str) -> None:
    assert tables_of(text) == []


@given(grid=grids, before=st.sampled_from(["", "Text.\n\n"]), kind=st.sampled_from("|\t,;"))
def test_every_cell_is_found_with_its_row_column_and_place(
    grid: tuple[list[str], list[list[str]]], before: str, kind: str
) -> None:
    header, body = grid
    before = "" if kind in ",;" else before
    lines = [kind.join(row) for row in (header, *body)]
    if kind == "|":
        lines = [f"|{lines[0]}|", "|---" * len(header) + "|", *(f"|{line}|" for line in lines[1:])]
    text = before + "\n".join(lines)
    (table,) = tables_of(text)
    found = list(cells(text, table))
    assert [[cell.value for cell in row] for row in found] == body
    for row in found:
        assert [cell.column for cell in row] == header
        assert {cell.label for cell in row} == {row[0].value}
        assert all(cell.span.of(text) == cell.value for cell in row)


@given(
    parts=st.lists(st.sampled_from([PIPES, TABS, "Some text.\n\n", "a\tb\n", "|x|\n", "\n"]) | texts, max_size=6),
    size=st.integers(1, 50),
)
def test_tables_hang_on_the_text_not_on_its_pieces(parts: list[str], size: int) -> None:
    text = "".join(parts)
    pieces = [text[at : at + size] for at in range(0, len(text), size)]
    assert list(TableTrack(Tape(pieces)).all()) == tables_of(text)


@given(parts=st.lists(st.sampled_from([PIPES, TABS, "Some text.\n\n"]), max_size=4), most=st.integers(5, 60))
def test_a_chunk_that_begins_inside_a_table_says_what_its_columns_are(parts: list[str], most: int) -> None:
    text = "".join(parts)
    tables = tables_of(text)
    for chunk in SectionChunker(most, tokenizer=CharacterTokenizer()).split(text):
        at = chunk.metadata["start_index"]
        inside = [t for t in tables if t["header_end"] <= at < t["end"]]
        assert chunk.metadata.get("table_header", "") == (heading_of(inside[0]) if inside else "")


def test_a_long_csv_names_its_columns_in_each_chunk() -> None:
    text = "item,price\n" + "".join(f"item{n},{n}\n" for n in range(20_000))
    chunks = list(SectionChunker(500, tokenizer=CharacterTokenizer()).split(text))
    assert "table_header" not in chunks[0].metadata
    assert {chunk.metadata["table_header"] for chunk in chunks[1:]} == {"item | price"}
    streamed = SectionChunker(500, tokenizer=CharacterTokenizer()).split_stream(iter(text.splitlines(keepends=True)))
    assert [c.metadata for c in streamed] == [c.metadata for c in chunks]


def test_the_tables_that_a_parser_knew_are_the_tables() -> None:
    text = "a\tb\nc\td\ne\tf\n"
    known: Table = {"start": 0, "end": 8, "header": ["one", "two"], "header_end": 0, "note": None}
    document = Document(page_content=text, metadata={"tables": [known]})
    assert tables_of(document) == [known]
    chunks = list(SectionChunker(4, tokenizer=CharacterTokenizer()).split(document))
    assert [chunk.metadata.get("table_header") for chunk in chunks] == ["one | two", "one | two", None]
    assert all("tables" not in chunk.metadata for chunk in chunks)
