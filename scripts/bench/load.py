"""Asks one server as many clients at once would, from a process of its own, and says how it went.

Reads one JSON object from stdin, writes one to stdout:

    python -m scripts.bench.load < {"port": 1, "requests": ["GET / HTTP/1.1\\r\\n…"], "clients": 32,
                                    "seconds": 2.0, "count": 0, "status": 200}

Each client has one connection and sends its next request once the answer to the last one is whole.
A request's time runs from its first byte sent to its last byte received.
"""

from __future__ import annotations

import json
import selectors
import socket
import sys
import time
from dataclasses import dataclass, field
from itertools import cycle, islice
from typing import Any

_BUFFER = 1 << 18


class UnexpectedAnswer(Exception):
    """The server said something else than the benchmark is about."""


@dataclass(slots=True)
class Client:
    """One connection; `missing` counts the bytes of the answer that are still to come, -1 before its head."""

    socket: socket.socket
    sent_at: float = 0.0
    missing: int = -1
    head: bytes = b""


@dataclass(slots=True)
class Load:
    """What is asked, of whom, for how long; `count` 0 is no bound."""

    port: int
    requests: list[bytes]
    clients: int
    seconds: float
    count: int
    status: int
    taken: list[float] = field(default_factory=list)
    received: int = 0

    def run(self) -> dict[str, Any]:
        """Requests, seconds, and the sorted times in milliseconds."""
        endless = cycle(self.requests)
        asked = islice(endless, self.count) if self.count else endless
        selector = selectors.DefaultSelector()
        buffer = bytearray(_BUFFER)
        view = memoryview(buffer)
        open_clients = [self._connected(selector) for _ in range(self.clients)]
        started = time.perf_counter()
        until = started + self.seconds
        waiting = sum(self._send(client, next(asked, None)) for client in open_clients)
        now = started
        while waiting:
            for key, _ in selector.select(5.0):
                client = key.data
                if not self._receive(client, view):
                    continue
                now = time.perf_counter()
                self.taken.append(now - client.sent_at)
                if now >= until or not self._send(client, next(asked, None)):
                    waiting -= 1
        for client in open_clients:
            client.socket.close()
        return {"seconds": now - started, "received": self.received, "ms": sorted(t * 1000 for t in self.taken)}

    def _connected(self, selector: selectors.BaseSelector) -> Client:
        connection = socket.create_connection(("127.0.0.1", self.port))
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.settimeout(120)
        client = Client(connection)
        selector.register(connection, selectors.EVENT_READ, client)
        return client

    def _send(self, client: Client, request: bytes | None) -> bool:
        if request is None:
            return False
        client.sent_at, client.missing, client.head = time.perf_counter(), -1, b""
        client.socket.sendall(request)
        return True

    def _receive(self, client: Client, view: memoryview) -> bool:
        """Whether the answer is whole now."""
        got = client.socket.recv_into(view)
        if not got:
            raise UnexpectedAnswer(f"the server closed a connection after {client.head[:200]!r}")
        self.received += got
        if client.missing < 0:
            client.head += bytes(view[: min(got, 4096)])
            end = client.head.find(b"\r\n\r\n")
            if end < 0:
                return False
            client.missing = self._length(client.head[:end]) - (got - end - 4)
        else:
            client.missing -= got
        return client.missing <= 0

    def _length(self, head: bytes) -> int:
        if int(head[9:12]) != self.status:
            raise UnexpectedAnswer(f"expected status {self.status}, found {head[:300]!r}")
        at = head.lower().find(b"content-length:")
        if at < 0:
            return 0
        return int(head[at + 15 :].split(b"\r\n", 1)[0])


def main() -> None:
    asked = json.load(sys.stdin)
    requests = [text.encode() for text in asked.pop("requests")]
    json.dump(Load(requests=requests, **asked).run(), sys.stdout)


if __name__ == "__main__":
    main()
