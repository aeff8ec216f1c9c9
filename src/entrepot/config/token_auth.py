"""The section ``auth.token``: tokens of somebody else's token server."""

from dataclasses import dataclass
from typing import Annotated

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
