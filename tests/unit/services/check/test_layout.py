"""What lies among the blobs and is none: it is told, and never touched."""

from pathlib import Path

from entrepot.oci.digest import Digest
from entrepot.services.check import Fault, Finding
from tests.unit.services.check.harness import LAYER, Damaged, digest_of, with_stock

BLOBS = "docker/registry/v2/blobs"
STRANGE = Digest.of(b"nobody's")


def place(damaged: Damaged, path: str, content: str = "nobody's") -> Path:
    file = damaged.registry.layout.root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(content)
    return file


def test_files_that_are_no_blobs_are_told_with_their_path() -> None:
    paths = [
        f"{BLOBS}/notes.txt",
        f"{BLOBS}/md5/ab/file",
        f"{BLOBS}/sha256/README",
        f"{BLOBS}/sha256/ab/README",
        f"{BLOBS}/sha256/{digest_of(LAYER).hex[:2]}/{digest_of(LAYER).hex}/data.bak",
        f"{BLOBS}/sha256/{digest_of(LAYER).hex[:2]}/{digest_of(LAYER).hex}/folder/data",
    ]

    async def work(damaged: Damaged) -> None:
        files = [place(damaged, path) for path in paths]
        for repair in (False, True):
            found = await damaged.check(repair=repair)
            assert {finding.reference for finding in found} == set(paths)
            assert {finding.kind for finding in found} == {Fault.FOREIGN_FILE}
            assert all(file.read_text() == "nobody's" for file in files)

    with_stock(work)


def test_a_blob_in_the_wrong_folder_is_told_with_the_right_one() -> None:
    wrong, short = "zz", STRANGE.hex[:10]

    async def work(damaged: Damaged) -> None:
        place(damaged, f"{BLOBS}/sha256/{wrong}/{STRANGE.hex}/data")
        place(damaged, f"{BLOBS}/sha256/{short[:2]}/{short}/data")
        found = await damaged.check(repair=True)
        assert {finding.kind for finding in found} == {Fault.MISPLACED_FILE}
        details = " ".join(finding.detail for finding in found)
        assert f"blobs/sha256/{STRANGE.hex[:2]}/{STRANGE.hex}/data" in details
        assert "its folder's name is no digest" in details

    with_stock(work)


def test_a_file_that_nothing_refers_to_is_left_to_the_collector() -> None:
    async def work(damaged: Damaged) -> None:
        file = place(damaged, f"{BLOBS}/sha256/{STRANGE.hex[:2]}/{STRANGE.hex}/data")
        for repair in (False, True):
            (finding,) = await damaged.check(repair=repair, verify=True)
            assert (finding.kind, finding.reference) == (Fault.UNKNOWN_FILE, STRANGE)
            assert (finding.repaired, finding.mended) == ("", False)
        assert file.exists()

    with_stock(work)


def test_a_file_whose_row_is_being_committed_is_no_finding() -> None:
    async def work(damaged: Damaged) -> None:
        place(damaged, f"{BLOBS}/sha256/{STRANGE.hex[:2]}/{STRANGE.hex}/data")
        damaged.registry.clock.forward(-3 * 10**9)  # as if it had been placed just now
        assert await damaged.check() == []

    with_stock(work)


def test_bytes_of_an_upload_without_a_session_are_told() -> None:
    async def work(damaged: Damaged) -> None:
        place(damaged, "entrepot/uploads/left-behind", "12345")
        (finding,) = await damaged.check(repair=True)
        assert finding == Finding(Fault.STRAY_UPLOAD, "", "left-behind", "5 bytes")

    with_stock(work)
