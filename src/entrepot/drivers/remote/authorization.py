"""Which Authorization goes with a request: none, Basic, or a token of the registry's token server.

Sources: RFC 7617, RFC 6750, https://distribution.github.io/distribution/spec/auth/.
"""

from base64 import b64encode
from email.utils import parsedate_to_datetime
from urllib.parse import urlencode

from yarl import URL

from entrepot.drivers.remote.answers import error_of
from entrepot.drivers.remote.challenges import Challenge, parse_challenges
from entrepot.drivers.remote.commands import Credentials
from entrepot.drivers.remote.credentials import CredentialSource
from entrepot.drivers.remote.reply import Reply
from entrepot.drivers.remote.tokens import MOST_BYTES, Token, TokenCache, TokenKey, parse_token
from entrepot.drivers.remote.transport import Transport
from entrepot.errors import UpstreamDenied, UpstreamFault, UpstreamOutage

CLIENT_ID = "entrepot"

_MOST_WANTED = 256
_MOST_MISSING = 4

Scopes = tuple[str, ...]


class Authorization:
    """Learns from challenges what a registry wants, and has it ready for the next request.

    Args:
        transport: asks token servers.
        credentials: who we are.
    """

    def __init__(self, transport: Transport, credentials: CredentialSource) -> None:
        self._transport = transport
        self._credentials = credentials
        self._tokens = TokenCache()
        # By the registry's own addresses, of which there are few.
        self._known: dict[str, Challenge] = {}
        # What a registry wants in place of the scopes that are usual, where it has said so.
        self._wanted: dict[Scopes, Scopes] = {}

    async def close(self) -> None:
        """End what is being asked of token servers."""
        await self._tokens.close()

    async def header(self, base: URL, scopes: Scopes) -> str:
        """Give the value of Authorization; empty for none, and before the first challenge.

        Args:
            base: the registry's address.
            scopes: what is to be done, such as `repository:library/alpine:pull`.

        Raises:
            UpstreamDenied: the token server refuses our credentials.
            UpstreamOutage: it cannot be reached.
        """
        challenge = self._known.get(str(base))
        if challenge is None:
            return ""
        credentials = await self._credentials.get(_authority(base))
        if challenge.scheme == "basic":
            return "" if credentials is None else _basic(credentials)
        key = TokenKey(challenge.realm, challenge.service, self._wanted.get(scopes, scopes))
        try:
            text = await self._tokens.get(key, lambda: self._fetch(key, credentials))
        except UpstreamOutage:
            # The registry may name another token server, or ask for nothing, the next time.
            self._known.pop(str(base), None)
            raise
        return f"Bearer {text}"

    async def challenged(self, base: URL, scopes: Scopes, reply: Reply, used: str) -> str:
        """Answer a 401: with what is asked for, or with something newer than was used.

        Args:
            base: the registry's address.
            scopes: that were asked for.
            reply: the 401, from the registry itself.
            used: the Authorization that was sent.

        Returns:
            The Authorization for one more attempt.

        Raises:
            UpstreamDenied: there is nothing more that we could send.
            UpstreamFault: the challenge cannot be understood, or leads somewhere it must not.
        """
        challenge = choose(parse_challenges(reply.lines("WWW-Authenticate")), reply.host)
        if challenge.scheme == "bearer":
            check_realm(base, challenge)
        known = self._known.get(str(base))
        self._known[str(base)] = challenge
        if used.startswith("Bearer "):
            text = used.removeprefix("Bearer ")
            wanted = self._wanted.get(scopes, scopes)
            self._tokens.forget(TokenKey(challenge.realm, challenge.service, wanted), text)
        if used:
            self._credentials.forget()
        # What the token server gave for the scopes was not it: the registry says what is.
        if challenge == known or not scopes:
            self._want(scopes, challenge)
        header = await self.header(base, scopes)
        if not header:
            raise UpstreamDenied(
                f"{reply.host} asks for a user and a password; there are none for it"
            )
        if header == used:
            raise UpstreamDenied(f"{reply.host} refuses our credentials; check user and password")
        return header

    def _want(self, scopes: Scopes, challenge: Challenge) -> None:
        missing = [scope for scope in challenge.scopes if scope not in scopes]
        if missing:
            if len(self._wanted) >= _MOST_WANTED:
                self._wanted.clear()
            self._wanted[scopes] = (*scopes, *missing[:_MOST_MISSING])

    async def _fetch(self, key: TokenKey, credentials: Credentials | None) -> Token:
        realm = URL(key.realm)
        if credentials is not None and credentials.is_identity_token:
            return await self._exchange(realm, key, credentials)
        query = [("service", key.service)] if key.service else []
        query += [("scope", scope) for scope in key.scopes]
        if credentials is not None:
            query.append(("account", credentials.username))
        url = realm.extend_query(query)
        header = "" if credentials is None else _basic(credentials)
        async with self._transport.follow("GET", url, {}, header) as reply:
            return await _read(reply)

    async def _exchange(self, realm: URL, key: TokenKey, credentials: Credentials) -> Token:
        """Give an identity token for one that registries take (OAuth 2, as ACR and Hub have it)."""
        form = {
            "grant_type": "refresh_token",
            "service": key.service,
            "client_id": CLIENT_ID,
            "scope": " ".join(key.scopes),
            "refresh_token": credentials.secret,
        }
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        body = urlencode(form).encode()
        async with self._transport.send("POST", realm, headers, body) as reply:
            if reply.status in {404, 405}:
                raise UpstreamDenied(
                    f"the token server {reply.host} takes no identity tokens; "
                    "give a user and a password for this registry"
                )
            return await _read(reply)


