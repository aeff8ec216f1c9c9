"""Applying rules to a real database, while others push and processes die."""

import asyncio
from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from entrepot.drivers.sql.dated_tags import SqlDatedTags
from entrepot.drivers.sql.jobs import SqlJobLedger
from entrepot.drivers.sql.pulls import SqlPullGatherers
from entrepot.oci.accessory import fallback_tag
from entrepot.oci.name import RepositoryName
from entrepot.oci.reference import Tag
from entrepot.oci.repository_glob import RepositoryGlobs
from entrepot.oci.tag_glob import TagGlob
from entrepot.operations import retention_job
from entrepot.operations.retention_job import apply_rules, tell_verdicts
from entrepot.operations.scheduled import Once
from entrepot.ports.access import ANONYMOUS, Caller, Kind, OpenAccess
from entrepot.ports.metadata import NewManifest, Transaction
from entrepot.ports.removal import DatedTag, DatedTags
from entrepot.services.image_removal import ImageRemoval
from entrepot.services.immutable import ImmutableRule, ImmutableTags
from entrepot.services.retention import CompletePulls, Counts, Retention, RetentionRule
from tests.contract.pushing import APP, OTHER, push, some_image, some_index
from tests.unit.services.registry import Registry, with_registry
from tests.waiting import PATIENCE

CALLER = Caller("retention", Kind.ROBOT)
EVERY_TAG = (TagGlob.parse("*"),)
IMAGES = [some_image(f"layer {number}") for number in range(40)]


def keep_last(number: int, *repositories: str, untag_only: bool = False) -> RetentionRule:
    globs = RepositoryGlobs.parse(repositories or ["**"])
    return RetentionRule("few", globs, EVERY_TAG, last=number, untag_only=untag_only)


def retention_of(
    registry: Registry,
    *rules: RetentionRule,
    immutable: Iterable[ImmutableRule] = (),
    dated: DatedTags | None = None,
    patience: float = PATIENCE,
) -> Retention:
    tags = ImmutableTags(list(immutable))
    removal = ImageRemoval(registry.metadata, OpenAccess(), registry.clock, tags)
    dated = dated or SqlDatedTags(registry.metadata.database)
    gatherers = SqlPullGatherers(registry.sessions.database)
    pulls = CompletePulls(gatherers, registry.clock, dead_after=0.0, patience=patience)
    return Retention(registry.metadata, dated, removal, tags, registry.clock, rules, CALLER, pulls)


async def fill(registry: Registry, number: int, name: RepositoryName = APP) -> None:
    """Push images 0, 1, … under t00, t01, …, one a second."""
    for place in range(number):
        await tag(registry, f"t{place:02}", IMAGES[place], name)


async def tag(
    registry: Registry, text: str, image: NewManifest, name: RepositoryName = APP
) -> None:
    registry.clock.forward(1)
    now = registry.clock.now()

    async def change(transaction: Transaction) -> None:
        repository = await transaction.repository(name, now)
        number = await transaction.keep_manifest(repository, image)
        await transaction.move_tag(repository, Tag(text), number, ANONYMOUS, now)

    await registry.metadata.change(change)


async def tags_of(registry: Registry, name: RepositoryName = APP) -> list[str]:
    return await registry.metadata.tags(name, "", 1000)


def test_tags_go_with_their_manifests_and_the_newest_stay() -> None:
    async def work(registry: Registry) -> None:
        await fill(registry, 35)
        await fill(registry, 3, OTHER)
        counts = await retention_of(registry, keep_last(3, "team/app")).run()
        assert await tags_of(registry) == ["t32", "t33", "t34"]
        assert await tags_of(registry, OTHER) == ["t00", "t01", "t02"]
        assert str(counts) == "1 repository, 3 tags kept, 32 removed with 32 manifests"
        assert await registry.metadata.manifest_by_digest(APP, IMAGES[0].digest) is None
        assert await registry.metadata.manifest_by_digest(APP, IMAGES[34].digest) is not None

    with_registry(work)


