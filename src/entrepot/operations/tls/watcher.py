"""Looks at the files of certificates again and again, and says when they have changed."""

import logging
import threading
import time
from collections.abc import Callable

from entrepot.operations.tls.keeper import CertificateKeeper

logger = logging.getLogger("entrepot.tls")

# What two reads in a row find the same is no longer being written. New connections have the new
# certificate within two of these, and what the workers take to start.
INTERVAL_SECONDS = 1.5
_DAY_SECONDS = 86400.0


class CertificateWatcher:
    """A thread of the supervisor.

    By content: a file that was written anew with the same bytes changes nothing, and symbolic links
    that now lead elsewhere (as in Kubernetes) do.

    Args:
        keeper: knows the files, and what they held when they were last judged.
        announce: called when they hold something else, and have done so twice in a row.
        interval: seconds between two looks.
    """

    def __init__(
        self,
        keeper: CertificateKeeper,
        announce: Callable[[], None],
        interval: float = INTERVAL_SECONDS,
    ) -> None:
        self._keeper = keeper
        self._announce = announce
        self._interval = interval
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="certificates", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End, at once."""
        self._stopping.set()

    def _watch(self) -> None:
        before = ""
        told = time.monotonic()
        while not self._stopping.wait(self._interval):
            try:
                found = self._keeper.fingerprint()
                if found == before and self._keeper.is_new(found):
                    self._announce()
                before = found
                if time.monotonic() - told >= _DAY_SECONDS:
                    told = time.monotonic()
                    self._keeper.tell_of_expiry()
            except Exception:
                logger.exception("the certificates could not be looked at")
