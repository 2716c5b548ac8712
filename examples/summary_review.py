"""A LangGraph graph that summarizes a document, asks a person whether the summary will do, and goes on.

The graph stops at the question and is kept by its checkpointer; the answer may come minutes or days later. Here a
script answers: shorter first, then yes. Needs langgraph.
"""

from typing import TypedDict

from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import END, START, StateGraph
from langgraph.types import Command, interrupt

import longdoc

TEXT = " ".join(f"On day {day} the ship took on {day * 3} barrels of water and sailed east." for day in range(1, 41))


class State(TypedDict, total=False):
    """What the graph knows: the text, how long the summary may be, the summary, and what the person said."""

    text: str
    max_tokens: int
    summary: str
    places: list[tuple[int, int]]
    verdict: str


def summarize(state: State) -> State:
    """A summary and where each of its sentences stands."""
    summary = longdoc.summarize(state["text"], max_tokens=state["max_tokens"]).summary
    places = [(span.start, span.end) for sentence in summary.sentences for span in sentence.spans]
    return {"summary": summary.text, "places": places}


def ask_person(state: State) -> State:
    """Stops here, with the summary, until somebody answers."""
    return {"verdict": interrupt({"summary": state["summary"], "question": "Will it do? Say yes or shorter."})}


def shorten(state: State) -> State:
    """Half the length."""
    return {"max_tokens": state["max_tokens"] // 2}


graph = StateGraph(State)
for node in (summarize, ask_person, shorten):
    graph.add_node(node)
graph.add_edge(START, "summarize")
graph.add_edge("summarize", "ask_person")
graph.add_conditional_edges(
    "ask_person", lambda state: END if state["verdict"] == "yes" else "shorten", ["shorten", END]
)
graph.add_edge("shorten", "summarize")
review = graph.compile(checkpointer=InMemorySaver())

thread = {"configurable": {"thread_id": "voyage"}}
state = review.invoke({"text": TEXT, "max_tokens": 120}, thread)
for answer in ("shorter", "yes"):
    asked = state["__interrupt__"][0].value
    print(f"{asked['summary']}\n{asked['question']} {answer}\n")
    state = review.invoke(Command(resume=answer), thread)
print(f"kept: {len(state['places'])} sentences of at most {state['max_tokens']} tokens, at {state['places']}")
