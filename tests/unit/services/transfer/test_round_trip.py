"""What is exported and imported is what there was: every byte, every tag."""

import json
import os
from pathlib import Path

import pytest

from entrepot.drivers.filesystem.export_files import ExportFiles
from entrepot.errors import ConfigurationError, StorageOutage
from entrepot.ports.metadata import StoredBlob
from entrepot.ports.transfer import ExportTarget
from tests.unit.services.check.harness import (
    APP,
    IMAGE,
    INDEX,
    LAYER,
    LISTS,
    SIGNATURE,
    Damaged,
    digest_of,
    with_stock,
)
from tests.unit.services.transfer.harness import (
    FORMS,
    export_to,
    in_another_registry,
    take,
    target,
    write,
)


async def served(stock: Damaged) -> dict[str, bytes | None]:
    """Give what clients get of everything that the stock has."""
    metadata = stock.registry.metadata
    found: dict[str, bytes | None] = {}
    for name in await metadata.repositories("", 100):
        for tag in await metadata.tags(name, "", 100):
            manifest = await metadata.manifest_by_tag(name, tag)  # type: ignore[arg-type]
            found[f"{name}:{tag}"] = manifest.payload if manifest else None
        for new in (IMAGE, SIGNATURE, INDEX):
            manifest = await metadata.manifest_by_digest(name, new.digest)
            found[f"{name}@{new.digest}"] = manifest.payload if manifest else None
        referrers = await metadata.referrers(name, IMAGE.digest, None, "", 10)
        found[f"{name} referrers"] = " ".join(one.digest for one in referrers).encode()
    return found


def files(root: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()
    }


@pytest.mark.parametrize("form", FORMS)
def test_an_import_of_an_export_gives_the_same_registry(form: str, tmp_path: Path) -> None:
    async def work(stock: Damaged) -> None:
        report = await write(stock, tmp_path / "export", form)
        assert (report.repositories, report.tags, report.manifests) == (2, 2, 4)
        before = stock.rows()
        expected = await served(stock)

        async def there(other: Damaged) -> None:
            taken = await take(other.registry, tmp_path / "export")
            assert taken.failures == []
            assert (len(taken.repositories), taken.tags, taken.manifests) == (2, 2, 4)
            assert await served(other) == expected
            after = other.rows()
            for table in ("links", "blobs", "catalogue"):
                assert after[table] == before[table], table
            assert await other.check(verify=True) == []
            again = await take(other.registry, tmp_path / "export")
            assert (again.blobs, again.failures) == (0, [])
            assert other.rows() == after

        await in_another_registry(there)

    with_stock(work)


@pytest.mark.parametrize("form", FORMS)
def test_only_what_was_asked_for_is_written(form: str, tmp_path: Path) -> None:
    async def work(stock: Damaged) -> None:
        report = await write(stock, tmp_path / "export", form, ["team/**"])
        assert report.repositories == 1
        assert LISTS not in " ".join(files(tmp_path / "export"))

        async def there(other: Damaged) -> None:
            assert (await take(other.registry, tmp_path / "export")).repositories == {APP}

        await in_another_registry(there)

    with_stock(work)


def test_everything_can_go_into_one_repository(tmp_path: Path) -> None:
    async def work(stock: Damaged) -> None:
        await write(stock, tmp_path / "export", "oci", ["lists"])

        async def there(other: Damaged) -> None:
            report = await take(other.registry, tmp_path / "export", "new/place")
            assert report.repositories == {"new/place"}
            assert await other.registry.metadata.repositories("", 9) == ["new/place"]

        await in_another_registry(there)

    with_stock(work)


def test_a_layout_names_repositories_and_tags_as_the_documentation_says(tmp_path: Path) -> None:
    async def work(stock: Damaged) -> None:
        await write(stock, tmp_path, "oci")
        entries = json.loads((tmp_path / "index.json").read_text())["manifests"]
        names = {
            entry["annotations"]["org.opencontainers.image.ref.name"]: entry["digest"]
            for entry in entries
        }
        assert names == {
            f"{APP}:latest": IMAGE.digest,
            f"{LISTS}:latest": INDEX.digest,
            f"{APP}@{SIGNATURE.digest}": SIGNATURE.digest,
        }
        assert json.loads((tmp_path / "oci-layout").read_text()) == {"imageLayoutVersion": "1.0.0"}

    with_stock(work)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("copy", [False, True])
def test_blobs_are_links_unless_copies_are_asked_for(form: str, copy: bool, tmp_path: Path) -> None:
    async def work(stock: Damaged) -> None:
        place = stock.registry.layout.root.parent / "export"  # on the file system of the blobs
        await write(stock, place, form, copy=copy)
        inodes = {path.stat().st_ino for path in place.rglob("*") if path.is_file()}
        assert (os.stat(stock.file(LAYER)).st_ino in inodes) is not copy

    with_stock(work)


