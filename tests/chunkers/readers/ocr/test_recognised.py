"""What was recognised comes back from JSON, and its glyphs stand where their words were seen."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pdf_files import Sheet, pdf

from longdoc.chunkers.readers.ocr.recognised import Line, Recognised, line_of
from longdoc.chunkers.readers.ocr.usable import is_usable
from longdoc.chunkers.readers.registry import read_bytes
from longdoc.errors import InputError

words = st.lists(st.text("abcdefghij,.-é漢", min_size=1, max_size=9), min_size=1, max_size=6)


@given(words, st.booleans())
def test_each_letter_of_a_line_is_a_glyph_within_its_words_box(said: list[str], known: bool) -> None:
    text, at, placed = " ".join(said), 0, []
    for word in said:
        placed.append((word, (10.0 + 5 * at, 20.0, 10.0 + 5 * (at + len(word)), 30.0)))
        at += len(word) + 1
    line = line_of(text, 0.9, placed if known else [], (10, 20, 10 + 5 * len(text), 30))
    assert [line.text[one[0] : one[1]] for one in line.words] == text.split()
    found = Recognised(3, 600, 800, (1, 0, 0, -1, 0, 800), (line,))
    assert Recognised.of(json.loads(json.dumps(found.json()))) == found
    glyphs = found.glyphs()
    assert "".join(map(chr, glyphs.codes)) == "".join(text.split())
    columns = np.array([at for at, letter in enumerate(text) if not letter.isspace()], float)
    assert glyphs.left == pytest.approx(10 + 5 * columns, abs=0.01)
    assert glyphs.right == pytest.approx(15 + 5 * columns, abs=0.01)
    assert (glyphs.boxes[:, [1, 3]] == (780, 770)).all()


def test_a_page_on_its_side_has_its_boxes_in_its_own_space() -> None:
    line = Line("ab", 1.0, ((0, 2, 10, 20, 30, 40),))
    turned = Recognised(1, 800, 600, (0, 1, 1, 0, 0, 0), (line,))  # x is what was y
    assert turned.glyphs().boxes.tolist() == [[20, 20, 40, 10], [20, 30, 40, 20]]


@pytest.mark.parametrize(
    "text",
    [
        "The board decided to postpone the vote until May, and the members agreed.",
        "Der Vorstand beschloss, die Abstimmung auf den nächsten Monat zu verschieben.",
        "Čtvrtý smrk vrhl stín na prst, který ukazoval směrem k řece a k lesům na obzoru.",
        "Introduction ............................ 3\nMethods ................................ 17\n",
        "1,234.50\t(2,345)\t12.4%\n3,456.00\t(4,567)\t13.1%\n$ 5,678\t—\t—\n1,234.50\t(2,345)",
        "static int fmt_strncpy(char *dst, const char *src, size_t n) { return strlcpy(dst, src, n); }",
        "中国公司年度报告 第一章：公司概况 本公司成立于2020年，是一家专注于人工智能技术研发的高科技企业。",
        "وقد قرر المجلس تأجيل التصويت إلى شهر مايو ووافق الأعضاء على ذلك بالإجماع.",
        "Page 4",
        "FREE CULTURE ❚❘❙❚❘❙ ❚❘❙❚❘❙❚❘❙❚ ❙❚❘❙❚❘❙❚❘❙❚❘❙❚❘❘ ❙❚❘❙❚❘❙❚❘❙❚❘❙❚❘❙",
    ],
)
def test_text_of_any_kind_is_usable(text: str) -> None:
    assert is_usable(text)


@given(st.integers(0, 1 << 30))
def test_letters_at_random_are_not(seed: int) -> None:
    random = np.random.default_rng(seed)
    drawn = ["".join(random.choice(list("abcdefghijklmnopqrstuvwxyz"), random.integers(2, 8))) for _ in range(400)]
    assert not is_usable(" ".join(drawn))


@pytest.mark.parametrize(
    "text", ["", " \n", "\ufffd" * 40 + "word", "\ue001\ue002" * 30, "!\"#$ %&'( )*+, -./: ;<=> ?@" * 3]
)
def test_signs_are_not(text: str) -> None:
    assert not is_usable(text)


def test_a_shifted_alphabet_is_not() -> None:
    text = "The board decided to postpone the vote until May, and every member of it agreed with them."
    shifted = "".join(chr((ord(c) - 97 + 1) % 26 + 97) if c.islower() else c for c in text)
    assert not is_usable(shifted)


PNG = b"\x89PNG\r\n\x1a\n" + bytes(40)
BOXES = pdf([b"1 0 0 RG 20 w 100 100 300 300 re S"])


@pytest.mark.parametrize(("data", "suffix"), [(PNG, ".png"), (BOXES, ".pdf")])
def test_never_is_refused_with_the_remedy(data: bytes, suffix: str) -> None:
    with pytest.raises(InputError, match=r"--ocr auto"):
        read_bytes(data, "x", suffix, "never")


def test_a_text_layer_that_says_nothing_is_kept_where_nothing_is_to_be_recognised() -> None:
    lines = ["qzx vbnm wrt plkj hgfd sxcv bnmq wrtz plks dfgh jklz xcvb nmqw rtzp"] * 3
    assert "plkj" in read_bytes(pdf([Sheet().lines(72, 700, lines)]), "x.pdf", ".pdf", "never").page_content


@pytest.mark.parametrize(("data", "suffix"), [(PNG, ".png"), (b"II*\0" + bytes(30), ".tif"), (b"text", ".jpg")])
def test_what_is_no_image_is_refused(data: bytes, suffix: str) -> None:
    with pytest.raises(InputError, match=r"^'x' is (a broken|no) image; "):
        read_bytes(data, "x", suffix)


@pytest.mark.slow
def test_without_the_extra_the_refusal_names_it(tmp_path: Path) -> None:
    mixed = pdf([Sheet().text(72, 700, "A page with words on it."), b"1 0 0 RG 20 w 100 100 300 300 re S"])
    for name, data in {"a.png": PNG, "b.pdf": BOXES, "c.pdf": mixed}.items():
        (tmp_path / name).write_bytes(data)
    script = (
        "import sys; sys.modules['rapidocr'] = None\n"
        "from longdoc.chunkers import read\n"
        "for name in ('a.png', 'b.pdf', 'c.pdf'):\n"
        "    try: print(read(name).page_content)\n"
        "    except Exception as error: print(error)"
    )
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=tmp_path)
    assert done.stdout.splitlines() == [
        "'a.png' is an image; to have its text recognised: pip install 'longdoc[ocr]'",
        "'b.pdf' has no text layer; to have its pages recognised: pip install 'longdoc[ocr]'",
        "A page with words on it.",
    ]
    assert "pages of 'c.pdf' without a text layer are left out (2)" in done.stderr
