"""Webhooks as GitHub sends them: signed, in the background, and, on demand, lost, doubled, out of order or forged."""

from __future__ import annotations

import hashlib
import hmac
import json
import queue
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import requests

Receiver = Callable[[Mapping[str, str], bytes], int]
_TIMEOUT_S = 10


@dataclass(slots=True, eq=False)
class Delivery:
    """`status` is what the receiver answered, 0 while it has not, -1 where it could not be reached."""

    id: str
    event: str
    action: str
    headers: Mapping[str, str]
    content: bytes
    status: int = 0


def signature(secret: str, content: bytes) -> str:
    """The value of X-Hub-Signature-256."""
    return "sha256=" + hmac.new(secret.encode(), content, hashlib.sha256).hexdigest()


class Webhooks:
    """To `target`, an address or a function of headers and content that answers with a status.

    What is lost, doubled or held back counts deliveries from now on: `lose(2)` the next two, `double()` the next one.
    """

    def __init__(self, target: str | Receiver, secret: str) -> None:
        self._receive = target if callable(target) else _posting(target)
        self._secret = secret
        self._waiting: queue.Queue[Delivery | None] = queue.Queue()
        self._lose = self._double = self._reorder = 0
        self._held: list[Delivery] = []
        self.deliveries: list[Delivery] = []
        self.lost: list[Delivery] = []
        self._sending = threading.Thread(target=self._send, daemon=True)
        self._sending.start()

    def lose(self, count: int = 1) -> None:
        self._lose += count

    def double(self, count: int = 1) -> None:
        """With the same delivery id, as GitHub's own redelivery."""
        self._double += count

    def reorder(self, count: int = 2) -> None:
        """The next `count` arrive in the reverse order, once all of them are there."""
        self._reorder += count

    def deliver(self, event: str, payload: Mapping[str, Any]) -> Delivery:
        made = self._made(event, payload, secret=self._secret)
        if self._lose:
            self._lose -= 1
            self.lost.append(made)
            return made
        if self._reorder:
            self._held.insert(0, made)
            if len(self._held) == self._reorder:
                self._reorder = 0
                held, self._held = self._held, []
                for delivery in held:
                    self._waiting.put(delivery)
            return made
        self._waiting.put(made)
        if self._double:
            self._double -= 1
            self._waiting.put(made)
        return made

    def forge(self, event: str, payload: Mapping[str, Any], *, signed: str | None = "sha256=" + "0" * 64) -> Delivery:
        """Somebody else's message: `signed` is its signature, None for no signature at all. Waits for the answer."""
        made = self._made(event, payload, secret="not the secret")
        headers = {name: value for name, value in made.headers.items() if name != "X-Hub-Signature-256"}
        made.headers = headers | ({"X-Hub-Signature-256": signed} if signed is not None else {})
        self.again(made)
        return made

    def again(self, delivery: Delivery) -> int:
        """The very same message once more, now; the answer's status."""
        self._waiting.put(delivery)
        self.settle()
        return delivery.status

    def settle(self, deadline_s: float = 20.0) -> None:
        """All that was sent has been answered."""
        end = time.monotonic() + deadline_s
        while self._waiting.unfinished_tasks:
            if time.monotonic() > end:
                raise AssertionError(f"webhooks not delivered in {deadline_s} s: {self._waiting.qsize()} waiting")
            time.sleep(0.005)

    def close(self) -> None:
        self._waiting.put(None)
        self._sending.join(_TIMEOUT_S)

    def _made(self, event: str, payload: Mapping[str, Any], *, secret: str) -> Delivery:
        content = json.dumps(payload).encode()
        delivery_id = str(uuid4())
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "GitHub-Hookshot/fake",
            "X-GitHub-Event": event,
            "X-GitHub-Delivery": delivery_id,
            "X-GitHub-Hook-ID": "1",
            "X-Hub-Signature-256": signature(secret, content),
        }
        return Delivery(delivery_id, event, str(payload.get("action", "")), headers, content)

    def _send(self) -> None:
        while (delivery := self._waiting.get()) is not None:
            try:
                delivery.status = self._receive(delivery.headers, delivery.content)
            except requests.RequestException:
                delivery.status = -1
            self.deliveries.append(delivery)
            self._waiting.task_done()
        self._waiting.task_done()


def _posting(url: str) -> Receiver:
    def post(headers: Mapping[str, str], content: bytes) -> int:
        return requests.post(url, data=content, headers=dict(headers), timeout=_TIMEOUT_S).status_code

    return post
