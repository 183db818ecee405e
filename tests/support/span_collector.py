"""An OpenTelemetry collector in this process: what every process of a hub has sent it, as spans over HTTP."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

_SERVICE = "service.name"


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenSpan:
    """`service` is the process's name, `parent` empty for a root."""

    service: str
    name: str
    trace: str
    id: str
    parent: str
    failed: bool


class Collector:
    """What has arrived so far; `endpoint` is where processes send it."""

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint
        self._lock = threading.Lock()
        self._spans: list[SeenSpan] = []

    def take(self, body: bytes) -> None:
        arrived = list(_spans(ExportTraceServiceRequest.FromString(body)))
        with self._lock:
            self._spans += arrived

    def tree_of(self, root: str) -> list[SeenSpan]:
        """Every span of the trace whose root is called `root`; none where no such root has arrived."""
        with self._lock:
            traces = [span.trace for span in self._spans if span.name == root and not span.parent]
            assert len(traces) < 2, traces
            return [span for span in self._spans if span.trace in traces]


def path_to_root(tree: Iterable[SeenSpan], span: SeenSpan) -> list[tuple[str, str]]:
    """(process, name) of the span, of its parent and so on, as far up as `tree` leads."""
    by_id = {each.id: each for each in tree}
    path, above = [(span.service, span.name)], by_id.get(span.parent)
    while above is not None:
        path.append((above.service, above.name))
        above = by_id.get(above.parent)
    return path


@contextmanager
def collecting() -> Iterator[Collector]:
    """Takes spans until the block ends."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Receiving)
    server.daemon_threads = True
    collector = Collector(f"http://127.0.0.1:{server.server_port}/v1/traces")
    server.collector = collector  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield collector
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Receiving(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        self.server.collector.take(body)  # type: ignore[attr-defined]
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nothing: requests are not what a test reads."""


def _spans(request: ExportTraceServiceRequest) -> Iterator[SeenSpan]:
    for resource in request.resource_spans:
        named = {attribute.key: attribute.value.string_value for attribute in resource.resource.attributes}
        for scope in resource.scope_spans:
            for span in scope.spans:
                yield SeenSpan(
                    service=named.get(_SERVICE, "").removeprefix("models-hub-"),
                    name=span.name,
                    trace=span.trace_id.hex(),
                    id=span.span_id.hex(),
                    parent=span.parent_span_id.hex(),
                    failed=span.status.code == span.status.STATUS_CODE_ERROR,
                )
