"""Word's formulas (OMML) in one line of text, as one would type them: (a+b)/c, x_i^2, √(x), ∑_(i=1)^n."""

from __future__ import annotations

from typing import Any


def linear(node: Any) -> str:
    """Return the formula under `node`, such as an <oMath>, in one line."""
    return " ".join(_children(node).split())


def _children(node: Any) -> str:
    # A list, unlike a generator, is made before the join, whose frame would count at each level of depth.
    return "" if node is None else "".join([*map(_one, node)])


def _one(node: Any) -> str:
    write = _WRITERS.get(node.tag)
    if write is not None:
        return write(node)
    if node.tag == "t":
        return (node.text or "").replace("\u2061", " ")  # U+2061, "function application", is not seen
    return "" if node.tag.endswith("Pr") else _children(node)


def _part(node: Any, tag: str) -> str:
    return _children(node.find(tag))


def _grouped(text: str) -> str:
    """Return `text` in brackets unless it is one word or number, or has them."""
    text = text.strip()
    if text.replace(".", "").isalnum() or len(text) < 2 or _is_bracketed(text):
        return text
    return f"({text})"


def _is_bracketed(text: str) -> bool:
    depth = 0
    for index, letter in enumerate(text):
        depth += (letter == "(") - (letter == ")")
        if not depth:
            return text[0] == "(" and index == len(text) - 1
    return False


def _fraction(node: Any) -> str:
    return f"{_grouped(_part(node, 'num'))}/{_grouped(_part(node, 'den'))}"


def _scripts(node: Any) -> str:
    below, above = _part(node, "sub"), _part(node, "sup")
    scripts = (f"_{_grouped(below)}" if below.strip() else "") + (f"^{_grouped(above)}" if above.strip() else "")
    return _part(node, "e") + scripts if node.tag != "sPre" else scripts + _part(node, "e")


def _nary(node: Any) -> str:
    below, above = _part(node, "sub"), _part(node, "sup")
    limits = (f"_{_grouped(below)}" if below.strip() else "") + (f"^{_grouped(above)}" if above.strip() else "")
    return f"{_property(node, 'naryPr', 'chr', '∫')}{limits} {_part(node, 'e')}"


def _root(node: Any) -> str:
    degree = _part(node, "deg").strip()
    return f"{degree if degree not in ('', '2') else ''}√({_part(node, 'e').strip()})"


def _delimited(node: Any) -> str:
    begin, end = _property(node, "dPr", "begChr", "("), _property(node, "dPr", "endChr", ")")
    between = _property(node, "dPr", "sepChr", "|")
    return begin + between.join([*map(_children, node.iterchildren("e"))]) + end


def _function(node: Any) -> str:
    return f"{_part(node, 'fName').strip()} {_grouped(_part(node, 'e'))}"


def _limit(node: Any) -> str:
    return f"{_part(node, 'e').strip()}{'_' if node.tag == 'limLow' else '^'}{_grouped(_part(node, 'lim'))}"


def _matrix(node: Any) -> str:
    rows = (", ".join(_children(cell) for cell in row.iterchildren("e")) for row in node.iterchildren("mr"))
    return "; ".join(rows)


def _equations(node: Any) -> str:
    return "; ".join([*map(_children, node.iterchildren("e"))])


def _property(node: Any, properties: str, name: str, default: str) -> str:
    found = node.find(f"{properties}/{name}")
    return default if found is None else str(found.get("val", ""))


_WRITERS = {
    "f": _fraction,
    "sSub": _scripts,
    "sSup": _scripts,
    "sSubSup": _scripts,
    "sPre": _scripts,
    "nary": _nary,
    "rad": _root,
    "d": _delimited,
    "func": _function,
    "limLow": _limit,
    "limUpp": _limit,
    "m": _matrix,
    "eqArr": _equations,
}
