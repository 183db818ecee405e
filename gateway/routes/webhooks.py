"""GitHub's webhooks: a signed delivery tells pr_bot where to look, and nothing else; what is not signed is refused."""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qs

import structlog
from flask import Response, abort, current_app, g, request
from flask_smorest import Blueprint

from gateway.clients import calls
from gateway.errors import SignInNeeded
from gateway.strict_json import BadJson, loads
from gateway.webhook_hints import EVENTS, hint, repository_of
from shared.config import Settings
from shared.contracts.common import system_caller

PATH = "/webhooks/github"
JSON, FORM = "application/json", "application/x-www-form-urlencoded"
SIGNATURE, EVENT, DELIVERY = "X-Hub-Signature-256", "X-GitHub-Event", "X-GitHub-Delivery"
REMEMBERED, REMEMBERED_S = 2000, 600.0
log = structlog.get_logger(__name__)
blueprint = Blueprint("webhooks", __name__, description="What GitHub tells the hub")


class WrongSignature(SignInNeeded):
    slug = "webhook-signature"


class Deliveries:
    """Which deliveries were passed on in the last ten minutes, the newest two thousand of them."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._seen: OrderedDict[str, float] = OrderedDict()
        self._said_unset = False

    def knows(self, key: str) -> bool:
        with self._lock:
            return self._seen.get(key, 0.0) > self._clock()

    def remember(self, key: str) -> None:
        with self._lock:
            self._seen[key] = self._clock() + REMEMBERED_S
            self._seen.move_to_end(key)
            while len(self._seen) > REMEMBERED:
                self._seen.popitem(last=False)

    def first_without_secret(self) -> bool:
        """True once: it is said in the log once."""
        with self._lock:
            said, self._said_unset = self._said_unset, True
            return not said


def _header(name: str, words: str, *, required: bool = True) -> dict[str, Any]:
    return {"in": "header", "name": name, "required": required, "description": words, "schema": {"type": "string"}}


def _answer(words: str) -> dict[str, Any]:
    schema = {
        "type": "object",
        "required": ["status"],
        "properties": {"status": {"type": "string", "enum": ["pong", "heard", "known", "ignored"]}},
    }
    return {"description": words, "content": {JSON: {"schema": schema}}}


@blueprint.route(PATH, methods=["POST"])
@blueprint.doc(
    parameters=[
        _header(SIGNATURE, "sha256=<HMAC of the raw body, keyed with HUB_GITHUB_WEBHOOK_SECRET, in hex>"),
        _header(EVENT, "ping, or one of " + ", ".join(EVENTS) + "; others are ignored"),
        _header(DELIVERY, "The delivery's id; one that was heard already changes nothing", required=False),
    ],
    requestBody={
        "required": True,
        "content": {
            JSON: {"schema": {"type": "object"}},
            FORM: {"schema": {"type": "object", "properties": {"payload": {"type": "string"}}}},
        },
    },
    responses={
        "200": _answer("The answer to a ping"),
        "202": _answer("Heard: the hub looks at GitHub itself. Or ignored, for it is about something else"),
        "400": {"$ref": "#/components/responses/BAD_REQUEST"},
        "401": {"$ref": "#/components/responses/UNAUTHORIZED"},
        "413": {"description": "Larger than this hub takes; what it says is found by looking"},
        "415": {"description": "Neither JSON nor a form"},
        "503": {"description": "The hub cannot hear now; deliver it again, or let the next look find it"},
    },
)
def github() -> Response:
    """Hears that something happened to a pull request, a branch or a release, and looks there."""
    settings: Settings = current_app.extensions["hub_settings"]
    deliveries = _deliveries()
    signature = _require_signature(settings, deliveries)
    event = request.headers.get(EVENT, "")
    payload = _payload()
    if event == "ping":
        return _said("pong", 200)
    if not event:
        abort(400, description=f"Expected the header {EVENT}; send what GitHub sends.")
    if not _is_ours(settings, repository_of(payload)):
        log.info("a webhook was ignored: it is about another repository", github_event=event[:40])
        return _said("ignored")
    delivery = request.headers.get(DELIVERY, "")[:100]
    found = hint(event, payload, delivery=delivery if delivery.isprintable() else "")
    if found is None:
        return _said("ignored")
    key = f"{delivery}/{signature}"
    if deliveries.knows(key):
        return _said("known")
    # Remembered once it was heard: what failed is delivered again under the same id.
    calls().pr_bot.heard(found, system_caller("gateway", correlation_id=g.correlation_id))
    deliveries.remember(key)
    return _said("heard")


def _require_signature(settings: Settings, deliveries: Deliveries) -> str:
    """The signature, once it is known to be of exactly these bytes."""
    secret = settings.github_webhook_secret
    if not secret:
        if deliveries.first_without_secret():
            log.warning(
                "webhooks are refused: HUB_GITHUB_WEBHOOK_SECRET is not set; set it to GitHub's and start again"
            )
        raise WrongSignature("webhook: this hub has no HUB_GITHUB_WEBHOOK_SECRET, so nothing can be verified; set it")
    given = request.headers.get(SIGNATURE, "")
    if not given.startswith("sha256="):
        raise WrongSignature(
            f"webhook: expected the header {SIGNATURE}, found none; give the webhook a secret on GitHub"
        )
    right = "sha256=" + hmac.new(secret.encode(), _body(), hashlib.sha256).hexdigest()
    if not hmac.compare_digest(given.lower().encode(), right.encode()):
        raise WrongSignature(
            "webhook: the signature is not that of this body; set HUB_GITHUB_WEBHOOK_SECRET to the secret on GitHub"
        )
    return right


def _body() -> bytes:
    """As it was sent: a form is signed in its encoded text."""
    body = request.get_data(cache=True, parse_form_data=False)
    # One that does not say its length is cut off at the limit.
    if request.content_length is None and len(body) >= (request.max_content_length or 0):
        abort(413)
    return body


def _payload() -> Mapping[str, Any]:
    if request.mimetype not in (JSON, FORM):
        abort(415, description=f"Expected a body of type {JSON} or {FORM}; choose one of them on GitHub.")
    try:
        said = loads(_body() if request.mimetype == JSON else _form_field("payload"))
    except BadJson as error:
        abort(400, description=f"{error}.")
    if not isinstance(said, dict):
        abort(400, description="Expected a JSON object; send what GitHub sends.")
    return said


def _form_field(name: str) -> bytes:
    try:
        fields = parse_qs(_body().decode("utf-8"), max_num_fields=10)
    except ValueError:
        abort(400, description="The form could not be read; send it in UTF-8 with the field payload.")
    return fields.get(name, [""])[0].encode("utf-8", "surrogatepass")


def _is_ours(settings: Settings, repository: str) -> bool:
    upstream = settings.upstream
    return upstream.kind == "github" and repository.lower() == upstream.location.lower()


def _deliveries() -> Deliveries:
    found: Deliveries = current_app.extensions["hub_deliveries"]
    return found


@blueprint.record_once
def _remembering(state: Any) -> None:
    state.app.extensions["hub_deliveries"] = Deliveries()


def _said(status: str, code: int = 202) -> Response:
    return Response(json.dumps({"status": status}), status=code, content_type=JSON)
