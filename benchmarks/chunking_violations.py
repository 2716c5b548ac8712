"""Which chunkers break the limit, report wrong offsets or lose text, on generated texts and on real ones."""

from __future__ import annotations

import argparse
import random
import sys
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import tiktoken
from chunking_peers import HashEmbeddings, Piece, Setting, System, attempt, available, versions
from datasets import records
from table import markdown, publish

SETS = ("books", "longtech", "multilingual", "techspec")
GENERATED_LIMIT, REAL_LIMIT, LONGEST = 50, 512, 4_000
_WORDS = (  # noqa: SIM905 - a list of them would take a screen
    "the of and a in that is was he for it with as his on be at by I this had not are but from or have an they which "
    "one you were all her she there would their we him been has when who will no more if out so up said what its "
    "about than into them can only other time new some could these two may first then do any like my now over such"
).split()
_SCRIPTS = [
    "東京都の人口は増加した。",
    "他们在河边走了很久，",
    "สวัสดีครับผมชื่อ",
    "كان الرجل في البيت. ",
    "यह एक वाक्य है। ",
    "Он ушёл. ",
]
_EMOJI = ["😀", "👨‍👩‍👧‍👦", "🏳️‍🌈", "🇩🇪", "👍🏽", "❤️", "🧑🏿‍🚀", "©", "🫠"]
_CODE = [
    "def f(x):\n    return {x: [1, 2]}\n",
    "for (int i = 0; i < n; ++i) {\n\tsum += a[i];\n}\n",
    "\\frac{a}{b}",
    "<p a='b'>",
]
_SPACES = [" ", "\n", "\t", "\u00a0", "\u2028", "\u3000", "\x0b", "\x0c", "\x85", "\u200b", "\r"]
Make = Callable[[random.Random], str]


def _sentence(rng: random.Random) -> str:
    return " ".join(rng.choices(_WORDS, k=rng.randint(1, 25))).capitalize() + rng.choice([". ", "? ", "!\n", ".\n\n"])


def _characters(rng: random.Random) -> str:
    """Any characters but surrogates, which are no characters."""
    top = rng.choice([0x80, 0x250, 0x3000, 0xD800, 0x110000])
    codes = (rng.randrange(top) for _ in range(rng.randint(1, 120)))
    return "".join(chr(code) for code in codes if not 0xD800 <= code < 0xE000)


def _table(rng: random.Random) -> str:
    columns = rng.randint(2, 5)
    rows = [[rng.choice(_WORDS) for _ in range(columns)] for _ in range(rng.randint(1, 12))]
    rows.insert(1, ["---"] * columns)
    return "\n".join(f"| {' | '.join(row)} |" for row in rows) + "\n"


def _marks(rng: random.Random) -> str:
    marks = [chr(code) for code in range(0x300, 0x370) if unicodedata.combining(chr(code))]
    return "".join(rng.choice("aeo ") + "".join(rng.choices(marks, k=rng.randint(1, 9))) for _ in range(30))


_KINDS: list[Make] = [
    lambda rng: "".join(_sentence(rng) for _ in range(rng.randint(1, 8))),
    lambda rng: "".join(_sentence(rng) for _ in range(rng.randint(1, 8))).replace("\n", "\r\n"),
    _characters,
    _table,
    _marks,
    lambda rng: rng.choice([*_WORDS, "ab", "\n", " .", "é", "好", *_EMOJI]) * rng.randint(1, 300),
    lambda rng: "".join(rng.choices("abcdefgACGT0123+/=", k=rng.randint(1, 600))),
    lambda rng: "".join(rng.choices(_EMOJI, k=rng.randint(1, 80))),
    lambda rng: "".join(rng.choices(_SCRIPTS, k=rng.randint(1, 20))),
    lambda rng: f"{'#' * rng.randint(1, 6)} {rng.choice(_WORDS)}\n\n" + _sentence(rng) * rng.randint(0, 3),
    lambda rng: f"```py\n{''.join(rng.choices(_CODE, k=rng.randint(1, 9)))}{rng.choice(['```', ''])}\n",
    lambda rng: "".join(rng.choices(_CODE, k=rng.randint(1, 6))),
    lambda rng: "".join(f"{rng.choice(['-', '*', '1.'])} {_sentence(rng)}" for _ in range(rng.randint(1, 6))),
    lambda rng: "".join(rng.choices(_SPACES, k=rng.randint(1, 60))),
    lambda rng: rng.choice(["---\n", "***\n", "Title\n=====\n", "<|endoftext|>", "\ufeff", "\0"]),
]  # fmt: skip


