"""The split hub's gateway: the same app as embedded mode's, its services behind RabbitMQ.

`python -m gateway.wsgi` serves it on HUB_HOST and HUB_PORT; `gunicorn gateway.wsgi:app` where one's own
gunicorn configuration is wanted (worker class `gateway.unreadable.ProblemWorker`, several threads, no preload).
"""

from __future__ import annotations

import atexit
import sys
from collections.abc import Callable
from typing import Any

from flask import Flask

from gateway.event_exchanges import EventExchanges
from gateway.server import HubServer, bound_socket
from gateway.split import RunningGateway
from shared.config import Settings, load, opentelemetry
from shared.errors import HubError
from shared.log_lines import configure
from shared.metrics import observer
from shared.rpc_client import RpcClient, calls_over_rpc
from shared.span_export import export_spans

REQUIRED = ("AMQP_URI",)
READY_WITH = ("identity", "catalog")


class SplitGateway:
    """`start` answers the WSGI app, also while broker and services are not there yet; made after the fork."""

    def __init__(self, settings: Settings) -> None:
        self._client = RpcClient(settings.amqp_uri, name="gateway")
        self._exchanges = EventExchanges(settings.amqp_uri)
        self.calls = calls_over_rpc(self._client, observe=observer("client"))
        self._gateway = RunningGateway(settings, self.calls)
        self._end_spans: Callable[[], None] = lambda: None

    def start(self) -> Flask:
        configure(json_lines=True, service="gateway")
        self._end_spans = export_spans("gateway", opentelemetry())
        self._client.start()
        app = self._gateway.start()
        app.extensions["hub_ready_with"] = READY_WITH
        app.extensions["hub_ready_checks"] = {"exchanges": self._exchanges.check}
        return app

    def stop(self) -> None:
        self._gateway.stop()
        self._client.stop()
        self._end_spans()


def __getattr__(name: str) -> Any:
    """`app`, made when gunicorn's worker asks for it, so that loading this module does nothing."""
    if name != "app":
        raise AttributeError(f"module {__name__} has no {name}")
    gateway = SplitGateway(load(required=REQUIRED))
    atexit.register(gateway.stop)
    return gateway.start()


def main() -> int:
    """Serves until SIGTERM; 2 where a person must correct a setting."""
    try:
        settings = load(required=REQUIRED)
        HubServer(settings, bound_socket(settings), SplitGateway).run()
    except HubError as error:
        sys.stderr.write(f"gateway: {error.message}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
