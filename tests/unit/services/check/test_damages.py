"""Each damage is found, and mended where something that is left proves what should be there."""

import os
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from entrepot.services.check import Fault, Finding
from tests.unit.services.adoption.tree import RegistryTree
from tests.unit.services.check.harness import (
    APP,
    CHILD,
    IMAGE,
    INDEX,
    LAYER,
    LISTS,
    OTHER,
    SHARED,
    Damaged,
    digest_of,
    kinds,
    with_stock,
)

Break = Callable[[Damaged], object]
LAYER_DIGEST = digest_of(LAYER)
BLOB = f"(SELECT id FROM blobs WHERE digest = '{LAYER_DIGEST}')"
MANIFEST = f"(SELECT id FROM manifests WHERE digest = '{IMAGE.digest}')"


def flip_a_bit(damaged: Damaged) -> None:
    file = damaged.file(LAYER)
    content = bytearray(file.read_bytes())
    content[3] ^= 0x10
    file.write_bytes(content)


def remove_shared_file_and_row(damaged: Damaged) -> None:
    damaged.file(OTHER).unlink()
    digest = digest_of(OTHER)
    damaged.sql(
        "DELETE FROM repository_blobs WHERE blob_id ="
        f" (SELECT id FROM blobs WHERE digest = '{digest}')",
        f"DELETE FROM blobs WHERE digest = '{digest}'",
    )


@dataclass(frozen=True)
class Case:
    """A damage; what a check says of it, and whether `--repair` makes it as it was before."""

    name: str
    damage: Break
    found: frozenset[Fault]
    mended: bool
    verify: bool = False


def case(name: str, damage: Break, *found: Fault, mended: bool, verify: bool = False) -> Case:
    return Case(name, damage, frozenset(found), mended, verify)


