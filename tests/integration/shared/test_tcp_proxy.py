"""The proxy that the fault tests put between a program and its server."""

from __future__ import annotations

import socket
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.support.log_reading import eventually
from tests.support.tcp_proxy import TcpProxy, tcp_proxy


class Echo(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        while piece := self.request.recv(1000):
            self.request.sendall(piece)


@contextmanager
def echo_server() -> Iterator[int]:
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Echo) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        yield server.server_address[1]
        server.shutdown()


@pytest.fixture
def proxy() -> Iterator[TcpProxy]:
    with echo_server() as port, tcp_proxy("127.0.0.1", port) as made:
        yield made


def connect(proxy: TcpProxy) -> socket.socket:
    return socket.create_connection(("127.0.0.1", proxy.port), timeout=10)


def test_what_is_sent_comes_back(proxy: TcpProxy) -> None:
    with connect(proxy) as client:
        client.sendall(b"hello")
        assert client.recv(10) == b"hello"
        assert proxy.connections == 1
        client.shutdown(socket.SHUT_WR)
        assert client.recv(10) == b""
    eventually(lambda: proxy.connections == 0)


def test_a_cut_ends_the_connections_there_are_and_no_others(proxy: TcpProxy) -> None:
    with connect(proxy) as client:
        client.sendall(b"hello")
        client.recv(10)
        proxy.cut()
        try:
            ended = client.recv(10) == b""
        except ConnectionResetError:
            ended = True
        assert ended
    eventually(lambda: proxy.connections == 0)
    with connect(proxy) as client:
        client.sendall(b"again")
        assert client.recv(10) == b"again"


def test_frozen_connections_stay_open_and_go_on_after_the_thaw(proxy: TcpProxy) -> None:
    with connect(proxy) as client:
        proxy.freeze()
        client.sendall(b"hello")
        client.settimeout(0.1)
        with pytest.raises(TimeoutError):
            client.recv(10)
        client.settimeout(10)
        proxy.thaw()
        assert client.recv(10) == b"hello"


def test_delayed_pieces_arrive_whole(proxy: TcpProxy) -> None:
    proxy.delay_s = 0.02
    with connect(proxy) as client:
        client.sendall(b"x" * 5000)
        received = b""
        while len(received) < 5000:
            received += client.recv(5000)
        assert received == b"x" * 5000


def test_refused_connections_end_at_once(proxy: TcpProxy) -> None:
    proxy.refuse()
    with connect(proxy) as client:
        try:
            ended = client.recv(10) == b""
        except ConnectionResetError:
            ended = True
    assert ended
    proxy.accept()
    with connect(proxy) as client:
        client.sendall(b"hello")
        assert client.recv(10) == b"hello"
