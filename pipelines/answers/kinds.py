"""What kind of question it is, by rules on its wording: each rule says in words why it took the question."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from longdoc.pipelines.answers.elsewhere import whole_elsewhere
from longdoc.pipelines.wording.words import content_words

Kind = Literal["greeting", "assent", "whole", "count", "list", "compare", "definition", "yes-no", "why", "fact"]
Aspect = Literal["", "decisions", "conclusions", "aims", "people", "authors", "ending", "beginning"]
_PREAMBLE = re.compile(r"\A[^?]*\bquestion\b[^:?]{0,120}:\s+(?=\w)", re.IGNORECASE)
_ORDER = re.compile(  # how to answer, which says nothing about what
    r"(?<=[?.])\s+(?:please )?(?:answer|round|base|give|return|respond|use|if|assume|calculate) [^?]*\Z", re.IGNORECASE
)
_SAYS_WHERE = re.compile(  # to look, which says nothing about what either
    r"\A\W*(?:when (?:\w+ )?referenc\w+|using|based on|according to|in agreement with|relying on|from"
    r"|referring to|looking at|judging by|assum(?:e|ing)) (?P<where>[^?]{1,160}?),\s+"
    r"(?=(?:what|how|which|who|when|where|why|is|are|was|were|did|does"
    r"|do|has|have|in what|by how)\b)",
    re.IGNORECASE,
)
_IN_WRITING = re.compile(
    r"\b(?:report|statement(?: of (?:cash flows?|\w+ (?:position|income)|\w+))?|table|filing|note|document|text|passage"
    r"|article|paper|book|story|transcript|chart|figure|section|chapter|page|disclosure|information|excerpt|summary|record"
    r"|file|form|contract|agreement|balance sheet|letter|minutes|10-[KQ])s?"
    r"(?:\s+(?:(?:that (?:is|are|was|were) )?(?:provided|given|shown|above|below)"
    r"|(?:of|for|in|from) (?:the|this|that) (?:company|firm|document|report|filing|text|book|paper|article)))*\W*\Z",
    re.IGNORECASE,
)
_FORM = re.compile(r"\b(?:(?:10|8)-?[KQ]|20-?F|SEC|P&L|PDF)\b", re.IGNORECASE)
_WHICH = re.compile(r"[^\W\da-z_]|\d|\b(?:quarter|year|month|week|day)")  # of several: a name, a date


@dataclass(frozen=True, slots=True)
class AskedFor:
    """The kind of a question, which side of the whole it asks about, and why it was taken so."""

    kind: Kind
    why: str
    aspect: Aspect = ""

    def __str__(self) -> str:
        return f"{self.kind}{f' ({self.aspect})' if self.aspect else ''}: {self.why}"


_I = re.IGNORECASE
_GREETING = re.compile(
    r"\W*(?:(?:hi|hello|hey|good (?:morning|evening|afternoon|day)|thanks?|thank you|bye|goodbye|welcome|greetings"
    r"|how are you|who are you|what can you do|help|test(?:ing)?|are you there)(?: (?:there|all|very much|so much|a lot"
    r"|you|longdoc|bot))?\W*)+\Z",
    _I,
)
_ASSENT = re.compile(
    r"\W*(?:yes|yeah|yep|sure|ok(?:ay)?|please(?: do)?|go (?:on|ahead)|do(?: it| that)?|of course|continue|more)"
    r"(?:\W+(?:please|do|thanks|go (?:on|ahead)|that|it|of course|the rest))*\W*\Z",
    _I,
)
_THING = (
    r"(?:(?:this|that|the|these|those|my|it|here|whole|entire|full|above|attached|all(?: of)?|present|following)\s+)*"
    r"(?:\w+[\s-]+){0,2}?\w*"
)
_SUMMARY = re.compile(
    r"\b(?:summar(?:y|ies|i[sz]e[ds]?|i[sz]ing)|overview|outline|tl;?\s?dr|gist|synopsis|abstract|recap|sum up|nutshell"
    r"|(?:main|key|central|most important|essential) (?:points?|ideas?|topics?|themes?|takeaways?|messages?|findings?"
    r"|arguments?|facts?|things?|content))\b",
    _I,
)
_ABOUT = re.compile(
    rf"\b(?:what|tell me what|say what|explain what)(?:'s| is| are| was| were| does| do| did)?\s+(?:{_THING})\s*"
    r"(?:is |are |was |were )?(?:all )?(?:about|deal(?:s|t)? with|discuss(?:es|ed)?|cover(?:s|ed)?|say(?:s)?, in"
    r"|contain(?:s)?)\b",
    _I,
)
_PLOT = re.compile(
    r"\bwhat(?:'s| is| was| are)\s+(?:the\s+)?(?:plot|story|storyline|subject|topic|content)s?\b"
    r"|^\W*what(?:'s| is) in (?:it|them|this|these|the (?:document|text|file|paper|book)s?)\W*\Z",
    _I,
)
_READ = re.compile(r"\b(?:describe|explain|review|read|present|what does) (?:this|that|the|it|these)\b", _I)
_TELLS = re.compile(
    r"^\W*what (?:does|do|did) (?:this|the) (?:[\w-]+ ){0,2}(?:propose|describe|say|cover|argue|present|specify"
    r"|define|report|introduce|recommend|claim|explain|show|do|tell us|try to do|set out(?: to do)?)\W*\Z",
    _I,
)
_CONCLUSIONS = re.compile(
    r"^\W*what (?:(?:did|do|does|have|has) (?:they|we|(?:the|this) (?:authors?|paper|study|article|report|court|judges?"
    r"|judgment|document|text))\s+(?:conclude[ds]?|find|found|held|hold|rule[ds]?|decide[ds]?)"
    r"|(?:was|were|is|are) (?:the|their|its) (?:main |final |overall )?(?:conclusions?|findings?|results?|holding"
    r"|ruling"
    r"|verdict|judgment|outcome)(?: (?:of|in) (?:the|this) [\w-]+)?|was (?:concluded|found|held))\W*\Z",
    _I,
)
_AIMS = re.compile(
    r"^\W*what (?:is|was|are|were) (?:the|its|their) (?:main |primary |overall )?(?:goals?|aims?|purposes?|objectives?"
    r"|motivation)(?: (?:of|behind|for) (?:the|this|its) [\w-]+)?\W*\Z",
    _I,
)
_ENDING = re.compile(
    r"\bhow (?:does|do|did|will) .{0,60}?\b(?:end|finish|conclude|turn out|close)\b|\b(?:ending|the end|last scene"
    r"|conclusion) of (?:the|this) (?:story|book|novel|tale|play|film|text|document)\b"
    r"|\bwhat happens (?:at|in) the end\b",
    _I,
)
_BEGINNING = re.compile(r"\bhow (?:does|do|did) (?:the|this|it)\s?\w* (?:begin|start|open)\b", _I)
_DECISIONS = re.compile(
    r"\b(?:what|which|list|name|give|any|all)\b.{0,40}\b(?:decisions?|action items?|next steps?|resolutions?"
    r"|agreed (?:up)?on|outcomes?)\b|\bwhat (?:did|do|have|has|was|were) "
    r"(?:they|we|the (?:group|team|board|committee|meeting|members?|participants?))?"
    r"\s?(?:finally )?(?:decided?|agreed?|conclude|resolved?)\b",
    _I,
)
_PEOPLE = re.compile(
    r"\b(?:participants?|attendees|speakers?|characters|cast|people|persons|members)\b.{0,30}\b(?:meeting|call|story"
    r"|hearing|book|novel|conversation|interview|session|argument|case|discussion|play|document|text|here)\b"
    r"|\bwho (?:took part|takes part|attended|was present|were present|participated|speaks?\W*\Z|spoke\W*\Z"
    r"|(?:speaks?|spoke|talks?|appears?|argues?|argued) in (?:the|this|it)\b"
    r"|are the (?:characters|people|speakers|participants|members)|appears?\W*\Z"
    r"|(?:are|were) the (?:\w+ ){1,2}(?:that|who) (?:speak|spoke|talk|talked|argued?|appear|appeared|attended|took part"
    r"|take part)\b"
    r"|(?:is|was|were) (?:in|at|there in) (?:the|this) meeting)"
    r"|^\W*(?:please )?(?:list|name|give|show|identify|who are|who were|what are)"
    r"(?: me)?(?: all)?(?: of)? (?:the |its )?"
    r"(?:names of (?:the )?)?(?:main |chief |different )?(?:participants?|attendees|speakers?|characters|people|persons"
    r"|cast|members)(?: (?:involved|present|here))?\W*\Z"
    r"|\b(?:which|what|how many) (?:\w+ )?(?:people|speakers|participants"
    r"|persons|characters|justices|judges|members) (?:(?:are|were)(?: there| present| here| named| mentioned"
    r"| involved"
    r"| in (?:it|the|this)\b.*)?\W*\Z|(?:take|took|speak|spoke|appear|attend\w*|participat\w*)\b)",
    _I,
)
_AUTHORS = re.compile(
    r"\bwho (?:is|are|was|were) (?:the |its )?(?:authors?|writers?|sender)\b(?! of (?!th))"
    r"|\bwho (?:wrote|signed|sent|authored)"
    r" (?:it|th(?:is|e))\b|\b(?:list|name) (?:all )?(?:the |its )?authors\b|\bwho (?:is|was) (?:it|this)(?: \w+)? "
    r"(?:by|from|written by|sent by|signed by)\b",
    _I,
)
_COUNT = re.compile(r"\bhow many\b|\bnumber of\b|\bcount (?:the|all|how)\b", _I)
_ALL = re.compile(
    r"^\W*(?:please )?(?:list|name|enumerate|give|show|find|tell me|identify|mention)\b.{0,30}"
    r"\b(?:all|every|each|the)\b"
    r"|^\W*(?:list|enumerate|name)\b|\b(?:all|every|each) (?:of )?(?:the )?\w+(?:s|en)\b.{0,60}\?*\Z"
    r"|^\W*(?:in|into|on|at|for|to|of|with|by|from)?\s*(?:which|what) (?!two\b|three\b|four\b|five\b)"
    r"(?:(?!is|was|were|are|do|did|of)\w+ )?(?!is\b|was\b|does\b|has\b|this\b"
    r"|less\b|happens\b)(?:\w+[^sui\W]s|people|men|women|children|criteria|persons)\b"
    r"|^\W*what (?:are|were) (?:the|all|some|its|their) (?:\w+ )?(?:\w+s|criteria|people)\b(?! of\b.* in\b)",
    _I,
)
_COMPARE = re.compile(
    r"\b(?:compar(?:e[ds]?|ing|ison)|contrast|differ(?:s|ences?|ent)?\b.{0,40}\b(?:between|from|than)|versus|vs\.?"
    r"|in common|both (?:documents|texts|leases|files|papers)|each (?:document|text|file|paper|of the documents))\b",
    _I,
)
_DEFINITION = re.compile(
    r"\b(?:what (?:does|do) .{1,80}? (?:mean|stand for|refer to)|what is (?:meant|understood) by|definition of"
    r"|define[ds]?|how is .{1,60}? defined|meaning of|what(?:'s| is| are) (?:an? )?"
    r"(?!the\b|its?\b|his\b|her\b|their\b|this\b|that\b|your\b|there\b|they\b|we\b|you\b|he\b|she\b|it\b|i\b)"
    r"[\w’'-]+(?: (?!of\b|for\b|in\b|from\b|per\b|made\b)[\w’'-]+){0,4}\?*\Z)",
    _I,
)
_YES_NO = re.compile(
    r"^\W*(?:and |but |so )?(?:is|are|was|were|does|do|did|has|have|had|can|could|may|must|will|would|shall|should"
    r"|isn't|aren't|doesn't|don't|didn't)\b",
    _I,
)
_WHY = re.compile(
    r"\bwhy\b|\bfor what reasons?\b|\bwhat (?:is|was|were|are) the (?:reasons?|causes?)\b|\bhow come\b", _I
)
_GENERIC = content_words(
    "summary summarize summarise outline overview gist abstract recap short brief briefly nutshell main key central "
    "most important essential point idea topic theme takeaway message finding argument fact thing content document "
    "text file article story paper book novel report page website post blog meeting "
    "transcript conversation discussion "
    "hearing call interview session case lease contract agreement filing form letter memo email "
    "protocol study proposal specification spec plan "
    "plot say says tell give please describe explain about deal cover discuss contain whole entire full please "
    "sentence word paragraph one two three four five few simple plain "
    "language whats tldr dr tl make write me us subject section "
    "chapter synopsis general happen read present show list name attached following above pep rfc bill pdf part piece"
)


def asked_for(question: str) -> AskedFor:
    """The kind of a question. The first rule that holds decides; what none takes asks for a fact."""
    text = " ".join(question.split())
    if not any(map(str.isalnum, text)) or _GREETING.match(text):
        return AskedFor("greeting", "it asks nothing of the documents")
    if _ASSENT.match(text):
        return AskedFor("assent", "it only agrees to what was offered")
    return _about_the_whole(text) or _of_many(text) or _of_one(text)


def _about_the_whole(text: str) -> AskedFor | None:
    if _ENDING.search(text):
        return AskedFor("whole", "it asks how the text ends", "ending")
    if _BEGINNING.search(text):
        return AskedFor("whole", "it asks how the text begins", "beginning")
    if _DECISIONS.search(text) and len(content_words(text)) <= _FEW:
        return AskedFor("whole", "it asks what was decided", "decisions")
    if _CONCLUSIONS.search(text) and len(content_words(text)) <= _FEW:
        return AskedFor("whole", "it asks what the text comes to", "conclusions")
    if _AIMS.search(text):
        return AskedFor("whole", "it asks what the text is for", "aims")
    if _PEOPLE.search(text) and len(content_words(text)) <= _FEW:
        return AskedFor("list", "it asks who takes part", "people")
    if _AUTHORS.search(text) and len(content_words(text)) <= _FEW:
        return AskedFor("list", "it asks who the text is by", "authors")
    if whole_elsewhere(text):
        return AskedFor("whole", "it asks for the text as such, in another language")
    plain = not (content_words(f"{text} text") - _GENERIC)
    if _TELLS.match(text) and (plain or " this " in text.casefold()):
        return AskedFor("whole", "it asks what the text as such does")
    if (_SUMMARY.search(text) or _PLOT.search(text) or _ABOUT.search(text) or _READ.search(text)) and plain:
        return AskedFor("whole", "it asks for the text as such and names nothing in it")
    return None


def _of_many(text: str) -> AskedFor | None:
    if _COMPARE.search(text):
        return AskedFor("compare", "it sets things side by side")
    if _COUNT.search(text):
        return AskedFor("count", "it asks how many there are")
    if _ALL.search(text) and not _WHY.search(text):
        return AskedFor("list", "it asks for all of several things")
    return None


def _of_one(text: str) -> AskedFor:
    if _WHY.search(text):
        return AskedFor("why", "it asks for a reason")
    if _DEFINITION.search(text):
        return AskedFor("definition", "it asks what a term means")
    if _YES_NO.search(text):
        return AskedFor("yes-no", "it begins with a verb")
    return AskedFor("fact", "no rule for another kind holds")


_FEW = 4  # content words of a question that names a side of the whole and nothing else


def asked_alone(text: str) -> str:
    """The question without how to answer it, and where to look: in a writing that no name or date tells from others."""
    text = _ORDER.sub("", _PREAMBLE.sub("", text))
    found = _SAYS_WHERE.match(text)
    if found is None or not _IN_WRITING.search(found["where"]) or _WHICH.search(_FORM.sub("", found["where"])):
        return text
    return text[found.end() :]
