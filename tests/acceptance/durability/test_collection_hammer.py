"""Clients push, re-push, mount, pull, delete and retag overlapping images beside the collector.

The grace is half a second, so that the collector is always about to take what a client is about to
need. No acknowledged image may ever be broken, and in the end exactly what is reachable is left.
"""

import random
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from pathlib import Path

import pytest

from tests.acceptance.durability.server import Server
from tests.acceptance.harness.paths import ENTREPOT
from tests.wire.harness.contents import OCI_MANIFEST, Content, manifest

CLIENTS = 8
SECONDS, LONG_SECONDS = 30.0, 600.0
GRACE = 0.5
SETTINGS = {
    "server": {"workers": 2},
    "storage": {"delete": {"enabled": True}},
    "gc": {
        "interval": "200ms",
        "grace": "500ms",
        "sweep": "5s",
        "untagged": {"enabled": True, "after": "1ms"},
    },
}
BLOBS = [Content(random.Random(number).randbytes(200 + 4_000 * number)) for number in range(12)]
REPOSITORIES = ("one", "two", "three")
TAGS = ("a", "b", "c", "d")


def image_of(blobs: list[Content], number: int) -> Content:
    config, *layers = blobs
    return manifest(
        OCI_MANIFEST,
        config=config.described(),
        layers=[layer.described() for layer in layers],
        annotations={"number": str(number)},
    )


@dataclass
class Ledger:
    """What is acknowledged: which tag points to which image. A lock a tag, as if a person had it.

    An image's digest is its own: each number is pushed once, so nobody else deletes it.
    """

    locks: dict[tuple[str, str], threading.Lock] = field(default_factory=dict)
    tags: dict[tuple[str, str], tuple[Content, list[Content]] | None] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    numbers: int = 0
    numbering: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        for name in REPOSITORIES:
            for tag in TAGS:
                self.locks[name, tag] = threading.Lock()
                self.tags[name, tag] = None

    def number(self) -> int:
        with self.numbering:
            self.numbers += 1
            return self.numbers


class Outage(Exception):
    """The server was not there, or is not yet."""


