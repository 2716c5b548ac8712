"""A chat that outgrows its prompt: 40 turns in 220 tokens, with what was said long ago found again.

The chat model is scripted, so that the example needs no network; any LangChain chat model takes its place.
"""

from pathlib import Path
from tempfile import TemporaryDirectory

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage
from langchain_core.prompts import ChatPromptTemplate

from longdoc.memory.history.chat_history import ChatHistory
from longdoc.testing import ScriptedChatModel

SYSTEM = "You help a harbour master. Answer briefly."
BUDGET = 220


def reply(messages: list[BaseMessage]) -> str:
    """What a model would say: here whether it was shown the code of the north gate."""
    return "It is 4711." if any("4711" in str(one.text) for one in messages) else "I do not know."


model = ScriptedChatModel(replies=reply)
writer = ScriptedChatModel(replies=lambda messages: "The harbour master reports which ships came to which berth.")
prompt = ChatPromptTemplate.from_template(
    "The summary so far:\n{summary}\n\nWhat was said since:\n{turns}\n\nSum up both in at most {max_tokens} tokens."
)

with TemporaryDirectory() as folder:
    history = ChatHistory(Path(folder) / "chats.db", "harbour", summarizer=prompt | writer)
    history.add_messages([HumanMessage("The code of the north gate is 4711."), AIMessage("I will remember it.")])
    for ship in range(1, 40):
        history.add_messages([HumanMessage(f"Ship {ship} is at berth {ship % 7}."), AIMessage("Noted.")])

    question = "What is the code of the north gate?"
    messages = history.prompt(SYSTEM, question, BUDGET)
    answer = model.invoke(messages)
    history.add_messages([HumanMessage(question), answer])

    for message in messages:
        print(f"--- {message.type}\n{message.text}")
    print(f"--- the reply\n{answer.text}\n")
    print(f"{len(messages)} of {len(history.messages)} messages were read")
    history.close()
