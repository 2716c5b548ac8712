from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from corpus_made import Here, filled, results, run, text_of
from hypothesis import given, settings
from hypothesis import strategies as st
from langchain_core.documents import Document

from longdoc.errors import CacheError, InputError, MissingExtraError
from longdoc.pipelines.calls.child import Answer
from longdoc.pipelines.corpora.corpus import Corpus
from longdoc.pipelines.corpora.engines.engine import Limits
from longdoc.pipelines.corpora.make import Maker
from longdoc.pipelines.corpora.recipe import Recipe, Task
from longdoc.pipelines.corpora.rows import parquet_rows
from longdoc.pipelines.corpora.whole import tree_over


def test_what_is_done_is_not_done_again_and_a_change_costs_itself_and_its_way_to_the_root(tmp_path: Path) -> None:
    docs, out = filled(tmp_path / "docs", range(6)), tmp_path / "out"
    assert sorted(run(out, docs).made()) == sorted(
        f"docs/{'north' if n % 2 else 'south'}/n{n:02}.txt" for n in range(6)
    )
    assert run(out, docs).tasks == []
    (docs / "north" / "n01.txt").write_text(text_of(1, edit=1), encoding="utf-8")
    again = run(out, docs)
    assert again.made() == ["docs/north/n01.txt"]
    assert again.made("node") == ["docs/north", "docs"]


def test_every_sentence_over_all_is_some_characters_of_its_document(tmp_path: Path) -> None:
    docs, out = filled(tmp_path / "docs", range(6)), tmp_path / "out"
    run(out, docs)
    tree = json.loads((out / "corpus.json").read_bytes())
    assert tree["title"] == "docs"
    assert [child["title"] for child in tree["children"]] == ["docs/north", "docs/south"]
    for node in (tree, *tree["children"]):
        assert node["sentences"]
        for sentence in node["sentences"]:
            [span] = sentence["spans"]
            text = (tmp_path / span["source"]).read_text(encoding="utf-8")
            assert " ".join(text[span["start"] : span["end"]].split()) == sentence["text"]


@settings(max_examples=5)
@given(st.lists(st.tuples(st.sampled_from(["edit", "move", "delete", "add"]), st.integers(0, 5)), max_size=6))
def test_after_any_changes_all_is_as_if_made_at_once(
    tmp_path_factory: pytest.TempPathFactory, changes: list[tuple[str, int]]
) -> None:
    folder = tmp_path_factory.mktemp("corpus")
    docs = filled(folder / "docs", range(4))
    engine = run(folder / "out", docs)
    for step, (kind, number) in enumerate(changes):
        path = docs / ("north" if number % 2 else "south") / f"n{number:02}.txt"
        if kind == "add":
            filled(docs, [number])
        elif path.exists() and kind == "edit":
            path.write_text(text_of(number, edit=step), encoding="utf-8")
        elif path.exists() and kind == "move":
            path.rename(docs / f"moved{step}.txt")
        elif len(list(docs.rglob("*.txt"))) > 1:
            path.unlink(missing_ok=True)
        run(folder / "out", docs, engine=engine, prune=True)
    run(folder / "fresh", docs)
    assert results(folder / "out") == results(folder / "fresh")


def test_unlike_documents_are_each_told_of_whatever_most_of_them_say(tmp_path: Path) -> None:
    docs, out = filled(tmp_path / "docs", range(6)), tmp_path / "out"
    (docs / "form.txt").write_text("First name:\n\nLast name:\n", encoding="utf-8")
    (docs / "story.txt").write_text("The dragon slept under the hill. Nobody dared to wake it.", encoding="utf-8")
    pump = "The pump lifts water from the well to a tank on the roof."
    rights = "The drawings are licensed under the MIT License for anyone who keeps the notice."
    (docs / "pump.txt").write_text(f"{rights} {pump}", encoding="utf-8")
    run(out, docs)
    tree = json.loads((out / "corpus.json").read_bytes())
    sources = [span["source"] for one in tree["sentences"] for span in one["spans"]]
    said = [one["text"] for one in tree["sentences"]]
    assert pump in said
    assert rights not in said
    assert "docs/story.txt" in sources
    assert {Path(one).parent.name for one in sources} == {"north", "south", "docs"}
    assert "docs/form.txt" not in sources
    [north] = [one for one in tree["children"] if one.get("title") == "docs/north"]
    assert {one["spans"][0]["source"] for one in north["sentences"]} == {f"docs/north/n0{n}.txt" for n in (1, 3, 5)}
    with Corpus(out, engine=Here(), max_tokens=60, overall_tokens=5) as corpus:  # no sentence is as short
        corpus.run(docs)
    assert json.loads((out / "corpus.json").read_bytes())["sentences"] == []


