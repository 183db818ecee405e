"""Where spans go: an OpenTelemetry collector, as the standard OTEL_ variables say; nowhere without them.

OpenTelemetry's SDK belongs to split mode's packages. It is loaded only where an exporter is asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import structlog

from shared import telemetry

if TYPE_CHECKING:
    from opentelemetry.sdk.trace.export import SpanExporter

ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")

log = structlog.get_logger(__name__)


def export_spans(service: str, environment: Mapping[str, str]) -> Callable[[], None]:
    """Begins, and answers what sends the last spans at the end; to be called after a fork, not before.

    OTEL_TRACES_EXPORTER is `otlp` (over HTTP; the default where an endpoint is set), `console` or
    `none`; sampling, batching, headers and endpoints are the SDK's own settings. What cannot be done
    is said in the log, and the hub works without.
    """
    kind = _wished(environment)
    if kind == "none":
        return _nothing
    if kind not in ("otlp", "console"):
        log.warning("spans are not exported: expected OTEL_TRACES_EXPORTER otlp, console or none", found=kind)
        return _nothing
    try:
        from opentelemetry import trace
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor

        exporter = _exporter(kind)
    except ImportError:
        log.warning("spans are not exported: OpenTelemetry's SDK is not installed; requirements-split.lock has it")
        return _nothing
    provider = TracerProvider(resource=Resource.create(_attributes(service, environment)))
    provider.add_span_processor(BatchSpanProcessor(exporter))
    # Libraries that are instrumented find it there, and join the hub's traces.
    trace.set_tracer_provider(provider)
    telemetry.use_tracer(provider)

    def end() -> None:
        telemetry.use_tracer(None)
        provider.shutdown()

    return end


def _wished(environment: Mapping[str, str]) -> str:
    if environment.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return "none"
    named = environment.get("OTEL_TRACES_EXPORTER", "").strip().lower()
    return named or ("otlp" if any(environment.get(name) for name in ENDPOINTS) else "none")


def _exporter(kind: str) -> SpanExporter:
    if kind == "console":
        from opentelemetry.sdk.trace.export import ConsoleSpanExporter

        return ConsoleSpanExporter()
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

    return OTLPSpanExporter()


def _attributes(service: str, environment: Mapping[str, str]) -> dict[str, Any]:
    """A name that the environment gives wins."""
    attributes = {"service.version": version("models-hub"), "service.namespace": "models-hub"}
    is_named = environment.get("OTEL_SERVICE_NAME") or "service.name=" in environment.get(
        "OTEL_RESOURCE_ATTRIBUTES", ""
    )
    return attributes if is_named else {**attributes, "service.name": f"models-hub-{service}"}


def _nothing() -> None:
    return None
