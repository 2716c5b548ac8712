"""What a text comes to: by its section of conclusions, by its sentences that say so, by what a meeting decides."""

from __future__ import annotations

from langchain_core.documents import Document

from longdoc.chunkers.tokenizers.base import load_tokenizer
from longdoc.pipelines.ask.whole import aims_of, conclusions_of, decisions_of

BEFORE = " ".join(f"The ferry number {n} crossed the northern bay on that day of the year." for n in range(12))


def told(text: str) -> list[str]:
    found = conclusions_of(Document(page_content=text, metadata={"source": "a"}), 200, load_tokenizer("minilm"))
    return [one.text for one in found]


def test_a_section_of_conclusions_says_what_a_text_comes_to() -> None:
    last = "Ferries that start early are late less often. Two crews are needed for it. The harbour agrees with this."
    said = told(f"# Ferries\n\n{BEFORE}\n\n# 5. Conclusion\n\n{last}\n")
    assert said == [f"{one.rstrip('.')}." for one in last.split(". ")]


def test_a_judgment_comes_to_its_orders() -> None:
    orders = ["The appeal of the harbour is dismissed.", "I would order that Ann Lee pay the costs of it."]
    assert told(f"{BEFORE}\n\n{' '.join(orders)}\n") == orders


def test_a_text_without_turns_decides_what_it_comes_to() -> None:
    text = f"{BEFORE}\n\nThe appeal of the harbour is dismissed. I would order that Ann Lee pay the costs of it.\n"
    document = Document(page_content=text, metadata={"source": "a"})
    assert decisions_of(document, 200, load_tokenizer("minilm")) == conclusions_of(
        document, 200, load_tokenizer("minilm")
    )


def test_what_a_text_is_for_is_what_it_says_of_itself() -> None:
    aim = "In this report we describe how the ferries of the bay could start early."
    document = Document(page_content=f"{BEFORE}\n\n{aim} {BEFORE}\n", metadata={"source": "a"})
    assert [one.text for one in aims_of(document, 200, load_tokenizer("minilm"))] == [aim]
    silent = Document(page_content=BEFORE, metadata={"source": "a"})
    assert aims_of(silent, 200, load_tokenizer("minilm")) == ()
