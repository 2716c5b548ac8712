"""What kind a question is, and what a follow-up takes from the turn before."""

from __future__ import annotations

import pytest
from langchain_core.documents import Document
from langchain_core.messages import AIMessage, HumanMessage

from longdoc.pipelines.answers.carry import standing_alone
from longdoc.pipelines.answers.cues import Question
from longdoc.pipelines.answers.kinds import asked_for
from longdoc.pipelines.answers.listing import listing_of, stated
from longdoc.pipelines.answers.people import authors_of, characters_of, speakers_of
from longdoc.pipelines.units.find import units_of


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("hello", "greeting"),
        ("Thanks a lot!", "greeting"),
        ("yes please", "assent"),
        ("Summarize this document.", "whole"),
        ("What is this about?", "whole"),
        ("What are the main points of the meeting?", "whole"),
        ("What did they decide?", "whole"),
        ("How does the story end?", "whole"),
        ("List the people in the meeting.", "list"),
        ("Which ships are in the fleet?", "list"),
        ("How many ships are in the fleet?", "count"),
        ("Compare the rent of the two leases.", "compare"),
        ("What is a glossary?", "definition"),
        ("Are methods allowed?", "yes-no"),
        ("Why was it deferred?", "why"),
        ("Who is the tenant?", "fact"),
        ("What happens if the rent is late?", "fact"),
        ("Summarize the rules on parking.", "fact"),
        ("What does this RFC propose?", "whole"),
        ("What did they conclude?", "whole"),
        ("What were the findings?", "whole"),
        ("What is the goal of the paper?", "whole"),
        ("What was the outcome of the appeal?", "whole"),
        ("What is the purpose of the deposit in section 4?", "fact"),
        ("Which corpus was used?", "fact"),
        ("Who asked about the harbour?", "fact"),
        ("What two types are added?", "fact"),
        ("How many people took part?", "list"),
        ("How many people are without work?", "count"),
    ],
)
def test_kinds(question: str, kind: str) -> None:
    assert asked_for(question).kind == kind


@pytest.mark.parametrize(
    ("before", "said", "question", "alone"),
    [
        ("When does the lease start?", "", "And when does it end?", "when does the lease end?"),
        ("What is the unit cost of K-66?", "", "What about K-92?", "What is the unit cost of K-92?"),
        ("What were net sales in 2021?", "", "And in 2020?", "What were net sales in 2020?"),
        ("What are the inclusion criteria?", "", "And the exclusion criteria?", "What are the exclusion criteria?"),
        ("Is it for left-handed people?", "", "Why?", "Why Is it for left-handed people?"),
        ("Who led Acme?", "Mara Lund led Acme.", "Who came after her?", "Who came after Mara Lund?"),
        ("When was Ann Lee born?", "", "What was her occupation?", "What was Ann Lee's occupation?"),
        ("Who is the tenant?", "", "What is the rent?", "What is the rent?"),
    ],
)
def test_a_follow_up_stands_alone(before: str, said: str, question: str, alone: str) -> None:
    assert standing_alone(question, [HumanMessage(before), AIMessage(said)]) == alone


def test_a_first_question_is_left_as_it_is() -> None:
    assert standing_alone("And when does it end?", []) == "And when does it end?"


def test_a_list_is_found_by_its_introduction() -> None:
    units = units_of("Wood is dear.\n\nThe tools needed are:\n\n- a saw\n- a plane\n- glue\n\nIt takes a day.\n")
    listing = listing_of("Which tools are needed?", units)
    assert listing is not None
    assert [one.text for one in listing.items] == ["a saw", "a plane", "glue"]


def test_every_sentence_that_says_so_is_listed() -> None:
    said = "The Alma is a ship of the fleet. The town is old. The Bella is a ship of the fleet. Bread is cheap."
    listing = listing_of("Which ships are in the fleet?", units_of(said))
    assert listing is not None
    assert len(listing.items) == 2


def test_those_who_speak_are_the_people() -> None:
    text = "\n".join(f"{name}: We meet at noon again." for name in ("Ann Lee", "Bo", "Ann Lee", "Bo", "Ann Lee", "Bo"))
    people = speakers_of(units_of(text))
    assert people is not None
    assert [one.text for one in people.items] == ["Ann Lee", "Bo"]


def test_a_count_that_the_text_states() -> None:
    assert stated("How many test cases are there?", "Below we provide 17 test cases.")
    assert not stated("How many test cases are there?", "In 2020 we met.")


@pytest.mark.parametrize(
    "question", ["Worum geht es hier?", "¿De qué trata este documento?", "De quoi parle ce livre ?", "请总结这篇文章"]
)
def test_a_request_about_the_text_is_known_in_other_languages(question: str) -> None:
    assert asked_for(question).kind == "whole"


@pytest.mark.parametrize(
    "question", ["Was steht in Abschnitt 4?", "¿Cuánto cuesta el alquiler?", "Qui paie le loyer ?"]
)
def test_a_question_about_one_thing_is_no_request_about_the_text(question: str) -> None:
    assert asked_for(question).kind != "whole"


@pytest.mark.parametrize(
    ("text", "by"),
    [
        ("To whom it may concern:\n\nThree trucks came.\n\nBest regards,\nMallori\n", ["Mallori"]),
        (
            "A Study of Ships\n\nAda Lovelace, Jean van der Meer\n\nShips float.\n",
            ["Ada Lovelace", "Jean van der Meer"],
        ),
        ("Author: Ada Lovelace\n\nShips float.\n", ["Ada Lovelace"]),
    ],
)
def test_who_a_text_is_by_stands_where_it_says_so(text: str, by: list[str]) -> None:
    listing = authors_of(Document(text, metadata={"source": "s"}))

    assert listing is not None
    assert [one.text for one in listing.items] == by
    assert [one.spans[0].of(text) for one in listing.items] == by


def test_a_text_that_does_not_say_who_it_is_by_has_no_authors_and_no_characters() -> None:
    document = Document("Ships float. They carry wheat.\n", metadata={"source": "s"})

    assert authors_of(document) is None
    assert characters_of(document) is None


def test_sections_under_the_heading_that_is_asked_for_are_a_list() -> None:
    text = "# Ships\n\nIntro here.\n\n## New methods\n\n### load\n\nA.\n\n### unload\n\nB.\n\n## End\n\nC.\n"

    listing = listing_of("How many new methods are there?", units_of(text, "s"))

    assert listing is not None
    assert [one.text for one in listing.items] == ["load", "unload"]


def test_items_below_an_item_that_ends_with_a_colon_are_a_list_of_their_own() -> None:
    text = "Notes\n\n* A ship has these masts:\n\n  * fore\n  * main\n\n* It floats on water.\n"

    listing = listing_of("Which masts does a ship have?", units_of(text, "s"))

    assert listing is not None
    assert [one.text for one in listing.items] == ["fore", "main"]


def test_an_abbreviation_is_found_written_out_and_a_name_that_no_text_has_is_strange() -> None:
    asked = Question.of("Who is the CEO of Acme in Germany?")

    assert asked.spelled_out("She became Chief Executive Officer.") == {"ceo"}
    assert not asked.spelled_out("The chief of the executive is an officer.")
    assert asked.names_none_of(["Acme sells ships. She became Chief Executive Officer."])
    assert not asked.names_none_of(["Acme sells ships in Germany. She became Chief Executive Officer."])
