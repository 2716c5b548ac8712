from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from click.testing import Result
from typer.testing import CliRunner

from longdoc.cli.cache import cache
from longdoc.memory.cache.byte_cache import default_folder
from longdoc.memory.cache.encoding_cache import EncodingCache
from longdoc.memory.cache.lmdb_store import LmdbStore
from longdoc.pipelines.ask.library import library


def command(*arguments: str | Path) -> Result:
    return CliRunner().invoke(cache, [str(argument) for argument in arguments])


def test_info_counts_by_kind(tmp_path: Path) -> None:
    with EncodingCache(tmp_path) as opened:
        opened.mset([("embedding/1", b"x"), ("embedding/2", b"y"), ("summary/1", b"z")])
    result = command("info", "--cache", tmp_path)
    assert result.exit_code == 0
    told = dict(line.split() for line in result.stdout.splitlines())
    assert told == {
        "folder": str(tmp_path),
        "format": "1",
        "entries": "3",
        "embedding": "2",
        "summary": "1",
        "bytes": "473",
    }


def test_verify_says_what_is_damaged(tmp_path: Path) -> None:
    EncodingCache(tmp_path).mset([("a", b"x")])
    assert command("verify", "--cache", tmp_path).stdout == "1 entries read, 0 damaged\n"
    LmdbStore(tmp_path).mset([("b", b"not one of ours")])
    result = command("verify", "--cache", tmp_path)
    assert result.exit_code == 1
    assert result.stdout == "2 entries read, 1 damaged\n"
    assert result.stderr == "cache entry 'b' is damaged (its checksum differs): dropped, to be made again\n"
    assert command("verify", "--cache", tmp_path).exit_code == 0


def test_clear_deletes_the_caches_files_only(tmp_path: Path) -> None:
    EncodingCache(tmp_path).mset([("a", b"x")])
    (tmp_path / "mine.txt").write_text("stays")
    assert command("clear", "--cache", tmp_path).stdout == f"the cache in {tmp_path} is empty\n"
    assert not (tmp_path / "data.mdb").exists()
    assert (tmp_path / "mine.txt").exists()
    assert EncodingCache(tmp_path).info().entries == 0


def test_clear_takes_a_file_that_nothing_can_read(tmp_path: Path) -> None:
    (tmp_path / "data.mdb").write_bytes(b"no cache" * 1024)
    assert command("info", "--cache", tmp_path).exit_code == 0  # set aside, with a word in the log
    assert (tmp_path / "data.mdb.damaged").exists()
    assert command("clear", "--cache", tmp_path).exit_code == 0
    assert command("info", "--cache", tmp_path).stdout == f"the cache in {tmp_path} is empty\n"


def test_looking_makes_nothing(tmp_path: Path) -> None:
    for name in ("info", "verify", "clear"):
        assert command(name, "--cache", tmp_path / "none").stdout == f"the cache in {tmp_path / 'none'} is empty\n"
    assert list(tmp_path.iterdir()) == []


def test_the_default_folder_is_the_users() -> None:
    assert default_folder().parts[-2:] == ("longdoc", "encodings")


def test_the_command_is_light_until_it_runs() -> None:
    heavy = "{'torch', 'lmdb', 'numpy', 'langchain_core'}"
    source = f"import sys, longdoc.cli.cache\nprint(sorted({heavy} & set(sys.modules)))"
    run = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, check=True)
    assert run.stdout == "[]\n"


def test_what_was_asked_about_is_told_and_cleared(tmp_path: Path) -> None:
    book = tmp_path / "book.md"
    book.write_text("The harbour was built in 1843 by the town council.")
    held = library([str(book)], tmp_path / "kept")
    (tmp_path / "kept" / "chats.sqlite3").touch()
    both = ("--cache", tmp_path / "cache", "--index", tmp_path / "kept")
    told = command("info", *both).stdout
    assert re.fullmatch(rf"asked +[\d,]+ bytes in {held.index.folder}\n.* is empty\n", told)
    assert command("clear", *both).stdout.startswith(f"what was asked about is gone from {held.index.folder}\n")
    assert [path.name for path in (tmp_path / "kept").iterdir()] == ["chats.sqlite3"]
