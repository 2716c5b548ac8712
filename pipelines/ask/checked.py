"""Each claim of a reply against the passages: first those that it cites, else any, and what of it is not there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from longdoc.chunkers.text.span import Span
from longdoc.memory.summaries.summary import Sentence
from longdoc.pipelines.ask.claims import Claim
from longdoc.pipelines.checks.alignment import verbatim
from longdoc.pipelines.checks.checker import Checker, resolved, sentence_of
from longdoc.pipelines.checks.evidence import Evidence
from longdoc.pipelines.checks.facts import facts
from longdoc.pipelines.checks.finding import Finding, OnUnsupported
from longdoc.pipelines.checks.injections import without_orders
from longdoc.pipelines.summarizers.protocol import Passage
from longdoc.pipelines.wording.words import content_words

_TELLING = 0.8  # of the words, names and numbers aside, that the best passages share with a claim


class ReplyChecker:
    """Checks claims against numbered passages; each number stands for one or more stretches of source text."""

    def __init__(
        self, checker: Checker, numbered: Sequence[Sequence[Passage]], on_unsupported: OnUnsupported = "mark"
    ) -> None:
        self._checker = checker
        self._how = on_unsupported
        self._numbered = [[part for passage in group for part in without_orders(passage)] for group in numbered]
        self._all = Evidence([passage for group in self._numbered for passage in group])
        self._cited: dict[tuple[int, ...], Evidence] = {}

    def check_all(self, claims: Sequence[Claim]) -> list[Sentence]:
        """The claims with the places they rest on; one that does not hold is treated as was asked."""
        found: list[Sentence] = []
        for claim in claims:
            sentence = self.check(claim)
            if sentence.supported or self._how == "mark":
                found.append(sentence)
                continue
            finding = Finding(sentence.text, sentence.support, "unsupported", sentence.spans, sentence.problems)
            found += [one for one in resolved([finding], self._all, self._how) if one not in found]
        return found

    def check(self, claim: Claim) -> Sentence:
        """The claim with the places it rests on and its problems, a wrong number among them even where it is borne out.

        A claim that says what the documents do not say cannot be checked, and is not supported.
        """
        if claim.is_of_silence:
            return Sentence(claim.text, (), False, ("that the documents do not say it is not checked",), support=0.0)
        cited = self._evidence(claim.cited)
        finding = self._checker.check(claim.text, cited) if cited.units else None
        if finding is None or not finding.supported:
            anew = self._anew(claim.text)
            finding = anew if finding is None or anew.supported else finding
        return self._noted(claim, sentence_of(finding))

    def _evidence(self, numbers: tuple[int, ...]) -> Evidence:
        if numbers not in self._cited:
            self._cited[numbers] = Evidence([passage for number in numbers for passage in self._of(number)])
        return self._cited[numbers]

    def _of(self, number: int) -> Sequence[Passage]:
        return self._numbered[number - 1] if 1 <= number <= len(self._numbered) else ()

    def _anew(self, text: str) -> Finding:
        """The claim by whichever passages bear it out: one, or two that follow each other."""
        finding = self._checker.check(text, self._all)
        if not finding.supported or verbatim(text, self._all) is not None:
            return finding
        for group in _telling(text, list(_groups(finding.spans, self._all.passages))):
            one = self._checker.check(text, Evidence(group))
            if one.supported:
                return one
        return replace(finding, support=0.3, verdict="unsupported", problems=("no one passage bears out all of it",))

    def _noted(self, claim: Claim, sentence: Sentence) -> Sentence:
        """The sentence and, behind its problems, the numbers that do not bear it out."""
        if not sentence.supported:
            return sentence
        idle = [number for number in claim.cited if not _rests_on(sentence, self._of(number))]
        if len(idle) < len(claim.cited):  # one of them bears it out: the others may say the same
            idle = [number for number in idle if not self._of(number)]
        notes = tuple(f"passage {number} was cited and does not bear it out" for number in idle)
        return replace(sentence, problems=(*sentence.problems, *notes)) if notes else sentence


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


def _follows(first: Passage, second: Passage) -> bool:
    end, start = first.spans[-1], second.spans[0]
    return end.source == start.source and end.start < start.start <= end.end
