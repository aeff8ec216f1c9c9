"""Tokens say who somebody is and what was asked for, never more than the rules allow."""

from pathlib import Path

import pytest

from entrepot.assembly.tokens import token_server
from entrepot.config.token_auth import TokenServerSettings
from entrepot.errors import InvalidRequest, Unauthenticated
from entrepot.ports.access import OPERATOR, Action, BasicCredentials, Grant, Kind
from entrepot.services.token_server.security_stamps import AnyStamps
from entrepot.services.token_server.server import TokenRequest
from tests.unit.services.token_server.harness import PASSWORD, Node, read, run
from tests.unit.services.tokens.forge import NOW


def test_a_token_says_what_docker_expects(tmp_path: Path) -> None:
    async def work(node: Node) -> None:
        issued = await node.token("repository:team/app:pull,push")
        assert (issued.account, issued.expires_in, issued.issued_at) == ("alice", 300, NOW)
        claims = read(issued.token)
        assert claims.pop("jti")
        assert claims.pop("mark")
        assert claims == {
            "iss": "entrepot",
            "sub": "alice",
            "aud": "entrepot",
            "iat": NOW,
            "nbf": NOW,
            "exp": NOW + 300,
            "kind": "user",
            "access": [{"type": "repository", "name": "team/app", "actions": ["pull", "push"]}],
        }

    run(tmp_path, work)


@pytest.mark.parametrize(
    ("name", "asked", "given"),
    [
        ("bob", "repository:team/app:pull,push", "repository:team/app:pull"),
        ("bob", "repository:team/app:*", "repository:team/app:pull"),
        ("bob", "repository:team/other:pull", ""),
        ("bob", "repository:team/other:pull repository:team/app:pull", "repository:team/app:pull"),
        ("alice", "repository:team/app:*", "repository:team/app:pull,push"),
        ("alice", "repository:other:pull", ""),
        ("alice", "repository:public/x:pull,push", "repository:public/x:pull"),
        ("", "repository:public/x:pull,push", "repository:public/x:pull"),
        ("", "repository:team/app:pull", ""),
        ("", "", ""),
        ("alice", "", ""),
    ],
)
def test_scopes_are_cut_down_to_what_the_rules_allow(
    tmp_path: Path, name: str, asked: str, given: str
) -> None:
    async def work(node: Node) -> None:
        issued = await node.token(asked, name)
        assert " ".join(str(scope) for scope in issued.scopes) == given
        access = read(issued.token)["access"]
        assert [f"{one['type']}:{one['name']}:{','.join(one['actions'])}" for one in access] == (
            given.split()
        )

    run(tmp_path, work)


def test_a_token_comes_back_as_its_account_bound_to_its_scopes(tmp_path: Path) -> None:
    async def work(node: Node) -> None:
        token = (await node.token("repository:team/app:pull")).token
        caller = await node.caller(token)
        assert (caller.name, caller.kind) == ("alice", Kind.USER)
        assert (caller.delegated, caller.scoped) == (False, True)
        assert caller.limits == (Grant(frozenset({Action.PULL}), ("team/app",)),)
        assert await node.may(token, "pull", "team/app")
        assert not await node.may(token, "push", "team/app")
        assert not await node.may(token, "pull", "team/other")

    run(tmp_path, work)


def test_somebody_unknown_comes_back_unknown(tmp_path: Path) -> None:
    async def work(node: Node) -> None:
        caller = await node.caller((await node.token("repository:public/x:pull", "")).token)
        assert (caller.name, caller.kind) == ("", Kind.ANONYMOUS)

    run(tmp_path, work)


@pytest.mark.parametrize("offline", [False, True])
@pytest.mark.parametrize(
    ("name", "secret"), [("alice", "wrong"), ("alice", ""), ("nobody", PASSWORD), ("robot", "")]
)
def test_a_wrong_password_gets_no_token(
    tmp_path: Path, name: str, secret: str, offline: bool
) -> None:
    async def work(node: Node) -> None:
        with pytest.raises(Unauthenticated):
            await node.token("repository:public/x:pull", name, secret, offline=offline)

    run(tmp_path, work)


