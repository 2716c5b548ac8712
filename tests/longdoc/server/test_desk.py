"""Conversations by name, notes with their citations, exports, questions of a document, digests of several."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from markdown_it import MarkdownIt
from page_material import LOG, pdf

pytest.importorskip("fastapi", reason="the server's packages are not installed")

from longdoc.server.settings import Limits
from longdoc.server.shelf import Records

LEASE = b"""SUBLEASE AGREEMENT

Landlord: Marrow Harbour Board
Tenant: Odin Towage Limited
Expiration Date: 30 June 2034
Monthly Rent: $4,200

5. Security Deposit. The Tenant shall pay a deposit of two months.

# x marks the berth of the tug.

- y is the berth of the barge.

The <b>Tenant</b> shall keep the *quay* clean of weed.
"""
TUG = b"The tug Odin was built in 1911 by the harbour board of Marrow. Its pilot was called Mia Lund.\n"
ASKED = "What was the keeper of the lamp called?"
TALK = "c-one"
LISTED = {"bullet_list_open", "bullet_list_close", "list_item_open", "list_item_close"}


@pytest.fixture(scope="module")
def filled(server: Any) -> dict[str, str]:
    """The ids of a lease, a PDF and a text, the lamp's keeper asked for in a conversation."""
    files = {"lease.txt": LEASE, "harbour.pdf": pdf(LOG), "tug.txt": TUG}
    ids = {name: str(server.added(name, data)["id"]) for name, data in files.items()}
    assert server.asked(ASKED, conversation=TALK, documents=[ids["harbour.pdf"]])["message"] == 2
    return ids


def spans(markdown: str) -> list[str]:
    """What of a Markdown text is shown as text, its marks read as a reader's program would."""
    return [part.content for one in MarkdownIt().parse(markdown) for part in one.children or () if part.type == "text"]


def test_a_conversation_has_a_name_and_goes_when_it_is_deleted(server: Any, filled: dict[str, str]) -> None:
    server.asked("What is the tug called?", conversation="c-two")
    told = {one["id"]: one for one in server.get("/api/conversations").json()}
    assert told[TALK] == {"id": TALK, "name": ASKED, "documents": [filled["harbour.pdf"]]}
    assert told["c-two"]["documents"] is None
    assert server.put(f"/api/conversations/{TALK}", json={"name": "The\nlamp"}).status_code == 204
    assert [one["name"] for one in server.get("/api/conversations").json()] == ["The lamp", "What is the tug called?"]
    assert server.delete("/api/conversations/c-two").status_code == 204
    assert [one["id"] for one in server.get("/api/conversations").json()] == [TALK]
    assert server.get("/api/conversations/c-two").json() == []
    assert server.put("/api/conversations/c-two", json={"name": "x"}).status_code == 404


def test_an_answer_and_a_passage_are_kept_as_notes(server: Any, filled: dict[str, str]) -> None:
    asked = {"conversation": TALK, "message": 2, "words": "Ask her"}
    noted = server.post("/api/notes", json=asked).json()
    assert (noted["heading"], noted["words"]) == (ASKED, "Ask her")
    assert noted["answer"]["citations"][0]["name"] == "harbour.pdf"
    start = LEASE.decode().index("Tenant:")
    passage = {"document": filled["lease.txt"], "start": start, "end": start + 27}
    other = server.post("/api/notes", json=passage).json()
    assert other["answer"]["citations"][0]["quote"] == "Tenant: Odin Towage Limited"
    assert server.put(f"/api/notes/{other['id']}", json={"words": "our tenant"}).status_code == 204
    held = server.get("/api/notes").json()
    assert [(one["heading"], one["words"]) for one in held] == [(ASKED, "Ask her"), ("lease.txt", "our tenant")]
    text = server.get("/api/notes/export").text
    assert all(part in text for part in ("Ask her", "our tenant", "Ann Carter", "Odin Towage Limited"))
    assert "Ask her" in server.get(f"/api/conversations/{TALK}/export").text
    assert "our tenant" not in server.get(f"/api/conversations/{TALK}/export").text
    for one in held:
        assert server.delete(f"/api/notes/{one['id']}").status_code == 204
    assert server.delete(f"/api/notes/{other['id']}").status_code == 404


