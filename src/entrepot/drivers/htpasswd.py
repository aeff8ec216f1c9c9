"""The file of ``auth.htpasswd``: read again when it has changed, and made where it is missing."""

import asyncio
import logging
import os
import secrets
import time
from pathlib import Path

from entrepot.config.htpasswd_file import HtpasswdContent, read_htpasswd
from entrepot.errors import ConfigurationError, MetadataOutage

logger = logging.getLogger("entrepot.htpasswd")

USER = "docker"
_COST = 10
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL
_LOOK_SECONDS = 0.4
# A file that was written this moment may still be being written: htpasswd writes in place.
_SETTLED_SECONDS = 0.15

_Seen = tuple[int, int, int, int, int]


class PasswordFile:
    """The port of this name: looks at the file twice a second, as long as anybody asks.

    Args:
        path: of the file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._content: HtpasswdContent | None = None
        self._seen: _Seen | None = None
        self._fresh_until = 0.0
        self._looking: asyncio.Task[HtpasswdContent] | None = None

    async def current(self) -> HtpasswdContent:
        """Give the content that the file had half a second ago, or has now.

        Raises:
            MetadataOutage: the file cannot be read, or never could be used.
        """
        if self._content is not None and time.monotonic() < self._fresh_until:
            return self._content
        if self._looking is None:
            self._looking = asyncio.create_task(self._look())
            self._looking.add_done_callback(self._looked)
        return await asyncio.shield(self._looking)

    def _looked(self, task: "asyncio.Task[HtpasswdContent]") -> None:
        self._looking = None
        if not task.cancelled():
            task.exception()  # whoever waits is told

    async def _look(self) -> HtpasswdContent:
        begun = time.monotonic()
        try:
            seen = await asyncio.to_thread(_look_at, self._path)
            if self._content is None or (seen != self._seen and _is_settled(seen)):
                self._content = await self._read()
                self._seen = seen
        except OSError as error:
            self._content, self._seen = None, None
            logger.error("%s cannot be read, and nobody in it can log in: %s", self._path, error)
            raise MetadataOutage("passwords cannot be checked now") from error
        self._fresh_until = begun + _LOOK_SECONDS
        return self._content

    async def _read(self) -> HtpasswdContent:
        try:
            content = await asyncio.to_thread(read_htpasswd, self._path)
        except ValueError as error:
            if self._content is None:
                logger.error("%s cannot be used: %s", self._path, error)
                raise MetadataOutage("passwords cannot be checked now") from error
            logger.error("%s cannot be used, what it was before holds: %s", self._path, error)
            return self._content
        for message in content.refused.values():
            logger.warning("%s: %s", self._path, message)
        if self._content is not None:
            logger.info("%s has changed: %d users", self._path, len(content.hashes))
        return content


def _look_at(path: Path) -> _Seen:
    found = path.stat()
    return (found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino, found.st_dev)


def _is_settled(seen: _Seen) -> bool:
    return abs(time.time() - seen[0] / 1e9) >= _SETTLED_SECONDS


def provision(path: Path) -> str | None:
    """Make the file with one user, when it is missing.

    Args:
        path: of the file; missing parent folders are created.

    Returns:
        The password of the user ``docker``, which is nowhere else; None where there is a file.

    Raises:
        ConfigurationError: the file is missing and cannot be made.
    """
    if path.exists():
        return None
    import bcrypt

    password = secrets.token_urlsafe(32)
    hashed = bcrypt.hashpw(password.encode(), bcrypt.gensalt(_COST)).decode()
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with os.fdopen(os.open(path, _NEW, 0o600), "w") as file:
            file.write(f"{USER}:{hashed}\n")
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise ConfigurationError(
            f"auth.htpasswd.path: {path} is missing and cannot be made: {error.strerror or error}"
        ) from error
    return password
