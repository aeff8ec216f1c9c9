"""WWW-Authenticate: what a client has to bring (Docker's token protocol, RFC 6750, RFC 7617)."""

from collections.abc import Callable
from typing import Protocol

from entrepot.api.request import Request
from entrepot.errors import InvalidName, InvalidRequest
from entrepot.oci.name import RepositoryName

_ACTIONS = {"GET": "pull", "HEAD": "pull", "DELETE": "delete"}
# `*` is how Docker's tokens say that a repository is administered.
_MANAGEMENT = {"repository": "*", "tag_history": "push", "tag_restore": "push"}


class Challenge(Protocol):
    """Says which credentials a client needs."""

    def header(self, request: Request, problem: str) -> str:
        """Give the value of WWW-Authenticate.

        Args:
            request: what was refused.
            problem: what was wrong with a token (RFC 6750 section 3.1); empty for nothing.
        """
        ...


class BasicChallenge:
    """A name and a password are needed.

    Args:
        realm: what clients show when they ask for them.
    """

    def __init__(self, realm: str) -> None:
        self._header = f"Basic realm={quoted(realm)}"

    def header(self, request: Request, problem: str) -> str:
        """Give the value of WWW-Authenticate."""
        return self._header


class BearerChallenge:
    """A token is needed, of a token server.

    Args:
        realm: gives the token server's URL, which may depend on how the client sees the registry.
        service: what tokens are for.
    """

    def __init__(self, realm: Callable[[Request], str], service: str) -> None:
        self._realm = realm
        self._service = quoted(service)

    def header(self, request: Request, problem: str) -> str:
        """Give the value of WWW-Authenticate, with the scope that the request needs."""
        text = f"Bearer realm={quoted(self._realm(request))},service={self._service}"
        scope = " ".join(scopes(request))
        if scope:
            text += f",scope={quoted(scope)}"
        return f'{text},error="{problem}"' if problem else text


def scopes(request: Request) -> list[str]:
    """Give what a token must allow for a request, as Docker Registry asks for it."""
    record = request.record
    if record.route == "catalog":
        return ["registry:catalog:*"]
    name = _name(request.name)
    if name is None:
        return []
    actions = _MANAGEMENT.get(record.route) or _ACTIONS.get(record.method, "pull,push")
    needed = [f"repository:{name}:{actions}"]
    if record.route == "blob_upload":
        source = _name(_from(request))
        if source is not None:
            needed.append(f"repository:{source}:pull")
    return needed


def quoted(text: str) -> str:
    """Write a quoted string (RFC 9110 section 5.6.4)."""
    plain = "".join(character if " " <= character <= "~" else "?" for character in text)
    return '"' + plain.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _from(request: Request) -> str:
    try:
        return request.query.first("from") or ""
    except InvalidRequest:
        return ""


def _name(text: str) -> RepositoryName | None:
    try:
        return RepositoryName.parse(text)
    except InvalidName:
        return None
