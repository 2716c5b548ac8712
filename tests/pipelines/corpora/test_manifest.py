from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from longdoc.errors import CacheError
from longdoc.pipelines.corpora.manifest import Entry, Manifest, State
from longdoc.pipelines.corpora.places import result_name
from longdoc.pipelines.corpora.remaining import Remaining

NAMES = st.text(st.characters(codec="utf-8"), min_size=1, max_size=40)
STATES = st.sampled_from(["waiting", "done", "failed", "gone"])


@settings(max_examples=25)
@given(st.dictionaries(NAMES, st.tuples(STATES, st.integers(0, 3)), max_size=30))
def test_the_manifest_is_a_dictionary_by_name(told: dict[str, tuple[str, int]]) -> None:
    entries = {name: Entry(name, f"/x/{name}", size=size, state=state) for name, (state, size) in told.items()}  # type: ignore[arg-type]
    with TemporaryDirectory() as folder:
        manifest = Manifest(Path(folder) / "manifest.sqlite")
        manifest.put(*entries.values())
        manifest.put(*entries.values())
        assert {one.name: one for one in manifest.entries()} == entries
        waiting = [one for one in entries.values() if one.state == "waiting"]
        assert list(manifest.waiting()) == sorted(waiting, key=lambda one: (-one.size, one.name.encode()))
        for state in get_args(State):
            assert getattr(manifest.status(), state) == sum(one.state == state for one in entries.values())
            assert {one.name for one in manifest.entries(state)} == {k for k, v in entries.items() if v.state == state}
        manifest.close()


def test_what_stops_waiting_while_it_is_read_is_not_lost_and_nothing_comes_twice(tmp_path: Path) -> None:
    manifest = Manifest(tmp_path / "manifest.sqlite")
    manifest.put(*(Entry(f"{number:05}", "x", size=number % 7) for number in range(1300)))
    seen = []
    for entry in manifest.waiting():
        seen.append(entry.name)
        manifest.put(replace(entry, state="done"))
    assert sorted(seen) == [f"{number:05}" for number in range(1300)]
    assert [int(name) % 7 for name in seen] == sorted((number % 7 for number in range(1300)), reverse=True)
    manifest.close()


def test_another_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "manifest.sqlite").write_bytes(b"no database at all, but some text" * 100)
    with pytest.raises(CacheError, match="no manifest of a corpus"):
        Manifest(tmp_path / "manifest.sqlite")


@given(NAMES, NAMES)
def test_results_have_safe_names_that_differ_where_their_documents_do(one: str, other: str) -> None:
    first, second = result_name(one, ".json"), result_name(other, ".json")
    assert (first == second) == (one == other)
    assert first == first.lower()
    assert set(first) <= set("abcdefghijklmnopqrstuvwxyz0123456789.-")
    assert 18 <= len(first) <= 80
    assert first[0] not in ".-"


def test_the_time_left_is_that_of_each_kind_and_none_before_it_is_known() -> None:
    remaining = Remaining({".txt": (20, 0), ".pdf": (10, 0)}, jobs=2)
    for _ in range(9):
        remaining.add(".txt", 0, 1.0)
    assert remaining.seconds is None
    remaining.add(".pdf", 0, 8.0)
    assert remaining.seconds == pytest.approx((11 * 1.0 + 9 * 8.0) / 2)
