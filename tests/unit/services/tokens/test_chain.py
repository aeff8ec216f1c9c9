"""Certificates in `x5c`: accepted when a trusted root stands behind them, and only then."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from entrepot.errors import Unauthenticated
from entrepot.services.tokens import chain
from entrepot.services.tokens.key_names import libtrust_name
from tests.unit.services.tokens.forge import (
    NOW,
    Guarded,
    certificate,
    claims,
    key_set,
    pem,
    sign,
    x5c,
)

ROOT, MIDDLE, LEAF, FOREIGN = (ec.generate_private_key(ec.SECP256R1()) for _ in range(4))
ROOT_CERT = certificate(ROOT, "root", ca=True)
MIDDLE_CERT = certificate(MIDDLE, "middle", ("root", ROOT), ca=True, usage=True)
LEAF_CERT = certificate(LEAF, "leaf", ("middle", MIDDLE))
DIRECT_CERT = certificate(LEAF, "leaf", ("root", ROOT))


def good(tmp_path: Path, headers: dict[str, Any], key: Any = LEAF) -> bool:
    registry = Guarded(tmp_path, bundle=pem(ROOT_CERT))
    try:
        asyncio.run(registry.let_in(sign(key, claims(), "ES256", headers)))
    except Unauthenticated:
        return False
    return True


def test_a_chain_that_leads_to_a_root_is_followed(tmp_path: Path) -> None:
    assert good(tmp_path, x5c(DIRECT_CERT))
    assert good(tmp_path, x5c(DIRECT_CERT, ROOT_CERT))
    assert good(tmp_path, x5c(LEAF_CERT, MIDDLE_CERT))
    assert good(tmp_path, x5c(LEAF_CERT, MIDDLE_CERT, ROOT_CERT))


def test_the_root_itself_may_sign(tmp_path: Path) -> None:
    assert good(tmp_path, x5c(ROOT_CERT), ROOT)


def test_a_certificate_that_signs_for_itself_is_trusted_when_it_is_in_the_bundle(
    tmp_path: Path,
) -> None:
    """What most token servers do: one certificate, no CA."""
    own = certificate(LEAF, "token server")
    registry = Guarded(tmp_path, bundle=pem(own))
    token = sign(LEAF, claims(), "ES256", x5c(own))
    assert asyncio.run(registry.let_in(token)).name == "alice"


def test_an_rsa_chain_is_followed(tmp_path: Path) -> None:
    root, leaf = (rsa.generate_private_key(65537, 2048) for _ in range(2))
    registry = Guarded(tmp_path, bundle=pem(certificate(root, "r", ca=True)))
    headers = x5c(certificate(leaf, "l", ("r", root)))
    token = sign(leaf, claims(), "RS256", headers)
    assert asyncio.run(registry.let_in(token)).name == "alice"


def test_a_foreign_root_is_not_trusted(tmp_path: Path) -> None:
    foreign = certificate(FOREIGN, "root", ca=True)
    by_foreign = certificate(LEAF, "leaf", ("root", FOREIGN))
    assert not good(tmp_path, x5c(by_foreign))
    assert not good(tmp_path, x5c(by_foreign, foreign))
    assert not good(tmp_path, x5c(by_foreign, ROOT_CERT))
    assert not good(tmp_path, x5c(foreign, ROOT_CERT), FOREIGN)


def test_no_signature_is_verified_with_the_key_of_a_stranger(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    foreign = certificate(FOREIGN, "root", ca=True)
    middle = certificate(MIDDLE, "middle", ("root", FOREIGN), ca=True, usage=True)
    asked: list[x509.Certificate] = []

    def certifies(issuer: x509.Certificate, *others: Any) -> bool:
        asked.append(issuer)
        return certify(issuer, *others)

    certify = chain._certifies
    monkeypatch.setattr(chain, "_certifies", certifies)
    assert not good(tmp_path, x5c(LEAF_CERT, middle, foreign))
    assert asked == [ROOT_CERT] * 3
    assert good(tmp_path, x5c(LEAF_CERT, MIDDLE_CERT, ROOT_CERT))


def test_the_key_of_the_first_certificate_has_to_have_signed(tmp_path: Path) -> None:
    assert not good(tmp_path, x5c(DIRECT_CERT), FOREIGN)
    assert not good(tmp_path, x5c(LEAF_CERT, MIDDLE_CERT), MIDDLE)
    assert not good(tmp_path, x5c(certificate(FOREIGN), DIRECT_CERT), FOREIGN)


def test_a_chain_with_a_gap_or_in_disorder_leads_nowhere(tmp_path: Path) -> None:
    assert not good(tmp_path, x5c(LEAF_CERT))
    assert not good(tmp_path, x5c(LEAF_CERT, ROOT_CERT))
    assert not good(tmp_path, x5c(LEAF_CERT, ROOT_CERT, MIDDLE_CERT))
    assert not good(tmp_path, x5c(LEAF_CERT, MIDDLE_CERT, *[MIDDLE_CERT] * 8))


def test_who_is_no_ca_certifies_nobody(tmp_path: Path) -> None:
    below = certificate(FOREIGN, "below", ("leaf", LEAF))
    assert not good(tmp_path, x5c(below, DIRECT_CERT), FOREIGN)
    no_ca = (x509.BasicConstraints(ca=False, path_length=None), True)
    told = certificate(MIDDLE, "middle", ("root", ROOT), usage=True, extensions=[no_ca])
    assert not good(tmp_path, x5c(LEAF_CERT, told))
    denied = certificate(MIDDLE, "middle", ("root", ROOT), ca=True, usage=False)
    assert not good(tmp_path, x5c(LEAF_CERT, denied))


def test_a_root_that_is_no_ca_certifies_nobody(tmp_path: Path) -> None:
    registry = Guarded(tmp_path, bundle=pem(certificate(ROOT, "root")))
    with pytest.raises(Unauthenticated):
        asyncio.run(registry.let_in(sign(LEAF, claims(), "ES256", x5c(DIRECT_CERT))))


def test_a_path_is_no_longer_than_its_cas_allow(tmp_path: Path) -> None:
    short = certificate(ROOT, "root", ca=True, path_length=0)
    registry = Guarded(tmp_path, bundle=pem(short))
    assert asyncio.run(registry.let_in(sign(LEAF, claims(), "ES256", x5c(DIRECT_CERT))))
    token = sign(LEAF, claims(), "ES256", x5c(LEAF_CERT, MIDDLE_CERT))
    with pytest.raises(Unauthenticated):
        asyncio.run(registry.let_in(token))


@pytest.mark.parametrize(("begins", "ends"), [(NOW - 9, NOW - 1), (NOW + 1, NOW + 9)])
def test_a_certificate_that_is_not_valid_now_certifies_nothing(
    tmp_path: Path, begins: int, ends: int
) -> None:
    leaf = certificate(LEAF, "leaf", ("root", ROOT), begins=begins, ends=ends)
    assert not good(tmp_path, x5c(leaf))
    middle = certificate(MIDDLE, "middle", ("root", ROOT), ca=True, begins=begins, ends=ends)
    assert not good(tmp_path, x5c(LEAF_CERT, middle))


@pytest.mark.parametrize(("begins", "ends"), [(NOW - 9, NOW - 1), (NOW + 1, NOW + 9)])
def test_the_key_of_a_certificate_that_is_not_valid_now_signs_nothing_by_name(
    tmp_path: Path, begins: int, ends: int
) -> None:
    root = certificate(ROOT, "root", ca=True, begins=begins, ends=ends)
    registry = Guarded(tmp_path, bundle=pem(root))
    token = sign(ROOT, claims(), "ES256", {"kid": libtrust_name(ROOT.public_key())})
    with pytest.raises(Unauthenticated, match="is not valid now"):
        asyncio.run(registry.let_in(token))
    renewed = certificate(ROOT, "root", ca=True)
    registry = Guarded(tmp_path, bundle=pem(root, renewed))
    assert asyncio.run(registry.let_in(token)).name == "alice"


def test_a_limit_that_is_not_understood_refuses_the_chain(tmp_path: Path) -> None:
    narrow = x509.NameConstraints([x509.DNSName("example.com")], None)
    middle = certificate(MIDDLE, "middle", ("root", ROOT), ca=True, extensions=[(narrow, True)])
    assert not good(tmp_path, x5c(LEAF_CERT, middle))


@pytest.mark.parametrize(
    "value", [[], "x", {}, None, 1, [1], ["!"], ["AAAA"], [""], [["AAAA"]], ["AAAA"] * 9]
)
def test_what_is_no_chain_is_refused(tmp_path: Path, value: object) -> None:
    assert not good(tmp_path, {"x5c": value})


def test_a_chain_is_not_passed_over_for_a_name(tmp_path: Path) -> None:
    """A token with both is verified by its certificate, as in both Docker Registries."""
    registry = Guarded(tmp_path, bundle=pem(ROOT_CERT), keys=key_set(("k", LEAF.public_key())))
    foreign = {**x5c(certificate(LEAF, "leaf")), "kid": "k"}
    with pytest.raises(Unauthenticated):
        asyncio.run(registry.let_in(sign(LEAF, claims(), "ES256", foreign)))
