"""Questions over HTTP: streamed as they are written, checked, remembered, bounded, and ended with the client."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGenerationChunk, ChatResult
from starlette.types import Message

from longdoc.pipelines.ask.answer import NOT_SAID
from longdoc.server.answers import EventStream, Outbox
from longdoc.server.bodies import SummaryOrder
from longdoc.server.library import Library
from longdoc.server.settings import Limits, ServerSettings
from longdoc.server.streams import summarize
from longdoc.testing import ScriptedChatModel

BOOK = b"# Ships\n\nThe Pequod was commanded by Captain Ahab. It sailed from Nantucket.\n"
OTHER = b"# Boats\n\nThe Nautilus was commanded by Captain Nemo.\n"
QUESTION = "Who commanded the Pequod?"
SENTENCE = "The Pequod was commanded by Captain Ahab."


class Waiting(BaseChatModel):
    """A chat model that says a word and then nothing, until it is told to end or is cancelled."""

    begun: Any = None
    cancelled: Any = None
    end: Any = None

    @property
    def _llm_type(self) -> str:
        return "waiting"

    def _generate(self, messages: list[BaseMessage], stop: Any = None, run_manager: Any = None, **_: Any) -> ChatResult:
        raise AssertionError("it is streamed")

    async def _astream(
        self, messages: list[BaseMessage], stop: Any = None, run_manager: Any = None, **_: Any
    ) -> AsyncIterator[ChatGenerationChunk]:
        yield ChatGenerationChunk(message=AIMessageChunk(content="The "))
        self.begun.set()
        try:
            while not self.end.is_set():
                await asyncio.sleep(0)
        except asyncio.CancelledError:
            self.cancelled.set()
            raise
        yield ChatGenerationChunk(message=AIMessageChunk(content="documents do not say."))


def waiting() -> Waiting:
    return Waiting(begun=threading.Event(), cancelled=threading.Event(), end=threading.Event())


def test_an_answer_is_a_place_in_a_document(start: Any, parsed: Callable[[str], Any]) -> None:
    server = start()
    book, _ = (server.added(name, data)["id"] for name, data in (("ships.md", BOOK), ("boats.md", OTHER)))
    answer = server.post("/api/questions", json={"question": QUESTION})
    assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
    *texts, (last, told) = parsed(answer.text)
    assert {name for name, _ in texts} == {"text"}
    assert "".join(data["text"] for _, data in texts) == told["answer"]
    assert (last, told["supported"]) == ("answer", True)
    at = BOOK.decode().index(SENTENCE)
    place = {
        "source": book,
        "name": "ships.md",
        "start": at,
        "end": at + len(SENTENCE),
        "page": None,
        "quote": SENTENCE,
    }
    assert any(place.items() <= citation.items() for citation in told["citations"])


def test_only_the_documents_named_are_asked(start: Any) -> None:
    server = start()
    ships, boats = (server.added(name, data)["id"] for name, data in (("ships.md", BOOK), ("boats.md", OTHER)))
    for asked, others in ((ships, boats), (boats, ships)):
        told = server.asked("Who was the captain in command?", documents=[asked])
        assert {citation["source"] for citation in told["citations"]} <= {asked}
        assert others not in str(told)
    unknown = server.post("/api/questions", json={"question": QUESTION, "documents": ["a" * 32]})
    assert (unknown.status_code, unknown.json()) == (404, {"error": "there is no such document"})


def test_a_server_without_documents_does_not_know(start: Any) -> None:
    told = start().asked(QUESTION)
    assert (told["answer"], told["supported"], told["citations"]) == (NOT_SAID, False, [])


def test_a_conversation_is_kept_until_it_is_deleted(start: Any) -> None:
    server = start()
    id = server.added("ships.md", BOOK)["id"]
    told = server.asked(QUESTION, conversation="c-one")
    server.asked("Where did it sail from?", conversation="c-two")
    said = server.get("/api/conversations/c-one").json()
    assert said == [
        {"role": "user", "text": QUESTION, "answer": None},
        {"role": "assistant", "text": told["answer"], "answer": told},
    ]
    assert server.delete(f"/api/documents/{id}").status_code == 204
    kept = server.get("/api/conversations/c-one").json()[1]["answer"]["citations"]
    assert {citation["name"] for citation in kept} == {None}
    assert server.delete("/api/conversations/c-one").status_code == 204
    assert server.get("/api/conversations/c-one").json() == []
    assert len(server.get("/api/conversations/c-two").json()) == 2


def test_conversations_take_at_most_so_many_bytes(start: Any) -> None:
    server = start(limits=Limits(conversation_bytes=80_000))
    server.added("ships.md", BOOK)
    body = {"question": f"{QUESTION} {' '.join(f'Or {place}?' for place in range(400))}", "conversation": "c-one"}
    answers = [server.post("/api/questions", json=body)]
    while answers[-1].status_code == 200:
        answers.append(server.post("/api/questions", json=body))
    assert len(answers) > 1
    assert answers[-1].status_code == 409
    assert "80,000 bytes" in answers[-1].json()["error"]
    assert server.post("/api/questions", json={"question": QUESTION}).status_code == 200
    assert server.delete("/api/conversations/c-one").status_code == 204
    assert server.post("/api/questions", json=body).status_code == 200


@pytest.mark.parametrize("name", ["c-", "x", "c-a b", "c-..%2f", "c-" + "a" * 65, "c-é", "c-a%0a"])
def test_a_conversation_has_a_plain_name(server: Any, name: str) -> None:
    for method in ("GET", "DELETE"):
        assert server.request(method, f"/api/conversations/{name}").status_code in (400, 404)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"question": ""},
        {"question": " \n"},
        {"question": "x" * 4001},
        {"question": "Who?", "documents": []},
        {"question": "Who?", "documents": ["../../x"]},
        {"question": "Who?", "documents": "a"},
        {"question": "Who?", "conversation": "../x"},
        {"question": "Who?", "model": "openai:gpt"},
    ],
)
def test_a_question_that_is_none_is_refused(server: Any, body: dict[str, Any]) -> None:
    answer = server.post("/api/questions", json=body)
    assert answer.status_code == 400
    assert list(answer.json()) == ["error"]


def test_a_model_that_fails_ends_the_stream_without_its_secrets(start: Any, parsed: Callable[[str], Any]) -> None:
    failing = ScriptedChatModel(replies=["x"], error=ConnectionError("key sk-secret at /etc/secret"), error_rate=1.0)
    server = start(failing)
    server.added("ships.md", BOOK)
    answer = server.post("/api/questions", json={"question": QUESTION})
    told = parsed(answer.text)
    assert told[-1] == ("error", {"error": "the server or its model could not finish; the server's log says why"})
    assert "secret" not in answer.text


def test_a_chat_model_streams_and_is_checked(start: Any, parsed: Callable[[str], Any]) -> None:
    model = ScriptedChatModel(replies=lambda messages: "The Pequod was commanded by Captain Ahab [1].")
    server = start(model)
    server.added("ships.md", BOOK)
    told = server.asked(QUESTION)
    assert (told["answer"], told["supported"]) == (SENTENCE, True)
    assert told["citations"][0]["quote"] == SENTENCE


def test_more_questions_than_there_is_room_for_come_again(start: Any) -> None:
    model = waiting()
    server = start(model, limits=Limits(questions=1))
    server.added("ships.md", BOOK)
    first = threading.Thread(target=server.post, args=("/api/questions",), kwargs={"json": {"question": QUESTION}})
    first.start()
    model.begun.wait()
    second = server.post("/api/questions", json={"question": QUESTION, "conversation": "c-two"})
    model.end.set()
    first.join()
    assert server.get("/api/conversations").json() == []
    assert (second.status_code, second.headers["retry-after"]) == (429, "1")
    assert second.json() == {"error": "1 questions are under way, the most at once; try again soon"}
    assert server.post("/api/questions", json={"question": QUESTION}).status_code == 200


def test_a_conversation_that_is_deleted_while_it_is_answered_stays_deleted(start: Any) -> None:
    model = waiting()
    server = start(model)
    server.added("ships.md", BOOK)
    told = {"json": {"question": QUESTION, "conversation": "c-one"}}
    first = threading.Thread(target=server.post, args=("/api/questions",), kwargs=told)
    first.start()
    model.begun.wait()
    assert server.delete("/api/conversations/c-one").status_code == 204
    model.end.set()
    first.join()
    assert server.get("/api/conversations/c-one").json() == []
    assert server.asked(QUESTION, conversation="c-one")["message"] == 2


def test_an_answer_has_its_time(start: Any, parsed: Callable[[str], Any]) -> None:
    server = start(waiting(), limits=Limits(answer_seconds=0.5))
    server.added("ships.md", BOOK)
    told = parsed(server.post("/api/questions", json={"question": QUESTION}).text)
    assert told[-1] == ("error", {"error": "the answer took longer than 0.5 s"})


@pytest.mark.asyncio
async def test_a_client_that_goes_ends_the_model_and_gives_its_place_back() -> None:
    gone, ended, left = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def make(outbox: Outbox) -> None:
        await outbox.put("text", {"text": "a\nb\ud800"})
        gone.set()
        try:
            await asyncio.Event().wait()
        finally:
            assert outbox.stopped.is_set()
            ended.set()

    async def receive() -> Message:
        await gone.wait()
        return {"type": "http.disconnect"}

    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    await EventStream(make, left.set)({"type": "http"}, receive, send)
    assert ended.is_set()
    assert left.is_set()
    assert sent[0]["status"] == 200
    assert sent[1]["body"] == b'event: text\ndata: {"text": "a\\nb\\ud800"}\n\n'


@pytest.mark.asyncio
async def test_a_summary_that_no_one_reads_stops_at_its_next_step(tmp_path: Path) -> None:
    library = Library(ServerSettings(tmp_path))
    with library.shelf.adding() as arriving:
        arriving.write(BOOK)
        held = arriving.finish("ships.md")
    library.read_soon(held)
    while (read := library.shelf.get(held.id)) is None or read.status == "reading":
        await asyncio.sleep(0)
    sent: list[bytes] = []

    async def send(event: bytes) -> None:
        sent.append(event)

    outbox = Outbox(send, sent.append)
    outbox.stopped.set()
    await summarize(library, read, SummaryOrder(), asyncio.Lock(), outbox)
    assert [event.split(b"\n")[0] for event in sent] == [b"event: error"]
    assert library.shelf.summary(read) is None
    library.close()
