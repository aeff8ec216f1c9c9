"""Each change that somebody makes is recorded once, and what changes nothing is not."""

import asyncio
import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from entrepot.errors import ImmutableTag, NameTaken, UnknownAccount
from entrepot.oci.digest import Digest
from entrepot.oci.name import RepositoryName
from entrepot.oci.reference import Tag
from entrepot.oci.repository_glob import RepositoryGlobs
from entrepot.oci.tag_glob import TagGlob
from entrepot.ports.access import RETENTION, Action, Caller, Kind, OpenAccess
from entrepot.ports.accounts import StoredRule
from entrepot.services.delete import Delete
from entrepot.services.image_removal import Candidate, ImageRemoval
from entrepot.services.immutable import ImmutableRule, ImmutableTags
from tests.model.place import UNTAGGED, Place
from tests.unit.services.access.stage import Stage, grant, stage
from tests.unit.services.collection.places import at_a_place, push
from tests.wire.harness.contents import CONFIG, Content, image

CAROL = Caller("carol", Kind.USER)
RULE = StoredRule(name="all", who=("user:alice",), may=(Action.PULL,), repositories=("**",))
ONE, TWO = Content(b"one"), Content(b"two")
FIRST, SECOND = image(ONE, config=CONFIG), image(TWO, config=CONFIG)


def told(database: Path, after: int = 0) -> list[tuple[str, ...]]:
    """What was recorded, but for the first few: what, who, where, of what."""
    with closing(sqlite3.connect(database)) as connection:
        rows = connection.execute(
            "SELECT kind, caller, repository, reference, digest FROM events ORDER BY number"
        ).fetchall()
    return rows[after:]


def test_a_push_tells_the_repository_the_blobs_the_manifest_and_the_tag() -> None:
    async def work(place: Place) -> None:
        await push(place, "a", FIRST, ONE, tag="1")
        assert told(place.path) == [
            ("repository.created", "", "a", "", ""),
            ("blob.pushed", "", "a", "", CONFIG.digest),
            ("blob.pushed", "", "a", "", ONE.digest),
            ("manifest.pushed", "", "a", "", FIRST.digest),
            ("tag.created", "", "a", "1", FIRST.digest),
        ]
        await push(place, "a", SECOND, TWO, tag="1")
        await place.push_manifest("a", SECOND, "1")  # the tag stays where it is
        assert told(place.path, 5) == [
            ("blob.pushed", "", "a", "", CONFIG.digest),
            ("blob.pushed", "", "a", "", TWO.digest),
            ("manifest.pushed", "", "a", "", SECOND.digest),
            ("tag.moved", "", "a", "1", SECOND.digest),
            ("manifest.pushed", "", "a", "", SECOND.digest),
        ]

    at_a_place(work)


def test_a_mount_tells_both_repositories_and_a_second_one_nothing() -> None:
    async def work(place: Place) -> None:
        await place.push_blob("a", ONE)
        assert await place.mount("b", ONE, "a")
        assert await place.mount("b", ONE, "a")
        assert told(place.path, 2) == [
            ("repository.created", "", "b", "", ""),
            ("blob.mounted", "", "b", "", ONE.digest),
        ]

    at_a_place(work)


def test_what_is_told_of_blobs_has_their_size_and_costs_no_commit_of_its_own() -> None:
    async def work(place: Place) -> None:
        await place.push_blob("a", TWO)
        commits = len(place.writes)
        await place.push_blob("a", ONE)
        assert len(place.writes) == commits + 1
        await place.mount("b", ONE, "a")
        await place.delete_blob("b", ONE)
        with closing(sqlite3.connect(place.path)) as connection:
            rows = connection.execute(
                "SELECT kind, details FROM events WHERE digest = ? ORDER BY number", (ONE.digest,)
            ).fetchall()
        assert [(kind, json.loads(details)) for kind, details in rows] == [
            ("blob.pushed", {"size": 3}),
            ("blob.mounted", {"size": 3, "source": "a"}),
            ("blob.deleted", {"size": 3}),
        ]

    at_a_place(work)


def test_deleting_tells_everything_that_went() -> None:
    async def work(place: Place) -> None:
        await push(place, "a", FIRST, ONE, tag="1")
        await place.delete("a", "1")
        await place.delete("a", "1")
        await place.push_manifest("a", FIRST, "2", "3")
        before = len(told(place.path))
        await place.delete("a", FIRST.digest)
        await place.delete_blob("a", ONE)
        await place.delete_blob("a", ONE)
        assert told(place.path)[5] == ("tag.deleted", "", "a", "1", FIRST.digest)
        assert told(place.path, before) == [
            ("tag.deleted", "", "a", "2", FIRST.digest),
            ("tag.deleted", "", "a", "3", FIRST.digest),
            ("manifest.deleted", "", "a", "", FIRST.digest),
            ("blob.deleted", "", "a", "", ONE.digest),
        ]

    at_a_place(work)


def test_what_was_refused_is_not_told() -> None:
    async def work(place: Place) -> None:
        await push(place, "a", FIRST, ONE, tag="1")
        before = len(told(place.path))
        rule = ImmutableRule(RepositoryGlobs.parse(["**"]), (TagGlob.parse("*"),), frozenset())
        deletes = Delete(
            place.database, OpenAccess(), place.clock, ImmutableTags((rule,)), enabled=True
        )
        with pytest.raises(ImmutableTag):
            await deletes.manifest(RETENTION, RepositoryName("a"), Digest(FIRST.digest))
        assert told(place.path, before) == []

    at_a_place(work)


