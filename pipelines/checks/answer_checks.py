"""Each claim of an answer against the passages: where it stands, and what of it is not there.

A claim that is in a passage word for word, else word for word but for case, white space and kinds of quotes and
dashes, has its very place. Any other is aligned, and its numbers, dates, names and quotations are looked for apart,
first in the passages that it cites. Where these do not bear it out, one passage has to, or two that follow each
other: facts out of many places are not put together for a claim that does not cite them.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import replace

from longdoc.chunkers.text.sentences import split_sentences
from longdoc.chunkers.text.span import Span
from longdoc.memory.summaries.summary import Sentence
from longdoc.pipelines.checks.cite import Citer, Encoder
from longdoc.pipelines.checks.claims import Claim
from longdoc.pipelines.checks.facts import facts
from longdoc.pipelines.checks.injections import without_orders
from longdoc.pipelines.checks.swaps import likeness, swapped
from longdoc.pipelines.checks.words import content_words
from longdoc.pipelines.summarizers.protocol import Passage

_VERBATIM = 4  # words from which on a claim's own words are its proof
_TELLING = 0.8  # of the words, names and numbers aside, that the best passages share with a claim
_TOLD = 0.5  # of a claim's words: fewer in its passages, and only the vectors can speak for it
_MEANT = 0.65  # cosine
_ALIKE = str.maketrans("’‘‛′“”„«»–—‐‑−", '\'\'\'\'"""""-----')


class Checker:
    """Checks claims against numbered passages; each number stands for one or more stretches of source text."""

    def __init__(self, encoder: Encoder, numbered: Sequence[Sequence[Passage]]) -> None:
        self._encoder = encoder
        self._citer = Citer(encoder)
        self._numbered = [[part for passage in group for part in without_orders(passage)] for group in numbered]
        self._all = [passage for group in self._numbered for passage in group]

    def check(self, claim: Claim) -> Sentence:
        """The claim with the places it rests on and its problems, a wrong number among them even where it is borne out.

        A claim that says what the documents do not say cannot be checked, and is not supported.
        """
        if claim.is_of_silence:
            return Sentence(claim.text, (), False, ("that the documents do not say it is not checked",))
        cited = [passage for number in claim.cited for passage in self._of(number)]
        sentence = self._from(claim.text, cited) if cited else None
        if sentence is None or not sentence.supported:
            anew = self._anew(claim.text)
            sentence = anew if sentence is None or anew.supported else sentence
        return self._noted(claim, sentence)

    def _of(self, number: int) -> Sequence[Passage]:
        return self._numbered[number - 1] if 1 <= number <= len(self._numbered) else ()

    def _from(self, text: str, passages: Sequence[Passage]) -> Sentence:
        span = verbatim(text, passages)
        if span is not None:
            return Sentence(text, (span,))
        [sentence] = self._citer.cite([text], passages)
        if not sentence.supported:
            return sentence
        held = [one for one in passages if _rests_on(sentence, [one])]
        if not self._tells(text, held):
            return Sentence(text, (), False, ("no passage supports it",))
        problems = tuple(swapped(text, _likest(text, [*held, *self._all])))
        return replace(sentence, supported=not problems, problems=problems)

    def _tells(self, text: str, passages: Sequence[Passage]) -> bool:
        """Whether half of the claim's words are in the passages, or a sentence of theirs means nearly the same."""
        words = content_words(text)
        told = content_words(" ".join(word for one in passages for word in (*one.headings, one.text)))
        if len(words & told) >= _TOLD * len(words):
            return True
        vectors = self._encoder.encode([text, *_sentences(passages)])
        return bool((vectors[1:] @ vectors[0]).max(initial=0.0) >= _MEANT)

    def _anew(self, text: str) -> Sentence:
        """The claim by whichever passages bear it out: one, or two that follow each other."""
        sentence = self._from(text, self._all)
        if not sentence.supported or verbatim(text, self._all) is not None:
            return sentence
        for group in _telling(text, list(_groups(sentence.spans, self._all))):
            one = self._from(text, group)
            if one.supported:
                return one
        return Sentence(text, sentence.spans, False, ("no one passage bears out all of it",))

    def _noted(self, claim: Claim, sentence: Sentence) -> Sentence:
        """The sentence and, behind its problems, the numbers that do not bear it out."""
        if not sentence.supported:
            return sentence
        idle = [number for number in claim.cited if not _rests_on(sentence, self._of(number))]
        if len(idle) < len(claim.cited):  # one of them bears it out: the others may say the same
            idle = [number for number in idle if not self._of(number)]
        notes = tuple(f"passage {number} was cited and does not bear it out" for number in idle)
        return replace(sentence, problems=(*sentence.problems, *notes)) if notes else sentence


