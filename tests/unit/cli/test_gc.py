"""`entrepot gc` and `registry garbage-collect`, as a shell runs them."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from tests.model.place import Place
from tests.unit.cli.program import run
from tests.wire.harness.contents import CONFIG, Content, image

ONE, TWO = Content(b"one"), Content(b"two" * 100)
FIRST, SECOND = image(ONE, config=CONFIG), image(TWO, config=CONFIG)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    file = tmp_path / "config.yml"
    data = tmp_path / "data"
    file.write_text(
        f"version: 0.1\nstorage: {{filesystem: {{rootdirectory: {data}}}}}\n"
        f"database: {{sqlite: {{path: {data}/metadata.db}}}}\n"
    )
    fill(tmp_path, untagged_and_unneeded)
    return file


def fill(folder: Path, work: Callable[[Place], Awaitable[None]]) -> None:
    async def go() -> None:
        place = Place(folder / "data")
        try:
            await work(place)
        finally:
            place.close()

    asyncio.run(go())


async def untagged_and_unneeded(place: Place) -> None:
    """One image that stays, one that lost its tag, one blob that no manifest came for."""
    for blob in (CONFIG, ONE, TWO, Content(b"unneeded")):
        await place.push_blob("team/app", blob)
    assert await place.push_manifest("team/app", FIRST, "1")
    assert await place.push_manifest("team/app", SECOND, "2")
    await place.delete("team/app", "2")


def stored(config: Path) -> set[bytes]:
    return {path.read_bytes() for path in config.parent.glob("data/docker/**/data")}


ALL = {CONFIG.payload, ONE.payload, TWO.payload, b"unneeded"}


@pytest.mark.parametrize("arguments", [["--now"], []])
def test_the_grace_holds_unless_told_otherwise(config: Path, arguments: list[str]) -> None:
    done = run("entrepot", "gc", *arguments, str(config))
    assert done.returncode == 0, done.stderr
    said = ["Removed nothing.", "1 candidate in the grace period of 1h."]
    if not arguments:
        said.append("Stray files were not looked for; --now does that.")
    assert done.stdout.splitlines() == said
    assert stored(config) == ALL


def test_without_a_grace_what_nothing_needs_goes_at_once(config: Path) -> None:
    done = run("entrepot", "gc", "--grace", "0s", str(config))
    assert done.returncode == 0, done.stderr
    assert "warning: the grace period is shorter than gc.grace" in done.stderr
    assert "link team/app sha256:" in done.stdout
    assert done.stdout.endswith(
        "Removed 1 link, 1 blob: 8 bytes.\nStray files were not looked for; --now does that.\n"
    )
    assert stored(config) == ALL - {b"unneeded"}


def test_untagged_manifests_go_when_that_is_asked_for(config: Path) -> None:
    done = run("entrepot", "gc", "--grace", "0s", "--delete-untagged", str(config))
    assert f"manifest team/app {SECOND.digest}" in done.stdout
    assert "Removed 1 manifest, 2 links, 2 blobs: 308 bytes." in done.stdout
    assert stored(config) == {CONFIG.payload, ONE.payload}


@pytest.mark.parametrize("program", ["entrepot gc", "registry garbage-collect"])
def test_a_dry_run_tells_what_would_go_and_removes_nothing(config: Path, program: str) -> None:
    name, command = program.split()
    for _ in range(2):
        done = run(name, command, "--dry-run", "-m", str(config))
        assert done.returncode == 0, done.stderr
        assert f"later manifest team/app {SECOND.digest}" in done.stdout
        assert done.stdout.splitlines()[-2:] == [
            "Would remove nothing.",
            "After their grace period of 1h: 1 manifest, 2 links, 2 blobs: 308 bytes.",
        ]
    assert stored(config) == ALL
    assert sorted(path.name for path in config.parent.glob("data/dry-run*")) == []


def test_a_stray_file_is_counted_as_what_it_is(config: Path) -> None:
    stray = config.parent / f"data/docker/registry/v2/blobs/sha256/aa/{'a' * 64}/data"
    stray.parent.mkdir(parents=True)
    stray.write_bytes(b"left by a crash")
    told = run("entrepot", "gc", "--grace", "0s", "--dry-run", str(config))
    assert "Would remove 1 link, 1 blob, 1 stray file: 23 bytes." in told.stdout
    assert stray.exists()
    done = run("entrepot", "gc", "--grace", "0s", "--now", str(config))
    assert "Removed 1 link, 1 blob, 1 stray file: 23 bytes." in done.stdout
    assert not stray.exists()
    done = run("entrepot", "gc", "--grace", "0s", "--now", "--json", str(config))
    assert json.loads(done.stdout.splitlines()[-1])["sum"]["strays"] == 0


def test_programs_get_json(config: Path) -> None:
    done = run("entrepot", "gc", "--grace", "0s", "--json", str(config))
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line.get("kind") for line in lines] == ["link", "blob", "bytes", None]
    assert lines[-1] == {"sum": {"freed": 8, "strays": 0, "failures": 0, "waiting": 0}}


def test_docker_registrys_options_are_taken(config: Path) -> None:
    done = run("registry", "garbage-collect", "-d", "--delete-untagged", "-q", str(config))
    assert done.returncode == 0, done.stderr
    assert "308 bytes" in done.stdout


def test_a_grace_that_is_none_is_refused(config: Path) -> None:
    done = run("entrepot", "gc", "--grace", "soon", str(config))
    assert done.returncode == 2
    assert "--grace" in done.stderr
