"""Puts bearer tokens together: those of an external token server, and Entrepot's own.

PyJWT and cryptography are imported here, inside functions: only registries with tokens pay for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from entrepot.config.token_auth import ASYMMETRIC, TokenAuthSettings, TokenServerSettings
from entrepot.drivers.watched_file import WatchedFile
from entrepot.ports.access import Access, Authenticator
from entrepot.ports.clock import MICROSECONDS, Clock
from entrepot.ports.tokens import SecurityStamps, TokenStore

if TYPE_CHECKING:
    from entrepot.api.application import Beside
    from entrepot.services.token_server.keys import TokenKeys
    from entrepot.services.token_server.server import TokenServer


def external_tokens(settings: TokenAuthSettings, clock: Clock) -> Authenticator:
    """Give what checks the tokens of somebody else's token server.

    Raises:
        ConfigurationError: a file of keys cannot be used, or there is no key in them.
    """
    from entrepot.services.tokens.external import ExternalTokens
    from entrepot.services.tokens.trusted import TrustedKeys
    from entrepot.services.tokens.verification import TokenVerifier

    accepted = frozenset(settings.signingalgorithms or ASYMMETRIC)
    keys = TrustedKeys(
        WatchedFile(Path(settings.rootcertbundle)) if settings.rootcertbundle else None,
        WatchedFile(Path(settings.jwks)) if settings.jwks else None,
        accepted,
        clock.now() / MICROSECONDS,
    )
    verifier = TokenVerifier(accepted)
    return ExternalTokens(settings.issuer, settings.service, keys, verifier, clock)


@dataclass(frozen=True, slots=True)
class OwnTokens:
    """The token server's keys, and what checks the tokens that come back."""

    keys: TokenKeys
    authenticator: Authenticator


def own_tokens(
    settings: TokenServerSettings, store: TokenStore, stamps: SecurityStamps, clock: Clock
) -> OwnTokens:
    """Give what checks Entrepot's own tokens.

    Args:
        settings: of the token server.
        store: where its keys are.
        stamps: tells whether accounts may still come in.
        clock: tells the time.
    """
    from entrepot.services.token_server.issued import IssuedTokens
    from entrepot.services.token_server.keys import TokenKeys

    keys = TokenKeys(store, clock, settings.rotation)
    checks = IssuedTokens(settings.issuer, settings.service, keys, stamps, clock)
    return OwnTokens(keys, checks)


def token_server(
    settings: TokenServerSettings,
    tokens: OwnTokens,
    store: TokenStore,
    passwords: Authenticator,
    access: Access,
    stamps: SecurityStamps,
    clock: Clock,
) -> TokenServer:
    """Give what makes tokens.

    Args:
        settings: of the token server.
        tokens: its keys.
        store: where refresh tokens are.
        passwords: checks names and passwords.
        access: says what the rules allow.
        stamps: tells whether accounts may still come in.
        clock: tells the time.
    """
    from entrepot.services.access.token_text import TokenText
    from entrepot.services.token_server.server import TokenServer, TokenSettings

    def credential_of(secret: str) -> str:
        text = TokenText.parse(secret)
        return "" if text is None else text.credential

    written = TokenSettings(
        settings.issuer,
        settings.service,
        frozenset(settings.services),
        int(settings.lifetime),
        int(settings.refreshlifetime),
    )
    return TokenServer(passwords, access, stamps, tokens.keys, store, clock, written, credential_of)


def token_endpoints(server: TokenServer, keys: TokenKeys, patience: float) -> Beside:
    """Give what answers `/auth/token`, `/auth/jwks` and `/auth/certificate`.

    Args:
        server: makes tokens.
        keys: its keys.
        patience: seconds after which a silent client is given up.
    """
    from entrepot.api.token_server import KeySetEndpoint, TokenEndpoint

    token, public = TokenEndpoint(server, patience), KeySetEndpoint(keys)
    return {
        "auth/token": ("token", {"GET": token.get, "POST": token.post}),
        "auth/jwks": ("keys", {"GET": public.get}),
        "auth/certificate": ("keys", {"GET": public.get_certificate}),
    }