@pytest.mark.parametrize("form", FORMS)
def test_a_directory_that_has_something_else_is_refused_and_left_alone(
    form: str, tmp_path: Path
) -> None:
    async def work(stock: Damaged) -> None:
        (tmp_path / "precious").write_text("data")
        with pytest.raises(ConfigurationError):
            await write(stock, tmp_path, form)
        assert files(tmp_path) == {"precious": b"data"}

    with_stock(work)


def test_an_export_in_another_form_is_refused(tmp_path: Path) -> None:
    async def work(stock: Damaged) -> None:
        await write(stock, tmp_path, "oci")
        before = files(tmp_path)
        with pytest.raises(ConfigurationError):
            await write(stock, tmp_path, "docker-registry")
        assert files(tmp_path) == before

    with_stock(work)


class Killed(Exception):
    """The export ends here."""


class Killing:
    """Implements `ExportTarget` until so many steps were done."""

    def __init__(self, inner: ExportTarget, steps: int) -> None:
        self._inner = inner
        self._steps = steps
        self.begin = inner.begin
        self.finish = inner.finish

    def put_blob(self, blob: StoredBlob) -> bool:
        self._step()
        return self._inner.put_blob(blob)

    def put_manifest(self, *arguments: object) -> None:
        self._step()
        self._inner.put_manifest(*arguments)  # type: ignore[arg-type]

    def put_repository(self, *arguments: object) -> None:
        self._step()
        self._inner.put_repository(*arguments)  # type: ignore[arg-type]

    def _step(self) -> None:
        self._steps -= 1
        if self._steps < 0:
            raise Killed


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("steps", range(0, 10, 3))
def test_an_export_that_was_killed_is_gone_on_with(form: str, steps: int, tmp_path: Path) -> None:
    async def work(stock: Damaged) -> None:
        with pytest.raises(Killed):
            await export_to(stock, Killing(target(stock, tmp_path / "killed", form), steps))
        await write(stock, tmp_path / "killed", form)
        await write(stock, tmp_path / "whole", form)
        assert files(tmp_path / "killed") == files(tmp_path / "whole")

    with_stock(work)


def test_a_link_that_a_kill_has_left_is_not_written_through(tmp_path: Path) -> None:
    async def work(stock: Damaged) -> None:
        place = stock.registry.layout.root.parent / "export"  # on the file system of the blobs
        place.mkdir()
        blob = stock.file(LAYER)
        before = blob.read_bytes()
        os.link(blob, place / "index.json.unfinished")
        ExportFiles(stock.registry.layout, place, "oci").write("index.json", b"{}")
        assert blob.read_bytes() == before
        assert files(place) == {"index.json": b"{}"}

    with_stock(work)


@pytest.mark.parametrize("form", FORMS)
def test_a_damaged_blob_is_left_out_and_told_and_the_rest_is_written(
    form: str, tmp_path: Path
) -> None:
    async def work(stock: Damaged) -> None:
        os.truncate(stock.file(LAYER), 3)
        report = await write(stock, tmp_path / "export", form)
        assert report.damaged == [(APP, digest_of(LAYER))]

        async def there(other: Damaged) -> None:
            taken = await take(other.registry, tmp_path / "export")
            ((name, why),) = taken.failures[:1]
            assert name.startswith(APP)
            assert digest_of(LAYER) in why
            assert await other.registry.metadata.tags(LISTS, "", 9) == ["latest"]
            assert await other.check(verify=True) == []

        await in_another_registry(there)

    with_stock(work)


@pytest.mark.parametrize("form", FORMS)
def test_bytes_that_changed_on_the_way_are_refused(form: str, tmp_path: Path) -> None:
    async def work(stock: Damaged) -> None:
        await write(stock, tmp_path / "export", form, copy=True)
        changed = [
            path
            for path, content in files(tmp_path / "export").items()
            if content in (LAYER.encode(), INDEX.payload)
        ]
        assert len(changed) == 2
        for path in changed:
            file = tmp_path / "export" / path
            file.write_bytes(file.read_bytes().swapcase())

        async def there(other: Damaged) -> None:
            taken = await take(other.registry, tmp_path / "export")
            assert {name.partition(":")[0].partition("@")[0] for name, _ in taken.failures} == {
                APP,
                LISTS,
            }
            assert await other.registry.metadata.manifest_by_digest(APP, IMAGE.digest) is None
            assert await other.registry.metadata.manifest_by_digest(LISTS, INDEX.digest) is None

        await in_another_registry(there)

    with_stock(work)


def test_what_is_no_source_is_refused(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("no archive")
    (tmp_path / "empty").mkdir()

    async def work(other: Damaged) -> None:
        for name, error in (
            ("missing", ConfigurationError),
            ("empty", ConfigurationError),
            ("text", StorageOutage),
        ):
            with pytest.raises(error):
                await take(other.registry, tmp_path / name)

    with_stock(work)
