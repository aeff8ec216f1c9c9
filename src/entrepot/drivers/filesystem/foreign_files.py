"""Reads folders and small files of a tree that is not Entrepot's own.

What is absent is None or empty: another program may have removed it. What is there and cannot be
read stops adoption, with the file's name: going on would lose images because of a permission.
"""

import errno
import os
from collections.abc import Iterator
from typing import NoReturn

from entrepot.errors import StorageOutage

_ABSENT = frozenset({errno.ENOENT, errno.ENOTDIR})
_MAX_LINK_BYTES = 512


def subfolders(path: str) -> Iterator[str]:
    """List the names of the folders in a folder; nothing when it is absent."""
    try:
        with os.scandir(path) as entries:
            for entry in entries:
                if entry.is_dir():
                    yield entry.name
    except OSError as error:
        if error.errno not in _ABSENT:
            refuse(path, error)


def read_link(path: str) -> tuple[bytes, int] | None:
    """Read a link file, and when it was written in microseconds since 1970; None if absent."""
    try:
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            return os.read(file, _MAX_LINK_BYTES), os.fstat(file).st_mtime_ns // 1000
        finally:
            os.close(file)
    except OSError as error:
        if error.errno not in _ABSENT:
            refuse(path, error)
        return None


def status(path: str) -> os.stat_result | None:
    """Look at a file; None if absent."""
    try:
        return os.stat(path)
    except OSError as error:
        if error.errno not in _ABSENT:
            refuse(path, error)
        return None


def refuse(path: str, error: OSError) -> NoReturn:
    """Say which file cannot be read."""
    raise StorageOutage(
        f"cannot read {printable(path)}: {error.strerror or error}", {"path": printable(path)}
    ) from error


def printable(name: str) -> str:
    r"""Make a file's name fit for text; bytes that are no UTF-8 become \udcXX."""
    return name.encode("utf-8", "backslashreplace").decode("utf-8")
