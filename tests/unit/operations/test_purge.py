import asyncio
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from entrepot.drivers.filesystem.layout import Layout
from entrepot.drivers.filesystem.storage import FilesystemStorage, prepare
from entrepot.drivers.sql.engines.sqlite.database import SqliteDatabase
from entrepot.drivers.sql.engines.sqlite.migrations import migrate
from entrepot.drivers.sql.sessions import SqlUploadSessions
from entrepot.errors import UnknownUpload, UploadBusy
from entrepot.oci.name import RepositoryName
from entrepot.ports.blobs import UploadState
from entrepot.ports.clock import MICROSECONDS
from entrepot.ports.uploads import UploadSession
from entrepot.services.purge import Purge
from tests.contract.uploading import CLAIM

DAY = 86_400
WEEK = 7 * DAY


class MovableClock:
    def __init__(self) -> None:
        self.time = time.time_ns() // 1000

    def now(self) -> int:
        return self.time

    def forward(self, seconds: float) -> None:
        self.time += int(seconds * MICROSECONDS)


@dataclass
class House:
    layout: Layout
    sessions: SqlUploadSessions
    blobs: FilesystemStorage
    clock: MovableClock

    @property
    def purge(self) -> Purge:
        return Purge(self.sessions, self.blobs, self.clock)

    async def upload(self, upload_id: str, content: bytes = b"some bytes") -> UploadSession:
        state = await self.blobs.begin(upload_id, "sha256")
        session = UploadSession(RepositoryName("library/app"), "", state, self.clock.now())
        await self.sessions.create(session)
        return await self.go_on(upload_id, content)

    async def go_on(self, upload_id: str, content: bytes) -> UploadSession:
        now = self.clock.now()
        session = await self.sessions.claim(upload_id, "client", now, now + 30 * MICROSECONDS)
        async with await self.blobs.append(session.state, CLAIM) as part:
            await part.write(content)
            state = await part.flush()
        assert await self.sessions.release(state, "client", self.clock.now())
        moment = self.clock.now() / MICROSECONDS
        os.utime((self.layout.uploads / upload_id), (moment, moment))
        return UploadSession(session.repository, "", state, session.started_at)

    def files(self) -> set[str]:
        return {path.name for path in self.layout.uploads.iterdir()}


@asynccontextmanager
async def house(folder: Path) -> AsyncIterator[House]:
    prepare(folder / "data")
    migrate(folder / "sessions.db", "sessions", durable=False)
    sessions = SqlUploadSessions(SqliteDatabase(folder / "sessions.db", durable=False))
    blobs = FilesystemStorage(folder / "data", threads=2)
    try:
        yield House(Layout(folder / "data"), sessions, blobs, MovableClock())
    finally:
        sessions.close()
        blobs.close()


def in_house(folder: Path, story: Callable[[House], Awaitable[None]]) -> None:
    async def work() -> None:
        async with house(folder) as everything:
            await story(everything)

    asyncio.run(work())