def test_a_rule_may_leave_manifests_without_a_tag() -> None:
    async def work(registry: Registry) -> None:
        await fill(registry, 3)
        counts = await retention_of(registry, keep_last(1, untag_only=True)).run()
        assert (counts.removed, counts.manifests) == (2, 0)
        assert await registry.metadata.manifest_by_digest(APP, IMAGES[0].digest) is not None

    with_registry(work)


def test_children_that_another_index_holds_stay() -> None:
    async def work(registry: Registry) -> None:
        old, new = some_index(IMAGES[0], IMAGES[1]), some_index(IMAGES[1], IMAGES[2])
        await push(registry.metadata, APP, *IMAGES[:3])
        await tag(registry, "old", old)
        await tag(registry, "new", new)
        counts = await retention_of(registry, keep_last(1)).run()
        assert counts.manifests == 2
        found = [
            await registry.metadata.manifest_by_digest(APP, one.digest) is not None
            for one in (*IMAGES[:3], old, new)
        ]
        assert found == [False, True, True, False, True]

    with_registry(work)


def test_immutable_tags_stay_and_the_dry_run_says_so() -> None:
    async def work(registry: Registry) -> None:
        await fill(registry, 5)
        rule = ImmutableRule(RepositoryGlobs.parse(["**"]), (TagGlob.parse("t01"),))
        retention = retention_of(registry, keep_last(1), immutable=[rule])
        said = {one.dated.tag: one async for one in retention.verdicts(APP)}
        assert [tag for tag, verdict in said.items() if verdict.keeps] == ["t01", "t04"]
        assert [str(reason) for reason in said[Tag("t01")].reasons] == [
            "immutable",
            "few: not among the 1 pushed last",
        ]
        await retention.run()
        assert await tags_of(registry) == ["t01", "t04"]

    with_registry(work)


@settings(max_examples=20)
@given(
    st.lists(st.tuples(st.integers(0, 9), st.integers(0, 5)), max_size=25),
    st.lists(st.integers(1, 4), min_size=1, max_size=3),
)
def test_a_dry_run_says_what_a_run_does_and_a_second_run_does_nothing(
    pushes: list[tuple[int, int]], numbers: list[int]
) -> None:
    async def work(registry: Registry) -> None:
        for place, image in pushes:
            await tag(registry, f"t{place}", IMAGES[image])
        rules = [keep_last(number) for number in numbers]
        retention = retention_of(registry, *rules)
        before = await tags_of(registry)
        stays = [one.dated.tag async for one in retention.verdicts(APP) if one.keeps]
        assert await tags_of(registry) == before
        counts = await retention.run()
        assert await tags_of(registry) == stays
        assert len(stays) == min(len(before), max(numbers))
        assert counts.removed == len(before) - len(stays)
        again = await retention.run()
        assert (again.removed, again.manifests, again.kept) == (0, 0, len(stays))

    with_registry(work)


class Interfering(SqlDatedTags):
    """Lets somebody do something between seeing the tags and judging them."""

    def __init__(self, registry: Registry, *actions: tuple[str, NewManifest]) -> None:
        super().__init__(registry.metadata.database)
        self._registry = registry
        self._actions = list(actions)
        self._empty = 0

    async def dated_tags(self, name: RepositoryName, after: str, limit: int) -> list[DatedTag]:
        page = await super().dated_tags(name, after, limit)
        if not page or not self._empty:
            self._empty += 1
            if self._empty > 1:
                while self._actions:
                    await tag(self._registry, *self._actions.pop())
        return page


@pytest.mark.parametrize("pushed", [("t00", IMAGES[30]), ("new", IMAGES[31]), ("t00", IMAGES[0])])
def test_what_is_pushed_while_tags_are_judged_stays(pushed: tuple[str, NewManifest]) -> None:
    async def work(registry: Registry) -> None:
        await fill(registry, 5)
        await retention_of(registry, keep_last(2), dated=Interfering(registry, pushed)).run()
        left = await tags_of(registry)
        assert set(left) >= {pushed[0], "t04"}
        assert await registry.metadata.manifest_by_digest(APP, pushed[1].digest) is not None

    with_registry(work)


