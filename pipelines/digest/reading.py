"""A document read for its digest: its units, each with how much it matters, and which of them can be shown alone."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise

import numpy as np
from langchain_core.documents import Document
from numpy.typing import NDArray

from longdoc.chunkers.text.sections import split_sections
from longdoc.chunkers.text.span import Span
from longdoc.chunkers.text.tables import tables_of
from longdoc.memory.summaries.summary import Sentence
from longdoc.pipelines.digest.kinds import SOURCES, Kind, kind_of
from longdoc.pipelines.summarizers.sentence_table import SentenceTable
from longdoc.pipelines.units.find import units_of
from longdoc.pipelines.units.hygiene import is_whole, readable
from longdoc.pipelines.units.paragraphs import numbers_of
from longdoc.pipelines.units.unit import Unit

_COUNTED = 1_000_000  # characters
_ITEM_WORDS = 12  # from which an item of a list is a sentence of its own
_SAID = ("sentence", "definition", "turn")  # kinds of units that are sentences
_MARKED = ("markdown", "rst")  # formats whose headings are marked as such
_LEAD_SHARE = 0.15  # of a text, within which its lead ends
_FEWEST_SECTIONS = 5  # of a plain text; fewer are hardly its headings
_SURE_WORDS = 10  # from which words are hardly a heading
_MARK = re.compile(r"\s*(?:[#=]|[^\n]{1,200}\n(?:={3,}|-{3,}|~{3,}|\^{3,})[ \t]*(?:\n|$))")
_QUOTES, _OPENING = ("“", "”", '"'), ("“", '"', "‘")
_LONGEST_FIRST, _START = 80, 200  # words of one that begins among the first characters: it says what the text is
_ATTRIBUTED = re.compile(  # many words of one breath, and a verb with a name beside it
    r"[\"“](?:[^\"“”\s]+\s+){7,}[^\"“”\s]+[,?!.—-][\"”]\s(?:[A-Z][\w'’]+(?:\s[A-Z][\w'’]+)?\s[a-z]+"
    r"|[a-z]+\s[A-Z][\w'’]+)\b"
)
_GOES_ON = re.compile(r"^(?:But|And|Then|So|Yet) (?=[a-z]+ )(?!(?:he|she|it|they)\b)([a-z])")
_TAG = re.compile(r"</?[A-Za-z][^<>]{0,200}>")
_SPEECH = 3000  # characters that one speaks without a mark
_SHORTEST, _LONGEST = 6, 45  # words of a sentence that is shown
_REFERS = re.compile(
    r"\b(?:see|refer(?:ence)? (?:also )?to|set forth|included|incorporated|contained|described|discussed|presented"
    r"|ascribed|listed|defined|provided|specified|required|as)\b[^.]{0,40}\b(?:in|under|by|with|to|of)?\s*"
    r"(?:the |this |our )?(?:accompanying |following |attached )?(?:sections?|items?|notes?|parts?|exhibits?"
    r"|append\w+|tables?|figures?"
    r"|chapters?|articles?|paragraphs?|page|links?)\b[\s\"“(]*(?:[\dIVXA-Z]|above|below|here)"
    r"|\b(?:described|discussed|presented|listed|shown|given|explained|outlined) (?:in (?:more )?detail )?(?:above"
    r"|below|later)\b|\b(?:examples?|code|snippets?|lists?|diagrams?) (?:above|below)\b|\b(?:above|below|preceding"
    r"|following) (?:examples?|code|snippets?|lists?|diagrams?)\b|\bthe following\b[^.:;]{0,60}\.$|\bas follows\W*$"
    r"|:\s*\w{1,3}[.)]$|\b(?:two|three|four|five|several|substantial|various|different) (?:\w+ ){0,2}(?:ways|reasons"
    r"|points|issues|questions|things|grounds|respects|aspects|algorithms|steps|parts)\b[^.,:]{0,40}\.$",
    re.IGNORECASE,
)
_NAMED = re.compile(r"[`~/_@:.][\w.]*\.$")
_OPEN = re.compile(r"[:;,?][\"”’)]*(?:\[\d+\])*$")
_JOINT = re.compile(r"(?<=[a-z]{3}[.!?])(?=[A-Z][a-z]*[ ,'’])")  # of two sentences without a blank between
_META = re.compile(
    r"\W*(?:first,? |now,? |next,? )?(?:i|we)(?: will| would like to| want to|['’]ll"
    r"|['’]d like to) (?:now )?(?:discuss|cover|review|remind|advise"
    r"|provide|turn|open|begin|start|come back|return|take|talk)|\blet me\b|\bpursuant to the requirements\b"
    r"|\bin witness whereof\b|\bforward-looking\b"
    r"|^for [^.]{3,60}, see\b"
    r"|\bin (?:the (?:next|following|previous) )?sections?\b[^.]{0,12} we\b|\bwe\b[^.]{0,40}\bin section\b"
    r"|^(?:this|the) (?:section|chapter|paper|article|document) (?:is|are) organi[sz]ed|\bplease (?:see|note|refer)\b",
    re.IGNORECASE,
)
_SITE = re.compile(
    r"\b(?:cookies|click here|sign up|log ?in|subscribe|newsletter|all rights reserved|copyright"
    r"|terms of (?:use|service)|privacy policy|content downloaded from|https?://|www\.|public domain)|©"
    r"|^\W*(?:jump up\b|\^)",  # an entry of a list of sources
    re.IGNORECASE,
)
_HEAD = re.compile(r"(?:[A-Z][A-Z-]+ ){2,}\d{1,4} [a-z]")  # a page's head and number, and a sentence that goes on
_CODE = re.compile(
    r"[{}]|\w\(\)|==|=>|->|::\w|</?[A-Za-z][^<>]*>|[-*_=.]{4,}|\[[A-Z][A-Z_ ]+\]"
    r"|\w_\w+\(|^\s*(?:def|class|return|import)\b"
)
_INLINE = re.compile(r"``[^`\n]+``|`[^`\n]+`")  # a name within prose is no line of code
_CITED = re.compile(
    r"\b(?:19|20)\d\d[a-z]?;\s?\d|\bet al\b.*\b(?:19|20)\d\d\b.*\.$|\bpp?\. ?\d|\bdoi\b|\bfigs?\. ?\d", re.IGNORECASE
)
_NUMBERING = re.compile(
    r"\s*(?:[A-Z][A-Za-z]{3,14}(?: [A-Za-z]+){0,3} \d{1,3}(?= [A-Z])|(?:\d+\.)+\d*|\d{1,3}[.)]|[A-Z]\."
    r"|\([a-zA-Z0-9]{1,3}\)|§ ?[\d.]+|[-*•–−●■])\s+(?=[“\"A-Z])"
)
SUMMARY = re.compile(
    r"(?:[\dIVX.]+\s+)?(?:(?:executive|simple|plain[- ]language) )?(?:summary|abstract|synopsis|conclusions?"
    r"|key (?:points|findings)|tl;?dr)\W*",
    re.IGNORECASE,
)
_BULLET = re.compile(r"[-*•–−●■]\s+(?=\w)")
_ELLIPTIC = re.compile(
    r"(?:Could|Was|Is|Are|Were|Did|Does|Has|Had|Can|Whether|Thanks?|Good (?:morning|afternoon|evening)"
    r"|Welcome to)\b|[\[(]|\d+ \(|(?:Table|Figure|Fig|Box|Chart|Appendix|Exhibit)\.? [\dA-Z][\d.]*\b"
)
_CLOSING = re.compile(r"\b(?:Item|Note|Part|Section|Article|No)\.? ?\d*[A-Z]?\.$|:[a-z+.\d]+:`")
_VERB = re.compile(
    r"\b(?:is|are|was|were|be|been|has|have|had|do|does|did|can|could|will|would|shall|should|may|might|must"
    r"|[a-z]{2,}ed"
    r"|[a-z]{3,}(?:s|es)(?= (?:the|a|an|to|that|of|in|on|for|with|as|from|by|its|their|his|her)\b))\b|['’](?:s|re"
    r"|ll|ve|d|m)\b|n['’]t\b"
)
_SOURCES_FROM = 4  # a list of sources begins behind the first fourth of a text; appendices may follow it
OWN = re.compile(
    r"\b(?:this|the present|the proposed|the current|our) (?:study|paper|report|article|work|research|proposal|document"
    r"|specification|guide|manual|survey|analysis|protocol|policy|plan|act|bill|rule|order|notice|appeal|case"
    r"|application)\b|\baims? (?:to|of)\b|\bpurpose\b"
    r"|\bobjectives?\b|\bsample size\b|\bwe conclude\b|\bin conclusion\b",
    re.IGNORECASE,
)  # what a text says of itself
_LEANS = re.compile(
    r"(?:[\w-]+ ){0,3}[\w-]+, (?:it|they|he|she|these|those|such)\b"
    r"|[A-Z][\w-]*(?: [\w-]+){0,4} (?:this|these|those|such)(?! (?:paper|document|specification|proposal|article|study"
    r"|work|report|book|agreement|guide|survey|review|post|section|chapter)\b) [\w-]+,"
    r"|(?:the|a) (?:result|former|latter) is\b",
    re.IGNORECASE,
)
_LETTERS = re.compile(r"[^\W\d_]")
_POINTING = re.compile(
    r"\W*(?:(?:and|but|so|then|yet|or|nor|also|however|therefore|thus|hence|otherwise|instead|moreover|furthermore"
    r"|similarly|likewise|(?:first|second|third|fourth|last)(?:ly)?(?=,)|finally|later|next(?=,)|specifically"
    r"|in particular"
    r"|in any event|equally|as (?:shown|noted|described|discussed|mentioned|stated|above|said)|conversely"
    r"|nevertheless|in addition|in contrast|as a result|as such|for (?:example|instance)|as an example"
    r"|on the other hand|in (?:this|that|such|all|both|either) (?:cases?|ways?|events?)|the following)\b"
    r"|(?:it|its|they|their|them|he|him|his|she|her"
    r"|these|those|such|there|both|neither|here|another|others?|one of (?:these|them))\b(?! (?:is|are|was"
    r"|were) (?:no|an?)\b| follows that\b)"
    r"|(?:this|that)(?! (?:paper|document|specification|proposal|article|study|work|report|book|agreement|lease"
    r"|sublease|guide|manual|course|section|chapter|standard|policy|act|notice|order|plan|page|pep|rfc|eip|xep|bip))\b"
    r"|(?:each|one|some|many|most|all|none|any|several|either|two|three|few|where)"
    r" (?:has|have|is|are|was|were|can|could|will|would|may|might|must|should|do|does|did)\b"
    r"|where\b[^,]*$|\(?(?:\w{1,4}|\d[\d.]*)[.)]\s)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A unit that may be shown, its row of the sentence table (-1 for none), and how much it matters."""

    unit: Unit
    row: int
    score: float
    raw: str  # the characters that are said, as they stand


