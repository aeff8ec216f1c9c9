import socket
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest

from entrepot.server.silent_connections import close_silent
from tests.waiting import PATIENCE, tries


@contextmanager
def connected() -> Iterator[tuple[socket.socket, socket.socket]]:
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        client = socket.create_connection(listener.getsockname())
        server, _ = listener.accept()
        with client, server:
            client.settimeout(PATIENCE)
            server.settimeout(PATIENCE)
            yield client, server


def is_open(connection: socket.socket) -> bool:
    """Whether it was not shut down; other connections of this process are not asked about."""
    connection.setblocking(False)
    try:
        while received := connection.recv(65_536):
            assert received
    except BlockingIOError:
        return True
    finally:
        connection.settimeout(PATIENCE)
    return False


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    with connected() as both:
        yield both


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
    close_silent(0.2)
    assert is_open(server)


def test_a_young_connection_has_time(pair: tuple[socket.socket, socket.socket]) -> None:
    close_silent(600)
    assert is_open(pair[0])


def test_a_listening_socket_is_no_connection() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        time.sleep(0.1)
        assert close_silent(0.05) == 0
        socket.create_connection(listener.getsockname()).close()


PEERLESS: set[tuple[str, int | str]] = set()


def test_over_tls_any_silent_connection_without_a_running_request_is_closed(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    client, server = pair
    client.sendall(b"a handshake of many bytes" * 100)
    server.sendall(b"and what the server says to it" * 100)
    assert server.recv(10)
    assert client.recv(10)
    time.sleep(0.25)
    close_silent(0.2)
    assert is_open(client)
    # Both ends are of this process; the client's peer is the server, which is as idle.
    close_silent(0.2, {client.getsockname(), server.getsockname()})
    assert is_open(client)
    close_silent(0.2, PEERLESS)
    assert not is_open(client)


def test_over_tls_a_connection_on_which_something_moves_is_left_alone() -> None:
    for _ in tries("the machine never has time to look soon enough"):
        with connected() as (client, server):
            client.sendall(b"a handshake of many bytes" * 100)
            time.sleep(0.25)
            moved = time.monotonic()
            server.sendall(b"an answer")
            client.recv(100)
            client.sendall(b"another request")
            close_silent(0.2, PEERLESS)
            left_alone = is_open(client)
            if time.monotonic() - moved < 0.2:  # else nothing has moved for so long, indeed
                break
    assert left_alone
