"""The token server: who asks, what of that the rules allow, and a token that says so."""

import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field

from entrepot.errors import InvalidRequest, Unauthenticated
from entrepot.ports.access import (
    ANONYMOUS,
    Access,
    Authenticator,
    BasicCredentials,
    Caller,
    Kind,
)
from entrepot.ports.clock import MICROSECONDS, Clock
from entrepot.ports.tokens import RefreshToken, RefreshTokens, SecurityStamps
from entrepot.services.token_server.issued import Bearer, write_claims
from entrepot.services.token_server.keys import TokenKeys
from entrepot.services.token_server.scopes import Scope

REFRESH_PREFIX = "ent_ref_"
"""By which programs that look for leaked secrets know a refresh token."""

_LONGEST_CLIENT = 200
_FORGOTTEN_AT_ONCE = 20


@dataclass(frozen=True, slots=True)
class TokenSettings:
    """What tokens look like.

    Attributes:
        issuer: who makes them.
        service: what they are for, when a client does not say.
        services: other registries for which they are issued, too.
        lifetime: seconds that an access token is good for.
        refresh_lifetime: seconds that a refresh token is good for after its last use.
    """

    issuer: str
    service: str
    services: frozenset[str]
    lifetime: int
    refresh_lifetime: int


@dataclass(frozen=True, slots=True)
class TokenRequest:
    """What a client asks for.

    Attributes:
        service: what the token is for; None where the client does not say.
        scopes: what it shall allow.
        offline: a refresh token is asked for, too.
        client: what the client calls itself.
    """

    service: str | None
    scopes: tuple[Scope, ...]
    offline: bool = False
    client: str = ""


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """A token that was made.

    Attributes:
        token: the access token.
        account: whom it is for; empty for somebody unknown.
        scopes: what it allows; never more than was asked for.
        issued_at: seconds since 1970.
        expires_in: seconds.
        refresh_token: None where none was asked for, or none is given.
    """

    token: str = field(repr=False)
    account: str
    scopes: tuple[Scope, ...]
    issued_at: int
    expires_in: int
    refresh_token: str | None = field(default=None, repr=False)


class TokenServer:
    """Makes tokens.

    Args:
        authenticator: checks names and passwords.
        access: says what the rules allow.
        stamps: tells whether accounts may still come in.
        keys: sign.
        refresh_tokens: where they are kept.
        clock: tells the time.
        settings: what tokens look like.
        credential_of: names the secret of a personal or robot's token; empty for passwords.
    """

    def __init__(
        self,
        authenticator: Authenticator,
        access: Access,
        stamps: SecurityStamps,
        keys: TokenKeys,
        refresh_tokens: RefreshTokens,
        clock: Clock,
        settings: TokenSettings,
        credential_of: Callable[[str], str],
    ) -> None:
        self._authenticator = authenticator
        self._access = access
        self._stamps = stamps
        self._keys = keys
        self._refresh_tokens = refresh_tokens
        self._clock = clock
        self._settings = settings
        self._credential_of = credential_of

    async def for_anybody(self, request: TokenRequest) -> IssuedToken:
        """Make a token for somebody unknown: what the rules allow to everybody.

        Raises:
            InvalidRequest: it is asked for a service for which no tokens are issued.
        """
        return await self._issue(Bearer(ANONYMOUS), request, None)

    async def for_password(
        self, credentials: BasicCredentials, request: TokenRequest
    ) -> IssuedToken:
        """Make a token for an account.

        No refresh token is given to who logs in with a personal or robot's token: that is one
        already, and can be taken away by itself.

        Raises:
            Unauthenticated: the name or the password is wrong.
            TooManyGuesses: too many wrong ones came before.
            InvalidRequest: it is asked for a service for which no tokens are issued.
        """
        service = self._service(request)
        caller = await self._authenticator.authenticate(credentials)
        credential = self._credential_of(credentials.secret)
        mark = await self._stamps.security_stamp(caller.name, credential)
        if caller.kind is Kind.ANONYMOUS or mark is None:
            raise Unauthenticated
        bearer = Bearer(caller, mark, credential)
        refresh = None
        if request.offline and not credential and caller.limits is None:
            refresh = await self._make_refresh_token(bearer, service, request.client)
        return await self._issue(bearer, request, refresh)

    async def for_refresh_token(self, token: str, request: TokenRequest) -> IssuedToken:
        """Make a token for the account that a refresh token was given to.

        Raises:
            Unauthenticated: it is unknown, has ended, is for another service, or its account has
                changed since.
            InvalidRequest: it is asked for a service for which no tokens are issued.
        """
        service = self._service(request)
        now = self._clock.now()
        known = await self._refresh_tokens.refresh_token(_digest(token))
        if known is None or known.expires_at <= now or known.service != service:
            raise Unauthenticated("the refresh token cannot be accepted")
        if known.mark != await self._stamps.security_stamp(known.account):
            await self._refresh_tokens.revoke_refresh_token(known.digest)
            raise Unauthenticated("the refresh token cannot be accepted")
        await self._prolong(known, now)
        bearer = Bearer(Caller(known.account, known.kind, known.groups), known.mark)
        return await self._issue(bearer, request, token)

    async def _issue(
        self, bearer: Bearer, request: TokenRequest, refresh: str | None
    ) -> IssuedToken:
        settings, service = self._settings, self._service(request)
        own = service == settings.service
        scopes = await self._allowed(bearer.caller, request.scopes, own=own)
        now = self._clock.now() // MICROSECONDS
        claims = write_claims(bearer, scopes, settings.issuer, service, now, settings.lifetime)
        token = await self._keys.sign(claims, with_certificate=not own)
        return IssuedToken(token, bearer.caller.name, scopes, now, settings.lifetime, refresh)

    async def _allowed(
        self, caller: Caller, asked: tuple[Scope, ...], *, own: bool
    ) -> tuple[Scope, ...]:
        """Cut scopes down to what the rules allow."""
        allowed = []
        for scope in asked:
            if scope.repository is None:
                # Here the catalogue shows what the caller may see; elsewhere it would show all.
                if own:
                    allowed.append(scope)
                continue
            actions = [
                action
                for action in scope.actions
                if await self._access.may(caller, action, scope.repository)
            ]
            if actions:
                allowed.append(Scope(scope.repository, tuple(actions)))
        return tuple(allowed)

    def _service(self, request: TokenRequest) -> str:
        service = request.service or self._settings.service
        if service != self._settings.service and service not in self._settings.services:
            raise InvalidRequest("no tokens are issued here for this service")
        return service

    async def _make_refresh_token(self, bearer: Bearer, service: str, client: str) -> str:
        token = f"{REFRESH_PREFIX}{secrets.token_urlsafe(32)}"
        now = self._clock.now()
        await self._refresh_tokens.forget_expired(now, _FORGOTTEN_AT_ONCE)
        await self._refresh_tokens.keep_refresh_token(
            RefreshToken(
                digest=_digest(token),
                account=bearer.caller.name,
                kind=bearer.caller.kind,
                groups=bearer.caller.groups,
                mark=bearer.mark,
                service=service,
                client=client[:_LONGEST_CLIENT],
                created_at=now,
                used_at=now,
                expires_at=now + self._settings.refresh_lifetime * MICROSECONDS,
            )
        )
        return token

    async def _prolong(self, known: RefreshToken, now: int) -> None:
        """Move the end of a refresh token; seldom, for it costs a commit."""
        lifetime = self._settings.refresh_lifetime * MICROSECONDS
        if known.expires_at < now + lifetime - lifetime // 20:
            await self._refresh_tokens.note_use(known.digest, now, now + lifetime)


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