def test_a_renamed_document_is_not_even_read(tmp_path: Path) -> None:
    docs, out = filled(tmp_path / "docs", [0, 1]), tmp_path / "out"
    run(out, docs)
    (docs / "south" / "n00.txt").rename(docs / "other.txt")
    engine = Here()
    with Corpus(out, engine=engine, max_tokens=60) as corpus:
        corpus.run(docs)
        [entry] = [one for one in corpus.entries() if one.name == "docs/other.txt"]
        assert corpus.status().gone == 1
    assert engine.made() == ["docs/other.txt"]
    [task] = [one for one in engine.tasks if one.kind == "make"]
    done = Maker(Recipe(str(out), max_tokens=60)).do(Task(**{**_plain(task), "path": "/nowhere.txt"}), _no, 1.0)
    assert done["found"]
    said = json.loads((out / "results" / entry.result).read_bytes())
    assert said["sentences"][0]["spans"][0]["source"] == "docs/other.txt"


def _plain(task: Task) -> dict[str, Any]:
    return {name: getattr(task, name) for name in Task.__dataclass_fields__}


def _no(seconds: float) -> None:
    raise AssertionError("the document was read")


@pytest.mark.parametrize("stop", [1, 3, 5])
def test_what_was_interrupted_goes_on_to_the_same_result(tmp_path: Path, stop: int) -> None:
    docs = filled(tmp_path / "docs", range(4))
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "out", docs, engine=Here(stop_after=stop))
    (tmp_path / "out" / "results" / "half.json.123").write_bytes(b"half")
    finished = run(tmp_path / "out", docs)
    assert len(finished.made()) == max(0, 4 - stop)
    run(tmp_path / "fresh", docs)
    assert results(tmp_path / "out") == results(tmp_path / "fresh")


def test_a_document_that_ends_its_process_is_tried_once_more_alone_and_named(tmp_path: Path) -> None:
    docs, out = filled(tmp_path / "docs", range(3)), tmp_path / "out"
    lost = Answer(error="came to an unexpected end", cause="lost")
    answers = {"docs/north/n01.txt": [lost, lost], "docs/south/n00.txt": [lost]}
    engine = Here(answers)
    with Corpus(out, engine=engine, jobs=2, max_tokens=60, overall_tokens=0) as corpus:
        told = corpus.run(docs)
        assert (told.done, told.failed) == (2, 1)
        [failed] = corpus.entries("failed")
        assert (failed.name, failed.cause) == ("docs/north/n01.txt", "lost")
        assert failed.error == "it came to an unexpected end, twice"
        assert engine.jobs == [2, 1]
        corpus.run(docs)
        assert len(engine.made()) == 5
        assert corpus.retry().failed == 0
        page = corpus.report().read_text(encoding="utf-8")
        assert 'href="results/docs-north-n01.txt-' in page
    assert engine.made()[5:] == ["docs/north/n01.txt"]


def test_a_store_that_fails_in_the_middle_ends_the_run_and_no_document_has_failed(tmp_path: Path) -> None:
    docs, out = filled(tmp_path / "docs", range(4)), tmp_path / "out"
    gone = Answer(error="the Postgres server does not serve the index (no connection)", cause="store")
    with Corpus(out, engine=Here({"docs/south/n02.txt": [gone]}), jobs=2, max_tokens=60) as corpus:
        with pytest.raises(CacheError, match="the Postgres server does not serve the index"):
            corpus.run(docs)
        told = corpus.status()
        assert (told.done, told.failed, told.waiting) == (1, 0, 3)
    assert len(run(out, docs).made()) == 3
    run(tmp_path / "fresh", docs)
    assert results(out) == results(tmp_path / "fresh")


