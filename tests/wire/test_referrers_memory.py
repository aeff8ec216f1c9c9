"""However many read nothing of a long list of referrers, a bounded number of them is held."""

import http.client
import json
import socket
from contextlib import ExitStack, closing
from pathlib import Path

from tests.waiting import PATIENCE
from tests.wire.harness.server import Registry
from tests.wire.test_manifest_memory import INDEX, MEBIBYTE, READERS

SUBJECTS = {"large": f"sha256:{'a' * 64}", "small": f"sha256:{'b' * 64}"}


def referrer(subject: str, size: int) -> bytes:
    about = {"mediaType": INDEX, "size": 1, "digest": subject}
    document = {"schemaVersion": 2, "mediaType": INDEX, "manifests": [], "subject": about}
    return json.dumps({**document, "annotations": {"a": "x" * size}}).encode()


def push(registry: Registry, name: str, payload: bytes) -> None:
    with closing(http.client.HTTPConnection(registry.authority, timeout=PATIENCE)) as connection:
        connection.request("PUT", f"/v2/app/manifests/{name}", payload, {"Content-Type": INDEX})
        assert connection.getresponse().status == 201


def status(registry: Registry, subject: str, opened: ExitStack) -> bytes:
    """Ask for a list, and read no more than the beginning of the answer."""
    reader = opened.enter_context(socket.socket())
    reader.settimeout(PATIENCE)
    reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    reader.connect(("127.0.0.1", registry.port))
    reader.sendall(f"GET /v2/app/referrers/{subject} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
    return reader.recv(12)[9:]


def test_readers_that_stop_in_a_long_list_are_bounded_and_short_lists_still_come(
    tmp_path: Path,
) -> None:
    registry = Registry(tmp_path, {"server": {"workers": 1}})
    registry.start()
    try:
        push(registry, "large", referrer(SUBJECTS["large"], 4 * MEBIBYTE - 1000))
        push(registry, "small", referrer(SUBJECTS["small"], 1000))
        with ExitStack() as opened:
            said = [status(registry, SUBJECTS["large"], opened) for _ in range(READERS)]
            assert set(said) == {b"200", b"429"}
            # 16 MiB for one caller, of which the kernel takes some.
            assert said.count(b"200") < 12
            assert status(registry, SUBJECTS["small"], opened) == b"200"
        with ExitStack() as opened:
            assert status(registry, SUBJECTS["small"], opened) == b"200"
    finally:
        registry.stop()
