from __future__ import annotations

import asyncio
import socket
import ssl

import httpx
import pytest
from chat_server import answering, closed_port
from langchain_openai import ChatOpenAI

from longdoc.errors import StageError, UnavailableError
from longdoc.pipelines.calls.local import FanOutOptions, fan_out
from longdoc.pipelines.calls.outage import outage_of

ONCE = FanOutOptions(max_attempts=1, on_error="return")


class StatusError(Exception):
    def __init__(self, status_code: int) -> None:
        self.status_code = status_code


def raised(error: Exception) -> StageError:
    [outcome] = fan_out(lambda _: (_ for _ in ()).throw(error), [1], ONCE)
    with pytest.raises(StageError) as told:
        outcome.unwrap()
    return told.value


@pytest.mark.parametrize("status", [401, 402, 404])
def test_who_is_refused_is_refused_for_every_document(status: int) -> None:
    kind, said = outage_of(raised(StatusError(status)), "openai:x") or ("", "")
    assert kind == "down"
    assert said.startswith("the model 'openai:x' ")
    assert f"({status}); " in said


@pytest.mark.parametrize(
    "error",
    [*map(StatusError, (403, 408, 429, 503, 599)), TimeoutError(), ConnectionResetError(104, "Connection reset")],
)
def test_what_may_be_the_documents_doing_is_told_apart(error: Exception) -> None:
    assert (outage_of(raised(error), "x") or ("", ""))[0] == "busy"


@pytest.mark.parametrize("error", [StatusError(400), StatusError(413), StatusError(422), ValueError("no JSON"),
                                   KeyError("x"), StageError("the chat model refused twice")])  # fmt: skip
def test_what_the_call_asked_for_is_its_own_fault(error: Exception) -> None:
    assert outage_of(raised(error), "x") is None


def test_what_has_nothing_to_do_with_a_server_is_none_of_its_doing() -> None:
    error = ValueError("prompt too long")
    error.__context__, error.__suppress_context__ = ConnectionResetError(104, "handled long ago"), True
    assert outage_of(raised(error), "x") is None
    assert outage_of(raised(OSError(28, "No space left on device")), "x") is None
    damaged = UnavailableError("the weights are damaged; install longdoc again")
    assert outage_of(raised(damaged), "x") == ("down", str(damaged))


def test_errors_that_are_each_others_cause_come_to_an_end() -> None:
    one, other = ValueError("one"), ConnectionRefusedError(111, "refused")
    one.__cause__, other.__cause__ = other, one
    assert (outage_of(one, "x") or ("", ""))[0] == "down"


def test_a_certificate_that_is_not_trusted_is_told_as_that() -> None:
    error = ssl.SSLCertVerificationError(1, "certificate verify failed")
    assert "(certificate verify failed)" in (outage_of(raised(error), "x") or ("", ""))[1]


def test_a_name_that_no_server_has_is_told() -> None:
    error = httpx.ConnectError("no such host")
    error.__cause__ = socket.gaierror(-2, "Name or service not known")
    expected = "the model 'x' cannot be reached (Name or service not known); start its server, or correct the address"
    assert outage_of(raised(error), "x") == ("down", expected)


@pytest.mark.enable_socket
@pytest.mark.allow_hosts(["127.0.0.1", "localhost"])
def test_clients_of_servers_tell_the_address_without_what_is_secret() -> None:
    port = closed_port()
    expected = (
        f"the model 'x' at http://127.0.0.1:{port} cannot be reached (Connection refused); start its server, or "
        "correct the address"
    )
    with pytest.raises(httpx.ConnectError) as told:
        httpx.get(f"http://ann:secret@127.0.0.1:{port}/v1?key=secret")
    assert outage_of(raised(told.value), "x") == ("down", expected)

    async def asked() -> object:
        async with httpx.AsyncClient() as client:
            return await client.get(f"http://127.0.0.1:{port}")

    with pytest.raises(httpx.ConnectError) as told:
        asyncio.run(asked())
    kind, said = outage_of(raised(told.value), "x") or ("", "")
    assert (kind, said[:40]) == ("down", expected[:40])
    model = ChatOpenAI(model="x", base_url=f"http://127.0.0.1:{port}/v1", api_key="none", max_retries=0)  # type: ignore[arg-type]
    [outcome] = fan_out(model.invoke, ["hello"], ONCE)
    assert outcome.error is not None
    assert outage_of(outcome.error, "x") == ("down", expected)
    [outcome] = fan_out(model.ainvoke, ["hello"], ONCE)
    assert outcome.error is not None
    assert (outage_of(outcome.error, "x") or ("", ""))[0] == "down"


@pytest.mark.enable_socket
@pytest.mark.allow_hosts(["127.0.0.1", "localhost"])
def test_a_server_that_refuses_is_told_by_its_status() -> None:
    with answering() as server:
        model = ChatOpenAI(model="x", base_url=f"{server.address}/v1", api_key="none", max_retries=0)  # type: ignore[arg-type]
        for status, kind in ((401, "down"), (404, "down"), (429, "busy"), (503, "busy")):
            server.status = status
            [outcome] = fan_out(model.invoke, ["hello"], ONCE)
            assert outcome.error is not None
            told, said = outage_of(outcome.error, "openai:x") or ("", "")
            assert told == kind
            assert said.startswith(f"the model 'openai:x' at {server.address} ")
