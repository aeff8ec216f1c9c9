"""Who a request comes from, and what is answered to those who may not come in.

Only registries with access control have this; the others pay nothing for it.
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
    """Finds out who asks.

    Args:
        recent: knows the accounts, and remembers who came just now.
        challenge: says what those should bring who have brought nothing.
        addresses: tells from where somebody tries.
        proxy: who else may say whose request it is.
        anybody: lets in whoever sends any Authorization header, as this caller: `auth.silly`.
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
        """Note whose a request is, when the same header came from the same address just now.

        Raises:
            TooManyGuesses: too many wrong ones came since.
        """
        header = request.headers.get(b"authorization")
        if header is None or _is_repeated(request):
            return False  # that is for `identify` to look at
        caller = await self._recent.find(header, request.address)
        if caller is None:
            return False
        request.caller = caller
        request.record.user = caller.name
        # Headers that were read before are written as they were, in any case of letters.
        request.bearer = header[:6].lower() == b"bearer"
        return True

    def locate(self, request: Request) -> None:
        """Note from where a request comes, for whatever checks credentials in it."""
        request.address = self._addresses.find(request.scope, request.headers)

    async def identify(self, request: Request) -> None:
        """Note whose a request is. Without any credentials it is anonymous.

        Raises:
            Unauthenticated: there are credentials, and they are wrong; or there are none, and the
                client asks whether it needs some.
            TooManyGuesses: wrong ones came too often.
        """
        if b"authorization" in request.headers:
            caller = await self._authorized(request)
        elif self._proxy is not None and (named := self._proxy.find(request)) is not None:
            caller = named
        elif request.record.route == "base":
            # The question whether credentials are needed: clients ask no other before they push.
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
        """Answer who may not: 403 where nothing else can be brought, else 401 and what to bring."""
        if isinstance(error, Denied):
            if not request.caller.delegated:
                return render_error(error)
            # What somebody else's token server would allow is known there only.
            error = Unauthenticated(error.message, _SCOPE)
        problem = error.problem or (_SCOPE if request.bearer else "")
        response = render_error(error)
        header = self._challenge.header(request, problem)
        response.headers.append((b"www-authenticate", header.encode("latin-1", "replace")))
        return response


def _is_repeated(request: Request) -> bool:
    """Whether there are several Authorization headers, of which one is known by its name."""
    headers: list[Header] = request.scope["headers"]
    if len(request.headers) == len(headers):
        return False
    # Something is there twice: docker sends several Accept headers with one request.
    return sum(name == b"authorization" for name, _ in headers) > 1