async def _read(reply: Reply) -> Token:
    reply.refuse_encoding()
    if reply.status in {400, 401, 403}:
        # OAuth 2 says 400 to a refresh token that is no longer good (RFC 6749 section 5.2).
        raise UpstreamDenied(
            f"the token server {reply.host} refuses our credentials ({reply.status}); "
            "check user and password, and whether they may do this"
        )
    if reply.status != 200:
        body = await reply.beginning(MOST_BYTES)
        raise error_of(reply.status, reply.headers, body, reply.host, "a token")
    try:
        answered = parsedate_to_datetime(reply.headers.get("Date", "")[:64]).timestamp()
    except (ValueError, TypeError, OverflowError):
        answered = None
    return parse_token(await reply.body(MOST_BYTES), reply.host, answered)


def choose(challenges: list[Challenge], host: str) -> Challenge:
    """Give the challenge that is answered: a token before a password.

    Raises:
        UpstreamFault: there is none that we know.
    """
    for challenge in challenges:
        if challenge.scheme == "bearer" and challenge.realm:
            return challenge
    for challenge in challenges:
        if challenge.scheme == "basic":
            return Challenge("basic")
    schemes = ", ".join(challenge.scheme[:20] for challenge in challenges[:5]) or "nothing"
    raise UpstreamFault(
        f"{host} asks for credentials in a way that is not supported ({schemes}); "
        "supported are Basic and Bearer"
    )


def check_realm(base: URL, challenge: Challenge) -> None:
    """Let credentials go only where the registry may send them.

    Over https a registry may name any token server that speaks https; over plain http, where
    anybody on the way may have written the challenge, only one on its own host.

    Raises:
        UpstreamFault: the realm is no address, or none that is allowed.
    """
    try:
        realm = URL(challenge.realm)
        is_address = realm.scheme in {"http", "https"} and bool(realm.host) and realm.user is None
    except ValueError:
        is_address = False
    if not is_address:
        raise UpstreamFault(f"{_authority(base)} names a token server by no valid address")
    if base.scheme == "https" and realm.scheme == "https":
        return
    if base.scheme == "http" and realm.host == base.host:
        return
    raise UpstreamFault(
        f"{_authority(base)} asks for a token of {_authority(realm)} over {realm.scheme}, which is "
        f"not trusted with credentials; reach both over https"
    )


def _basic(credentials: Credentials) -> str:
    if credentials.is_identity_token:
        raise UpstreamDenied(
            "the registry asks for a user and a password; there is an identity token for it"
        )
    pair = f"{credentials.username}:{credentials.secret}".encode()
    return f"Basic {b64encode(pair).decode()}"


def _authority(url: URL) -> str:
    return url.host or "" if url.is_default_port() else f"{url.host}:{url.port}"
