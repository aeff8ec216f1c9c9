import socket
import time
from collections.abc import Iterator
from contextlib import closing

import pytest

from entrepot.server.silent_connections import close_silent


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        client = socket.create_connection(listener.getsockname())
        server, _ = listener.accept()
        with client, server:
            client.settimeout(5)
            yield client, server


def test_a_connection_without_a_first_byte_is_closed(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    client, _ = pair
    time.sleep(0.25)
    # Both ends live in this process: closing the first of them tells the other one.
    assert close_silent(0.2) >= 1
    assert client.recv(1) == b""


PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"


@pytest.mark.parametrize("begin", [PREFACE[:1], PREFACE[:3], PREFACE[:-1]])
def test_a_connection_that_stops_before_it_says_which_protocol_it_speaks_is_closed(
    pair: tuple[socket.socket, socket.socket], begin: bytes
) -> None:
    client, server = pair
    client.sendall(begin)
    server.sendall(PREFACE)
    assert server.recv(len(begin)) == begin
    time.sleep(0.25)
    assert close_silent(0.2) >= 1
    assert server.recv(1) == b""


@pytest.mark.parametrize("begin", [PREFACE, b"GET /v2/ HTTP/1.1\r\nHost: a\r\n\r\n"])
def test_a_connection_that_has_begun_to_speak_is_left_alone(
    pair: tuple[socket.socket, socket.socket], begin: bytes
) -> None:
    client, server = pair
    client.sendall(begin)
    server.sendall(PREFACE)
    assert server.recv(len(begin)) == begin
    time.sleep(0.25)
    assert close_silent(0.2) == 0


def test_a_young_connection_has_time(pair: tuple[socket.socket, socket.socket]) -> None:
    assert close_silent(60) == 0


def test_a_listening_socket_is_no_connection() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        time.sleep(0.1)
        assert close_silent(0.05) == 0
        socket.create_connection(listener.getsockname()).close()