@pytest.mark.parametrize(
    "order",
    [
        {},
        {"conversation": TALK, "message": 9},
        {"conversation": TALK, "message": 3},
        {"document": "0" * 32, "start": 0, "end": 1},
        {"conversation": TALK},
    ],
)
def test_a_note_on_nothing_is_refused(server: Any, filled: dict[str, str], order: dict[str, Any]) -> None:
    assert server.post("/api/notes", json=order).status_code == 404
    beyond = {"document": filled["tug.txt"], "start": 5, "end": 9999}
    assert server.post("/api/notes", json=beyond).status_code == 400


def test_quotations_that_look_like_markdown_are_exported_as_they_are(server: Any, filled: dict[str, str]) -> None:
    text, lease = LEASE.decode(), filled["lease.txt"]
    for line in ("5. Security Deposit.", "# x marks the berth", "- y is the berth", "<b>Tenant</b>", "*quay*"):
        start = text.index(line)
        passage = {"document": lease, "start": start, "end": start + len(line), "words": "* * *"}
        note = server.post("/api/notes", json=passage).json()["id"]
        said = server.get("/api/notes/export").text
        assert line in "".join(spans(said))
        assert "* * *" in "".join(spans(said))
        kinds = {one.type for one in MarkdownIt().parse(said)}
        assert kinds <= {"heading_open", "heading_close", "inline", "paragraph_open", "paragraph_close"} | LISTED
        page = server.get("/api/notes/export?format=html").text
        assert line.replace("<", "&lt;").replace(">", "&gt;") in page
        server.delete(f"/api/notes/{note}")


def test_a_conversation_is_exported_with_its_questions_and_places(server: Any, filled: dict[str, str]) -> None:
    whole = server.get(f"/api/conversations/{TALK}/export")
    assert whole.headers["content-disposition"].startswith("attachment; filename*=UTF-8''The%20lamp.md")
    assert f"## {ASKED}" in whole.text.replace("\\", "")
    assert re.search(r"\[\^1\]: harbour\.pdf, page 2 ", whole.text)
    one = server.get(f"/api/conversations/{TALK}/export?message=2").text
    assert "Ann Carter" in one
    page = server.get(f"/api/conversations/{TALK}/export?format=html").text
    assert "Ann Carter" in page
    assert "script-src 'sha256-" in page
    marked = server.get(f"/api/conversations/{TALK}/export?format=pdf&document={filled['harbour.pdf']}")
    assert marked.content.startswith(b"%PDF")
    assert b"/Highlight" in marked.content
    assert server.get(f"/api/conversations/{TALK}/export?message=1").status_code == 404
    other = server.get(f"/api/conversations/{TALK}/export?format=pdf&document={filled['tug.txt']}")
    assert (other.status_code, "PDF" in other.json()["error"]) == (422, True)


def test_what_a_deleted_document_said_stays_in_an_export(server: Any) -> None:
    id = server.added("gone.txt", b"The quay of Marrow was paved with granite in 1844.")["id"]
    server.asked("What was the quay paved with?", conversation="c-gone", documents=[id])
    server.delete(f"/api/documents/{id}")
    text = server.get("/api/conversations/c-gone/export").text
    assert "granite" in text
    assert "a deleted document" in text
    server.delete("/api/conversations/c-gone")


def test_questions_of_a_document_are_answered_where_its_facts_stand(server: Any, filled: dict[str, str]) -> None:
    asked = server.get(f"/api/documents/{filled['lease.txt']}/questions").json()
    assert asked
    for question in asked:
        label = re.fullmatch(r"What is the (.+)\?", question)
        assert label is not None
        answer = server.asked(question, documents=[filled["lease.txt"]])["answer"]
        row = re.search(rf"{re.escape(label[1])}: (.+)", LEASE.decode())
        assert row is not None
        assert row[1] in answer
    assert server.get(f"/api/documents/{filled['lease.txt']}/questions").json() == asked
    assert server.get(f"/api/documents/{filled['tug.txt']}/questions").json() == []


