"""LangChain's habits: its own suites where no other test has them, events, tools, copies for other processes."""

from __future__ import annotations

import inspect
import multiprocessing
import pickle
import runpy
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from fakes import HashEmbeddings
from langchain_core.documents import Document
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.runnables import RunnableLambda
from langchain_core.tools import BaseTool, create_retriever_tool
from langchain_tests.integration_tests import ToolsIntegrationTests
from langchain_tests.unit_tests import ChatModelUnitTests, ToolsUnitTests

import longdoc
from longdoc.chunkers.section import SectionChunker
from longdoc.errors import InputError
from longdoc.memory.cache.encoding_cache import EncodingCache
from longdoc.memory.history.chat_history import ChatHistory
from longdoc.memory.index.document_index import DocumentIndex, IndexRetriever
from longdoc.pipelines.ask.answer import Answer
from longdoc.pipelines.ask.chat import DocumentChat
from longdoc.pipelines.summarize.stage import Summarization
from longdoc.testing import CountingTokenizer, ScriptedChatModel

TEXT = (
    "# Gates\n\nThe north gate opens at high water.\n\n# Berths\n\nShips over ninety metres lie at the outer berths.\n"
)
QUESTION = "When does the north gate open?"


def filled(folder: Path | None = None) -> DocumentIndex:
    index = DocumentIndex(folder, HashEmbeddings(), fingerprint="hash")
    index.put([Document(TEXT, metadata={"source": "harbour.md"})])
    return index


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> DocumentIndex:
    return filled(tmp_path_factory.mktemp("index"))


class TestScripted(ChatModelUnitTests):
    @property
    def chat_model_class(self) -> type[BaseChatModel]:
        return ScriptedChatModel

    @property
    def chat_model_params(self) -> dict[str, Any]:
        return {"replies": ["yes"]}


class _Tool:
    @property
    def tool_constructor(self) -> BaseTool:
        retriever = IndexRetriever(index=filled(), k=1)
        return create_retriever_tool(retriever, "find", "Finds passages of the documents.")

    @property
    def tool_invoke_params_example(self) -> dict[str, Any]:
        return {"query": QUESTION}


class TestToolUnits(_Tool, ToolsUnitTests):
    """A retriever as a tool of an agent."""


class TestToolIntegration(_Tool, ToolsIntegrationTests):
    """The same, called."""


for _, _inherited in inspect.getmembers(TestToolIntegration, inspect.iscoroutinefunction):
    pytest.mark.asyncio(_inherited)


def test_a_script_calls_tools_streamed_or_not_and_tells_what_it_was_offered() -> None:
    call = {"name": "look", "args": {"at": 3}, "id": "1", "type": "tool_call"}
    model = ScriptedChatModel(replies=lambda messages: AIMessage("I look.", tool_calls=[call]))

    def look(at: int) -> str:
        """Looks at a place."""
        return str(at)

    bound = model.bind_tools([look])
    whole = bound.invoke("Where?")
    pieces = list(bound.stream("Where?"))
    streamed = sum(pieces[1:], start=pieces[0])
    assert whole.tool_calls == streamed.tool_calls == [call]
    assert whole.usage_metadata == streamed.usage_metadata
    assert model.tools == [["look"], ["look"]]


@pytest.mark.asyncio
@pytest.mark.parametrize("scripted", [False, True])
async def test_a_chat_tells_what_it_retrieves(scripted: bool, index: DocumentIndex) -> None:
    model = ScriptedChatModel(replies=lambda messages: "The north gate opens at high water. [1]")
    chat = DocumentChat(index, model=model if scripted else "extractive")
    if scripted:
        index.put([Document(f"# Part {n}\n\nWater {n}.", metadata={"source": f"other {n}"}) for n in range(2)])
    chain = RunnableLambda(lambda question: {"question": question}) | chat
    events = [event async for event in chain.astream_events(QUESTION, version="v2")]
    started = [event for event in events if event["event"] == "on_retriever_start"]
    ended = [event for event in events if event["event"] == "on_retriever_end"]
    assert started
    assert [event["run_id"] for event in started] == [event["run_id"] for event in ended]
    assert all(event["parent_ids"] for event in ended)
    found = ended[0]["data"]["output"]
    assert any(one.metadata.get("source") == "harbour.md" for one in found)
    assert events[-1]["event"] == "on_chain_end"


