"""A chat model's reply as the sentences of a summary: what it thought, announced or marked up left out."""

from __future__ import annotations

import re

from langchain_core.messages import AIMessage

from longdoc.chunkers.text.sentences import split_sentences
from longdoc.chunkers.tokenizers.base import Tokenizer
from longdoc.errors import BudgetError
from longdoc.pipelines.summarizers.prompts import without_fences

_THINK = r"think|thinking|thought|reasoning|analysis|scratchpad"
_THOUGHT = re.compile(rf"<({_THINK})\b[^>]*>.*?(?:</\1\s*>|\Z)", re.S | re.I)
_THOUGHT_END = re.compile(rf"\A.*</(?:{_THINK})\s*>", re.S | re.I)
_PREAMBLE = re.compile(
    r"\A\s*(?:(?:sure|certainly|of course|absolutely|ok(?:ay)?|great|got it)\b[^.!:\n]{0,60}[.!:,]\s*"
    r"|(?:(?:and|so)\s+)?(?:here(?:['’]s| is| are)|below is|the following is|this is)\b[^.:\n]{0,120}:\s*"
    r"|(?:the\s+)?(?:(?:final|brief|short|concise|merged|shortened|revised)\s+)?(?:summary|zusammenfassung|résumé|resumen"
    r"|摘要|总结|要約)(?:\s+of\b[^.:\n]{0,80})?\s*[:：]\s*)",
    re.I,
)
_CLOSING = re.compile(
    r"^(?:let me know\b|i hope (?:this|that)\b|feel free to\b|would you like me\b|(?:please )?let me know\b"
    r"|if you (?:need|want|would like|have) (?:any|me|a|more)\b|\(?(?:word|token) count\b)",
    re.I,
)
_REFUSAL = re.compile(
    r"^(?:(?:i['’]?m|i am) (?:sorry|unable|not able)|sorry\b|i apologi[sz]e|i (?:can(?:no|['’])t|cannot|won['’]t)\b"
    r"|as an ai\b|please (?:provide|share|paste)|it (?:seems|looks|appears)\b.{0,40}\b(?:you|no text|provided|empty)\b"
    r"|there (?:is|are) no (?:text|passages?|documents?|content)\b"
    r"|no (?:text|passages?|documents?) (?:was|were|is|are)\b"
    r"|you (?:have not|haven['’]t|did not|didn['’]t) (?:provide|share|include))",
    re.I,
)
_HEADING = re.compile(r"^\s{0,3}#{1,6}\s+(.*?)\s*#*$")
_RULE = re.compile(r"^\s*(?:[-*_=]\s*){3,}$|^\s*(?:```|~~~)")
_MARK = re.compile(r"^\s*(?:>\s?)*(?:[-*+•‣▪◦–]\s+|\(?\d{1,2}[.)]\s+)?")
_BOLD_LINE = re.compile(r"^\s*(?:\*\*|__)[^*_]+(?:\*\*|__):?\s*$")
_INLINE = [
    (re.compile(r"!?\[([^\]]+)\]\((?:[^()\s]+)\)"), r"\1"),
    (re.compile(r"\*\*(?=\S)(.+?)(?<=\S)\*\*"), r"\1"),
    (re.compile(r"(?<![\w*])\*(?=[^\s*])([^*\n]+?)(?<=\S)\*(?![\w*])"), r"\1"),
    (re.compile(r"(?<!\w)__(?=\S)([^_]*\s[^_]*)(?<=\S)__(?!\w)"), r"\1"),
    (re.compile(r"`([^`\n]+)`"), r"\1"),
]
_ENDS = re.compile(r"[.!?…。！？।॥؟۔;:,][\"'”’»)\]]*$")
_CUT_SHORT = {"length", "max_tokens", "MAX_TOKENS"}


