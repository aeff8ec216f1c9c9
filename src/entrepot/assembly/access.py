"""Puts access control together: which ways to authenticate, which rights, which challenge.

| configured | who is known | rights | challenge |
|---|---|---|---|
| nothing | nobody asks | everybody everything | none |
| auth.htpasswd | the file's users | all of them everything | Basic |
| auth.token | whom its token server names | what the token says | Bearer, its token server |
| auth.silly | whoever sends a header | everything | Bearer |
| access | accounts, robots, tokens | rules | Bearer, the own token server |
| access and one of auth | both | rules; of foreign tokens what they say | Bearer |
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from entrepot.api.authentication import Authentication
from entrepot.api.challenges import BasicChallenge, BearerChallenge, Challenge
from entrepot.api.parse.client_address import ClientAddresses
from entrepot.api.vouching import VouchingProxy
from entrepot.assembly.drivers import Drivers
from entrepot.config.access import GuessSettings
from entrepot.config.settings import Settings
from entrepot.ports.access import Access, Authenticator, Caller, Kind
from entrepot.ports.tokens import SecurityStamps

if TYPE_CHECKING:
    from entrepot.api.application import Beside
    from entrepot.api.request import Request
    from entrepot.assembly.tokens import OwnTokens
    from entrepot.services.authentication.guard import GuessLimits
    from entrepot.services.authentication.recent import Edition

_OWN_PATH = "auth/token"
_DEFAULT_REALM = "Entrepot"


@dataclass(frozen=True, slots=True)
class AccessControl:
    """Everything that access control is made of.

    Attributes:
        access: decides what a caller may do.
        authentication: finds out who asks; None where nobody does.
        beside: endpoints of the token server.
        closing: called at a worker's end.
    """

    access: Access
    authentication: Authentication | None = None
    beside: Beside = field(default_factory=dict)
    closing: tuple[Callable[[], Awaitable[None]], ...] = ()


def build_access(settings: Settings, drivers: Drivers) -> AccessControl:
    """Put access control together for one worker.

    Args:
        settings: of the whole registry.
        drivers: opened in this process.

    Raises:
        ConfigurationError: a file of keys cannot be used.
    """
    if not settings.is_protected:
        return AccessControl(drivers.access)
    return _Builder(settings, drivers).build()


class _Builder:
    """Collects what each configured part brings."""

    def __init__(self, settings: Settings, drivers: Drivers) -> None:
        self._settings = settings
        self._drivers = drivers
        self._passwords: list[Authenticator] = []
        self._tokens: list[Authenticator] = []
        self._stamps: list[SecurityStamps] = []
        self._closing: list[Callable[[], Awaitable[None]]] = []
        self._access: Access | None = None
        self._edition: Edition | None = None
        self._own: OwnTokens | None = None

    def build(self) -> AccessControl:
        # Here, because registries without access control need none of it.
        from entrepot.services.access.rule_access import KnownCallers
        from entrepot.services.authentication.chain import Chain
        from entrepot.services.authentication.guard import GuessGuard
        from entrepot.services.authentication.recent import RecentLogins, no_edition

        settings, drivers = self._settings, self._drivers
        self._add_file()
        self._add_accounts()
        stamps = self._any_stamps()
        self._add_tokens(stamps)
        access = self._access or KnownCallers()
        guard = GuessGuard(
            Chain(self._passwords, self._tokens),
            drivers.guesses,
            _limits(settings.access.guesses),
            drivers.clock,
            is_token=_token_test(settings),
        )
        proxy = settings.access.proxy
        authentication = Authentication(
            RecentLogins(guard, self._edition or no_edition),
            self._challenge(),
            ClientAddresses(settings.http.trustedproxies),
            None if proxy is None else VouchingProxy(proxy.header, proxy.networks),
            None if settings.auth.silly is None else Caller("silly", Kind.USER),
        )
        beside: Beside = {}
        if self._own is not None:
            from entrepot.assembly.tokens import token_endpoints, token_server

            server = token_server(
                settings.access.token,
                self._own,
                drivers.tokens,
                guard,
                access,
                stamps,
                drivers.clock,
            )
            beside = token_endpoints(server, self._own.keys, settings.server.timeouts.body)
        return AccessControl(access, authentication, beside, tuple(self._closing))

    def _add_file(self) -> None:
        htpasswd = self._settings.auth.htpasswd
        if htpasswd is None:
            return
        from entrepot.drivers.htpasswd import PasswordFile
        from entrepot.services.authentication.htpasswd import HtpasswdAuthenticator, check_bcrypt
        from entrepot.services.token_server.security_stamps import PasswordFileStamps

        file = PasswordFile(Path(htpasswd.path))
        authenticator = HtpasswdAuthenticator(file, check_bcrypt, _token_test(self._settings))
        self._passwords.append(authenticator)
        self._stamps.append(PasswordFileStamps(file))

        async def close() -> None:
            authenticator.close()

        self._closing.append(close)

    def _add_accounts(self) -> None:
        if not self._settings.access.enabled:
            return
        from entrepot.assembly.accounts import account_parts

        drivers = self._drivers
        parts = account_parts(self._settings.access, drivers.accounts, drivers.clock)
        self._passwords.append(parts.authenticator)
        self._tokens.append(parts.authenticator)
        self._stamps.append(parts.stamps)
        self._access = parts.access
        self._edition = parts.edition

        async def close() -> None:
            parts.passwords.close()
            await parts.uses.write()

        self._closing.append(close)

    def _any_stamps(self) -> SecurityStamps:
        from entrepot.services.token_server.security_stamps import AnyStamps

        return AnyStamps(self._stamps)

    def _add_tokens(self, stamps: SecurityStamps) -> None:
        settings, drivers = self._settings, self._drivers
        if settings.auth.token is not None:
            from entrepot.assembly.tokens import external_tokens

            self._tokens.insert(0, external_tokens(settings.auth.token, drivers.clock))
        if settings.access.enabled and settings.access.token.enabled:
            from entrepot.assembly.tokens import own_tokens

            self._own = own_tokens(settings.access.token, drivers.tokens, stamps, drivers.clock)
            self._tokens.insert(0, self._own.authenticator)

    def _challenge(self) -> Challenge:
        auth, token = self._settings.auth, self._settings.access.token
        if auth.token is not None:
            external = auth.token
            realm = _redirected(external.autoredirectpath) if external.autoredirect else None
            return BearerChallenge(realm or (lambda request: external.realm), external.service)
        if auth.silly is not None:
            silly = auth.silly
            return BearerChallenge(lambda request: silly.realm, silly.service)
        if self._own is not None:
            http = self._settings.http
            return BearerChallenge(_own_realm(token.realm, http.host, http.prefix), token.service)
        return BasicChallenge(auth.htpasswd.realm if auth.htpasswd else _DEFAULT_REALM)


def _token_test(settings: Settings) -> Callable[[str], bool]:
    """Give what tells a personal access token or a robot's from a password."""
    if not settings.access.enabled:
        return lambda secret: False
    from entrepot.services.access.token_text import looks_like_token

    return looks_like_token


def _limits(settings: GuessSettings) -> GuessLimits:
    from entrepot.services.authentication.guard import GuessLimits

    return GuessLimits(settings.account, settings.address, settings.longest, settings.forget)


def _own_realm(realm: str | None, host: str | None, prefix: str) -> Callable[[Request], str]:
    """Say where the own token server is, as the client of a request sees it."""
    if realm is not None:
        return lambda request: realm
    path = f"{prefix}{_OWN_PATH}"
    if host is not None:
        fixed = f"{host.rstrip('/')}{path}"
        return lambda request: fixed
    return lambda request: f"{request.origin.scheme}://{request.origin.host}{path}"


def _redirected(path: str) -> Callable[[Request], str]:
    """Say where an external token server is that answers at the registry's own host.

    By HTTPS, unless a proxy says otherwise, as Docker Registry has it.
    """

    def realm(request: Request) -> str:
        told = b"x-forwarded-proto" in request.headers
        scheme = request.origin.scheme if told else "https"
        return f"{scheme}://{request.origin.host}{path}"

    return realm
