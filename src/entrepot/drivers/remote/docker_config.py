"""docker's config.json: `auths`, `credHelpers` and `credsStore`.

Source: https://docs.docker.com/reference/cli/docker/login/ ("Credential stores"), and
cli/config/configfile of docker/cli.
"""

import base64
import binascii
import json
import re
import time
from asyncio import Lock, to_thread
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from entrepot.drivers.remote.commands import Credentials
from entrepot.drivers.watched_file import WatchedFile
from entrepot.errors import UpstreamDenied

DOCKER_HUB_KEY = "https://index.docker.io/v1/"

_HUB_HOSTS = frozenset({"docker.io", "index.docker.io", "registry-1.docker.io"})
_HELPER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_LOOK_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Content:
    """What stands in the file.

    Attributes:
        auths: credentials by the names of servers, without scheme and path.
        helpers: names of helpers by the same.
        store: the name of the helper for all others; empty for none.
    """

    auths: dict[str, Credentials] = field(default_factory=dict)
    helpers: dict[str, str] = field(default_factory=dict)
    store: str = ""


class DockerConfig:
    """The file, read again when it has changed.

    Args:
        path: of the file.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._file = WatchedFile(Path(path))
        self._content = Content()
        self._looked = float("-inf")
        self._looking = Lock()

    async def helper(self, host: str) -> tuple[str, str]:
        """Give the program that knows a host's credentials, and what it calls the host.

        Returns:
            Empty names where no program does.

        Raises:
            UpstreamDenied: the file cannot be used.
        """
        content = await self._current()
        for name in _names(host):
            if name in content.helpers:
                server = DOCKER_HUB_KEY if host in _HUB_HOSTS else name
                return f"docker-credential-{content.helpers[name]}", server
        if content.store:
            server = DOCKER_HUB_KEY if host in _HUB_HOSTS else host
            return f"docker-credential-{content.store}", server
        return "", ""

    async def entry(self, host: str) -> Credentials | None:
        """Give what stands in the file itself.

        Raises:
            UpstreamDenied: the file cannot be used.
        """
        content = await self._current()
        for name in _names(host):
            if name in content.auths:
                return content.auths[name]
        return None

    async def _current(self) -> Content:
        async with self._looking:  # whoever comes second has what the first has read
            if time.monotonic() - self._looked >= _LOOK_SECONDS:
                changed = await to_thread(self._read)
                if changed is not None:
                    self._content = changed
                self._looked = time.monotonic()
        return self._content

    def _read(self) -> Content | None:
        try:
            raw = self._file.read_if_changed()
            return None if raw is None else parse_docker_config(raw)
        except OSError as error:
            reason = error.strerror or str(error)
        except ValueError as error:
            reason = str(error)
        # It is read again the next time, though it stays as it is.
        self._file = WatchedFile(Path(self._path))
        raise UpstreamDenied(f"{self._path} cannot be used for credentials: {reason}")


def parse_docker_config(raw: bytes) -> Content:
    """Read the file's content.

    Raises:
        ValueError: it is not as docker writes it; the message has no secret.
    """
    try:
        document = json.loads(raw)
    except (ValueError, RecursionError):
        raise ValueError("it is not JSON") from None
    if not isinstance(document, dict):
        raise ValueError("it is no JSON object")
    auths = {
        _plain(key): credentials
        for key, entry in _object(document, "auths").items()
        if (credentials := _read_entry(key, entry)) is not None
    }
    helpers = {_plain(k): _helper(v) for k, v in _object(document, "credHelpers").items()}
    store = document.get("credsStore") or ""
    return Content(auths, helpers, _helper(store) if store else "")


def _object(document: dict[str, Any], key: str) -> dict[str, Any]:
    value = document.get(key) or {}
    if not isinstance(value, dict):
        raise ValueError(f"{key} is no JSON object")
    return value


def _read_entry(key: str, entry: Any) -> Credentials | None:
    """Read an entry of `auths`; an empty one says that a helper has the credentials."""
    if not isinstance(entry, dict):
        raise ValueError(f"auths has an entry that is no JSON object: {key[:100]}")
    values = {
        name: str(entry.get(name) or "")
        for name in ("auth", "identitytoken", "username", "password")
    }
    if values["identitytoken"]:
        return Credentials("", values["identitytoken"], is_identity_token=True)
    if values["auth"]:
        try:
            pair = base64.b64decode(values["auth"], validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            raise ValueError(f"auths has an `auth` that is not base64: {key[:100]}") from None
        username, colon, password = pair.partition(":")
        # docker ends some passwords with NULs.
        return Credentials(username, password.strip("\0")) if colon else None
    if values["username"]:
        return Credentials(values["username"], values["password"])
    return None


def _helper(name: Any) -> str:
    """Take the name of a helper, which must not lead to another folder's program."""
    if not isinstance(name, str) or not _HELPER.fullmatch(name):
        raise ValueError("it names a credential helper whose name is not valid")
    return name


def _plain(key: str) -> str:
    """Give a server's name without scheme and path, as docker compares them."""
    return key.partition("://")[2].partition("/")[0] if "://" in key else key.partition("/")[0]


def _names(host: str) -> list[str]:
    """Give the names that a host may have in the file."""
    if host in _HUB_HOSTS:
        return ["index.docker.io", "docker.io", "registry-1.docker.io"]
    return [host]
