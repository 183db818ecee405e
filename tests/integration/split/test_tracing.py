"""One submission is one tree of spans over all processes: through nameko's calls, RabbitMQ's events, and reactions."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor

from shared import telemetry
from tests.support.models import llm
from tests.support.polling import eventually
from tests.support.running import running_hub
from tests.support.span_collector import Collector, SeenSpan, collecting, path_to_root

ROOT = "POST /api/v1/models"
# (process, span) from the end of the chain up to the browser's request.
CALL = [
    ("registry", "append model"),
    ("registry", "registry.register"),
    ("gateway", "registry.register"),
    ("gateway", ROOT),
]
PUBLISHED = [("registry", "publish ModelSubmitted"), *CALL]
REVIEW = [("review", "append review"), ("review", "review apply ModelSubmitted"), *CALL]
SHOWN = [("catalog", "catalog apply ReviewRequested"), *REVIEW]
PULL_REQUEST = [
    ("pr_bot", "append pullrequest"),
    ("pr_bot", "pr_bot step"),
    ("pr_bot", "pr_bot apply ModelSubmitted"),
    *CALL,
]
OPENED = [("catalog", "catalog apply PullRequestOpened"), *PULL_REQUEST]
WANTED = (PUBLISHED, SHOWN, [("review", "publish ReviewRequested"), *REVIEW], OPENED)


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> Iterator[Collector]:
    """Every service process sends its spans there, and the gateway's app, which runs in this process."""
    with collecting() as found:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", found.endpoint)
        monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "100")
        with _gateway_traced(found.endpoint):
            yield found


@contextmanager
def _gateway_traced(endpoint: str) -> Iterator[None]:
    provider = TracerProvider(resource=Resource.create({"service.name": "models-hub-gateway"}))
    provider.add_span_processor(SimpleSpanProcessor(OTLPSpanExporter(endpoint)))
    telemetry.use_tracer(provider)
    try:
        yield
    finally:
        telemetry.use_tracer(None)
        provider.shutdown()


def test_one_submission_is_one_tree_over_all_processes(tmp_path: Path, collector: Collector) -> None:
    body = {"type": "llm", "document": llm("Tiny-1.5"), "visibility": "public", "message": "New", "readme": "# Tiny"}
    with running_hub(tmp_path, mode="split") as hub:
        hub.api("max", "write").made("/models", body)
        # Whatever the hub still does of it is traced too, and then no span is on its way.
        hub.settled()
        eventually(lambda: _is_whole(collector.tree_of(ROOT)), lambda: _told(collector.tree_of(ROOT)))
    tree = collector.tree_of(ROOT)
    assert [span.name for span in tree if not span.parent] == [ROOT]
    assert not [span for span in tree if span.failed]


def _is_whole(tree: list[SeenSpan]) -> bool:
    """Spans arrive when they end, and each process sends its own: children come before their parents."""
    ids = {span.id for span in tree}
    paths = [path_to_root(tree, span) for span in tree]
    return all(span.parent in ids for span in tree if span.parent) and all(wanted in paths for wanted in WANTED)


def _told(tree: list[SeenSpan]) -> str:
    return "\n".join(sorted(" < ".join(f"{service}: {name}" for service, name in path_to_root(tree, s)) for s in tree))
