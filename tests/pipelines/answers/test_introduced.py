from __future__ import annotations

import time

import pytest

from longdoc.pipelines.answers.cues import Question
from longdoc.pipelines.answers.introduced import goes_on
from longdoc.pipelines.answers.nearby import standing_for
from longdoc.pipelines.wording.words import stem


@pytest.mark.parametrize(
    ("question", "sentence"),
    [
        ("Who is Tom Vane?", "He said, \"My name's Tom Vane."),
        ("Who is Tom Vane?", "Tom Vane, pilot of the ferry, waved."),
        ("Who is Tom Vane?", "They asked the old keeper Vane for oil."),
        ("What does Tom Vane do for a living?", "Tom Vane is a pilot."),
        ("What is Tom Vane's job?", "Tom Vane was appointed harbour master."),
        ("Who is the CEO?", "Ann Lee is our Chief Executive Officer."),
        ("Who is the CEO?", "CEO: Ann Lee"),
        ("Who is the captain of the ship?", "The crew obeyed Ann Lee, the captain."),
        ("Who is the claimant?", "The claimant, a baker from Ryde, lost his oven."),
        (
            "Who are the parties to the lease?",
            "This Lease is made between Ann Lee ('Landlord') and Tom Vane ('Tenant').",
        ),
    ],
)
def test_a_sentence_introduces_whom_the_question_asks_for(question: str, sentence: str) -> None:
    assert Question.of(question).cue(sentence) == 1


@pytest.mark.parametrize(
    ("question", "sentence"),
    [
        ("Who is Tom Vane?", "Tom Vane shook his head and left."),
        ("Who is Tom Vane?", "The door opened and Tom Vane came in."),
        ("Who is Tom Vane?", "Tom Vane, looking at the sea, waved."),
        ("Who is Tom Vane?", "You're a fool, Tom Vane!"),
        ("Who is the claimant?", "Counsel for the claimant: The claimant appeared in person."),
        ("Who is the claimant?", "Moreover, the claimant has no oven."),
        ("Who is the claimant?", "The claimant's case is weak."),
        ("Who are the parties to the lease?", "Disputes between the Parties go to the court and are settled there."),
    ],
)
def test_a_sentence_that_only_names_someone_introduces_nobody(question: str, sentence: str) -> None:
    assert Question.of(question).cue(sentence) < 1


def test_parties_stand_in_the_title_of_a_case() -> None:
    who = Question.of("Who is the appellant?").who
    assert who is not None
    assert who.in_title("Vane v Minister for Bakers [2006] FCA 1")
    assert not who.in_title("Reasons for judgment")
    master = Question.of("Who is the harbour master?").who
    assert master is not None
    assert not master.in_title("Vane v Minister for Bakers [2006] FCA 1")


def test_what_goes_on_from_an_introduction_says_what_someone_is() -> None:
    assert goes_on('"I\'m a pilot with the ferry."')
    assert goes_on("We are members of the crew.")
    assert not goes_on("I'm tired.")


@pytest.mark.parametrize(
    ("question", "sentence", "cue"),
    [
        ("Where is the firm based?", "The firm has its principal place of business at 3 Quay Road, Ryde.", 1),
        ("Where is the firm based?", "A claim against the firm based on contract is barred.", -1),
        ("Where did she land?", "She landed at Ryde.", 1),
        ("Where did she land?", "She landed softly.", -1),
        ("What is the name of the cat?", "It's a cat.", -1),
        ("What is the name of the cat?", "Feeding the cat.", -1),
        ("What is the name of the cat?", "The cat was seen far away by the people in Ryde.", -1),
        ("What is the name of the cat?", "There was our old cat Caramel.", 1),
        ("What is the LIGHT_BLOCK?", "LIGHT_BLOCK -- the first block after dark", 0.5),
        ("What is the name of the cat?", "We have a cat called Caramel.", 1),
        ("Why did he leave?", "He wanted to see the sea.", 1),
        ("Why did he leave?", "He left at noon.", -1),
    ],
)
def test_places_names_and_reasons_are_told_by_how_they_are_said(question: str, sentence: str, cue: float) -> None:
    assert Question.of(question).cue(sentence) == cue


def test_how_and_where_to_look_is_not_looked_for() -> None:
    asked = Question.of("According to the notes and the balance sheet, what is the rent?")
    assert asked.words == {"rent"}
    asked = Question.of("What was the year-end FY2019 total amount of rents? Answer in USD.")
    assert asked.words == {"rent", "2019"}
    assert asked.kinds == {"number"}


def test_a_word_that_is_not_there_is_met_by_one_that_means_the_same() -> None:
    near = standing_for("What happened to her parents?", frozenset({stem("parents")}), ["His father died.", "A boat."])
    assert near == {stem("parents"): frozenset({stem("father")})}
    assert standing_for("What does the gryphon eat?", frozenset({stem("gryphon")}), ["His father died."]) == {}


@pytest.mark.parametrize(
    ("question", "piece"),
    [
        ("Who is the owner?", "ACGT"),
        ("Who is the owner?", "of Ann Lee the owner "),
        ("Who is Lee Ann?", "Lee Ann "),
        ("Who are the parties to the lease?", "made between among and by and between "),
    ],
)
def test_what_introduces_someone_is_looked_for_in_time_that_grows_as_the_text(question: str, piece: str) -> None:
    who = Question.of(question).who
    assert who is not None

    def cost(times: int) -> float:
        began = time.process_time()
        who.by(piece * times)
        return time.process_time() - began

    assert min(cost(16000) for _ in range(2)) < 8 * max(cost(4000), 0.01)
