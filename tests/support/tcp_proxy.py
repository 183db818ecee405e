"""A TCP proxy between a program and its server that cuts, delays, freezes and refuses connections on demand."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

_CHUNK = 65_536


class TcpProxy:
    """Listens on `port` of this machine and passes on to `target` (host, port), both ways.

    `delay_s` holds back every piece that passes. All methods are safe from any thread.
    """

    def __init__(self, target: tuple[str, int]) -> None:
        self.delay_s = 0.0
        self._target = target
        self._going = threading.Event()
        self._going.set()
        self._refusing = False
        self._ended = False
        self._lock = threading.Lock()
        self._pairs: set[tuple[socket.socket, socket.socket]] = set()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self._acceptor = threading.Thread(target=self._accept, name="tcp-proxy", daemon=True)
        self._acceptor.start()

    @property
    def port(self) -> int:
        return int(self._listener.getsockname()[1])

    @property
    def connections(self) -> int:
        """How many pass through now."""
        with self._lock:
            return len(self._pairs)

    def cut(self) -> None:
        """Resets every connection; new ones are welcome."""
        with self._lock:
            pairs = list(self._pairs)
        for pair in pairs:
            for end in pair:
                _reset(end)

    def freeze(self) -> None:
        """Nothing passes any more, and nobody is told; new connections are accepted and left so."""
        self._going.clear()

    def thaw(self) -> None:
        """After `freeze`: what was held back passes now."""
        self._going.set()

    def refuse(self) -> None:
        """Cuts all there are, and every new connection at once, until `accept`."""
        self._refusing = True
        self.cut()

    def accept(self) -> None:
        """After `refuse`."""
        self._refusing = False

    def stop(self) -> None:
        """Nothing of it is left."""
        self._ended = True
        self._going.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut()
        self._acceptor.join()

    def _accept(self) -> None:
        while not self._ended:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            if self._refusing:
                _reset(client)
                continue
            threading.Thread(target=self._connect, args=(client,), daemon=True).start()

    def _connect(self, client: socket.socket) -> None:
        try:
            server = socket.create_connection(self._target, timeout=10)
        except OSError:
            _reset(client)
            return
        server.settimeout(None)
        for end in (client, server):
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        pair = (client, server)
        with self._lock:
            self._pairs.add(pair)
        back = threading.Thread(target=self._pass_on, args=(server, client), daemon=True)
        back.start()
        self._pass_on(client, server)
        back.join()
        with self._lock:
            self._pairs.discard(pair)
        for end in pair:
            end.close()

    def _pass_on(self, source: socket.socket, sink: socket.socket) -> None:
        """Until one end is closed; half-closed connections pass their end on."""
        try:
            while piece := source.recv(_CHUNK):
                if self.delay_s:
                    time.sleep(self.delay_s)
                self._going.wait()
                sink.sendall(piece)
            self._going.wait()
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            for end in (source, sink):
                _shut(end)


@contextmanager
def tcp_proxy(host: str, port: int) -> Iterator[TcpProxy]:
    """A proxy that has stopped at the end."""
    proxy = TcpProxy((host, port))
    try:
        yield proxy
    finally:
        proxy.stop()


def _reset(end: socket.socket) -> None:
    """The other side reads a reset, not an end; the thread that reads from it here wakes up."""
    with contextlib.suppress(OSError):
        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
    _shut(end)


def _shut(end: socket.socket) -> None:
    with contextlib.suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
