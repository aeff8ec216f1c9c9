"""Databases that a restore has set aside: `metadata.db.before-restore-20260131T235959Z`."""

import re
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

from entrepot.ports.clock import MICROSECONDS

BESIDE = ("", "-wal", "-shm")
_TIME = "%Y%m%dT%H%M%SZ"
_NAME = re.compile(r"\.before-restore-(\d{8}T\d{6}Z)(?:\.\d+)?", re.ASCII)


def free_name(database: Path, now: int) -> Path:
    """Give a name under which nothing lies yet, nor the log of anything.

    Args:
        database: the file to set aside.
        now: in microseconds since 1970, UTC.
    """
    moment = datetime.fromtimestamp(now // MICROSECONDS, UTC).strftime(_TIME)
    first = path = database.with_name(f"{database.name}.before-restore-{moment}")
    for number in count(2):
        if not any(path.with_name(path.name + suffix).exists() for suffix in BESIDE):
            break
        path = first.with_name(f"{first.name}.{number}")
    return path


def newest_aside(database: Path) -> tuple[Path, int] | None:
    """Find the database that was set aside last.

    Returns:
        The file, and when it was set aside, in microseconds since 1970, UTC; None without any.
    """
    found = []
    for path in database.parent.glob(f"{database.name}.before-restore-*"):
        match = _NAME.fullmatch(path.name.removeprefix(database.name))
        if match:
            moment = datetime.strptime(match[1], _TIME).replace(tzinfo=UTC)
            found.append((int(moment.timestamp()) * MICROSECONDS, path))
    if not found:
        return None
    at, path = max(found)
    return path, at