def generated(count: int, seed: int = 0) -> Iterator[str]:
    """Texts of up to 4,000 characters: parts of every kind, some of them said twice; the first one is empty."""
    rng = random.Random(seed)
    yield from [""][:count]
    for _ in range(count - 1):
        parts = [rng.choice(_KINDS)(rng) for _ in range(rng.randint(1, 8))]
        yield "".join(parts + rng.choices(parts, k=rng.randint(0, 2)))[:LONGEST]


@dataclass
class Faults:
    """What is wrong with the chunks of one text."""

    over: int = 0
    longest: int = 0
    offsets: int = 0
    apart: bool = False
    lost: bool = False


def faults(text: str, pieces: Sequence[Piece], limit: int, tokenizer: tiktoken.Encoding, offsets: bool) -> Faults:
    """Chunks over the limit, chunks whose offsets do not hold, whether the chunks do not join to the text.

    An offset holds if the chunk lies there and does not begin before the last one's end, overlap being none.
    """
    counts = [len(tokenizer.encode_ordinary(piece[0])) for piece in pieces]
    joined = "".join(piece[0] for piece in pieces)
    found = Faults(sum(count > limit for count in counts), max(counts, default=0))
    found.apart = joined != text
    found.lost = found.apart and "".join(joined.split()) != "".join(text.split())
    last = 0
    for part, start, end in pieces if offsets else ():
        holds = start is not None and start >= last and text[start : start + len(part)] == part
        found.offsets += not (holds and end in (None, (start or 0) + len(part)))
        last = start + len(part) if start is not None and holds else last
    return found


_ENCODING = tiktoken.get_encoding("o200k_base")
assert faults("a b", [("a", 0, 1), ("b", 2, 3)], 1, _ENCODING, True) == Faults(0, 1, 0, True, False)
assert faults("aa", [("a", 0, 1), ("a", 0, 1)], 1, _ENCODING, True) == Faults(0, 1, 1, False, False)
assert faults("a b c", [("a b", 0, 4), ("", -1, None)], 1, _ENCODING, True) == Faults(1, 2, 2, True, True)


def _row(system: System, texts: Iterable[str], limit: int, show: bool) -> list[object]:
    split = system.make(Setting(limit, embeddings=HashEmbeddings()))
    raised, found = 0, []
    for text in texts:
        given = attempt(split, text)
        if given is None:
            raised += 1
            continue
        found.append(faults(text, system.pieces(given), limit, _ENCODING, system.offsets))
        if show and (found[-1].over or found[-1].offsets or found[-1].apart):
            print(f"{system.name}: {text[:200]!r} {found[-1]}", file=sys.stderr)
    over, wrong = [one.over for one in found if one.over], [one.offsets for one in found if one.offsets]
    return [
        system.name,
        raised,
        f"{len(over):,} ({sum(over):,})" if over else 0,
        max((one.longest for one in found), default=0),
        (f"{len(wrong):,} ({sum(wrong):,})" if wrong else 0) if system.offsets else "none",
        f"{sum(one.apart for one in found):,}",
        f"{sum(one.lost for one in found):,}",
    ]


def violations(given: argparse.Namespace) -> None:
    """Two tables: generated texts at 50 tokens, the real ones at 512."""
    systems = available(given.systems)
    count = given.limit or 10_000
    real = [record["document"] for name in SETS for record in records(name)][: given.limit]
    headers = ("system", "raised", "over the limit", "longest", "wrong offsets", "not the text", "more lost")
    body = []
    for said, texts, limit in (
        (f"{count:,} generated texts", list(generated(count, given.seed)), GENERATED_LIMIT),
        (f"{len(real):,} real documents ({', '.join(SETS)})", real, REAL_LIMIT),
    ):
        rows = [_row(system, texts, limit, given.show) for system in systems]
        body.append(f"{said}, chunks of {limit} tokens of o200k_base\n\n{markdown(headers, rows)}")
    body.append(
        "Documents that have the fault and, in brackets, their chunks at fault. Raised: no chunks but an error. "
        "Longest: the most tokens of a chunk. Wrong offsets: the chunk is not at the place reported, or that is before "
        "the end of the last one; `none` where none is reported. Not the text: the chunks do not join to the document; "
        "more lost: not even white space aside. Splitters by meaning have vectors made of a hash here. chonkie Fast "
        "counts bytes, four to a token. Some generated texts hold `<|endoftext|>`, which splitters that encode it as a "
        "special token refuse; none holds a lone surrogate, which is no character."
        f"\n\nSeed {given.seed}. {versions(systems)}."
    )
    publish("chunking_violations", "Chunkers: limit, offsets, whole text", "\n\n".join(body))
