"""Takes syncs out of every Python process that is started with this folder on PYTHONPATH.

Python imports a module of this name by itself. Which syncs is said by the file that
ENTREPOT_TEST_MUTATION names, and looked up at each of them, so that it can change while a server
runs: a regular expression for the paths that are not synced, or `late EXPRESSION` for files that
are synced after they got their name, or `synchronous LEVEL` for the database, or `row` for the rows
that keep the content of small blobs.
"""

import os
import re
import sqlite3
from typing import Any

_FILE = os.environ.get("ENTREPOT_TEST_MUTATION", "")
_fsync, _replace, _connect = os.fsync, os.replace, sqlite3.connect


def _mutation() -> tuple[str, str]:
    with open(_FILE) as file:
        kind, _, argument = file.read().strip().partition(" ")
    return kind, argument


def _selective_fsync(file: Any) -> None:
    kind, argument = _mutation()
    number = file if isinstance(file, int) else file.fileno()
    left_out = kind in ("late", "never") and re.search(
        argument, os.readlink(f"/proc/self/fd/{number}")
    )
    if not left_out:
        _fsync(file)


def _replace_then_sync(source: Any, target: Any, **more: Any) -> None:
    _replace(source, target, **more)
    if _mutation()[0] == "late":
        file = os.open(target, os.O_RDONLY)
        _fsync(file)
        os.close(file)


class _Careless(sqlite3.Connection):
    careless = False

    def execute(self, sql: str, *parameters: Any) -> sqlite3.Cursor:
        if sql == "PRAGMA synchronous = FULL":
            self.careless = True
        if sql.startswith("INSERT INTO redo") and _mutation()[0] == "row":
            return super().execute("SELECT 1")
        if sql == "BEGIN IMMEDIATE" and self.careless:
            kind, level = _mutation()
            super().execute(f"PRAGMA synchronous = {level if kind == 'synchronous' else 'FULL'}")
        return super().execute(sql, *parameters)


def _careless_connect(*arguments: Any, **more: Any) -> sqlite3.Connection:
    return _connect(*arguments, factory=_Careless, **more)


if _FILE:
    os.fsync = _selective_fsync  # type: ignore[assignment]
    os.replace = _replace_then_sync  # type: ignore[assignment]
    sqlite3.connect = _careless_connect  # type: ignore[assignment]
