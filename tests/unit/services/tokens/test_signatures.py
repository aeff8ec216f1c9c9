"""Who may sign, and with what: every way in which JSON Web Tokens have been forged."""

import asyncio
import base64
import hashlib
import hmac
import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from entrepot.errors import ConfigurationError, Unauthenticated
from entrepot.ports.access import Action, Caller, Grant, Kind
from entrepot.services.tokens.key_names import (
    key_names,
    libtrust_name,
    public_jwk,
    thumbprint,
)
from tests.unit.services.tokens.forge import (
    NOW,
    Guarded,
    PrivateKey,
    certificate,
    claims,
    key_set,
    part,
    pem,
    public_pem,
    sign,
    sign_raw,
)

EC = ec.generate_private_key(ec.SECP256R1())
OTHER = ec.generate_private_key(ec.SECP256R1())
RSA = rsa.generate_private_key(65537, 2048)
KEYS: dict[str, PrivateKey] = {
    "ES256": EC,
    "ES384": ec.generate_private_key(ec.SECP384R1()),
    "ES512": ec.generate_private_key(ec.SECP521R1()),
    "EdDSA": ed25519.Ed25519PrivateKey.generate(),
    **dict.fromkeys(("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"), RSA),
}
SECRET = b"a shared secret of more than 32 bytes, and nobody's"
SECRETS = json.dumps(
    {"keys": [{"kty": "oct", "kid": "s", "k": base64.urlsafe_b64encode(SECRET).decode()}]}
).encode()


def let_in(registry: Guarded, token: str) -> Caller:
    return asyncio.run(registry.let_in(token))


def refused(registry: Guarded, token: str) -> str:
    with pytest.raises(Unauthenticated) as caught:
        let_in(registry, token)
    assert caught.value.problem == "invalid_token"
    return caught.value.message


@pytest.fixture
def registry(tmp_path: Path) -> Guarded:
    return Guarded(tmp_path, keys=key_set(("k", EC.public_key()), ("r", RSA.public_key())))


@pytest.mark.parametrize("algorithm", sorted(KEYS))
def test_each_algorithm_is_accepted_with_the_key_that_fits_it(
    tmp_path: Path, algorithm: str
) -> None:
    key = KEYS[algorithm]
    registry = Guarded(tmp_path, keys=key_set(("k", key.public_key())))
    caller = let_in(registry, sign(key, claims(), algorithm, {"kid": "k"}))
    assert caller == Caller(
        "alice",
        Kind.USER,
        limits=(Grant(frozenset({Action.PULL}), ("team/app",)),),
        delegated=True,
    )


def test_an_algorithm_that_is_not_listed_is_refused(tmp_path: Path) -> None:
    keys = key_set(("k", EC.public_key()), ("r", RSA.public_key()))
    registry = Guarded(tmp_path, keys=keys, algorithms=["ES256"])
    assert let_in(registry, sign(EC, claims(), "ES256", {"kid": "k"}))
    assert "not accepted" in refused(registry, sign(RSA, claims(), "RS256", {"kid": "r"}))


def test_a_shared_secret_counts_only_where_its_algorithm_is_listed(tmp_path: Path) -> None:
    token = sign(SECRET, claims(), "HS256", {"kid": "s"})
    assert let_in(Guarded(tmp_path, keys=SECRETS, algorithms=["HS256"]), token)
    with pytest.raises(ConfigurationError, match="no key"):
        Guarded(tmp_path, keys=SECRETS)
    both = Guarded(tmp_path, keys=SECRETS, bundle=pem(certificate(EC)))
    assert "not accepted" in refused(both, token)


@pytest.mark.parametrize("name", ["none", "None", "NONE", "nOnE", "", None, 5, ["ES256"]])
def test_a_token_without_a_signature_is_refused(registry: Guarded, name: object) -> None:
    header = {"typ": "JWT", "kid": "k", "alg": name}
    body = f"{part(json.dumps(header).encode())}.{part(json.dumps(claims()).encode())}"
    for token in (f"{body}.", f"{body}.{part(b'x')}", body):
        refused(registry, token)


@pytest.mark.parametrize("listed", [False, True])
@pytest.mark.parametrize("key", [RSA, EC], ids=["rsa", "ec"])
def test_a_public_key_is_never_taken_for_a_secret(
    tmp_path: Path, key: PrivateKey, listed: bool
) -> None:
    """HS256 with the public key, in any form, as the secret that is shared."""
    algorithms = ["RS256", "ES256", *(["HS256"] if listed else [])]
    bundle = pem(certificate(key))
    keys = key_set(("k", key.public_key()))
    registry = Guarded(tmp_path, keys=keys, bundle=bundle, algorithms=algorithms)
    jwk = json.dumps(public_jwk(key.public_key())).encode()
    for secret in (public_pem(key), bundle, keys, jwk):
        header = {"typ": "JWT", "alg": "HS256", "kid": "k"}
        refused(registry, hmac_signed(secret, header))


