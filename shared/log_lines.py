"""Log lines: JSON for programs, words for a terminal; each says which request it belongs to, none holds a secret."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Mapping, MutableMapping
from typing import Any, TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from shared import telemetry

HIDDEN = "[hidden]"
_SECRET_KEY = re.compile(
    r"password|passwd|secret|token|authorization|cookie|api_?key|seal_?key|private_?key|credential|session",
    re.IGNORECASE,
)
_HARMLESS = (bool, int, float, type(None))
_SECRETS = (
    # a word after Bearer or Basic; user and password of an address; tokens by their known beginnings
    (re.compile(r"\b(Bearer|Basic)\s+[A-Za-z0-9._~+/=-]{6,}", re.IGNORECASE), rf"\1 {HIDDEN}"),
    (re.compile(r"(?<=://)[^\s/@:]*:[^\s/@]+(?=@)"), HIDDEN),
    (re.compile(r"\b(gh[pousr]_[A-Za-z0-9]{16,}|github_pat_[A-Za-z0-9_]{16,}|hub_[A-Za-z0-9_-]{40,})"), HIDDEN),
    (
        re.compile(
            r"\b(password|passwd|secret|token|api_?key)(\s*=\s*['\"]?|['\"]\s*:\s*['\"])[^\s'\",;&)}\]]+", re.IGNORECASE
        ),
        rf"\1\2{HIDDEN}",
    ),
)


def configure(*, json_lines: bool, service: str = "", level: int = logging.INFO, stream: TextIO | None = None) -> None:
    """Lines of structlog and of the standard library's loggers go to `stream` (standard error), formed alike.

    `service` is named on lines that no request or event belongs to.
    """
    to = stream or sys.stderr
    own: list[Processor] = [_naming(service), structlog.contextvars.merge_contextvars, structlog.stdlib.add_log_level]
    times: Processor = structlog.processors.TimeStamper(fmt="iso" if json_lines else "%H:%M:%S", utc=json_lines)
    ended: list[Processor] = [
        times,
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
        redact,
    ]
    rendered: Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if json_lines
        # Never with the values of local variables: they hold what people have typed.
        else structlog.dev.ConsoleRenderer(colors=to.isatty(), exception_formatter=structlog.dev.plain_traceback)
    )
    structlog.configure(
        processors=[*own, *ended, rendered],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=lambda *_: structlog.WriteLogger(to),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(to)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*own, structlog.stdlib.add_logger_name],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *ended, rendered],
        )
    )
    for own_way in ("gunicorn.error", "gunicorn.access"):
        logging.getLogger(own_way).handlers.clear()
        logging.getLogger(own_way).propagate = True
    root = logging.getLogger()
    root.handlers[:] = [handler]
    # Other programs' libraries say at INFO what is no news here.
    root.setLevel(max(level, logging.WARNING))


def redact(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Hides values under names of secrets, and whatever looks like one in a text."""
    cleaned: MutableMapping[str, Any] = {key: _clean(key, value) for key, value in event.items()}
    return cleaned


def without_secrets(text: str) -> str:
    """The text with what looks like a credential hidden."""
    for pattern, instead in _SECRETS:
        text = pattern.sub(instead, text)
    return text


def _clean(key: str, value: Any) -> Any:
    if isinstance(value, _HARMLESS):
        return value
    if _SECRET_KEY.search(key):
        return HIDDEN
    if isinstance(value, str):
        return without_secrets(value)
    if isinstance(value, Mapping):
        return {name: _clean(str(name), each) for name, each in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_clean("", each) for each in value]
    return without_secrets(str(value))


def _naming(service: str) -> Processor:
    def name(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        scope = telemetry.scope()
        known = {"service": scope.service or service, "correlation_id": scope.correlation_id, "caller": scope.caller}
        for key, value in known.items():
            if value:
                event.setdefault(key, value)
        if scope.traceparent:
            event.setdefault("trace_id", scope.traceparent[3:35])
        return event

    return name
