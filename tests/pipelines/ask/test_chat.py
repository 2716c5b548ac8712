from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.chat_history import BaseChatMessageHistory
from langchain_core.documents import Document
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage
from langchain_core.runnables.history import RunnableWithMessageHistory
from langchain_core.tracers import Run
from langchain_core.tracers.base import BaseTracer

import longdoc
from longdoc.errors import BudgetError, InputError, StageError
from longdoc.memory.history.chat_history import ChatHistory
from longdoc.memory.history.message_counter import MessageCounter
from longdoc.memory.index.document_index import DocumentIndex
from longdoc.pipelines.ask.answer import NOT_SAID, Answer, answer_json
from longdoc.pipelines.ask.chat import DocumentChat
from longdoc.pipelines.ask.settings import ChatSettings
from longdoc.pipelines.ask.turn import ChatRequest
from longdoc.pipelines.summarizers.chat import FRAMING
from longdoc.testing import CountingTokenizer, ScriptedChatModel

HARBOUR = """\
# Harbour

The harbour was built in 1843 by the town council. Ships from the north brought timber and salt to it.

# Ice

In winter the ice closed the harbour for two months. The council paid for an ice breaker in 1901.
"""
KITCHEN = """\
# Bread

Bob Carter bakes the bread at six. Flour, water and salt rest overnight in a cool place.
"""
LONG = "\n\n".join(f"# Part {number}\n\nThe lamp of tower {number} shines {number + 7} miles." for number in range(90))
QUESTION = "When was the harbour built?"
TEXTS = {"harbour.md": HARBOUR, "kitchen.md": KITCHEN, "long.md": LONG}
BUILT = "The harbour was built in 1843 by the town council."


class KeptMessages(BaseChatMessageHistory):
    """A history of messages in a list."""

    def __init__(self) -> None:
        self.messages: list[BaseMessage] = []

    def add_messages(self, messages: Sequence[BaseMessage]) -> None:
        self.messages.extend(messages)

    def clear(self) -> None:
        self.messages.clear()


@cache
def index() -> DocumentIndex:
    made = DocumentIndex()
    made.put([Document(text, metadata={"source": source}) for source, text in TEXTS.items()])
    return made


def chat(*replies: str, **given: Any) -> tuple[DocumentChat, ScriptedChatModel]:
    model = ScriptedChatModel(replies=list(replies))
    return DocumentChat(index(), model=model, **given), model


def said(model: ScriptedChatModel, call: int = 0) -> str:
    return str(model.calls[call][-1].content)


def same(ours: Answer, other: Answer) -> bool:
    """Whether two answers differ in the time they took at most."""
    return (ours.text, ours.sentences, ours.citations, ours.supported) == (
        other.text,
        other.sentences,
        other.citations,
        other.supported,
    )


def test_an_answer_cites_the_very_characters() -> None:
    talk, model = chat(f"{BUILT} [1] Bob Carter bakes the bread at six [2].")
    answer = talk.ask(QUESTION, documents=["harbour.md", "kitchen.md"])
    assert answer.text == f"{BUILT} Bob Carter bakes the bread at six."
    assert answer.supported
    assert len(model.calls) == 1
    assert {citation.source for citation in answer.citations} == {"harbour.md", "kitchen.md"}
    for citation in answer.citations:
        assert TEXTS[citation.source][citation.start : citation.end] == citation.quote
    assert answer.seconds > 0


def test_pieces_come_as_the_model_writes_them_and_the_answer_last() -> None:
    talk, _ = chat(f"{BUILT} [1]")
    *pieces, answer = talk.stream_answer(QUESTION)
    assert isinstance(answer, Answer)
    assert len(pieces) == len(BUILT.split())
    assert "".join(map(str, pieces)) == answer.text == BUILT


def test_a_document_that_fits_is_read_whole_and_in_order() -> None:
    talk, model = chat(BUILT)
    talk.ask("bread?", documents=["harbour.md"])
    assert said(model).index("1843") < said(model).index("1901")


