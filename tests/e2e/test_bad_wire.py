"""Bytes that are no proper HTTP, sent to the real server: a 4xx problem+json, and the next request is served."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import suppress

import pytest
import requests

from tests.support.hub_process import HubProcess

JSON = b"Host: x\r\nContent-Type: application/json\r\n"
POST = b"POST /api/v1/validate HTTP/1.1\r\n"
FORM = b"POST /login HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n"
GET = b"GET /api/v1/models HTTP/1.1\r\nHost: x\r\n"
MIB = b"100000\r\n" + b"x" * 0x100000 + b"\r\n"
REQUESTS: dict[str, tuple[bytes, set[int]]] = {
    "a header too large": (GET + b"X-Big: " + b"x" * 20_000 + b"\r\n\r\n", {431}),
    "a cookie too large": (GET + b"Cookie: hub_session=" + b"x" * 20_000 + b"\r\n\r\n", {431}),
    "too many headers": (GET + b"".join(b"X-%d: y\r\n" % n for n in range(500)) + b"\r\n", {431}),
    "an address too long": (b"GET /api/v1/models?q=" + b"x" * 20_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", {431}),
    "garbage": (b"\x00\x01\x02garbage\r\n\r\n", {400}),
    "another protocol": (b"GET / HTTP/9.9\r\nHost: x\r\n\r\n", {400}),
    "a NUL in the address": (b"GET /api/v1/models/a\x00b HTTP/1.1\r\nHost: x\r\n\r\n", {400}),
    "raw bytes in the address": (b"GET /api/v1/models/\xff HTTP/1.1\r\nHost: x\r\n\r\n", {400}),
    "a length that is none": (POST + JSON + b"Content-Length: abc\r\n\r\n{}", {400}),
    "a length below nothing": (POST + JSON + b"Content-Length: -1\r\n\r\n{}", {400}),
    "two lengths": (POST + JSON + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}", {400}),
    "a length and chunks": (POST + JSON + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", {400}),
    "an unknown coding": (POST + JSON + b"Transfer-Encoding: brotli\r\n\r\n{}", {400}),
    "a header's name with a space": (GET + b"bad header: y\r\n\r\n", {400}),
    "a folded header": (GET + b"X: y\r\n z\r\n\r\n", {400}),
    "chunks without a size": (POST + JSON + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n", {400}),
    "a chunk cut short": (POST + JSON + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}xx\r\n0\r\n\r\n", {400}),
    "chunks of 10 MiB": (POST + JSON + b"Transfer-Encoding: chunked\r\n\r\n" + MIB * 10 + b"0\r\n\r\n", {413}),
    "50 MB announced": (POST + JSON + b"Content-Length: 50000000\r\n\r\n" + b"x" * 100_000, {413}),
    "an encoded line break": (b"GET /api/v1/models/a%0d%0aSet-Cookie:x HTTP/1.1\r\nHost: x\r\n\r\n", {404}),
    "steps upwards": (b"GET /api/v1/../../etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n", {404}),
}


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubProcess]:
    running = HubProcess(tmp_path_factory.mktemp("wire")).start()
    try:
        yield running
    finally:
        running.end()


def sent(hub: HubProcess, data: bytes, *, cut_off: bool = False) -> tuple[int, str, bytes]:
    """Status, content type and body of the first answer."""
    with socket.create_connection(("127.0.0.1", hub.port), timeout=20) as connection:
        with suppress(BrokenPipeError, ConnectionResetError):  # refused before all was sent
            connection.sendall(data)
        if cut_off:
            connection.shutdown(socket.SHUT_WR)
        head, _, body = received(connection, b"\r\n\r\n").partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        headers = dict(line.lower().split(": ", 1) for line in lines[1:])
        while len(body) < int(headers["content-length"]):
            body += received(connection, b"")
    return int(lines[0].split()[1]), headers["content-type"], body


def received(connection: socket.socket, until: bytes) -> bytes:
    data = b""
    while not data or until not in data:
        part = connection.recv(65_536)
        assert part, f"the server closed after {data!r}"
        data += part
    return data


@pytest.mark.parametrize("bad", REQUESTS)
def test_unreadable_requests_are_refused_as_problems_and_the_hub_goes_on(hub: HubProcess, bad: str) -> None:
    data, statuses = REQUESTS[bad]
    status, content_type, body = sent(hub, data)
    assert (status in statuses, content_type) == (True, "application/problem+json"), (status, body)
    problem = json.loads(body)
    assert {"type", "title", "status", "detail", "errors", "correlation_id"} <= problem.keys()
    assert problem["status"] == status
    assert requests.get(f"{hub.url}/api/v1/types", timeout=10).status_code == 200


@pytest.mark.parametrize("head", [POST + JSON, FORM], ids=["JSON", "form"])
def test_a_body_cut_off_on_its_way_is_not_taken_for_all_of_it(hub: HubProcess, head: bytes) -> None:
    status, _, body = sent(hub, head + b"Content-Length: 100\r\n\r\n{}", cut_off=True)
    assert status == 400, body


def test_a_form_that_does_not_say_its_length_is_refused(hub: HubProcess) -> None:
    status, _, body = sent(hub, FORM + b"Transfer-Encoding: chunked\r\n\r\n7\r\nlogin=x\r\n0\r\n\r\n")
    assert status == 400, body


def test_a_chunked_json_body_is_read(hub: HubProcess) -> None:
    document = b'{"type": "llm", "document": "{}"}'
    chunk = b"%x\r\n%s\r\n0\r\n\r\n" % (len(document), document)
    status, _, body = sent(hub, POST + JSON + b"Transfer-Encoding: chunked\r\n\r\n" + chunk)
    assert (status, json.loads(body)["ok"]) == (200, False)
