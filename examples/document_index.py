"""An index of two documents on disk: found by meaning and by words, one of them changed, opened by a second reader.

The bundled encoder needs no network; any LangChain `Embeddings` takes its place.
"""

from pathlib import Path
from tempfile import TemporaryDirectory

from langchain_core.documents import Document

from longdoc.memory.index.document_index import DocumentIndex, IndexRetriever

HARBOUR = """\
# Gates

The north gate opens at high water. Its code is 4711-B and changes each spring.

# Berths

Ships of over ninety metres lie at the outer berths, where the water is deep enough at any tide.
"""
KITCHEN = """\
# Bread

Flour, water and salt rest overnight in a cool place. The loaf bakes for forty minutes.

# Soup

The fish comes from the harbour in the morning and goes into the pot with saffron.
"""

with TemporaryDirectory() as folder:
    index = DocumentIndex(Path(folder) / "index")
    index.put(
        [
            Document(HARBOUR, metadata={"source": "harbour.md"}),
            Document(KITCHEN, metadata={"source": "kitchen.md"}),
        ]
    )
    for question in ("Where do long vessels moor?", "4711-B"):
        best = index.matches(question, k=1)[0]
        place = best.document.metadata
        print(f"{question}  ->  {place['source']}:{place['start_index']}-{place['end_index']} {place['headings']}")

    retriever = IndexRetriever(index=index, k=1, documents=["kitchen.md"])
    print("in the kitchen:", retriever.invoke("harbour")[0].metadata["headings"])

    index.put([Document(HARBOUR.replace("4711-B", "0815-C"), metadata={"source": "harbour.md"})])
    reader = DocumentIndex(Path(folder) / "index")
    print("the code now:", reader.matches("code of the north gate", k=1)[0].document.page_content.split()[12])
    index.delete(["kitchen.md"])
    print("left:", reader.documents())
