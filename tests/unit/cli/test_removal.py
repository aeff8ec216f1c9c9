"""The commands that delete and restore, as a shell runs them, beside no server."""

import asyncio
import json
import os
import pty
import subprocess
from pathlib import Path

import pytest
import yaml

from entrepot.assembly.backend import Backend
from entrepot.cli import exit_codes
from entrepot.config import load
from entrepot.drivers.sql.engines.sqlite.database import SqliteDatabase
from entrepot.drivers.sql.metadata import SqlMetadata
from entrepot.ports.metadata import Metadata
from tests.contract.pushing import APP, OTHER, push, some_image, some_index
from tests.unit.cli.program import BIN, run

ONE, TWO = some_image("one"), some_image("two")
INDEX = some_index(ONE, TWO)


class Shop:
    """A data directory with a configuration, and the program on it."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "config.yml"
        self.settings: dict[str, object] = {
            "version": "0.1",
            "storage": {"filesystem": {"rootdirectory": str(folder / "data")}},
        }
        self.write()
        self.fill()

    def write(self, **sections: object) -> None:
        self.settings |= sections
        self.file.write_text(yaml.safe_dump(self.settings))

    def fill(self) -> None:
        async def work() -> None:
            backend = Backend(load(self.file, {}).settings)
            await backend.prepare()
            drivers = backend.open()
            try:
                await self._push(drivers.metadata)
            finally:
                drivers.close()

        asyncio.run(work())

    async def _push(self, metadata: Metadata) -> None:
        await push(metadata, APP, ONE, TWO, INDEX, tag="latest")
        await push(metadata, APP, ONE, tag="v1")
        await push(metadata, APP, TWO, tag="v2")
        await push(metadata, APP, TWO, tag="v1")
        await push(metadata, OTHER, ONE, tag="v1")

    def run(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        return run("entrepot", *arguments, "--config", str(self.file))

    def tags(self) -> list[str]:
        async def work() -> list[str]:
            metadata = SqlMetadata(SqliteDatabase(self.file.parent / "data/entrepot/metadata.db"))
            try:
                names = await metadata.repositories("", 9)
                return [
                    f"{name}:{tag}" for name in names for tag in await metadata.tags(name, "", 9)
                ]
            finally:
                metadata.close()

        return asyncio.run(work())


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path)


@pytest.fixture(scope="module")
def untouched(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """One that no test changes."""
    return Shop(tmp_path_factory.mktemp("untouched"))


ALL = ["team/app:latest", "team/app:v1", "team/app:v2", "team/other:v1"]


def test_a_dry_run_lists_and_changes_nothing(shop: Shop) -> None:
    told = shop.run("image", "rm", "team/*:v?", "--dry-run")
    assert told.returncode == 0
    assert told.stdout.splitlines() == [
        f"  team/app:v1  {TWO.digest}",
        f"  team/app:v2  {TWO.digest}",
        f"  team/other:v1  {ONE.digest}",
    ]
    assert shop.tags() == ALL


def test_where_nobody_can_be_asked_nothing_goes_without_yes(shop: Shop) -> None:
    for arguments in (("image", "rm", "team/app:v1"), ("repository", "rm", "team/app")):
        told = shop.run(*arguments)
        assert told.returncode == exit_codes.USAGE
        assert "--yes" in told.stderr
    assert shop.tags() == ALL


def test_what_is_chosen_goes_with_what_nothing_else_holds(shop: Shop) -> None:
    told = shop.run("image", "rm", "team/app:latest", "team/other:v*", "--yes")
    assert told.returncode == 0, told.stderr
    # The index and one of its children; the other child has tags.
    assert told.stdout.endswith("Removed 2 images, with 3 manifests that nothing else refers to.\n")
    assert shop.tags() == ["team/app:v1", "team/app:v2"]


def test_what_is_too_young_stays(shop: Shop) -> None:
    told = shop.run("image", "rm", "team/**", "--older-than", "30d", "--dry-run", "--json")
    assert len(json.loads(told.stdout)) == 4  # the tests' clock stands at 1970
    told = shop.run("image", "rm", "team/**", "--older-than", "90000d", "--yes")
    assert (told.returncode, told.stdout) == (0, "No image matches.\n")


def test_indexes_that_would_lose_a_child_are_named(shop: Shop) -> None:
    told = shop.run("image", "rm", f"team/app@{TWO.digest}", "--dry-run")
    assert f"index team/app@{INDEX.digest} would lose {TWO.digest}" in told.stderr
    told = shop.run("image", "rm", f"team/app@{TWO.digest}", "--yes", "--json")
    (row,) = json.loads(told.stdout)
    assert row["outcome"] == "removed"
    assert row["manifests"] == [TWO.digest]
    assert shop.tags() == ["team/app:latest", "team/other:v1"]


def test_an_immutable_tag_stays_and_the_command_fails(shop: Shop) -> None:
    shop.write(immutable=[{"repositories": ["team/app"], "tags": ["v1"]}])
    told = shop.run("image", "rm", "team/app", "--yes")
    assert told.returncode == exit_codes.FAILURE
    assert "team/app:v1 was not removed: immutable" in told.stderr
    assert shop.tags() == ["team/app:v1", "team/other:v1"]
    told = shop.run("repository", "rm", "team/app", "--yes")
    assert told.returncode == exit_codes.FAILURE
    assert "tag v1 of team/app is immutable" in told.stderr


def test_a_repository_goes_whole(shop: Shop) -> None:
    assert (
        "Would remove team/app with 3 tags."
        in shop.run("repository", "rm", "team/app", "--dry-run").stdout
    )
    told = shop.run("repository", "rm", "team/app", "--yes")
    assert (told.returncode, told.stdout) == (0, "Removed team/app with 3 tags.\n")
    assert shop.tags() == ["team/other:v1"]
    told = shop.run("repository", "rm", "team/app", "--yes")
    assert told.returncode == exit_codes.FAILURE
    assert "there is no repository team/app" in told.stderr


def test_a_read_only_registry_is_not_changed(shop: Shop) -> None:
    storage = {**shop.settings["storage"], "maintenance": {"readonly": {"enabled": True}}}  # type: ignore[dict-item]
    shop.write(storage=storage)
    told = shop.run("image", "rm", "team/app:v1", "--yes")
    assert told.returncode == exit_codes.CONFIGURATION
    assert shop.tags() == ALL


def test_a_tag_is_looked_back_upon_and_restored(shop: Shop) -> None:
    told = shop.run("tag", "history", "team/app:v1")
    assert [line.split()[0] for line in told.stdout.splitlines()] == ["N", "1", "2"]
    rows = json.loads(shop.run("tag", "history", "team/app:v1", "--json").stdout)
    assert [(row["n"], row["from"], row["to"], row["who"]) for row in rows] == [
        (1, ONE.digest, TWO.digest, "carol"),
        (2, None, ONE.digest, "carol"),
    ]
    told = shop.run("tag", "restore", "team/app:v1")
    assert told.stdout == (f"Restored team/app:v1 to {ONE.digest}; it pointed to {TWO.digest}.\n")
    told = shop.run("tag", "restore", "team/app:v1", "--to", TWO.digest)
    assert told.returncode == 0
    told = shop.run("tag", "restore", "team/app:v1", "--to", TWO.digest)
    assert told.stdout == f"team/app:v1 already points to {TWO.digest}.\n"
    rows = json.loads(shop.run("tag", "history", "team/app:v1", "--json").stdout)
    assert [row["who"] for row in rows] == ["operator", "operator", "carol", "carol"]
    shop.run("image", "rm", "team/app:v1", "--untag", "--yes")
    told = shop.run("tag", "restore", "team/app:v1")
    assert told.stdout == f"Restored team/app:v1 to {TWO.digest}; it was deleted.\n"
    shop.run("image", "rm", "team/app:v1", "--yes")
    told = shop.run("tag", "restore", "team/app:v1")
    assert told.stdout == f"Restored team/app:v1 to {TWO.digest}; it was deleted.\n"


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("tag", "restore", "team/app:v2"), 1, "there was no tag v2 in team/app before"),
        (("tag", "restore", "team/app:v1", "--to", "9"), 1, "has 2 changes to undo, not 9"),
        (("tag", "restore", "team/app:v1", "--to", "x"), 2, "expected a digest, or a line number"),
        (("tag", "history", "team/app"), 2, "expected REPOSITORY:TAG"),
        (("tag", "history", "no/where:v1"), 1, "there is no repository no/where"),
        (("image", "rm", "Team/app"), 2, "no pattern of repositories"),
        (("image", "rm", "team/app@sha256:1"), 2, "team/app@sha256:1"),
        (("image", "rm", "team/app", "--older-than", "soon"), 2, "such as 30d"),
        (
            ("image", "rm", f"team/app@{ONE.digest}", "--older-than", "1d"),
            2,
            "combined with a digest",
        ),
        (("image", "rm", "team/app:v9"), 1, "repository team/app has no tag v9"),
        (("repository", "rm", "Team"), 2, "a repository name has"),
    ],
)
def test_what_cannot_be_done_says_why(
    untouched: Shop, arguments: tuple[str, ...], code: int, said: str
) -> None:
    told = untouched.run(*arguments)
    assert told.returncode == code
    assert said in " ".join(told.stderr.replace("│", "").split())


@pytest.mark.parametrize(("answer", "left"), [("n", 4), ("y", 3)])
def test_on_a_terminal_it_asks(shop: Shop, answer: str, left: int) -> None:
    terminal, inner = pty.openpty()
    process = subprocess.Popen(
        [BIN / "entrepot", "image", "rm", "team/app:v1", "--config", shop.file],
        stdin=inner,
        stdout=subprocess.PIPE,
        stderr=inner,
    )
    os.close(inner)
    os.write(terminal, f"{answer}\n".encode())
    process.communicate(timeout=60)
    asked = os.read(terminal, 4096).decode()
    os.close(terminal)
    assert "Remove 1 image? [y/N]" in asked
    assert process.returncode == (0 if answer == "y" else 1)
    assert len(shop.tags()) == left


def test_retention_shows_and_applies(shop: Shop) -> None:
    shop.write(retention={"rules": [{"name": "one", "repositories": ["**"], "keep": {"last": 1}}]})
    told = shop.run("retention", "show")
    assert told.stdout.splitlines() == [
        "remove  team/app:latest  one: not among the 1 pushed last",
        "remove  team/app:v1  one: not among the 1 pushed last",
        "keep    team/app:v2  one: among the 1 pushed last",
        "keep    team/other:v1  one: among the 1 pushed last",
        "Of 4 tags, 2 would be kept and 2 removed. Nothing was changed.",
    ]
    rows = json.loads(shop.run("retention", "run", "--dry-run", "--json").stdout)
    assert [(row["tag"], row["keep"]) for row in rows] == [
        ("latest", False),
        ("v1", False),
        ("v2", True),
        ("v1", True),
    ]
    assert rows[0]["reasons"] == [
        {"rule": "one", "keep": False, "why": "not among the 1 pushed last"}
    ]
    assert shop.tags() == ALL
    told = shop.run("retention", "run")
    assert told.stdout == "2 repositories, 2 tags kept, 2 removed with 2 manifests.\n"
    assert shop.tags() == ["team/app:v2", "team/other:v1"]


def test_retention_without_rules_says_so(shop: Shop) -> None:
    told = shop.run("retention", "show")
    assert told.stderr == "warning: no retention rules are configured, so every tag is kept\n"
    assert told.returncode == 0
    assert shop.tags() == ALL


READING = [
    ("image", "rm", "**", "--yes"),
    ("repository", "rm", "team/app", "--yes"),
    ("tag", "history", "team/app:v1"),
    ("retention", "show"),
    ("usage",),
    ("check",),
    ("gc",),
    ("gc", "--dry-run"),
    ("backup",),
    ("export", "out"),
    ("user", "list"),
    ("user", "logout", "alice"),
    ("access", "rekey"),
    ("rule", "list"),
]


@pytest.mark.parametrize("arguments", READING)
def test_where_there_is_no_database_none_is_made(
    tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    file = tmp_path / "config.yml"
    file.write_text(f"version: 0.1\nstorage: {{filesystem: {{rootdirectory: {tmp_path}/data}}}}\n")
    told = run("entrepot", *arguments, "--config", str(file), cwd=tmp_path)
    assert told.returncode == exit_codes.CONFIGURATION
    assert told.stderr.startswith(
        f"error: there is no database at {tmp_path}/data/entrepot/metadata.db. Is this the right"
        " configuration (--config)?"
    )
    assert told.stdout == ""
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("arguments", READING)
def test_a_database_in_memory_is_out_of_reach(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    file = tmp_path / "config.yml"
    file.write_text("version: 0.1\nstorage: inmemory\n")
    told = run("entrepot", *arguments, "--config", str(file), cwd=tmp_path)
    assert told.returncode == exit_codes.CONFIGURATION
    assert (
        "storage.inmemory keeps everything in memory, where no command can reach it" in told.stderr
    )


def test_an_import_makes_the_database_where_there_is_none(shop: Shop, tmp_path: Path) -> None:
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    layout = {"imageLayoutVersion": "1.0.0"}
    source = tmp_path / "layout"
    (source / "blobs/sha256").mkdir(parents=True)
    (source / "oci-layout").write_text(json.dumps(layout))
    (source / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": []}))
    file = folder / "config.yml"
    file.write_text(f"version: 0.1\nstorage: {{filesystem: {{rootdirectory: {folder}/data}}}}\n")
    told = run("entrepot", "import", str(source), "--config", str(file))
    assert told.returncode == 0, told.stderr
    assert (folder / "data/entrepot/metadata.db").exists()
    assert run("entrepot", "usage", "--config", str(file)).returncode == 0


def test_an_export_of_nothing_is_an_error_and_writes_nothing(
    untouched: Shop, tmp_path: Path
) -> None:
    told = untouched.run("export", str(tmp_path / "out"), "--repositories", "nobody/**")
    assert (told.returncode, told.stderr) == (1, "error: no repository matches\n")
    assert not (tmp_path / "out").exists()


def test_the_file_may_be_named_in_one_way_only(untouched: Shop, tmp_path: Path) -> None:
    file = str(untouched.file)
    assert (
        run("entrepot", "usage", file).stdout == run("entrepot", "usage", "--config", file).stdout
    )
    told = run("entrepot", "usage", file, "--config", str(tmp_path / "other.yml"))
    assert told.returncode == exit_codes.USAGE
    assert "two configuration files" in told.stderr


@pytest.mark.parametrize(
    ("arguments", "document"),
    [
        (("version",), {"entrepot", "python"}),
        (("config", "check"), {"configuration", "valid", "warnings"}),
        (("repository", "rm", "team/app", "--dry-run"), {"repository", "tags", "removed"}),
        (("tag", "restore", "team/app:v1"), {"repository", "tag", "from", "to"}),
        (("access", "rekey"), {"removed"}),
    ],
)
def test_what_is_told_is_told_to_programs_too(
    shop: Shop, arguments: tuple[str, ...], document: set[str]
) -> None:
    options = () if arguments == ("version",) else ("--config", str(shop.file))
    told = run("entrepot", *arguments, "--json", *options)
    assert told.returncode == 0, told.stderr
    assert set(json.loads(told.stdout)) == document


def test_mistakes_of_a_configuration_are_told_to_programs_too(tmp_path: Path) -> None:
    file = tmp_path / "c.yml"
    file.write_text("version: 0.1\nstorage: floppy\n")
    told = run("entrepot", "config", "check", "--json", "--config", str(file))
    assert told.returncode == exit_codes.CONFIGURATION
    document = json.loads(told.stdout)
    assert (document["valid"], document["problems"][0]["key"]) == (False, "storage.floppy")