def test_of_a_long_document_the_best_passages_are_read() -> None:
    talk, model = chat("The lamp of tower 50 shines 57 miles.", settings=ChatSettings(passages=3, whole_tokens=500))
    answer = talk.ask("How far does the lamp of tower 50 shine?", documents=["long.md"])
    assert "tower 50 shines" in said(model)
    assert said(model).count("</passage-") == 3
    assert answer.supported
    assert LONG[answer.citations[0].start : answer.citations[0].end] == answer.citations[0].quote


def test_whole_tokens_bounds_what_is_read_whole() -> None:
    talk, model = chat(BUILT, settings=ChatSettings(whole_tokens=0, passages=1))
    talk.ask(QUESTION, documents=["harbour.md"])
    assert said(model).count("</passage-") == 1


@pytest.mark.parametrize("context", [500, 800, 2000])
def test_no_prompt_is_over_the_context(context: int) -> None:
    tokenizer = CountingTokenizer()
    settings = ChatSettings(max_tokens=100, context_tokens=context, passages=200, tokenizer=tokenizer)
    turns = [HumanMessage("Is it old? " * 30), AIMessage("It is old. " * 30)] * 9
    talk, model = chat("Is the lamp of the tower old?", "It shines.", settings=settings)
    talk.invoke(ChatRequest("And the lamp of tower 9?", ["long.md"], turns))
    condense, prompt = model.calls
    count = MessageCounter(tokenizer, frame_tokens=FRAMING)
    assert count(condense) + 128 <= context
    assert count(prompt) + 100 <= context
    assert "And the lamp of tower 9?" in str(prompt[-1].content)


def test_an_answer_is_no_longer_than_asked() -> None:
    settings = ChatSettings(max_tokens=24, tokenizer=CountingTokenizer())
    talk, _ = chat(f"{BUILT} [1] " * 40, settings=settings)
    *pieces, answer = talk.stream_answer(QUESTION)
    assert isinstance(answer, Answer)
    assert answer.text == f"{BUILT} {BUILT}"
    assert len("".join(map(str, pieces))) < 1000
    short, _ = chat(BUILT, settings=ChatSettings(max_tokens=4, tokenizer=CountingTokenizer()))
    assert short.ask(QUESTION).text == "The harbour was built..."


@pytest.mark.parametrize(
    "reply", ["The documents do not say.", "the documents do not say", "The documents do not say. [1]"]
)
def test_the_documents_may_be_silent(reply: str) -> None:
    talk, _ = chat(reply)
    answer = talk.ask("Who is the mayor of Paris?")
    assert (answer.text, answer.supported, answer.citations) == (NOT_SAID, False, ())


def test_an_empty_index_is_silent_without_a_call() -> None:
    model = ScriptedChatModel(replies=[])
    answer = DocumentChat(DocumentIndex(), model=model).ask(QUESTION)
    assert answer.text == NOT_SAID
    talk, asked = chat()
    assert talk.ask(QUESTION, documents=[]).text == NOT_SAID
    assert model.calls == asked.calls == []


def test_thoughts_are_neither_shown_nor_checked() -> None:
    talk, _ = chat(f"<think>Eve Stone? [1]</think> {BUILT} [1]")
    *pieces, answer = talk.stream_answer(QUESTION)
    assert "".join(map(str, pieces)) == BUILT
    assert isinstance(answer, Answer)
    assert answer.supported


@pytest.mark.parametrize("reply", ["", "<think>Hm.</think>", "[1]", "***"])
def test_a_reply_with_nothing_in_it_is_an_error(reply: str) -> None:
    talk, _ = chat(reply)
    with pytest.raises(StageError, match="no answer"):
        talk.ask(QUESTION)


def test_a_model_that_fails_is_one_error() -> None:
    model = ScriptedChatModel(replies=[BUILT], errors={1: ConnectionError("the line went dead\nat noon")})
    with pytest.raises(StageError, match=r"the chat model failed: the line went dead$"):
        DocumentChat(index(), model=model).ask(QUESTION)


