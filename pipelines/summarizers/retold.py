"""Sentences told shorter, and answers put into a sentence, by a small model that is held to the source's own words."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import NamedTuple

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage

from longdoc.chunkers.text.sentences import split_sentences
from longdoc.memory.summaries.summary import Sentence
from longdoc.memory.words import tokens
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
_LEAST, _MOST = 14, 80  # words of a sentence that is worth telling shorter, and that the model does not lose itself in
_SURE = 0.75  # support
_ANSWER_TOKENS = 80
_ENDS = re.compile(r"[.!?][\"'”’)\]]*$")
_PIECE = re.compile(r"\w+(?:['’]\w+)*|[,;:()—–]")
_BINDING_WORDS = """
    no not nor never neither none nothing without unless if except only until may might must shall should could would
    can will than or either
    """
_BINDING = frozenset(_BINDING_WORDS.split())


class Retelling:
    """What a small chat model is asked for, one sentence at a time, and what is shown of its replies.

    A reply is shown if the check bears it out, every word of content in it is the source's, in the source's order, and
    no negation, condition or degree of certainty is lost; else the source's own sentence is.
    """

    def __init__(self, model: BaseChatModel, checker: Checker | None = None) -> None:
        self._model = model
        self.checker = checker or Checker.load()

    def shorter(self, sentence: Sentence) -> Sentence:
        """The sentence told shorter, with the same spans; itself where it is short or the model's will not do."""
        label, said = _labelled(sentence)
        draft = self.tried(said)
        if draft is None or len(draft.split()) >= len(said.split()) - 1 or not keeps(draft, said):
            return sentence
        support = self._support(draft, [replace(sentence, text=said, label="")])
        return replace(sentence, text=f"{label}{draft}", support=support) if support >= _SURE else sentence

    def answer(self, question: str, sentences: Sequence[Sentence]) -> tuple[Sentence, ...]:
        """One sentence that answers out of the first of these; all of these where the model's does not hold."""
        read = [one for one in sentences if one.spans][:READ]
        if not read:
            return tuple(sentences)
        draft = self.draft_answer(question, [one.line for one in read])
        source = " ".join(one.line for one in read)
        if not draft or len(draft.split()) >= len(source.split()) or not _answers(draft, question, source):
            return tuple(sentences)
        support = self._support(draft, read)
        if support < _SURE:
            return tuple(sentences)
        held = [one for one in read if _content(one.line) & _content(draft) - _content(question)] or read
        return (Sentence(draft, tuple(span for one in held for span in one.spans), support=support),)

    def tried(self, sentence: str) -> str | None:
        """What the model makes of a sentence, unchecked; None for one that it is not asked about."""
        if not _LEAST <= len(sentence.split()) <= _MOST or not _ENDS.search(sentence):
            return None
        return self._said([SystemMessage(SHORTEN), HumanMessage(defused(sentence))], len(sentence) // 3 + 8)

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


def keeps(draft: str, source: str) -> bool:
    """Whether a shorter sentence is made of the source's words in their order, and leaves out whole phrases alone.

    Words that say under which condition, how surely, or that not, are all kept. One word of content may be left out
    anywhere; more in a row only from where a phrase begins to where one ends: at a sign or a word of structure.
    """
    ours, theirs = _stems(draft), _read(source)
    if len(ours) < 3 or is_function_word(tokens(draft)[-1]):
        return False
    if _binding(draft) != _binding(source) or not _signs(draft) <= _signs(source):
        return False
    kept, at = [-1], 0
    for word in ours:
        while at < len(theirs) and theirs[at].stem != word:
            at += 1
        kept.append(at)
        at += 1
    if at > len(theirs):
        return False
    return all(_is_phrase(theirs, one + 1, other) for one, other in pairwise([*kept, len(theirs)]))


class _Word(NamedTuple):
    """A word of content; `parted` is what stands before it: a sign, a word of structure, or none."""

    stem: str
    parted: str


def _is_phrase(words: Sequence[_Word], first: int, end: int) -> bool:
    """Whether what is left out, from `first` to before `end`, may be."""
    if end - first < 2 and not (first == 0 and end == 1):
        return True
    if first == 0:  # what leads up to the rest
        return words[end].parted in (",", "that") if end < len(words) else False
    return bool(words[first].parted) and (end == len(words) or bool(words[end].parted))


def _read(text: str) -> list[_Word]:
    """The words of content of a text, each with what parts it from the one before."""
    made: list[_Word] = []
    parted = ""
    for piece in _PIECE.findall(text.casefold()):
        if not piece[0].isalnum():
            parted = ","
        elif is_function_word(piece):
            parted = "that" if piece == "that" else parted or "-"
        else:
            made.append(_Word(stem(piece), parted))
            parted = ""
    return made


def _answers(draft: str, question: str, source: str) -> bool:
    """Whether an answer says more than the question asks, in words of the source and the question alone."""
    new = _content(draft) - _content(question)
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


def _stems(text: str) -> list[str]:
    return [word.stem for word in _read(text)]


def _content(text: str) -> frozenset[str]:
    return frozenset(_stems(text))


def _binding(text: str) -> Counter[str]:
    """The words that say under which condition, how surely, or that not; "n't" and "cannot" count as "not"."""
    words = re.findall(r"[a-z]+", re.sub(r"n[’']t\b|nnot\b", " not", text.casefold()))
    return Counter(word for word in words if word in _BINDING)


def _signs(text: str) -> Counter[str]:
    """Quotation marks, brackets and signs of money: a shorter sentence has no more of them than the long one."""
    return Counter(sign for sign in text if sign in '"“”()[]{}$€£%`')
