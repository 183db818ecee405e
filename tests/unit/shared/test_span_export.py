from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import structlog

from shared import telemetry
from shared.span_export import export_spans
from tests.support.real_data import PROJECT

WITHOUT = """
import sys
from shared.span_export import export_spans
export_spans("x", {})
print("opentelemetry.sdk" in sys.modules)
"""
EXPORTS = f"""
from shared import telemetry
from shared.span_export import export_spans
import os
end = export_spans("registry", os.environ)
with telemetry.span_from("00-{"1" * 32}-{"2" * 16}-01", "work"):
    pass
end()
"""


class Collector(ThreadingHTTPServer):
    bodies: list[tuple[str, bytes]]


class Handler(BaseHTTPRequestHandler):
    server: Collector

    def do_POST(self) -> None:
        self.server.bodies.append((self.path, self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture
def collector() -> Iterator[Collector]:
    server = Collector(("127.0.0.1", 0), Handler)
    server.bodies = []
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def run(code: str, **environment: str) -> str:
    """In a process of its own: a tracer provider is set once."""
    command = [sys.executable, "-c", code]
    done = subprocess.run(
        command, cwd=PROJECT, env=environment, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def test_without_its_variables_nothing_of_the_sdk_is_loaded() -> None:
    assert run(WITHOUT).strip() == "False"


def test_spans_go_to_the_collector_that_the_environment_names(collector: Collector) -> None:
    run(EXPORTS, OTEL_EXPORTER_OTLP_ENDPOINT=f"http://127.0.0.1:{collector.server_port}", OTEL_BSP_SCHEDULE_DELAY="10")
    ((path, body),) = collector.bodies
    assert path == "/v1/traces"
    assert b"models-hub-registry" in body and bytes.fromhex("1" * 32) in body


def test_a_name_given_by_the_environment_wins() -> None:
    said = run(EXPORTS, OTEL_TRACES_EXPORTER="console", OTEL_SERVICE_NAME="mine")
    assert '"service.name": "mine"' in said and '"name": "work"' in said


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"OTEL_TRACES_EXPORTER": "none", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9"},
        {"OTEL_SDK_DISABLED": "true", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9"},
        {"OTEL_TRACES_EXPORTER": "zipkin"},
    ],
)
def test_what_is_off_or_unknown_exports_nothing(environment: dict[str, str]) -> None:
    with structlog.testing.capture_logs() as said:
        export_spans("registry", environment)()
    with telemetry.span_from("", "work"):
        assert telemetry.current_traceparent() == ""
    assert [line["log_level"] for line in said] == (["warning"] if "zipkin" in environment.values() else [])
