"""Checks at startup whether the database is lost or damaged while blobs are still stored.

An empty database beside blobs would serve nothing, and its collector would remove them: so starting
never creates one silently.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from entrepot.assembly.backend import Backend
from entrepot.errors import DamagedDatabase, MetadataOutage

logger = logging.getLogger("entrepot.database")


def check_database_is_there(backend: Backend) -> None:
    """Return if the database exists, or if nothing is stored that it should know.

    Raises:
        MetadataOutage: it is missing or empty, and there are backups of it, or blobs that no link
            of Docker Registry leads to; the message says what to do.
    """
    tree, snapshots, path = backend.tree, backend.snapshots, backend.database
    if tree is None or snapshots is None:
        return
    try:
        if path.exists() and path.stat().st_size:
            return
    except OSError:
        return  # opening it will report why it cannot be read
    said = f"the database {path} is {'empty' if path.exists() else 'missing'}"
    backups = advice(backend)
    if backups is not None:
        raise MetadataOutage(
            f"{said}; {backups}. To begin with an empty database instead, move the folder"
            f" {tree.backups} away"
        )
    if not tree.has_blobs():
        return
    if not tree.has_links():
        raise MetadataOutage(
            f"{said}, and there is no backup of it, but {tree.blobs} has blobs. Put the database"
            " back (database.sqlite.path says where it lies), or `entrepot restore FILE`; if"
            " nothing of it is needed any more, remove these blobs"
        )
    aside = snapshots.aside()
    if aside is not None:
        raise MetadataOutage(
            f"{said}, and {aside[0]} lies beside it: a restore did not finish. Repeat it,"
            f" or `entrepot restore {aside[0]}` to have that one again"
        )
    if path.with_name("sessions.db").exists():
        logger.warning(
            "%s, and there is no backup of it: the directory of Docker Registry was adopted anew."
            " What was pushed to Entrepot itself is not in it",
            said,
        )


@contextmanager
def advising(backend: Backend) -> Iterator[None]:
    """Add advice to the error of a damaged database.

    Raises:
        MetadataOutage: what was raised inside, with the advice.
    """
    try:
        yield
    except DamagedDatabase as error:
        todo = advice(backend) or "there is no backup of it in the storage"
        raise MetadataOutage(f"{backend.database}: {error.message}; {todo}") from error


def advice(backend: Backend) -> str | None:
    """Say what to do about a database that is lost or damaged; None where there is no backup."""
    if backend.snapshots is None:
        return None
    try:
        listed = backend.snapshots.store.listed()
    except MetadataOutage:
        return None
    if not listed:
        return None
    newest = datetime.fromtimestamp(listed[0].taken_at / 1_000_000, UTC).isoformat(" ", "seconds")
    count = f"are {len(listed)} backups" if len(listed) > 1 else "is 1 backup"
    return (
        f"there {count} of it, the newest of {newest}: `entrepot restore` puts that one in its"
        " place and tells what is lost since"
    )
