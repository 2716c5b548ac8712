"""What a page means beyond its words: what is deleted or hidden, marks above the line, and tables."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from longdoc.chunkers.readers.html.reading import read_html
from longdoc.chunkers.text.tables import cells, tables_of

words = st.text("abc xyz 123", min_size=1, max_size=6).map(str.strip).filter(bool)


def text(page: str) -> str:
    return read_html(page.encode(), "x.html").page_content


@pytest.mark.parametrize(
    ("page", "seen"),
    [
        (
            "The fee is <del>50</del><ins>40</ins> pounds<span style='display:none'> secret</span>.",
            "The fee is 40 pounds.",
        ),
        ("a <s>b</s><strike>c</strike> d", "a d"),
        ("a<span hidden>b</span><p hidden>c</p>d", "a\n\nd"),
        ("a<span hidden='until-found'>b</span>", "ab"),
        ("a<i style='color: red; VISIBILITY : hidden'>b</i>c", "ac"),
        ("a<i style='display: block'>b</i>c<template>d</template>", "abc"),
        ("<i aria-hidden=true>a</i>b", "ab"),
        ("<body hidden style='display:none'>a page drawn by a program</body>", "a page drawn by a program"),
        ("<table><tr><td>a<td>b<tr hidden><td>c<td>d<tr><td>e<td>f</table>", "a\tb\ne\tf"),
    ],
)
def test_what_is_deleted_or_hidden_is_left_out(page: str, seen: str) -> None:
    assert text(page) == seen


@pytest.mark.parametrize(
    ("page", "seen"),
    [
        (
            "Spending was $320<sup>1</sup> million on 10<sup>3</sup> acres.",
            "Spending was $320 [1] million on 10^3 acres.",
        ),
        ("x<sup>2</sup> 10<sup>-3</sup> m<sup>2</sup> 2<sup>8</sup> (a+b)<sup>2</sup>", "x^2 10^-3 m^2 2^8 (a+b)^2"),
        ("21<sup>st</sup> Brand<sup>TM</sup>", "21st BrandTM"),
        (
            "word<sup>1</sup> 5%<sup>2</sup> 1,320<sup>3</sup> word.<sup>4,5</sup>",
            "word[1] 5% [2] 1,320 [3] word.[4,5]",
        ),
        ("10<sup><a href='#f'>3</a></sup>", "10 [3]"),
        ("made<sup id='cite_ref-1' class='reference'><a href='#c'>[1]</a></sup> it", "made[1] it"),
        ("3<sup>1</sup>/<sub>2</sub> and <sup>3</sup>⁄<sub>4</sub>", "3 1/2 and 3⁄4"),
        ("H<sub>2</sub>O 10<sub>2</sub>", "H2O 10_2"),
        ("<math><mfrac><mn>1</mn><mn>2</mn></mfrac></math> <math><msup><mi>x</mi><mn>2</mn></msup></math>", "1/2 x^2"),
        ("<b>$</b>320<sup></sup><sup> </sup>", "$320"),
    ],
)
def test_what_stands_above_or_below_the_line_is_no_digit(page: str, seen: str) -> None:
    assert text(page) == seen


def test_a_cell_that_spans_rows_or_columns_stands_where_it_holds() -> None:
    page = (
        "<p>(In millions)</p><table><thead><tr><th rowspan=2>Region<th colspan=2>Sales<tr><th>2023<th>2024</thead>"
        "<tr><td rowspan=2>North<td>1<td>2<tr><td>3<td>4<tr><td colspan=2>South<td>5</table><p>End"
    )
    document = read_html(page.encode(), "x")
    assert document.page_content == (
        "(In millions)\n\nRegion\tSales\tSales\nRegion\t2023\t2024\nNorth\t1\t2\nNorth\t3\t4\nSouth\t\t5\n\nEnd"
    )
    (table,) = tables_of(document)
    assert table["header"] == ["Region", "Sales 2023", "Sales 2024"]
    assert table["note"] == "(In millions)"
    assert document.page_content[: table["header_end"]].endswith("2023\t2024\n")
    told = [[tuple(cell[:3]) for cell in row] for row in cells(document.page_content, table)]
    assert told[1] == [("North", "Region", "North"), ("North", "Sales 2023", "3"), ("North", "Sales 2024", "4")]
    assert told[2] == [("South", "Region", "South"), ("South", "Sales 2024", "5")]


def test_signs_in_cells_of_their_own_belong_to_their_numbers() -> None:
    page = (
        "<table><tr><td></td><td colspan=2>2024</td><td></td><td colspan=3>2023</td></tr>"
        "<tr><td>Sales</td><td>$</td><td>320</td><td></td><td>$</td><td>300</td><td></td></tr>"
        "<tr><td>Loss</td><td></td><td>(12</td><td>)</td><td></td><td>5</td><td>%</td></tr></table>"
    )
    document = read_html(page.encode(), "x")
    assert document.page_content == "\t2024\t2023\nSales\t$320\t$300\nLoss\t(12)\t5%"
    (table,) = tables_of(document)
    assert table["header"] == ["", "2024", "2023"]


@given(
    st.integers(2, 5).flatmap(
        lambda n: st.tuples(
            st.lists(words, min_size=n, max_size=n), st.lists(st.lists(words, min_size=n, max_size=n), min_size=1)
        )
    )
)
def test_every_cell_is_found_in_its_row_and_column(table: tuple[list[str], list[list[str]]]) -> None:
    names, body = table
    head = "".join(f"<th>{name}</th>" for name in names)
    rows = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in body)
    document = read_html(f"<p>a<table><tr>{head}</tr>{rows}</table><p>b".encode(), "x")
    (found,) = tables_of(document)
    squeezed = [[" ".join(cell.split()) for cell in row] for row in body]
    assert found["header"] == [" ".join(name.split()) for name in names]
    rows_found = list(cells(document.page_content, found))
    assert [[cell.value for cell in row] for row in rows_found] == squeezed
    assert all(cell.span.of(document.page_content) == cell.value for row in rows_found for cell in row)


@pytest.mark.parametrize(
    "span", ["rowspan=65534", "colspan=1000", "rowspan=9999 colspan=999", "rowspan=-1", "colspan=x"]
)
def test_spans_without_measure_cost_little(span: str) -> None:
    page = "<table>" + f"<tr><td {span}>a<td>b" * 300 + "</table>"
    began = time.perf_counter()
    assert text(page).startswith("a\t")
    assert time.perf_counter() - began < 5


def test_many_attributes_take_time_in_proportion() -> None:
    def seconds(count: int) -> float:
        page = f"<p {' '.join(f'a{n}=x' for n in range(count))} hidden>no</p><p data-x='{'>' * 9000}'>yes</p>"
        began = time.perf_counter()
        assert text(page) == "yes"
        return time.perf_counter() - began

    seconds(1000)
    assert min(seconds(100_000) for _ in range(2)) < 12 * max(min(seconds(25_000) for _ in range(3)), 0.01)