@pytest.mark.parametrize("kept", ["index", "results"])
def test_an_index_or_results_that_cannot_be_written_are_no_fault_of_a_document(tmp_path: Path, kept: str) -> None:
    docs, out = filled(tmp_path / "docs", [0]), tmp_path / "out"
    index = tmp_path / "no folder"
    index.write_bytes(b"")
    settings = {"index": str(index / "index")} if kept == "index" else {}
    if kept == "results":
        out.mkdir()
        (out / "kept").write_bytes(b"")
    with pytest.raises(CacheError, match="no folder" if kept == "index" else "^the results in .* cannot be written"):
        run(out, docs, **settings)
    with Corpus(out) as corpus:
        assert str(corpus.status()) == "0 done, 0 failed, 1 waiting"
    (index if kept == "index" else out / "kept").unlink()
    assert run(out, docs, **settings).made() == ["docs/south/n00.txt"]


def test_rows_and_documents_are_a_corpus_too(tmp_path: Path) -> None:
    rows = [{"id": "one", "text": text_of(1)}, {"text": text_of(2)}, {"no": "text"}]
    (tmp_path / "rows.jsonl").write_text("\n".join(map(json.dumps, rows)) + "\n{ broken\n", encoding="utf-8")
    given = (Document(page_content=text_of(number), metadata={"source": f"d{number}"}) for number in (3, 4))
    with Corpus(tmp_path / "out", engine=Here(), max_tokens=60, overall_tokens=0) as corpus:
        corpus.run([tmp_path / "rows.jsonl", *given])
        states = {entry.name: entry.state for entry in corpus.entries()}
        assert states == {
            **dict.fromkeys(["documents.jsonl#d3", "documents.jsonl#d4", "rows.jsonl#2", "rows.jsonl#one"], "done"),
            **dict.fromkeys(["rows.jsonl#3", "rows.jsonl#4"], "failed"),
        }
        with pytest.raises(InputError, match=r"give Path\('docs'\)"):
            corpus.run("docs")  # type: ignore[arg-type]


def test_which_files_are_documents_and_which_are_named_for_what_they_are(tmp_path: Path) -> None:
    docs = filled(tmp_path / "docs", [0])
    for name, data in {"a.png": b"x", "x/.b.txt": b"x", "bad.pdf": b"no", "big.txt": b"x" * 3000}.items():
        (docs / name).parent.mkdir(exist_ok=True)
        (docs / name).write_bytes(data)
    with Corpus(docs / "out", engine=Here(), limits=Limits(file_bytes=2000), max_tokens=60) as corpus:
        assert corpus.plan(docs).unreadable == 1
        corpus.run(docs)
        failed = {entry.name: entry.error for entry in corpus.entries("failed")}
        assert failed["docs/big.txt"].startswith("it has 3,000 bytes, and a document may have 2,000")
        assert failed["docs/bad.pdf"].startswith("it is not a PDF")
        assert [entry.name for entry in corpus.entries("done")] == ["docs/south/n00.txt"]
        corpus.run(docs, exclude=["big*", "*.pdf"])
        assert {entry.name for entry in corpus.entries("gone")} == {"docs/big.txt", "docs/bad.pdf"}
        corpus.run(docs, include=["south/*"], prune=True)
        assert [entry.name for entry in corpus.entries()] == ["docs/south/n00.txt"]


def test_one_run_at_a_time(tmp_path: Path) -> None:
    docs = filled(tmp_path / "docs", [0])
    one, other = Corpus(tmp_path / "out", engine=Here()), Corpus(tmp_path / "out", engine=Here())
    with one, other, one._alone(), pytest.raises(CacheError, match="another run works in"):
        other.run(docs)


def test_the_processes_of_this_machine_make_the_same_as_this_one(tmp_path: Path) -> None:
    docs = filled(tmp_path / "docs", range(2))
    with Corpus(tmp_path / "out", jobs=1, max_tokens=60) as corpus:
        assert corpus.run(docs).done == 2
    run(tmp_path / "fresh", docs)
    assert results(tmp_path / "out") == results(tmp_path / "fresh")


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ({"index": "postgresql://ann:secret@host/db"}, "put it in PGPASSWORD"),
        ({"cache": "redis://:secret@host:6379/0"}, "put it in REDISCLI_AUTH"),
        ({"cache": "cache"}, "give an address of Redis"),
    ],
)
def test_no_password_is_kept_and_a_shared_cache_is_an_address(setting: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said) as told:
        Recipe("out", **setting)
    assert "secret" not in str(told.value)


