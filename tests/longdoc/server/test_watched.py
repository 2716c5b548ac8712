"""A server whose documents are the files of a folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from longdoc.errors import InputError
from longdoc.server.library import Library
from longdoc.server.settings import Limits, ServerSettings
from longdoc.server.watched import WatchedFolder


def names(library: Library) -> list[str]:
    return sorted(one.name for one in library.shelf.all())


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


@pytest.fixture
def library(tmp_path: Path) -> Any:
    made = Library(ServerSettings(tmp_path / "data", limits=Limits(upload_bytes=1000)))
    yield made
    made.close()


def test_documents_are_the_files_and_an_upload_stays(library: Library, tmp_path: Path) -> None:
    root = tmp_path / "docs"
    write(root / "a.md", "The gate is open.\n")
    write(root / "deep" / "b.txt", "The loaf bakes.\n")
    (root / "photo.bin").write_bytes(bytes(range(256)) * 3)
    (root / "photo.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(99))  # as on the command line, most are no pages
    write(root / "long.txt", "word " * 1000)
    with library.shelf.adding() as arriving:
        arriving.write(b"Uploaded by hand.\n")
        arriving.finish("own.txt")
    WatchedFolder(library, root).catch_up()
    assert names(library) == ["a.md", "deep/b.txt", "own.txt"]
    ids = {one.name: one.id for one in library.shelf.all()}
    again = WatchedFolder(library, root)
    again.catch_up(["a.md"])
    assert {one.name: one.id for one in library.shelf.all()} == ids
    write(root / "a.md", "The gate is shut.\n")
    (root / "deep" / "b.txt").rename(root / "c.txt")
    again.catch_up()
    assert names(library) == ["a.md", "c.txt", "own.txt"]
    assert ids["a.md"] not in {one.id for one in library.shelf.all()}


def test_what_a_kill_left_is_put_right(library: Library, tmp_path: Path) -> None:
    root = tmp_path / "docs"
    write(root / "a.md", "The gate is open.\n")
    first = WatchedFolder(library, root)
    first.catch_up()
    held = library.shelf.all()[0]
    notes = (tmp_path / "data" / "watched.json").read_text()
    (tmp_path / "data" / "watched.json").write_text(notes.replace('"taken": true', '"taken": false'))
    WatchedFolder(library, root).catch_up()  # killed after the document was on the shelf, before it was noted
    assert [one.id for one in library.shelf.all()] == [held.id]
    library.remove(held.id)
    (tmp_path / "data" / "watched.json").write_text(notes.replace('"taken": true', '"taken": false'))
    WatchedFolder(library, root).catch_up()  # killed before
    assert names(library) == ["a.md"]
    library.remove(library.shelf.all()[0].id)
    WatchedFolder(library, root).catch_up()  # deleted by hand: back when the file changes
    assert names(library) == []


@pytest.mark.slow
def test_the_server_answers_from_what_the_files_now_say(start: Any, tmp_path: Path) -> None:
    root = tmp_path / "docs"
    write(root / "mill.md", "# Mill\n\nThe mill was built in 1843 by Anna Holm.\n")
    caller = start(watch=root)

    def until(text: str) -> dict[str, Any]:
        while True:
            listed = [one for one in caller.get("/api/documents").json() if one["status"] == "ready"]
            told = caller.asked("When was the mill built?") if listed else {"answer": ""}
            if text in told["answer"]:
                return dict(told)

    assert until("1843")["citations"]
    write(root / "mill.md", "# Mill\n\nThe mill was built in 1911 by Anna Holm.\n")
    assert "1843" not in until("1911")["answer"]


def test_the_server_s_own_folder_is_no_source(library: Library) -> None:
    with pytest.raises(InputError, match="lies in the folder that is watched"):
        WatchedFolder(library, library.settings.folder.parent)


def test_a_file_that_is_no_document_any_more_is_let_go_and_read_once(library: Library, tmp_path: Path) -> None:
    root = tmp_path / "files"
    root.mkdir(exist_ok=True)
    (root / "a.md").write_text("# Harbour\n\nBuilt in 1843.\n")
    watched = WatchedFolder(library, root)
    watched.catch_up()
    (root / "a.md").write_text("  \n")
    watched.catch_up()
    assert library.shelf.all() == []
    (root / "a.md").chmod(0o600)
    watched.catch_up()
    assert library.shelf.all() == []
    (root / "a.md").write_text("# Harbour\n\nBuilt in 1850.\n")
    watched.catch_up()
    assert [held.name for held in library.shelf.all()] == ["a.md"]


def test_what_was_left_out_is_decided_anew_where_more_is_taken(tmp_path: Path) -> None:
    write(tmp_path / "docs" / "long.txt", "word " * 1000)
    for most, wanted in ((1000, []), (10_000, ["long.txt"])):
        library = Library(ServerSettings(tmp_path / "data", limits=Limits(upload_bytes=most)))
        WatchedFolder(library, tmp_path / "docs").catch_up()
        assert names(library) == wanted
        library.close()


def test_an_upload_does_not_go_with_a_file_of_the_same_bytes(library: Library, tmp_path: Path) -> None:
    write(tmp_path / "docs" / "a.md", "The gate is open.\n")
    watched = WatchedFolder(library, tmp_path / "docs")
    watched.catch_up()
    uploads = []
    for _ in range(2):
        with library.shelf.adding() as arriving:
            arriving.write(b"The gate is open.\n")
            uploads.append(arriving.finish("b.md", lambda: None).id)
    (tmp_path / "docs" / "a.md").unlink()
    watched.catch_up()
    assert [one.id for one in library.shelf.all()] == uploads[:1]
    assert uploads[0] == uploads[1]
