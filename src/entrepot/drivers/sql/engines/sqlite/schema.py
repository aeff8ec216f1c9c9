"""Looks whether a database can be used as it is, for commands that run beside a registry.

They never migrate: the registry that runs may be of the version whose schema is there.
"""

import sqlite3
from contextlib import closing
from pathlib import Path

from entrepot.drivers.sql.engines.sqlite.connection import connect
from entrepot.drivers.sql.engines.sqlite.failures import translate
from entrepot.drivers.sql.queries import migration_files
from entrepot.errors import MetadataOutage, NewerDatabase


def require_schema(path: Path, family: str) -> None:
    """Return when a database is there and has exactly the schema of this program.

    Args:
        path: the file.
        family: which schema: `metadata` or `sessions`.

    Raises:
        NewerDatabase: a newer Entrepot has written it.
        MetadataOutage: there is none, it cannot be opened, or an older Entrepot has written it.
    """
    if not path.exists():
        raise MetadataOutage(f"there is no database {path}")
    try:
        with closing(connect(path, durable=True, read_only=True)) as connection:
            done = {number for (number,) in connection.execute("SELECT number FROM migrations")}
    except sqlite3.Error as error:
        outage = translate(error)
        raise MetadataOutage(f"{path}: {outage.message}; see `entrepot backup list`") from error
    known = {int(file.name.partition("_")[0]) for file in migration_files(family)}
    if done - known:
        raise NewerDatabase(f"{path} was written by a newer Entrepot than this one")
    if known - done:
        raise MetadataOutage(
            f"{path} was written by an older Entrepot; start this one once to bring it up to date"
        )
