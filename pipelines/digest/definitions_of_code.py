"""What a file of code defines: the names at its outer level."""

from __future__ import annotations

import re

from longdoc.chunkers.text.span import Span
from longdoc.memory.summaries.summary import Sentence
from longdoc.pipelines.digest.reading import Reading

_OUTER = re.compile(
    r"^(?:export |default |pub(?:\(\w+\))? |public |abstract |final |static |async )*"
    r"(?P<what>class|struct|enum|trait|interface|def|fn|func|function|type)\s+(?P<name>[A-Za-z]\w*)",
    re.MULTILINE,
)
_TYPES = frozenset(("class", "struct", "enum", "trait", "interface", "type"))
_MOST = 12  # names


def defined(reading: Reading) -> list[Sentence]:
    """The types and the functions of the outer level that are not private, each kind a line."""
    found = [match for match in _OUTER.finditer(reading.text) if not match["name"].startswith("_")]
    lines = (
        _line(reading, "Types", [match for match in found if match["what"] in _TYPES]),
        _line(reading, "Functions", [match for match in found if match["what"] not in _TYPES]),
    )
    return [line for line in lines if line is not None]


def _line(reading: Reading, label: str, found: list[re.Match[str]]) -> Sentence | None:
    spans = tuple(Span(*match.span("name"), reading.source) for match in found[:_MOST])
    if not spans:
        return None
    return Sentence(f"{label}: {', '.join(span.of(reading.text) for span in spans)}", spans, label=label)
