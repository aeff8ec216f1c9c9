"""Where credentials come from: docker's config.json, and commands."""

import asyncio
import base64
import json
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.drivers.remote import commands, docker_config
from entrepot.drivers.remote.commands import Credentials, ask_helper
from entrepot.drivers.remote.credentials import CredentialSource
from entrepot.drivers.remote.docker_config import DockerConfig, parse_docker_config
from entrepot.errors import UpstreamDenied
from entrepot.ports.upstream import UpstreamAddress

pytestmark = pytest.mark.anyio

HUB = "https://index.docker.io/v1/"
ALICE = Credentials("alice", "sesame")


def auth(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def program(folder: Path, name: str, body: str) -> Path:
    """Write a program; `$HOME_OF` is its folder, and its calls are counted there."""
    file = folder / name
    file.write_text(f"#!/bin/sh\nHOME_OF={folder}\necho call >>$HOME_OF/{name}.calls\n{body}\n")
    file.chmod(0o755)
    return file


def calls(file: Path) -> int:
    counted = file.with_name(f"{file.name}.calls")
    return len(counted.read_text().splitlines()) if counted.exists() else 0


def source(**settings: Any) -> CredentialSource:
    address = UpstreamAddress("registry.test", ("https://registry.test",), **settings)
    return CredentialSource(address, "registry.test")


@pytest.mark.parametrize(
    ("entry", "read"),
    [
        ({"auth": auth("alice:sesame")}, ALICE),
        ({"auth": auth("alice:se:sa:me")}, Credentials("alice", "se:sa:me")),
        ({"auth": auth("alice:sesame\0\0")}, ALICE),
        ({"username": "alice", "password": "sesame"}, ALICE),
        ({"auth": auth("x:"), "identitytoken": "t"}, Credentials("", "t", is_identity_token=True)),
        ({}, None),
        ({"auth": auth("no colon")}, None),
    ],
)
@pytest.mark.parametrize(
    "key", ["registry.test", "https://registry.test", "https://registry.test/v1/"]
)
async def test_auths_are_read_as_docker_writes_them(
    entry: dict[str, str], read: Credentials | None, key: str, tmp_path: Path
) -> None:
    file = tmp_path / "config.json"
    file.write_text(json.dumps({"auths": {"other.test": {"auth": auth("bob:x")}, key: entry}}))
    assert await source(docker_config=str(file)).get("registry.test") == read


@pytest.mark.parametrize("host", ["docker.io", "index.docker.io", "registry-1.docker.io"])
async def test_docker_hub_has_a_name_of_its_own(host: str, tmp_path: Path) -> None:
    file = tmp_path / "config.json"
    file.write_text(json.dumps({"auths": {HUB: {"auth": auth("alice:sesame")}}}))
    assert await DockerConfig(str(file)).entry(host) == ALICE


async def test_a_second_address_has_only_credentials_of_its_own(tmp_path: Path) -> None:
    file = tmp_path / "config.json"
    file.write_text(json.dumps({"auths": {"second.test:5000": {"auth": auth("bob:secret")}}}))
    credentials = source(username="alice", password="sesame", docker_config=str(file))
    assert await credentials.get("registry.test") == ALICE
    assert await credentials.get("second.test:5000") == Credentials("bob", "secret")
    assert await credentials.get("second.test") is None


@pytest.mark.parametrize(
    "content",
    ["", "[]", '{"auths":[1]}', '{"auths":{"a":1}}', '{"auths":{"a":{"auth":"%"}}}',
     '{"credsStore":"../bin/sh"}', '{"credHelpers":{"a":"b c"}}', '{"credHelpers":{"a":7}}'],
)  # fmt: skip
async def test_a_file_that_cannot_be_used_is_told(content: str, tmp_path: Path) -> None:
    file = tmp_path / "config.json"
    file.write_text(content)
    for _ in range(2):
        with pytest.raises(UpstreamDenied, match=r"config\.json cannot be used"):
            await source(docker_config=str(file)).get("registry.test")
    with pytest.raises(UpstreamDenied, match="No such file"):
        await source(docker_config=str(tmp_path / "missing")).get("registry.test")


async def test_the_file_is_read_again_when_it_has_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(docker_config, "_LOOK_SECONDS", 0.0)
    file = tmp_path / "config.json"
    file.write_text("{}")
    credentials = source(docker_config=str(file))
    assert await credentials.get("registry.test") is None
    file.write_text(json.dumps({"auths": {"registry.test": {"auth": auth("alice:sesame")}}}))
    assert await credentials.get("registry.test") == ALICE


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=9),
    lambda inner: st.lists(inner) | st.dictionaries(
        st.sampled_from(["auths", "auth", "credHelpers", "credsStore", "a", "identitytoken"]), inner
    )))  # fmt: skip
