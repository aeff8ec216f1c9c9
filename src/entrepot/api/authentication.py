"""Identifies the caller of a request, and responds to callers without access.

Only used with access control; without it there is no cost.
"""

from entrepot.api.challenges import Challenge
from entrepot.api.parse.authorization import read_authorization
from entrepot.api.parse.client_address import ClientAddresses
from entrepot.api.request import Request
from entrepot.api.response import Header, Response
from entrepot.api.vouching import VouchingProxy
from entrepot.api.wire_errors import render_error
from entrepot.errors import Denied, Unauthenticated
from entrepot.ports.access import ANONYMOUS, BearerCredentials, Caller
from entrepot.services.authentication.recent import RecentLogins

_SCOPE = "insufficient_scope"


class Authentication:
    """Identifies the caller.

    Args:
        recent: knows the accounts, and remembers recent logins.
        challenge: tells callers without credentials what to send.
        addresses: finds the address to count failed logins by.
        proxy: may identify the caller, too.
        anybody: the caller for any request with an Authorization header: `auth.silly`.
    """

    def __init__(
        self,
        recent: RecentLogins,
        challenge: Challenge,
        addresses: ClientAddresses,
        proxy: VouchingProxy | None = None,
        anybody: Caller | None = None,
    ) -> None:
        self._recent = recent
        self._challenge = challenge
        self._addresses = addresses
        self._proxy = proxy
        self._anybody = anybody

    async def recognise(self, request: Request) -> bool:
        """Record the caller if the same header came from the same address recently.

        Raises:
            TooManyGuesses: there were too many wrong ones since.
        """
        header = request.headers.get(b"authorization")
        if header is None or _is_repeated(request):
            return False  # left to `identify`
        caller = await self._recent.find(header, request.address)
        if caller is None:
            return False
        request.caller = caller
        request.record.user = caller.name
        # Headers that were read before kept their spelling, in upper or lower case.
        request.bearer = header[:6].lower() == b"bearer"
        return True

    def locate(self, request: Request) -> None:
        """Record the client's address, for checks of credentials."""
        request.address = self._addresses.find(request.scope, request.headers)

    async def identify(self, request: Request) -> None:
        """Record the caller. Without credentials it is anonymous.

        Raises:
            Unauthenticated: credentials are wrong; or there are none, and the client asks
                whether it needs any.
            TooManyGuesses: there were too many wrong ones.
        """
        if b"authorization" in request.headers:
            caller = await self._authorized(request)
        elif self._proxy is not None and (named := self._proxy.find(request)) is not None:
            caller = named
        elif request.record.route == "base":
            # This asks whether credentials are needed; clients ask nothing else before a push.
            raise Unauthenticated
        else:
            caller = ANONYMOUS
        request.caller = caller
        request.record.user = caller.name

    async def _authorized(self, request: Request) -> Caller:
        if self._anybody is not None and request.headers[b"authorization"]:
            return self._anybody
        credentials = read_authorization(request.scope["headers"], request.address)
        if credentials is None:
            return ANONYMOUS
        request.bearer = isinstance(credentials, BearerCredentials)
        header = request.headers[b"authorization"]
        return await self._recent.login(header, credentials)

    def refuse(self, request: Request, error: Unauthenticated | Denied) -> Response:
        """Refuse a request: with 403 if no other credentials would help, else with a challenge."""
        if isinstance(error, Denied):
            if not request.caller.delegated:
                return render_error(error)
            # Only an external token server knows what it would allow.
            error = Unauthenticated(error.message, _SCOPE)
        problem = error.problem or (_SCOPE if request.bearer else "")
        response = render_error(error)
        header = self._challenge.header(request, problem)
        response.headers.append((b"www-authenticate", header.encode("latin-1", "replace")))
        return response


def _is_repeated(request: Request) -> bool:
    """Whether there are several Authorization headers; `headers` keeps only the first."""
    headers: list[Header] = request.scope["headers"]
    if len(request.headers) == len(headers):
        return False
    # Some header is repeated: docker sends several Accept headers with a request.
    return sum(name == b"authorization" for name, _ in headers) > 1
