"""Stages for rows of Ray Data, or of anything that calls a class with batches of columns.

rows = ray.data.read_parquet("reports.parquet")
rows.map_batches(RowSummaries, concurrency=8, fn_constructor_kwargs={"max_tokens": 100}).write_parquet("summaries")
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from langchain_core.documents import Document
from numpy.typing import NDArray

from longdoc.arguments import checked
from longdoc.errors import InputError, LongdocError
from longdoc.memory.summaries.tree_json import tree_to_json
from longdoc.pipelines.summarize.stage import Summarization
from longdoc.pipelines.summarize.summarize import Settings
from longdoc.pipelines.summarizers.registry import loaded_model

Columns = dict[str, NDArray[Any]]


@checked
class RowSummaries:
    """Gives each row of a batch its `summary`, the `tree` below it as JSON, and the `error` of one that failed.

    The text is in the column `text`, its name in `source`, where that is there. Settings are those of `Settings`, the
    model by its name; models are loaded once for each copy, so that Ray keeps one in each actor.
    """

    def __init__(self, text: str = "text", source: str = "source", **settings: Any) -> None:
        model = settings.pop("model", "extractive")
        if not isinstance(model, str):
            raise InputError(f"the model is {model!r}; give it by its name, so that other processes can load it")
        known = loaded_model(model, settings.get("tokenizer"))
        self._stage = Summarization(Settings(model=known, **settings))
        self._text, self._source = text, source

    def __call__(self, batch: Mapping[str, Sequence[Any] | NDArray[Any]]) -> Columns:
        """The batch with three columns more. Raises `InputError` where it has no column of texts."""
        if self._text not in batch:
            raise InputError(f"the rows have the columns {sorted(batch)}; name the one with the text in it as text=")
        texts = list(batch[self._text])
        sources = batch.get(self._source)
        names = [f"row {at + 1}" for at in range(len(texts))] if sources is None else [str(one) for one in sources]
        made = [self._made(text, name) for text, name in zip(texts, names, strict=True)]
        columns = {name: np.asarray(values) for name, values in batch.items()}
        for at, name in enumerate(("summary", "tree", "error")):
            columns[name] = np.array([one[at] for one in made], object)
        return columns

    def _made(self, text: object, name: str) -> tuple[str, str, str]:
        try:
            tree = self._stage.run([Document(str(text or ""), metadata={"source": name})])
        except LongdocError as error:
            return "", "", str(error)
        return tree.summary.text, tree_to_json(tree).decode(), ""
