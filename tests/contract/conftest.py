"""Every driver of a port, as fixtures: a test of the contract runs over each of them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from entrepot.ports.blobs import BlobStorage
from entrepot.ports.jobs import JobLedger
from entrepot.ports.metadata import Metadata
from entrepot.ports.quarantine import Quarantine
from entrepot.ports.uploads import UploadSessions
from tests.contract.databases import (
    JOBS,
    METADATA,
    QUARANTINES,
    SESSIONS,
    JobsDatabase,
    MetadataDatabase,
    QuarantineDatabase,
    SessionsDatabase,
)
from tests.contract.storages import STORAGES, Storages


@pytest.fixture(params=STORAGES)
def storages(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Storages]:
    storages = STORAGES[request.param](tmp_path)
    yield storages
    storages.close()


@pytest.fixture
def storage(storages: Storages) -> BlobStorage:
    return storages.open()


@pytest.fixture(params=METADATA)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[MetadataDatabase]:
    database = METADATA[request.param](tmp_path)
    yield database
    database.close()


@pytest.fixture
def metadata(database: MetadataDatabase) -> Metadata:
    return database.open()


@pytest.fixture(params=QUARANTINES)
def quarantines(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[QuarantineDatabase]:
    database = QUARANTINES[request.param](tmp_path)
    yield database
    database.close()


@pytest.fixture
def quarantine(quarantines: QuarantineDatabase) -> Quarantine:
    return quarantines.open()


@pytest.fixture(params=SESSIONS)
def session_database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SessionsDatabase]:
    database = SESSIONS[request.param](tmp_path)
    yield database
    database.close()


@pytest.fixture
def sessions(session_database: SessionsDatabase) -> UploadSessions:
    return session_database.open()


@pytest.fixture(params=JOBS)
def jobs_database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[JobsDatabase]:
    database = JOBS[request.param](tmp_path)
    yield database
    database.close()


@pytest.fixture
def jobs(jobs_database: JobsDatabase) -> JobLedger:
    return jobs_database.open()
