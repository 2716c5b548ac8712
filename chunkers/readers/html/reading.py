"""HTML to text that keeps the block structure of the page, with its headings as an outline.

Blocks are paragraphs with a blank line between; list items are "- item" lines, two spaces deeper for each
list inside a list; a table row is one line with a tab between its cells, unless a cell holds blocks of its
own (the row then lays out the page, and its cells are blocks); <pre> is verbatim and <br> a newline. White
space is collapsed as browsers do. A cell that spans rows stands in each of them; "$" in a cell of its own is
put before its number. The mark of a note is "[1]", a power "^3", a fraction "1/2". What a reader does not
read is dropped: scripts, styles, templates, <noscript>, the head (its title is kept as metadata), <nav>,
search forms by their role, drawings, form choices, what is struck out or deleted, and what the `hidden`
attribute or an element's own style hides. Style sheets are not looked at, nor is `aria-hidden`, whose text
is seen.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from langchain_core.documents import Document

from longdoc.chunkers.readers.base import BytesReader, made
from longdoc.chunkers.readers.decoding import decode
from longdoc.chunkers.readers.html.grid import CELLS, lay_out
from longdoc.chunkers.readers.html.marks import mark_scripts
from longdoc.chunkers.readers.html.page import LAYOUT, VERBATIM, Page
from longdoc.chunkers.text.table_rows import Table, is_unit_note, note_above
from longdoc.errors import InputError, MissingExtraError

_DROPPED = {
    *("script", "style", "template", "noscript", "head", "title", "nav", "svg", "iframe", "object", "audio"),
    *("video", "canvas", "select", "datalist", "textarea", "annotation", "annotation-xml"),
}
_DELETED = {"del", "s", "strike"}
_HIDING = re.compile(r"(?:^|;)\s*(?:display\s*:\s*none|visibility\s*:\s*(?:hidden|collapse))\b", re.IGNORECASE)
# Of a tag so long, only what matters here is kept: the parser takes quadratic time for many attributes.
_LONG_TAG = re.compile(r"""<([a-zA-Z][^\s<>/"']*+)((?:[^<>"']++|"[^"]*+"|'[^']*+')*+)>""")
_KEPT = re.compile(
    r"""\s(?:hidden|style|role|rowspan|colspan|class|charset)(?:\s*=\s*(?:"[^"<>]{0,300}"|'[^'<>]{0,300}'|[^\s"'<>=`]{1,300}))?(?=[\s/]|\Z)""",
    re.IGNORECASE,
)
_LONGEST_TAG = 2048
_MOST_KEPT = 20
_DROPPED_ROLES = {"navigation", "search"}
_LAST_TAGS = re.compile(r"</(?:body|html)\s*>", re.IGNORECASE)
_INLINE_TAGS = re.compile(
    r"</?(?:a|abbr|acronym|b|big|cite|code|del|em|font|i|ins|kbd|mark|q|s|samp|small|span|strike|strong|sub|sup|tt|u"
    r"|var)\b[^<>]*>",
    re.IGNORECASE,
)
_CHARSET = re.compile(
    rb"""<meta\b[^>]{0,400}?\bcharset\s{0,9}=\s{0,9}["']?\s{0,9}([\w.:-]+)"""
    rb"""|<\?xml\b[^>]{0,200}?\bencoding\s{0,9}=\s{0,9}["']([\w.:-]+)""",
    re.IGNORECASE,
)
_OPENING = re.compile(rb"(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]{0,200}>\s*)?<(?:!doctype\s+html|html)\b", re.IGNORECASE)
_CHARSET_WITHIN = 4096
_ROW_GROUPS = {"thead", "tbody", "tfoot"}


def looks_like_html(data: bytes) -> bool:
    """Return whether `data` begins as an HTML page does."""
    return _OPENING.match(data[:_CHARSET_WITHIN]) is not None


def read_html(data: bytes, source: str) -> Document:
    """Return the text of the HTML page in `data`, with `outline` and `title` where it has them.

    The charset is that of the byte order mark, else of the page's <meta> or XML declaration, else it is
    detected. An `InputError` names `source` where the page holds no text. Time grows with the page's length.
    """
    tree = parse_html(data, source)
    title = "" if tree is None else _title(tree)
    text, outline, tables = ("", [], []) if tree is None else tree_text(tree)
    if not text.strip():
        raise InputError(f"{source!r} is an HTML page without text; save it from a browser once it is drawn")
    return made(text, source, "html", outline=outline, tables=tables, title=title)


def parse_html(data: bytes, source: str) -> Any:
    """Return the root of the page in `data`, HTML or XHTML; None for a page without any element or text."""
    return _parse(decode(data, source, declared_charset(data)), source)


def tree_text(tree: Any) -> tuple[str, list[list[Any]], list[Table]]:
    """Return the text of the elements of `tree`, its headings as [start, level, title], and its tables.

    A <li> whose `label` is not empty begins with that instead of a dash. The tree is changed.
    """
    _drop(tree)
    mark_scripts(tree)
    laid = _laid(tree)
    page = Page()
    found = _visit(tree, page, laid)
    text = "".join(page.parts)
    outline = [[start, level, text[start:end]] for start, end, level in page.headings if text[start:end].strip()]
    return text, outline, [_table(text, one, found[one]) for one in laid if found[one]]


@dataclass(eq=False)
class _Laid:
    """A table whose rows have one cell a column."""

    names: list[str]
    heads: int
    rows: list[Any]


def _laid(tree: Any) -> list[_Laid]:
    """The tables of data in `tree`, laid on their grids."""
    laid: list[_Laid] = []
    for table in list(tree.iter("table")):
        rows = [row for part in table for row in (part if part.tag in _ROW_GROUPS else (part,)) if row.tag == "tr"]
        if len(rows) < 2 or any(node.tag in LAYOUT for row in rows for node in row.iter()):
            continue
        told = lay_out(table, rows)
        if told is not None:
            laid.append(_Laid(*told, rows))
    return laid


def _table(text: str, laid: _Laid, places: list[tuple[int, int]]) -> Table:
    start, end = places[0][0], places[-1][1]
    head_end = places[laid.heads - 1][1] + 1 if laid.heads else start
    names = laid.names
    note = note_above(text, start) or (names[0] if names and is_unit_note(names[0]) else None)
    return Table(start=start, end=end, header=names, header_end=min(head_end, end), note=note)


def declared_charset(data: bytes) -> str | None:
    """Return the charset that the <meta> or the XML declaration at the beginning of `data` names, if any."""
    found = _CHARSET.search(data[:_CHARSET_WITHIN])
    return (found[1] or found[2]).decode("ascii", "ignore") if found else None


def _parse(markup: str, source: str) -> Any:
    """Return the root of the tree; None for markup without any element or text.

    libxml2 drops what follows </body></html>, which browsers keep, and stops at the 2048th level of depth.
    Such depth comes of inline tags that are never closed, and the text does without these.
    """
    markup = _LONG_TAG.sub(_shortened, markup)
    markup = _LAST_TAGS.sub("", markup.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "\ufffd"))
    for attempt in (markup, _INLINE_TAGS.sub("", markup)):
        tree, whole = _tree(attempt)
        if whole:
            return tree
    raise InputError(f"{source!r} nests its elements more than 2000 deep; save it again from a browser")


