"""The keys that sign: made, published, used and retired, in agreement with all workers and nodes.

A key is published (in the database, and so at `/auth/jwks`) a while before it signs, and stays
trusted until the last token that it can have signed has ended. Whoever notices that the next key
is due makes it; of two who do, one is first, and the other takes that one's.
"""

import asyncio
import base64
import logging
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.serialization import Encoding
from jwt.api_jws import PyJWS

from entrepot.config.token_keys import trust_public_key
from entrepot.errors import Outage
from entrepot.ports.clock import MICROSECONDS, Clock
from entrepot.ports.tokens import Authority, SigningKey, SigningKeys
from entrepot.services.token_server.certificates import (
    load_private_key,
    make_authority,
    make_signing_key,
)
from entrepot.services.tokens.key_names import public_jwk
from entrepot.services.tokens.keyring import KeyRing, make_ring

ALGORITHM = "ES256"
LONGEST_LIFETIME = 3600
"""Seconds that any access token lives at most."""
_TRUSTED_AFTER = (LONGEST_LIFETIME + 300) * MICROSECONDS
_LOOK = 5 * MICROSECONDS
_LOOK_SURELY = 1 * MICROSECONDS
_LEAD = 24 * 3600 * MICROSECONDS

logger = logging.getLogger("entrepot.access.token")


@dataclass(frozen=True, slots=True)
class Signer:
    """A key, ready to sign."""

    key: SigningKey
    private: EllipticCurvePrivateKey
    public_jwk: dict[str, str]
    x5c: tuple[str, ...]


class TokenKeys:
    """Signs tokens, and tells which keys are trusted.

    Args:
        store: where the keys are kept.
        clock: tells the time.
        rotation: seconds that a key signs.
    """

    def __init__(self, store: SigningKeys, clock: Clock, rotation: float) -> None:
        self._store = store
        self._clock = clock
        self._rotation = int(rotation * MICROSECONDS)
        self._lead = min(_LEAD, self._rotation // 4)
        self._signers: tuple[Signer, ...] = ()
        self._looked_at: int | None = None
        self._looking = asyncio.Lock()
        self._jws = PyJWS([ALGORITHM])
        self.ring = KeyRing({})
        """What is trusted; another object whenever it is something else."""

    async def look(self, *, surely: bool = False) -> None:
        """Read the keys, when that was not done a moment ago, and make the next where it is due.

        Args:
            surely: a token names a key that is not known; it may be a new one.
        """
        pause = _LOOK_SURELY if surely else _LOOK
        if self._is_fresh(pause):
            return
        if self._looking.locked() and self._signers and not surely:
            return  # somebody is at it; meanwhile the keys that are there are good
        async with self._looking:
            if not self._is_fresh(pause):
                await self._look()

    def _is_fresh(self, pause: int) -> bool:
        last = self._looked_at
        return last is not None and 0 <= self._clock.now() - last < pause

    async def _look(self) -> None:
        now = self._clock.now()
        keys = await self._store.signing_keys()
        try:
            keys = await self._make_due(keys, now)
            keys = await self._forget_retired(keys, now)
        except Outage as error:
            if not keys:
                raise
            # The keys that are there go on signing.
            logger.warning("the next key for tokens cannot be kept: %s", error.message)
        self._looked_at = now
        self._take(keys)

    async def sign(self, payload: bytes, *, with_certificate: bool) -> str:
        """Make a token.

        Args:
            payload: its claims, JSON.
            with_certificate: put the key's certificate into it, for registries that trust the
                authority and know no key sets.
        """
        await self.look()
        signer = self._current(self._clock.now())
        headers: dict[str, Any] = {"kid": signer.key.kid}
        if with_certificate:
            headers["x5c"] = list(signer.x5c)
        return self._jws.encode(payload, signer.private, ALGORITHM, headers)

    async def key_set(self) -> list[dict[str, Any]]:
        """Give the keys that are trusted, or will be, as JSON Web Keys."""
        await self.look()
        return [
            {
                **signer.public_jwk,
                "alg": ALGORITHM,
                "kid": signer.key.kid,
                "use": "sig",
                "x5c": list(signer.x5c),
            }
            for signer in self._signers
        ]

    async def authority_certificate(self) -> bytes:
        """Give the certificate, PEM, that registries may trust which know no key sets."""
        await self.look()
        return (await self._find_authority(self._clock.now())).certificate

    def _current(self, now: int) -> Signer:
        begun = [signer for signer in self._signers if signer.key.signs_from <= now]
        # None has begun where this clock is behind that of the node that made the first.
        return begun[-1] if begun else self._signers[0]

    async def _find_authority(self, now: int) -> Authority:
        authority = await self._store.authority()
        return authority or await self._store.keep_authority(make_authority(now), now)

    async def _make_due(self, keys: list[SigningKey], now: int) -> list[SigningKey]:
        newest = keys[-1] if keys else None
        if newest is None:
            number, signs_from = 1, now
        elif now < newest.signs_from + self._rotation - self._lead:
            return keys
        else:
            number = newest.number + 1
            signs_from = max(newest.signs_from + self._rotation, now + self._lead)
        authority = await self._find_authority(now)
        key = make_signing_key(authority, number, signs_from, now)
        if await self._store.keep_signing_key(key, now):
            logger.info("created signing key %d for tokens, kid %s", number, key.kid)
        return await self._store.signing_keys()

    async def _forget_retired(self, keys: list[SigningKey], now: int) -> list[SigningKey]:
        retired = [
            key for key, successor in pairwise(keys) if successor.signs_from + _TRUSTED_AFTER < now
        ]
        if not retired:
            return keys
        await self._store.forget_signing_keys(retired[-1].number + 1)
        return keys[len(retired) :]

    def _take(self, keys: list[SigningKey]) -> None:
        if [key.kid for key in keys] == [signer.key.kid for signer in self._signers]:
            return
        self._signers = tuple(_load(key) for key in keys)
        self.ring = make_ring(
            (),
            [
                (signer.key.kid, trust_public_key(signer.private.public_key()))
                for signer in self._signers
            ],
            frozenset({ALGORITHM}),
        )


def _load(key: SigningKey) -> Signer:
    private = load_private_key(key.private_key)
    certificate = x509.load_pem_x509_certificate(key.certificate)
    encoded = base64.b64encode(certificate.public_bytes(Encoding.DER)).decode()
    return Signer(key, private, public_jwk(private.public_key()), (encoded,))