class HammerClient:
    """One client, with a connection that it keeps."""

    def __init__(self, port: Callable[[], int], ledger: Ledger, seed: int) -> None:
        self._port = port
        self._ledger = ledger
        self._random = random.Random(seed)
        self._connection: HTTPConnection | None = None

    def work(self, until: float) -> None:
        actions = (self.push, self.push, self.push, self.pull, self.pull, self.delete, self.retag)
        while time.monotonic() < until:
            action = self._random.choice(actions)
            name, tag = self._random.choice(REPOSITORIES), self._random.choice(TAGS)
            lock = self._ledger.locks[name, tag]
            if not lock.acquire(blocking=False):
                continue
            try:
                action(name, tag)
                self._ledger.counts[action.__name__] += 1
            except Outage:
                self.drop()
                time.sleep(0.2)
            finally:
                lock.release()
        self.drop()

    def push(self, name: str, tag: str) -> None:
        """Push an image as clients do: HEAD, mount or upload; then the manifest, soon."""
        blobs = self._random.sample(BLOBS, 3)
        image = image_of(blobs, self._ledger.number())
        oldest = time.monotonic()
        for blob in blobs:
            self._bring(name, blob)
        # A kill in the middle of it leaves either the old or the new one.
        self._ledger.tags[name, tag] = None
        path, media_type = f"/v2/{name}/manifests/{tag}", {"Content-Type": image.media_type}
        status, body = self._ask("PUT", path, image.payload, media_type)
        late = time.monotonic() - oldest > GRACE
        if status == 201:
            self._ledger.tags[name, tag] = (image, blobs)
        elif not late or status != 400:
            self._ledger.faults.append(f"PUT {path} after less than the grace: {status} {body!r}")
        else:
            self._ledger.counts["too late"] += 1

    def _bring(self, name: str, blob: Content) -> None:
        path = f"/v2/{name}/blobs/{blob.digest}"
        way = self._random.random()
        if way < 0.6 and self._ask("HEAD", path)[0] == 200:
            self._ledger.counts["head"] += 1
            return
        uploads = f"/v2/{name}/blobs/uploads/"
        if way < 0.8:
            source = self._random.choice(REPOSITORIES)
            status, _ = self._ask("POST", f"{uploads}?mount={blob.digest}&from={source}", b"")
            if status == 201:
                self._ledger.counts["mount"] += 1
                return
        status, body = self._ask("POST", f"{uploads}?digest={blob.digest}", blob.payload)
        if status != 201:
            self._ledger.faults.append(f"POST of a blob: {status} {body!r}")
        self._ledger.counts["upload"] += 1

    def pull(self, name: str, tag: str) -> None:
        """Pull what the tag points to, and compare every byte."""
        known = self._ledger.tags[name, tag]
        if known is None:
            return
        self.check(name, tag, *known)

    def check(self, name: str, tag: str, image: Content, blobs: list[Content]) -> None:
        """Read an image."""
        status, body = self._ask("GET", f"/v2/{name}/manifests/{tag}")
        if (status, body) != (200, image.payload):
            self._ledger.faults.append(f"{name}:{tag} {image.digest}: {status} {body[:200]!r}")
        for blob in blobs:
            status, body = self._ask("GET", f"/v2/{name}/blobs/{blob.digest}")
            if (status, body) != (200, blob.payload):
                self._ledger.faults.append(f"{name}:{tag} {blob.digest}: {status} {body[:200]!r}")

    def delete(self, name: str, tag: str) -> None:
        """Delete the tag, or the manifest."""
        known = self._ledger.tags[name, tag]
        if known is None:
            return
        self._ledger.tags[name, tag] = None
        reference = tag if self._random.random() < 0.5 else known[0].digest
        status, body = self._ask("DELETE", f"/v2/{name}/manifests/{reference}")
        if status != 202:
            self._ledger.faults.append(f"DELETE {name} {reference}: {status} {body!r}")

    def retag(self, name: str, tag: str) -> None:
        """Push the same manifest again to its tag, as a retag of another client does."""
        known = self._ledger.tags[name, tag]
        if known is None:
            return
        image, _ = known
        path, media_type = f"/v2/{name}/manifests/{tag}", {"Content-Type": image.media_type}
        status, body = self._ask("PUT", path, image.payload, media_type)
        if status != 201:
            self._ledger.faults.append(f"retag {path}: {status} {body!r}")

    def _ask(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: dict[str, str] | None = None,
    ) -> tuple[int, bytes]:
        try:
            if self._connection is None:
                self._connection = HTTPConnection("127.0.0.1", self._port(), timeout=30)
            self._connection.request(method, path, body, headers or {})
            answer = self._connection.getresponse()
            content = answer.read()
        except (OSError, HTTPException) as error:
            raise Outage from error
        if answer.status in (502, 503, 504) or answer.will_close:
            self.drop()
        if answer.status == 503:
            raise Outage
        return answer.status, content

    def drop(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def hammer(ledger: Ledger, port: Callable[[], int], seconds: float) -> list[threading.Thread]:
    until = time.monotonic() + seconds
    threads = [
        threading.Thread(target=HammerClient(port, ledger, seed).work, args=(until,))
        for seed in range(CLIENTS)
    ]
    for thread in threads:
        thread.start()
    return threads


def files(server: Server) -> set[str]:
    return {
        f"sha256:{path.parent.name}"
        for path in server.data.glob("docker/registry/v2/blobs/*/*/*/data")
    }


def check_end(server: Server, ledger: Ledger) -> None:
    """Everything acknowledged is whole, and soon nothing else is left."""
    assert ledger.faults == []
    reader = HammerClient(lambda: server.port, ledger, 0)
    known = [(name, tag, known) for (name, tag), known in ledger.tags.items() if known]
    assert known
    for name, tag, (image, blobs) in known:
        reader.check(name, tag, image, blobs)
    reader.drop()
    assert ledger.faults == []
    tagged = reachable(server)
    assert {blob.digest for _, _, (_, blobs) in known for blob in blobs} <= tagged
    deadline = time.monotonic() + 60
    while files(server) != tagged and time.monotonic() < deadline:
        time.sleep(0.2)
    assert files(server) == tagged
    folders = {path.name for path in server.data.glob("docker/registry/v2/blobs/*/*/*")}
    assert folders == {digest.removeprefix("sha256:") for digest in tagged}


def reachable(server: Server) -> set[str]:
    """List the blobs of all that is tagged, as any client would."""
    found = set()
    for name in REPOSITORIES:
        listed = server.request("GET", f"/v2/{name}/tags/list")
        for tag in (listed.json()["tags"] if listed.status == 200 else []) or []:
            document = server.request("GET", f"/v2/{name}/manifests/{tag}").json()
            found |= {document["config"]["digest"]}
            found |= {layer["digest"] for layer in document["layers"]}
    return found


def duration(request: pytest.FixtureRequest) -> float:
    return LONG_SECONDS if request.config.getoption("--long") else SECONDS


def test_no_acknowledged_image_is_ever_broken(
    tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    server, ledger = Server(tmp_path, SETTINGS), Ledger()
    try:
        for thread in hammer(ledger, lambda: server.port, duration(request)):
            thread.join()
        print(dict(ledger.counts))
        assert min(ledger.counts[what] for what in ("push", "pull", "delete", "retag")) > 20
        assert min(ledger.counts[what] for what in ("head", "mount", "upload")) > 20
        check_end(server, ledger)
        assert "removed: " in server.log()
    finally:
        server.stop()


def test_nor_when_everything_is_killed_again_and_again(
    tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    servers, ledger = [Server(tmp_path, SETTINGS)], Ledger()
    moments = random.Random(7)
    try:
        seconds = duration(request)
        threads = hammer(ledger, lambda: servers[-1].port, seconds)
        until = time.monotonic() + seconds * 2 / 3  # then there is time to push again
        while time.monotonic() < until:
            time.sleep(moments.uniform(1.0, 3.0))
            servers[-1].kill()
            servers.append(Server(tmp_path, SETTINGS))
        for thread in threads:
            thread.join()
        print(len(servers) - 1, "kills", dict(ledger.counts))
        assert len(servers) > 2
        # What a kill left behind is in no queue: the sweep finds it, younger than a minute or not.
        command = [str(ENTREPOT), "gc", "--now", "--grace", "0s", str(tmp_path / "config.yml")]
        time.sleep(1)
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, done.stderr
        check_end(servers[-1], ledger)
    finally:
        servers[-1].stop()
