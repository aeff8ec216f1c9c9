"""A client that pushes, mounts, moves and deletes at random, and remembers what it was told."""

import random
from dataclasses import dataclass

from tests.acceptance.durability.crash.connection import Connection, ConnectionBroken
from tests.acceptance.durability.crash.ledger import THERE, Change, Ledger
from tests.acceptance.durability.pushes import MANIFEST, make_manifest, sha256
from tests.acceptance.harness.wire import Answer

SHARED = "crash/shared"
SHARED_TAGS = ("red", "green", "blue")
OWN_TAGS = ("v1", "v2", "v3", "v4")
COMMON = b"a layer that every image has"
_MEBIBYTE = 1 << 20


@dataclass
class OpenUpload:
    """An upload that is under way: what it is to become, and how much was acknowledged."""

    repository: str
    location: str
    content: bytes
    acknowledged: int = 0
    may_be_over: bool = False


class Client:
    """Works until its connection breaks.

    Args:
        number: of this client; it has a repository of its own and shares one with the others.
        ledger: where it writes down what it was told.
        randomness: decides what it does.
    """

    def __init__(self, number: int, ledger: Ledger, randomness: random.Random) -> None:
        self.repository = f"crash/client-{number}"
        self.uploads: list[OpenUpload] = []
        self._ledger = ledger
        self._random = randomness
        self._connection = Connection(0)

    async def work(self, port: int) -> None:
        """Do one thing after the other until the server is gone."""
        ways = [self._image, self._shared_image, self._delete, self._lone_blob, self._left_open]
        try:
            async with Connection(port) as self._connection:
                while True:
                    await self._random.choices(ways, (6, 3, 3, 2, 1))[0]()
        except ConnectionBroken:
            return

    async def _ask(
        self, expected: int, method: str, target: str, body: bytes = b"", **more: object
    ) -> Answer:
        answer = await self._connection.request(method, target, body, **more)  # type: ignore[arg-type]
        if answer.status != expected:
            self._ledger.problems.append(
                f"{method} {target}: {answer.status} {answer.body[:300]!r}"
            )
            raise ConnectionBroken
        return answer

    def _content(self) -> bytes:
        if self._random.random() < 0.04:
            return self._random.randbytes(self._random.randint(2 * _MEBIBYTE, 8 * _MEBIBYTE))
        return self._random.randbytes(self._random.randint(1, 20_000))

    async def _blob(self, repository: str, content: bytes) -> None:
        digest = sha256(content)
        change = self._ledger.begin(("blob", repository, digest), THERE)
        way = self._random.choice([self._whole, self._put, self._stream, self._chunks])
        await way(repository, content, digest)
        self._ledger.acknowledge(change)

    async def _whole(self, repository: str, content: bytes, digest: str) -> None:
        await self._ask(201, "POST", f"/v2/{repository}/blobs/uploads/?digest={digest}", content)

    async def _begin(self, repository: str, content: bytes) -> OpenUpload:
        begun = await self._ask(202, "POST", f"/v2/{repository}/blobs/uploads/")
        path = "/v2/" + begun.headers["location"].partition("/v2/")[2]
        upload = OpenUpload(repository, path, content)
        self.uploads.append(upload)
        return upload

    async def _end(self, upload: OpenUpload, last: bytes = b"") -> None:
        upload.may_be_over = True
        await self._ask(201, "PUT", f"{upload.location}?digest={sha256(upload.content)}", last)
        self.uploads.remove(upload)

    async def _put(self, repository: str, content: bytes, digest: str) -> None:
        await self._end(await self._begin(repository, content), content)

    async def _stream(self, repository: str, content: bytes, digest: str) -> None:
        upload = await self._begin(repository, content)
        await self._ask(202, "PATCH", upload.location, content, pieces=self._random.randint(1, 50))
        upload.acknowledged = len(content)
        await self._end(upload)

    async def _chunks(self, repository: str, content: bytes, digest: str) -> None:
        upload = await self._begin(repository, content)
        third = len(content) // 3
        for start, stop in ((0, third), (third, 2 * third)):
            if stop > start:
                await self._chunk(upload, start, stop)
        await self._end(upload, content[2 * third :])

    async def _chunk(self, upload: OpenUpload, start: int, stop: int) -> None:
        headers = {"Content-Range": f"{start}-{stop - 1}"}
        content = upload.content[start:stop]
        await self._ask(202, "PATCH", upload.location, content, headers=headers)
        upload.acknowledged = stop

    async def _manifest(self, repository: str, tag: str, payload: bytes) -> None:
        digest = sha256(payload)
        changes = [
            self._ledger.begin(("manifest", repository, digest), THERE),
            self._ledger.begin(("tag", repository, tag), digest),
        ]
        by_digest = self._random.random() < 0.3
        reference = f"{digest}?tag={tag}" if by_digest else tag
        path = f"/v2/{repository}/manifests/{reference}"
        await self._ask(201, "PUT", path, payload, headers={"Content-Type": MANIFEST})
        self._ledger.acknowledge(*changes)

    async def _make_image(self) -> tuple[list[bytes], bytes]:
        layers = [self._content() for _ in range(self._random.randint(1, 3))] + [COMMON]
        config = b'{"random": %d}' % self._random.getrandbits(64)
        for content in (*layers, config):
            await self._blob(self.repository, content)
        return [*layers, config], make_manifest(*layers, config=config)

    async def _image(self) -> None:
        _, payload = await self._make_image()
        await self._manifest(self.repository, self._random.choice(OWN_TAGS), payload)

    async def _shared_image(self) -> None:
        blobs, payload = await self._make_image()
        for content in blobs:
            digest = sha256(content)
            change = self._ledger.begin(("blob", SHARED, digest), THERE)
            query = f"?mount={digest}&from={self.repository}"
            await self._ask(201, "POST", f"/v2/{SHARED}/blobs/uploads/{query}")
            self._ledger.acknowledge(change)
        await self._manifest(SHARED, self._random.choice(SHARED_TAGS), payload)

    async def _delete(self) -> None:
        tag = self._random.choice(OWN_TAGS)
        key = ("tag", self.repository, tag)
        digest = self._ledger.current(key)
        if digest is None:
            return
        changes: list[Change] = []
        if self._random.random() < 0.5:
            changes.append(self._ledger.begin(key, None))
            reference = tag
        else:
            reference = digest
            changes.append(self._ledger.begin(("manifest", self.repository, digest), None))
            tags = [("tag", self.repository, other) for other in OWN_TAGS]
            changes += [
                self._ledger.begin(other, None)
                for other in tags
                if self._ledger.current(other) == digest
            ]
        await self._ask(202, "DELETE", f"/v2/{self.repository}/manifests/{reference}")
        self._ledger.acknowledge(*changes)

    async def _lone_blob(self) -> None:
        content = self._content()
        await self._blob(self.repository, content)
        digest = sha256(content)
        change = self._ledger.begin(("blob", self.repository, digest), None)
        await self._ask(202, "DELETE", f"/v2/{self.repository}/blobs/{digest}")
        self._ledger.acknowledge(change)

    async def _left_open(self) -> None:
        if len(self.uploads) < 5:
            content = self._random.randbytes(self._random.randint(1000, 300_000))
            upload = await self._begin(self.repository, content)
            await self._chunk(upload, 0, len(content) // 2)
