"""HTML to text that keeps the block structure of the page, with its headings as an outline.

Blocks are paragraphs with a blank line between; list items are "- item" lines, two spaces deeper for each
list inside a list; a table row is one line with " | " between its cells, unless a cell holds blocks of its
own (the row then lays out the page, and its cells are blocks); <pre> is verbatim and <br> a newline. White
space is collapsed as browsers do. What a reader does not read is dropped: scripts, styles, templates,
<noscript>, the head (its title is kept as metadata), <nav>, search forms by their role, drawings, form
choices. CSS and the `hidden` attribute are not looked at.
"""

from __future__ import annotations

import re
from typing import Any

from langchain_core.documents import Document

from longdoc.chunkers.readers.base import BytesReader
from longdoc.chunkers.readers.decoding import decode
from longdoc.errors import InputError, MissingExtraError

_DROPPED = {
    *("script", "style", "template", "noscript", "head", "title", "nav", "svg", "iframe", "object", "audio"),
    *("video", "canvas", "select", "datalist", "textarea", "annotation", "annotation-xml"),
}
_DROPPED_ROLES = {"navigation", "search"}
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_LISTS = {"ul", "ol", "menu", "dir"}
_CELLS = {"td", "th"}
_VERBATIM = {"pre", "listing", "xmp", "plaintext"}
_SECTIONS = {"section", "article", "main", "header", "footer", "blockquote", "form", "hr", "table", "dl"}
_PARAGRAPHS = {
    *("p", "div", "aside", "address", "figure", "figcaption", "fieldset", "legend", "details", "summary"),
    *("caption", "center", "hgroup", "search", "body", "dialog"),
}
_LINES = {"dt", "dd", "thead", "tbody", "tfoot"}
# How many newlines part a block from what is before and after it.
_BLOCKS = dict.fromkeys(_SECTIONS | _PARAGRAPHS, 2) | dict.fromkeys(_LINES, 1)
_LAYOUT = _SECTIONS | _HEADINGS.keys() | _LISTS | _VERBATIM | {"li"}
_DEEPEST_INDENT = 8

_SPACE = re.compile(r"[ \t\n\r\f]+")
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


def looks_like_html(data: bytes) -> bool:
    """Return whether `data` begins as an HTML page does."""
    return _OPENING.match(data[:_CHARSET_WITHIN]) is not None


def read_html(data: bytes, source: str) -> Document:
    """Return the text of the HTML page in `data`, with `outline` and `title` where it has them.

    The charset is that of the byte order mark, else of the page's <meta> or XML declaration, else it is
    detected. An `InputError` names `source` where the page holds no text. Time grows with the page's length.
    """
    tree = parse_html(data, source)
    text, outline = ("", []) if tree is None else tree_text(tree)
    if not text.strip():
        raise InputError(f"{source!r} is an HTML page without text; save it from a browser once it is drawn")
    metadata: dict[str, Any] = {"source": source, "format": "html"}
    if outline:
        metadata["outline"] = outline
    title = _title(tree)
    if title:
        metadata["title"] = title
    return Document(page_content=text, metadata=metadata)


def parse_html(data: bytes, source: str) -> Any:
    """Return the root of the page in `data`, HTML or XHTML; None for a page without any element or text."""
    return _parse(decode(data, source, declared_charset(data)), source)


def tree_text(tree: Any) -> tuple[str, list[list[Any]]]:
    """Return the text of the elements of `tree`, and its headings as [start, level, title].

    A <li> whose `label` is not empty begins with that instead of a dash.
    """
    page = _Page()
    _visit(tree, page)
    text = "".join(page.parts)
    return text, [[start, level, text[start:end]] for start, end, level in page.headings if text[start:end].strip()]


def declared_charset(data: bytes) -> str | None:
    """Return the charset that the <meta> or the XML declaration at the beginning of `data` names, if any."""
    found = _CHARSET.search(data[:_CHARSET_WITHIN])
    return (found[1] or found[2]).decode("ascii", "ignore") if found else None


def _parse(markup: str, source: str) -> Any:
    """Return the root of the tree; None for markup without any element or text.

    libxml2 drops what follows </body></html>, which browsers keep, and stops at the 2048th level of depth.
    Such depth comes of inline tags that are never closed, and the text does without these.
    """
    markup = _LAST_TAGS.sub("", markup.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "\ufffd"))
    for attempt in (markup, _INLINE_TAGS.sub("", markup)):
        tree, whole = _tree(attempt)
        if whole:
            return tree
    raise InputError(f"{source!r} nests its elements more than 2000 deep; save it again from a browser")


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
            if sum(child.tag in _CELLS for child in node) > 1:
                rows.add(node)
        elif node.tag in _LAYOUT and open_rows:
            rows.discard(open_rows[-1])
    return rows


