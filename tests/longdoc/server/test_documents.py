"""Documents over HTTP: whole or absent on disk, whatever they are called, and their text by its characters."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from office_files import docx_members, paragraph, zipped

from longdoc.chunkers.readers.registry import read_bytes
from longdoc.errors import InputError
from longdoc.server.settings import Limits, ServerSettings
from longdoc.server.shelf import Shelf

BOOK = "# Whales\r\n\r\nThe blue whale 🐋 weighs 150 tonnes.\n\n# Ships\n\nThe Pequod was commanded by Captain Ahab.\n"
ENTITIES = "".join(f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in pairwise("abcdefghij"))
LAUGHS = f"<!DOCTYPE w:document [<!ENTITY a 'ha'>{ENTITIES}]><w:document>&j;</w:document>"
OCTETS = {"Content-Type": "application/octet-stream"}


@pytest.fixture(scope="module")
def book(server: Any) -> str:
    return str(server.added("book.md", BOOK.encode())["id"])


def contents(folder: Path) -> list[str]:
    """What is in the folder beside what the index and the cache keep for themselves."""
    paths = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return sorted(str(path) for path in paths if path.parts[0] not in ("index", "cache", "lock"))


def test_a_document_is_told_of_from_its_arrival_to_its_end(start: Any) -> None:
    server = start()
    added = server.add("book.md", BOOK.encode())
    facts = {"name": "book.md", "bytes": len(BOOK.encode()), "pages": None, "error": None, "summarized": False}
    facts |= {"pictures": False, "progress": None}
    id = added["id"]
    assert re.fullmatch("[0-9a-f]{32}", id)
    assert added == {"id": id, **facts, "words": 0, "status": "reading"}
    read = {"id": id, **facts, "words": len(BOOK.split()), "status": "ready"}
    assert server.read(id) == read
    assert server.get("/api/documents").json() == [read]
    assert server.delete(f"/api/documents/{id}").status_code == 204
    assert server.get("/api/documents").json() == []
    for gone in ("", "/text", "/summary"):
        assert server.get(f"/api/documents/{id}{gone}").status_code == 404
    assert server.delete(f"/api/documents/{id}").json() == {"error": "there is no such document"}
    assert contents(server.folder) == []
    assert not server.asked("Who commanded the Pequod?")["citations"]


@given(start=st.integers(0, 200), length=st.integers(0, 200))
def test_a_stretch_of_text_is_that_slice_of_it(server: Any, book: str, start: int, length: int) -> None:
    told = server.get(f"/api/documents/{book}/text", params={"start": start, "end": start + length}).json()
    total = len(BOOK)
    first, last = min(start, total), min(start + length, total)
    assert told == {"text": BOOK[start : start + length], "start": first, "end": last, "total": total, "pages": None}


@given(text=st.text(st.characters(codec=None), min_size=1).filter(str.strip))
def test_text_of_any_characters_is_on_disk_as_it_is(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    shelf = Shelf(tmp_path_factory.mktemp("shelf"))
    with shelf.adding() as arriving:
        arriving.write(text.encode("utf-8", "surrogatepass"))
        held = arriving.finish("any.txt")
    encoded = text.encode("utf-32-le", "surrogatepass")
    (shelf.folder(held) / "text.utf32").write_bytes(encoded)
    middle = len(text) // 2
    assert shelf.text(held, 0, middle) + shelf.text(held, middle, len(text)) == text
    shelf.close()


@pytest.mark.parametrize(("start", "end"), [(5, 4), (0, 100_001), (-1, 4), (0, "x"), (1 << 41, 1 << 41)])
def test_a_stretch_that_is_none_is_refused(server: Any, book: str, start: object, end: object) -> None:
    answer = server.get(f"/api/documents/{book}/text", params={"start": start, "end": end})
    assert answer.status_code == 400
    assert list(answer.json()) == ["error"]


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("broken.pdf", b"%PDF-1.7 and then nothing", "broken.pdf"),
        ("broken.docx", b"PK\x03\x04 no archive", "broken.docx"),
        ("picture.txt", bytes(range(256)) * 4, "picture.txt"),
        ("blank.md", b" \n\t ", "nothing but white space"),
        ("bomb.docx", zipped({"word/document.xml": b" " * (300 << 20)}), "bomb.docx"),
        ("laughs.docx", zipped({**docx_members(paragraph("&b;")), "word/document.xml": LAUGHS}), "laughs.docx"),
    ],
)
def test_a_file_that_cannot_be_read_says_so(server: Any, name: str, data: bytes, said: str) -> None:
    told = server.added(name, data)
    with pytest.raises(InputError) as refused:
        read_bytes(data, name, Path(name).suffix)
    assert (told["status"], told["error"]) == ("failed", str(refused.value))
    assert said in told["error"]
    answer = server.get(f"/api/documents/{told['id']}/text")
    assert (answer.status_code, answer.json()) == (409, {"error": told["error"]})


@pytest.mark.parametrize(
    ("given_name", "shown"),
    [
        ("../../../etc/cron.d/evil.md", "evil.md"),
        ("C:\\Windows\\evil.md", "evil.md"),
        ("a\0b\nc\x1b[2J.md", "a\ufffdb\ufffdc\ufffd[2J.md"),
        ("txt.\u202egpj.md", "txt.\ufffdgpj.md"),
        ("<img src=x onerror=alert(1)>.md", "<img src=x onerror=alert(1)>.md"),
        ("é" * 255, "é" * 255),
        ("CON", "CON"),
    ],
)
def test_a_name_is_shown_and_never_a_path(server: Any, given_name: str, shown: str) -> None:
    before = sorted(server.folder.parent.iterdir())
    added = server.added(given_name, f"A text about {given_name!r}.".encode())
    assert (added["name"], added["status"]) == (shown, "ready")
    assert sorted(path.name for path in (server.folder / "documents" / added["id"]).iterdir()) == [
        "about.json",
        "file",
        "read.json",
        "text.utf32",
    ]
    assert sorted(server.folder.parent.iterdir()) == before


@pytest.mark.parametrize("name", ["", " ", "/", "a/", "..\\ ", "x" * 256])
def test_a_name_that_is_none_is_refused(server: Any, name: str) -> None:
    answer = server.post("/api/documents", params={"name": name}, content=b"text", headers=OCTETS)
    assert answer.status_code == 400
    assert "name" in answer.json()["error"]


@pytest.mark.parametrize("id", ["..", "%2e%2e", "..%2f..%2fetc%2fpasswd", "a" * 32, "A" * 5000, "%00", "lock"])
def test_an_id_that_is_none_of_ours_finds_nothing(server: Any, id: str) -> None:
    for path in ("", "/text", "/summary"):
        assert server.get(f"/api/documents/{id}{path}").status_code == 404


def pieces(of: bytes) -> Iterator[bytes]:
    """A body whose length is not told."""
    for start in range(0, len(of), 100):
        yield of[start : start + 100]


def test_a_file_over_the_limit_is_refused_whether_its_length_is_told_or_not(start: Any) -> None:
    server = start(limits=Limits(upload_bytes=1000))
    for body in (b"x" * 1001, pieces(b"x" * 1001)):
        answer = server.post("/api/documents?name=a.txt", content=body, headers=OCTETS)
        assert answer.status_code == 413
        assert "1,000" in answer.json()["error"]
        assert contents(server.folder) == []
    assert server.post("/api/documents?name=a.txt", content=pieces(b"x" * 1000), headers=OCTETS).status_code == 201


def test_an_empty_file_is_refused(server: Any) -> None:
    answer = server.post("/api/documents?name=a.txt", content=b"", headers=OCTETS)
    assert (answer.status_code, answer.json()) == (
        400,
        {"error": "the file 'a.txt' is empty; give one with text in it"},
    )


def test_there_are_at_most_so_many_documents_and_bytes(start: Any) -> None:
    server = start(limits=Limits(documents=2, folder_bytes=600))
    assert server.added("a.txt", b"a" * 100)["status"] == "ready"  # its text takes 400 more
    answer = server.post("/api/documents?name=b.txt", content=b"b" * 101, headers=OCTETS)
    assert (answer.status_code, "600 bytes" in answer.json()["error"]) == (413, True)
    other = server.added("b.txt", b"b" * 50)
    assert (other["status"], "its text is too large" in other["error"]) == ("failed", True)
    answer = server.post("/api/documents?name=c.txt", content=b"c", headers=OCTETS)
    assert (answer.status_code, "2 documents" in answer.json()["error"]) == (409, True)


def test_a_server_goes_on_where_the_last_one_ended(start: Any) -> None:
    first = start()
    ready = first.added("book.md", BOOK.encode())
    failed = first.added("broken.pdf", b"%PDF-1.7")
    said = first.asked("Who commanded the Pequod?", conversation="c-1")
    first.close()
    first.__exit__(None, None, None)
    second = start()
    assert second.get("/api/documents").json() == [ready, failed]
    assert second.get("/api/conversations/c-1").json()[1]["answer"] == said
    assert second.asked("Who commanded the Pequod?")["citations"] == said["citations"]


def test_what_a_kill_leaves_is_taken_up_or_removed(start: Any, tmp_path: Path) -> None:
    first = start()
    whole = first.added("book.md", BOOK.encode())
    gone = first.added("gone.md", b"The Nautilus was commanded by Captain Nemo.")
    first.__exit__(None, None, None)
    data = tmp_path / "data"
    (data / "incoming" / "half").mkdir()
    (data / "incoming" / "half" / "file").write_bytes(b"half of a fi")
    (data / "documents" / gone["id"]).rename(data / "incoming" / f"{gone['id']}-gone")
    for made in ("read.json", "text.utf32"):
        (data / "documents" / whole["id"] / made).unlink()
    second = start()
    assert second.read(whole["id"]) == whole
    assert second.get("/api/documents").json() == [whole]
    assert {path.split("/")[1] for path in contents(data)} == {whole["id"]}
    assert second.asked("Who commanded the Nautilus?")["answer"] != "The Nautilus was commanded by Captain Nemo."


def test_two_servers_do_not_share_a_folder(start: Any) -> None:
    start()
    with pytest.raises(InputError, match="another server has the folder"):
        start()


def test_a_file_that_takes_too_long_fails_and_the_next_is_read(start: Any) -> None:
    server = start(limits=Limits(reading_seconds=1e-4))
    told = server.added("book.md", BOOK.encode())
    assert told["error"] == "reading the file took longer than 0.0001 s; give a smaller one, or its text"


def test_the_page_is_served_from_a_fixed_list(server: Any) -> None:
    assert server.get("/").text.startswith("<!DOCTYPE html>")
    assert server.get("/page.js").headers["content-type"] == "text/javascript; charset=utf-8"
    for path in (
        "/server.py",
        "/../server.py",
        "/page/page.js",
        "/%2e%2e/errors.py",
        "/index.html",
        "/docs",
        "/page.js/",
    ):
        answer = server.get(path)
        assert (answer.status_code, answer.json()) == (404, {"error": "there is nothing at this address"})


def test_settings_that_are_unsafe_are_refused(tmp_path: Path) -> None:
    for wrong, said in (
        ({"host": "0.0.0.0"}, "give --token"),
        ({"host": "example.org"}, "give --token"),
        ({"token": "short"}, "openssl rand"),
        ({"token": "a b" * 10}, "openssl rand"),
        ({"port": 65_536}, "the port is 65536"),
        ({"hosts": ("a/b",)}, "'a/b'"),
    ):
        with pytest.raises(InputError, match=re.escape(said)):
            ServerSettings(tmp_path, **wrong)  # type: ignore[arg-type]
    assert "0123456789abcdef" not in repr(ServerSettings(tmp_path, token="0123456789abcdef"))
    with pytest.raises(InputError, match="the limit uploads is 0"):
        Limits(uploads=0)


def test_a_summary_is_that_of_the_pipeline_and_is_kept(start: Any, parsed: Callable[[str], Any]) -> None:
    from longdoc.pipelines.render.render import render
    from longdoc.pipelines.summarize.summarize import summarize

    server = start()
    id = server.added("book.md", BOOK.encode())["id"]
    assert server.get(f"/api/documents/{id}/summary").json() == {"error": "the document has no summary yet"}
    told = parsed(server.post(f"/api/documents/{id}/summary", json={"max_tokens": 30}).text)
    assert [name for name, _ in told] == ["progress"] * (len(told) - 1) + ["summary"]
    assert told[-2][1]["done"] == told[-2][1]["planned"]
    document = read_bytes(BOOK.encode(), id, ".md")
    document.metadata["title"] = "book.md"
    expected = json.loads(render(summarize(document, max_tokens=30), "json"))
    assert {**told[-1][1], "seconds": 0} == {**expected, "seconds": 0}
    assert server.get(f"/api/documents/{id}/summary").json() == told[-1][1]
    assert server.get(f"/api/documents/{id}").json()["summarized"] is True
    again = parsed(server.post(f"/api/documents/{id}/summary", json={"max_tokens": 30}).text)
    assert again[-1][1]["reused"] == again[-1][1]["plan"]["calls"]


@pytest.mark.parametrize(
    "body",
    [{"max_tokens": 0}, {"max_tokens": 4001}, {"max_tokens": "9"}, {"query": ""}, {"more": 1}, [], 3],
)
def test_an_order_that_is_none_is_refused(server: Any, book: str, body: object) -> None:
    answer = server.post(f"/api/documents/{book}/summary", json=body)
    assert answer.status_code == 400
    assert list(answer.json()) == ["error"]


def again(start: Any, server: Any, limits: Limits | None = None) -> Any:
    """The server after its end, its index gone: what was read is indexed anew."""
    server.__exit__(None, None, None)
    shutil.rmtree(server.folder / "index")
    return start(limits=limits)


def test_a_document_that_cannot_be_indexed_is_not_read_for_ever(start: Any, caplog: pytest.LogCaptureFixture) -> None:
    server = start()
    id = server.added("a.txt", b"A text.")["id"]
    (server.folder / "documents" / id / "text.utf32").write_bytes(b"\xff" * 28)  # an error that no one expects
    told = again(start, server).read(id)
    assert told["status"] == "failed"
    assert told["error"] == "the document could not be indexed; the server's log says why"
    assert "UnicodeDecodeError" in caplog.text


def test_indexing_takes_no_longer_than_reading_may(start: Any) -> None:
    server = start()
    id = server.added("a.txt", b"A text.")["id"]
    told = again(start, server, Limits(reading_seconds=1e-9)).read(id)
    assert (told["status"], told["error"]) == (
        "failed",
        "reading and indexing the file took longer than 1e-09 s; give a smaller one",
    )


def test_what_is_no_document_does_not_stop_the_start(start: Any, caplog: pytest.LogCaptureFixture) -> None:
    server = start()
    first, other = (
        server.added(name, f"The whale is white, says {name}.".encode())["id"] for name in ("a.txt", "b.txt")
    )
    server.__exit__(None, None, None)
    documents = server.folder / "documents"
    (documents / ".DS_Store").write_bytes(b"a system's own")
    (documents / "of someone else").mkdir()
    (documents / "torn").mkdir()
    (documents / "torn" / "about.json").write_text('{"name": "c.t')
    (documents / other / "read.json").write_text("[]")
    second = start()
    assert [second.read(id)["status"] for id in (first, other)] == ["ready", "ready"]
    assert [one["id"] for one in second.get("/api/documents").json()] == [first, other]
    assert caplog.text.count("is no document and is left alone") == 3
    assert (documents / ".DS_Store").exists()


def test_a_damaged_index_is_made_anew(start: Any) -> None:
    server = start()
    id = server.added("a.txt", b"The whale is white.")["id"]
    server.__exit__(None, None, None)
    file = server.folder / "index" / "data.mdb"
    cut = file.with_name("cut")
    cut.write_bytes(file.read_bytes()[:20_000])
    cut.replace(file)
    file.with_name("lock.mdb").unlink()  # by it LMDB knows that this process had the index open
    second = start()
    assert second.read(id)["status"] == "ready"
    assert second.asked("Which colour is the whale?")["citations"][0]["source"] == id
