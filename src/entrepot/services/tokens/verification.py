"""Whether a token was signed by a key that is trusted, with what fits that key.

Nothing in a token's header chooses how it is verified: the algorithms are those that fit the key,
and the key is one that is trusted already, or has a certificate by a root that is. `jku`, `x5u`
and the key itself in `jwk` are never used.
"""

import json
from typing import Any

from jwt.api_jws import PyJWS
from jwt.exceptions import InvalidTokenError

from entrepot.config.token_keys import TrustedKey, trust_public_key
from entrepot.services.tokens.chain import leaf_of_chain
from entrepot.services.tokens.claims import invalid_token
from entrepot.services.tokens.keyring import KeyRing

LONGEST_TOKEN = 32 * 1024
"""Characters; a longer one is not looked at."""


class UnknownKey(Exception):
    """A token names a key that is not trusted; perhaps it is, once the keys are read again."""


class TokenVerifier:
    """Verifies signatures.

    Args:
        accepted: the algorithms that are accepted at all.
    """

    def __init__(self, accepted: frozenset[str]) -> None:
        self._accepted = accepted
        self._jws = PyJWS(sorted(accepted), {"enforce_minimum_key_length": True})

    def verify(self, token: str, ring: KeyRing, now: float) -> dict[str, Any]:
        """Give the claims of a token that a trusted key has signed.

        Args:
            token: as it was sent.
            ring: what is trusted.
            now: seconds since 1970.

        Raises:
            Unauthenticated: it is no token, or nobody who is trusted has signed it.
            UnknownKey: it is by a key that is not in the ring.
        """
        if len(token) > LONGEST_TOKEN:
            raise invalid_token(f"it has more than {LONGEST_TOKEN} characters")
        header = self._header(token)
        algorithm = header.get("alg")
        if not isinstance(algorithm, str) or algorithm not in self._accepted:
            raise invalid_token("it is signed in a way that is not accepted")
        for trusted in self._candidates(header, ring, now):
            if algorithm not in trusted.algorithms:
                continue
            try:
                signed = self._jws.decode_complete(token, trusted.key, [algorithm])
            except InvalidTokenError:
                continue
            return _read_claims(signed["payload"])
        raise invalid_token("it is not signed with a trusted key")

    def _header(self, token: str) -> dict[str, Any]:
        try:
            return self._jws.get_unverified_header(token)
        except (InvalidTokenError, ValueError):
            raise invalid_token("it is not a JSON Web Token") from None

    def _candidates(self, header: dict[str, Any], ring: KeyRing, now: float) -> list[TrustedKey]:
        if "x5c" in header and ring.roots:
            try:
                leaf = leaf_of_chain(header["x5c"], ring.roots, now)
                return [trust_public_key(leaf.public_key())]
            except (ValueError, TypeError) as error:
                raise invalid_token(str(error)) from None
        kid = header.get("kid")
        if not isinstance(kid, str) or not kid:
            raise invalid_token("it does not say which key has signed it")
        found = ring.keys.get(kid)
        if found is None:
            raise UnknownKey
        valid = [trusted for trusted in found if trusted.is_valid(now)]
        if not valid:
            raise invalid_token("the certificate of the key that it names is not valid now")
        return valid


def _read_claims(payload: bytes) -> dict[str, Any]:
    try:
        claims = json.loads(payload)
    except (ValueError, RecursionError):
        raise invalid_token("its claims are not JSON") from None
    if not isinstance(claims, dict):
        raise invalid_token("its claims are not an object")
    return claims
