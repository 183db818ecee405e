"""One submission is one tree of spans, and one correlation id, from the request to its pull request."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode

from shared import telemetry
from tests.support.models import llm
from tests.support.running import TestHub, running_hub

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
BROWSER = f"00-{TRACE}-00f067aa0ba902b7-01"
SUBMITTED = ("registry", "model-tiny-1.5"), ("review", "review-tiny-1.5"), ("pr_bot", "pullrequest-tiny-1.5")


@pytest.fixture
def exported() -> Iterator[InMemorySpanExporter]:
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    telemetry.use_tracer(provider)
    try:
        yield exporter
    finally:
        telemetry.use_tracer(None)
        provider.shutdown()


def submitted(hub: TestHub, **headers: str) -> str:
    """The id that the answer gives the request."""
    body = {"type": "llm", "document": llm("Tiny-1.5"), "visibility": "public", "message": "New", "readme": "# Tiny"}
    answer = hub.api("max", "write").raw("POST", "/models", json=body, headers=headers)
    assert answer.status_code == 201, answer.text
    assert answer.headers["X-Request-Id"] == answer.headers["X-Correlation-ID"]
    hub.settled()
    return answer.headers["X-Request-Id"]


def test_one_submission_is_one_tree_over_calls_and_events_up_to_the_pull_request(
    tmp_path: Path, exported: InMemorySpanExporter
) -> None:
    with running_hub(tmp_path) as hub:
        exported.clear()
        submitted(hub)
        spans = exported.get_finished_spans()
    (root,) = [span for span in spans if span.name == "POST /api/v1/models"]
    tree = [span for span in spans if span.context.trace_id == root.context.trace_id]
    ids = {span.context.span_id for span in tree}
    assert [span for span in tree if span.parent is None] == [root]
    assert all(span.parent.span_id in ids for span in tree if span.parent is not None)
    calls = path_to_root(tree, "append model")
    assert calls == ["append model", "registry.register", "registry.register", "POST /api/v1/models"]
    queued = path_to_root(tree, "pr_bot step")
    assert queued == ["pr_bot step", "pr_bot apply ModelSubmitted", *calls]
    opened = path_to_root(tree, "append pullrequest", under="pr_bot step")
    assert opened == ["append pullrequest", *queued]
    assert {"review apply ModelSubmitted", "append review", "catalog apply PullRequestOpened"} <= {s.name for s in tree}
    assert all(span.status.status_code is not StatusCode.ERROR for span in tree)


def test_looks_that_nobody_asked_for_make_no_spans(tmp_path: Path, exported: InMemorySpanExporter) -> None:
    with running_hub(tmp_path) as hub:
        submitted(hub)
        exported.clear()
        hub.settled()
        hub.running.feed.refresh()
        assert exported.get_finished_spans() == ()


def test_the_browsers_trace_is_joined(tmp_path: Path, exported: InMemorySpanExporter) -> None:
    with running_hub(tmp_path) as hub:
        assert submitted(hub, traceparent=BROWSER) == TRACE
        names = {span.name for span in exported.get_finished_spans() if f"{span.context.trace_id:032x}" == TRACE}
    assert {"POST /api/v1/models", "pr_bot step"} <= names


@pytest.mark.parametrize("headers", [{"X-Request-Id": "page-1234"}, {"traceparent": BROWSER}, {}])
def test_without_a_tracer_every_event_carries_the_request_all_the_same(tmp_path: Path, headers: dict[str, str]) -> None:
    with running_hub(tmp_path) as hub:
        request_id = submitted(hub, **headers)
        assert request_id in ("page-1234", TRACE) or not headers
        metadata = [
            recorded.metadata
            for service, stream in SUBMITTED
            for recorded in (hub.hub.services[service].store or pytest.fail()).read_stream(stream)
        ]
    assert len(metadata) >= 4
    assert {found.correlation_id for found in metadata} == {request_id}
    assert len({found.traceparent[:35] for found in metadata}) == 1
    assert all(telemetry.sane_traceparent(found.traceparent) for found in metadata)
    if "traceparent" in headers:
        assert metadata[0].traceparent == BROWSER


@pytest.mark.parametrize("bad", ["a b", "x" * 65, "<script>", "short"])
def test_a_request_id_that_could_not_stand_in_a_log_line_is_replaced(tmp_path: Path, bad: str) -> None:
    with running_hub(tmp_path, people=False) as hub:
        answer = hub.app.test_client().get("/livez", headers={"X-Request-Id": bad})
    assert len(answer.headers["X-Request-Id"]) == 32


def path_to_root(tree: list[ReadableSpan], name: str, *, under: str = "") -> list[str]:
    """Names from the first span called `name` (whose parent is called `under`) up to the root."""
    by_id = {span.context.span_id: span for span in tree}

    def parent(span: ReadableSpan) -> ReadableSpan | None:
        return by_id[span.parent.span_id] if span.parent else None

    for span in tree:
        above = parent(span)
        if span.name == name and (not under or (above is not None and above.name == under)):
            names, here = [span.name], above
            while here is not None:
                names.append(here.name)
                here = parent(here)
            return names
    raise AssertionError(f"no span {name} under {under}: {sorted(span.name for span in tree)}")