class TestHistory:
    TURNS: tuple[BaseMessage, ...] = (HumanMessage("Is there a harbour?"), AIMessage("There is one."))

    def test_a_question_is_condensed_only_where_there_is_a_conversation(self) -> None:
        talk, model = chat(BUILT)
        talk.invoke(ChatRequest("When was it built?", history=[]))
        assert len(model.calls) == 1

    def test_the_condensed_question_is_what_is_looked_for(self) -> None:
        settings = ChatSettings(passages=1)
        talk, model = chat("Who bakes the bread?", "Bob Carter bakes the bread at six.", settings=settings)
        answer = talk.invoke({"question": "And who does that?", "history": list(self.TURNS)})
        assert "Is there a harbour?" in said(model)
        assert "And who does that?" in said(model)
        assert "Bob Carter" in said(model, 1)
        assert "And who does that?" in said(model, 1)
        assert "Who bakes the bread?" in said(model, 1)
        assert "There is one." in said(model, 1)
        assert answer.supported

    @pytest.mark.parametrize("failing", ["", "<think>", "word " * 400])
    def test_without_a_usable_rewriting_the_question_is_asked_as_it_is(self, failing: str) -> None:
        talk, model = chat(failing, BUILT)
        answer = talk.invoke(ChatRequest(QUESTION, history=self.TURNS))
        assert answer.text == BUILT
        assert "In other words" not in said(model, 1)

    def test_a_rewriting_that_fails_does_not_stop_the_chat(self) -> None:
        model = ScriptedChatModel(replies=[BUILT], errors={1: ConnectionError("gone")})
        talk = DocumentChat(index(), model=model)
        assert talk.invoke(ChatRequest(QUESTION, history=self.TURNS)).text == BUILT

    def test_questions_and_answers_are_kept(self, tmp_path: Path) -> None:
        kept = ChatHistory(tmp_path / "chats.sqlite3")
        first, _ = chat(BUILT, history=kept)
        answer = first.ask(QUESTION)
        second, model = chat("Was the harbour built by the town council?", "Yes, by the town council.", history=kept)
        second.ask("By whom?")
        assert QUESTION in said(model)
        assert BUILT in said(model)
        reopened = ChatHistory(tmp_path / "chats.sqlite3").messages
        assert [str(one.text) for one in reopened] == [QUESTION, BUILT, "By whom?", "Yes, by the town council."]
        assert reopened[1].additional_kwargs["answer"] == answer_json(answer)

    def test_a_history_of_langchains_own(self) -> None:
        kept = KeptMessages()
        talk, model = chat(BUILT, "Was it built by the council?", "It was.", history=kept)
        talk.ask(QUESTION)
        asyncio.run(talk.aask("By the council?"))
        assert [one.text for one in kept.messages] == [QUESTION, BUILT, "By the council?", "It was."]
        assert QUESTION in said(model, 1)

    def test_a_stream_that_is_left_is_not_kept(self) -> None:
        kept = KeptMessages()
        talk, _ = chat(BUILT, history=kept)
        pieces = talk.stream_answer(QUESTION)
        next(pieces)
        pieces.close()  # type: ignore[attr-defined]
        assert kept.messages == []

    @pytest.mark.filterwarnings("ignore:RunnableWithMessageHistory is deprecated")
    def test_it_works_in_runnable_with_message_history(self) -> None:
        sessions: dict[str, KeptMessages] = {}
        talk, model = chat(BUILT, "Was the harbour built by the town council?", "The town council built the harbour.")
        keeping = RunnableWithMessageHistory(
            talk | answer_json,
            lambda session_id: sessions.setdefault(session_id, KeptMessages()),
            input_messages_key="question",
            history_messages_key="history",
            output_messages_key="answer",
        )
        config: Any = {"configurable": {"session_id": "a"}}
        assert keeping.invoke({"question": QUESTION}, config)["supported"]
        keeping.invoke({"question": "By whom?", "documents": ["harbour.md"]}, config)
        texts = [str(one.text) for one in sessions["a"].messages]
        assert texts == [QUESTION, BUILT, "By whom?", "The town council built the harbour."]
        assert len(model.calls) == 3
        assert BUILT in said(model, 1)


