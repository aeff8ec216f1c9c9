"""Whose claims a start of a node, and of a worker, lets go of."""

import os
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from entrepot.assembly.backend import Backend
from entrepot.assembly.drivers import Drivers
from entrepot.config.server import NodeSettings
from entrepot.config.settings import Settings
from entrepot.config.storage import FilesystemSettings, StorageSettings
from entrepot.oci.name import RepositoryName
from entrepot.operations.scheduled import Once, Turn
from entrepot.ports.blobs import UploadState
from entrepot.ports.uploads import UploadSession

pytestmark = pytest.mark.anyio

SECOND = 1_000_000
LEASE = 3600 * SECOND


def backend(root: Path, node: str) -> Backend:
    storage = StorageSettings(filesystem=FilesystemSettings(rootdirectory=str(root)))
    return Backend(replace(Settings(), storage=storage, node=NodeSettings(name=node)))


async def claim(drivers: Drivers) -> None:
    holder, now = f"{drivers.holders}1", drivers.clock.now()
    await drivers.jobs.claim(drivers.holders, holder, now, LEASE)
    state = UploadState(drivers.holders, "sha256", 0, b"")
    await drivers.sessions.create(UploadSession(RepositoryName("app"), "", state, now))
    await drivers.sessions.claim(drivers.holders, holder, now, now + LEASE)


async def held(drivers: Drivers) -> set[str]:
    """Tell whose claims of jobs stand; those of uploads stand just so."""
    found = set()
    now = drivers.clock.now()
    idle = [session.id for session in await drivers.sessions.idle_since(now + 1, "", 10)]
    for holders in HOLDERS:
        run = await drivers.jobs.last(holders)
        assert run is not None
        assert (run.holder is None) == (holders in idle)
        if run.holder is not None:
            found.add(holders)
    return found


COMMAND = f"a/command-{os.getpid()}/"
HOLDERS = ["a/worker-1/", "a/worker-2/", COMMAND, "b/worker-1/"]


async def test_a_start_lets_go_of_the_claims_of_its_own_workers_only(tmp_path: Path) -> None:
    a, b = backend(tmp_path, "a"), backend(tmp_path, "b")
    await a.prepare()
    for node, worker in ((a, 1), (a, 2), (a, None), (b, 1)):
        with closing(node.open(worker=worker)) as drivers:
            await claim(drivers)
    with closing(a.open(worker=1)) as drivers:
        assert await held(drivers) == set(HOLDERS)
        await drivers.free_claims(drivers.holders)
        assert await held(drivers) == set(HOLDERS) - {"a/worker-1/"}
    await a.prepare()
    with closing(a.open()) as drivers:
        assert await held(drivers) == {COMMAND, "b/worker-1/"}


async def test_a_job_is_held_in_the_name_of_its_process(tmp_path: Path) -> None:
    a = backend(tmp_path, "a")
    await a.prepare()
    with closing(a.open(worker=3)) as drivers:
        jobs = drivers.jobs

        async def work(turn: Turn) -> str:
            return str(turn.run.holder)

        outcome = await Once(jobs, drivers.clock, "sweep", work).run()
    assert outcome is not None
    assert outcome.startswith("a/worker-3/")
