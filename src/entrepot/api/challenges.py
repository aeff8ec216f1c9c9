"""WWW-Authenticate: the credentials needed (Docker's token protocol, RFC 6750, RFC 7617)."""

from collections.abc import Callable
from typing import Protocol

from entrepot.api.request import Request
from entrepot.errors import InvalidName, InvalidRequest
from entrepot.oci.name import RepositoryName

_ACTIONS = {"GET": "pull", "HEAD": "pull", "DELETE": "delete"}
# Docker's tokens write `*` for administering a repository.
_MANAGEMENT = {"repository": "*", "tag_history": "push", "tag_restore": "push"}


class Challenge(Protocol):
    """Says which credentials a client needs."""

    def header(self, request: Request, problem: str) -> str:
        """Give the value of WWW-Authenticate.

        Args:
            request: what was refused.
            problem: what is wrong with the token (RFC 6750 section 3.1), or empty.
        """
        ...


class BasicChallenge:
    """A name and a password are needed.

    Args:
        realm: what clients show when they prompt for them.
    """

    def __init__(self, realm: str) -> None:
        self._header = f"Basic realm={quoted(realm)}"

    def header(self, request: Request, problem: str) -> str:
        """Give the value of WWW-Authenticate."""
        return self._header


class BearerChallenge:
    """A token from a token server is needed.

    Args:
        realm: gives the URL of the token server, which may depend on the client's view.
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
    """Give the scope that a request needs, as Docker Registry writes it."""
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
