from __future__ import annotations

from pathlib import Path

import pytest
from chat_server import answering
from corpus_made import Here, filled, results, run

from longdoc.errors import UnavailableError
from longdoc.pipelines.calls.child import Answer
from longdoc.pipelines.corpora.corpus import Corpus

DOWN = Answer(error="the model 'x' cannot be reached; start its server", cause="down")
BUSY = Answer(error="the model 'x' fails (503); see to its server", cause="busy")
LATE = Answer(error="took longer than 1 s", cause="late")
NAMES = [f"docs/{'north' if n % 2 else 'south'}/n{n:02}.txt" for n in range(8)]


@pytest.mark.parametrize("answer", [DOWN, BUSY])
def test_a_model_that_is_down_ends_the_run_after_a_few_documents_and_the_next_goes_on(
    tmp_path: Path, answer: Answer
) -> None:
    docs, out = filled(tmp_path / "docs", range(8)), tmp_path / "out"
    engine = Here({name: [answer] * 9 for name in NAMES[2:]})
    with Corpus(out, engine=engine, jobs=2, max_tokens=60) as corpus:
        with pytest.raises(UnavailableError, match=r"^the model 'x' .*server, then run this again \(\d done, 0 failed"):
            corpus.run(docs)
        told = corpus.status()
    assert (told.failed, told.done + told.waiting) == (0, 8)
    assert len(engine.made()) == told.done + (3 if answer is DOWN else 4)  # and the shortest, which tells
    assert len(run(out, docs).made()) == told.waiting
    run(tmp_path / "fresh", docs)
    assert results(out) == results(tmp_path / "fresh")


def test_a_model_that_failed_for_one_document_is_asked_once_more_and_then_the_document_is_named(tmp_path: Path) -> None:
    docs = filled(tmp_path / "docs", range(8))
    answers = {NAMES[0]: [BUSY], NAMES[3]: [BUSY, BUSY], NAMES[5]: [DOWN]}
    with Corpus(tmp_path / "out", engine=Here(answers), jobs=2, max_tokens=60) as corpus:
        assert (corpus.run(docs).done, corpus.status().failed) == (7, 1)
        assert [(one.name, one.error) for one in corpus.entries("failed")] == [(NAMES[3], BUSY.error)]


def test_long_documents_that_a_model_fails_for_are_named_and_the_others_made(tmp_path: Path) -> None:
    docs = filled(tmp_path / "docs", range(8))
    for name in NAMES[:4]:
        with (tmp_path / name).open("a", encoding="utf-8") as file:
            file.write("\n\nThe plan was read aloud and nobody spoke against it." * 20)
    engine = Here({name: [BUSY] * 2 for name in NAMES[:4]})
    with Corpus(tmp_path / "out", engine=engine, jobs=2, max_tokens=60) as corpus:
        assert (corpus.run(docs).done, corpus.status().failed) == (4, 4)


def test_what_no_document_is_the_cause_of_is_never_a_documents_failure(tmp_path: Path) -> None:
    docs = filled(tmp_path / "docs", [0])
    with Corpus(tmp_path / "out", engine=Here({NAMES[0]: [DOWN] * 2}), max_tokens=60) as corpus:
        with pytest.raises(UnavailableError, match=r"\(0 done, 0 failed, 1 waiting\)"):
            corpus.run(docs)
        assert corpus.run(docs).done == 1


def test_more_documents_at_once_may_meet_the_same_short_outage(tmp_path: Path) -> None:
    docs = filled(tmp_path / "docs", range(8))
    engine = Here({name: [DOWN] for name in NAMES[:4]})
    with Corpus(tmp_path / "out", engine=engine, jobs=4, max_tokens=60, overall_tokens=0) as corpus:
        assert corpus.run(docs).done == 8


def test_documents_that_take_too_long_are_the_models_doing_only_where_one_writes(tmp_path: Path) -> None:
    docs = filled(tmp_path / "docs", range(8))
    answers = {name: [LATE] * 2 for name in NAMES[:4]}
    with Corpus(tmp_path / "out", engine=Here(answers), jobs=2, max_tokens=60) as corpus:
        assert corpus.run(docs).failed == 4
    answers = {name: [LATE] for name in NAMES}
    said = "the model 'hf:x' does not answer in time; see to its server, then"
    with (
        Corpus(tmp_path / "other", engine=Here(answers), jobs=2, model="hf:x") as corpus,
        pytest.raises(UnavailableError, match=said),
    ):
        corpus.run(docs)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"model": "nobody:x"}, "unknown chat model 'nobody:x'"),
        ({"model": "hf:"}, "'' is neither a folder here nor|cannot be reached"),
        ({"model": "openai:x", "max_tokens": 9000}, "max_tokens is 9000, and the model's context leaves 2048"),
        ({"model": "openai:x", "tokenizer": "nobody"}, "nobody"),
        ({"max_tokens": 60, "query": " "}, "the query is blank"),
    ],
)
def test_settings_that_no_document_can_be_made_with_are_no_documents_failure(
    tmp_path: Path, settings: dict[str, object], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    docs = filled(tmp_path / "docs", range(4))
    with Corpus(tmp_path / "out", engine=Here(), jobs=2, **settings) as corpus:
        with pytest.raises(UnavailableError, match=said):
            corpus.run(docs)
        assert str(corpus.status()) == "0 done, 0 failed, 4 waiting"
        with pytest.raises(UnavailableError, match=said):
            corpus.plan(docs)


@pytest.mark.enable_socket
@pytest.mark.allow_hosts(["127.0.0.1", "localhost"])
def test_a_server_that_refuses_is_named_with_its_address_and_what_it_makes_later_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    docs, out = filled(tmp_path / "docs", range(5)), tmp_path / "out"
    with answering() as server:
        monkeypatch.setenv("OPENAI_BASE_URL", f"{server.address}/v1")
        server.status = 404
        with Corpus(out, engine=Here(), jobs=2, model="openai:x", max_tokens=60, overall_tokens=0) as corpus:
            with pytest.raises(
                UnavailableError, match=rf"^the model 'openai:x' at {server.address} is not there \(404"
            ):
                corpus.run(docs)
            assert server.asked == 3
            server.status = 200
            assert corpus.run(docs).done == 5


@pytest.mark.slow
@pytest.mark.enable_socket
@pytest.mark.allow_hosts(["127.0.0.1", "localhost"])
def test_processes_ask_a_server_within_their_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    docs, out = filled(tmp_path / "docs", range(3)), tmp_path / "out"
    with answering() as server, Corpus(out, jobs=1, model="openai:x", max_tokens=60) as corpus:
        monkeypatch.setenv("OPENAI_BASE_URL", f"{server.address}/v1")
        server.status = 401
        with pytest.raises(UnavailableError, match=rf"at {server.address} refuses the key \(401\); set the provider's"):
            corpus.run(docs)
        server.status = 200
        assert corpus.run(docs).done == 3
        assert (out / "corpus.json").exists()