@pytest.mark.asyncio
async def test_a_retriever_of_ones_own_is_told_once(index: DocumentIndex) -> None:
    chat = DocumentChat(IndexRetriever(index=index, kind="chunk"))
    events = [event["event"] async for event in chat.astream_events(QUESTION, version="v2")]
    assert events.count("on_retriever_start") == events.count("on_retriever_end") == 1


def test_texts_and_documents_where_langchain_has_them() -> None:
    index = DocumentIndex.from_texts(["a gate", "a berth"], HashEmbeddings(), [{"n": 1}, {"n": 2}], ids=["x", "y"])
    assert [one.metadata["n"] for one in index.get_by_ids(["x", "y"])] == [1, 2]
    same = DocumentIndex.from_documents([Document("a gate", id="x")], HashEmbeddings())
    assert same.get_by_ids(["x"])[0].page_content == "a gate"
    chunker = SectionChunker(12)
    made = chunker.create_documents([TEXT, "Other."], [{"source": "a", "n": 1}, {"source": "b", "n": 2}])
    assert [(one.metadata["source"], one.metadata["n"]) for one in made][-1] == ("b", 2)
    assert [one.page_content for one in made[:-1]] == chunker.split_text(TEXT)
    assert [one.page_content for one in chunker.create_documents([TEXT])] == chunker.split_text(TEXT)
    with pytest.raises(InputError, match="1 metadatas for 2 texts"):
        chunker.create_documents(["a", "b"], [{}])


def answers(things: tuple[DocumentIndex, IndexRetriever, DocumentChat, Summarization]) -> list[object]:
    index, retriever, chat, stage = things
    found = [one.page_content for one in index.similarity_search("gate", 1) + retriever.invoke("gate")]
    return [*found, chat.ask(QUESTION).text, stage.invoke(TEXT).summary.text, len(chat.history.messages)]  # type: ignore[union-attr]


@pytest.mark.slow
def test_handles_and_stages_go_on_in_a_spawned_process(tmp_path: Path) -> None:
    index = filled(tmp_path / "index")
    chat = DocumentChat(index, history=ChatHistory(tmp_path / "history.db", "s"))
    stage = Summarization(max_tokens=20, cache=EncodingCache(tmp_path / "cache"))
    things = (index, IndexRetriever(index=index, k=1), chat, stage)
    here = answers(things)
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        there = pool.submit(answers, things).result()
    assert there[:-1] == here[:-1]
    assert (here[-1], there[-1]) == (2, 4)


def test_results_and_fakes_are_copied(index: DocumentIndex) -> None:
    tree = longdoc.summarize(TEXT, max_tokens=30)
    answer = DocumentChat(index).ask(QUESTION)
    model = ScriptedChatModel(replies=["one", "two"], tokenizer=CountingTokenizer())
    model.invoke([HumanMessage("Say.")])
    copied = pickle.loads(pickle.dumps(model))
    assert copied.calls == model.calls
    assert copied.invoke("Say.").text == "two"
    assert pickle.loads(pickle.dumps(tree)) == tree
    same: Answer = pickle.loads(pickle.dumps(answer))
    assert (same.sentences, same.citations) == (answer.sentences, answer.citations)


def test_an_index_of_its_own_folder_is_not_copied() -> None:
    with pytest.raises(InputError, match="give it a folder"):
        pickle.dumps(DocumentIndex(embeddings=HashEmbeddings()))


@pytest.mark.slow
def test_a_graph_summarizes_asks_a_person_and_goes_on(capsys: pytest.CaptureFixture[str]) -> None:
    state = runpy.run_path(str(Path(__file__).resolve().parents[2] / "examples" / "summary_review.py"))["state"]
    said = capsys.readouterr().out
    assert said.count("Will it do?") == 2
    assert state["verdict"] == "yes"
    assert state["max_tokens"] == 60
    assert [state["text"][start:end] in state["summary"] for start, end in state["places"]].count(True)
