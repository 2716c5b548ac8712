"""Sentences told shorter, and answers put into a sentence, by a small model that is held to the source's own words."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage

from longdoc.chunkers.text.sentences import split_sentences
from longdoc.memory.summaries.summary import Sentence
from longdoc.memory.words import tokens
from longdoc.models.cross_encoder.reader import Reader
from longdoc.pipelines.checks.checker import Checker
from longdoc.pipelines.checks.evidence import Evidence
from longdoc.pipelines.passage import Passage
from longdoc.pipelines.summarizers.prompts import defused
from longdoc.pipelines.wording.words import is_function_word, stem

SHORTEN = (  # word for word what SmolLM2 was trained with (Allal et al., 2025; the set smol-rewrite)
    "You're an AI assistant for text re-writing. Rewrite the input text to make it more concise while preserving its "
    "core meaning."
)
ANSWER = "Answer the question in one sentence, with the words of the text alone."
ANSWERED = (
    (
        "The bridge was opened on 4 May 1932 by the mayor, Anna Holt. It had cost 2.1 million pounds, and took six "
        "years to build.",
        "How much did the bridge cost?",
        "The bridge cost 2.1 million pounds.",
    ),
    (
        "Birds that winter in the south return in April. They leave because food is scarce in the cold months.",
        "Why do the birds leave?",
        "The birds leave because food is scarce in the cold months.",
    ),
)
READ = 3  # sentences that an answer is made of
_LEAST, _MOST = 14, 80  # words of a sentence that is worth telling shorter, and that the model can read as one
_KEPT_WORDS, _KEPT_SHARE = 6, 0.35  # of a sentence, at the least
_PHRASES, _LEFT_OUT, _OPTIONS = 10, 3, 16  # in a sentence; left out at once; ways to leave some out that are weighed
_LOSS = 0.2  # what leaving out may cost in the mean log-probability of a token; chosen by eye on 30 dev sentences
_SURE, _HOLDS = 0.75, 0.6  # support of a sentence with phrases left out, which copies; of an answer in other words
_TELLS, _LESS = 0.7, 0.05  # how surely an answer tells what is asked, and how much less so than the quotation
_ANSWER_TOKENS = 80
_ENDS = re.compile(r"[.!?][\"'”’)\]]*$")
_EDGE = re.compile(r"(\s*\([^()]*\))|[,;]\s+")
_LISTED = re.compile(r"(?:and|or|but|nor|as well as)\b", re.IGNORECASE)
_ADJUNCT = re.compile(r"\w+ing\b|(?:\w+ly|[a-z]+ed)\b|than\b|to\b", re.IGNORECASE)
_RELATIVE = re.compile(r"(?:which|who|whom|whose|where|that)\b", re.IGNORECASE)
_REASON = re.compile(r"\b(?:because|since|as|due|so|to|by|for|owing)\b", re.IGNORECASE)
_PREDICATE = re.compile(r"(?:is|are|was|were|be|has|have|had|does|do|did)\b", re.IGNORECASE)
_FIGURE = re.compile(r"[\d$€£%]")
_BINDING_WORDS = """
    no not nor never neither none nothing without unless if except only until may might must shall should could would
    can will than or either each every any all both most some few when whenever wherever once because although though
    while whereas
    """
_BINDING = frozenset(_BINDING_WORDS.split())
_PREPOSITION_WORDS = """
    about above across after against along amid among around as at because before behind below beneath beside besides
    between beyond by despite during finally first for from however in inside into like meanwhile moreover near now of
    on onto out over per second since so still then therefore though through throughout thus to today toward under
    until up upon via when where whereas while with within yet
    """
_PREPOSITIONS = frozenset(_PREPOSITION_WORDS.split())


class Retelling:
    """What a small chat model with `likelihoods` is asked for, a sentence at a time, and what is shown of its replies.

    It does not write sentences anew: asked to, it makes things up. Of the ways to leave phrases out of a sentence it
    says which read well (`likelihoods`); an answer is shown in its words if those are the question's and the source's.
    Both have to hold by the check, or the source's own sentence is shown.
    """

    def __init__(self, model: Any, checker: Checker | None = None) -> None:
        self._model = model
        self.checker = checker or Checker.load()
        self._reader = Reader.load()

    def shorter(self, sentence: Sentence) -> Sentence:
        """The sentence without the phrases that the model misses least, with its spans; itself where none can go."""
        label, said = _labelled(sentence)
        for draft in self.drafts(said):
            support = self._support(draft, [replace(sentence, text=said, label="")])
            if support >= _SURE:
                return replace(sentence, text=f"{label}{draft}", support=support)
        return sentence

    def drafts(self, sentence: str) -> list[str]:
        """The shorter forms of a sentence that are nearly as likely as it is, the shortest first, unchecked."""
        if not _LEAST <= len(sentence.split()) <= _MOST or not _ENDS.search(sentence):
            return []
        options = shortened(sentence)
        if not options:
            return []
        asked = [SystemMessage(SHORTEN), HumanMessage(defused(sentence))]
        whole, *likely = self._model.likelihoods(asked, [sentence, *options])
        held = [(len(one.split()), -value, one) for one, value in zip(options, likely, strict=True)]
        return [one for _, value, one in sorted(held) if -value >= whole - _LOSS]

    def answer(self, question: str, sentences: Sequence[Sentence]) -> tuple[Sentence, ...]:
        """One sentence that answers out of the first of these; all of these where the model's does not hold."""
        read = [one for one in sentences if one.spans][:READ]
        if not read:
            return tuple(sentences)
        draft = self.draft_answer(question, [one.line for one in read])
        source = " ".join(one.line for one in read)
        if not draft or len(draft.split()) >= len(source.split()) or not _answers(draft, question, source):
            return tuple(sentences)
        told, quoted = self._reader.answers(question, [draft, source])
        if told.score < max(_TELLS, quoted.score - _LESS):
            return tuple(sentences)
        support = self._support(draft, read)
        if support < _HOLDS:
            return tuple(sentences)
        held = [one for one in read if _content(one.line) & _content(draft) - _content(question)] or read
        return (Sentence(draft, tuple(span for one in held for span in one.spans), support=support),)

    def draft_answer(self, question: str, lines: Sequence[str]) -> str:
        """What the model answers from these lines, unchecked."""
        turns = [turn for text, asked, said in ANSWERED for turn in (_asked(text, asked), AIMessage(said))]
        return self._said([SystemMessage(ANSWER), *turns, _asked(defused(" ".join(lines)), question)], _ANSWER_TOKENS)

    def _said(self, messages: list[BaseMessage], most: int) -> str:
        """The first sentence of a reply; nothing where the reply was cut within it."""
        reply = self._model.invoke(messages, max_tokens=most)
        text = str(reply.text).strip()
        first = next((" ".join(span.of(text).split()) for span in split_sentences(text)), "")
        return first if _ENDS.search(first) else ""

    def _support(self, draft: str, sentences: Sequence[Sentence]) -> float:
        finding = self.checker.check(draft, Evidence([Passage(one.text, one.spans) for one in sentences]))
        return finding.support if finding.supported else 0.0


