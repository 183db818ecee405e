"""A process that serves registry's contract over RPC and says back what it was asked: for tests of the carrier.

`python -m tests.support.rpc_echo AMQP_URI JOURNAL WORKERS`. What is asked for is in `reason`: `echo`, `refuse`,
`fail`, `sleep <seconds>`, `cut reply <times>`, `cut ack`. Each execution is a line of the journal, its command id.
"""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from shared.green import go_green
from tests.support.polling import eventually

ROOT = Path(__file__).parents[2]


class EchoProcess:
    """The process as a test holds it."""

    def __init__(self, amqp_uri: str, journal: Path, workers: int) -> None:
        self._journal = journal
        command = [sys.executable, "-m", "tests.support.rpc_echo", amqp_uri, str(journal), str(workers)]
        with journal.with_suffix(".log").open("ab") as output:
            self.process = subprocess.Popen(
                command, cwd=ROOT, stdout=subprocess.PIPE, stderr=output, stdin=subprocess.DEVNULL
            )

    def await_ready(self) -> None:
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == b"ready\n", self.said()

    def executed(self) -> list[str]:
        """The command ids of all executions, in order."""
        return self._journal.read_text(encoding="utf-8").split() if self._journal.exists() else []

    def said(self) -> str:
        return self._journal.with_suffix(".log").read_text(encoding="utf-8")

    def terminate(self) -> None:
        self.process.terminate()

    def ended(self) -> int:
        """The exit code, awaited."""
        return self.process.wait(30)

    def is_alive(self) -> bool:
        return self.process.poll() is None


@contextmanager
def echo(amqp_uri: str, folder: Path, *, workers: int = 32) -> Iterator[EchoProcess]:
    """Serves until the end of the block, where it must still live unless it was ended."""
    served = EchoProcess(amqp_uri, folder / "journal", workers)
    try:
        served.await_ready()
        yield served
    finally:
        served.process.kill()
        served.process.wait()
        if served.process.stdout is not None:
            served.process.stdout.close()


def executed_times(served: EchoProcess, command_id: str, times: int) -> None:
    """Returns once the command has been executed so often."""
    eventually(lambda: served.executed().count(command_id) == times, served.said)


class _Echo:
    """The application."""

    def __init__(self, journal: Path) -> None:
        self._journal = journal
        self.cut_replies = 0
        self.cut_acks = 0

    def archive(self, request: Any, caller: Any) -> Any:
        from shared.contracts.registry import LifecycleAnswer
        from shared.errors import Conflict

        executed_before = caller.command_id in (self._journal.read_text() if self._journal.exists() else "")
        with self._journal.open("a", encoding="utf-8") as journal:
            journal.write(f"{caller.command_id}\n")
        asked, _, number = request.reason.partition(" ")
        if asked == "refuse":
            raise Conflict("refused", slug="as-asked", details={"errors": [{"path": "/reason", "message": "ü\ud800"}]})
        if asked == "fail":
            raise ValueError("a secret that must stay in the log")
        if asked == "sleep":
            __import__("time").sleep(float(number))
        if asked == "cut" and not executed_before:
            what, _, times = number.partition(" ")
            self.cut_replies, self.cut_acks = (int(times), 0) if what == "reply" else (0, 1)
        return LifecycleAnswer(name=request.name, state=f"{caller.user_id} {' '.join(caller.roles)}", position="r:1")

    def readme_template(self, request: Any, caller: Any) -> Any:
        from shared.contracts.registry import ReadmeAnswer

        return ReadmeAnswer(readme=request.document)


def _cut(connection: Any) -> None:
    connection.transport.sock.shutdown(socket.SHUT_RDWR)


def _cut_sockets(application: _Echo) -> None:
    """The two places where a lost connection ends nameko: the reply's publication, the acknowledgement."""
    from shared.nameko_server import SturdyConsumer
    from shared.rpc_publish import _Publisher

    publish, ack = _Publisher.publish, SturdyConsumer.ack_message

    def publish_cut(self: Any, *arguments: Any) -> None:
        if application.cut_replies:
            application.cut_replies -= 1
            _cut(self._connection)
        publish(self, *arguments)

    def ack_cut(self: Any, message: Any) -> None:
        if application.cut_acks:
            application.cut_acks -= 1
            _cut(message.channel.connection)
        ack(self, message)

    _Publisher.publish = publish_cut  # type: ignore[method-assign,assignment]
    SturdyConsumer.ack_message = ack_cut  # type: ignore[method-assign]


def main(amqp_uri: str, journal: str, workers: str) -> None:
    go_green()
    import signal
    import time

    from shared.contracts.registry import Registry
    from shared.log_lines import configure
    from shared.nameko_server import RpcServer, service_class

    configure(json_lines=True, service="registry")
    application = _Echo(Path(journal))
    _cut_sockets(application)
    server = RpcServer(service_class("registry", Registry, application), amqp_uri, max_workers=int(workers))
    ended: list[int] = []
    signal.signal(signal.SIGTERM, lambda *_: ended.append(1))
    server.start()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    while not ended:
        time.sleep(0.05)
    sys.exit(0 if server.stop(10) else 1)


if __name__ == "__main__":
    main(*sys.argv[1:])
