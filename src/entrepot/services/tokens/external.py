"""Tokens of somebody else's token server: what they allow counts, and nothing else."""

import logging

from entrepot.errors import Unauthenticated
from entrepot.ports.access import BearerCredentials, Caller, Credentials, Kind
from entrepot.ports.clock import MICROSECONDS, Clock
from entrepot.services.cache import MEBIBYTE, Cache, SecretHash
from entrepot.services.tokens.claims import check_claims, invalid_token, read_access, read_subject
from entrepot.services.tokens.trusted import TrustedKeys
from entrepot.services.tokens.verification import TokenVerifier, UnknownKey

_PAUSE_SECONDS = 1.0
_VERIFIED_BYTES = 4 * MEBIBYTE

logger = logging.getLogger("entrepot.access.token")


class ExternalTokens:
    """Implements `Authenticator` for `auth.token`.

    A token is verified once and then looked up, until it ends or the keys change.

    Args:
        issuer: who must have made tokens.
        service: for what they must have been made.
        keys: what they may be signed with.
        verifier: looks at signatures.
        clock: tells the time.
    """

    def __init__(
        self,
        issuer: str,
        service: str,
        keys: TrustedKeys,
        verifier: TokenVerifier,
        clock: Clock,
    ) -> None:
        self._issuer = issuer
        self._service = service
        self._keys = keys
        self._verifier = verifier
        self._clock = clock
        self._key = SecretHash()
        self._verified: Cache[bytes, Caller] = Cache(
            _VERIFIED_BYTES, clock=lambda: clock.now() / MICROSECONDS
        )
        self._told_at = 0.0

    async def authenticate(self, credentials: Credentials) -> Caller:
        """Give whom a token names, with what it allows.

        Raises:
            Unauthenticated: it is no token, or one that cannot be accepted.
        """
        if not isinstance(credentials, BearerCredentials):
            raise Unauthenticated
        now = self._clock.now() / MICROSECONDS
        if self._keys.look(now):
            self._verified.clear()
        key = self._key(credentials.token)
        caller = self._verified.get(key)
        if caller is not None:
            return caller
        try:
            caller, until = self._verify(credentials.token, now)
        except Unauthenticated as error:
            self._tell(error, now)
            raise
        self._verified.keep(key, caller, until)
        return caller

    def _verify(self, token: str, now: float) -> tuple[Caller, float]:
        try:
            claims = self._verifier.verify(token, self._keys.ring, now)
        except UnknownKey:
            claims = self._verify_with_new_keys(token, now)
        until = check_claims(claims, self._issuer, self._service, now)
        name = read_subject(claims)
        kind = Kind.USER if name else Kind.ANONYMOUS
        caller = Caller(name, kind, limits=read_access(claims), delegated=True)
        return caller, until

    def _tell(self, error: Unauthenticated, now: float) -> None:
        """Say why a token was refused, for whoever sets this up; once a second at most."""
        if not 0 <= now - self._told_at < _PAUSE_SECONDS:
            self._told_at = now
            logger.info("%s", error.message)

    def _verify_with_new_keys(self, token: str, now: float) -> dict[str, object]:
        if self._keys.look(now, surely=True):
            self._verified.clear()
            try:
                return self._verifier.verify(token, self._keys.ring, now)
            except UnknownKey:
                pass
        raise invalid_token("it is signed with a key that is not trusted")
