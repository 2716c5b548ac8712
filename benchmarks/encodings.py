"""Is a file's encoding told, and what becomes of files that are cut, mixed or have bad bytes?

python benchmarks/encodings.py [--show]
"""

from __future__ import annotations

import argparse
import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from datasets import records
from table import markdown, publish

from longdoc.chunkers.readers.decoding import decode
from longdoc.errors import InputError

# Ten encodings of files that people have, and the languages of the texts below that they can write.
ENCODINGS = {
    "utf-8": ("de", "es", "ro", "ru", "el", "tr", "he", "ar", "zh", "ja", "hi", "th", "vi", "pl", "fr", "ko"),
    "utf-16": ("de", "ru", "zh", "ja", "fr"),
    "cp1252": ("de", "es", "pt", "fr", "sv"),
    "cp1250": ("pl", "cs", "hu"),
    "cp1251": ("ru", "uk"),
    "koi8_r": ("ru",),
    "cp1253": ("el",),
    "cp932": ("ja",),
    "gb18030": ("zh",),
    "cp949": ("ko",),
}
# Sets of the data beside the checkout, by language.
_SETS = {
    **dict.fromkeys(("de", "es", "ru", "el", "tr", "ar", "zh", "hi", "th", "vi", "ro"), "qa_xquad"),
    "he": "qa_heq",
    "ja": "qa_jaquad",
    "pt": "qa_faquad",
}
# Made for this, where that has none.
_MADE = {
    "fr": "L'été dernier, nous avons passé deux semaines à la campagne, près d'un étang où nagent des canards. Ma sœur "
    "y pêchait à l'aube ; où êtes-vous allés, vous ? Ça dépend du temps qu'il fait. ",
    "sv": "På våren kommer fåglarna tillbaka från söder och bygger sina bon. Då är det ljust till sent på kvällen, och "
    "barnen får leka längre ute på ängen än de brukar göra. ",
    "pl": "W zeszłym roku pojechaliśmy na wieś, gdzie mieszkają moi dziadkowie. Rano piliśmy gorącą kawę, a później "
    "szliśmy nad rzekę łowić ryby. Wszyscy byli zmęczeni, ale szczęśliwi. ",
    "cs": "Minulý týden jsme jeli vlakem do hor, protože tam ještě ležel sníh. Děti se těšily na sáňky a večer jsme "
    "seděli u krbu a vyprávěli si příběhy o starých časech. ",
    "hu": "Tavaly nyáron elutaztunk a tóhoz, ahol a nagyszüleim egy kis házban élnek. Reggelente a kertből szedtünk "
    "gyümölcsöt, és délután az erdőben sétáltunk, amíg meg nem jött az eső. ",
    "uk": "Минулого літа ми їздили до села, де живуть мої дідусь і бабуся. Вранці ми пили чай, а потім ішли на річку "
    "ловити рибу. Увечері всі сиділи біля хати й розповідали історії. ",
    "ko": "지난 여름에 우리는 할머니가 사시는 시골에 갔다. 아침에는 밭에서 채소를 따고 오후에는 강에서 물고기를 "
    "잡았다. 저녁이 되면 모두 마당에 모여 앉아 옛날 이야기를 들었다. ",
}
_ENGLISH = "The minutes of the meeting were read and approved. The treasurer said that the roof must be mended.\n"
TEXTS = 300
KINDS = ("whole", "cut", "bad bytes", "ASCII first", "mixed")


@dataclass(frozen=True)
class Case:
    """A file: its bytes, the lines that are in it, and how many of them were hurt."""

    name: str
    data: bytes
    lines: frozenset[str]
    hurt: int