def _shortened(tag: re.Match[str]) -> str:
    if len(tag[0]) <= _LONGEST_TAG:
        return tag[0]
    kept = [match[0] for match, _ in zip(_KEPT.finditer(tag[2]), range(_MOST_KEPT), strict=False)]
    return f"<{tag[1]}{''.join(kept)}{' /' if tag[2].endswith('/') else ''}>"


def _tree(markup: str) -> tuple[Any, bool]:
    try:
        from lxml import etree
    except ImportError as error:
        raise MissingExtraError("reading HTML", "html") from error
    parser = etree.HTMLParser(encoding="utf-8", huge_tree=True, no_network=True, remove_comments=True, remove_pis=True)
    try:
        tree = etree.fromstring(markup.encode(), parser)
    except etree.XMLSyntaxError:
        return None, True
    return tree, all(entry.level_name != "FATAL" for entry in parser.error_log)


def _title(tree: Any) -> str:
    # A drawing has titles of its own, deeper down.
    titles = (node for node in tree.iter("title") if node.getparent().tag in ("head", "body", "html"))
    return next((" ".join("".join(node.itertext()).split()) for node in titles), "")


def _walk(tree: Any) -> Any:
    from lxml import etree

    return etree.iterwalk(tree, events=("start", "end"))


def _one_line_rows(tree: Any) -> set[Any]:
    """Return the rows of data in `tree`: two cells or more, and no blocks in them."""
    rows: set[Any] = set()
    open_rows: list[Any] = []
    for event, node in _walk(tree):
        if event == "end":
            if node.tag == "tr":
                open_rows.pop()
        elif node.tag == "tr":
            open_rows.append(node)
            if sum(child.tag in CELLS for child in node) > 1:
                rows.add(node)
        elif node.tag in LAYOUT and open_rows:
            rows.discard(open_rows[-1])
    return rows


def _visit(tree: Any, page: Page, laid: Sequence[_Laid]) -> dict[_Laid, list[tuple[int, int]]]:
    """Write `tree` to `page`, without recursion: depth is bounded by the parser alone. Say where the rows lie."""
    rows = _one_line_rows(tree)
    tables = {row: one for one in laid for row in one.rows}
    found: dict[_Laid, list[tuple[int, int]]] = {one: [] for one in laid}
    for event, node in _walk(tree):
        tag = node.tag
        if event == "end":
            page.close(tag)
            if tag == "tr" and node in tables and node in rows:
                place = page.row()
                found[tables[node]] += [place] if place else []
            page.write(node.tail or "")
        else:
            page.open(tag, node in rows, node.get("label") or "-")
            text = node.text or ""
            page.write(text.removeprefix("\n") if tag in VERBATIM else text)
    return found


def _drop(tree: Any) -> None:
    """Empty what a reader does not read; the text behind it stays."""
    for node in [node for node in tree.iter() if _is_dropped(node)]:
        node.clear(keep_tail=True)


def _is_dropped(node: Any) -> bool:
    if node.tag in _DROPPED or node.tag in _DELETED or node.get("role") in _DROPPED_ROLES:
        return True
    hidden = node.get("hidden")
    if hidden is not None and hidden.lower() != "until-found":
        return node.tag not in ("body", "html")
    style = node.get("style")
    return style is not None and _HIDING.search(style) is not None and node.tag not in ("body", "html")


READER = BytesReader((".html", ".htm"), read_html)