def test_a_key_is_used_with_its_own_algorithm_alone(registry: Guarded) -> None:
    refused(registry, sign(RSA, claims(), "RS256", {"kid": "k"}))
    refused(registry, sign(EC, claims(), "ES256", {"kid": "r"}))


def test_a_key_of_the_set_that_names_its_algorithm_has_no_other(tmp_path: Path) -> None:
    entry = {**public_jwk(RSA.public_key()), "kid": "r", "alg": "PS256"}
    registry = Guarded(tmp_path, keys=json.dumps({"keys": [entry]}).encode())
    assert let_in(registry, sign(RSA, claims(), "PS256", {"kid": "r"}))
    refused(registry, sign(RSA, claims(), "RS256", {"kid": "r"}))


def test_keys_for_encryption_and_unknown_kinds_are_passed_over(tmp_path: Path) -> None:
    entries = [
        {**public_jwk(OTHER.public_key()), "kid": "e", "use": "enc"},
        {"kty": "of tomorrow", "kid": "t"},
        {**public_jwk(EC.public_key()), "kid": "k"},
    ]
    registry = Guarded(tmp_path, keys=json.dumps({"keys": entries}).encode())
    assert let_in(registry, sign(EC, claims(), "ES256", {"kid": "k"}))
    refused(registry, sign(OTHER, claims(), "ES256", {"kid": "e"}))


@pytest.mark.parametrize(
    "kid",
    [
        "unknown",
        "../../../../dev/null",
        "/etc/passwd",
        "file:///dev/zero",
        "http://127.0.0.1:1/keys",
        "k'; DROP TABLE signing_keys; --",
        "k\0",
        "K",
        "",
        "k" * 20_000,
    ],
)
def test_a_key_is_found_by_its_name_alone_and_never_fetched(registry: Guarded, kid: str) -> None:
    refused(registry, sign_raw(OTHER, {"alg": "ES256", "kid": kid}, json.dumps(claims()).encode()))
    refused(registry, sign_raw(EC, {"alg": "ES256", "kid": kid}, json.dumps(claims()).encode()))


@pytest.mark.parametrize("kid", [None, 1, ["k"], {"k": "k"}, True])
def test_the_name_of_a_key_is_text(registry: Guarded, kid: object) -> None:
    payload = json.dumps(claims()).encode()
    refused(registry, sign_raw(EC, {"alg": "ES256", "kid": kid}, payload))


def test_a_token_that_names_no_key_is_refused(registry: Guarded) -> None:
    assert "which key" in refused(registry, sign(EC, claims(), "ES256"))


@pytest.mark.parametrize("named", [True, False])
def test_a_key_that_a_token_brings_along_is_ignored(registry: Guarded, named: bool) -> None:
    """`jwk`, `jku` and `x5u` never say with what a token is verified."""
    brought = {**public_jwk(OTHER.public_key()), "kid": "k"}
    for headers in (
        {"jwk": brought},
        {"jku": "http://127.0.0.1:1/keys.json"},
        {"x5u": "http://127.0.0.1:1/chain.pem"},
        {"jwk": brought, "jku": "file:///etc/passwd", "x5u": "file:///etc/passwd"},
    ):
        header = {"alg": "ES256", **headers, **({"kid": "k"} if named else {})}
        refused(registry, sign_raw(OTHER, header, json.dumps(claims()).encode()))


def test_what_a_token_brings_along_does_no_harm_to_a_good_one(registry: Guarded) -> None:
    header = {"alg": "ES256", "kid": "k", "jku": "http://127.0.0.1:1/", "x5u": "file:///x"}
    assert let_in(registry, sign_raw(EC, header, json.dumps(claims()).encode()))


def test_an_extension_that_must_be_understood_and_is_not_refuses_the_token(
    registry: Guarded,
) -> None:
    header = {"alg": "ES256", "kid": "k", "crit": ["exp2"], "exp2": 1}
    refused(registry, sign_raw(EC, header, json.dumps(claims()).encode()))
    detached = {"alg": "ES256", "kid": "k", "crit": ["b64"], "b64": False}
    refused(registry, sign_raw(EC, detached, b""))


def test_no_bit_of_a_token_can_be_changed(registry: Guarded) -> None:
    token = sign(EC, claims(), "ES256", {"kid": "k"})
    header, payload, signature = token.split(".")
    admin = part(json.dumps(claims(sub="root")).encode())
    refused(registry, f"{header}.{admin}.{signature}")
    refused(registry, f"{header}.{payload}.{part(bytes(64))}")
    refused(registry, f"{header}.{payload}.{part(b'')}")
    refused(registry, f"{token}.{signature}")
    refused(registry, f"{token}A")
    refused(registry, f" {token}")


