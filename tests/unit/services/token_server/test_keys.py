"""Keys rotate without failing a request, in agreement with every other process."""

import asyncio
import json
import logging
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from entrepot.errors import MetadataOutage, Unauthenticated
from entrepot.ports.access import OPERATOR
from entrepot.ports.tokens import SigningKey
from entrepot.services.token_server.certificates import load_private_key, make_signing_key
from tests.unit.services.token_server.harness import Node, nodes, read, run
from tests.unit.services.tokens.forge import sign, sign_raw

HOUR = 3600
SCOPE = "repository:team/app:pull"


def kid(token: str) -> str:
    return str(jwt.get_unverified_header(token)["kid"])


async def published(node: Node) -> set[str]:
    return {key["kid"] for key in await node.keys.key_set()}


def test_a_new_key_is_published_before_it_signs_and_the_old_is_trusted_after(
    tmp_path: Path,
) -> None:
    async def work(node: Node) -> None:
        first = (await node.token(SCOPE)).token
        assert await published(node) == {kid(first)}
        node.clock.seconds += 3.25 * HOUR
        assert len(await published(node)) == 2
        still_first = (await node.token(SCOPE)).token
        assert kid(still_first) == kid(first)
        node.clock.seconds += HOUR
        second = (await node.token(SCOPE)).token
        assert kid(second) in await published(node)
        assert kid(second) != kid(first)
        assert await node.may(second, "pull", "team/app")
        node.clock.seconds += 300
        late = sign_with_first(await node.store.signing_keys(), read(second))
        assert await node.may(late, "pull", "team/app"), "the first key is trusted a while longer"
        node.clock.seconds += 2 * HOUR
        assert kid(first) not in await published(node)

    run(tmp_path, work, rotation=4 * HOUR)


def test_a_token_of_a_key_that_was_rotated_out_is_refused(tmp_path: Path) -> None:
    async def work(node: Node) -> None:
        first = (await node.token(SCOPE)).token
        keys = await node.store.signing_keys()
        for _ in range(8):
            node.clock.seconds += HOUR
            await node.token(SCOPE)
        now = int(node.clock.seconds)
        claims = {**read(first), "iat": now, "nbf": now, "exp": now + 300}
        with pytest.raises(Unauthenticated, match="not trusted"):
            await node.caller(sign_with_first(keys, claims))

    run(tmp_path, work, rotation=4 * HOUR)


def test_after_a_long_pause_the_old_key_signs_until_the_new_one_was_published(
    tmp_path: Path,
) -> None:
    async def work(node: Node) -> None:
        first = (await node.token(SCOPE)).token
        node.clock.seconds += 1000 * HOUR
        again = (await node.token(SCOPE)).token
        assert kid(again) == kid(first)
        assert len(await published(node)) == 2
        node.clock.seconds += HOUR
        assert kid((await node.token(SCOPE)).token) != kid(first)

    run(tmp_path, work, rotation=4 * HOUR)


def test_every_process_signs_with_the_same_keys_and_trusts_all(tmp_path: Path) -> None:
    with nodes(tmp_path, rotation=4 * HOUR) as several:

        async def work() -> None:
            running = [several.start() for _ in range(4)]
            await running[0].add("alice")
            for _ in range(12):
                issued = await asyncio.gather(*(node.token(SCOPE) for node in running))
                assert len({kid(one.token) for one in issued}) == 1
                for node in running:
                    for one in issued:
                        assert await node.may(one.token, "pull", "team/app")
                several.clock.seconds += HOUR

        asyncio.run(work())


def test_a_process_that_knows_an_older_set_of_keys_looks_again(tmp_path: Path) -> None:
    with nodes(tmp_path) as several:

        async def work() -> None:
            one, other = several.start(), several.start()
            await one.add("alice")
            await one.token(SCOPE)
            await other.token(SCOPE)
            keys = await one.store.signing_keys()
            # What a third node, whose clock is ahead, has made and signs with already.
            authority = await one.store.authority()
            assert authority is not None
            now = several.clock.now()
            ahead = make_signing_key(authority, len(keys) + 1, now, now)
            assert await one.store.keep_signing_key(ahead, now)
            several.clock.seconds += 5
            token = (await one.token(SCOPE)).token
            assert kid(token) == ahead.kid
            several.clock.seconds += 1
            assert await other.may(token, "pull", "team/app")

        asyncio.run(work())


def test_when_all_keys_are_replaced_old_tokens_end_in_every_process(tmp_path: Path) -> None:
    with nodes(tmp_path) as several:

        async def work() -> None:
            one, other = several.start(), several.start()
            await one.add("alice")
            old = (await one.token(SCOPE)).token
            for node in (one, other):
                assert await node.may(old, "pull", "team/app")
            certificate = await one.keys.authority_certificate()
            await one.store.forget_all_keys()
            several.clock.seconds += 5
            with pytest.raises(Unauthenticated):
                await other.caller(old)
            for node in (other, one):  # one makes a token before it is asked for the old one
                assert await node.may((await node.token(SCOPE)).token, "pull", "team/app")
                with pytest.raises(Unauthenticated):
                    await node.caller(old)
            assert await published(one) == await published(other)
            assert await one.keys.authority_certificate() != certificate
            assert await one.keys.authority_certificate() == (
                await other.keys.authority_certificate()
            )

        asyncio.run(work())


