"""Random pushes and deletions, against what a few dictionaries say must be there."""

import asyncio
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from entrepot.oci.digest import Digest
from entrepot.oci.manifest import Role
from entrepot.oci.name import RepositoryName
from entrepot.oci.reference import Tag
from entrepot.ports.metadata import Metadata, NewManifest, StoredBlob, Transaction
from tests.contract.databases import METADATA, MetadataDatabase
from tests.contract.histories import TagLine, history_of
from tests.contract.pushing import CALLER, about, some_blob, some_image, some_index, stored

NAMES = [RepositoryName(name) for name in ("a", "a-b", "a/b", "b")]
TAGS = [Tag(tag) for tag in ("1", "Latest", "_", "latest")]
BLOBS = [some_blob(content) for content in ("", "x", "yy", "zzz")]
IMAGES = [some_image("x"), some_image("yy", "x"), some_image(config="x")]
ABOUT = [
    some_image("zzz", artifactType=f"a/{kind}", subject=about(IMAGES[0]))
    for kind in ("s", "t", "t2")
]
MANIFESTS = [*IMAGES, *ABOUT, some_index(*IMAGES), some_index(subject=about(IMAGES[1]))]

names, tags, blobs = st.sampled_from(NAMES), st.sampled_from(TAGS), st.sampled_from(BLOBS)
manifests = st.sampled_from(MANIFESTS)


@dataclass
class Repository:
    """What the model knows of a repository."""

    blobs: set[Digest] = field(default_factory=set)
    manifests: dict[Digest, NewManifest] = field(default_factory=dict)
    tags: dict[Tag, Digest] = field(default_factory=dict)
    history: dict[Tag, list[TagLine]] = field(default_factory=dict)

    def note(self, tag: Tag, new: Digest | None, now: int) -> None:
        if self.tags.get(tag) != new:
            change = TagLine(self.tags.get(tag), new, CALLER.name, now)
            self.history.setdefault(tag, []).append(change)

    def users(self, blob: Digest) -> set[Digest]:
        return {
            digest
            for digest, manifest in self.manifests.items()
            if any(
                edge.descriptor.digest == blob and edge.role is not Role.SUBJECT
                for edge in manifest.manifest.edges
            )
        }