class Reading:
    """What the makers of a digest's parts ask of one document. `scores` are those of the table's rows.

    `known` is False where neither salience nor encoder know the language; `familiar` is True where the vectors are the
    bundled encoder's.
    """

    def __init__(
        self,
        document: Document,
        table: SentenceTable,
        scores: NDArray[np.float64],
        known: bool,
        familiar: bool = True,
    ) -> None:
        self.document = document
        self.text = document.page_content
        self.source = str(document.metadata.get("source", ""))
        self.table, self.scores, self.known, self.familiar = table, scores, known, familiar

    @cached_property
    def units(self) -> list[Unit]:
        """The units, in reading order."""
        return units_of(self.text, self.source, tables=tables_of(self.document))

    @cached_property
    def folded(self) -> str:
        """What is counted in: the beginning, at most a million characters, in small letters."""
        return self.text[:_COUNTED].casefold()

    @cached_property
    def kind(self) -> Kind:
        """How the document is written."""
        return kind_of(self.text, self.units)

    @cached_property
    def points(self) -> list[Candidate]:
        """The sentences that can be shown alone, in reading order, those of a list of sources left out."""
        last = self.sources_start
        return [one for one in self.said if one.unit.start < last and self._stands(one.unit)]

    @cached_property
    def sources_start(self) -> int:
        """Where a list of sources begins that ends the text; its length where there is none."""
        length = len(self.text)
        found = [match.start() for match in SOURCES.finditer(self.text, length // _SOURCES_FROM)]
        return found[-1] if found else length

    @cached_property
    def _sections(self) -> tuple[list[int], list[tuple[str, ...]]]:
        found = list(split_sections(self.text, self.document.metadata.get("outline")))
        return [section.span.start for section in found], [section.headings for section in found]

    @property
    def lead_end(self) -> int:
        """Where the second section begins, if that is early: before it a text says what it is about."""
        starts = [start for start, headings in zip(*self._sections, strict=True) if headings and self.headings(start)]
        return starts[1] if len(starts) > 1 and starts[1] < _LEAD_SHARE * len(self.text) else 0

    @cached_property
    def _marked(self) -> bool:
        """Whether most sections begin with a mark that says so."""
        starts = self._sections[0]
        return 2 * sum(_MARK.match(self.text, start) is not None for start in starts) > len(starts)

    def headings(self, place: int) -> tuple[str, ...]:
        """The headings over a place, outermost first; none where the text has so many that few can be ones."""
        starts, titles = self._sections
        sure = self.document.metadata.get("outline") or self.document.metadata.get("format") in _MARKED or self._marked
        many = len(starts) > len(self.text) / 1500
        if not sure and (many or len(starts) < _FEWEST_SECTIONS or self.document.metadata.get("format") == "pdf"):
            return ()
        at = bisect_right(starts, place) - 1
        return titles[at] if at >= 0 else ()

    @property
    def speech(self) -> list[Candidate]:
        """The sentences that say what someone says, and who: \"I will go,\" said Ann."""
        return [one for one in self.said if _ATTRIBUTED.match(one.raw) and len(one.raw.split()) <= _LONGEST]

    @property
    def turns(self) -> list[Candidate]:
        """The sentences of a transcript's turns, in order, whether or not they can be shown."""
        return [one for one in self.said if one.unit.kind == "turn"]

    @cached_property
    def said(self) -> list[Candidate]:
        """The sentences, in reading order, whether or not they can be shown."""
        wanted = [
            part
            for unit in map(self._told, self.units)
            if unit.kind in _SAID or _is_long_item(unit)
            for part in self._parted(unit)
        ]
        starts = np.array([unit.spans[-1].start if unit.kind == "turn" else unit.start for unit in wanted], np.int64)
        rows = np.searchsorted(self.table.starts, starts, side="right") - 1
        found = []
        for unit, start, row in zip(wanted, starts.tolist(), rows.tolist(), strict=True):
            held = row >= 0 and start < int(self.table.ends[row])
            raw = (unit.spans[-1] if unit.kind == "turn" else Span(unit.start, unit.end)).of(self.text)
            found.append(Candidate(unit, row if held else -1, float(self.scores[row]) if held else -9.0, raw))
        return found

    def _told(self, unit: Unit) -> Unit:
        """A label that says that a summary follows is none of a fact: what follows it is a sentence."""
        summed_up = unit.kind == "label" and SUMMARY.fullmatch(unit.label)
        colon = re.search(r"[:：\t]\s*(?=\S)", self.text[unit.start : unit.end]) if summed_up else None
        if colon is None:
            return unit
        start = unit.start + colon.end()
        return replace(unit, kind="sentence", spans=(Span(start, unit.end, self.source),), text=unit.value)

    @cached_property
    def _numbers(self) -> dict[int, int]:
        """Where the numbers of paragraphs begin and end, in a text that counts them."""
        return numbers_of(self.text)

    def _words_start(self, unit: Unit) -> int:
        """Where the words of a unit begin, behind the number of its clause or paragraph."""
        return self._numbers.get(unit.start) or numbering_end(self.text, unit.start, unit.end)

    def _parted(self, unit: Unit) -> list[Unit]:
        """A unit cut where two sentences in it have no blank between them."""
        if len(unit.spans) > 1:
            return [unit]
        raw = unit.spans[0].of(self.text)
        if _TAG.search(raw):
            return self._between_tags(unit, raw)
        cuts = [match.start() for match in _JOINT.finditer(raw) if not _NAMED.search(raw, 0, match.start())]
        if not cuts:
            return [unit]
        edges = [unit.start, *(unit.start + cut for cut in cuts), unit.end]
        spans = [Span(start, end, self.source) for start, end in pairwise(edges)]
        return self._as_units(unit, spans)

    def _between_tags(self, unit: Unit, raw: str) -> list[Unit]:
        """What stands between the tags that a text was left with."""
        edges = [0, *(edge for match in _TAG.finditer(raw) for edge in match.span()), len(raw)]
        found = [(start, end) for start, end in zip(edges[::2], edges[1::2], strict=True) if raw[start:end].strip()]
        spans = []
        for start, end in found:
            first = start + len(raw[start:end]) - len(raw[start:end].lstrip())
            spans.append(Span(unit.start + first, unit.start + first + len(raw[start:end].strip()), self.source))
        return self._as_units(unit, spans)

    def _as_units(self, unit: Unit, spans: list[Span]) -> list[Unit]:
        texts = ((span, readable(span.of(self.text))) for span in spans)
        return [replace(unit, spans=(span,), text=text, whole=is_whole(text)) for span, text in texts]

    @cached_property
    def _again(self) -> Counter[str]:
        return Counter(_bare(one.unit.text) for one in self.said)

    def _stands(self, unit: Unit) -> bool:
        text = unit.value if unit.kind == "turn" else unit.text
        if unit.start in self._numbers:
            text = readable(self.text[self._numbers[unit.start] : unit.end])
        text = text[numbering_end(text, 0) :]
        if unit.start < _START:
            text = re.sub(r"^This is(?= an? )", "A text is", text)  # then it says what the text is
        if self.kind is Kind.NARRATIVE:
            if _is_spoken(self.text, unit.start):
                return False
            text = _GOES_ON.sub(lambda match: match[1].upper(), text)  # a story may begin a sentence so
        if unit.kind == "item" and _VERB.search(text) is None:
            return False
        if self._again[_bare(unit.text)] > 1:  # what is said again and again is no news of any part
            return False
        return can_stand(text, self.known, _LONGEST_FIRST if unit.start < _START else _LONGEST)

    def sentence(self, unit: Unit) -> Sentence:
        """The unit as a line of the digest: its characters as they stand, page furniture within left out."""
        if unit.kind == "turn":
            return Sentence(unit.text, unit.spans, label=unit.label)
        if len(unit.spans) > 1:
            return Sentence(" ".join(one.of(self.text) for one in unit.spans), unit.spans)
        span = Span(self._words_start(unit), unit.end, self.source)
        return Sentence(span.of(self.text), (span,))

    def line(self, start: int, end: int, label: str = "", *before: Span) -> Sentence:
        """A stretch of the text as a line, behind a label, which stands at `before` where it is the text's own."""
        span = Span(start, end, self.source)
        said = span.of(self.text)
        return Sentence(f"{label}: {said}" if label else said, (*before, span), label=label)

    def found(self, kind: str) -> Iterator[Unit]:
        """The units of one kind, in order."""
        return (unit for unit in self.units if unit.kind == kind)


def _is_long_item(unit: Unit) -> bool:
    return unit.kind == "item" and len(unit.text.split()) >= _ITEM_WORDS


def _is_spoken(text: str, place: int) -> bool:
    """Whether a place is within speech: the last quotation mark before it opens, or it is one itself."""
    if text[place : place + 1] in _OPENING:
        return True
    last = max(text.rfind(mark, max(0, place - _SPEECH), place) for mark in _QUOTES)
    return last >= 0 and _opens(text, last)


def _opens(text: str, place: int) -> bool:
    """Whether a quotation mark begins speech: by its form, or by the blank before it."""
    if text[place] != '"':
        return text[place] == "“"
    return (place == 0 or text[place - 1] in " \t\n(—-") and not text[place + 1 : place + 2].isspace()


def bullet_end(text: str, start: int) -> int:
    """Where the words begin behind a bullet, if there is one at `start`."""
    match = _BULLET.match(text, start)
    return match.end() if match else start


def numbering_end(text: str, start: int, end: int | None = None) -> int:
    """Where the words begin behind the number or the letter of a clause, if there is one at `start`."""
    match = _NUMBERING.match(text, start, len(text) if end is None else end)
    return match.end() if match else start


def can_stand(text: str, known: bool = True, longest: int = _LONGEST) -> bool:
    """Whether a sentence reads well alone: whole, of a good length, not leaning on others, not pointing elsewhere."""
    letters = len(_LETTERS.findall(text))
    if letters < 0.6 * len(text.replace(" ", "")) or not is_whole(text):
        return False
    if not known:
        return letters > 12 and len(text) < 300
    words = text.split()
    if not _SHORTEST <= len(words) <= longest or text.isupper() or _OPEN.search(text):
        return False
    torn = text.count("(") != text.count(")") or text.count("“") != text.count("”") or text.count('"') % 2
    torn = torn or ('"' in text and not _opens(text, text.index('"')))
    if (
        _LEANS.match(text)
        or _HEAD.match(text)
        or _ELLIPTIC.match(text)
        or _CLOSING.search(text)
        or (len(words) < _SURE_WORDS and _VERB.search(text) is None)
    ):
        return False
    if torn or _POINTING.match(text) or _CODE.search(_INLINE.sub("x", text)):
        return False
    return not any(one.search(text) for one in (_REFERS, _SITE, _META, _CITED))


def _bare(text: str) -> str:
    return " ".join(text.casefold().split())[:200]
