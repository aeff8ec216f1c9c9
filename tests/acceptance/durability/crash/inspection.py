"""Looks at a registry that was killed and started again, and holds it to the ledger."""

import asyncio
import json
from collections.abc import Iterable

from tests.acceptance.durability.crash.client import Client, OpenUpload
from tests.acceptance.durability.crash.connection import Connection, ConnectionBroken
from tests.acceptance.durability.crash.ledger import THERE, Key, Ledger
from tests.acceptance.durability.pushes import sha256

_AT_ONCE = 4


class Inspection:
    """One look; see `run`.

    Args:
        port: of the registry.
        ledger: what clients were told; problems are written there.
    """

    def __init__(self, port: int, ledger: Ledger) -> None:
        self._connections = [Connection(port) for _ in range(_AT_ONCE)]
        self._free = asyncio.Queue[Connection]()
        self._ledger = ledger
        self._whole: set[tuple[str, str]] = set()
        self.bytes_read = 0

    async def run(self, keys: Iterable[Key], clients: Iterable[Client]) -> None:
        """Look at these registers, at everything that is listed, and go on with open uploads."""
        for connection in self._connections:
            self._free.put_nowait(connection)
        try:
            await asyncio.gather(*(self._look(key) for key in sorted(keys)))
            await self._walk()
            await asyncio.gather(
                *(self._resume(upload) for client in clients for upload in client.uploads)
            )
        finally:
            for connection in self._connections:
                await connection.close()

    async def _ask(
        self,
        method: str,
        target: str,
        body: bytes = b"",
        headers: dict[str, str] | None = None,
    ) -> tuple[int, dict[str, str], bytes]:
        connection = await self._free.get()
        try:
            answer = await connection.request(method, target, body, headers)
        except ConnectionBroken:
            # A refusal that did not wait for its body closes the connection behind it.
            if body:
                raise
            answer = await connection.request(method, target, body, headers)
        finally:
            self._free.put_nowait(connection)
        self.bytes_read += len(answer.body)
        return answer.status, dict(answer.headers), answer.body

    async def _look(self, key: Key) -> None:
        kind, repository, name = key
        if kind == "blob":
            value = THERE if await self._blob(repository, name) else None
        elif kind == "manifest":
            value = THERE if await self._manifest(repository, name) else None
        else:
            value = await self._manifest(repository, name)
        self._ledger.observe(key, value)

    async def _blob(self, repository: str, digest: str) -> bool:
        status, _, body = await self._ask("GET", f"/v2/{repository}/blobs/{digest}")
        if status == 200 and sha256(body) != digest:
            self._problem(f"blob {digest} of {repository} has wrong bytes: {len(body)} of them")
        if status == 200:
            self._whole.add((repository, digest))
        elif status != 404:
            self._problem(f"blob {digest} of {repository}: {status} {body[:300]!r}")
        return status == 200

    async def _manifest(self, repository: str, reference: str) -> str | None:
        path = f"/v2/{repository}/manifests/{reference}"
        status, headers, payload = await self._ask("GET", path)
        if status == 404:
            return None
        digest = sha256(payload)
        if status != 200 or headers["docker-content-digest"] != digest:
            self._problem(f"manifest {reference} of {repository}: {status} {payload[:300]!r}")
        document = json.loads(payload)
        for blob in (document["config"], *document["layers"]):
            if (repository, blob["digest"]) in self._whole:
                continue
            if not await self._blob(repository, blob["digest"]):
                self._problem(f"{repository}:{reference} is there without blob {blob['digest']}")
        return digest

    async def _walk(self) -> None:
        """Every tag that is listed is whole, and is one that somebody pushed."""
        _, _, body = await self._ask("GET", "/v2/_catalog?n=1000")
        for repository in json.loads(body)["repositories"]:
            _, _, body = await self._ask("GET", f"/v2/{repository}/tags/list")
            for tag in json.loads(body)["tags"]:
                digest = await self._manifest(repository, tag)
                self._ledger.observe(("tag", repository, tag), digest)

    async def _resume(self, upload: OpenUpload) -> None:
        status, headers, _ = await self._ask("GET", upload.location)
        if status == 404 and upload.may_be_over:
            return
        if status != 204:
            self._problem(f"upload {upload.location}: {status} instead of going on")
            return
        end = int(headers["range"].removeprefix("0-"))
        received = end + 1 if end else 0
        if not upload.acknowledged <= received <= len(upload.content):
            self._problem(f"upload {upload.location} stands at {received}: {upload.acknowledged}")
        if received < len(upload.content):
            rest = upload.content[received:]
            span = {"Content-Range": f"{received}-{len(upload.content) - 1}"}
            try:
                status, _, body = await self._ask("PATCH", upload.location, rest, span)
            except ConnectionBroken:
                # An answer that does not wait for the body may be lost with the connection.
                status, body = 404, b""
            if status == 404 and upload.may_be_over:
                return
            if status != 202:
                self._problem(f"upload {upload.location} does not go on: {status} {body!r}")
        await self._end(upload)

    async def _end(self, upload: OpenUpload) -> None:
        digest = sha256(upload.content)
        change = self._ledger.begin(("blob", upload.repository, digest), THERE)
        status, _, body = await self._ask("PUT", f"{upload.location}?digest={digest}")
        if status == 201:
            self._ledger.acknowledge(change)
        elif not (status == 404 and upload.may_be_over):
            self._problem(f"upload {upload.location} does not end: {status} {body!r}")
        await self._look(("blob", upload.repository, digest))

    def _problem(self, text: str) -> None:
        self._ledger.problems.append(text)