def test_a_rule_that_removes_images_is_named() -> None:
    async def work(place: Place) -> None:
        await push(place, "a", FIRST, ONE, tag="1")
        before = len(told(place.path))
        chosen = Candidate(RepositoryName("a"), Tag("1"), Digest(FIRST.digest), place.clock.now())
        removal = ImageRemoval(place.database, OpenAccess(), place.clock, ImmutableTags())
        await removal.remove(RETENTION, [chosen])
        assert told(place.path, before) == [
            ("tag.deleted", "retention", "a", "1", FIRST.digest),
            ("manifest.deleted", "retention", "a", "", FIRST.digest),
        ]

    at_a_place(work)


def test_a_deleted_repository_is_told_once() -> None:
    async def work(place: Place) -> None:
        await push(place, "a", FIRST, ONE, tag="1")
        before = len(told(place.path))
        await place.deletes.repository(RETENTION, RepositoryName("a"))
        assert told(place.path, before) == [("repository.deleted", "retention", "a", "", "")]

    at_a_place(work)


def test_changes_of_accounts_are_told_with_whoever_makes_them() -> None:
    async def work(opened: Stage) -> None:
        await opened.users.add(CAROL, "alice", "a long password of the tests")
        with pytest.raises(NameTaken):
            await opened.users.add(CAROL, "alice", "a long password of the tests")
        await opened.users.set_disabled(CAROL, "alice", True)
        await opened.users.reset(CAROL, "alice", "another password of the tests")
        await opened.robots.add(CAROL, "ci", owner="alice")
        await opened.tokens.add(CAROL, "alice", "laptop")
        await opened.tokens.rotate(CAROL, "alice", "laptop", 0)
        await opened.tokens.remove(CAROL, "alice", "laptop")
        with pytest.raises(UnknownAccount):
            await opened.tokens.remove(CAROL, "alice", "laptop")
        await opened.groups.add(CAROL, "team", ["alice"])
        await opened.groups.leave(CAROL, "team", ["alice"])
        await opened.groups.remove(CAROL, "team")
        await opened.rules.add(CAROL, RULE)
        await opened.rules.remove(CAROL, "all")
        await opened.robots.remove(CAROL, "ci")
        await opened.users.remove(CAROL, "alice")
        assert [(kind, who, name) for kind, who, _, name, _ in told(opened.path)] == [
            ("account.created", "carol", "alice"),
            ("account.changed", "carol", "alice"),
            ("account.changed", "carol", "alice"),
            ("account.created", "carol", "ci"),
            ("token.created", "carol", "alice"),
            ("token.rotated", "carol", "alice"),
            ("token.deleted", "carol", "alice"),
            ("group.created", "carol", "team"),
            ("group.changed", "carol", "team"),
            ("group.deleted", "carol", "team"),
            ("rule.created", "carol", "all"),
            ("rule.deleted", "carol", "all"),
            ("account.deleted", "carol", "ci"),
            ("account.deleted", "carol", "alice"),
        ]

    with stage() as opened:
        asyncio.run(work(opened))
        with closing(sqlite3.connect(opened.path)) as connection:
            recorded = "".join(map(str, connection.execute("SELECT * FROM events")))
    assert "password of the tests" not in recorded
    assert "argon2" not in recorded


def test_what_is_granted_is_told_without_the_secret() -> None:
    async def work(opened: Stage) -> None:
        granted = [grant("push pull", "team/** !team/x")]
        robot = await opened.robots.add(CAROL, "ci", grants=granted, expires_at=2**51)
        token = await opened.tokens.add(CAROL, "ci", "extra", limits=granted)
        again = await opened.tokens.rotate(CAROL, "ci", "extra", 0)
        with closing(sqlite3.connect(opened.path)) as connection:
            query = "SELECT caller_kind, caller, details FROM events ORDER BY number"
            rows = list(connection.execute(query))
        assert {row[:2] for row in rows} == {("user", "carol")}
        made, issued, rotated = (json.loads(row[2]) for row in rows)
        assert (made["grants"], made["expires_at"]) == ("pull,push:team/**,!team/x", 2**51)
        assert (issued["limits"], issued["id"]) == ("pull,push:team/**,!team/x", token.public_id)
        assert (rotated["id"], rotated["old_until"]) == (token.public_id, opened.clock.now())
        for secret in (robot.text, token.text, again.text):
            assert secret.rpartition("_")[2] not in str(rows)

    with stage() as opened:
        asyncio.run(work(opened))


def test_what_the_collector_removes_is_told_as_the_registrys_own_work() -> None:
    async def work(place: Place) -> None:
        await push(place, "a", FIRST, ONE, tag="1")
        await place.delete("a", "1")
        before = len(told(place.path))
        await place.settle()
        assert told(place.path, before) == [("manifest.deleted", "", "a", "", FIRST.digest)]
        with closing(sqlite3.connect(place.path)) as connection:
            (kind,) = connection.execute(
                "SELECT caller_kind FROM events WHERE kind = 'manifest.deleted'"
            ).fetchone()
        assert kind == "system"

    at_a_place(work, UNTAGGED)
