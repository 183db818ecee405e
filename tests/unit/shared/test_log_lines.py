from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from shared import log_lines, telemetry

SECRETS = (
    "Bearer eyJhbGciOi.J9.abc-def",
    "Basic bWF4OnNlY3JldA==",
    "amqp://hub:s3cret@broker:5672/",
    "postgresql://registry:p%40ss@db/registry",
    "ghp_0123456789abcdefghijABCDEFGHIJ012345",
    "github_pat_11ABCDEFG0abcdefghijkl_mnopqrstuvwxyz",
    "hub_" + "a1B2-_" * 7,
    "password=hunter2&x=1",
    '{"token": "t0psecret", "a": 1}',
)
LEAKS = ("eyJhbGci", "bWF4Ons", "s3cret", "p%40ss", "0123456789abcdef", "11ABCDEFG", "a1B2-_", "hunter2", "t0psecret")


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    """Logging is the process's own: other tests find it as it was."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    structlog.reset_defaults()
    root.handlers[:], root.level = handlers, level


def written(*, json_lines: bool = True) -> tuple[io.StringIO, Any]:
    stream = io.StringIO()
    log_lines.configure(json_lines=json_lines, service="registry", stream=stream)
    return stream, structlog.get_logger("test")


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def failing(log: Any, error: Exception, **said: Any) -> None:
    held = "".join(("held", " by", " a variable"))
    try:
        raise error
    except type(error):
        log.exception("failed", **said)
    del held


@pytest.mark.parametrize("json_lines", [True, False])
def test_no_secret_is_written_wherever_it_stands(json_lines: bool) -> None:
    stream, log = written(json_lines=json_lines)
    for secret in SECRETS:
        log.warning(f"said {secret}", text=f"x {secret}", deep={"list": [secret, (secret,)]}, other=ValueError(secret))
        logging.getLogger("kombu").warning("lost %s", secret)
        failing(log, RuntimeError(secret))
    text = stream.getvalue()
    assert not [leak for leak in LEAKS if leak in text]
    assert text.count(log_lines.HIDDEN) >= 5 * len(SECRETS)


@pytest.mark.parametrize(
    "name",
    ["password", "new_password", "token", "api_token", "Authorization", "Cookie", "session", "seal_key", "apiKey"],
)
def test_what_stands_under_a_secrets_name_is_hidden(name: str) -> None:
    stream, log = written()
    log.info("said", **{name: "x"}, nested={name: ["x"]}, **{"count": 3})
    (line,) = lines(stream)
    assert (line[name], line["nested"][name], line["count"]) == (log_lines.HIDDEN, log_lines.HIDDEN, 3)


def test_ordinary_words_stay_as_they_are() -> None:
    stream, log = written()
    said = "API token: it is unknown, expired or revoked; make a new one; see https://hub.example/a@b?x=1"
    log.info(said, model="org/hub_model", tokens=3)
    (line,) = lines(stream)
    assert (line["event"], line["model"], line["tokens"]) == (said, "org/hub_model", 3)


def test_each_line_says_which_request_and_service_it_belongs_to() -> None:
    stream, log = written()
    log.info("starts")
    with telemetry.working("review", correlation_id="c1", caller="u1", traceparent=f"00-{'1' * 32}-{'2' * 16}-01"):
        log.info("inside")
        logging.getLogger("kombu").warning("foreign")
    log.info("ends", correlation_id="given")
    starts, inside, foreign, ends = lines(stream)
    assert starts["service"] == "registry" and "correlation_id" not in starts
    for line in (inside, foreign):
        assert (line["service"], line["correlation_id"], line["caller"]) == ("review", "c1", "u1")
        assert line["trace_id"] == "1" * 32
    assert ends["correlation_id"] == "given"
    assert {line["level"] for line in (starts, inside)} == {"info"} and foreign["level"] == "warning"


def test_a_terminal_gets_words_and_a_traceback_without_what_variables_held() -> None:
    stream, log = written(json_lines=False)
    failing(log, RuntimeError("broken"), model="tiny")
    text = stream.getvalue()
    assert "failed" in text and "model=tiny" in text and "RuntimeError: broken" in text
    assert not text.startswith("{") and "held by a variable" not in text