def verbatim(text: str, passages: Sequence[Passage]) -> Span | None:
    """Where a text of four words or more stands in source text: as it is, else but for case, blanks and punctuation
    of many kinds; None where it does not.
    """
    wanted = text.strip()
    if len(re.findall(r"\w+", wanted)) < _VERBATIM:
        return None
    sources = [passage for passage in passages if _is_source(passage)]
    for passage in sources:
        if (at := _whole(passage.text, wanted)) >= 0:
            return _placed(passage, at, at + len(wanted))
    folded, _ = _folded(wanted)
    for passage in sources:
        held, places = _folded(passage.text)
        if (at := _whole(held, folded)) >= 0:
            return _placed(passage, places[at], places[at + len(folded) - 1] + 1)
    return None


def _whole(text: str, wanted: str) -> int:
    """Where `wanted` stands in `text` without a word going on at either end; -1 where it does not."""
    edges = (r"(?<!\w)" if wanted[:1].isalnum() else "", r"(?!\w)" if wanted[-1:].isalnum() else "")
    found = re.search(f"{edges[0]}{re.escape(wanted)}{edges[1]}", text) if wanted else None
    return found.start() if found else -1


def _folded(text: str) -> tuple[str, list[int]]:
    """Lower case, one blank for white space, one kind of quotes and dashes; and where each character came from."""
    letters: list[str] = []
    places: list[int] = []
    for place, character in enumerate(text):
        plain = unicodedata.normalize("NFKC", character).translate(_ALIKE).casefold()
        plain = " " if plain.isspace() or not plain else plain
        if plain == " " and (not letters or letters[-1] == " "):
            continue
        letters += plain
        places += [place] * len(plain)
    while letters and letters[-1] == " ":
        letters.pop()
        places.pop()
    return "".join(letters), places


def _placed(passage: Passage, start: int, end: int) -> Span:
    origin = passage.spans[0]
    return Span(origin.start + start, origin.start + end, origin.source)


def _is_source(passage: Passage) -> bool:
    return len(passage.spans) == 1 and passage.spans[0].end - passage.spans[0].start == len(passage.text)


def _rests_on(sentence: Sentence, passages: Sequence[Passage]) -> bool:
    return any(ours.overlaps(theirs) for ours in sentence.spans for passage in passages for theirs in passage.spans)


def _groups(spans: Sequence[Span], passages: Sequence[Passage]) -> Iterator[list[Passage]]:
    """The passages that the spans lie in, one by one, then each two of them that follow each other."""
    held = [one for one in passages if any(ours.overlaps(theirs) for ours in spans for theirs in one.spans)]
    yield from ([one] for one in held)
    for first in held:
        yield from ([first, second] for second in held if _follows(first, second))


def _telling(text: str, groups: Sequence[list[Passage]]) -> Iterator[list[Passage]]:
    """The groups that tell what the claim tells beside its names and numbers, which alone make no passage its own."""
    words = content_words(text) - content_words(" ".join(fact.text for fact in facts(text)))
    told = [len(words & content_words(" ".join(one.text for one in group))) for group in groups]
    yield from (group for group, shared in zip(groups, told, strict=True) if shared >= _TELLING * max(told))


def _likest(text: str, passages: Sequence[Passage]) -> str:
    """The sentence of the passages that is worded most like the claim."""
    return max(_sentences(passages), key=lambda part: likeness(text, part), default="")


def _sentences(passages: Sequence[Passage]) -> list[str]:
    return [span.of(one.text) for one in passages for span in split_sentences(one.text)]


def _follows(first: Passage, second: Passage) -> bool:
    end, start = first.spans[-1], second.spans[0]
    return end.source == start.source and end.start < start.start <= end.end
