"""Who somebody is: nobody becomes somebody else, by headers, tokens, proxies, guesses or time."""

from collections.abc import Iterator

import pytest

from tests.wire.conftest import MakeGuarded
from tests.wire.harness.contents import IMAGE, LAYER
from tests.wire.harness.exchange import Request
from tests.wire.harness.guarded import (
    RULES,
    Guarded,
    basic,
    htpasswd,
    refused,
)
from tests.wire.harness.in_process import LoopThread
from tests.wire.harness.raw import RawConnection
from tests.wire.harness.server import Registry

DENIED = (403, "DENIED")
UNAUTHORIZED = (401, "UNAUTHORIZED")
SECRET = "/v2/secret/app/manifests/v1"
OWN_REALM = 'Bearer realm="http://registry.test:5000/auth/token",service="entrepot"'


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory, loop: LoopThread) -> Iterator[Guarded]:
    guarded = Guarded(loop, tmp_path_factory.mktemp("guarded"))
    guarded.push("alice", "secret/app")
    guarded.push("alice", "public/app")
    yield guarded
    guarded.close()


class TestChallenges:
    def test_the_base_asks_everybody(self, registry: Guarded) -> None:
        reply = registry.ask("", "GET", "/v2/")
        assert refused(reply) == UNAUTHORIZED
        assert reply.header("WWW-Authenticate") == OWN_REALM
        assert registry.ask("carol", "GET", "/v2/").status == 200

    def test_a_pull_needs_its_scope(self, registry: Guarded) -> None:
        reply = registry.ask("", "GET", SECRET)
        scope = ',scope="repository:secret/app:pull"'
        assert reply.header("WWW-Authenticate") == OWN_REALM + scope

    def test_a_token_that_is_too_narrow_is_told_so(self, registry: Guarded) -> None:
        token = registry.token("alice", "repository:public/app:pull")
        reply = registry.with_token(token, "GET", SECRET)
        assert refused(reply) == UNAUTHORIZED
        scope = ',scope="repository:secret/app:pull",error="insufficient_scope"'
        assert reply.header("WWW-Authenticate") == OWN_REALM + scope

    def test_with_a_file_of_passwords_alone_it_is_basic(self, make_guarded: MakeGuarded) -> None:
        registry = make_guarded(access={"guesses": {"account": 7}})
        reply = registry.ask("", "GET", SECRET)
        assert refused(reply) == UNAUTHORIZED
        assert reply.header("WWW-Authenticate") == 'Basic realm="Tests"'
        assert refused(registry.ask("", "GET", "/v2/_catalog")) == UNAUTHORIZED
        # Everybody in it may do everything.
        registry.push("carol", "secret/app")
        assert registry.ask("bob", "GET", SECRET).status == 200
        assert registry.ask("bob", "GET", "/v2/_catalog").json() == {"repositories": ["secret/app"]}

    @pytest.mark.parametrize(
        ("changes", "challenge"),
        [
            ({"access": {"enabled": True, "token": {"enabled": False}}}, 'Basic realm="Tests"'),
            (
                {"auth": "none", "access": {"enabled": True, "token": {"enabled": False}}},
                'Basic realm="Entrepot"',
            ),
            (
                {"http": {"host": "https://r.example.com:5/"}},
                'Bearer realm="https://r.example.com:5/auth/token",service="entrepot"',
            ),
            (
                {"access": {"enabled": True, "token": {"realm": "https://t.io", "service": "r"}}},
                'Bearer realm="https://t.io",service="r"',
            ),
            (
                {"auth": "none", "access": {"proxy": {"header": "X-S", "networks": ["10.0.0.5"]}}},
                'Basic realm="Entrepot"',
            ),
        ],
    )
    def test_each_configuration_has_its_own(
        self, make_guarded: MakeGuarded, changes: dict[str, object], challenge: str
    ) -> None:
        reply = make_guarded(**changes).ask("", "GET", "/v2/")
        assert refused(reply) == UNAUTHORIZED
        assert reply.header("WWW-Authenticate") == challenge

    def test_below_a_prefix_it_leads_there(self, make_guarded: MakeGuarded) -> None:
        registry = make_guarded(http={"prefix": "/registry/"})
        reply = registry.ask("", "GET", "/registry/v2/")
        realm = "http://registry.test:5000/registry/auth/token"
        assert reply.header("WWW-Authenticate") == f'Bearer realm="{realm}",service="entrepot"'
        assert registry.ask("bob", "GET", "/registry/auth/token").status == 200

    def test_silly_lets_in_who_sends_anything(self, make_guarded: MakeGuarded) -> None:
        silly = {"silly": {"realm": "silly-realm", "service": "silly-service"}}
        registry = make_guarded(auth=silly, access={"guesses": {"account": 7}})
        reply = registry.ask("", "GET", "/v2/a/tags/list")
        assert refused(reply) == UNAUTHORIZED
        assert reply.header("WWW-Authenticate") == (
            'Bearer realm="silly-realm",service="silly-service",scope="repository:a:pull"'
        )
        for header in ("seriously, anything", "Basic x", "Bearer x"):
            reply = registry.ask("", "GET", "/v2/a/tags/list", authorization=header)
            assert refused(reply) == (404, "NAME_UNKNOWN")
        assert registry.ask("", "GET", "/v2/", authorization="").status == 401