CASES = [
    case("deleted file", lambda it: it.file(LAYER).unlink(), Fault.MISSING_FILE, mended=False),
    case("flipped bit", flip_a_bit, Fault.WRONG_BYTES, mended=False, verify=True),
    case(
        "truncated file",
        lambda it: os.truncate(it.file(LAYER), 3),
        Fault.WRONG_SIZE,
        mended=False,
    ),
    case(
        "longer file",
        lambda it: it.file(LAYER).write_text(f"{LAYER}!"),
        Fault.WRONG_SIZE,
        mended=False,
    ),
    case(
        "lost row of a blob",
        lambda it: it.sql(f"DELETE FROM blobs WHERE digest = '{LAYER_DIGEST}'"),
        Fault.DANGLING_ROW,
        Fault.LOST_ROW,
        Fault.WRONG_COUNTER,
        mended=True,
    ),
    case(
        "lost row of a blob and its links",
        lambda it: it.sql(
            f"DELETE FROM repository_blobs WHERE blob_id = {BLOB}",
            f"DELETE FROM blobs WHERE digest = '{LAYER_DIGEST}'",
        ),
        Fault.LOST_ROW,
        Fault.WRONG_COUNTER,
        mended=True,
    ),
    case(
        "lost file and row",
        remove_shared_file_and_row,
        Fault.MISSING_BLOB,
        Fault.WRONG_COUNTER,
        mended=False,
    ),
    case(
        "lost link",
        lambda it: it.sql(f"DELETE FROM repository_blobs WHERE blob_id = {BLOB}"),
        Fault.LOST_LINK,
        Fault.WRONG_COUNTER,
        mended=True,
    ),
    case(
        "lost edge",
        lambda it: it.sql(f"DELETE FROM manifest_edges WHERE digest = '{LAYER_DIGEST}'"),
        Fault.LOST_EDGE,
        Fault.WRONG_COUNTER,
        mended=True,
    ),
    case(
        "lost edges of a whole table",
        lambda it: it.sql("DELETE FROM manifest_edges"),
        Fault.LOST_EDGE,
        Fault.WRONG_COUNTER,
        mended=True,
    ),
    case(
        "edge to what is not referred to",
        lambda it: it.sql(
            "INSERT INTO manifest_edges SELECT id, 'layer', 'sha256:nothing', repository_id, 5"
            f" FROM manifests WHERE digest = '{IMAGE.digest}'"
        ),
        Fault.WRONG_EDGE,
        Fault.WRONG_COUNTER,
        mended=True,
    ),
    case(
        "edge with another size",
        lambda it: it.sql(f"UPDATE manifest_edges SET size = 77 WHERE digest = '{LAYER_DIGEST}'"),
        Fault.WRONG_EDGE,
        Fault.LOST_EDGE,
        Fault.WRONG_COUNTER,
        mended=True,
    ),
    case(
        "edge of another repository",
        lambda it: it.sql(
            f"UPDATE manifest_edges SET repository_id = 99 WHERE digest = '{LAYER_DIGEST}'"
        ),
        Fault.DANGLING_ROW,
        Fault.LOST_EDGE,
        mended=True,
    ),
    case(
        "lost child of an index",
        lambda it: it.sql(
            "DELETE FROM manifest_edges WHERE manifest_id ="
            f" (SELECT id FROM manifests WHERE digest = '{CHILD.digest}')",
            f"DELETE FROM manifests WHERE digest = '{CHILD.digest}'",
        ),
        Fault.MISSING_CHILD,
        Fault.WRONG_COUNTER,
        mended=False,
    ),
    case(
        "catalogue without a repository",
        lambda it: it.sql(f"UPDATE repositories SET populated = 0 WHERE name = '{APP}'"),
        Fault.WRONG_CATALOGUE,
        Fault.WRONG_COUNTER,
        mended=True,
    ),
    case(
        "catalogue with an empty repository",
        lambda it: it.sql(
            "INSERT INTO repositories (name, populated, created_at) VALUES ('empty', 1, 1)",
            "INSERT INTO repository_usage (repository_id, namespace_id) VALUES"
            " ((SELECT id FROM repositories WHERE name = 'empty'), 1)",
        ),
        Fault.WRONG_CATALOGUE,
        Fault.WRONG_COUNTER,
        mended=False,
    ),
    case(
        "wrong counter",
        lambda it: it.sql("UPDATE repository_usage SET blob_bytes = blob_bytes + 1000"),
        Fault.WRONG_COUNTER,
        mended=True,
    ),
    case(
        "damaged manifest",
        lambda it: it.sql(
            f"UPDATE manifests SET payload = CAST('{{}}' AS BLOB) WHERE digest = '{INDEX.digest}'"
        ),
        Fault.DAMAGED_MANIFEST,
        mended=False,
    ),
]


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_it_is_found(case: Case) -> None:
    async def work(damaged: Damaged) -> None:
        assert await damaged.check(verify=True) == []
        case.damage(damaged)
        before = damaged.rows()
        found = await damaged.check(verify=case.verify)
        assert kinds(found) - {Fault.WRONG_COUNTER} == case.found - {Fault.WRONG_COUNTER}
        assert (Fault.WRONG_COUNTER in case.found) or Fault.WRONG_COUNTER not in kinds(found)
        assert not any(finding.repaired or finding.mended for finding in found)
        assert damaged.rows() == before

    with_stock(work)


@pytest.mark.parametrize(
    "case", [one for one in CASES if one.mended], ids=[one.name for one in CASES if one.mended]
)
def test_it_is_mended_and_all_is_as_before(case: Case) -> None:
    async def work(damaged: Damaged) -> None:
        before = damaged.rows()
        case.damage(damaged)
        found = await damaged.check(repair=True)
        assert all(finding.mended for finding in found), found
        assert damaged.rows() == before
        assert await damaged.check(verify=True) == []

    with_stock(work)


@pytest.mark.parametrize("case", [one for one in CASES if not one.mended], ids=lambda one: one.name)
def test_bytes_are_never_touched_by_a_repair(case: Case) -> None:
    async def work(damaged: Damaged) -> None:
        case.damage(damaged)
        root = damaged.registry.layout.root
        before = {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}
        await damaged.check(verify=True, repair=True)
        after = {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}
        assert after == before

    with_stock(work)


QUARANTINES = CASES[:4]


