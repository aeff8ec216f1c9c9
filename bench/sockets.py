"""A load generator for big bodies: plain blocking sockets, one thread a client."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

READ_SIZE = 1 << 20


@dataclass(frozen=True, slots=True)
class Transfer:
    """What one run of a generator moved."""

    seconds: float
    bytes_moved: int
    generator_cpu_seconds: float

    @property
    def megabytes_per_second(self) -> float:
        return self.bytes_moved / self.seconds / 1e6


class AnswerError(Exception):
    """The server answered something else than was asked for."""


def read_head(connection: socket.socket) -> tuple[int, dict[str, str], bytes]:
    """Read an answer's head.

    Returns:
        The status, the headers with lower-case names, and the bytes of the body that came along.
    """
    received = b""
    while b"\r\n\r\n" not in received:
        data = connection.recv(65536)
        if not data:
            raise AnswerError(f"closed before the end of the head: {received!r}")
        received += data
    head, _, body = received.partition(b"\r\n\r\n")
    status_line, *lines = head.decode("latin-1").split("\r\n")
    headers = {}
    for line in lines:
        name, _, value = line.partition(":")
        headers[name.strip().lower()] = value.strip()
    return int(status_line.split()[1]), headers, body


def discard_body(connection: socket.socket, head: bytes) -> int:
    """Ask for something and throw the body away inside the kernel; returns its length."""
    connection.sendall(head)
    status, headers, body = read_head(connection)
    if status != 200:
        raise AnswerError(f"{status}: {body[:500]!r}")
    length = int(headers["content-length"])
    remaining = length - len(body)
    unread = bytearray(READ_SIZE)  # MSG_TRUNC drops the bytes: nothing is copied into it
    while remaining:
        count = connection.recv_into(unread, min(READ_SIZE, remaining), socket.MSG_TRUNC)
        if count == 0:
            raise AnswerError(f"{remaining} bytes of the body are missing")
        remaining -= count
    return length


def run_clients(port: int, clients: int, work: Callable[[socket.socket, int], int]) -> Transfer:
    """Let each client do its work on a connection of its own, all at once."""
    moved = [0] * clients
    failures: list[BaseException] = []

    def one(index: int) -> None:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=120) as connection:
                moved[index] = work(connection, index)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=one, args=(index,)) for index in range(clients)]
    started, cpu = time.perf_counter(), time.process_time()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
    if failures:
        raise failures[0]
    return Transfer(seconds, sum(moved), cpu)


def download(port: int, path: str, clients: int, times: int) -> Transfer:
    """Fetch a path so many times with each client, keeping its connection."""
    head = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode()

    def work(connection: socket.socket, _: int) -> int:
        return sum(discard_body(connection, head) for _ in range(times))

    return run_clients(port, clients, work)
