"""A chat model's reply as claims: its sentences, and the numbers of the passages that each one cites."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left
from dataclasses import dataclass

from langchain_core.messages import AIMessage

from longdoc.chunkers.text.sentences import split_sentences
from longdoc.pipelines.ask.answer import NOT_SAID
from longdoc.pipelines.ask.prompts import FENCE, unfenced
from longdoc.pipelines.summarizers.replies import clean, reply_sentences, without_thoughts

_LABEL = r"(?:(?:passages?|sources?|documents?|ids?|nos?\.?|#)\s*)?"
MARK = re.compile(
    rf"[\[【]\s*{_LABEL}\d{{1,3}}(?:†[^\]】]*)?(?:\s*(?:,|;|&|-|–|and)\s*{_LABEL}\d{{1,3}})*\s*[\]】]", re.IGNORECASE
)
_NUMBERS = re.compile(r"(\d{1,3})(?:†[^\]】,;]*)?(?:\s*[-–]\s*(\d{1,3}))?")
_OPENED = re.compile(r"<(think|thinking|thought|reasoning|analysis|scratchpad)\b[^>]*>", re.IGNORECASE)
_LONGEST = 48  # characters of a mark, a fence or the tag of a thought
_MOST_OF_RANGE = 20


@dataclass(frozen=True, slots=True)
class Claim:
    """A sentence of a reply without its marks, and the numbers in them, in order and each once."""

    text: str
    cited: tuple[int, ...]

    @property
    def is_silence(self) -> bool:
        """Whether it is "The documents do not say." and no more."""
        return _words(self.text) == _words(NOT_SAID)

    @property
    def is_of_silence(self) -> bool:
        """Whether it tells what the documents do not say."""
        return _words(self.text)[: len(_words(NOT_SAID))] == _words(NOT_SAID)


def claims(reply: AIMessage) -> list[Claim]:
    """The claims of a reply; none for one with nothing to read in it.

    A mark belongs to the sentence before it, within or behind its full stop. A preamble is left out, if it is not all.
    """
    said = without_thoughts(unfenced(str(reply.text)))
    text, marks = _unmarked(clean(said))
    if not text:
        text, marks = _unmarked(said.strip())
    ends = [span for span in split_sentences(text) if any(map(str.isalnum, span.of(text)))]
    kept = reply_sentences(reply.model_copy(update={"content": text}))
    kept = kept or [" ".join(span.of(text).split()) for span in ends]
    cited: list[list[int]] = [[] for _ in kept]
    for place, numbers in marks:
        at = max(0, bisect_left([span.start for span in ends], place) - 1)
        if at < len(cited):
            cited[at] += numbers
    return [Claim(one, tuple(dict.fromkeys(numbers))) for one, numbers in zip(kept, cited, strict=True)]


def _unmarked(text: str) -> tuple[str, list[tuple[int, list[int]]]]:
    """The text without marks and the blanks before them, and where in it each mark stood."""
    parts: list[str] = []
    marks: list[tuple[int, list[int]]] = []
    length = last = 0
    for match in MARK.finditer(text):
        parts.append(text[last : match.start()].rstrip())
        length += len(parts[-1])
        marks.append((length, _numbers(match[0])))
        last = match.end()
    return "".join([*parts, text[last:]]), marks


def _numbers(mark: str) -> list[int]:
    found: list[int] = []
    for first, last in _NUMBERS.findall(mark):
        end = int(last) if last else int(first)
        found += range(int(first), min(end, int(first) + _MOST_OF_RANGE) + 1) if end >= int(first) else [int(first)]
    return found


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", unicodedata.normalize("NFC", text).casefold())


class Visible:
    """What of a reply is shown as it comes: without marks, fences and thoughts.

    However the reply is cut into pieces, what is shown is the same.
    """

    def __init__(self) -> None:
        self._held = ""
        self._blank = ""
        self._thought = ""
        self._begun = False

    def read(self, piece: str) -> str:
        """What can be shown now that `piece` has come."""
        self._held += piece
        return self._shown(ended=False)

    def end(self) -> str:
        """What is left to show at the end of the reply."""
        return self._shown(ended=True)

    def _shown(self, ended: bool) -> str:
        shown: list[str] = []
        while self._held and (step := self._step(ended)) is not None:
            shown.append(step)
        return "".join(shown)

    def _step(self, ended: bool) -> str | None:
        """The next stretch to show, "" for one that is not; None where more of the reply has to come first."""
        if self._thought:
            return self._skipped(ended)
        first = self._held[0]
        if first.isspace():
            self._blank += first
            self._held = self._held[1:]
            return ""
        if first in "[【<":
            head = self._held[:_LONGEST]
            if not ended and len(head) < _LONGEST and not any(one in head for one in "]】>"):
                return None
            return self._marked(head)
        run = re.match(r"[^\s\[【<]+", self._held)
        return self._take(run.end() if run else 1)

    def _skipped(self, ended: bool) -> str | None:
        end = re.search(rf"</{self._thought}\s*>", self._held, re.IGNORECASE)
        if end is None:
            self._held = "" if ended else self._held
            return "" if ended else None
        self._held, self._thought = self._held[end.end() :], ""
        return ""

    def _marked(self, head: str) -> str:
        if opened := _OPENED.match(head):
            self._thought = opened[1]
        if found := opened or MARK.match(head) or FENCE.match(head):
            self._held = self._held[found.end() :]
            self._blank = ""
            return ""
        return self._take(1)

    def _take(self, length: int) -> str:
        taken = (self._blank if self._begun else "") + self._held[:length]
        self._held, self._blank, self._begun = self._held[length:], "", True
        return taken