def test_any_json_is_read_or_refused(document: Any) -> None:
    with suppress(ValueError):
        parse_docker_config(json.dumps(document).encode())


async def test_a_helper_is_asked_as_docker_asks_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = """read server; printf '{"Username":"%s","Secret":"%s"}' "$1" "$server" """
    one = program(tmp_path, "docker-credential-one", told)
    all_others = program(tmp_path, "docker-credential-others", told)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    file = tmp_path / "config.json"
    helpers = {"credHelpers": {"registry.test": "one"}, "credsStore": "others"}
    file.write_text(json.dumps(helpers))
    credentials = source(docker_config=str(file))
    for _ in range(3):
        found = await credentials.get("registry.test")
        assert found == Credentials("get", "registry.test")
    assert (calls(one), calls(all_others)) == (1, 0)
    hub = CredentialSource(
        UpstreamAddress("docker.io", ("https://registry-1.docker.io",), docker_config=str(file)),
        "registry-1.docker.io",
    )
    assert await hub.get("registry-1.docker.io") == Credentials("get", HUB)
    credentials.forget()
    await credentials.get("registry.test")
    assert calls(one) == 2


@pytest.mark.parametrize(("lifetime", "runs"), [(0.0, 3), (3600.0, 1), (float("inf"), 1)])
async def test_a_command_is_run_again_after_its_lifetime(
    lifetime: float, runs: int, tmp_path: Path
) -> None:
    file = program(tmp_path, "login", """cat >/dev/null; echo '{"Username":"a","Secret":"b"}'""")
    credentials = source(credentials_command=(str(file),), credentials_lifetime=lifetime)
    for _ in range(3):
        assert await credentials.get("registry.test") == Credentials("a", "b")
    assert calls(file) == runs


async def test_all_who_ask_meanwhile_get_one_answer(tmp_path: Path) -> None:
    file = program(tmp_path, "login", """cat >/dev/null; echo '{"Username":"a","Secret":"b"}'""")
    credentials = source(credentials_command=(str(file),))
    found = await asyncio.gather(*(credentials.get("registry.test") for _ in range(8)))
    assert set(found) == {Credentials("a", "b")}
    assert calls(file) == 1


async def test_a_token_of_a_helper_is_an_identity_token(tmp_path: Path) -> None:
    file = program(tmp_path, "login", """echo '{"Username":"<token>","Secret":"t"}'""")
    assert await ask_helper([str(file)], "x") == Credentials("", "t", is_identity_token=True)


async def test_a_helper_may_have_nothing(tmp_path: Path) -> None:
    text = "credentials not found in native keychain"
    file = program(tmp_path, "login", f"echo '{text}'; exit 1")
    assert await ask_helper([str(file)], "x") is None


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("exit 3", "failed with status 3"),
        ("echo secret-text; exit 1", "failed with status 1"),
        ("echo '{'", "printed no"),
        ("echo '[]'", "printed no"),
        ("""echo '{"Username":"a","Secret":""}'""", "printed no"),
        ("yes", "prints too much"),
    ],
)
async def test_a_command_that_fails_is_told_without_what_it_printed(
    body: str, told: str, tmp_path: Path
) -> None:
    file = program(tmp_path, "login", body)
    with pytest.raises(UpstreamDenied, match=told) as refused:
        await ask_helper([str(file)], "registry.test")
    assert "secret-text" not in str(refused.value)


async def test_a_command_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(UpstreamDenied, match="login cannot be run: No such file"):
        await ask_helper([str(tmp_path / "login")], "x")


async def test_a_command_without_end_is_ended_with_all_it_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commands, "TIMEOUT_SECONDS", 0.5)
    fifo = tmp_path / "alive"
    os.mkfifo(fifo)
    # The child has the only other end of the fifo: reading ends when it does.
    file = program(tmp_path, "login", f"sleep 1000 >{fifo} & sleep 1000")
    reading = asyncio.create_task(asyncio.to_thread(fifo.read_bytes))
    with pytest.raises(UpstreamDenied, match="did not end"):
        await ask_helper([str(file)], "x")
    assert await reading == b""
