"""Passwords that are made at the start are told once, on standard error, and logged nowhere."""

import asyncio
from pathlib import Path

import pytest

from entrepot.assembly.backend import Backend
from entrepot.config.access import AccessSettings
from entrepot.config.auth import AuthSettings, HtpasswdSettings
from entrepot.config.log import LogSettings
from entrepot.config.settings import Settings
from entrepot.config.storage import FilesystemSettings, StorageSettings
from entrepot.server.passwords import provide_passwords


def start(tmp_path: Path, formatter: str) -> None:
    settings = Settings(
        log=LogSettings(formatter=formatter),
        storage=StorageSettings(
            filesystem=FilesystemSettings(rootdirectory=str(tmp_path / "data"))
        ),
        auth=AuthSettings(htpasswd=HtpasswdSettings(realm="x", path=str(tmp_path / "htpasswd"))),
        access=AccessSettings(enabled=True),
    )

    async def work() -> None:
        backend = Backend(settings)
        await backend.prepare()
        await provide_passwords(backend)

    asyncio.run(work())


def test_people_read_lines(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    start(tmp_path, "text")
    told = capsys.readouterr()
    assert told.out == ""
    lines = told.err.splitlines()
    assert lines[0].endswith("was missing and was created with one user; this is shown only once:")
    assert lines[1] == "  user      docker"
    assert lines[2].startswith("  password  ")
    assert lines[4] == "  user      admin"
    for line in (lines[2], lines[5]):
        assert line.split()[1] not in caplog.text
    start(tmp_path, "text")
    assert capsys.readouterr().err == ""


def test_no_form_of_log_makes_a_field_of_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    start(tmp_path, "json")
    told = capsys.readouterr().err
    assert told.count("  password  ") == 2
    assert "{" not in told