def test_what_other_machines_can_reach_is_known() -> None:
    assert Recipe("out").far
    assert Recipe("out", index="postgresql://host/db").far
    assert not Recipe("out", index="index").far
    assert not Recipe("out", model="hf:x").far
    assert Recipe("out", model="hf:x", cache="redis://host").far


def test_rows_of_parquet_are_documents_that_are_named_by_the_file(tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet", reason="pyarrow is not installed")
    arrow = pytest.importorskip("pyarrow")
    table = arrow.table({"id": ["one", None, "three"], "text": [text_of(1), text_of(2), None], "year": [2023, 2024, 1]})
    parquet.write_table(table, tmp_path / "rows.parquet")
    engine = Here()
    with Corpus(tmp_path / "out", engine=engine, max_tokens=60, overall_tokens=0) as corpus:
        corpus.run(tmp_path / "rows.parquet")
        states = {entry.name: entry.state for entry in corpus.entries()}
        assert states == {"rows.parquet#one": "done", "rows.parquet#2": "done", "rows.parquet#three": "failed"}
        parquet.write_table(table.slice(0, 2), tmp_path / "rows.parquet")
        corpus.run(tmp_path / "rows.parquet")
        assert len(engine.made()) == 3
        (tmp_path / "bad.parquet").write_bytes(b"no")
        with pytest.raises(InputError, match="cannot be read as Parquet"):
            corpus.run([tmp_path / "bad.parquet"])
    [rows] = (tmp_path / "out" / "rows").glob("rows.parquet.*")
    assert json.loads(rows.read_bytes().splitlines()[0])["metadata"] == {"year": 2023}


def test_two_parquet_files_of_one_name_are_both_read_and_an_emptied_one_has_no_rows(tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet", reason="pyarrow is not installed")
    arrow = pytest.importorskip("pyarrow")
    paths = [tmp_path / name / "rows.parquet" for name in ("a", "b")]
    told = []
    for number, path in enumerate(paths):
        path.parent.mkdir()
        table = arrow.table({"text": [text_of(number)]})
        parquet.write_table(table, path)
        told.append(parquet_rows(path, tmp_path / "rows").path)
    assert [json.loads(one.read_bytes())["text"] for one in told] == [text_of(0), text_of(1)]
    parquet.write_table(table.slice(0, 0), paths[0])
    assert parquet_rows(paths[0], tmp_path / "rows").path.read_bytes() == b""


def test_without_the_extra_parquet_is_told_in_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    (tmp_path / "rows.parquet").write_bytes(b"PAR1")
    with (
        Corpus(tmp_path / "out", engine=Here()) as corpus,
        pytest.raises(MissingExtraError, match=r"longdoc\[parquet\]"),
    ):
        corpus.run(tmp_path / "rows.parquet")


def test_documents_that_say_the_same_are_neighbours_whatever_their_folders(tmp_path: Path) -> None:
    said = ["Ships came into the harbour at noon.", "The school has nine new teachers of music."]
    for at in range(4):
        path = tmp_path / "docs" / f"f{at % 3}" / f"n{at}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{said[at % 2]} Nobody was hurt in ward {at}.", encoding="utf-8")
    with Corpus(tmp_path / "out", engine=Here(), max_tokens=60, overall_tokens=0) as corpus:
        corpus.run(tmp_path / "docs")
    engine = Here()
    with Corpus(tmp_path / "out", engine=engine, max_tokens=60, overall_tokens=0, group="likeness") as corpus:
        corpus.run(tmp_path / "docs")
        root = tree_over(corpus.entries("done"), corpus.recipe)
    assert len(engine.made()) == 4
    assert root is not None
    order = [int(node.name[-5]) % 2 for node in root.walk() if node.name]
    assert order in ([0, 0, 1, 1], [1, 1, 0, 0])
