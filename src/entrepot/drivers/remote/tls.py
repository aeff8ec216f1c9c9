"""TLS towards another registry: which certificates are trusted, and which is shown."""

import asyncio
import ssl

from yarl import URL

from entrepot.errors import UpstreamOutage
from entrepot.ports.upstream import UpstreamAddress


class TlsContexts:
    """Makes what connections need, in a thread, for certificates are read from files.

    The registry's own hosts are checked against its CA file alone, and are shown the client
    certificate. Others, where token servers and redirects are, may have the CA's certificates or
    public ones, and are shown nothing.

    Args:
        address: of the registry.
    """

    def __init__(self, address: UpstreamAddress) -> None:
        self._address = address
        self._own = frozenset(URL(url).host or "" for url in address.urls)
        self._made: dict[bool, asyncio.Future[ssl.SSLContext]] = {}

    async def of(self, host: str) -> ssl.SSLContext:
        """Give the context of a host.

        Raises:
            UpstreamOutage: a file cannot be read.
        """
        is_own = host in self._own
        making = self._made.get(is_own)
        if making is None:
            making = asyncio.ensure_future(asyncio.to_thread(self._make, is_own))
            self._made[is_own] = making
        try:
            return await asyncio.shield(making)
        except OSError as error:  # of TLS, too; the files may be right the next time
            self._made.pop(is_own, None)
            raise UpstreamOutage(
                f"{self._address.host} cannot be asked: its CA file, client certificate or key "
                f"cannot be used ({error.strerror or error})"
            ) from error

    def _make(self, is_own: bool) -> ssl.SSLContext:
        address = self._address
        context = ssl.create_default_context(cafile=address.ca or None)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if address.ca and not is_own:
            context.load_default_certs()
        if address.skip_verify:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        if address.certificate and is_own:
            context.load_cert_chain(address.certificate, address.key or None)
        return context