def test_one_digest_of_several_documents_goes_with_any_of_them(
    server: Any, filled: dict[str, str], parsed: Any
) -> None:
    extra = server.added("extra.txt", b"The barge Thor was built in 1911 in Marrow. The harbour board owned it.")["id"]
    ids = [filled["tug.txt"], extra]
    told = parsed(server.post("/api/summaries", json={"documents": ids}).text)
    assert told[-1][0] == "summary"
    assert {span["source"] for row in told[-1][1]["sentences"] for span in row["spans"]} == set(ids)
    kept = server.get("/api/summaries", params={"documents": ",".join(reversed(ids))})
    assert kept.json() == told[-1][1]
    text = server.get("/api/summaries/export", params={"documents": ",".join(ids)}).text
    assert "## tug.txt" in text
    assert "## extra.txt" in text
    assert extra not in text
    server.delete(f"/api/documents/{extra}")
    assert server.get("/api/summaries", params={"documents": ",".join(ids)}).json() is None


def test_an_answer_over_several_documents_calls_them_by_name(server: Any, filled: dict[str, str]) -> None:
    said = server.asked("Summarize the documents.", documents=list(filled.values()))
    assert "tug.txt: The tug" in said["answer"]
    assert not re.search(r"[0-9a-f]{32}", said["answer"])
    assert all(one["quote"] for one in said["citations"])


def test_the_same_file_twice_is_one_document(start: Any) -> None:
    caller = start()
    first = caller.add("a.txt", TUG)
    sent = {"content": TUG, "headers": {"Content-Type": "application/octet-stream"}}
    again = caller.post("/api/documents?name=copy.txt", **sent)
    assert (again.status_code, again.json()["id"], again.json()["name"]) == (200, first["id"], "a.txt")
    assert caller.post("/api/documents?name=a.md", **sent).status_code == 201  # another format is another reading
    deep = caller.post("/api/documents?name=b.txt&folder=ship/log", **(sent | {"content": TUG + b"\n"})).json()
    assert deep["name"] == "ship/log/b.txt"
    caller.read(first["id"])
    caller.delete(f"/api/documents/{first['id']}")
    assert caller.post("/api/documents?name=a.txt", **sent).status_code == 201


def test_what_lies_on_the_desk_survives_a_restart(start: Any, tmp_path: Path) -> None:
    caller = start()
    id = caller.added("tug.txt", TUG)["id"]
    caller.asked("What was the pilot called?", conversation=TALK)
    caller.post("/api/notes", json={"conversation": TALK, "message": 2})
    before = [caller.get(f"/api/{what}").json() for what in ("conversations", "notes")]
    assert all(len(one) == 1 for one in before)
    caller.__exit__(None, None, None)
    (tmp_path / "data" / "notes" / "torn.json").write_text('{"place": 1, "id"')
    (tmp_path / "data" / "notes" / "x.json.123").write_text("{}")
    again = start()
    assert [again.get(f"/api/{what}").json() for what in ("conversations", "notes")] == before
    assert id in {one["id"] for one in again.get("/api/documents").json()}


def test_a_reading_that_is_called_off_lets_the_next_begin(start: Any) -> None:
    caller = start()
    long = caller.add("long.txt", b"".join(b"The keeper of lamp %d wrote in his log. " % n for n in range(20_000)))
    short = caller.add("tug.txt", TUG)
    assert caller.delete(f"/api/documents/{long['id']}").status_code == 204
    assert caller.read(short["id"])["status"] == "ready"
    assert [one["name"] for one in caller.get("/api/documents").json()] == ["tug.txt"]
    assert caller.asked("What was the pilot called?")["supported"]


