"""One summary rewritten chunk by chunk: planned, run, and run again without a call.

The model here is scripted; any LangChain chat model takes its place.
"""

from langchain_core.stores import InMemoryByteStore

import longdoc
from longdoc.testing import ScriptedChatModel

TEXT = " ".join(f"On day {day} the ship took on {day * 3} barrels of water and sailed east." for day in range(1, 41))
model = ScriptedChatModel(replies=lambda messages: "The ship sailed east. It took on barrels of water.")
settings = {
    "model": model,
    "tokenizer": "minilm",
    "max_tokens": 60,
    "chunk_tokens": 120,
    "strategy": "refine",
    "cache": InMemoryByteStore(),
}

planned = longdoc.plan(TEXT, **settings)
print(f"planned: {planned.calls} calls, at most {planned.max_calls}")
tree = longdoc.summarize(TEXT, **settings)
print(f"made: {len(model.calls)} calls, {len(tree.children)} chunks")
for sentence in tree.summary.sentences:
    print(sentence.text, [f"{span.start}-{span.end}" for span in sentence.spans])
again = longdoc.summarize(TEXT, **settings)
print(f"again: the same is {again == tree}, {len(model.calls)} calls in all")
