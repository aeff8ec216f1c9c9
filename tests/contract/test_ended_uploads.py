"""What a client that asks once more is told of its upload."""

import pytest

from entrepot.errors import QuotaExceeded
from entrepot.oci.digest import Digest
from entrepot.oci.name import RepositoryName
from entrepot.ports.blobs import UploadState
from entrepot.ports.uploads import EndedUpload, UploadSession, UploadSessions
from tests.contract.databases import SessionsDatabase

pytestmark = pytest.mark.anyio

MINUTE = 60_000_000
NAME = RepositoryName("team/app")
DIGEST = Digest.of(b"content")


async def claimed(sessions: UploadSessions, upload_id: str) -> None:
    state = UploadState(upload_id, "sha256", 0, b"")
    await sessions.create(UploadSession(NAME, "carol", state, 0))
    await sessions.claim(upload_id, "one", 0, 100 * MINUTE)


async def test_the_blob_or_the_refusal_is_told_on_every_worker(
    session_database: SessionsDatabase, sessions: UploadSessions
) -> None:
    refusal = QuotaExceeded("no more room", {"wanted": 5, "name": NAME})
    for upload_id, outcome in (("blob", DIGEST), ("refused", refusal), ("neither", None)):
        await claimed(sessions, upload_id)
        assert await sessions.ended(upload_id) is None
        await sessions.finish(upload_id, "one", MINUTE, outcome)
    other = session_database.open()
    assert await other.ended("blob") == EndedUpload(NAME, "carol", DIGEST)
    told = await other.ended("refused")
    assert told is not None
    assert told.refusal is not None
    assert (told.repository, told.owner, told.digest) == (NAME, "carol", None)
    assert (told.refusal.message, told.refusal.detail) == (refusal.message, refusal.detail)
    assert await other.ended("neither") is None


async def test_who_does_not_hold_a_session_ends_nothing(sessions: UploadSessions) -> None:
    await claimed(sessions, "u")
    await sessions.finish("u", "another", MINUTE, DIGEST)
    assert await sessions.ended("u") is None
    assert await sessions.get("u") is not None


async def test_it_is_forgotten_after_some_minutes_while_others_end(
    sessions: UploadSessions,
) -> None:
    for number in range(20):
        await claimed(sessions, f"old {number}")
        await sessions.finish(f"old {number}", "one", MINUTE, DIGEST)
    for number in range(8):
        await claimed(sessions, f"new {number}")
        await sessions.finish(f"new {number}", "one", 12 * MINUTE, DIGEST)
    known = [number for number in range(20) if await sessions.ended(f"old {number}")]
    assert known == []
    assert all([await sessions.ended(f"new {number}") for number in range(8)])
