"""The section ``auth``: Docker Registry's own ways to tell who somebody is; one of them at most."""

from dataclasses import dataclass
from typing import Annotated

from entrepot.config.fields import ReadBy
from entrepot.config.token_auth import TokenAuthSettings


def _realm(value: object) -> str:
    if isinstance(value, str) and value.strip() and value.isprintable():
        return value
    raise ValueError("text of one line, which clients show when they ask for a password")


def _file(value: object) -> str:
    if isinstance(value, str) and value.strip() and "\0" not in value:
        return value
    raise ValueError("a file")


Realm = Annotated[str, ReadBy(_realm)]
File = Annotated[str, ReadBy(_file)]


@dataclass(frozen=True, slots=True, kw_only=True)
class HtpasswdSettings:
    """``auth.htpasswd``: a file of names and bcrypt hashes.

    Args:
        realm: what clients show when they ask for a password.
        path: the file; made, with one user, where it is missing.
    """

    realm: Realm
    path: File


@dataclass(frozen=True, slots=True, kw_only=True)
class SillySettings:
    """``auth.silly``: whoever sends any Authorization header is let in. For trying clients.

    Args:
        realm: of the challenge.
        service: of the challenge.
    """

    realm: Realm
    service: Realm


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthSettings:
    """``auth``.

    Args:
        htpasswd: a file of passwords.
        token: somebody else's token server.
        silly: whoever asks for it.
    """

    htpasswd: HtpasswdSettings | None = None
    token: TokenAuthSettings | None = None
    silly: SillySettings | None = None

    @property
    def enabled(self) -> bool:
        """Whether any of them is configured."""
        return (self.htpasswd or self.token or self.silly) is not None
