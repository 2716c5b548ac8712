from __future__ import annotations

import json

from longdoc.chunkers.text.span import Span
from longdoc.memory.summaries.summary import Sentence
from longdoc.pipelines.ask.answer import NOT_SAID, Answer, Citation, answer_json, answer_text, doubts

TEXT = "Ships came. The harbour was\nbuilt in 1843. It is deep."
NO_PLACE: dict[str, object] = {"page_label": None, "boxes": []}
FIRST, SECOND = Span(0, 11, "a.md"), Span(12, 42, "a.md")


def cite(span: Span) -> Citation:
    return Citation(span.source, span.start, span.end, 3 if span == SECOND else None, span.of(TEXT))


ANSWER = Answer.of(
    [
        Sentence("It was built in 1843.", (SECOND,)),
        Sentence("Ships  came\nin 1900.", (FIRST, SECOND), False, ("number 1900 is not in the source",)),
        Sentence("It is deep.", (Span(43, 54, "a.md"),)),
    ],
    cite,
    1.23456,
)


def test_each_place_is_cited_once_and_in_order() -> None:
    assert [citation.span for citation in ANSWER.citations] == [SECOND, FIRST, Span(43, 54, "a.md")]
    assert [ANSWER.numbers(sentence) for sentence in ANSWER.sentences] == [[0], [1, 0], [2]]
    assert all(TEXT[one.start : one.end] == one.quote for one in ANSWER.citations)


def test_it_is_supported_where_every_sentence_is() -> None:
    assert not ANSWER.supported
    assert Answer.of(ANSWER.sentences[:1], cite, 0.0).supported


def test_no_sentences_are_the_documents_silence() -> None:
    silent = Answer.of((), cite, 0.5)
    assert silent.text == NOT_SAID
    assert (silent.supported, silent.citations, list(doubts(silent))) == (False, (), [])
    assert answer_text(silent) == NOT_SAID


def test_the_json_is_what_is_documented() -> None:
    made = json.loads(json.dumps(answer_json(ANSWER)))
    assert made == {
        "answer": "It was built in 1843. Ships came in 1900. It is deep.",
        "supported": False,
        "sentences": [
            {"text": "It was built in 1843.", "supported": True, "problems": [], "citations": [0]},
            {
                "text": "Ships came in 1900.",
                "supported": False,
                "problems": ["number 1900 is not in the source"],
                "citations": [1, 0],
            },
            {"text": "It is deep.", "supported": True, "problems": [], "citations": [2]},
        ],
        "citations": [
            {
                "source": "a.md",
                "start": 12,
                "end": 42,
                "page": 3,
                **NO_PLACE,
                "quote": "The harbour was\nbuilt in 1843.",
            },
            {"source": "a.md", "start": 0, "end": 11, "page": None, **NO_PLACE, "quote": "Ships came."},
            {"source": "a.md", "start": 43, "end": 54, "page": None, **NO_PLACE, "quote": "It is deep."},
        ],
        "confidence": None,
        "seconds": 1.235,
    }


def test_the_text_has_numbers_marks_and_places() -> None:
    assert answer_text(ANSWER).splitlines() == [
        "It was built in 1843. [1] Ships came in 1900. [2][1] [unsupported: number 1900 is not in the source] "
        "It is deep. [3]",
        "",
        '[1] a.md:12-42 page 3 "The harbour was built in 1843."',
        '[2] a.md:0-11 "Ships came."',
        '[3] a.md:43-54 "It is deep."',
    ]
    assert list(doubts(ANSWER)) == ['unsupported: "Ships came in 1900." (number 1900 is not in the source)']


def test_a_terminal_obeys_nothing() -> None:
    evil = Answer.of([Sentence("\x1b[2JGone.", (), False, ("\x1b]0;x\x07",))], cite, 0.0)
    assert not any(ord(one) < 32 and one != "\n" for one in answer_text(evil) + "".join(doubts(evil)))
