"""``entrepot usage``: what it prints of a small registry."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from entrepot.drivers.sql.engines.sqlite.database import SqliteDatabase
from entrepot.drivers.sql.engines.sqlite.migrations import migrate
from entrepot.drivers.sql.metadata import SqlMetadata
from entrepot.oci.name import RepositoryName
from tests.contract.pushing import give_blobs, push, some_blob, some_image
from tests.unit.cli.program import run

SIZES = {"alone": 5000, "team/app": 3000, "team/b": 1000}


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("usage")
    own = folder / "entrepot"
    migrate(own / "sessions.db", "sessions", durable=False)
    migrate(own / "metadata.db", "metadata", durable=False)
    asyncio.run(_fill(own / "metadata.db"))
    file = folder / "config.yml"
    file.write_text(f"version: 0.1\nstorage:\n  filesystem:\n    rootdirectory: {folder}\n")
    return file


async def _fill(path: Path) -> None:
    metadata = SqlMetadata(SqliteDatabase(path))
    for text, size in SIZES.items():
        name, layer = RepositoryName(text), "x" * size
        await give_blobs(metadata, name, some_blob(layer), some_blob("{}"))
        await push(metadata, name, some_image(layer), tag="latest")
    metadata.close()


def usage(config: Path, *arguments: str) -> str:
    done = run("entrepot", "usage", str(config), *arguments)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def document(config: Path, *arguments: str) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(usage(config, *arguments, "--json"))
    return read


def names(config: Path, *arguments: str) -> list[str]:
    return [entry["name"] for entry in document(config, *arguments)["usage"]]


def test_people_get_a_table_with_units(config: Path) -> None:
    lines = usage(config).splitlines()
    assert lines[0].split() == [
        "BYTES", "LOGICAL", "SHARED", "EXCLUSIVE", "RECLAIMABLE", "TAGS", "REPOSITORY"
    ]  # fmt: skip
    assert [line.split()[-1] for line in lines[1:4]] == sorted(SIZES)
    assert "KiB" in lines[1]
    assert lines[4].startswith("Total: ")
    assert "in 3 repositories, 3 tags, 3 manifests and 4 blobs" in lines[4]


def test_programs_get_bytes(config: Path) -> None:
    read = document(config)
    assert read["by"] == "repository"
    assert read["registry"]["blobs"] == 4
    app = next(entry for entry in read["usage"] if entry["name"] == "team/app")
    assert app["bytes"] == app["logical"] == app["shared"] + app["exclusive"]
    assert app["shared"] == 2  # the config, which all three have


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ((), ["alone", "team/app", "team/b"]),
        (("--by", "namespace"), ["alone", "team"]),
        (("--by", "tag"), ["alone:latest", "team/app:latest", "team/b:latest"]),
        (("--sort", "bytes"), ["alone", "team/app", "team/b"]),
        (("--sort", "shared", "--top", "2"), ["alone", "team/app"]),
        (("--top", "2"), ["alone", "team/app"]),
        (("--top", "1", "--sort", "name"), ["alone"]),
        (("--by", "tag", "--sort", "exclusive", "--top", "1"), ["alone:latest"]),
    ],
)
def test_what_is_listed_in_which_order(
    config: Path, arguments: tuple[str, ...], expected: list[str]
) -> None:
    assert names(config, *arguments) == expected


def test_an_empty_registry_has_no_lines(tmp_path: Path) -> None:
    own = tmp_path / "entrepot"
    migrate(own / "sessions.db", "sessions", durable=False)
    migrate(own / "metadata.db", "metadata", durable=False)
    file = tmp_path / "config.yml"
    file.write_text(f"version: 0.1\nstorage:\n  filesystem:\n    rootdirectory: {tmp_path}\n")
    assert document(file)["usage"] == []
    assert len(usage(file).splitlines()) == 2


def test_a_registry_in_memory_keeps_nothing_to_count(tmp_path: Path) -> None:
    file = tmp_path / "config.yml"
    file.write_text("version: 0.1\nstorage:\n  inmemory:\n")
    done = run("entrepot", "usage", str(file))
    assert done.returncode == 78
    assert "in memory" in done.stderr
