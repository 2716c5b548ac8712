"""Are the headings of CommonMark's 652 examples those of markdown-it? All that differs was decided so, with a reason.

python benchmarks/commonmark.py SPEC, the file spec.txt of the npm package commonmark-spec
"""

from __future__ import annotations

import argparse
import re
from itertools import pairwise
from pathlib import Path

from markdown_it import MarkdownIt
from table import markdown, publish

from longdoc.chunkers.text.headings import find_headings

_EXAMPLE = re.compile(r"^`{32} example\n(.*?)^\.\n.*?^`{32}$", re.MULTILINE | re.DOTALL)
REASONS = {
    "its level: underlines count in the order of first use, as in reStructuredText, until a # says Markdown": (
        *(59, 84, 89, 90, 91, 96, 102, 103, 141, 86),
    ),
    "in a quotation or a list: it is no part of the document's own outline": (228, 229, 230, 232, 300),
    "without a title": (79,),
    "of several lines, or right below text: no heading, for a table's or a signature's rule looks the same": (
        *(81, 82, 95, 115, 215),
    ),
    "underlined by fewer than three marks: rather a list, or a slip": (83,),
}


def theirs(text: str) -> list[tuple[int, str]]:
    """Level and title of each heading as markdown-it has them."""
    tokens = MarkdownIt("commonmark").parse(text)
    return [(int(token.tag[1]), inline.content) for token, inline in pairwise(tokens) if token.type == "heading_open"]


def main() -> None:
    """Prints and keeps the table; ends with 1 where an example differs that is not in it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("spec", type=Path)
    examples = _EXAMPLE.findall(parser.parse_args().spec.read_text(encoding="utf-8").replace("→", "\t"))
    differing = {
        number
        for number, text in enumerate(examples, 1)
        if theirs(text) != [(heading.level, heading.title) for heading in find_headings(text)]
    }
    decided = {number for numbers in REASONS.values() for number in numbers}
    rows = [
        [reason, ", ".join(map(str, sorted(differing.intersection(numbers))))] for reason, numbers in REASONS.items()
    ]
    publish(
        "commonmark",
        "Headings of CommonMark's examples",
        f"{len(examples) - len(differing)} of {len(examples)} examples have the headings that markdown-it finds. "
        f"The others:\n\n{markdown(('what differs', 'examples'), rows)}",
    )
    if differing != decided:
        raise SystemExit(f"not decided: {sorted(differing - decided)}; differs no more: {sorted(decided - differing)}")


if __name__ == "__main__":
    main()