def test_there_are_as_many_notes_and_conversations_as_may_be(start: Any) -> None:
    caller = start(limits=Limits(notes=1, conversations=1))
    id = caller.added("tug.txt", TUG)["id"]
    caller.asked("What was the pilot called?", conversation=TALK)
    caller.asked("What was the tug called?", conversation=TALK)
    full = caller.post("/api/questions", json={"question": "Who?", "conversation": "c-two"})
    passage = {"document": id, "start": 0, "end": 3}
    assert (full.status_code, caller.post("/api/notes", json=passage).status_code) == (409, 201)
    assert caller.post("/api/notes", json=passage).status_code == 409


def test_a_note_has_a_size(start: Any) -> None:
    caller = start(limits=Limits(note_bytes=12_000))
    id = caller.added("long.txt", b"The keeper wrote. " * 400)["id"]
    note = {"document": id, "start": 0, "end": 5_000}
    assert caller.post("/api/notes", json={**note, "end": 5_001}).status_code == 400
    kept = caller.post("/api/notes", json=note).json()["id"]
    assert caller.post("/api/notes", json=note).status_code == 409
    assert caller.put(f"/api/notes/{kept}", json={"words": "x" * 9_000}).status_code == 409
    assert caller.put(f"/api/notes/{kept}", json={"words": "mine"}).status_code == 204
    assert [one["words"] for one in caller.get("/api/notes").json()] == ["mine"]


def test_the_latest_digests_are_kept(start: Any) -> None:
    caller = start(limits=Limits(digests=1))
    ids = [caller.added(f"{n}.txt", TUG + b"It sank in %d." % n)["id"] for n in (1950, 1951, 1952)]
    pairs = [ids[:2], ids[1:]]
    for pair in pairs:
        assert caller.post("/api/summaries", json={"documents": pair}).status_code == 200
    kept = [caller.get("/api/summaries", params={"documents": ",".join(pair)}).json() for pair in pairs]
    assert kept[0] is None
    assert kept[1]["sentences"]


def test_a_file_that_is_here_is_found_where_there_is_no_room_for_another(start: Any) -> None:
    caller = start(limits=Limits(documents=1))
    first = caller.added("a.txt", TUG)
    sent = {"headers": {"Content-Type": "application/octet-stream"}}
    again = caller.post("/api/documents?name=copy.txt", content=TUG, **sent)
    assert (again.status_code, again.json()["id"]) == (200, first["id"])
    for other in (TUG + b"More.", TUG.replace(b"Mia", b"Ann")):
        assert caller.post("/api/documents?name=b.txt", content=other, **sent).status_code == 409


def test_records_leave_alone_what_is_not_theirs(tmp_path: Path) -> None:
    Records(tmp_path, 9).put("c-a", {"said": 1})
    for folder in ("@eaDir", "old.json", "old.json.1"):
        (tmp_path / folder).mkdir()
    for name in (".DS_Store", "x.json.123"):
        (tmp_path / name).write_text("{}")
    assert [one["id"] for one in Records(tmp_path, 9).all()] == ["c-a"]
    assert {".DS_Store", "@eaDir", "old.json.1"} < {path.name for path in tmp_path.iterdir()}
    assert not (tmp_path / "x.json.123").exists()


def test_records_keep_their_order_and_tell_letters_by_case(tmp_path: Path) -> None:
    records = Records(tmp_path / "records", 9)
    for id in ("c-b", "c-B", "c-a"):
        records.put(id, {"said": id})
    records.put("c-b", {"said": "again"})
    assert records.remove("c-B")
    assert not records.remove("c-B")
    wanted = [{"id": "c-b", "said": "again"}, {"id": "c-a", "said": "c-a"}]
    assert records.all() == wanted
    assert Records(tmp_path / "records", 9).all() == wanted
    assert all(json.loads(path.read_bytes())["told"] for path in (tmp_path / "records").iterdir())
