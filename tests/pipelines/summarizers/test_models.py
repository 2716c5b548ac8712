from __future__ import annotations

import shutil
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard
from langchain_core.messages import HumanMessage
from langchain_openai import ChatOpenAI
from local_models import END, save_tiny, tokens_read
from typer.testing import CliRunner

import longdoc
from longdoc.chunkers.tokenizers.base import load_tokenizer
from longdoc.cli.app import app
from longdoc.errors import InputError, UnavailableError, UnknownNameError
from longdoc.models.decoder.chat_model import WindowedChatModel
from longdoc.pipelines.summarizers.models import chat_model, local_chat_model, tokenizer_for
from longdoc.testing import ScriptedChatModel

CACHE = Path(__file__).parents[3] / ".." / "shared" / "data" / "common" / "tiktoken_cache.tar.zst"


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


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny(tmp_path_factory.mktemp("model"), words=True, max_new_tokens=40)


def test_hf_and_a_folder_is_a_local_model_with_its_own_tokenizer(local: Path) -> None:
    model = chat_model(f"hf:{local}")
    assert isinstance(model, WindowedChatModel)
    tokenizer = tokenizer_for(model)
    text = "The harbour 港口 was built."
    assert tokenizer.count(text) == model.get_num_tokens(text)
    read = [model.get_num_tokens_from_messages([HumanMessage(said)]) for said in ("x", f"x{END}x")]
    assert tokenizer.count(f"x{END}x") - tokenizer.count("x") == read[1] - read[0] > 3
    assert tokenizer.name == tokenizer_for(local_chat_model(str(local), attention_window=16)).name
    assert tokenizer.name != load_tokenizer().name


def without(name: str) -> Callable[[Path], object]:
    return lambda folder: (folder / name).unlink()


BROKEN: dict[str, tuple[Callable[[Path], object], str]] = {
    "no weights": (without("model.safetensors"), "no weights in .safetensors"),
    "no config": (without("config.json"), "no config.json"),
    "no tokenizer": (without("tokenizer.json"), "tokenizer"),
    "torn weights": (lambda folder: (folder / "model.safetensors").write_bytes(b"torn" * 9), "damaged"),
    "an encoder": (lambda folder: (folder / "config.json").write_text('{"model_type": "t5"}'), "AutoModelForCausalLM"),
    "code of its own": (
        lambda folder: (folder / "config.json").write_text('{"auto_map": {"AutoConfig": "a.B"}, "model_type": "x"}'),
        "custom code",
    ),
}


@pytest.mark.parametrize("case", list(BROKEN))
def test_a_folder_that_cannot_be_loaded_is_named_with_what_it_lacks(case: str, local: Path, tmp_path: Path) -> None:
    shutil.copytree(local, tmp_path / "model")
    break_it, named = BROKEN[case]
    break_it(tmp_path / "model")
    with pytest.raises(UnavailableError, match=named) as raised:
        chat_model(f"hf:{tmp_path / 'model'}")
    assert str(tmp_path / "model") in str(raised.value)
    assert "\n" not in str(raised.value).strip()


@pytest.mark.parametrize("name", ["", "/no/such/folder", "./nothing", "two words"])
def test_what_is_no_folder_and_no_id_is_said_to_be_neither(name: str) -> None:
    with pytest.raises(UnavailableError, match="neither a folder here nor a model") as raised:
        chat_model(f"hf:{name}")
    assert repr(name) in str(raised.value)


def test_without_a_network_a_hub_id_is_refused_at_once() -> None:
    with pytest.raises(UnavailableError, match=r"'nobody/nothing' is no folder here, and .* cannot be reached"):
        chat_model("hf:nobody/nothing")


def test_settings_of_a_local_model_are_checked(local: Path) -> None:
    with pytest.raises(InputError, match="'windw'"):
        local_chat_model(str(local), windw=3)


BOOK = "# The harbour\n\n" + "The harbour was built by the town council. Ships brought timber and salt to it. " * 30


def test_a_local_model_summarizes_with_bounded_memory(local: Path) -> None:
    options = longdoc.FanOutOptions(max_concurrency=2)
    model = local_chat_model(str(local), attention_window=64, temperature=0)
    with tokens_read(model.decoder.model) as read:
        tree = longdoc.summarize(BOOK, model=model, max_tokens=40, chunk_tokens=300, options=options)
    assert tree.run is not None
    assert tree.run.calls >= 3
    assert 1 <= tree.summary.tokens == tokenizer_for(model).count(tree.summary.text) <= 40
    assert sum(read) > 1000
    assert max(read) <= 256  # no pass reads more than a chunk of the prefill, however long the prompt


def test_the_command_line_takes_a_local_model_by_its_folder(local: Path, tmp_path: Path) -> None:
    (tmp_path / "book.txt").write_text(BOOK)
    arguments = ["summarize", str(tmp_path / "book.txt"), "--model", f"hf:{local}", "--max-tokens", "40"]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.stderr
    tree = longdoc.summarize(tmp_path / "book.txt", model=f"hf:{local}", max_tokens=40)
    assert "".join(tree.summary.sentences[0].text.split()) in "".join(result.stdout.split())
    refused = CliRunner().invoke(app, [*arguments[:2], "--model", "hf:/no/such/folder"])
    assert refused.exit_code == 2
    assert refused.stderr.count("\n") == 1
    assert "/no/such/folder" in refused.stderr
