from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from longdoc.errors import InputError
from longdoc.memory.summaries.tree_json import tree_from_json
from longdoc.pipelines.corpora.engines.rows import RowSummaries
from longdoc.pipelines.summarize.summarize import summarize

TEXTS = [
    f"The council met on {day} May 2023. It will spend {day} pounds on the school in ward {day}." for day in (1, 2, 3)
]


def test_each_row_has_its_summary_or_its_error() -> None:
    batch = {"source": np.array(["a", "b"]), "text": np.array([TEXTS[0], " "], object), "year": np.array([1, 2])}
    made = RowSummaries(max_tokens=60)(batch)
    assert list(made) == ["source", "text", "year", "summary", "tree", "error"]
    tree = tree_from_json(made["tree"][0].encode())
    assert made["summary"][0] == tree.summary.text
    assert tree.summary.sentences[0].spans[0].source == "a"
    assert made["error"][0] == ""
    assert "b" in made["error"][1]


def test_what_makes_no_sense_is_refused() -> None:
    with pytest.raises(InputError, match=r"columns \['body'\]"):
        RowSummaries()({"body": TEXTS})
    with pytest.raises(InputError, match="by its name"):
        RowSummaries(model=object())


@pytest.mark.slow
@pytest.mark.enable_socket
@pytest.mark.filterwarnings("ignore")
def test_rows_of_ray_data_are_as_rows_here() -> None:
    ray: Any = pytest.importorskip("ray", reason="ray is not installed")
    pytest.importorskip("pyarrow", reason="pyarrow is not installed")
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
    try:
        rows = ray.data.from_items([{"source": f"s{at}", "text": text} for at, text in enumerate(TEXTS)])
        settings = {"max_tokens": 60}
        made = rows.map_batches(RowSummaries, concurrency=1, batch_size=2, fn_constructor_kwargs=settings).take_all()
    finally:
        ray.shutdown()
    said = {row["source"]: row["summary"] for row in made}
    assert said == {f"s{at}": summarize(text, max_tokens=60).summary.text for at, text in enumerate(TEXTS)}
