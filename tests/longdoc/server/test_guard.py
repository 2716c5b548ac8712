"""What the server turns away: other hosts, other sites, missing tokens, plain forms, and too much of anything."""

from __future__ import annotations

import asyncio
import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.types import Message, Scope

from longdoc.server.app import create_app
from longdoc.server.guard import Guard
from longdoc.server.settings import Limits, ServerSettings

TOKEN = "correct-horse-battery-staple"
OCTETS = {"Content-Type": "application/octet-stream"}
OUTSIDE: dict[str, Any] = {"host": "0.0.0.0", "token": TOKEN, "hosts": ("docs.example.org",)}
BEARER = {"Authorization": f"Bearer {TOKEN}"}
CALLS = [
    ("GET", "/api/documents"),
    ("POST", "/api/documents?name=a.txt"),
    ("GET", "/api/documents/x"),
    ("DELETE", "/api/documents/x"),
    ("GET", "/api/documents/x/text"),
    ("GET", "/api/documents/x/summary"),
    ("POST", "/api/documents/x/summary"),
    ("POST", "/api/questions"),
    ("GET", "/api/conversations/c-1"),
    ("PUT", "/api/conversations/c-1"),
    ("DELETE", "/api/conversations/c-1"),
    ("GET", "/api/conversations/c-1/export"),
    ("GET", "/api/notes"),
    ("POST", "/api/notes"),
    ("GET", "/api/notes/export"),
    ("POST", "/api/summaries"),
    ("GET", "/api/openapi.json"),
    ("GET", "/api/nothing"),
]


@pytest.mark.parametrize("host", ["localhost", "localhost:9", "127.0.0.1:8321", "127.9.9.9", "[::1]:8321", "LOCALHOST"])
def test_this_machine_is_known_by_its_own_names(server: Any, host: str) -> None:
    assert server.get("/api/documents", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host",
    ["", "evil.example", "evil.example:8321", "localhost.evil.example", "192.168.1.2", "localhost@evil", "[::1", "::2"],
)
def test_a_name_that_is_not_ours_is_rebinding(server: Any, host: str) -> None:
    for path in ("/", "/api/documents"):
        answer = server.get(path, headers={"Host": host})
        assert answer.status_code == 403
        assert answer.json()["error"].startswith("the server is not known by this host name")


@given(host=st.text(st.characters(codec="latin-1", exclude_categories=["Cc"]), max_size=40))
def test_no_name_but_a_known_one_is_known(tmp_path_factory: pytest.TempPathFactory, host: str) -> None:
    settings = ServerSettings(tmp_path_factory.getbasetemp())
    assert settings.knows(host) == (host.lower() == "localhost" or (settings.knows("127.0.0.1") and _is_loopback(host)))


def _is_loopback(host: str) -> bool:
    import ipaddress

    try:
        return ipaddress.ip_address(host[1:-1] if re.fullmatch(r"\[.*\]", host) else host).is_loopback
    except ValueError:
        return False


@pytest.mark.parametrize(
    "origin",
    [
        "http://evil.example",
        "null",
        "http://localhost",
        "http://localhost:9999",
        "file://localhost:8321",
        "http://[",
        "x",
    ],
)
def test_pages_of_other_origins_are_turned_away(server: Any, origin: str) -> None:
    for method, path in CALLS:
        answer = server.request(method, path, headers={"Origin": origin, **OCTETS}, content=b"text")
        assert (answer.status_code, answer.json()) == (403, {"error": "pages of other origins may not use this server"})
    assert server.get("/api/documents").json() == []


def test_our_own_page_may(server: Any) -> None:
    for scheme in ("http", "https"):  # a proxy before us may speak TLS
        assert server.get("/api/documents", headers={"Origin": f"{scheme}://localhost:8321"}).status_code == 200


@pytest.mark.parametrize("site", ["cross-site", "same-site", "anything"])
def test_other_sites_may_link_to_the_page_and_no_more(server: Any, site: str) -> None:
    assert server.get("/", headers={"Sec-Fetch-Site": site}).status_code == 200
    assert server.get("/api/documents", headers={"Sec-Fetch-Site": site}).status_code == 403