class TestHeaders:
    @pytest.mark.parametrize(
        "value", ["Basic", "Basic !", "Bearer a b", "Digest x", "", "Basic Og==", "alice"]
    )
    def test_what_cannot_be_read_is_nobody_anywhere(self, registry: Guarded, value: str) -> None:
        for target in ("/v2/", SECRET, "/v2/public/app/manifests/v1"):
            reply = registry.ask("", "GET", target, authorization=value)
            assert refused(reply) == UNAUTHORIZED
            assert reply.header("WWW-Authenticate") is not None

    @pytest.mark.parametrize(
        ("first", "second"),
        [("alice", "bob"), ("bob", "alice"), ("alice", "alice")],
    )
    def test_two_are_refused_whichever_comes_first(
        self, registry: Guarded, first: str, second: str
    ) -> None:
        headers = (("authorization", basic(first)), ("Authorization", basic(second)))
        reply = registry.running.transport.send(Request("GET", SECRET, headers))
        assert refused(reply) == UNAUTHORIZED
        assert "more than one" in reply.json()["errors"][0]["message"]

    def test_two_are_refused_even_after_one_was_right(self, registry: Guarded) -> None:
        assert registry.ask("alice", "GET", SECRET).status == 200
        for first, second in (("alice", "bob"), ("bob", "alice"), ("alice", "alice")):
            headers = (("authorization", basic(first)), ("authorization", basic(second)))
            reply = registry.running.transport.send(Request("GET", SECRET, headers), "192.0.2.1")
            assert refused(reply) == UNAUTHORIZED

    def test_other_headers_may_be_there_twice(self, registry: Guarded) -> None:
        for _ in range(2):
            accepted = (("accept", "a/b"), ("accept", "c/d"), ("authorization", basic("alice")))
            reply = registry.running.transport.send(Request("GET", SECRET, accepted), "192.0.2.1")
            assert reply.status == 200

    @pytest.mark.parametrize(
        "header", ["x-forwarded-user", "remote-user", "x-remote-user", "x-client-subject"]
    )
    def test_no_header_names_a_user(self, registry: Guarded, header: str) -> None:
        headers = ((header, "alice"),)
        reply = registry.running.transport.send(Request("GET", SECRET, headers), "127.0.0.1")
        assert refused(reply) == UNAUTHORIZED

    @pytest.mark.parametrize("peer", ["192.0.2.1", "203.0.113.1"])
    def test_strangers_choose_no_token_server(self, registry: Guarded, peer: str) -> None:
        told = {"x_forwarded_host": "evil.example", "x_forwarded_proto": "https"}
        reply = registry.ask("", "GET", "/v2/", None, peer, **told)
        assert reply.header("WWW-Authenticate") == OWN_REALM
        reply = registry.ask("", "GET", "/v2/", None, peer, forwarded="host=evil.example")
        assert reply.header("WWW-Authenticate") == OWN_REALM

    def test_a_basic_header_is_taken_unasked(self, registry: Guarded) -> None:
        assert registry.ask("alice", "GET", SECRET).body == IMAGE.payload