def test_a_run_that_is_killed_is_gone_on_with_where_it_was(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(retention_job, "_SECONDS_A_NOTE", 0.0)

    async def work(registry: Registry) -> None:
        names = [RepositoryName(f"team/r{number}") for number in range(4)]
        for name in names:
            await fill(registry, 3, name)
        ledger = SqlJobLedger(registry.metadata.database)
        retention = retention_of(registry, keep_last(1))
        begun = asyncio.Event()
        apply, seen = retention.apply, []

        async def slow(name: RepositoryName) -> object:
            seen.append(name)
            if len(seen) == 3:
                begun.set()
                await asyncio.Event().wait()
            return await apply(name)

        monkeypatch.setattr(retention, "apply", slow)
        once = Once(ledger, registry.clock, "retention", lambda turn: apply_rules(retention, turn))
        first = asyncio.create_task(once.run())
        await begun.wait()
        first.cancel()
        await asyncio.wait([first])
        assert [len(await tags_of(registry, name)) for name in names] == [1, 1, 3, 3]
        outcome = await once.run()
        assert seen == [*names[:3], *names[2:]]
        assert outcome == "2 repositories, 2 tags kept, 4 removed with 4 manifests"
        assert [len(await tags_of(registry, name)) for name in names] == [1, 1, 1, 1]

    with_registry(work)


def test_a_dry_run_on_a_schedule_only_tells(caplog: pytest.LogCaptureFixture) -> None:
    async def work(registry: Registry) -> None:
        await fill(registry, 3)
        ledger = SqlJobLedger(registry.metadata.database)
        retention = retention_of(registry, keep_last(1))
        once = Once(
            ledger, registry.clock, "retention", lambda turn: tell_verdicts(retention, turn)
        )
        with caplog.at_level("INFO"):
            outcome = await once.run()
        assert outcome == "dry run: 1 repository, 1 tag kept, 2 removed with 0 manifests"
        assert "team/app:t00 would be removed: few: not among the 1 pushed last" in caplog.messages
        assert await tags_of(registry) == ["t00", "t01", "t02"]

    with_registry(work)


def test_the_history_says_that_a_rule_took_the_tag() -> None:
    async def work(registry: Registry) -> None:
        await fill(registry, 2)
        await retention_of(registry, keep_last(1)).run()

        async def change(transaction: Transaction) -> list[str]:
            repository = await transaction.repository(APP, 1)
            changes = await transaction.tag_changes(repository, Tag("t00"), 9)
            return [change.caller for change in changes]

        assert await registry.metadata.change(change) == ["retention", ""]

    with_registry(work)


def test_signatures_are_not_counted_and_stay_with_the_kept_images() -> None:
    """Each image is signed and attested after it was pushed, as cosign does."""

    async def work(registry: Registry) -> None:
        signed = []
        for number in range(3):
            await tag(registry, f"v{number}.0.0", IMAGES[number])
            for suffix in ("sig", "att"):
                accessory = f"{fallback_tag(IMAGES[number].digest)}.{suffix}"
                await tag(registry, accessory, some_image(f"{suffix} of {number}"))
                signed.append(accessory)
        versions = RetentionRule("newest", RepositoryGlobs.parse(["**"]), EVERY_TAG, versions=2)
        for rule in (keep_last(2), versions):
            retention = retention_of(registry, rule)
            counts = Counts()
            said = {one.dated.tag: one async for one in retention.verdicts(APP)}
            for verdict in said.values():
                counts.see(verdict)
            assert (counts.kept, counts.removed) == (2, 1)
            assert [tag for tag, verdict in said.items() if not verdict.keeps] == ["v0.0.0"]
            assert str(said[Tag(signed[0])].reasons[0]) == (
                f"belongs to {IMAGES[0].digest}: kept or removed with it"
            )
        counts = await retention_of(registry, keep_last(2)).run()
        assert (counts.kept, counts.removed, counts.manifests) == (2, 1, 1)
        # Those of the dropped image are the collector's.
        assert await tags_of(registry) == sorted([*signed, "v1.0.0", "v2.0.0"])

    with_registry(work)
