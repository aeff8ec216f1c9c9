"""Random pushes, mounts, moves and deletions: counters are what a recount and a model say."""

import asyncio
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from entrepot.oci.digest import Digest
from entrepot.oci.name import RepositoryName
from entrepot.oci.reference import Tag
from entrepot.ports.access import ANONYMOUS
from entrepot.ports.blobs import Location
from entrepot.ports.metadata import NewManifest, StoredBlob, Transaction
from entrepot.ports.usage import Used
from tests.contract.pushing import some_blob, some_image
from tests.contract.usages import USAGES, UsageDatabase, recounted

NAMES = [RepositoryName(name) for name in ("a", "a/b", "a/c", "b/a")]
TAGS = [Tag("1"), Tag("2")]
BLOBS = [some_blob("x" * size) for size in (0, 1, 10, 100)]
IMAGES = [some_image("x", config="xx"), some_image("x" * 10, "x", config="xx")]

names, tags, blobs = st.sampled_from(NAMES), st.sampled_from(TAGS), st.sampled_from(BLOBS)
images = st.sampled_from(IMAGES)


class UsageMachine(RuleBasedStateMachine):
    make: ClassVar[Callable[[Path], UsageDatabase]]

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory(dir="/dev/shm")
        self.runner = asyncio.Runner()
        self.database = type(self).make(Path(self.folder.name))
        self.sizes: dict[Digest, int] = {}
        self.links: dict[str, set[Digest]] = {}
        self.manifests: dict[str, set[Digest]] = {}
        self.tags: dict[str, dict[str, str]] = {}

    def change(self, function: Callable[[Transaction], Awaitable[Any]]) -> Any:
        return self.runner.run(self.database.metadata.change(function))

    @rule(name=names, blob=blobs, fail=st.booleans())
    def push_blob(self, name: RepositoryName, blob: StoredBlob, fail: bool) -> None:
        async def function(transaction: Transaction) -> None:
            number = await transaction.repository(name, 1)
            await transaction.keep_blob(blob, 1)
            await transaction.link_blob(number, blob.digest, 1)
            if fail:
                raise ConnectionError

        if fail:
            with pytest.raises(ConnectionError):
                self.change(function)
            return
        self.change(function)
        self.sizes.setdefault(blob.digest, blob.size)
        self.links.setdefault(name, set()).add(blob.digest)

    @rule(name=names, blob=blobs)
    def mount(self, name: RepositoryName, blob: StoredBlob) -> None:
        async def function(transaction: Transaction) -> None:
            await transaction.link_blob(await transaction.repository(name, 1), blob.digest, 1)

        self.change(function)
        if blob.digest in self.sizes:
            self.links.setdefault(name, set()).add(blob.digest)

    @rule(name=names, blob=blobs)
    def unlink(self, name: RepositoryName, blob: StoredBlob) -> None:
        async def function(transaction: Transaction) -> None:
            number = await transaction.find_repository(name)
            if number is not None:
                await transaction.unlink_blob(number, blob.digest)

        self.change(function)
        self.links.get(name, set()).discard(blob.digest)

    @rule(blob=blobs)
    def forget_a_blob_that_nobody_has(self, blob: StoredBlob) -> None:
        if not any(blob.digest in held for held in self.links.values()):
            self.database.run(f"DELETE FROM blobs WHERE digest = '{blob.digest}'")
            self.sizes.pop(blob.digest, None)

    @rule(blob=blobs, size=st.integers(0, 50))
    def heal_a_blob_with_another_size(self, blob: StoredBlob, size: int) -> None:
        if blob.digest not in self.sizes:
            return
        other = StoredBlob(blob.digest, size, Location("elsewhere"))
        marked = "quarantined_at = 1, quarantine_reason = 'wrong-size'"
        self.database.run(f"UPDATE blobs SET {marked} WHERE digest = '{blob.digest}'")

        async def function(transaction: Transaction) -> None:
            assert await transaction.keep_blob(other, 1) == other

        self.change(function)
        self.sizes[blob.digest] = size

    @rule(name=names, image=images, moved=st.lists(tags, max_size=2))
    def push_manifest(self, name: RepositoryName, image: NewManifest, moved: list[Tag]) -> None:
        async def function(transaction: Transaction) -> None:
            number = await transaction.repository(name, 1)
            manifest = await transaction.keep_manifest(number, image)
            for tag in moved:
                await transaction.move_tag(number, tag, manifest, ANONYMOUS, 1)

        self.change(function)
        self.manifests.setdefault(name, set()).add(image.digest)
        self.tags.setdefault(name, {}).update(dict.fromkeys(moved, image.digest))

    @rule(name=names, image=images)
    def delete_manifest(self, name: RepositoryName, image: NewManifest) -> None:
        async def function(transaction: Transaction) -> None:
            number = await transaction.repository(name, 1)
            await transaction.delete_manifest(number, image.digest, ANONYMOUS, 1)

        self.change(function)
        self.manifests.get(name, set()).discard(image.digest)
        left = {t: d for t, d in self.tags.get(name, {}).items() if d != image.digest}
        self.tags[name] = left

    @rule(name=names, tag=tags)
    def delete_tag(self, name: RepositoryName, tag: Tag) -> None:
        async def function(transaction: Transaction) -> None:
            await transaction.delete_tag(await transaction.repository(name, 1), tag, ANONYMOUS, 1)

        self.change(function)
        self.tags.get(name, {}).pop(tag, None)

    @rule(name=names)
    def remove_repository(self, name: RepositoryName) -> None:
        chosen = f"(SELECT id FROM repositories WHERE name = '{name}')"
        for table in ("tags", "manifest_edges", "manifests", "repository_blobs"):
            self.database.run(f"DELETE FROM {table} WHERE repository_id = {chosen}")
        self.database.run(f"DELETE FROM repositories WHERE name = '{name}'")
        for kept in (self.links, self.manifests, self.tags):
            kept.pop(name, None)

    @invariant()
    def a_recount_agrees(self) -> None:
        assert self.runner.run(recounted(self.database.recount)) == []

    @invariant()
    def the_model_agrees(self) -> None:
        for name in NAMES:
            found = self.runner.run(self.database.metadata.used(name))
            namespace = name.partition("/")[0]
            assert found.repository == self.expected([name])
            assert found.namespace == self.expected(
                [other for other in NAMES if other.partition("/")[0] == namespace]
            )
            assert found.registry == self.expected(NAMES)

    @invariant()
    def what_is_exclusive_is_as_the_model_says(self) -> None:
        rows = self.runner.run(self.database.usage.repositories("", 99))
        assert {row.name: row.exclusive_blob_bytes for row in rows} == {
            row.name: self.only([row.name]) for row in rows
        }
        for space in self.runner.run(self.database.usage.namespaces("", 99)):
            inside = [name for name in NAMES if name.partition("/")[0] == space.name]
            assert space.exclusive_blob_bytes == self.only(inside)

    def expected(self, scope: list[RepositoryName]) -> Used:
        payloads = {image.digest: len(image.payload) for image in IMAGES}
        held: set[Digest] = set().union(*(self.links.get(name, set()) for name in scope))
        manifests = [payloads[d] for name in scope for d in self.manifests.get(name, ())]
        return Used(
            sum(self.sizes[digest] for digest in held) + sum(manifests),
            sum(len(self.tags.get(name, {})) for name in scope),
            sum(1 for name in scope if self.manifests.get(name)),
        )

    def only(self, scope: list[str] | list[RepositoryName]) -> int:
        inside: set[Digest] = set().union(*(self.links.get(name, set()) for name in scope))
        outside = [held for name, held in self.links.items() if name not in scope]
        return sum(self.sizes[digest] for digest in inside - set().union(*outside))

    def teardown(self) -> None:
        self.database.close()
        self.runner.close()
        self.folder.cleanup()


@pytest.mark.parametrize("driver", USAGES)
def test_counters_are_as_the_model_says(driver: str) -> None:
    profile = settings(max_examples=settings().max_examples // 2, stateful_step_count=30)
    machine = type("Machine", (UsageMachine,), {"make": staticmethod(USAGES[driver])})
    run_state_machine_as_test(machine, settings=profile)
