"""The commands about the token server, as a shell runs them."""

import asyncio
import json
from contextlib import closing
from pathlib import Path

import pytest
import yaml

from entrepot.assembly.backend import Backend
from entrepot.config.loader import load
from entrepot.ports.access import Kind
from entrepot.ports.tokens import Authority, RefreshToken, SigningKey
from tests.unit.cli.program import run


@pytest.fixture
def config(tmp_path: Path) -> Path:
    file = tmp_path / "config.yml"
    storage = {"filesystem": {"rootdirectory": str(tmp_path / "data")}}
    document = {"version": 0.1, "storage": storage, "access": {"enabled": True}}
    file.write_text(yaml.safe_dump(document))
    return file


def refresh_token(digest: str, account: str) -> RefreshToken:
    groups: frozenset[str] = frozenset()
    return RefreshToken(digest, account, Kind.USER, groups, "m", "entrepot", "", 1, 1, 2**60)


def test_a_user_is_logged_out(config: Path) -> None:
    async def prepare() -> None:
        backend = Backend(load(config, {}).settings)
        await backend.prepare()
        with closing(backend.open()) as drivers:
            store = drivers.tokens
            for digest, account in (("a", "alice"), ("b", "alice"), ("c", "bob")):
                await store.keep_refresh_token(refresh_token(digest, account))

    async def left(account: str) -> int:
        with closing(Backend(load(config, {}).settings).open()) as drivers:
            store = drivers.tokens
            return len(await store.refresh_tokens(account, "", 9))

    asyncio.run(prepare())
    ended = run("entrepot", "user", "logout", "alice", "--config", str(config))
    assert (ended.returncode, ended.stdout) == (0, "")
    assert ended.stderr.startswith("Revoked 2 refresh tokens")
    assert (asyncio.run(left("alice")), asyncio.run(left("bob"))) == (0, 1)
    ended = run("entrepot", "user", "logout", "bob", "--json", "--config", str(config))
    assert json.loads(ended.stdout) == {"name": "bob", "revoked": 1}


def test_all_keys_are_replaced(config: Path) -> None:
    async def prepare() -> None:
        backend = Backend(load(config, {}).settings)
        await backend.prepare()
        with closing(backend.open()) as drivers:
            store = drivers.tokens
            await store.keep_authority(Authority(b"k", b"c"), 1)
            await store.keep_signing_key(SigningKey(1, "kid", b"k", b"c", 1), 1)

    async def left() -> tuple[object, object]:
        with closing(Backend(load(config, {}).settings).open()) as drivers:
            store = drivers.tokens
            return await store.authority(), await store.signing_keys()

    asyncio.run(prepare())
    ended = run("entrepot", "access", "rekey", "--config", str(config))
    assert (ended.returncode, ended.stdout) == (0, "")
    assert ended.stderr.startswith("Removed the signing keys")
    assert asyncio.run(left()) == (None, [])
