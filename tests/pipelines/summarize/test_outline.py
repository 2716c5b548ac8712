from __future__ import annotations

import random
from itertools import pairwise
from zlib import crc32

import pytest
from fakes import CharacterTokenizer, NastyTokenizer
from hypothesis import given, settings
from hypothesis import strategies as st
from langchain_core.documents import Document
from strategies import sectioned, texts

from longdoc.chunkers.tokenizers.base import Tokenizer, load_tokenizer
from longdoc.pipelines.summarize.outline import Outline, outline_of

TOKENIZERS: list[Tokenizer] = [CharacterTokenizer(), NastyTokenizer(), load_tokenizer()]
given_documents = st.lists(st.one_of(sectioned, texts.filter(bool)), min_size=1, max_size=4)


def documents(given_texts: list[str]) -> list[Document]:
    return [Document(page_content=text, metadata={"source": f"{n}.md"}) for n, text in enumerate(given_texts)]


def made(text: str, chunk_tokens: int, fan_in: int = 10) -> Outline:
    return outline_of(documents([text]), chunk_tokens, fan_in, CharacterTokenizer())


def shape(node: Outline) -> object:
    return node.title if not node.children else (node.title, [shape(child) for child in node.children])


def slow_height(node: Outline) -> int:
    return max((1 + slow_height(child) for child in node.children), default=0)


@settings(max_examples=60)
@given(
    given_texts=given_documents, limit=st.integers(8, 200), fan_in=st.integers(2, 5), which=st.sampled_from(TOKENIZERS)
)
def test_leaves_tile_the_sources_within_their_limit(
    given_texts: list[str], limit: int, fan_in: int, which: Tokenizer
) -> None:
    root = outline_of(documents(given_texts), limit, fan_in, which)
    leaves = list(root.leaves)
    assert [(leaf.span.source, leaf.span.start) for leaf in leaves] == sorted(
        (leaf.span.source, leaf.span.start) for leaf in leaves
    )
    for number, text in enumerate(given_texts):
        spans = [leaf.span for leaf in leaves if leaf.span.source == f"{number}.md"]
        assert "".join(span.of(text) for span in spans) == text
        assert all(before.end == after.start for before, after in pairwise(spans))
        assert all(which.count(span.of(text)) <= limit for span in spans)


@settings(max_examples=60)
@given(given_texts=given_documents, limit=st.integers(8, 200), fan_in=st.integers(2, 5))
def test_every_level_is_smaller_than_the_one_below(given_texts: list[str], limit: int, fan_in: int) -> None:
    root = outline_of(documents(given_texts), limit, fan_in, CharacterTokenizer())
    for node in root.walk():
        assert len(node.children) == 0 or 2 <= len(node.children) <= fan_in
        assert node.height == slow_height(node)
        sources = {leaf.span.source for leaf in node.leaves}
        if len(sources) == 1:
            below = list(node.leaves)
            assert node.span.start == below[0].span.start
            assert node.span.end == below[-1].span.end
            assert node.tokens >= len(node.span.of(given_texts[int(node.span.source[0])]))


@settings(max_examples=30)
@given(given_texts=given_documents)
def test_walk_gives_children_before_their_parents(given_texts: list[str]) -> None:
    root = outline_of(documents(given_texts), 20, 3, CharacterTokenizer())
    nodes = list(root.walk())
    place = {id(node): at for at, node in enumerate(nodes)}
    assert nodes[-1] is root
    assert all(place[id(child)] < place[id(node)] for node in nodes for child in node.children)
    assert [leaf for leaf in nodes if not leaf.children] == list(root.leaves)


def test_a_text_that_fits_is_one_leaf() -> None:
    text = "# A\n\nSome.\n\n## B\n\nMore.\n"
    assert made(text, 100) == Outline("0.md", (), made(text, 100).span, len(text) + 1, crc32(text[:12].encode()))
    assert shape(made(text, 100)) == "0.md"


def test_sections_are_nodes_under_their_headings() -> None:
    body = "x" * 30
    text = f"# A\n\n{body}\n\n## B\n\n{body}\n\n## C\n\n{body}\n\n# D\n\n{body}\n"
    assert shape(made(text, 40)) == ("0.md", [("A", ["A", "B", "C"]), "D"])
    tree = made(text, 40)
    assert [leaf.headings for leaf in tree.leaves] == [("A",), ("A", "B"), ("A", "C"), ("D",)]


def test_short_neighbours_share_a_leaf() -> None:
    text = "".join(f"# {letter}\n\n{'x' * 20}\n\n" for letter in "ABCDEF")
    tree = made(text, 60)
    assert len(tree.children) < 6
    assert any(" … " in leaf.title for leaf in tree.leaves)
    assert all(len(leaf.span.of(text)) % 27 == 0 for leaf in tree.leaves)


def body(rng: random.Random) -> str:
    return " ".join(f"{''.join(rng.choices('abcdefgh', k=6)).title()} came." for _ in range(rng.randint(1, 30)))


@settings(max_examples=40)
@given(seed=st.integers(0, 10**6), sections=st.booleans(), limit=st.integers(150, 400), fan_in=st.integers(3, 8))
def test_an_insertion_changes_few_nodes(seed: int, sections: bool, limit: int, fan_in: int) -> None:
    rng = random.Random(seed)
    paragraphs = [(f"# Part {n}\n\n" if sections and n % 9 == 0 else "") + body(rng) for n in range(100)]
    before = made("\n\n".join(paragraphs), limit, fan_in)
    at = rng.randrange(100)
    text = "\n\n".join([*paragraphs[:at], f"{paragraphs[at]} A new one.", *paragraphs[at + 1 :]])
    after = made(text, limit, fan_in)
    known = set(contents(before, "\n\n".join(paragraphs)).values())
    fresh = [node for node, content in contents(after, text).items() if content not in known]
    assert len(fresh) <= 3 + 2 * after.height


def contents(root: Outline, text: str) -> dict[int, object]:
    """What each node holds: its text, if it is a leaf, else what its children hold."""
    found: dict[int, object] = {}
    for node in root.walk():
        found[id(node)] = tuple(found[id(child)] for child in node.children) or node.span.of(text)
    return found


def test_sources_stand_side_by_side() -> None:
    root = outline_of(documents(["one " * 20, "two", "three " * 20]), 50, 10, CharacterTokenizer())
    assert root.title == "All sources"
    assert [child.span.source for child in root.children] == ["0.md", "1.md", "2.md"]


def test_a_title_in_the_metadata_is_the_name() -> None:
    document = Document(page_content="text", metadata={"source": "a.pdf", "title": "On Text"})
    assert outline_of([document], 10, 2, CharacterTokenizer()).title == "On Text"


@pytest.mark.parametrize("levels", [7, 3000])
def test_headings_that_nest_without_end(levels: int) -> None:
    rows = [[4 * at, at + 1, "h"] for at in range(levels)]
    document = Document(page_content="h. \n" * levels, metadata={"source": "deep", "outline": rows})
    root = outline_of([document], 8, 4, CharacterTokenizer())
    assert "".join(leaf.span.of(document.page_content) for leaf in root.leaves) == document.page_content