def test_many_who_come_first_make_one_key(tmp_path: Path) -> None:
    with nodes(tmp_path) as several:

        async def work() -> None:
            running = [several.start() for _ in range(3)]
            await running[0].add("alice")
            asked = [node.token(SCOPE) for _ in range(20) for node in running]
            issued = await asyncio.gather(*asked)
            assert len({kid(one.token) for one in issued}) == 1
            assert len(await running[0].store.signing_keys()) == 1
            for node in running:
                assert await node.may(issued[0].token, "pull", "team/app")

        asyncio.run(work())


def test_keys_sign_on_while_the_database_takes_no_new_one(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def work(node: Node) -> None:
        await node.token(SCOPE)

        async def fail(key: SigningKey, now: int) -> bool:
            raise MetadataOutage("the database cannot be written")

        node.store.keep_signing_key = fail  # type: ignore[method-assign]
        node.clock.seconds += 1000 * HOUR
        with caplog.at_level(logging.WARNING):
            assert await node.may((await node.token(SCOPE)).token, "pull", "team/app")
        assert "cannot be kept" in caplog.text

    run(tmp_path, work, rotation=4 * HOUR)


@pytest.mark.parametrize("header", ["kid", "jwk", "jku", "x5u", "x5c", "none", "secret"])
def test_a_token_that_somebody_else_signed_is_refused(tmp_path: Path, header: str) -> None:
    async def work(node: Node) -> None:
        good = (await node.token(SCOPE)).token
        (published_key,) = await node.keys.key_set()
        foreign = ec.generate_private_key(ec.SECP256R1())
        claims = {**read(good), "sub": "root"}
        headers: dict[str, dict[str, Any]] = {
            "kid": {"kid": published_key["kid"]},
            "jwk": {"kid": published_key["kid"], "jwk": published_key},
            "jku": {"kid": published_key["kid"], "jku": "http://127.0.0.1:1/"},
            "x5u": {"kid": published_key["kid"], "x5u": "http://127.0.0.1:1/"},
            "x5c": {"x5c": published_key["x5c"]},
        }
        if header == "none":
            token = jwt.encode(claims, "", "none", headers["kid"])
        elif header == "secret":
            secret = f"{published_key['x']}{published_key['y']}"
            token = jwt.encode(claims, secret, "HS256", headers["kid"])
        else:
            token = sign(foreign, claims, "ES256", headers[header])
        with pytest.raises(Unauthenticated) as caught:
            await node.caller(token)
        assert caught.value.problem == "invalid_token"
        assert await node.caller(good)

    run(tmp_path, work)


@pytest.mark.parametrize(
    "changes",
    [
        {"kind": None},
        {"kind": "administrator"},
        {"kind": "anonymous"},
        {"kind": "user", "sub": ""},
        {"mark": None},
        {"mark": ""},
        {"mark": "2.0"},
        {"sub": "bob"},
        {"iss": "other"},
        {"aud": "other"},
        {"exp": 1},
    ],
)
def test_claims_that_do_not_fit_each_other_are_refused(
    tmp_path: Path, changes: dict[str, Any]
) -> None:
    """Even under a good signature: these are what keeps an old token from a new account."""

    async def work(node: Node) -> None:
        claims = {**read((await node.token(SCOPE)).token), **changes}
        kept = {name: value for name, value in claims.items() if value is not None}
        token = sign_with_first(await node.store.signing_keys(), kept)
        with pytest.raises(Unauthenticated):
            await node.caller(token)

    run(tmp_path, work)


def test_a_personal_token_vouches_for_its_own_account_alone(tmp_path: Path) -> None:
    async def work(node: Node) -> None:
        bobs = (await node.tokens.add(OPERATOR, "bob", "laptop")).public_id
        claims = {**read((await node.token(SCOPE)).token), "credential": bobs}
        token = sign_with_first(await node.store.signing_keys(), claims)
        with pytest.raises(Unauthenticated):
            await node.caller(token)

    run(tmp_path, work)


def test_the_certificate_of_each_key_is_by_the_one_authority(tmp_path: Path) -> None:
    async def work(node: Node) -> None:
        for _ in range(8):
            await node.token(SCOPE)
            node.clock.seconds += HOUR
        root = x509.load_pem_x509_certificate(await node.keys.authority_certificate())
        for key in await node.store.signing_keys():
            x509.load_pem_x509_certificate(key.certificate).verify_directly_issued_by(root)

    run(tmp_path, work, rotation=4 * HOUR)


def sign_with_first(keys: list[Any], claims: dict[str, Any]) -> str:
    header = {"alg": "ES256", "kid": keys[0].kid}
    return sign_raw(load_private_key(keys[0].private_key), header, json.dumps(claims).encode())