@pytest.mark.parametrize("token", ["", ".", "..", "a.b.c", "🙂.🙂.🙂", "\ud800", "e30.e30.e30"])
def test_what_is_no_token_is_refused(registry: Guarded, token: str) -> None:
    refused(registry, token)


def test_a_long_token_is_not_looked_at(registry: Guarded) -> None:
    access = [{"type": "repository", "name": f"a{n}", "actions": ["pull"]} for n in range(600)]
    token = sign(EC, claims(access=access), "ES256", {"kid": "k"})
    assert "more than 32768 characters" in refused(registry, token)
    deep = part(b'{"alg":"ES256","kid":"k","x":' + b"[" * 20_000 + b"]" * 20_000 + b"}")
    refused(registry, f"{deep[:20000]}.{deep[:5000]}.x")


def test_keys_have_the_names_that_both_docker_registries_give_them(tmp_path: Path) -> None:
    """RFC 7638 has a key and its thumbprint as an example."""
    modulus = (
        "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECP"
        "ebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY"
        "368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0f"
        "M4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"
    )
    jwk = {"kty": "RSA", "n": modulus, "e": "AQAB"}
    assert thumbprint(jwk) == "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"
    assert len(libtrust_name(EC.public_key()).split(":")) == 12
    for key in KEYS.values():
        for name in key_names(key.public_key()):
            registry = Guarded(tmp_path, bundle=pem(certificate(key)))
            algorithm = next(one for one, fitting in KEYS.items() if fitting is key)
            assert let_in(registry, sign(key, claims(), algorithm, {"kid": name}))


def test_keys_that_share_a_name_are_each_tried(tmp_path: Path) -> None:
    """Docker Registry 3 calls every key of a curve by one name."""
    registry = Guarded(tmp_path, bundle=pem(certificate(EC, "one"), certificate(OTHER, "two")))
    shared = set(key_names(EC.public_key())) & set(key_names(OTHER.public_key()))
    assert len(shared) == 1
    for key in (EC, OTHER):
        assert let_in(registry, sign(key, claims(), "ES256", {"kid": next(iter(shared))}))
    foreign = ec.generate_private_key(ec.SECP256R1())
    refused(registry, sign(foreign, claims(), "ES256", {"kid": next(iter(shared))}))


@pytest.mark.parametrize(
    ("bundle", "keys", "said"),
    [
        (b"nothing", None, "no certificates in PEM"),
        (b"", None, "no certificates in PEM"),
        (None, b"nothing", "no JSON Web Key Set"),
        (None, b'{"keys": {}}', "no JSON Web Key Set"),
        (None, b'{"keys": []}', "no key"),
        (None, b'{"keys": [1]}', "key 1: no JSON Web Key"),
        (None, b'{"keys": [{"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"}]}', "key 1"),
        (None, b'{"keys": [{"kty": "RSA", "n": "AQAB", "e": "AQAB"}]}', "key 1"),
        (None, b'{"keys": [{"kty": "oct", "k": "c2hvcnQ"}]}', "too weak"),
        (None, b"[" * 100_000, "no JSON Web Key Set"),
    ],
)
def test_a_file_of_keys_that_cannot_be_used_is_told(
    tmp_path: Path, bundle: bytes | None, keys: bytes | None, said: str
) -> None:
    with pytest.raises(ConfigurationError, match=said):
        Guarded(tmp_path, bundle=bundle, keys=keys)


def test_a_weak_key_is_told(tmp_path: Path) -> None:
    weak = rsa.generate_private_key(65537, 1024)
    with pytest.raises(ConfigurationError, match="certificate 1: an RSA key of 1024 bits"):
        Guarded(tmp_path, bundle=pem(certificate(weak)))
    with pytest.raises(ConfigurationError, match="key 1: an RSA key of 1024 bits"):
        Guarded(tmp_path, keys=key_set(("w", weak.public_key())))


def test_a_private_key_in_the_set_is_used_as_its_public_half(tmp_path: Path) -> None:
    numbers = EC.private_numbers()
    entry = {
        **public_jwk(EC.public_key()),
        "kid": "k",
        "d": part(numbers.private_value.to_bytes(32, "big")),
    }
    registry = Guarded(tmp_path, keys=json.dumps({"keys": [entry]}).encode())
    assert let_in(registry, sign(EC, claims(), "ES256", {"kid": "k"}))


def hmac_signed(secret: bytes, header: dict[str, str]) -> str:
    """Sign as an attacker does, whom no library stops."""
    body = f"{part(json.dumps(header).encode())}.{part(json.dumps(claims()).encode())}"
    return f"{body}.{part(hmac.new(secret, body.encode(), hashlib.sha256).digest())}"


def test_the_tests_own_claims_are_good_at_their_moment(registry: Guarded) -> None:
    assert registry.clock.now() == NOW * 1_000_000
