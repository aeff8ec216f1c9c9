"""One question to a registry: by the address that works, with credentials, again after a 401."""

import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

from yarl import URL

from entrepot.drivers.remote.answers import error_of, rate_limit
from entrepot.drivers.remote.authorization import Authorization, Scopes
from entrepot.drivers.remote.credentials import CredentialSource
from entrepot.drivers.remote.reply import Reply, host_of
from entrepot.drivers.remote.transport import Body, Transport
from entrepot.errors import UpstreamOutage
from entrepot.ports.upstream import RateLimit, UpstreamAddress

MOST_ERROR_BYTES = 64 * 1024

# For how long an address is asked first because the ones before it could not be reached.
_REMEMBERED_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked.

    Attributes:
        method: of HTTP.
        path: behind the registry's address, with its query; or a whole address of the same origin.
        what: for messages: `the manifest of library/alpine:3.20`.
        scopes: what a token has to allow.
        headers: more of them.
        body: bytes; only a method that writes has them.
        accepted: statuses that are no error.
    """

    method: str
    path: str
    what: str
    scopes: Scopes = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Body = None
    accepted: frozenset[int] = frozenset({200})

    @property
    def writes(self) -> bool:
        """Whether it changes anything: then it is for the registry itself, and not redirected."""
        return self.method not in {"GET", "HEAD"}

    def target(self, base: URL) -> URL:
        """Give the whole address."""
        path = self.path
        return URL(f"{base}{path}" if path.startswith("/") else path, encoded=True)


class Addresses:
    """The addresses of a registry, and which of them works.

    Args:
        urls: in the order in which they are tried.
    """

    def __init__(self, urls: tuple[str, ...]) -> None:
        self.all = tuple(URL(url.rstrip("/")) for url in urls)
        self._works = 0
        self._until = 0.0

    @property
    def first(self) -> URL:
        """The registry itself."""
        return self.all[0]

    def in_turn(self) -> list[URL]:
        """Give them all, the one that works first."""
        place = self._works if time.monotonic() < self._until else 0
        return [*self.all[place:], *self.all[:place]]

    def works(self, url: URL) -> None:
        """Ask this one first, for a while, unless it is first anyway."""
        place = self.all.index(url)
        if place != self._works or time.monotonic() >= self._until:
            self._works, self._until = place, time.monotonic() + _REMEMBERED_SECONDS


class Exchange:
    """Asks one registry.

    Args:
        address: where it is, and how it is talked to.
    """

    def __init__(self, address: UpstreamAddress) -> None:
        self.address = address
        self.addresses = Addresses(address.urls)
        self.rate_limit: RateLimit | None = None
        self._transport = Transport(address)
        own = host_of(self.addresses.first)
        self._credentials = CredentialSource(address, own)
        self.authorization = Authorization(self._transport, self._credentials)

    async def close(self) -> None:
        """Let go of connections."""
        await self.authorization.close()
        await self._transport.close()

    async def has_credentials(self) -> bool:
        """Tell whether we are somebody for the registry itself."""
        return await self._credentials.get(host_of(self.addresses.first)) is not None

    @asynccontextmanager
    async def ask(self, question: Question) -> AsyncIterator[Reply]:
        """Ask the first address that can be reached.

        Raises:
            UnknownUpstreamContent, UpstreamDenied, UpstreamBusy, UpstreamOutage, UpstreamFault:
                as `Upstream` has it, for statuses that are not accepted, too.
        """
        async with AsyncExitStack() as stack:
            yield await self._first_answer(stack, question)

    async def _first_answer(self, stack: AsyncExitStack, question: Question) -> Reply:
        in_turn = [self.addresses.first] if question.writes else self.addresses.in_turn()
        for place, base in enumerate(in_turn):
            try:
                reply = await stack.enter_async_context(self._authorized(base, question))
            except UpstreamOutage as error:
                # Another address may be reached; to a refusal or a fault none makes a difference.
                if type(error) is not UpstreamOutage or place + 1 == len(in_turn):
                    raise
            else:
                self.addresses.works(base)
                return reply
        raise UpstreamOutage(f"{self.address.host} has no address")

    @asynccontextmanager
    async def _authorized(self, base: URL, question: Question) -> AsyncIterator[Reply]:
        target = question.target(base)
        is_own = target.origin() == base.origin()
        header = await self.authorization.header(base, question.scopes) if is_own else ""
        async with self._sent(target, question, header) as reply:
            if reply.status != 401 or not is_own or not reply.is_home:
                await self._check(reply, question)
                yield reply
                return
            await reply.beginning(MOST_ERROR_BYTES)
        header = await self.authorization.challenged(base, question.scopes, reply, header)
        if question.body is not None and not isinstance(question.body, bytes):
            raise UpstreamOutage(
                f"{reply.host} wants newer credentials {question.what} than were sent; try again"
            )
        async with self._sent(target, question, header) as reply:
            await self._check(reply, question)
            yield reply

    def _sent(
        self, target: URL, question: Question, authorization: str
    ) -> AbstractAsyncContextManager[Reply]:
        if not question.writes:
            return self._transport.follow(question.method, target, question.headers, authorization)
        headers = dict(question.headers)
        if authorization:
            headers["Authorization"] = authorization
        return self._transport.send(question.method, target, headers, question.body)

    async def _check(self, reply: Reply, question: Question) -> None:
        if reply.is_home:
            self.rate_limit = rate_limit(reply.headers) or self.rate_limit
        if reply.status in question.accepted:
            if question.method != "HEAD":
                reply.refuse_encoding()
            return
        body = await reply.beginning(MOST_ERROR_BYTES)
        if not reply.is_home and reply.status < 500 and reply.status != 429:
            # Of a store that the registry redirects to: what it says is not the registry's word.
            raise UpstreamOutage(
                f"{reply.host}, where {self.address.host} redirects to, answered {reply.status} "
                f"for {question.what}; try again later"
            )
        raise error_of(reply.status, reply.headers, body, reply.host, question.what)