class MetadataMachine(RuleBasedStateMachine):
    make: ClassVar[Callable[[Path], MetadataDatabase]]

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory(dir="/dev/shm")
        self.runner = asyncio.Runner()
        self.database = type(self).make(Path(self.folder.name))
        self.instances = [self.database.open(), self.database.open()]
        self.now = 0
        self.repositories: dict[RepositoryName, Repository] = {}
        self.known: dict[Digest, StoredBlob] = {}

    @property
    def metadata(self) -> Metadata:
        return self.instances[self.now % 2]

    def change(self, function: Callable[[Transaction], Awaitable[Any]]) -> Any:
        """Change through the two instances in turn, as through two workers."""
        self.now += 1
        return self.runner.run(self.metadata.change(function))

    @rule(name=names, blob=blobs)
    def push_blob(self, name: RepositoryName, blob: StoredBlob) -> None:
        async def function(transaction: Transaction) -> StoredBlob:
            repository = await transaction.repository(name, self.now)
            kept = await transaction.keep_blob(blob, self.now)
            assert await transaction.link_blob(repository, blob.digest, self.now)
            return kept

        assert self.change(function) == self.known.setdefault(blob.digest, blob)
        self.repositories.setdefault(name, Repository()).blobs.add(blob.digest)

    @rule(name=names, blob=blobs)
    def mount_blob(self, name: RepositoryName, blob: StoredBlob) -> None:
        async def function(transaction: Transaction) -> bool:
            repository = await transaction.repository(name, self.now)
            return await transaction.link_blob(repository, blob.digest, self.now)

        known = blob.digest in self.known
        assert self.change(function) is known
        repository = self.repositories.setdefault(name, Repository())
        if known:
            repository.blobs.add(blob.digest)

    @rule(name=names, blob=blobs)
    def unlink_blob(self, name: RepositoryName, blob: StoredBlob) -> None:
        async def function(transaction: Transaction) -> bool:
            repository = await transaction.find_repository(name)
            if repository is None:
                return False
            return await transaction.unlink_blob(repository, blob.digest)

        had = blob.digest in self.repositories.get(name, Repository()).blobs
        assert self.change(function) is had
        if had:
            self.repositories[name].blobs.remove(blob.digest)

    @rule(name=names, manifest=manifests, moved=st.lists(tags, max_size=3), fail=st.booleans())
    def push_manifest(
        self, name: RepositoryName, manifest: NewManifest, moved: list[Tag], fail: bool
    ) -> None:
        async def function(transaction: Transaction) -> None:
            repository = await transaction.repository(name, self.now)
            number = await transaction.keep_manifest(repository, manifest)
            for tag in moved:
                await transaction.move_tag(repository, tag, number, CALLER, self.now)
            if fail:
                raise ConnectionError

        if fail:
            with pytest.raises(ConnectionError):
                self.change(function)
            return
        self.change(function)
        repository = self.repositories.setdefault(name, Repository())
        repository.manifests[manifest.digest] = manifest
        for tag in moved:
            repository.note(tag, manifest.digest, self.now)
            repository.tags[tag] = manifest.digest

    @rule(name=names, manifest=manifests, fail=st.booleans())
    def delete_manifest(self, name: RepositoryName, manifest: NewManifest, fail: bool) -> None:
        async def function(transaction: Transaction) -> list[str] | None:
            repository = await transaction.repository(name, self.now)
            gone = await transaction.delete_manifest(repository, manifest.digest, CALLER, self.now)
            if fail:
                raise ConnectionError
            return gone

        if fail:
            with pytest.raises(ConnectionError):
                self.change(function)
            return
        found = self.change(function)
        repository = self.repositories.setdefault(name, Repository())
        if repository.manifests.pop(manifest.digest, None) is None:
            assert found is None
            return
        gone = [tag for tag, digest in repository.tags.items() if digest == manifest.digest]
        assert sorted(found) == sorted(gone)
        for tag in gone:
            repository.note(tag, None, self.now)
            del repository.tags[tag]

    @rule(name=names, tag=tags)
    def delete_tag(self, name: RepositoryName, tag: Tag) -> None:
        async def function(transaction: Transaction) -> bool:
            repository = await transaction.repository(name, self.now)
            return await transaction.delete_tag(repository, tag, CALLER, self.now) is not None

        found = self.change(function)
        repository = self.repositories.setdefault(name, Repository())
        assert found is (tag in repository.tags)
        if found:
            repository.note(tag, None, self.now)
            del repository.tags[tag]

    @rule()
    def another_process_takes_over(self) -> None:
        self.instances[0] = self.database.open()

    @rule(name=names)
    def every_tag_has_its_history(self, name: RepositoryName) -> None:
        history = self.repositories.get(name, Repository()).history
        for tag in TAGS:
            assert self.runner.run(history_of(self.database, name, tag)) == history.get(tag, [])

    @rule(name=names)
    def sizes_and_users_are_told_as_they_are(self, name: RepositoryName) -> None:
        model = self.repositories.get(name, Repository())

        async def function(transaction: Transaction) -> tuple[Any, ...]:
            repository = await transaction.find_repository(name)
            if repository is None:
                return {}, {}, [set() for _ in BLOBS]
            return (
                await transaction.blob_sizes(repository, [blob.digest for blob in BLOBS]),
                await transaction.manifest_sizes(repository, [row.digest for row in MANIFESTS]),
                [set(await transaction.blob_users(repository, b.digest, 99)) for b in BLOBS],
            )

        blob_sizes, manifest_sizes, users = self.change(function)
        assert blob_sizes == {
            blob.digest: blob.size for blob in BLOBS if blob.digest in model.blobs
        }
        assert manifest_sizes == {
            digest: len(manifest.payload) for digest, manifest in model.manifests.items()
        }
        assert users == [model.users(blob.digest) for blob in BLOBS]

    @invariant()
    def everybody_reads_what_the_model_has(self) -> None:
        for metadata in self.instances:
            self.runner.run(self.compare(metadata))

    async def compare(self, metadata: Metadata) -> None:
        listed = await metadata.repositories("", 99)
        assert listed == [
            n for n in NAMES if n in self.repositories and self.repositories[n].manifests
        ]
        for blob in BLOBS:
            found = await metadata.repositories_with_blob(blob.digest, 0, 99)
            expected = {n for n, r in self.repositories.items() if blob.digest in r.blobs}
            assert len(found) == len(expected)
            assert {name for _, name in found} == expected
        for name in NAMES:
            assert await metadata.repository_exists(name) is (name in self.repositories)
            await self.compare_repository(metadata, name)

    async def compare_repository(self, metadata: Metadata, name: RepositoryName) -> None:
        model = self.repositories.get(name, Repository())
        assert await metadata.tags(name, "", 99) == sorted(model.tags)
        for tag in TAGS:
            target = model.manifests[model.tags[tag]] if tag in model.tags else None
            assert await metadata.manifest_by_tag(name, tag) == (target and stored(target))
        for manifest in MANIFESTS:
            kept = stored(manifest) if manifest.digest in model.manifests else None
            assert await metadata.manifest_by_digest(name, manifest.digest) == kept
            await self.compare_referrers(metadata, name, manifest.digest)
        for blob in BLOBS:
            has = blob if blob.digest in model.blobs else None
            assert await metadata.blob(name, blob.digest) == has

    async def compare_referrers(
        self, metadata: Metadata, name: RepositoryName, subject: Digest
    ) -> None:
        model = self.repositories.get(name, Repository())
        for kind in (None, "a/t"):
            rows = await metadata.referrers(name, subject, kind, "", 99)
            assert [row.digest for row in rows] == sorted(
                digest
                for digest, manifest in model.manifests.items()
                if manifest.manifest.subject is not None
                and manifest.manifest.subject.digest == subject
                and (kind is None or manifest.manifest.artifact_type == kind)
            )

    def teardown(self) -> None:
        self.database.close()
        self.runner.close()
        self.folder.cleanup()


@pytest.mark.parametrize("driver", METADATA)
def test_metadata_is_as_the_model_says(driver: str) -> None:
    profile = settings(max_examples=settings().max_examples // 2, stateful_step_count=30)
    machine = type("Machine", (MetadataMachine,), {"make": staticmethod(METADATA[driver])})
    run_state_machine_as_test(machine, settings=profile)
