"""A digest of the code that makes a summary: part of the key of everything that is kept of one."""

from __future__ import annotations

from longdoc.memory.cache.keys import code_digest

_CODE = (
    "longdoc.chunkers",
    "longdoc.models.cross_encoder",
    "longdoc.models.encoder.layers",
    "longdoc.models.salience",
    "longdoc.memory.summaries",
    "longdoc.pipelines.checks",
    "longdoc.pipelines.digest",
    "longdoc.pipelines.summarize",
    "longdoc.pipelines.summarizers",
    "longdoc.pipelines.units",
    "longdoc.pipelines.wording",
)


def summary_code() -> str:
    """A digest of that code. Loads none of it."""
    return code_digest(*_CODE)
