"""An answer to a question about documents: sentences, each with the places it rests on and what is missing there."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any

from langchain_core.messages import AIMessage
from pydantic import Field

from longdoc.chunkers.readers.base import Box
from longdoc.chunkers.readers.pages import boxes_json, page_words
from longdoc.chunkers.text.span import Span
from longdoc.memory.summaries.summary import Sentence, join_lines
from longdoc.pipelines.render.footnotes import plain, quoted
from longdoc.pipelines.render.notebook import shown_html, shown_markdown

NOT_SAID = "The documents do not say."
Locate = Callable[[], tuple[Box, ...]]
_QUOTE = 100  # characters of a quotation in a line


@dataclass(frozen=True, slots=True)
class Citation:
    """A place that an answer rests on: `quote` is `text[start:end]` of the source.

    `page` is the page that it starts on, from 1, and `page_label` what is printed there, or the number; None for a
    source without pages.
    """

    source: str
    start: int
    end: int
    page: int | None
    quote: str
    page_label: str | None = None
    locate: Annotated[Locate | None, Field(exclude=True)] = field(default=None, repr=False, compare=False)

    @property
    def span(self) -> Span:
        """The place as a span."""
        return Span(self.start, self.end, self.source)

    @property
    def boxes(self) -> tuple[Box, ...]:
        """One rectangle for each line and page, in order; none but for a PDF. Made when asked for."""
        return () if self.locate is None else self.locate()


class Answer(AIMessage):
    """The sentences of an answer, checked one by one, and the places they rest on, in order and each once.

    It is a message, whose `text` is the answer: what parses messages, keeps them or hands them to a model takes it.
    `supported` is True where the documents bear out every sentence; False for "The documents do not say." too.
    `seconds` is the time from the question to the checked answer. Without a chat model `confidence` is how sure it is
    that this answers, from 0 to 1, and `route` says what kind of question it was taken for, why, and what was read.
    """

    sentences: tuple[Sentence, ...] = ()
    supported: bool = False
    citations: tuple[Citation, ...] = ()
    seconds: float = 0.0
    confidence: float | None = None
    route: str = ""

    def __str__(self) -> str:
        """The text alone, which is what a tool gives."""
        return str(self.text)

    def __repr__(self) -> str:
        """One line: how much there is, and how it begins."""
        supported = "" if self.supported else ", not supported"
        cited = f"{len(self.sentences)} sentences, {len(self.citations)} places{supported}"
        return f"<Answer: {cited}; {quoted(str(self.text), _QUOTE)!r}>"

    def _repr_html_(self) -> str:
        return shown_html(self)

    def _repr_markdown_(self) -> str:
        return shown_markdown(self)

    @classmethod
    def of(
        cls,
        sentences: Sequence[Sentence],
        cite: Callable[[Span], Citation],
        seconds: float,
        confidence: float | None = None,
        route: str = "",
    ) -> Answer:
        """An answer of these sentences, each of their spans turned into a citation with `cite`; none say nothing."""
        said = tuple(sentences) or (Sentence(NOT_SAID, (), supported=False),)
        spans = dict.fromkeys(span for sentence in said for span in sentence.spans)
        supported = all(sentence.supported for sentence in said)
        return cls(
            content=join_lines(said),
            sentences=said,
            supported=supported,
            citations=tuple(map(cite, spans)),
            seconds=seconds,
            confidence=confidence,
            route=route,
        )

    def numbers(self, sentence: Sentence) -> list[int]:
        """Where the sentence's places stand among the citations, from 0."""
        places = {citation.span: at for at, citation in enumerate(self.citations)}
        return [places[span] for span in dict.fromkeys(sentence.spans)]


def answer_json(answer: Answer) -> dict[str, Any]:
    """The answer as the JSON object that the command line prints; each sentence's `citations` count from 0."""
    sentences = [
        {
            "text": sentence.line,
            "supported": sentence.supported,
            "problems": list(sentence.problems),
            "citations": answer.numbers(sentence),
        }
        for sentence in answer.sentences
    ]
    citations = [
        {
            "source": one.source,
            "start": one.start,
            "end": one.end,
            "page": one.page,
            "page_label": one.page_label,
            "boxes": boxes_json(one.boxes),
            "quote": one.quote,
        }
        for one in answer.citations
    ]
    return {
        "answer": str(answer.text),
        "supported": answer.supported,
        "sentences": sentences,
        "citations": citations,
        "confidence": None if answer.confidence is None else round(answer.confidence, 3),
        "seconds": round(answer.seconds, 3),
    }


def answer_text(answer: Answer) -> str:
    """The answer for a terminal: numbers from 1 behind each sentence, then a line for each place cited.

    Control characters of the sources are shown as U+FFFD, so that no terminal obeys them.
    """
    marked = " ".join(_marked(sentence, answer.numbers(sentence)) for sentence in answer.sentences)
    places = citation_lines(answer)
    return "\n".join([marked, "", *places] if places else [marked])


def citation_lines(answer: Answer) -> list[str]:
    """A line for each place cited: its number from 1, source, characters, page and quotation."""
    return [f"[{number}] {place_line(one)}" for number, one in enumerate(answer.citations, start=1)]


def doubts(answer: Answer) -> Iterator[str]:
    """A line for each sentence that the documents do not bear out, and why; none for "The documents do not say."."""
    for sentence in answer.sentences:
        if not sentence.supported and sentence.problems:
            yield f'unsupported: "{quoted(sentence.text, _QUOTE)}" ({"; ".join(map(plain, sentence.problems))})'


def _marked(sentence: Sentence, numbers: Sequence[int]) -> str:
    marks = "".join(f"[{number + 1}]" for number in numbers)
    unsupported = not sentence.supported and sentence.problems
    doubt = f"[unsupported: {'; '.join(map(plain, sentence.problems))}]" if unsupported else ""
    return " ".join(filter(None, (plain(sentence.text), marks, doubt)))


def place_line(citation: Citation) -> str:
    """A place cited in a line: source, characters, page and quotation."""
    page = f" {plain(page_words(citation.page, citation.page_label))}".rstrip()
    return f'{plain(citation.source)}:{citation.start}-{citation.end}{page} "{quoted(citation.quote, _QUOTE)}"'
