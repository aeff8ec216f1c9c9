"""The keys of somebody else's token server, read again when their files change."""

import logging

from entrepot.config.token_keys import (
    Certificates,
    TrustedKey,
    read_certificates,
    read_key_set,
)
from entrepot.errors import ConfigurationError
from entrepot.ports.tokens import WatchedContent
from entrepot.services.tokens.keyring import KeyRing, make_ring

LOOK_SECONDS = 1.0
"""How often the files are checked; a replaced key takes at most this long to be noticed."""

logger = logging.getLogger("entrepot.access.token")


class TrustedKeys:
    """Keys from files. A file that cannot be used leaves those that were read before.

    Args:
        certificates: the bundle of `rootcertbundle`; None for none.
        key_set: the set of `jwks`; None for none.
        accepted: algorithms; keys for others are left out.
        now: seconds since 1970.

    Raises:
        ConfigurationError: a file cannot be used, or there is no key at all.
    """

    def __init__(
        self,
        certificates: WatchedContent | None,
        key_set: WatchedContent | None,
        accepted: frozenset[str],
        now: float,
    ) -> None:
        self._sources = (certificates, key_set)
        self._accepted = accepted
        self._certificates: Certificates = ()
        self._keys: list[tuple[str | None, TrustedKey]] = []
        self._looked_at = now
        self._looked_surely_at = now - LOOK_SECONDS
        self._complaint = ""
        self.ring = KeyRing({})
        for source in filter(None, self._sources):
            try:
                self._read(source, surely=True)
            except (OSError, ValueError) as error:
                raise ConfigurationError(f"{source.name}: {_said(error)}") from error
        self._make()
        if not self.ring.keys:
            raise ConfigurationError("auth.token: there is no key for verifying tokens")

    def look(self, now: float, *, surely: bool = False) -> bool:
        """Read what has changed; not more often than once a second, of each sort.

        Args:
            now: seconds since 1970.
            surely: read files that look unchanged, too.

        Returns:
            Whether other keys are trusted now.
        """
        last = self._looked_surely_at if surely else self._looked_at
        if 0 <= now - last < LOOK_SECONDS:
            return False
        self._looked_at = now
        if surely:
            self._looked_surely_at = now
        changed = [self._changed(source, surely) for source in filter(None, self._sources)]
        if not any(changed):
            return False
        self._make()
        logger.info("the keys of the token server were read again")
        return True

    def _changed(self, source: WatchedContent, surely: bool) -> bool:
        try:
            changed = self._read(source, surely=surely)
        except (OSError, ValueError) as error:
            complaint = (
                f"{source.name} cannot be used, the previous keys stay in use: {_said(error)}"
            )
            if complaint != self._complaint:
                logger.error("%s", complaint)
            self._complaint = complaint
            return False
        if changed:
            self._complaint = ""
        return changed

    def _read(self, source: WatchedContent, *, surely: bool) -> bool:
        content = source.read_if_changed(surely=surely)
        if content is None:
            return False
        if source is self._sources[0]:
            self._certificates = read_certificates(content)
        else:
            self._keys = read_key_set(content)
        return True

    def _make(self) -> None:
        self.ring = make_ring(self._certificates, self._keys, self._accepted)


def _said(error: OSError | ValueError) -> str:
    return (error.strerror or str(error)) if isinstance(error, OSError) else str(error)
