"""Keys are read again when their file changes; a token is verified once, and not for ever."""

import asyncio
import logging
import os
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from entrepot.errors import Unauthenticated
from entrepot.ports.access import BasicCredentials
from entrepot.services.tokens.key_names import libtrust_name
from tests.unit.services.tokens.forge import Guarded, certificate, claims, key_set, pem, sign

OLD, NEW = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
BY_OLD = sign(OLD, claims(), "ES256", {"kid": "old"})
BY_NEW = sign(NEW, claims(), "ES256", {"kid": "new"})


@pytest.fixture
def registry(tmp_path: Path) -> Guarded:
    return Guarded(tmp_path, keys=key_set(("old", OLD.public_key())))


def good(registry: Guarded, token: str) -> bool:
    try:
        asyncio.run(registry.let_in(token))
    except Unauthenticated:
        return False
    return True


def replace(path: Path, content: bytes) -> None:
    other = path.with_suffix(".new")
    other.write_bytes(content)
    other.rename(path)


def test_a_replaced_file_is_known_within_a_second(registry: Guarded) -> None:
    assert good(registry, BY_OLD)
    replace(registry.keys, key_set(("new", NEW.public_key())))
    registry.clock.seconds += 1
    assert good(registry, BY_NEW)
    assert not good(registry, BY_OLD), "it was verified before, with a key that is gone"


def test_an_unknown_key_is_looked_for_at_once_but_not_for_everybody(registry: Guarded) -> None:
    assert not good(registry, BY_NEW)
    replace(registry.keys, key_set(("new", NEW.public_key())))
    assert not good(registry, BY_NEW), "the files were read a moment ago"
    registry.clock.seconds += 1
    assert good(registry, BY_NEW)


def test_an_unknown_key_is_looked_for_in_a_file_that_looks_unchanged(registry: Guarded) -> None:
    registry.clock.seconds += 1
    assert good(registry, BY_OLD)
    before = registry.keys.stat()
    changed = key_set(("new", NEW.public_key()))
    assert len(changed) == before.st_size
    registry.keys.write_bytes(changed)
    os.utime(registry.keys, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert good(registry, BY_NEW)


def test_a_broken_file_leaves_the_keys_and_is_told_once(
    registry: Guarded, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        for content in (b"half a fi", b"half a fi"):
            replace(registry.keys, content)
            registry.clock.seconds += 1
            assert good(registry, BY_OLD)
        registry.keys.unlink()
        registry.clock.seconds += 1
        assert good(registry, BY_OLD)
        replace(registry.keys, key_set(("new", NEW.public_key())))
        registry.clock.seconds += 1
        assert good(registry, BY_NEW)
    told = [record.message for record in caplog.records if record.levelno == logging.ERROR]
    assert len(told) == 2
    assert "no JSON Web Key Set" in told[0]
    assert "No such file" in told[1]
    assert BY_OLD not in caplog.text


def test_a_replaced_bundle_is_known_too(tmp_path: Path) -> None:
    registry = Guarded(tmp_path, bundle=pem(certificate(OLD)))
    token = sign(OLD, claims(), "ES256", {"x5c": []})
    assert not good(registry, token)
    replace(registry.bundle, pem(certificate(NEW)))
    registry.clock.seconds += 1
    kid = libtrust_name(NEW.public_key())
    assert good(registry, sign(NEW, claims(), "ES256", {"kid": kid}))


def test_a_token_that_was_verified_ends_when_it_says(registry: Guarded) -> None:
    assert good(registry, BY_OLD)
    registry.clock.seconds += 360
    assert good(registry, BY_OLD)
    registry.clock.seconds += 1
    assert not good(registry, BY_OLD)


def test_a_name_and_a_password_are_no_token(registry: Guarded) -> None:
    with pytest.raises(Unauthenticated) as caught:
        asyncio.run(registry.external.authenticate(BasicCredentials("alice", BY_OLD)))
    assert caught.value.problem == ""


def test_why_a_token_was_refused_is_in_the_log_without_the_token(
    registry: Guarded, caplog: pytest.LogCaptureFixture
) -> None:
    other = sign(OLD, claims(aud="other"), "ES256", {"kid": "old"})
    with caplog.at_level(logging.INFO):
        for _ in range(3):
            assert not good(registry, other)
    assert [record.message for record in caplog.records] == [
        "the token cannot be accepted: it is for another service"
    ]
