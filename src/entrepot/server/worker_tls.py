"""TLS in a worker: what the next handshake uses, and whom a change shuts out."""

import logging
import ssl
from pathlib import Path
from typing import Any

from entrepot.config.tls import TlsSettings
from entrepot.operations.tls.context import describe_client, server_context
from entrepot.operations.tls.generations import Generation, newest

logger = logging.getLogger("entrepot.tls")

_TRIES = 5


class WorkerTls:
    """Reads what the supervisor has judged.

    Args:
        settings: ``http.tls``; TLS is enabled in it.
        runtime: RuntimeDirectory.path of this start.

    Attributes:
        context: of new connections.

    Raises:
        OSError: the files cannot be read.
    """

    def __init__(self, settings: TlsSettings, runtime: Path) -> None:
        self._settings = settings
        self._runtime = runtime
        self._authorities: set[str] = set()
        self.context: ssl.SSLContext
        self.reload()

    def reload(self) -> bool:
        """Read again; a new context forgets the tickets of the old one.

        Returns:
            Whether a CA of clients is no longer trusted, so that connections which it may have
            vouched for should end.

        Raises:
            OSError: the files cannot be read.
        """
        for last in range(_TRIES):
            generation = newest(self._runtime)
            try:
                context, authorities = self._read(generation)
                break
            except FileNotFoundError:  # the next one has just taken its place
                if last == _TRIES - 1:
                    raise
        removed = bool(self._authorities - authorities)
        self.context, self._authorities = context, authorities
        return removed

    def describe(self, transport: Any) -> dict[str, Any] | None:
        """Give what the scopes of a connection say of its client's certificate."""
        if not self._authorities:
            return None
        secured: ssl.SSLObject = transport.get_extra_info("ssl_object")
        return describe_client(secured)

    def _read(self, generation: Generation) -> tuple[ssl.SSLContext, set[str]]:
        context = server_context(self._settings, generation)
        authorities = set()
        if generation.client_cas is not None:
            text = generation.client_cas.read_text("ascii")
            authorities = {one.strip() for one in text.split("-----END CERTIFICATE-----")} - {""}
        return context, authorities
