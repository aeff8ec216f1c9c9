"""The management API gives nobody more than a rule does."""

from collections.abc import Iterator

import pytest

from tests.wire.harness.guarded import RULES, Guarded, refused
from tests.wire.harness.in_process import LoopThread

HISTORY = ("GET", "/api/v1/tags/{}/v1/history")
RESTORE = ("POST", "/api/v1/tags/{}/v1/restore")
REMOVAL = ("DELETE", "/api/v1/repositories/{}")
EVERYTHING = [HISTORY, RESTORE, REMOVAL]
ADMIN = {"who": ["user:carol"], "may": ["admin"], "repositories": ["shared/**"]}
DENIED = (403, "DENIED")


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory, loop: LoopThread) -> Iterator[Guarded]:
    changes = {"access": {"enabled": True, "rules": [*RULES, ADMIN]}}
    guarded = Guarded(loop, tmp_path_factory.mktemp("managed"), changes)
    for name in ("secret/app", "shared/app", "shared/doomed", "public/app"):
        guarded.push("alice", name)
    yield guarded
    guarded.close()


@pytest.mark.parametrize(("method", "path"), EVERYTHING)
@pytest.mark.parametrize(("user", "name"), [("bob", "secret/app"), ("carol", "secret/app")])
def test_who_has_no_right_is_denied_everything(
    registry: Guarded, user: str, name: str, method: str, path: str
) -> None:
    assert refused(registry.ask(user, method, path.format(name))) == DENIED


@pytest.mark.parametrize(("method", "path"), EVERYTHING)
def test_a_stranger_is_asked_who_it_is_even_where_everybody_may_pull(
    registry: Guarded, method: str, path: str
) -> None:
    for name in ("public/app", "secret/app", "no/where"):
        reply = registry.ask("", method, path.format(name))
        assert refused(reply) == (401, "UNAUTHORIZED")
        assert reply.header("WWW-Authenticate") is not None


@pytest.mark.parametrize(("method", "path"), EVERYTHING)
def test_what_is_forbidden_looks_like_what_is_not_there(
    registry: Guarded, method: str, path: str
) -> None:
    there = registry.ask("carol", method, path.format("secret/app"))
    nowhere = registry.ask("carol", method, path.format("secret/nope"))
    assert there.body.replace(b"secret/app", b"") == nowhere.body.replace(b"secret/nope", b"")


@pytest.mark.parametrize(("method", "path"), EVERYTHING)
def test_who_only_reads_sees_no_history_and_changes_nothing(
    registry: Guarded, method: str, path: str
) -> None:
    assert refused(registry.ask("bob", method, path.format("shared/app"))) == DENIED


def test_who_pushes_sees_the_history_with_names(registry: Guarded) -> None:
    reply = registry.ask("alice", HISTORY[0], HISTORY[1].format("shared/app"))
    assert [change["by"] for change in reply.json()["changes"]] == ["alice"]


def test_who_may_delete_everything_in_it_may_not_delete_the_repository(registry: Guarded) -> None:
    method, path = REMOVAL
    assert refused(registry.ask("alice", method, path.format("shared/doomed"))) == DENIED
    assert registry.ask("carol", method, path.format("shared/doomed")).status == 202


def test_nothing_is_read_from_those_who_may_not(registry: Guarded) -> None:
    method, path = RESTORE
    assert refused(registry.ask("bob", method, path.format("shared/app"), b"{")) == DENIED
    assert registry.ask("alice", method, path.format("shared/app"), b"{").status == 400
