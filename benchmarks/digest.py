"""What the digest has of facts listed by hand beforehand, beside the bare sentences, and what it costs.

    python benchmarks/digest.py [--texts] [--vectors DIR]

`digest_facts.jsonl` names, for fifteen leases, contracts, filings, forms, a trial protocol and meetings of the
development data, the values that a reader would want, written before the digest was. A value is there if the summary
has it, case and white space aside. A fact is wrong if its label and its value do not stand together in the source: in
one line, sentence, row with its header, or within a paragraph of each other. `--texts` writes ten digests to a file.
"""

from __future__ import annotations

import argparse
import json
import re
import tempfile
import time
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

from datasets import archive, records
from table import markdown, publish

from longdoc import ExtractiveSummarizer, summarize
from longdoc.memory.cache.encoding_cache import EncodingCache
from longdoc.memory.summaries.summary import Sentence
from longdoc.memory.summaries.tree import SummaryTree
from longdoc.pipelines.render.render import render
from longdoc.pipelines.summarizers.learned_salience import LearnedSalience

FACTS = Path(__file__).with_name("digest_facts.jsonl")
TOKENS = 300
SHOWN = (
    *(("leases", "leases/2"), ("leases", "leases/8"), ("financebench_pdfs", "COSTCO_2021_10K.pdf")),
    *(("messy_files", "SPARSE-2024-INV-1234_borderless_table.pdf"), ("messy_files", "NCT06147739_Prot_SAP_000.pdf")),
    *(("qmsum", "qmsum/ES2006a"), ("squality", "squality/61467"), ("squality", "squality/63833")),
    *(("scotus_args", "scotus/2000.99-936"), ("techspec", "eip/eip-3076")),
)  # kinds that differ
_APART = 2500  # characters between a value and the row of years or the title that names it


@lru_cache(maxsize=4)
def packed(name: str) -> dict[str, bytes]:
    """The files of an archive of the development data, by name."""
    with archive(name) as members:
        return {Path(one.name).name: held.read() for one in members if (held := members.extractfile(one)) is not None}


def source_of(folder: Path, kind: str, document: str) -> Path:
    """A file with the document, as a reader would be given it."""
    if kind in ("financebench_pdfs", "messy_files", "pdfs"):
        path = folder / document
        path.write_bytes(packed(kind)[document])
        return path
    record = next(one for one in records(kind) if one["id"].endswith(document))
    text = record.get("document") or "\n".join(f"{turn['speaker']}: {turn['text']}" for turn in record["turns"])
    path = folder / f"{document.replace('/', '_')}.txt"
    path.write_text(text, encoding="utf-8")
    return path


def listed() -> Iterator[dict[str, Any]]:
    """The documents with their facts."""
    return map(json.loads, FACTS.read_text(encoding="utf-8").splitlines())


def has(text: str, fact: dict[str, Any]) -> bool:
    """Whether a summary has one of the values of a fact."""
    plain = " ".join(text.split()).casefold()
    return any(" ".join(value.split()).casefold() in plain for value in fact["values"])


def wrong(tree: SummaryTree) -> list[str]:
    """The labelled lines whose label is not the source's own word at its place, or not near its value."""
    assert tree.run is not None
    return [line.line for line in tree.summary.sentences if line.label and not stands(line, tree.run.texts)]


def stands(line: Sentence, texts: dict[str, str]) -> bool:
    """Whether a label and its value stand in the source, near each other."""
    found = _letters(" ".join(span.of(texts[span.source]) for span in line.spans))
    spread = max(span.end for span in line.spans) - min(span.start for span in line.spans)
    value = re.findall(r"\w+", line.text[len(line.label) :])
    own = line.label in ("Who", "With", "Speakers", "In common", "Types", "Functions")
    return all(_letters(word) in found for word in value) and (own or spread < _APART)


def _letters(text: str) -> str:
    return re.sub(r"\W+", "", text).casefold()


def made(path: Path, style: str, vectors: ExtractiveSummarizer) -> tuple[SummaryTree, float]:
    """The summary of a file in a style, and the processor's seconds that it took."""
    began = time.process_time()
    tree = summarize(path, max_tokens=TOKENS, style=style, model=vectors)
    return tree, time.process_time() - began


def shown(model: ExtractiveSummarizer) -> Iterator[str]:
    """Ten digests, without their citations."""
    with tempfile.TemporaryDirectory() as folder:
        for kind, document in SHOWN:
            tree, _ = made(source_of(Path(folder), kind, document), "digest", model)
            yield f"## {document}\n\n```text\n{render(tree, 'text').partition('Sources:')[0].rstrip()}\n```\n"


def main() -> None:
    """Prints and publishes the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--texts", action="store_true")
    parser.add_argument("--vectors", help="a folder in which sentence vectors are kept; the seconds leave them out")
    options = parser.parse_args()
    rows, total = [], [0, 0, 0]
    with tempfile.TemporaryDirectory() as folder:
        kept = None if options.vectors is None else EncodingCache(options.vectors)
        model = ExtractiveSummarizer(cache=kept, scorer=LearnedSalience())
        made(source_of(Path(folder), "leases", "leases/8"), "digest", model)  # loads the encoder
        for one in listed():
            path = source_of(Path(folder), one["set"], one["document"])
            plain, before = made(path, "sentences", model)
            tree, after = made(path, "digest", model)
            got = [has(tree.summary.text, fact) for fact in one["facts"]]
            old = [has(plain.summary.text, fact) for fact in one["facts"]]
            faults = wrong(tree)
            total = [total[0] + len(got), total[1] + sum(got), total[2] + sum(old)]
            missing = ", ".join(fact["what"] for fact, there in zip(one["facts"], got, strict=True) if not there)
            rows.append(
                [one["document"], len(got), sum(old), sum(got), len(faults), missing, f"{before:.1f}", f"{after:.1f}"]
            )
            print(*rows[-1], *faults, sep=" | ", flush=True)
    rows.append(["all", total[0], total[2], total[1], sum(row[4] for row in rows), "", "", ""])
    header = [
        "document",
        "facts",
        "in sentences",
        "in digest",
        "wrong",
        "missing",
        "seconds, sentences",
        "seconds, digest",
    ]
    publish("digest_facts", "Facts listed by hand that the digest has", markdown(header, rows))
    if options.texts:
        publish("digests", "Digests of at most 300 tokens", "\n".join(shown(model)))


if __name__ == "__main__":
    main()