class TestProxies:
    PROXY = {"header": "X-Client-Subject", "networks": ["10.0.0.5"]}

    @pytest.fixture
    def behind(self, make_guarded: MakeGuarded) -> Guarded:
        return make_guarded(access={"enabled": True, "rules": RULES, "proxy": self.PROXY})

    def test_the_proxy_names_a_user(self, behind: Guarded) -> None:
        behind.push("alice", "secret/app")
        told = {"x_client_subject": "CN=alice,O=Example"}
        assert behind.ask("", "GET", SECRET, None, "10.0.0.5", **told).status == 200
        assert behind.ask("", "GET", "/v2/", None, "10.0.0.5", **told).status == 200
        bob = {"x_client_subject": "CN=bob"}
        assert refused(behind.ask("", "GET", SECRET, None, "10.0.0.5", **bob)) == DENIED

    @pytest.mark.parametrize("peer", ["10.0.0.6", "127.0.0.1", "192.0.2.1"])
    def test_nobody_else_does(self, behind: Guarded, peer: str) -> None:
        told = {"x_client_subject": "alice", "x_forwarded_for": "10.0.0.5"}
        assert refused(behind.ask("", "GET", SECRET, None, peer, **told)) == UNAUTHORIZED

    def test_a_header_of_the_client_beside_the_proxys_is_refused(self, behind: Guarded) -> None:
        headers = (("x-client-subject", "alice"), ("X-Client-Subject", "CN=bob"))
        reply = behind.running.transport.send(Request("GET", SECRET, headers), "10.0.0.5")
        assert refused(reply) == UNAUTHORIZED

    def test_alone_it_lets_in_whom_it_names(self, make_guarded: MakeGuarded) -> None:
        registry = make_guarded(auth="none", access={"proxy": self.PROXY})
        told = {"x_client_subject": "CN=anybody"}
        assert registry.ask("", "GET", "/v2/_catalog", None, "10.0.0.5", **told).status == 200
        assert refused(registry.ask("", "GET", "/v2/_catalog", None, "10.0.0.5")) == UNAUTHORIZED

    def test_credentials_go_before_a_certificate(self, behind: Guarded) -> None:
        told = {"x_client_subject": "alice"}
        assert refused(behind.ask("bob", "GET", SECRET, None, "10.0.0.5", **told)) == DENIED
        told["authorization"] = basic("alice", "wrong")
        assert refused(behind.ask("", "GET", SECRET, None, "10.0.0.5", **told)) == UNAUTHORIZED


