"""Bare requests to a registry on another host: what came back, byte for byte."""

import hashlib
import http.client
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.acceptance.harness.namespace import Namespace

MANIFEST_TYPES = ", ".join(
    (
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.oci.image.index.v1+json",
        "application/vnd.docker.distribution.manifest.v2+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
    )
)


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, headers (names in lower case) and body."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """The body, decoded."""
        return json.loads(self.body)

    @property
    def digest(self) -> str:
        """The body's own digest, computed here."""
        return "sha256:" + hashlib.sha256(self.body).hexdigest()


class Wire:
    """Requests to one port on one host."""

    def __init__(self, namespace: Namespace, port: int) -> None:
        self._namespace = namespace
        self._port = port

    def request(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send one request on a connection of its own and read the whole answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self._port)
        connection.sock = self._namespace.connect(self._port)
        try:
            connection.request(method, path, body, dict(headers or {}))
            response = connection.getresponse()
            named = {name.lower(): value for name, value in response.getheaders()}
            return Answer(response.status, named, response.read())
        finally:
            connection.close()

    def answers(self) -> bool:
        """Whether /v2/ answers 200, or asks for credentials."""
        try:
            return self.request("GET", "/v2/").status in (200, 401)
        except OSError:
            return False

    def manifest(self, repository: str, reference: str) -> Answer:
        """GET a manifest by tag or digest, as clients ask for it."""
        return self.request(
            "GET", f"/v2/{repository}/manifests/{reference}", headers={"Accept": MANIFEST_TYPES}
        )

    def blob(self, repository: str, digest: str) -> Answer:
        """GET a whole blob."""
        return self.request("GET", f"/v2/{repository}/blobs/{digest}")

    def tags(self, repository: str) -> list[str]:
        """All tags of a repository."""
        answer = self.request("GET", f"/v2/{repository}/tags/list")
        assert answer.status == 200, answer
        return list(answer.json()["tags"] or [])


def wait_until_it_answers(wire: Wire, seconds: float = 30) -> None:
    """Wait for 200 on /v2/."""
    deadline = time.monotonic() + seconds
    while not wire.answers():
        assert time.monotonic() < deadline, f"no answer on /v2/ after {seconds} s"
        time.sleep(0.05)