def _visit(tree: Any, page: _Page) -> None:
    """Write `tree` to `page`, without recursion: depth is bounded by the parser alone."""
    rows = _one_line_rows(tree)
    walk = _walk(tree)
    for event, node in walk:
        tag = node.tag
        if event == "end":
            if not _is_dropped(node):
                page.close(tag)
            page.write(node.tail or "")
        elif _is_dropped(node):
            walk.skip_subtree()
        else:
            page.open(tag, node in rows, node.get("label") or "-")
            text = node.text or ""
            page.write(text.removeprefix("\n") if tag in _VERBATIM else text)


def _is_dropped(node: Any) -> bool:
    return node.tag in _DROPPED or node.get("role") in _DROPPED_ROLES


class _Page:
    """The text of a page as it is written; what parts two texts is owed until the second one comes."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.headings: list[tuple[int, int, int]] = []  # start, end, level
        self._length = 0
        self._newlines = 0  # at the end of what is written
        self._breaks = 0  # newlines owed
        self._space = False  # a space owed
        self._lead = ""  # a bullet or cell separators owed
        self._flat = 0  # open headings and rows of data: blocks in them are parted by spaces
        self._verbatim = 0
        self._lists = 0
        self._rows: list[int | None] = []  # for each open row the cells so far; None if it is not a row of data
        self._open_headings = 0
        self._start: int | None = None  # of the open heading, once it has text

    def open(self, tag: str, one_line: bool, bullet: str = "-") -> None:
        """Begin an element; `one_line` says that it is a row of data, `bullet` what a list item begins with."""
        if tag in _HEADINGS:
            self._open_heading()
        elif tag in _LISTS:
            if self._lists:
                self._close_line()
            else:
                self._part(2)
            self._lists += 1
        elif tag == "li":
            self._open_item(bullet)
        elif tag == "tr":
            self._part(1)
            self._rows.append(0 if one_line else None)
            self._flat += one_line
        elif tag in _CELLS:
            self._open_cell()
        elif tag in _VERBATIM:
            self._part(2)
            self._verbatim += 1
        elif tag == "br":
            self._end_line()
        else:
            self._part(_BLOCKS.get(tag, 0))

    def close(self, tag: str) -> None:
        """End the element that was begun last."""
        if tag in _HEADINGS:
            self._close_heading(_HEADINGS[tag])
        elif tag in _LISTS:
            self._lists -= 1
            self._part(1 if self._lists else 2)
        elif tag == "li":
            self._close_line()
        elif tag == "tr":
            if self._rows.pop() is not None:
                self._flat -= 1
                self._close_line()
            self._part(1)
        elif tag in _VERBATIM:
            self._verbatim -= 1
            self._part(2)
        else:
            self._part(1 if tag in _CELLS else _BLOCKS.get(tag, 0))

    def write(self, text: str) -> None:
        """Add text, its white space collapsed but in <pre>."""
        if self._verbatim and not self._flat:
            self._put(text)
            return
        collapsed = _SPACE.sub(" ", text)
        self._space = self._space or collapsed.startswith(" ")
        words = collapsed.strip(" ")
        if words:
            self._put(words)
            self._space = collapsed.endswith(" ")

    def _put(self, text: str) -> None:
        if not text:
            return
        gap = ""
        if self._length and self._breaks:
            gap = "\n" * (self._breaks - self._newlines)
        elif self._length and self._space and not self._lead:
            gap = " "
        before = gap + self._lead
        if self._open_headings and self._start is None:
            self._start = self._length + len(before)
        self.parts += before, text
        self._length += len(before) + len(text)
        self._newlines = len(text) - len(text.rstrip("\n"))
        self._breaks, self._space, self._lead = 0, False, ""

    def _part(self, newlines: int) -> None:
        """Owe the newlines between two blocks; none after a bullet, and a space within a line."""
        if not newlines:
            return
        if self._flat:
            self._space = True
        elif not self._lead:
            self._breaks = max(self._breaks, newlines)

    def _end_line(self) -> None:
        if self._verbatim and not self._flat:
            self._put("\n")
        else:
            self._part(min(2, self._breaks + 1))

    def _close_line(self) -> None:
        if self._lead and not self._flat:
            self._lead = ""  # nothing came of the bullet or the last separators
        elif not self._flat:
            self._breaks = 0  # a paragraph that ends an item leaves no blank line
        self._part(1)

    def _open_item(self, bullet: str) -> None:
        self._part(1)
        if not self._flat:
            self._lead = "  " * min(max(self._lists - 1, 0), _DEEPEST_INDENT) + bullet + " "

    def _open_cell(self) -> None:
        cells = self._rows[-1] if self._rows else None
        if cells is None:
            self._part(1)
            return
        if cells:
            at_line_start = self._breaks or not self._length or self._lead
            self._lead += "| " if at_line_start else " | "
        self._rows[-1] = cells + 1

    def _open_heading(self) -> None:
        self._part(2)
        self._open_headings += 1
        self._flat += 1

    def _close_heading(self, level: int) -> None:
        self._open_headings -= 1
        self._flat -= 1
        if not self._open_headings and self._start is not None:
            self.headings.append((self._start, self._length, level))
            self._start = None
        self._part(2)


READER = BytesReader((".html", ".htm"), read_html)