class TestTokens:
    def test_a_token_is_no_wider_than_its_account(self, registry: Guarded) -> None:
        for scope in (
            "repository:secret/app:pull,push,delete",
            "repository:secret/app:*",
            "repository:secret/**:pull",
            "repository:**:*",
            "registry:catalog:* repository:secret/app:pull",
        ):
            token = registry.token("bob", scope)
            assert registry.with_token(token, "GET", SECRET).status in {401, 403}
            assert registry.with_token(token, "DELETE", SECRET).status in {401, 403}
        nobodys = registry.token("", "repository:secret/app:pull")
        assert refused(registry.with_token(nobodys, "GET", SECRET)) == UNAUTHORIZED

    def test_nor_wider_than_what_it_was_asked_for(self, registry: Guarded) -> None:
        token = registry.token("alice", "repository:secret/app:pull")
        assert registry.with_token(token, "GET", SECRET).status == 200
        assert refused(registry.with_token(token, "DELETE", SECRET)) == UNAUTHORIZED
        uploads = "/v2/secret/app/blobs/uploads/"
        assert refused(registry.with_token(token, "POST", uploads)) == UNAUTHORIZED
        other = "/v2/secret/other/manifests/v1"
        assert refused(registry.with_token(token, "GET", other)) == UNAUTHORIZED
        assert refused(registry.with_token(token, "GET", "/v2/_catalog")) == UNAUTHORIZED

    def test_a_mount_needs_a_token_for_its_source(self, registry: Guarded) -> None:
        target = f"/v2/public/new/blobs/uploads/?mount={LAYER.digest}&from=secret/app"
        narrow = registry.token("alice", "repository:public/new:pull,push")
        assert registry.with_token(narrow, "POST", target).status == 202
        wide = registry.token(
            "alice", "repository:public/new:pull,push", "repository:secret/app:pull"
        )
        assert registry.with_token(wide, "POST", target).status == 201

    def test_everybody_gets_a_token_for_what_is_public(self, registry: Guarded) -> None:
        token = registry.token("", "repository:public/app:pull,push")
        assert registry.with_token(token, "GET", "/v2/").status == 200
        public = "/v2/public/app/manifests/v1"
        assert registry.with_token(token, "GET", public).status == 200
        assert refused(registry.with_token(token, "DELETE", public)) == UNAUTHORIZED

    def test_a_token_for_the_catalogue_shows_what_its_account_may_see(
        self, registry: Guarded
    ) -> None:
        token = registry.token("carol", "registry:catalog:*")
        assert (
            "secret/app"
            not in registry.with_token(token, "GET", "/v2/_catalog").json()["repositories"]
        )

    @pytest.mark.parametrize("token", ["x", "a.b.c", "ent_pat_x", "eyJhbGciOiJub25lIn0.e30."])
    def test_what_is_no_token_is_refused(self, registry: Guarded, token: str) -> None:
        for target in ("/v2/", SECRET, "/v2/public/app/manifests/v1"):
            reply = registry.with_token(token, "GET", target)
            assert refused(reply) == UNAUTHORIZED
            assert (reply.header("WWW-Authenticate") or "").endswith('error="invalid_token"')


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    """In processes of its own, so that real bytes are read by the real server."""
    folder = tmp_path_factory.mktemp("served")
    registry = Registry(folder, {"auth": htpasswd(folder)})
    registry.start()
    yield registry
    assert registry.stop() == 0, registry.log.read_text()[-4000:]


class TestBytes:
    """Header smuggling, as bytes on a socket."""

    @pytest.mark.parametrize(
        "lines",
        [
            ("Authorization: {bad}", "Authorization: {good}"),
            ("Authorization: {good}", "Authorization: {bad}"),
            ("Authorization: Basic", " {folded}"),
            ("X-Other: x", " Authorization: {good}"),
            ("X-Other: x\rAuthorization: {good}",),
            ("Authorization : {good}",),
            (" Authorization: {good}",),
            ("Authorization\x00: {good}",),
            ("Authorization: {good}\x00",),
            ("Authorization: {good}, {good}",),
            ("Authorization: Bearer {folded}",),
            ("Authorization; {good}",),
            ("X-Authorization: {good}", "Proxy-Authorization: {good}"),
        ],
    )
    def test_are_refused_or_are_nobody(self, served: Registry, lines: tuple[str, ...]) -> None:
        good = basic("alice")
        filled = [
            line.format(good=good, bad=basic("alice", "wrong"), folded=good.removeprefix("Basic "))
            for line in lines
        ]
        with RawConnection(served.authority) as raw:
            raw.request("GET /v2/_catalog HTTP/1.1", *filled)
            reply = raw.read_reply()
            assert reply is None or reply.status in {400, 401, 431}, reply.told()

    def test_guesses_are_counted_over_all_workers(self, served: Registry) -> None:
        statuses = []
        for number in range(20):
            with RawConnection(served.authority) as raw:
                header = f"Authorization: {basic('carol', f'guess {number}')}"
                raw.request("GET /v2/ HTTP/1.1", header)
                reply = raw.read_reply()
                assert reply is not None
                statuses.append(reply.status)
        # Each wait may end, and one guess be looked at, before the next.
        assert statuses[:5] == [401] * 5
        assert statuses.count(429) >= 10

    def test_credentials_hold_for_one_request_of_a_connection(self, served: Registry) -> None:
        with RawConnection(served.authority) as raw:
            raw.request("GET /v2/ HTTP/1.1", f"Authorization: {basic('alice')}")
            first = raw.read_reply()
            raw.request("GET /v2/ HTTP/1.1")
            second = raw.read_reply()
        assert first is not None
        assert second is not None
        assert (first.status, second.status) == (200, 401)