@pytest.mark.parametrize("case", QUARANTINES, ids=lambda one: one.name)
def test_a_bad_blob_is_put_into_quarantine_until_its_bytes_are_whole_again(case: Case) -> None:
    async def quarantined(damaged: Damaged) -> bool:
        found = await damaged.registry.metadata.blob(APP, LAYER_DIGEST)
        assert found is not None
        return found.quarantined

    async def work(damaged: Damaged) -> None:
        case.damage(damaged)
        (finding,) = await damaged.check(verify=True, repair=True)
        assert (finding.repaired, finding.mended) == ("put into quarantine", False)
        assert finding.reference == LAYER_DIGEST
        assert f"needed by {APP}:latest" in finding.detail
        assert await quarantined(damaged)
        (still,) = await damaged.check(repair=True)
        assert (still.kind, still.mended) == (Fault.QUARANTINED, False)
        damaged.file(LAYER).write_text(LAYER)
        (whole,) = await damaged.check()
        assert whole == Finding(
            Fault.QUARANTINED,
            "",
            LAYER_DIGEST,
            f"its bytes are correct again; needed by {APP}:latest",
        )
        (released,) = await damaged.check(repair=True)
        assert (released.repaired, released.mended) == ("served again", True)
        assert not await quarantined(damaged)
        assert await damaged.check(verify=True) == []

    with_stock(work)


def test_a_lost_row_whose_file_has_other_bytes_stays_lost() -> None:
    async def work(damaged: Damaged) -> None:
        flip_a_bit(damaged)
        damaged.sql(
            f"DELETE FROM repository_blobs WHERE blob_id = {BLOB}",
            f"DELETE FROM blobs WHERE digest = '{LAYER_DIGEST}'",
        )
        found = await damaged.check(repair=True)
        lost = [finding for finding in found if finding.kind is Fault.LOST_ROW]
        assert [finding.mended for finding in lost] == [False]
        assert await damaged.registry.metadata.blob(APP, LAYER_DIGEST) is None

    with_stock(work)


def test_a_lost_row_is_linked_only_where_a_manifest_needs_it() -> None:
    async def work(damaged: Damaged) -> None:
        damaged.sql(
            f"DELETE FROM repository_blobs WHERE blob_id = {BLOB}",
            f"DELETE FROM blobs WHERE digest = '{LAYER_DIGEST}'",
        )
        await damaged.check(repair=True)
        assert await damaged.registry.metadata.blob(APP, LAYER_DIGEST) is not None
        assert await damaged.registry.metadata.blob(LISTS, LAYER_DIGEST) is None

    with_stock(work)


def test_a_dangling_tag_is_removed_with_its_findings_name() -> None:
    async def work(damaged: Damaged) -> None:
        damaged.sql("UPDATE tags SET manifest_id = 4711 WHERE name = 'latest'")
        found = await damaged.check(repair=True)
        tags = [finding for finding in found if finding.kind is Fault.DANGLING_ROW]
        assert {(one.repository, one.reference) for one in tags} == {
            (APP, "latest"),
            (LISTS, "latest"),
        }
        assert all(one.mended for one in tags)
        assert await damaged.check() == []
        assert await damaged.registry.metadata.tags(APP, "", 10) == []

    with_stock(work)


def test_all_names_of_what_is_shared_are_told() -> None:
    async def work(damaged: Damaged) -> None:
        damaged.file(SHARED).unlink()
        (finding,) = await damaged.check()
        for name in (f"{APP}:latest", f"{LISTS}@{CHILD.digest}"):
            assert name in finding.detail

    with_stock(work)


def test_a_push_to_docker_registry_that_no_start_has_taken_yet_is_told() -> None:
    async def work(damaged: Damaged) -> None:
        tree = RegistryTree(damaged.registry.layout.root)
        tree.tag(
            "pushed/there", "1", tree.image("pushed/there", tree.blob("pushed/there", b""), [])
        )
        found = [one for one in await damaged.check() if one.kind is Fault.CHANGED_DIRECTORY]
        assert [one.repository for one in found] == ["pushed/there"]
        assert Fault.CHANGED_DIRECTORY.is_problem

    with_stock(work)