def test_who_was_disabled_a_moment_ago_gets_no_token(tmp_path: Path) -> None:
    """The password was right, and before the token is made the account is gone."""

    async def work(node: Node) -> None:
        nobody = AnyStamps(())
        settings = TokenServerSettings()
        server = token_server(
            settings, node.own, node.store, node.passwords, node.access, nobody, node.clock
        )
        request = TokenRequest(None, ())
        with pytest.raises(Unauthenticated):
            await server.for_password(BasicCredentials("alice", PASSWORD), request)

    run(tmp_path, work)


def test_a_narrow_personal_token_gets_no_wider_one(tmp_path: Path) -> None:
    async def work(node: Node) -> None:
        narrow = [Grant(frozenset({Action.PULL}), ("team/app",))]
        secret = (await node.tokens.add(OPERATOR, "alice", "ci", limits=narrow)).text
        issued = await node.token(
            "repository:team/app:pull,push repository:team/other:pull", "alice", secret
        )
        assert [str(scope) for scope in issued.scopes] == ["repository:team/app:pull"]
        assert not await node.may(issued.token, "push", "team/app")

    run(tmp_path, work)


@pytest.mark.parametrize("listed", [True, False])
def test_a_narrow_personal_token_lists_no_more_of_the_catalogue_by_another_token(
    tmp_path: Path, *, listed: bool
) -> None:
    async def work(node: Node) -> None:
        await node.rule("user:alice", "list", "team/**")
        actions = frozenset({Action.PULL, Action.LIST} if listed else {Action.PULL})
        narrow = [Grant(actions, ("team/*", "!team/other")), Grant(actions, ("{user}/**",))]
        secret = (await node.tokens.add(OPERATOR, "alice", "ci", limits=narrow)).text
        issued = (await node.token("registry:catalog:*", "alice", secret)).token
        assert await node.may(issued, "list", "team/app") is listed
        assert not await node.may(issued, "list", "team/other")
        assert not await node.may(issued, "list", "alice/app")  # no rule
        assert not await node.may(issued, "pull", "team/app")  # was not asked for
        whole = (await node.token("registry:catalog:*", "alice")).token
        assert await node.may(whole, "list", "team/other")

    run(tmp_path, work)


def test_a_robot_gets_tokens(tmp_path: Path) -> None:
    async def work(node: Node) -> None:
        secret = (await node.robots.add(OPERATOR, "ci")).text
        issued = await node.token("repository:ci/app:*", "ci", secret)
        assert [str(scope) for scope in issued.scopes] == ["repository:ci/app:pull,push,delete"]
        assert (await node.caller(issued.token)).kind is Kind.ROBOT

    run(tmp_path, work)


def test_the_catalogue_of_this_registry_shows_what_may_be_seen_so_anybody_may_ask(
    tmp_path: Path,
) -> None:
    async def work(node: Node) -> None:
        for name in ("alice", ""):
            issued = await node.token("registry:catalog:*", name)
            assert [str(scope) for scope in issued.scopes] == ["registry:catalog:*"]
            assert not await node.may(issued.token, "list", "team/app")
            assert not await node.may(issued.token, "pull", "team/app")
        elsewhere = await node.token("registry:catalog:*", service="elsewhere")
        assert elsewhere.scopes == ()

    run(tmp_path, work, services=("elsewhere",))


def test_tokens_are_made_for_the_services_that_are_listed(tmp_path: Path) -> None:
    async def work(node: Node) -> None:
        assert read((await node.token()).token)["aud"] == "registry"
        assert read((await node.token(service="registry")).token)["aud"] == "registry"
        other = (await node.token("repository:team/app:pull", service="elsewhere")).token
        assert read(other)["aud"] == "elsewhere"
        with pytest.raises(Unauthenticated, match="another service"):
            await node.caller(other)
        for asking in (node.token(service="third"), node.token(name="", service="third")):
            with pytest.raises(InvalidRequest):
                await asking

    run(tmp_path, work, service="registry", services=("elsewhere",))


def test_rules_are_asked_again_when_a_token_comes_back(tmp_path: Path) -> None:
    async def work(node: Node) -> None:
        token = (await node.token("repository:team/app:pull")).token
        assert await node.may(token, "pull", "team/app")
        await node.users.set_disabled(OPERATOR, "alice", disabled=True)
        with pytest.raises(Unauthenticated):
            await node.caller(token)

    run(tmp_path, work)


