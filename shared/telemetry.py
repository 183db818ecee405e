"""What belongs to one request, command or event while it is worked on: correlation id, caller, trace.

The correlation id and the W3C traceparent travel in `Caller`, then in each event's metadata, then in
the metadata of what reactions append, so one id leads from the browser's request to the pull request.
Log lines carry them by themselves (`shared.log_lines`). Spans are made where `use_tracer` was called;
otherwise nothing of OpenTelemetry but its interface is loaded, and the traceparent is handed on as it came.
"""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace

from opentelemetry.context import Context
from opentelemetry.trace import Span, SpanKind, Status, StatusCode, Tracer, TracerProvider
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from shared.contracts.common import Caller
from shared.errors import HubError, Unavailable
from shared.event_store.interface import Metadata, RecordedEvent

HISTORY_S = 3600.0
"""Events older than this are applied without a span: a rebuild is no part of the requests that were."""
_TRACEPARENT = re.compile(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
_PROPAGATOR = TraceContextTextMapPropagator()
_HEADER = "traceparent"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What is being worked on. `caller` is an opaque id; empty fields are not known."""

    correlation_id: str = ""
    service: str = ""
    caller: str = ""
    traceparent: str = ""


NO_SCOPE = Scope()
_scope: ContextVar[Scope] = ContextVar("hub_scope", default=NO_SCOPE)


class _Tracing:
    tracer: Tracer | None = None


_tracing = _Tracing()


def use_tracer(provider: TracerProvider | None) -> None:
    """Spans go to `provider` from now on; None: to nowhere, at no cost."""
    _tracing.tracer = provider.get_tracer("models-hub") if provider is not None else None


def scope() -> Scope:
    """What this thread works on now."""
    return _scope.get()


def current_traceparent() -> str:
    """Under which whatever is done next belongs; empty where nobody gave one."""
    return _scope.get().traceparent


def sane_traceparent(text: str) -> str:
    """`text` where it is a W3C traceparent of version 00, else empty."""
    return text if _TRACEPARENT.fullmatch(text) else ""


def sane_request_id(text: str) -> str:
    """`text` where it can stand in a log line and a header, else empty."""
    return text if _REQUEST_ID.fullmatch(text) else ""


def traceparent_for(correlation_id: str, causation_id: str) -> str:
    """Of what nobody traces: the same trace for the same correlation id, not sampled."""
    parent = _hex(causation_id or correlation_id, 16)
    return sane_traceparent(f"00-{correlation_id}-{parent}-00") or f"00-{_hex(correlation_id, 32)}-{parent}-00"


def _hex(text: str, digits: int) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:digits]


@contextmanager
def working(service: str, *, correlation_id: str = "", caller: str = "", traceparent: str = "") -> Iterator[None]:
    """Log lines and events made inside belong to this; no span of its own."""
    token = _scope.set(
        Scope(correlation_id=correlation_id, service=service, caller=caller, traceparent=sane_traceparent(traceparent))
    )
    try:
        yield
    finally:
        _scope.reset(token)


@contextmanager
def request(method: str, *, request_id: str, traceparent: str) -> Iterator[Span | None]:
    """One HTTP request at the gateway; the span, where there is one, is given its route when that is known."""
    attributes = {"http.request.method": method, "hub.correlation_id": request_id}
    given = sane_traceparent(traceparent)
    with (
        working("gateway", correlation_id=request_id, traceparent=given or traceparent_for(request_id, request_id)),
        _span(method, SpanKind.SERVER, parent=given, attributes=attributes, is_root=not given) as span,
    ):
        yield span


@contextmanager
def calling(service: str, method: str, caller: Caller) -> Iterator[Caller]:
    """A call of another service: the caller as it is sent (`inject`), under the span of the call."""
    parent = current_traceparent() or sane_traceparent(caller.traceparent)
    with _call_span(service, method, SpanKind.CLIENT, parent=parent):
        yield inject(caller)


def inject(caller: Caller) -> Caller:
    """The caller with the current trace and correlation id, as it is sent to another service."""
    here = _scope.get()
    traceparent = here.traceparent or caller.traceparent
    correlation_id = caller.correlation_id or here.correlation_id
    if traceparent == caller.traceparent and correlation_id == caller.correlation_id:
        return caller
    return replace(caller, traceparent=traceparent, correlation_id=correlation_id)


@contextmanager
def serving(service: str, method: str, caller: Caller) -> Iterator[None]:
    """A call being answered, under the trace that came with its caller."""
    given = sane_traceparent(caller.traceparent)
    with (
        working(service, correlation_id=caller.correlation_id, caller=caller.user_id, traceparent=given),
        _call_span(service, method, SpanKind.SERVER, parent=given),
    ):
        yield


@contextmanager
def appending(stream: str, metadata: Metadata) -> Iterator[Metadata]:
    """An append to `stream`: the metadata its events get, under the span of the append."""
    if _tracing.tracer is None:
        yield metadata
        return
    kind = stream.partition("-")[0]
    with _span(f"append {kind}", SpanKind.PRODUCER, parent=current_traceparent() or metadata.traceparent) as span:
        if span is not None:
            span.set_attributes({"hub.correlation_id": metadata.correlation_id, "hub.stream": kind})
        yield replace(metadata, traceparent=current_traceparent())


@contextmanager
def applying(subscriber: str, recorded: RecordedEvent) -> Iterator[None]:
    """An event being applied by a subscriber, and what that appends, under the trace of its cause."""
    metadata = recorded.metadata
    token = _scope.set(
        Scope(
            correlation_id=metadata.correlation_id,
            service=subscriber,
            caller=metadata.actor,
            traceparent=metadata.traceparent,
        )
    )
    try:
        if _tracing.tracer is None or time.time() - recorded.recorded_at > HISTORY_S:
            yield
            return
        with _span(
            f"{subscriber} apply {_name_of(recorded.type)}", SpanKind.CONSUMER, parent=metadata.traceparent
        ) as span:
            if span is not None:
                span.set_attributes({"messaging.operation.type": "process", "hub.event_type": recorded.type})
            yield
    finally:
        _scope.reset(token)


@contextmanager
def stepping(service: str, what: str, *, correlation_id: str, actor: str, traceparent: str) -> Iterator[None]:
    """Work that an event or a command has made due, under the trace of its cause."""
    with (
        working(service, correlation_id=correlation_id, caller=actor, traceparent=traceparent),
        _span(f"{service} {what}", SpanKind.INTERNAL, parent=sane_traceparent(traceparent)),
    ):
        yield


def note_published(events: Iterable[RecordedEvent], *, exchange: str, started_at: float) -> None:
    """These were confirmed by the broker just now, together; `started_at` in Unix seconds."""
    tracer = _tracing.tracer
    if tracer is None:
        return
    attributes = {"messaging.system": "rabbitmq", "messaging.destination.name": exchange}
    for recorded in events:
        if started_at - recorded.recorded_at > HISTORY_S:
            continue
        span = tracer.start_span(
            f"publish {_name_of(recorded.type)}",
            context=_context_of(recorded.metadata.traceparent),
            kind=SpanKind.PRODUCER,
            attributes=attributes,
            start_time=round(started_at * 1e9),
        )
        span.end()


@contextmanager
def span_from(traceparent: str, name: str) -> Iterator[None]:
    """A span of that name under a traceparent, for what none of the others fits."""
    here = scope()
    with (
        working(here.service, correlation_id=here.correlation_id, caller=here.caller, traceparent=traceparent),
        _span(name, SpanKind.INTERNAL, parent=sane_traceparent(traceparent)),
    ):
        yield


@contextmanager
def _call_span(service: str, method: str, kind: SpanKind, *, parent: str) -> Iterator[None]:
    """None where no trace is: looks at logs and feeds, several a second, would be nothing but noise."""
    if _tracing.tracer is None or not parent:
        yield
        return
    attributes = {"rpc.system": "hub", "rpc.service": service, "rpc.method": method}
    with _span(f"{service}.{method}", kind, parent=parent, attributes=attributes):
        yield


@contextmanager
def _span(
    name: str,
    kind: SpanKind,
    *,
    parent: str,
    attributes: Mapping[str, str] | None = None,
    is_root: bool = False,
) -> Iterator[Span | None]:
    """The scope's traceparent is the span's while it lasts; `is_root`: no parent, whatever else is open."""
    tracer = _tracing.tracer
    if tracer is None:
        yield None
        return
    context = _context_of(parent) if parent else Context() if is_root else None
    with tracer.start_as_current_span(
        name, context=context, kind=kind, attributes=attributes, record_exception=False, set_status_on_exception=False
    ) as span:
        token = _scope.set(replace(_scope.get(), traceparent=_traceparent_of(span)))
        try:
            yield span
        except BaseException as error:
            _note_failure(span, error)
            raise
        finally:
            _scope.reset(token)


def _note_failure(span: Span, error: BaseException) -> None:
    """A refusal is an answer, not a failure; messages stay out, for they may quote what people wrote."""
    if isinstance(error, HubError):
        span.set_attribute("hub.refusal", error.error_slug)
    if not isinstance(error, HubError) or isinstance(error, Unavailable):
        span.set_status(Status(StatusCode.ERROR, type(error).__name__))


def _context_of(traceparent: str) -> Context:
    return _PROPAGATOR.extract({_HEADER: traceparent}, context=Context())


def _traceparent_of(span: Span) -> str:
    given = span.get_span_context()
    return f"00-{given.trace_id:032x}-{given.span_id:016x}-{int(given.trace_flags):02x}"


def _name_of(wire_name: str) -> str:
    return wire_name.split(".")[-2] if wire_name.count(".") >= 3 else wire_name