@pytest.mark.parametrize(
    "kind", [None, "", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"]
)
def test_what_a_plain_form_can_send_is_refused(server: Any, kind: str | None) -> None:
    headers = {} if kind is None else {"Content-Type": kind}
    for path in ("/api/documents?name=a.txt", "/api/questions", f"/api/documents/{'a' * 32}/summary"):
        answer = server.post(path, content=b'{"question": "Who?"}', headers=headers)
        assert answer.status_code == 415
        assert answer.json()["error"].startswith("the content type has to be application/")
    assert server.get("/api/documents").json() == []


@pytest.mark.parametrize(
    "authorization",
    [None, "", TOKEN, f"Basic {TOKEN}", f"Bearer {TOKEN}x", f"Bearer {TOKEN[:-1]}", "Bearer", "Bearer ", "Bearer \xe9"],
)
def test_everything_under_api_needs_the_token(start: Any, authorization: str | None) -> None:
    server = start(**OUTSIDE)
    headers = {} if authorization is None else {"Authorization": authorization.encode("latin-1")}
    for method, path in CALLS:
        answer = server.request(method, path, headers={**headers, **OCTETS})
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == "Bearer"
        assert TOKEN not in answer.text
    assert server.get("/").status_code == 200
    assert server.get("/api/documents", headers=BEARER).json() == []
    assert server.get("/api/documents", headers={"Authorization": f"bearer {TOKEN}"}).status_code == 200


@pytest.mark.parametrize(
    ("host", "status"),
    [("docs.example.org", 200), ("DOCS.example.org:443", 200), ("192.168.1.2:8321", 200), ("evil.example", 403)],
)
def test_a_server_for_others_is_known_by_addresses_and_the_names_given(start: Any, host: str, status: int) -> None:
    assert start(**OUTSIDE).get("/api/documents", headers={**BEARER, "Host": host}).status_code == status


def test_every_answer_has_the_headers_that_keep_browsers_in(server: Any) -> None:
    for method, path in [("GET", "/"), ("GET", "/page.js"), ("GET", "/no"), ("PUT", "/"), *CALLS]:
        answer = server.request(method, path)
        headers = answer.headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cross-origin-resource-policy"] == "same-origin"
        assert "access-control-allow-origin" not in headers
        policy = dict(part.strip().partition(" ")[::2] for part in headers["content-security-policy"].split(";"))
        assert (policy["default-src"], policy["frame-ancestors"]) == ("'none'", "'none'")
        assert "unsafe" not in headers["content-security-policy"]
        assert policy.get("script-src", "'self'") == "'self'"
        assert headers["cache-control"] == (
            "no-cache" if answer.status_code == 200 and "/api" not in path else "no-store"
        )


@pytest.mark.parametrize("body", [b'{"question": "' + b"x" * 70_000 + b'"}', b"[" * 60_000, b"{" * 70_000])
def test_a_body_of_json_has_a_limit_whether_its_length_is_told_or_not(server: Any, body: bytes) -> None:
    for content in (body, iter([body[:30_000], body[30_000:]])):
        answer = server.post("/api/questions", content=content, headers={"Content-Type": "application/json"})
        assert answer.status_code == (413 if len(body) > 1 << 16 else 400)
        assert list(answer.json()) == ["error"]


@pytest.mark.parametrize(
    "body",
    [b"", b"nul", b"\xff\xfe", b'{"question": "\\ud800"}', b'{"question": NaN}', b"1" * 5000, b'{"question": 1}'],
)
def test_a_body_that_is_none_is_refused_in_a_sentence(server: Any, body: bytes) -> None:
    answer = server.post("/api/questions", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400
    assert list(answer.json()) == ["error"]
    assert "\n" not in answer.json()["error"]
    assert "Traceback" not in answer.text


def test_what_goes_wrong_inside_stays_inside(start: Any, caplog: pytest.LogCaptureFixture) -> None:
    server = start()
    id = server.added("a.txt", b"A text that is about to be lost.")["id"]
    (server.folder / "documents" / id / "text.utf32").unlink()
    answer = server.get(f"/api/documents/{id}/text")
    assert answer.status_code == 500
    assert answer.json() == {"error": "something went wrong inside the server; its log says what"}
    assert "FileNotFoundError" in caplog.text


async def _told(app: Any, scope: Scope) -> list[Message]:
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    await app(scope, receive, send)
    return sent


@pytest.mark.asyncio
@pytest.mark.parametrize("path", ["/api/documents", "/api/questions"])
async def test_a_body_that_stands_still_is_given_up(tmp_path: Any, path: str) -> None:
    app = create_app(ServerSettings(tmp_path, limits=Limits(idle_seconds=0.01)))
    kind = "octet-stream" if path == "/api/documents" else "json"
    headers = [(b"host", b"localhost"), (b"content-type", f"application/{kind}".encode())]
    scope = {"type": "http", "method": "POST", "path": path, "query_string": b"name=a.txt", "headers": headers}
    first = iter([{"type": "http.request", "body": b"{", "more_body": True}])
    sent: list[Message] = []

    async def receive() -> Message:
        for message in first:
            return message
        await asyncio.Event().wait()
        raise AssertionError("it waited for ever")

    async def send(message: Message) -> None:
        sent.append(message)

    async with app.router.lifespan_context(app):
        await app(scope, receive, send)
    assert sent[0]["status"] == 408
    assert json.loads(sent[1]["body"]) == {"error": "nothing more of the body came for 0.01 s"}
    assert list((tmp_path / "incoming").iterdir()) == []


@pytest.mark.asyncio
async def test_two_hosts_are_none(tmp_path: Any) -> None:
    async def inside(scope: Scope, receive: Any, send: Any) -> None:
        raise AssertionError("the call passed")

    guard = Guard(inside, ServerSettings(tmp_path, limits=Limits()))
    hosts = [(b"host", b"localhost"), (b"host", b"evil.example")]
    sent = await _told(guard, {"type": "http", "method": "GET", "path": "/", "headers": hosts})
    assert sent[0]["status"] == 403
    assert await _told(guard, {"type": "websocket", "path": "/", "headers": hosts}) == []