def test_a_token_ends_with_its_account(tmp_path: Path) -> None:
    """Disabled, with a new password, expired, removed, or removed and made again."""

    async def work(node: Node) -> None:
        async def ends_after(change: str) -> None:
            token = (await node.token("repository:team/app:pull")).token
            assert await node.may(token, "pull", "team/app")
            if change == "disable":
                await node.users.set_disabled(OPERATOR, "alice", disabled=True)
            elif change == "reset":
                node.clock.seconds += 0.5
                await node.users.reset(OPERATOR, "alice", PASSWORD)
            elif change == "expire":
                await node.users.expire(OPERATOR, "alice", node.clock.now() + 1)
            else:
                await node.users.remove(OPERATOR, "alice")
                if change == "replace":
                    await node.add("alice")
            node.clock.seconds += 1
            with pytest.raises(Unauthenticated):
                await node.caller(token)

        await ends_after("disable")
        await node.users.set_disabled(OPERATOR, "alice", disabled=False)
        node.clock.seconds += 1
        await ends_after("reset")
        await ends_after("expire")
        await node.users.expire(OPERATOR, "alice", None)
        node.clock.seconds += 1
        await ends_after("replace")
        await ends_after("remove")

    run(tmp_path, work)


def test_a_token_ends_with_the_personal_token_that_it_came_from(tmp_path: Path) -> None:
    async def work(node: Node) -> None:
        secret = (await node.tokens.add(OPERATOR, "alice", "laptop")).text
        by_token = (await node.token("repository:team/app:pull", "alice", secret)).token
        by_password = (await node.token("repository:team/app:pull")).token
        assert await node.may(by_token, "pull", "team/app")
        await node.tokens.remove(OPERATOR, "alice", "laptop")
        with pytest.raises(Unauthenticated):
            await node.caller(by_token)
        assert await node.may(by_password, "pull", "team/app")
        brief = node.clock.now() + 2_000_000
        secret = (await node.tokens.add(OPERATOR, "alice", "brief", expires_at=brief)).text
        by_token = (await node.token("repository:team/app:pull", "alice", secret)).token
        assert await node.may(by_token, "pull", "team/app")
        node.clock.seconds += 2
        with pytest.raises(Unauthenticated):
            await node.caller(by_token)

    run(tmp_path, work)


@pytest.mark.parametrize("robot", [False, True])
def test_a_token_ends_with_the_secret_that_it_came_from(tmp_path: Path, *, robot: bool) -> None:
    """A rotation leaves the old secret its overlap, and so it does what came from it."""

    async def work(node: Node) -> None:
        name = "ci" if robot else "alice"
        scope = f"repository:{'ci' if robot else 'team'}/app:pull"
        made = await (
            node.robots.add(OPERATOR, "ci")
            if robot
            else node.tokens.add(OPERATOR, "alice", "default")
        )
        old = (await node.token(scope, name, made.text)).token
        rotated = await node.tokens.rotate(OPERATOR, name, "default", overlap=10)
        new = (await node.token(scope, name, rotated.text)).token
        node.clock.seconds += 9
        assert await node.caller(old)
        node.clock.seconds += 2
        with pytest.raises(Unauthenticated):
            await node.caller(old)
        assert await node.caller(new)
        last = await node.tokens.rotate(OPERATOR, name, "default", overlap=0)
        with pytest.raises(Unauthenticated):
            await node.caller(new)
        assert await node.caller((await node.token(scope, name, last.text)).token)

    run(tmp_path, work)


def test_a_token_ends_when_it_says(tmp_path: Path) -> None:
    async def work(node: Node) -> None:
        token = (await node.token("repository:team/app:pull")).token
        node.clock.seconds += 360
        assert await node.caller(token)
        node.clock.seconds += 1
        with pytest.raises(Unauthenticated):
            await node.caller(token)

    run(tmp_path, work)


def test_secrets_are_not_shown(tmp_path: Path) -> None:
    async def work(node: Node) -> None:
        issued = await node.token(offline=True)
        shown = repr(issued)
        assert issued.token not in shown
        assert str(issued.refresh_token) not in shown
        keys = await node.store.signing_keys()
        authority = await node.store.authority()
        assert "PRIVATE" not in repr((keys, authority))

    run(tmp_path, work)