def test_what_nobody_touched_for_a_week_goes_and_the_rest_stays(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        await house.upload("old", b"12345")
        house.clock.forward(WEEK - DAY)
        await house.upload("young")
        house.clock.forward(DAY + 1)
        report = await house.purge.run(WEEK)
        assert [(u.upload_id, u.repository, u.size) for u in report.uploads] == [
            ("old", "library/app", 5)
        ]
        assert report.failures == ()
        assert await house.sessions.get("old") is None
        assert await house.sessions.get("young") is not None
        assert house.files() == {"young"}

    in_house(tmp_path, story)


def test_a_dry_run_only_tells(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        await house.upload("old")
        (house.layout.uploads / "stray").write_bytes(b"1234567")
        os.utime((house.layout.uploads / "stray"), (0, 0))
        house.clock.forward(WEEK + 1)
        for _ in range(2):
            report = await house.purge.run(WEEK, dry_run=True)
            assert report.dry_run
            assert [(u.upload_id, u.size) for u in report.uploads] == [("old", 10), ("stray", 7)]
        assert house.files() == {"old", "stray"}
        assert await house.sessions.get("old") is not None

    in_house(tmp_path, story)


def test_bytes_without_a_session_go_when_they_are_old(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        for name in ("old stray", "young stray"):
            (house.layout.uploads / name).write_bytes(b"x")
        os.utime((house.layout.uploads / "old stray"), (0, 0))
        report = await house.purge.run(WEEK)
        assert [u.upload_id for u in report.uploads] == ["old stray"]
        assert house.files() == {"young stray"}

    in_house(tmp_path, story)


def test_an_upload_that_somebody_writes_to_is_left(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        await house.upload("busy")
        now = house.clock.now()
        await house.sessions.claim("busy", "client", now, now + 2 * WEEK * MICROSECONDS)
        os.utime((house.layout.uploads / "busy"), (0, 0))
        house.clock.forward(WEEK + 1)
        assert (await house.purge.run(WEEK)).uploads == ()
        assert house.files() == {"busy"}

    in_house(tmp_path, story)


class GoesOnInTheLastMoment(SqlUploadSessions):
    """Sessions whose client comes back between the list and the claim of the purge."""

    def __init__(self, path: Path, come_back: Callable[[], Awaitable[object]]) -> None:
        super().__init__(SqliteDatabase(path, durable=False))
        self._come_back = come_back
        self.came_back = False

    async def claim(self, upload_id: str, holder: str, now: int, until: int) -> UploadSession:
        if not self.came_back:
            self.came_back = True
            await self._come_back()
        return await super().claim(upload_id, holder, now, until)


def test_a_client_that_comes_back_in_the_last_moment_keeps_its_upload(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        await house.upload("old", b"one")
        house.clock.forward(WEEK + 1)
        sessions = GoesOnInTheLastMoment(
            tmp_path / "sessions.db", lambda: house.go_on("old", b" and two")
        )
        report = await Purge(sessions, house.blobs, house.clock).run(WEEK)
        sessions.close()
        assert sessions.came_back
        assert report.uploads == ()
        assert (house.layout.uploads / "old").read_bytes() == b"one and two"
        await house.go_on("old", b" and three")
        assert (house.layout.uploads / "old").read_bytes() == b"one and two and three"

    in_house(tmp_path, story)


def test_a_client_that_comes_back_during_the_removal_is_told_so(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        await house.upload("old")
        house.clock.forward(WEEK + 1)
        now = house.clock.now()
        claimed = asyncio.Event()

        class SlowToForget(FilesystemStorage):
            async def abort(self, state: UploadState) -> None:
                claimed.set()
                await asyncio.sleep(0.05)
                await super().abort(state)

        blobs = SlowToForget(tmp_path / "data", threads=2)
        purging = asyncio.create_task(Purge(house.sessions, blobs, house.clock).run(WEEK))
        await claimed.wait()
        with pytest.raises(UploadBusy):
            await house.sessions.claim("old", "client", now, now + 1)
        assert len((await purging).uploads) == 1
        blobs.close()
        with pytest.raises(UnknownUpload):
            await house.sessions.claim("old", "client", now, now + 1)
        assert house.files() == set()

    in_house(tmp_path, story)


def test_two_at_once_remove_everything_once(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        for number in range(30):
            await house.upload(f"old-{number}")
        house.clock.forward(WEEK + 1)
        reports = await asyncio.gather(house.purge.run(WEEK), house.purge.run(WEEK))
        removed = [upload.upload_id for report in reports for upload in report.uploads]
        assert set(removed) == {f"old-{number}" for number in range(30)}
        assert house.files() == set()
        assert await house.sessions.idle_since(2**62, "", 10) == []

    in_house(tmp_path, story)


def test_more_than_a_page_goes_in_one_round(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        for number in range(1100):
            state = await house.blobs.begin(f"{number}", "sha256")
            await house.sessions.create(
                UploadSession(RepositoryName("a"), "", state, house.clock.now())
            )
        house.clock.forward(WEEK + 1)
        assert len((await house.purge.run(WEEK)).uploads) == 1100

    in_house(tmp_path, story)


def test_what_cannot_be_removed_is_reported_and_stays_whole(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        await house.upload("stuck")
        await house.upload("going")
        path = house.layout.uploads / "stuck"
        path.unlink()
        path.mkdir()  # which unlink refuses, even to root
        os.utime(path, (0, 0))
        house.clock.forward(WEEK + 1)
        report = await house.purge.run(WEEK)
        assert [u.upload_id for u in report.uploads] == ["going"]
        assert [upload_id for upload_id, _ in report.failures] == ["stuck"]
        assert await house.sessions.get("stuck") is not None

    in_house(tmp_path, story)