def reply_sentences(reply: AIMessage) -> list[str]:
    """The sentences of a reply, each on one line; none for a reply with nothing to read in it.

    Where the model ran into its own output limit, the sentence that was cut is left out, if it is not the only one.
    """
    text = clean(str(reply.text))
    sentences = [" ".join(span.of(text).split()) for span in split_sentences(text)]
    sentences = [one for one in sentences if any(c.isalnum() for c in one)]
    while sentences and _CLOSING.match(sentences[-1]):
        sentences.pop()
    reason = reply.response_metadata.get("finish_reason") or reply.response_metadata.get("stop_reason")
    if reason in _CUT_SHORT and len(sentences) > 1 and not _ENDS.search(sentences[-1]):
        sentences.pop()
    return sentences


def clean(text: str) -> str:
    """`text` without thoughts, preamble and markup; each item of a list becomes a paragraph."""
    text = without_fences(without_thoughts(text))
    lines = [line for line in text.splitlines() if not _RULE.match(line)]
    body = [line for line in lines if not _is_heading(line)]
    text = "\n".join(_plain(line) for line in (body if "".join(body).strip() else lines))
    for _ in range(3):
        text = _PREAMBLE.sub("", text)
    return text.strip()


def without_thoughts(text: str) -> str:
    """`text` without what a model wrote for itself."""
    return _THOUGHT_END.sub("", _THOUGHT.sub("", text))


def is_refusal(sentences: list[str], source: str) -> bool:
    """Whether a reply says that there is nothing to do, in words that are not the document's own."""
    if not sentences or len(" ".join(sentences).split()) > 80:
        return False
    return _REFUSAL.match(sentences[0]) is not None and sentences[0] not in " ".join(source.split())


def is_copy(text: str, source: str, least: float = 0.8) -> bool:
    """Whether `text` is nearly word for word in `source` and nearly as long. Linear in both."""
    words, given = _words(text), _words(source)
    if len(words) < 8 or len(words) < least * len(given):
        return False
    return _held(words, given) > 0.9


def repeats(text: str, instructions: str) -> bool:
    """Whether most of `text` repeats the instructions."""
    words = _words(text)
    return len(words) >= 8 and _held(words, _words(instructions)) > 0.5


def _held(words: list[str], given: list[str]) -> float:
    known = set(zip(given, given[1:], given[2:], given[3:], strict=False))
    runs = list(zip(words, words[1:], words[2:], words[3:], strict=False))
    return sum(run in known for run in runs) / max(1, len(runs))


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.casefold())


def _is_heading(line: str) -> bool:
    heading = _HEADING.match(line)
    return (heading is not None and not _ENDS.search(heading[1])) or _BOLD_LINE.match(line) is not None


def _plain(line: str) -> str:
    heading = _HEADING.match(line)
    line = heading[1] if heading else line
    mark = _MARK.match(line)
    item = mark is not None and mark.end() > 0 and bool(mark[0].strip())
    line = line[mark.end() :] if item and mark is not None else line
    for pattern, kept in _INLINE:
        line = pattern.sub(kept, line)
    return f"\n{line}\n" if item else line


def fitted(sentences: list[str], budget: int, tokenizer: Tokenizer) -> list[str]:
    """The first sentences that fit the budget together; the first alone is cut where it has to be, as `cut_to` does."""
    kept = [cut_to(sentences[0], budget, tokenizer)]
    for sentence in sentences[1:]:
        if tokenizer.count(" ".join([*kept, sentence])) > budget:
            break
        kept.append(sentence)
    return kept


def cut_to(sentence: str, budget: int, tokenizer: Tokenizer) -> str:
    """`sentence`, or as much of it and "..." as `budget` tokens hold: up to a clause, a word, or else a character.

    Raises `BudgetError` where not even one letter fits.
    """
    if tokenizer.count(sentence) <= budget:
        return sentence
    end = int(tokenizer.offsets(sentence)[budget - 1][1])
    clauses = [match.start() for match in re.finditer(r"[,;:]\s", sentence[:end]) if match.start() > end // 2]
    words = [match.start() for match in re.finditer(r"\s", sentence[: end + 1])]
    for ending in ("...", ""):
        for stop in [*reversed(clauses), *reversed(words), *range(end, 0, -1)]:
            piece = sentence[:stop].rstrip(" ,;:-–—") + ending
            if any(c.isalnum() for c in piece) and tokenizer.count(piece) <= budget:
                return piece
    raise BudgetError(f"no part of the summary fits {budget} tokens; give a larger budget")
