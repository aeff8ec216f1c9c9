"""The sections ``auth.token`` and ``access.token``."""

from dataclasses import dataclass
from typing import Annotated

from entrepot.config.addresses import Url
from entrepot.config.durations import parse_duration
from entrepot.config.fields import ReadBy, Switch, Text

ASYMMETRIC = (
    "EdDSA",
    "ES256",
    "ES384",
    "ES512",
    "PS256",
    "PS384",
    "PS512",
    "RS256",
    "RS384",
    "RS512",
)
SYMMETRIC = ("HS256", "HS384", "HS512")

_MINUTE = 60.0
_DAY = 24 * 60 * _MINUTE


def _needed(value: object) -> str:
    if isinstance(value, str) and value.strip():
        return value
    raise ValueError("text, as the token server has it")


def _algorithm(value: object) -> str:
    if value in (*ASYMMETRIC, *SYMMETRIC):
        return str(value)
    raise ValueError(f"one of {', '.join((*ASYMMETRIC, *SYMMETRIC))}")


def _path(value: object) -> str:
    if isinstance(value, str) and value.startswith("/"):
        return value
    raise ValueError("a path that begins with a slash, such as /auth/token")


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenAuthSettings:
    """``auth.token``.

    Args:
        realm: the URL where clients ask for tokens.
        service: what tokens are for: their ``aud``.
        issuer: who makes them: their ``iss``.
        rootcertbundle: a file of certificates, PEM, whose keys, and what they certify, sign tokens.
        jwks: a file of a JSON Web Key Set, whose keys sign tokens.
        autoredirect: tokens are asked for at ``autoredirectpath`` of the registry's own host.
        autoredirectpath: a path there.
        signingalgorithms: which are accepted; empty for all but those with a shared secret.
    """

    realm: Annotated[str, ReadBy(_needed)]
    service: Annotated[str, ReadBy(_needed)]
    issuer: Annotated[str, ReadBy(_needed)]
    rootcertbundle: Text | None = None
    jwks: Text | None = None
    autoredirect: Switch = False
    autoredirectpath: Annotated[str, ReadBy(_path)] = "/auth/token"
    signingalgorithms: tuple[Annotated[str, ReadBy(_algorithm)], ...] = ()


def _between(low: float, high: float, example: str) -> ReadBy:
    def read(value: object) -> float:
        seconds = parse_duration(value)
        if not low <= seconds <= high:
            raise ValueError(f"a duration such as {example}, from {low:g} s to {high:g} s")
        return seconds

    return ReadBy(read)


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenServerSettings:
    """``access.token``.

    Args:
        enabled: whether clients are sent to the token server; else they use Basic alone.
        realm: the URL where clients ask for tokens; None takes the host of each request.
        service: what tokens are for: their ``aud``.
        issuer: who makes them, their ``iss``.
        services: other registries that trust this one, and for which tokens are issued, too.
        lifetime: seconds that an access token is good for; clients expect no less than a minute.
        rotation: seconds that a key signs.
        refreshlifetime: seconds that a refresh token is good for after its last use.
    """

    enabled: Switch = True
    realm: Url | None = None
    service: Text = "entrepot"
    issuer: Text = "entrepot"
    services: tuple[Text, ...] = ()
    lifetime: Annotated[float, _between(_MINUTE, 60 * _MINUTE, "5m")] = 5 * _MINUTE
    rotation: Annotated[float, _between(60 * _MINUTE, 366 * _DAY, "720h")] = 30 * _DAY
    refreshlifetime: Annotated[float, _between(_MINUTE, 3660 * _DAY, "2160h")] = 90 * _DAY
