"""How to take an upload's body through ASGI on Granian: calls of receive() waiting at once.

Docker sends a layer in chunks of 32 KiB, and each chunk is one message, that is two thread
switches. Several waiting calls share them, where the server answers them in order. Run as
`python -m bench.blob_receiving`; the outcome is in docs/decisions/0003-sending-blobs.md.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import socket
from pathlib import Path
from typing import Any

from bench.blob_sending import MEBIBYTE, Sample, granian, medians, sample, upload
from bench.processes import cpu_seconds
from bench.sockets import read_head, run_clients

SETTINGS: dict[str, dict[str, Any]] = {
    "mt": {"runtime_mode": "mt"},
    "st": {"runtime_mode": "st"},
    "st, buffer 1 MiB": {"runtime_mode": "st", "http1": {"max_buffer_size": 1 << 20}},
}
BODIES = {"one body": (MEBIBYTE, False), "32 KiB chunks": (1 << 15, True)}
IN_FLIGHT = (1, 2, 4, 8, 16)


def out_of_order(port: int, in_flight: int, uploads: int = 4) -> int:
    """Send random bytes in chunks of odd sizes, four uploads at once; count wrong digests."""
    data = os.urandom(64 * MEBIBYTE)
    expected = hashlib.sha256(data).hexdigest().encode()
    wrong: list[bytes] = []

    def work(connection: socket.socket, index: int) -> int:
        sizes = random.Random(index)
        head = f"PUT /hash/{in_flight} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        connection.sendall(f"{head}Transfer-Encoding: chunked\r\n\r\n".encode())
        position = 0
        while position < len(data):
            piece = data[position : position + sizes.choice([1000, 32768, 32768, 100_000])]
            connection.sendall(b"%x\r\n%b\r\n" % (len(piece), piece))
            position += len(piece)
        connection.sendall(b"0\r\n\r\n")
        _, _, found = read_head(connection)
        if found != expected:
            wrong.append(found)
        return len(data)

    run_clients(port, uploads, work)
    return len(wrong)


def rows(rounds: int) -> None:
    print("| setting | body | waiting calls | CPU s/GB | MB/s | calls for 512 MiB | in order |")
    print("|---|---|---|---|---|---|---|")
    for name, knobs in SETTINGS.items():
        with granian(Path("/dev/null"), knobs) as (pid, port):
            for body, (piece, chunked) in BODIES.items():
                for in_flight in IN_FLIGHT:
                    samples: list[Sample] = []
                    path, said = f"/receive/{in_flight}", ""
                    for _ in range(rounds):
                        before = cpu_seconds(pid)
                        moved, said = upload(port, path, 512 * MEBIBYTE, piece, chunked=chunked)
                        samples.append(sample(moved, cpu_seconds(pid) - before))
                    wrong = sum(out_of_order(port, in_flight) for _ in range(rounds))
                    order = "yes" if not wrong else f"NO: {wrong} of {4 * rounds} wrong"
                    cells = [name, body, str(in_flight), medians(samples)]
                    cells += [str(json.loads(said)["calls"]), order]
                    print("| " + " | ".join(cells) + " |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    rows(parser.parse_args().rounds)


if __name__ == "__main__":
    main()