class TestRunnable:
    REPLY = f"{BUILT} [1] It was closed by Eve Stone [7]."

    def test_every_way_to_ask_gives_the_same(self) -> None:
        async def gathered(pieces: AsyncIterator[str | Answer]) -> list[str | Answer]:
            return [piece async for piece in pieces]

        def talk() -> DocumentChat:
            return chat(self.REPLY)[0]

        asked = talk().ask(QUESTION)
        streamed = list(talk().stream_answer(QUESTION))
        others = [
            streamed,
            list(talk().stream(QUESTION)),
            asyncio.run(gathered(talk().astream_answer(QUESTION))),
            asyncio.run(gathered(talk().astream({"question": QUESTION}))),
        ]
        assert not asked.supported
        for pieces in others:
            assert pieces[:-1] == streamed[:-1]
            assert isinstance(pieces[-1], Answer)
            assert same(pieces[-1], asked)
        for answer in (
            talk().invoke(ChatRequest(QUESTION)),
            asyncio.run(talk().aask(QUESTION)),
            asyncio.run(talk().ainvoke({"question": QUESTION, "documents": None})),
            talk().batch([QUESTION])[0],
        ):
            assert same(answer, asked)

    def test_the_model_is_traced_below_the_chat(self) -> None:
        class Runs(BaseTracer):
            def __init__(self) -> None:
                super().__init__()
                self.roots: list[Run] = []

            def _persist_run(self, run: Run) -> None:
                self.roots.append(run)

        for ask in (
            lambda talk, config: talk.invoke(QUESTION, config),
            lambda talk, config: list(talk.stream(QUESTION, config)),
            lambda talk, config: asyncio.run(talk.ainvoke(QUESTION, config)),
        ):
            runs = Runs()
            talk, _ = chat(BUILT)
            ask(talk, {"callbacks": [runs]})
            [root] = runs.roots
            assert (root.name, root.run_type) == ("DocumentChat", "chain")
            assert [child.run_type for child in root.child_runs] == ["retriever", "llm"]
            assert isinstance((root.outputs or {})["output"], Answer)

    def test_tokens_are_told_as_they_come(self) -> None:
        class Tokens(BaseCallbackHandler):
            def __init__(self) -> None:
                self.tokens: list[str] = []

            def on_llm_new_token(self, token: str, **kwargs: Any) -> None:
                self.tokens.append(token)

        tokens = Tokens()
        talk, _ = chat(self.REPLY)
        talk.invoke(QUESTION, {"callbacks": [tokens]})
        assert "".join(tokens.tokens) == self.REPLY

    def test_it_is_piped(self) -> None:
        talk, _ = chat(BUILT)
        assert (talk | answer_json).invoke(QUESTION)["answer"] == BUILT


class TestInput:
    @pytest.mark.parametrize("question", ["", "  \n", None, 3])
    def test_a_blank_question(self, question: Any) -> None:
        talk, _ = chat()
        with pytest.raises(InputError, match=r"say in words|question of DocumentChat\.ask is .*; give a text"):
            talk.ask(question)

    @pytest.mark.parametrize("given", [{}, {"input": "When?"}, {"question": "When?", "k": 3}])
    def test_a_dict_of_other_things(self, given: dict[str, Any]) -> None:
        talk, _ = chat()
        with pytest.raises(InputError, match="give question"):
            talk.invoke(given)

    def test_documents_that_are_not_there(self) -> None:
        talk, _ = chat()
        with pytest.raises(InputError, match=r"no document 'no\.md'; it has 'harbour\.md'"):
            talk.ask(QUESTION, documents=["no.md"])
        with pytest.raises(InputError, match=r"documents of DocumentChat\.ask is 'harbour\.md'; give a list of texts"):
            talk.ask(QUESTION, documents="harbour.md")

    def test_a_question_longer_than_the_context(self) -> None:
        talk, model = chat(settings=ChatSettings(max_tokens=10, context_tokens=300))
        with pytest.raises(BudgetError, match="shorten the question"):
            talk.ask("word " * 400)
        assert model.calls == []

    @pytest.mark.parametrize(
        ("given", "named"),
        [
            ({"max_tokens": 0}, "max_tokens is 0"),
            ({"passages": 0}, "passages is 0"),
            ({"overviews": -1}, "overviews is -1"),
            ({"whole_tokens": -1}, "whole_tokens is -1"),
            ({"context_tokens": 300}, "context_tokens is 300"),
            ({"history_share": 1.5}, "history_share is 1.5"),
        ],
    )
    def test_settings_that_cannot_be(self, given: dict[str, Any], named: str) -> None:
        with pytest.raises(BudgetError, match=named):
            ChatSettings(**given)


