"""Texts for property tests: all that a file may hold, and the shapes that have broken splitters before."""

from __future__ import annotations

from hypothesis import strategies as st

WORDS = (
    "the",
    "a",
    "cat",
    "Dr.",
    "sat",
    "3.14",
    "U.S.",
    "naïve",
    "running",
    "unbelievably",
    "I",
    "e.g.",
    '"so"',
    "(no)",
)
NASTY = (
    *(
        "\r\n",
        "\r",
        "\n",
        "\n\n",
        "\n \n",
        "\t",
        " ",
        "\u00a0",
        "\u2028",
        "\x85",
        "\x0b",
        "\x0c",
        "\x1c",
        "\0",
        "\ufeff",
    ),
    *(
        "\ud800",
        "\udfff",
        "\ude00\ud83d",
        "\U0001f600",
        "👩‍👩‍👧‍👦",
        "🇫🇷",
        "e\u0301",
        "\u0301\u0301",
        "कि",
        "ﷺ",
        "ß",
        "İ",
        "ﬁ",
    ),
    *(
        "日本語。",
        "中文！",
        "ไทย",
        "한국어",
        "العربية؟",
        "नमस्ते।",
        "...",
        "…",
        "?!",
        '."',
        "”",
        "[12]",
        "a.",
        "A. B. C.",
    ),
    *("# H\n", "## Deep ##\n", "Title\n=====\n", "```\n", "~~~", "- item\n", "1. one\n", "| a | b |\n", "== Wiki ==\n"),
    *("\nCHAPTER IV\n", "\n\n1.2 Numbered\n\n", "\n\nLOUD LINE\n\n", "***\nOver\n***\n", "<b>", "&amp;"),
)

any_character = st.characters()  # lone surrogates too
wild = st.text(any_character, max_size=200)
repeats = st.builds(str.__mul__, st.text(any_character, min_size=1, max_size=4), st.integers(0, 120))
unspaced = st.text(st.sampled_from("abcdefgh日本"), max_size=300)
markdownish = st.lists(st.sampled_from(NASTY + WORDS), max_size=60).map("".join)
prose = st.lists(
    st.lists(st.sampled_from(WORDS), min_size=1, max_size=12).map(lambda words: " ".join(words).capitalize() + "."),
    max_size=20,
).map(" ".join)
words_with_gaps = st.lists(
    st.tuples(st.sampled_from(WORDS + NASTY), st.sampled_from((" ", "  ", "\n", "\n\n", "\r\n", ""))), max_size=60
).map(lambda pairs: "".join(word + gap for word, gap in pairs))

texts = st.one_of(st.just(""), wild, repeats, unspaced, markdownish, prose, words_with_gaps)
"""Any text: empty, any Unicode, repeats, no spaces, CRLF, Markdown-like, prose."""

paragraphs = st.lists(prose.filter(bool), min_size=1, max_size=4).map("\n\n".join)
sectioned = st.lists(
    st.tuples(st.sampled_from(("#", "##", "###")), st.sampled_from(WORDS), paragraphs), min_size=1, max_size=6
).map(lambda parts: "\n\n".join(f"{marks} {title}\n\n{body}" for marks, title, body in parts))
"""Markdown of headings and paragraphs, never blank."""
