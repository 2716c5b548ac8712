"""A chat over two documents: quoted answers without a model, checked answers with one, a conversation on disk.

The scripted model stands for any LangChain chat model, such as `DocumentChat(index, model="ollama:llama3.1")`.
"""

from pathlib import Path
from tempfile import TemporaryDirectory

from langchain_core.documents import Document

from longdoc import Answer, ChatHistory, DocumentChat, DocumentIndex
from longdoc.pipelines.ask.answer import answer_text
from longdoc.testing import ScriptedChatModel

HARBOUR = """\
# Harbour

The harbour was built in 1843 by the town council. Ships from the north brought timber and salt to it.

# Ice

In winter the ice closed the harbour for two months. The council paid for an ice breaker in 1901.
"""
KITCHEN = """\
# Bread

Bob Carter bakes the bread at six. Flour, water and salt rest overnight in a cool place.
"""
QUESTION = "Who built the harbour, and when?"
REPLIES = [
    "The harbour was built in 1843 by the town council [1]. Eve Stone paid for it [2].",
    "When did the council pay for an ice breaker?",
    "The council paid for an ice breaker in 1901 [2].",
]

with TemporaryDirectory() as folder:
    index = DocumentIndex(Path(folder) / "index")
    index.put(
        [
            Document(HARBOUR, metadata={"source": "harbour.md"}),
            Document(KITCHEN, metadata={"source": "kitchen.md"}),
        ]
    )
    print(answer_text(DocumentChat(index).ask(QUESTION)), end="\n\n")

    history = ChatHistory(Path(folder) / "chats.sqlite3")
    chat = DocumentChat(index, model=ScriptedChatModel(replies=REPLIES), history=history)
    for piece in chat.stream_answer(QUESTION):
        print(f"\n\n{answer_text(piece)}\n" if isinstance(piece, Answer) else piece, end="", flush=True)

    answer = chat.ask("And the breaker?", documents=["harbour.md"])  # rewritten with the conversation first
    place = answer.citations[0]
    assert HARBOUR[place.start : place.end] == place.quote
    print(f"{answer.text}  ->  {place.source}:{place.start}-{place.end}")