class TestSources:
    def test_summaries_are_read_and_what_rests_on_them_cites_the_source(self) -> None:
        document = Document(HARBOUR, metadata={"source": "harbour.md"})
        held = DocumentIndex()
        held.put([document], {"harbour.md": longdoc.summarize(document, max_tokens=40)})
        model = ScriptedChatModel(replies=[f"{BUILT} [1][2][3]"])
        answer = DocumentChat(held, model=model, settings=ChatSettings(whole_tokens=0, passages=1)).ask(QUESTION)
        assert "harbour.md, summary of" in said(model)
        assert answer.supported
        assert [citation.quote for citation in answer.citations] == [BUILT]
        assert HARBOUR[answer.citations[0].start : answer.citations[0].end] == BUILT

    def test_passages_without_a_place_are_cited_by_their_id(self) -> None:
        held = DocumentIndex()
        held.add_texts([BUILT, "Bread is baked at six."], ids=["one", "two"])
        answer = DocumentChat(held, model=ScriptedChatModel(replies=[BUILT])).ask(QUESTION)
        [citation] = answer.citations
        assert (citation.source, citation.start, citation.quote) == ("one", 0, BUILT)

    def test_pages_are_those_that_the_places_begin_on(self) -> None:
        at = HARBOUR.index("# Ice")
        held = DocumentIndex()
        held.put([Document(HARBOUR, metadata={"source": "h.pdf", "pages": [0, at]})])
        ice = "In winter the ice closed the harbour for two months."
        model = ScriptedChatModel(replies=[f"{BUILT} {ice}"] * 2)
        own = DocumentChat(held, model=model).ask(QUESTION)
        given = DocumentChat(held, model=model, texts={"h.pdf": HARBOUR}, pages={"h.pdf": [0, at]}).ask(QUESTION)
        assert [citation.page for citation in own.citations] == [1, 2]
        assert own.citations == given.citations

    def test_a_document_known_by_an_id_of_its_own(self) -> None:
        held = DocumentIndex()
        held.put([Document(HARBOUR, id="7", metadata={"source": "harbour.md"})])
        answer = DocumentChat(held, model=ScriptedChatModel(replies=[BUILT])).ask(QUESTION, documents=["7"])
        assert [(one.source, one.quote) for one in answer.citations] == [("harbour.md", BUILT)]


def test_the_index_may_have_any_embeddings() -> None:
    from fakes import HashEmbeddings

    held = DocumentIndex(embeddings=HashEmbeddings())
    held.put([Document(HARBOUR, metadata={"source": "harbour.md"})])
    assert DocumentChat(held, model=ScriptedChatModel(replies=[BUILT])).ask(QUESTION).supported


def pieces_of(answers: Iterator[str | Answer]) -> list[str]:
    return [piece for piece in answers if isinstance(piece, str)]


class TestExtractive:
    def test_the_answer_is_in_the_documents_own_words(self) -> None:
        answer = DocumentChat(index()).ask(QUESTION)
        assert BUILT in answer.text
        assert answer.supported
        for sentence in answer.sentences:
            [span] = sentence.spans
            assert sentence.text == TEXTS[span.source][span.start : span.end]

    def test_the_pieces_are_the_answer(self) -> None:
        talk = DocumentChat(index())
        assert "".join(pieces_of(talk.stream_answer(QUESTION))) == talk.ask(QUESTION).text

    def test_what_is_not_there_is_not_said(self) -> None:
        held = DocumentIndex()
        held.put([Document(KITCHEN, metadata={"source": "kitchen.md"})])
        talk = DocumentChat(held)
        answer = talk.ask("Which quantum error correction codes tolerate photon loss?")
        assert answer.text == NOT_SAID
        assert pieces_of(talk.stream_answer("Which quantum codes tolerate photon loss?")) == [NOT_SAID]

    def test_a_pronoun_is_looked_up_with_the_question_before(self) -> None:
        turns = [HumanMessage("Tell me about the ice breaker."), AIMessage("There was one.")]
        answer = DocumentChat(index()).invoke(ChatRequest("When did the council pay for it?", history=turns))
        assert "1901" in answer.text

    def test_async_is_the_same(self) -> None:
        talk = DocumentChat(index())
        assert same(asyncio.run(talk.aask(QUESTION)), talk.ask(QUESTION))