def shortened(sentence: str) -> list[str]:
    """The sentence without one to three of its phrases: brackets, and what stands between commas or semicolons.

    What stood around a phrase has a comma between it or has none. Kept are figures outside brackets, members of lists,
    the clause behind what leads up to it, and words that say of how many, under which condition, how surely, or that
    not.
    """
    phrases = _phrases(sentence)
    free = [at for at in range(len(phrases)) if _can_go(phrases, at)] if 1 < len(phrases) <= _PHRASES else []
    made = []
    for number in range(1, _LEFT_OUT + 1):
        for gone in combinations(free, number):
            for kept in (_joined(phrases, gone, True), _joined(phrases, gone, False)):
                enough = max(_KEPT_WORDS, _KEPT_SHARE * len(sentence.split()))
                if len(kept.split()) >= enough and len(kept) < len(sentence) and _even(kept):
                    made.append(kept)
    return list(dict.fromkeys(made))[:_OPTIONS]


def _phrases(sentence: str) -> list[str]:
    """The pieces of a sentence, which join to it: brackets, and what ends with a comma or semicolon and a blank."""
    made, at = [], 0
    for match in _EDGE.finditer(sentence):
        end = match.start() if match[1] else match.end()
        made += [sentence[at:end], match[1] or ""]
        at = match.end()
    return [piece for piece in [*made, sentence[at:]] if piece]