def cases() -> Iterator[Case]:
    """The files, the same ones each time."""
    rng = random.Random(19)
    given = {language: _lines(language) for languages in ENCODINGS.values() for language in languages}
    for number in range(TEXTS):
        encoding = list(ENCODINGS)[number % len(ENCODINGS)]
        kind = KINDS[(number // len(ENCODINGS)) % len(KINDS)]
        language = rng.choice(ENCODINGS[encoding])
        size = rng.choice((150, 600, 4000, 40_000))
        yield _case(f"{number} {kind} {encoding} {language} {size}", kind, encoding, given[language], size, rng)


def _lines(language: str) -> list[str]:
    if language in _MADE:
        return [part.strip() + "." for part in _MADE[language].split(". ") if part.strip()]
    found = dict.fromkeys(row["context"] for row in records(_SETS[language]) if row.get("lang") == language)
    return [" ".join(line.split()) for context in found for line in context.splitlines() if line.strip()]


def _case(name: str, kind: str, encoding: str, given: list[str], size: int, rng: random.Random) -> Case:
    lines: list[str] = []
    while sum(map(len, lines)) < size:
        line = rng.choice(given)[:size]
        lines.append(line.encode(encoding, "ignore").decode(encoding))
    whole = "\n".join(lines) + "\n"
    data = whole.encode(encoding)
    if kind == "cut":
        data = data[rng.randrange(1, 4) if encoding not in ("utf-16",) else 0 : -rng.randrange(2, 5)]
        return Case(name, data, frozenset(lines), 2)
    if kind == "bad bytes":
        hurt = rng.randrange(1, 4)
        data = _hurt(data, hurt, rng)
        return Case(name, data, frozenset(lines), hurt * 2)
    if kind == "ASCII first" and encoding != "utf-16":
        return Case(name, (_ENGLISH * 90).encode() + data, frozenset([*lines, _ENGLISH.strip()]), 0)
    if kind == "mixed" and encoding not in ("utf-8", "utf-16"):
        half = len(lines) // 2 or 1
        data = "\n".join(lines[:half]).encode() + b"\n" + "\n".join([*lines[half:], ""]).encode(encoding)
    return Case(name, data, frozenset(lines), 0)


def _hurt(data: bytes, times: int, rng: random.Random) -> bytes:
    hurt = bytearray(data)
    for _ in range(times):
        hurt[rng.randrange(len(hurt) // 10, len(hurt))] = rng.choice((0x80, 0x81, 0xFF, 0xFE, 0x98))
    return bytes(hurt)


def outcome(case: Case) -> str:
    """Whether it is "right", "U+FFFD", "refused", or "wrong": lines come out that were not there, without a sign of it.

    A bad byte may spoil the line that it is in, and the next.
    """
    try:
        text = decode(case.data, "x.txt")
    except InputError:
        return "refused"
    odd = [line for line in text.split("\n") if line.strip() and line not in case.lines]
    if not odd:
        return "right"
    silent = [line for line in odd if "\ufffd" not in line]
    return "wrong" if len(silent) > case.hurt else "U+FFFD"


def main() -> None:
    """Prints and keeps the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--show", action="store_true", help="print the files that come out wrong")
    given = parser.parse_args()
    counts: Counter[tuple[str, str]] = Counter()
    wrong: list[str] = []
    for case in cases():
        said = outcome(case)
        counts[case.name.split(" ", 1)[1].rsplit(" ", 3)[0], said] += 1
        if said == "wrong":
            wrong.append(case.name)
            if given.show:
                print(case.name, ascii(decode(case.data, "x.txt")[-100:]))
    outcomes = ("right", "U+FFFD", "refused", "wrong")
    rows = [[kind, *(counts[kind, said] for said in outcomes)] for kind in KINDS]
    rows.append(["all", *(sum(counts[kind, said] for kind in KINDS) for said in outcomes)])
    named = f"\n\nWrong without a word: {'; '.join(wrong)}." if wrong else ""
    publish(
        "encodings",
        "Encodings of damaged files",
        f"{TEXTS} files of {len(ENCODINGS)} encodings and {len({one for many in ENCODINGS.values() for one in many})} "
        "languages, of 150 to 40,000 characters. Cut: 1 to 3 bytes are missing at the start, 2 to 4 at the end. Bad "
        "bytes: 1 to 3 are others. ASCII first: 9,000 characters of English stand before. Mixed: the first half is "
        f"UTF-8.\n\n{markdown(('files', *outcomes), rows)}{named}",
    )


if __name__ == "__main__":
    main()
