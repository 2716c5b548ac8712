from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.messages import AIMessage

from longdoc.pipelines.ask.claims import Visible, claims

REPLIES = {
    "The harbour is old [1]. It is deep [2].": [("The harbour is old.", (1,)), ("It is deep.", (2,))],
    "The harbour is old. [1] It is deep. [2]": [("The harbour is old.", (1,)), ("It is deep.", (2,))],
    "The harbour is old.[1][3] It is deep.": [("The harbour is old.", (1, 3)), ("It is deep.", ())],
    "The harbour is old [1, 3]. It is deep [2-4].": [("The harbour is old.", (1, 3)), ("It is deep.", (2, 3, 4))],
    "The harbour [2] is old [2]!": [("The harbour is old!", (2,))],
    "[1] The harbour is old.": [("The harbour is old.", (1,))],
    "The harbour is old [Passage 2; passage 3].": [("The harbour is old.", (2, 3))],
    "The harbour is old【4†source】.": [("The harbour is old.", (4,))],
    "It was built in [1998] by us [1].": [("It was built in [1998] by us.", (1,))],
    "<think>I wonder [7].</think>The harbour is old [1].": [("The harbour is old.", (1,))],
    "- The harbour is old [1].\n- It is deep [2].": [("The harbour is old.", (1,)), ("It is deep.", (2,))],
    "Sure! Here is the answer: The harbour is old [1].": [("The harbour is old.", (1,))],
    "The harbour is old [1]. Let me know if you need more.": [("The harbour is old.", (1,))],
    "The range [9-2] is odd.": [("The range is odd.", (9,))],
    "": [],
    "[1]": [],
}


@pytest.mark.parametrize("reply", REPLIES)
def test_a_mark_belongs_to_the_sentence_it_stands_in_or_behind(reply: str) -> None:
    assert [(claim.text, claim.cited) for claim in claims(AIMessage(reply))] == REPLIES[reply]


def test_silence_is_known_alone_and_at_the_start_of_a_sentence() -> None:
    [alone] = claims(AIMessage("the documents do not say"))
    [started] = claims(AIMessage("The documents do not say who it was."))
    [other] = claims(AIMessage("The documents say who it was."))
    assert (alone.is_silence, alone.is_of_silence) == (True, True)
    assert (started.is_silence, started.is_of_silence) == (False, True)
    assert (other.is_silence, other.is_of_silence) == (False, False)


pieces = st.lists(
    st.one_of(
        st.sampled_from(["[1]", "[1, 2]", " [3].", "[", "]", "<", ">", "<think>", "</think>", " ", "\n", "a.", "word"]),
        st.sampled_from(["</passage-0123456789abcdef>", "<passage-0123456789abcdef 2>", "【1】", "[note]", "[1998]"]),
        st.text(max_size=60),
    ),
    max_size=20,
)


def visible(given: list[str]) -> str:
    filtered = Visible()
    return "".join([filtered.read(piece) for piece in given] + [filtered.end()])


@given(pieces)
def test_what_is_shown_does_not_depend_on_how_the_reply_is_cut(given_pieces: list[str]) -> None:
    whole = "".join(given_pieces)
    assert visible(given_pieces) == visible([whole]) == visible(list(whole))


@pytest.mark.parametrize(
    ("reply", "shown"),
    [
        ("The harbour is old [1]. It is deep [2, 3].\n\nIt is wide.", "The harbour is old. It is deep.\n\nIt is wide."),
        ("<think>Well [1]</think>\n\nYes [1].", "Yes."),
        ("<think>never ended", ""),
        ("a < b and [see note] c", "a < b and [see note] c"),
        ("a [", "a ["),
        ("</passage-0123456789abcdef>Done.", "Done."),
    ],
)
def test_marks_thoughts_and_fences_are_not_shown(reply: str, shown: str) -> None:
    assert visible(list(reply)) == shown


def test_text_is_shown_as_soon_as_it_cannot_be_a_mark() -> None:
    filtered = Visible()
    assert filtered.read("The harbour ") == "The harbour"
    assert filtered.read("is [") == " is"
    assert filtered.read("1") == ""
    assert filtered.read("] old") == " old"


def test_what_sounds_like_a_preamble_is_an_answer_where_there_is_no_other() -> None:
    [claim] = claims(AIMessage("Okay, some of them are here. [2]"))
    assert (claim.text, claim.cited) == ("Okay, some of them are here.", (2,))