def _can_go(phrases: Sequence[str], at: int) -> bool:
    phrase = phrases[at].strip()
    if not any(map(str.isalnum, phrase)) or _binding(phrase) or (_FIGURE.search(phrase) and not phrase.startswith("(")):
        return False
    if phrase.startswith("("):
        return any(map(str.isalpha, phrase))
    if at and any(_LISTED.match(one) for one in phrases[at : at + 3]):
        return False
    if at == 0:
        return _leads(phrase) and not _RELATIVE.match(phrases[1])
    if _PREDICATE.match(phrase):
        return False
    before = phrases[at - 1]
    return not (_RELATIVE.match(before) or (at == 1 and _leads(before)))  # what these leave to be said


def _leads(phrase: str) -> bool:
    """Whether a phrase that a sentence begins with leads up to its main clause: "In May,", "Turning to sales,"."""
    first = phrase.split()[0].strip(",;").casefold()
    return bool(_ADJUNCT.match(first)) or first in _PREPOSITIONS


def _joined(phrases: Sequence[str], gone: Sequence[int], commas: bool) -> str:
    """The phrases but those that are gone as a sentence, with a comma or none where one was between two others."""
    text = ""
    for at, phrase in enumerate(phrases):
        if at in gone and not commas and not phrase.startswith((" ", "(")):
            text = re.sub(r"[,;]\s*$", " ", text)
        elif at not in gone:
            text += f" {phrase}" if text[-1:].isalnum() and phrase[:1].isalnum() else phrase
    text = re.sub(r"([,;])\s*[,;]", r"\1", re.sub(r"\s+([,;.])", r"\1", text)).strip()
    text = re.sub(r"[\s,;]+$", "", text)
    return f"{text[:1].upper()}{text[1:]}" + ("" if _ENDS.search(text) else ".")


def _even(text: str) -> bool:
    """Whether quotation marks and brackets come in pairs."""
    pairs = (("(", ")"), ("[", "]"), ("“", "”"))
    return text.count('"') % 2 == 0 and all(text.count(one) == text.count(other) for one, other in pairs)


def _answers(draft: str, question: str, source: str) -> bool:
    """Whether an answer says more than the question, in its words and the source's; to "why", with a word of reason."""
    new = _content(draft) - _content(question)
    if re.match(r"\W*why\b", question, re.IGNORECASE) and not _REASON.search(draft):
        return False
    return bool(new) and new <= _content(source) and _signs(draft) <= _signs(f"{source} {question}")


def _labelled(sentence: Sentence) -> tuple[str, str]:
    """What a line begins with, such as a speaker's name and a colon, and the sentence behind it."""
    line, label = sentence.line, " ".join(sentence.label.split())
    if label and line.startswith(label):
        rest = line[len(label) :].lstrip(" :")
        return line[: len(line) - len(rest)], rest
    return "", line


def _asked(text: str, question: str) -> HumanMessage:
    return HumanMessage(f"{text}\n\nQuestion: {question}")


def _content(text: str) -> frozenset[str]:
    return frozenset(stem(word) for word in tokens(text) if not is_function_word(word))


def _binding(text: str) -> bool:
    """Whether a text has a word that says of how many, under which condition, how surely, or that not."""
    words = re.findall(r"[a-z]+", re.sub(r"n[’']t\b|nnot\b", " not", text.casefold()))
    return any(word in _BINDING for word in words)


def _signs(text: str) -> Counter[str]:
    """Quotation marks, brackets and signs of money: a shorter sentence has no more of them than the long one."""
    return Counter(sign for sign in text if sign in '"“”()[]{}$€£%`')
