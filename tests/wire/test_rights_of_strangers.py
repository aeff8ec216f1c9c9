"""Strangers: who guesses slows down, and learns nothing, from no answer and from no time.

The time is that of all threads on the processor: it says what an answer costs, whatever else the
machine does.
"""

import statistics
import time
from collections.abc import Iterator

import pytest

from tests.wire.conftest import MakeGuarded
from tests.wire.harness.exchange import Reply
from tests.wire.harness.guarded import Guarded, basic, looks, password_of, refused
from tests.wire.harness.in_process import LoopThread

UNAUTHORIZED = (401, "UNAUTHORIZED")
SECRET = "/v2/secret/app/manifests/v1"


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory, loop: LoopThread) -> Iterator[Guarded]:
    guarded = Guarded(loop, tmp_path_factory.mktemp("guarded"))
    guarded.push("alice", "secret/app")
    yield guarded
    guarded.close()


def test_browsers_may_ask_what_is_possible_without_credentials(make_guarded: MakeGuarded) -> None:
    """A preflight has none, and must be answered with the headers of CORS (docker-registry-ui)."""
    cors = {
        "Access-Control-Allow-Origin": ["https://ui.example.org"],
        "Access-Control-Allow-Headers": ["Authorization", "Accept"],
    }
    registry = make_guarded(http={"headers": cors})
    for target in ("/v2/", SECRET, "/v2/_catalog", "/v2/secret/none/tags/list", "/auth/token"):
        reply = registry.ask("", "OPTIONS", target, origin="https://ui.example.org")
        assert reply.status == 200, reply.told()
        assert "GET" in (reply.header("Allow") or "")
        assert reply.header("Access-Control-Allow-Origin") == "https://ui.example.org"
        assert reply.body == b""
    assert registry.ask("", "GET", SECRET).status == 401


class TestStrangers:
    def test_a_wrong_name_and_a_wrong_password_look_the_same(
        self, make_guarded: MakeGuarded
    ) -> None:
        registry = make_guarded()
        replies = [
            registry.ask("", "GET", "/v2/", authorization=basic(name, secret))
            for name, secret in (("alice", "wrong"), ("nobody", "wrong"), ("nobody", ""))
        ]
        assert len({looks(reply) for reply in replies}) == 1
        assert refused(replies[0]) == UNAUTHORIZED

    def test_and_take_as_long(self, make_guarded: MakeGuarded) -> None:
        registry = make_guarded(
            access={"enabled": True, "guesses": {"account": 1000, "address": 1000}}
        )

        def seconds(name: str, number: int) -> float:
            header = basic(name, f"wrong {number}")
            started = time.process_time()
            assert registry.ask("", "GET", "/v2/", authorization=header).status == 401
            return time.process_time() - started

        for name in ("alice", "nobody"):
            seconds(name, -1)  # the first makes threads
        known, unknown = [], []
        for number in range(40):
            known.append(seconds("alice", number))
            unknown.append(seconds(f"nobody{number}", number))
        ratio = statistics.median(known) / statistics.median(unknown)
        assert 0.75 < ratio < 1.33, (statistics.median(known), statistics.median(unknown))

    def test_what_is_forbidden_takes_as_long_as_what_is_not_there(self, registry: Guarded) -> None:
        def seconds(target: str) -> float:
            started = time.process_time()
            registry.ask("", "GET", target)
            return time.process_time() - started

        there, nowhere = [], []
        for number in range(300):
            there.append(seconds(SECRET))
            nowhere.append(seconds(f"/v2/secret/ap{number % 10}/manifests/v1"))
        ratio = statistics.median(there) / statistics.median(nowhere)
        assert 0.8 < ratio < 1.25, (statistics.median(there), statistics.median(nowhere))


class TestGuesses:
    def guess(self, registry: Guarded, name: str, secret: str, address: str) -> Reply:
        header = basic(name, secret)
        return registry.ask("", "GET", "/v2/", None, address, authorization=header)

    def test_too_many_wait_and_are_told_how_long(self, make_guarded: MakeGuarded) -> None:
        registry = make_guarded()
        for number in range(5):
            assert self.guess(registry, "alice", f"{number}", "192.0.2.9").status == 401
        reply = self.guess(registry, "alice", password_of("alice"), "192.0.2.9")
        assert refused(reply) == (429, "TOOMANYREQUESTS")
        assert reply.header("Retry-After") == "1"
        assert self.guess(registry, "alice", password_of("alice"), "192.0.2.8").status == 200
        assert self.guess(registry, "bob", password_of("bob"), "192.0.2.9").status == 200

    def test_guesses_through_the_token_server_count_too(self, make_guarded: MakeGuarded) -> None:
        registry = make_guarded()
        for number in range(5):
            header = basic("alice", f"{number}")
            reply = registry.ask("", "GET", "/auth/token", authorization=header)
            assert reply.status == 401
        reply = registry.ask("alice", "GET", "/auth/token")
        assert reply.status == 429
        assert registry.ask("alice", "GET", "/v2/").status == 429

    def test_no_header_gives_a_stranger_another_address(self, make_guarded: MakeGuarded) -> None:
        registry = make_guarded()
        statuses = set()
        for number in range(12):
            told = {"x_forwarded_for": f"203.0.113.{number}", "forwarded": f"for=10.0.0.{number}"}
            told["authorization"] = basic("alice", f"{number}")
            # A private network: trusted for the host in Location, not for this.
            statuses.add(registry.ask("", "GET", "/v2/", None, "10.9.9.9", **told).status)
        assert statuses == {401, 429}

    def test_a_proxy_that_was_named_tells_whom_it_has_seen(self, make_guarded: MakeGuarded) -> None:
        registry = make_guarded(http={"trustedproxies": ["10.9.9.0/24"]})
        for number in range(12):
            told = {"x_forwarded_for": f"6.6.6.{number}, 203.0.113.7"}
            told["authorization"] = basic("alice", f"{number}")
            registry.ask("", "GET", "/v2/", None, "10.9.9.9", **told)
        told = {"x_forwarded_for": "203.0.113.7"}
        assert registry.ask("alice", "GET", "/v2/", None, "10.9.9.9", **told).status == 429
        told = {"x_forwarded_for": "203.0.113.8"}
        assert registry.ask("alice", "GET", "/v2/", None, "10.9.9.9", **told).status == 200
