"""One request to another registry: connections, TLS, proxies, redirects and timeouts.

aiohttp does the talking. Its own redirects, cookies, decompression and .netrc are switched off:
where credentials may go is decided here, and bytes are taken as they are.
"""

import asyncio
import re
import ssl
from collections.abc import AsyncIterator, Awaitable, Mapping
from contextlib import asynccontextmanager
from urllib.request import getproxies, proxy_bypass

import aiohttp
from yarl import URL

from entrepot import __version__
from entrepot.drivers.remote.failures import translated
from entrepot.drivers.remote.reply import Reply, host_of
from entrepot.drivers.remote.tls import TlsContexts
from entrepot.errors import UpstreamFault
from entrepot.ports.upstream import UpstreamAddress

USER_AGENT = f"entrepot/{__version__}"
MOST_REDIRECTS = 5

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_LONGEST_HEADER = 16 * 1024  # addresses with signatures are long
_BUFFER = 256 * 1024
_IDLE_SECONDS = 15.0
_SENDABLE = re.compile(r"[!-~]+")
_DRAINED = 64 * 1024

Headers = Mapping[str, str]
Body = bytes | AsyncIterator[bytes] | None


class Transport:
    """Sends requests to one other registry and to where it sends us.

    Args:
        address: of the registry; everything but credentials is used here.
    """

    def __init__(self, address: UpstreamAddress) -> None:
        self._address = address
        self._tls = TlsContexts(address)
        self._slots = asyncio.Semaphore(max(2, address.connections))
        self._session: aiohttp.ClientSession | None = None
        self._proxies = getproxies()

    async def close(self) -> None:
        """Let go of all connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    @asynccontextmanager
    async def follow(
        self, method: str, url: URL, headers: Headers, authorization: str = ""
    ) -> AsyncIterator[Reply]:
        """Send a request without a body, and go where redirects lead.

        Args:
            method: GET or HEAD.
            url: where to.
            headers: sent to everybody.
            authorization: sent to this scheme, host and port alone.

        Raises:
            UpstreamOutage: somebody on the way cannot be reached, or is too slow.
            UpstreamFault: the redirects are wrong, or too many.
        """
        target, own = url, authorization
        for _ in range(MOST_REDIRECTS + 1):
            sent = {**headers, "Authorization": own} if own else headers
            async with self.send(method, target, sent) as reply:
                if reply.status not in _REDIRECTS:
                    reply.is_home = target.origin() == url.origin()
                    yield reply
                    return
                await reply.beginning(_DRAINED)  # so that the connection can be used again
                following = redirect_target(target, reply.headers.get("Location", ""))
            if following.origin() != target.origin():
                own = ""
            target = following
        raise UpstreamFault(
            f"{host_of(url)} redirects more than {MOST_REDIRECTS} times; the last was to"
            f" {host_of(target)}"
        )

    @asynccontextmanager
    async def send(
        self, method: str, url: URL, headers: Headers, body: Body = None
    ) -> AsyncIterator[Reply]:
        """Send one request, and give its answer as soon as its headers are there.

        Raises:
            UpstreamOutage: it cannot be reached, or is too slow.
            UpstreamFault: it does not answer as HTTP has it.
        """
        host = host_of(url)
        async with self._slots:
            with translated(host):
                context = await self._tls.of(url.host or "") if url.scheme == "https" else True
                # A body takes as long as it takes; each of its writes has its own timeout.
                patience = self._address.connect_timeout + self._address.read_timeout
                async with asyncio.timeout(None if isinstance(body, AsyncIterator) else patience):
                    response = await self._request(method, url, headers, body, context)
            try:
                yield Reply(response, True, self._address.read_timeout)
            finally:
                # An answer that was read to its end has given its connection back already.
                response.close()

    async def _request(
        self, method: str, url: URL, headers: Headers, body: Body, context: ssl.SSLContext | bool
    ) -> aiohttp.ClientResponse:
        def ask() -> Awaitable[aiohttp.ClientResponse]:
            return self._opened().request(
                method,
                url,
                headers={"Accept-Encoding": "identity", **headers},
                data=body,
                allow_redirects=False,
                ssl=context,
                proxy=self._proxy_of(url),
            )

        try:
            return await ask()
        except aiohttp.ServerDisconnectedError:
            # aiohttp itself repeats what may be repeated when a connection was closed while nobody
            # used it. To begin an upload may be, too: one that nobody continues ends by itself.
            if method != "POST" or body is not None:
                raise
            return await ask()

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(
                    limit=0,  # `_slots` bounds them, and waiting there costs no patience
                    keepalive_timeout=_IDLE_SECONDS,
                    ttl_dns_cache=60,
                ),
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                headers={"User-Agent": USER_AGENT},
                read_bufsize=_BUFFER,
                max_line_size=_LONGEST_HEADER,
                max_field_size=_LONGEST_HEADER,
                timeout=aiohttp.ClientTimeout(
                    total=None,
                    connect=self._address.connect_timeout,
                    sock_connect=self._address.connect_timeout,
                    sock_read=self._address.read_timeout,
                ),
            )
        return self._session

    def _proxy_of(self, url: URL) -> str | None:
        """Give the proxy of HTTPS_PROXY or HTTP_PROXY, where NO_PROXY does not name the host."""
        proxy = self._proxies.get(url.scheme)
        if not proxy or proxy_bypass(f"{url.host}:{url.port}"):
            return None
        return proxy if "://" in proxy else f"http://{proxy}"


def redirect_target(url: URL, location: str) -> URL:
    """Give the address that a Location header leads to.

    Args:
        url: that was asked.
        location: relative, or absolute.

    Raises:
        UpstreamFault: it is no address of HTTP, has credentials in it, or leaves TLS.
    """
    host = host_of(url)
    if not location:
        raise UpstreamFault(f"{host} redirects to nowhere")
    try:
        # What is signed must stay as it was written.
        following = url.join(URL(location, encoded=_SENDABLE.fullmatch(location) is not None))
        origin_is_valid = following.scheme in {"http", "https"} and bool(following.host)
        has_credentials = following.user is not None or following.password is not None
    except (ValueError, UnicodeError):
        raise UpstreamFault(f"{host} gave an address that cannot be read") from None
    if not origin_is_valid or has_credentials:
        raise UpstreamFault(f"{host} gave an address that is not one of http or https")
    if url.scheme == "https" and following.scheme == "http":
        raise UpstreamFault(
            f"{host} leads from https to http, at {host_of(following)}, which is not followed; "
            "the registry's own settings of its address may be wrong"
        )
    return following
