"""Translates what the operating system refuses into Entrepot's errors."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from entrepot.errors import StorageFull, StorageOutage

_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


@contextmanager
def translated(doing: str) -> Iterator[None]:
    """Turn an OSError inside into Entrepot's own.

    Args:
        doing: what is being tried, for the message: "writing an upload".

    Raises:
        StorageFull: there is no room.
        StorageOutage: anything else went wrong.
    """
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        if error.errno in _NO_ROOM:
            raise StorageFull(f"the blob storage is full ({reason}) while {doing}") from error
        raise StorageOutage(f"the blob storage failed while {doing}: {reason}") from error
