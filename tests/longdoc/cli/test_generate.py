from __future__ import annotations

import os
import subprocess
import sys
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import pytest
import torch
from click.testing import Result
from local_models import save_tiny
from typer.testing import CliRunner

from longdoc.cli.app import app
from longdoc.models.decoder.chat_model import WindowedChatModel
from longdoc.models.decoder.decoder import load_decoder

TEXT = "The harbour was built by the town council. " * 30


@cache
def folder() -> Path:
    return save_tiny(Path(mkdtemp()), words=True)


def generate(*arguments: object, stdin: str = TEXT) -> Result:
    return CliRunner().invoke(app, ["generate", *map(str, arguments)], input=stdin)


def written(*arguments: object, stdin: str = TEXT) -> str:
    result = generate("--model", folder(), *arguments, stdin=stdin)
    assert result.exit_code == 0, result.stderr
    assert result.stdout.endswith("\n")
    return result.stdout[:-1]


@pytest.mark.parametrize("prefix", ["", "hf:"])
def test_it_writes_what_the_windowed_decoder_generates(prefix: str) -> None:
    decoder = load_decoder(str(folder()))
    assert decoder.tokenizer is not None
    ids = torch.tensor([decoder.tokenizer(TEXT)["input_ids"]])
    out = decoder.generate(ids, attention_window=32, sinks=2, max_new_tokens=20, do_sample=False)
    expected = decoder.tokenizer.decode(out[0, ids.shape[1] :], skip_special_tokens=True)  # type: ignore[index]
    options = ["--attention-window", 32, "--sinks", 2, "--max-new-tokens", 20, "--temperature", 0]
    result = generate("--model", f"{prefix}{folder()}", *options)
    assert result.stdout == f"{expected}\n"


def test_a_seed_draws_the_same_text_again_and_another_another() -> None:
    drawn = ["--max-new-tokens", 20, "--temperature", 1.5, "--top-k", 50, "--top-p", 0.95, "--seed"]
    assert written(*drawn, 7) == written(*drawn, 7) != written(*drawn, 8)


def test_it_ends_before_a_stop() -> None:
    full = written("--max-new-tokens", 20)
    stop = full[10:14]
    assert written("--max-new-tokens", 20, "--stop", stop, "--stop", "never written") == full[: full.index(stop)]


def test_with_chat_the_text_is_a_message() -> None:
    chat = WindowedChatModel.from_pretrained(str(folder()), attention_window=256, max_tokens=20)
    assert written("--chat", "--max-new-tokens", 20) == chat.invoke(TEXT).content
    assert written("--max-new-tokens", 20) == "".join(chat.stream_text(TEXT))


REFUSED = {
    "no folder": (["--model", "/no/such/folder"], "'/no/such/folder'"),
    "no weights": (["--model", "HERE/bare"], "safetensors"),
    "no config": (["--model", "HERE"], "config.json"),
    "no hub": (["--model", "nobody/no-such-model"], "hub cannot be reached"),
    "window": (["--model", "MODEL", "--attention-window", "0"], "attention_window is 0"),
    "sinks": (["--model", "MODEL", "--sinks", "-1"], "sinks is -1"),
    "tokens": (["--model", "MODEL", "--max-new-tokens", "0"], "max_tokens is 0"),
    "temperature": (["--model", "MODEL", "--temperature", "-1"], "temperature is -1"),
    "top_p": (["--model", "MODEL", "--top-p", "2"], "top_p is 2"),
}


@pytest.mark.parametrize("case", list(REFUSED))
def test_what_cannot_be_is_one_line_on_stderr(case: str, tmp_path: Path) -> None:
    arguments, named = REFUSED[case]
    (tmp_path / "bare").mkdir()
    (tmp_path / "bare" / "config.json").write_text("{}")
    told = [one.replace("HERE", str(tmp_path)).replace("MODEL", str(folder())) for one in arguments]
    result = generate(*told)
    assert result.exit_code == 2, result.output
    assert result.stdout == ""
    assert result.stderr.startswith("longdoc: ")
    assert result.stderr.count("\n") == 1
    assert named in result.stderr


@pytest.mark.parametrize(("stdin", "named"), [("", "'stdin' is empty"), (" \n", "nothing but white space")])
def test_an_empty_stdin_is_refused(stdin: str, named: str) -> None:
    result = generate("--model", folder(), stdin=stdin)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert named in result.stderr


@pytest.mark.slow
def test_text_appears_as_it_is_written() -> None:
    command = [sys.executable, "-m", "longdoc.cli", "generate", "--model", str(folder()), "--max-new-tokens", "4000"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env={**os.environ}
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(TEXT.encode())
        process.stdin.close()
        assert process.stdout.read(20)
        process.stdout.close()  # whoever read it has enough: the next piece ends the process
        assert process.wait(timeout=60) == 1
