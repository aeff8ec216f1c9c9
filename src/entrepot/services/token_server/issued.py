"""Entrepot's own tokens: how they are written, and what they are good for when they come back."""

import json
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from entrepot.errors import Unauthenticated
from entrepot.ports.access import Action, BearerCredentials, Caller, Credentials, Grant, Kind
from entrepot.ports.clock import MICROSECONDS, Clock
from entrepot.ports.tokens import SecurityStamps
from entrepot.services.cache import MEBIBYTE, Cache, SecretHash
from entrepot.services.token_server.keys import ALGORITHM, TokenKeys
from entrepot.services.token_server.scopes import Scope
from entrepot.services.tokens.claims import (
    EVERYWHERE,
    check_claims,
    invalid_token,
    read_access,
    read_subject,
)
from entrepot.services.tokens.verification import TokenVerifier, UnknownKey

_VERIFIED_BYTES = 4 * MEBIBYTE


@dataclass(frozen=True, slots=True)
class Bearer:
    """Whom a token is for.

    Attributes:
        caller: the account. Of its limits only those of the catalogue are written: the scopes of
            repositories are within them already.
        mark: of the account at that time; empty for somebody unknown.
        credential: says which secret of which token it logged in with; empty for a password.
    """

    caller: Caller
    mark: str = ""
    credential: str = ""


def write_claims(
    bearer: Bearer, scopes: tuple[Scope, ...], issuer: str, service: str, now: int, lifetime: int
) -> bytes:
    """Write the claims of a new token.

    Args:
        bearer: whom it is for.
        scopes: what it allows.
        issuer: who makes it.
        service: what it is for.
        now: seconds since 1970.
        lifetime: seconds.
    """
    caller = bearer.caller
    claims: dict[str, Any] = {
        "iss": issuer,
        "sub": caller.name,
        "aud": service,
        "exp": now + lifetime,
        "nbf": now,
        "iat": now,
        "jti": uuid4().hex,
        "access": [_write_scope(scope) for scope in scopes],
        "kind": str(caller.kind),
    }
    if bearer.mark:
        claims["mark"] = bearer.mark
    if bearer.credential:
        claims["credential"] = bearer.credential
    if caller.groups:
        claims["groups"] = sorted(caller.groups)
    if caller.limits is not None:
        claims["lists"] = [
            list(grant.patterns) for grant in caller.limits if Action.LIST in grant.actions
        ]
    return json.dumps(claims, separators=(",", ":")).encode()


def _write_scope(scope: Scope) -> dict[str, Any]:
    if scope.repository is None:
        return {"type": "registry", "name": "catalog", "actions": ["*"]}
    return {
        "type": "repository",
        "name": str(scope.repository),
        "actions": [str(action) for action in scope.actions],
    }


class IssuedTokens:
    """Implements `Authenticator` for Entrepot's own tokens.

    A token proves who the caller is, and limits what may be done to its scopes. What the rules
    allow is asked again with each request, and so is whether the account may still come in.

    Args:
        issuer: who must have made tokens.
        service: for what they must have been made.
        keys: what they are signed with.
        stamps: tells whether accounts may still come in.
        clock: tells the time.
    """

    def __init__(
        self, issuer: str, service: str, keys: TokenKeys, stamps: SecurityStamps, clock: Clock
    ) -> None:
        self._issuer = issuer
        self._service = service
        self._keys = keys
        self._stamps = stamps
        self._clock = clock
        self._verifier = TokenVerifier(frozenset({ALGORITHM}))
        self._key = SecretHash()
        self._verified: Cache[bytes, Bearer] = Cache(
            _VERIFIED_BYTES, clock=lambda: clock.now() / MICROSECONDS
        )
        self._ring = keys.ring

    async def authenticate(self, credentials: Credentials) -> Caller:
        """Give whom a token was made for.

        Raises:
            Unauthenticated: it is no token of Entrepot's, has ended, or its account may come in
                no more.
            MetadataOutage: keys or accounts cannot be read.
        """
        if not isinstance(credentials, BearerCredentials):
            raise Unauthenticated
        await self._keys.look()
        self._follow_keys()
        key = self._key(credentials.token)
        bearer = self._verified.get(key)
        if bearer is None:
            bearer = await self._verify(key, credentials.token)
        if bearer.mark and bearer.mark != await self._stamps.security_stamp(
            bearer.caller.name, bearer.credential
        ):
            raise invalid_token("its account has changed since it was made")
        return bearer.caller

    async def _verify(self, key: bytes, token: str) -> Bearer:
        now = self._clock.now() / MICROSECONDS
        try:
            claims = self._verifier.verify(token, self._keys.ring, now)
        except UnknownKey:
            claims = await self._verify_with_new_keys(token, now)
        until = check_claims(claims, self._issuer, self._service, now)
        bearer = _read_bearer(claims)
        self._verified.keep(key, bearer, until)
        return bearer

    def _follow_keys(self) -> None:
        """Forget what was verified with other keys than those that are trusted now."""
        if self._ring is not self._keys.ring:
            self._ring = self._keys.ring
            self._verified.clear()

    async def _verify_with_new_keys(self, token: str, now: float) -> dict[str, Any]:
        await self._keys.look(surely=True)
        self._follow_keys()
        try:
            return self._verifier.verify(token, self._keys.ring, now)
        except UnknownKey:
            pass
        raise invalid_token("it is signed with a key that is not trusted")


def _read_bearer(claims: dict[str, Any]) -> Bearer:
    name, mark, groups = read_subject(claims), claims.get("mark", ""), claims.get("groups", [])
    try:
        kind = Kind(str(claims.get("kind")))
    except ValueError:
        raise invalid_token("it does not say of what kind its account is") from None
    # An account's token without a mark would outlive the account.
    fits = not (name or mark) if kind is Kind.ANONYMOUS else bool(name and mark)
    if not fits:
        raise invalid_token("its account and kind contradict each other")
    caller = Caller(name, kind, frozenset(groups), limits=_read_limits(claims), scoped=True)
    return Bearer(caller, mark, claims.get("credential", ""))


def _read_limits(claims: dict[str, Any]) -> tuple[Grant, ...]:
    """Give what was asked for, the catalogue cut down to what the account's token lists."""
    lists = claims.get("lists")
    limits: list[Grant] = []
    for grant in read_access(claims):
        if lists is not None and grant.patterns == EVERYWHERE:
            limits += (Grant(grant.actions, tuple(patterns)) for patterns in lists)
        else:
            limits.append(grant)
    return tuple(limits)
