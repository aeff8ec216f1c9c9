"""`/auth/token` and what belongs to it: Docker's token protocol, GET and POST."""

import json
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs

from entrepot.api.body import declared_length, stream_body
from entrepot.api.parse.authorization import read_authorization
from entrepot.api.request import Request
from entrepot.api.response import Header, Response
from entrepot.api.wire_errors import JSON
from entrepot.errors import InvalidRequest, Unauthenticated
from entrepot.ports.access import BasicCredentials, BearerCredentials
from entrepot.services.token_server.keys import TokenKeys
from entrepot.services.token_server.scopes import parse_scopes
from entrepot.services.token_server.server import IssuedToken, TokenRequest, TokenServer

_NO_STORE: Header = (b"cache-control", b"no-store")
_CHALLENGE: Header = (b"www-authenticate", b'Basic realm="Entrepot token server"')
_LONGEST_BODY = 64 * 1024
_MOST_FIELDS = 300


class TokenEndpoint:
    """Serves `/auth/token`.

    Args:
        server: issues tokens.
        patience: seconds after which a silent client is dropped.
    """

    def __init__(self, server: TokenServer, patience: float) -> None:
        self._server = server
        self._patience = patience

    async def get(self, request: Request) -> Response:
        """Issue a token for the name and password in the header, or an anonymous one."""
        try:
            query = request.query
            asked = TokenRequest(
                query.first("service") or None,
                parse_scopes(query.every("scope")),
                offline=query.first("offline_token") in ("true", "1"),
                client=query.first("client_id") or "",
            )
            credentials = _read_basic(request)
            account = query.first("account")
            if credentials is None:
                return _answer(request, await self._server.for_anybody(asked))
            if account and account != credentials.username:
                raise InvalidRequest("account is not the name that belongs to the password")
            return _answer(request, await self._server.for_password(credentials, asked))
        except (Unauthenticated, InvalidRequest) as error:
            return _refuse(error)

    async def post(self, request: Request) -> Response:
        """Issue a token for a password or a refresh token in the body (RFC 6749)."""
        try:
            form, scopes = await self._read_form(request)
            asked = TokenRequest(
                form.get("service") or None,
                parse_scopes(scopes),
                offline=form.get("access_type") == "offline",
                client=form.get("client_id", ""),
            )
            grant = form.get("grant_type")
            if grant == "password":
                credentials = BasicCredentials(
                    form.get("username", ""), form.get("password", ""), request.address
                )
                return _answer(request, await self._server.for_password(credentials, asked))
            if grant == "refresh_token":
                token = form.get("refresh_token", "")
                return _answer(request, await self._server.for_refresh_token(token, asked))
            raise InvalidRequest("grant_type must be password or refresh_token")
        except (Unauthenticated, InvalidRequest) as error:
            return _refuse(error)

    async def _read_form(self, request: Request) -> tuple[dict[str, str], list[str]]:
        content_type = (request.header(b"content-type") or "").partition(";")[0].strip().lower()
        if content_type != "application/x-www-form-urlencoded":
            raise InvalidRequest("expected a form: application/x-www-form-urlencoded")
        declared = declared_length(request)
        body = bytearray()
        async for piece in stream_body(request, self._patience, declared):
            body += piece
            if len(body) > _LONGEST_BODY:
                raise InvalidRequest(f"a token request has at most {_LONGEST_BODY} bytes")
        try:
            fields = parse_qs(body.decode(), max_num_fields=_MOST_FIELDS, keep_blank_values=True)
        except ValueError:
            raise InvalidRequest("the form cannot be read") from None
        scopes = fields.pop("scope", [])
        if any(len(values) > 1 for values in fields.values()):
            raise InvalidRequest("the form has a field more than once")
        return {name: values[0] for name, values in fields.items()}, scopes


class KeySetEndpoint:
    """Serves `/auth/jwks` and `/auth/certificate`, which other registries trust.

    Args:
        keys: of the token server.
    """

    def __init__(self, keys: TokenKeys) -> None:
        self._keys = keys

    async def get(self, request: Request) -> Response:
        """Give the keys as a JSON Web Key Set (RFC 7517)."""
        body = json.dumps({"keys": await self._keys.key_set()}).encode()
        headers: list[Header] = [JSON, (b"cache-control", b"public, max-age=300")]
        return Response(200, headers, body)

    async def get_certificate(self, request: Request) -> Response:
        """Give the certificate that has signed every key's."""
        headers: list[Header] = [(b"content-type", b"application/x-pem-file")]
        return Response(200, headers, await self._keys.authority_certificate())


def _read_basic(request: Request) -> BasicCredentials | None:
    credentials = read_authorization(request.scope["headers"], request.address)
    if isinstance(credentials, BearerCredentials):
        raise Unauthenticated("a token request needs a name and a password")
    return credentials


def _answer(request: Request, issued: IssuedToken) -> Response:
    request.record.user = issued.account
    moment = datetime.fromtimestamp(issued.issued_at, UTC)
    content: dict[str, Any] = {
        "token": issued.token,
        "access_token": issued.token,
        "scope": " ".join(str(scope) for scope in issued.scopes),
        "expires_in": issued.expires_in,
        "issued_at": moment.isoformat().replace("+00:00", "Z"),
    }
    if issued.refresh_token is not None:
        content["refresh_token"] = issued.refresh_token
    return Response(200, [JSON, _NO_STORE], json.dumps(content).encode())


def _refuse(error: Unauthenticated | InvalidRequest) -> Response:
    """Write an error in the registry's form and also in that of RFC 6749 section 5.2."""
    known = isinstance(error, Unauthenticated)
    status, code, name = (
        (401, "UNAUTHORIZED", "invalid_grant") if known else (400, "UNSUPPORTED", "invalid_request")
    )
    content = {
        "errors": [{"code": code, "message": error.message}],
        "error": name,
        "error_description": error.message,
    }
    headers = [JSON, _NO_STORE, *([_CHALLENGE] if known else [])]
    return Response(status, headers, json.dumps(content).encode())
