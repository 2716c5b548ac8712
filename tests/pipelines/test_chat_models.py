from __future__ import annotations

import tarfile
from pathlib import Path

import pytest
import zstandard
from langchain_openai import ChatOpenAI

from longdoc.chunkers.tokenizer import load_tokenizer
from longdoc.errors import UnavailableError, UnknownNameError
from longdoc.pipelines.chat_models import chat_model, tokenizer_for
from longdoc.testing import ScriptedChatModel

CACHE = Path(__file__).parents[2] / ".." / "shared" / "data" / "common" / "tiktoken_cache.tar.zst"


@pytest.fixture
def no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_ADMIN_KEY"):
        monkeypatch.delenv(name, raising=False)


def test_a_name_gives_the_providers_model(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    model = chat_model("openai:gpt-4o")
    assert isinstance(model, ChatOpenAI)
    assert model.model_name == "gpt-4o"


@pytest.mark.parametrize("name", ["", "  ", "nobody", "nobody:model", "openai:"])
def test_an_unknown_name_is_refused_with_the_way_to_write_one(name: str) -> None:
    with pytest.raises(UnknownNameError, match="give provider:model") as raised:
        chat_model(name)
    assert repr(name) in str(raised.value)


def test_a_missing_key_is_said_in_one_line(no_keys: None) -> None:
    with pytest.raises(UnavailableError, match="API key") as raised:
        chat_model("openai:gpt-4o")
    assert "\n" not in str(raised.value)


def test_a_missing_package_is_named() -> None:
    pytest.importorskip("langchain")
    with pytest.raises(UnavailableError, match="langchain-anthropic"):
        chat_model("anthropic:claude-opus")


def test_a_local_folder_gives_its_own_tokenizer(tmp_path: Path) -> None:
    from longdoc.bundled import bundled_file

    (tmp_path / "tokenizer.json").write_bytes(bundled_file("tokenizer.json"))
    model = ScriptedChatModel(replies=[], model_name=str(tmp_path))
    assert tokenizer_for(model).name == load_tokenizer(str(tmp_path)).name


@pytest.mark.parametrize("name", ["", "scripted", "nobody/knows-this", "tests"])
def test_an_unknown_model_is_counted_with_the_bundled_tokenizer(name: str) -> None:
    assert tokenizer_for(ScriptedChatModel(replies=[], model_name=name)).name == load_tokenizer().name


def test_an_openai_model_is_counted_with_tiktoken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if not CACHE.exists():
        pytest.skip("no ../shared/data/common here to take tiktoken's files from")
    with zstandard.open(CACHE, "rb") as packed, tarfile.open(fileobj=packed, mode="r|") as files:
        files.extractall(tmp_path, filter="data")
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", str(tmp_path / "tiktoken_cache"))
    assert tokenizer_for(ScriptedChatModel(replies=[], model_name="gpt-4o")).name == "tiktoken:o200k_base"


@pytest.mark.enable_socket
@pytest.mark.allow_hosts(["127.0.0.1"])
def test_without_a_network_the_bundled_tokenizer_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", str(tmp_path))
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")  # nothing listens there
    model = ScriptedChatModel(replies=[], model_name="text-davinci-edit-001")
    assert tokenizer_for(model).name == load_tokenizer().name
