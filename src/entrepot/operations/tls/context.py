"""What a handshake needs, from the files of a generation; and what it has told of the client."""

import ssl
from contextvars import ContextVar
from typing import Any, cast

from entrepot.config.cipher_suites import openssl_names
from entrepot.config.tls import VERIFY_IF_GIVEN, TlsSettings
from entrepot.operations.tls.generations import Generation

alerts: ContextVar[list[bytes]] = ContextVar("alerts")
"""Where it is set, a handshake that begins adds what is to be sent when it has failed: the alert.

uvloop closes such a connection without it, and the client would never learn why.
"""

_MINIMUM = {"tls1.2": ssl.TLSVersion.TLSv1_2, "tls1.3": ssl.TLSVersion.TLSv1_3}


class _Handshake(ssl.SSLObject):
    """A connection that keeps the alert with which its handshake fails."""

    written: ssl.MemoryBIO
    alerts: list[bytes]

    def do_handshake(self) -> None:
        """Go on with the handshake."""
        try:
            super().do_handshake()
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            raise
        except ssl.SSLError:
            self.alerts.append(self.written.read())
            raise


class _Context(ssl.SSLContext):
    """A context whose handshakes are of that kind."""

    sslobject_class = _Handshake

    def wrap_bio(
        self, incoming: ssl.MemoryBIO, outgoing: ssl.MemoryBIO, *args: Any, **named: Any
    ) -> ssl.SSLObject:
        """Begin a connection."""
        made: Any = super().wrap_bio(incoming, outgoing, *args, **named)
        made.written, made.alerts = outgoing, alerts.get([])
        return cast("ssl.SSLObject", made)


def server_context(settings: TlsSettings, generation: Generation) -> ssl.SSLContext:
    """Read what is served.

    Args:
        settings: ``http.tls``.
        generation: names the files.

    Raises:
        OSError: a file cannot be read, or OpenSSL refuses what is in it (ssl.SSLError).
    """
    context = _Context(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = _MINIMUM[settings.minimumtls]
    context.options |= ssl.OP_NO_RENEGOTIATION | ssl.OP_NO_COMPRESSION
    context.set_ciphers(":".join(openssl_names(settings.ciphersuites)))
    context.set_alpn_protocols(["http/1.1"])
    context.load_cert_chain(generation.certificate, generation.key)
    if generation.client_cas is not None:
        given = settings.clientauth == VERIFY_IF_GIVEN
        context.verify_mode = ssl.CERT_OPTIONAL if given else ssl.CERT_REQUIRED
        # A CA of clients is trusted for itself, whoever has signed it; as in Go.
        context.verify_flags |= ssl.VerifyFlags.VERIFY_X509_PARTIAL_CHAIN
        context.load_verify_locations(generation.client_cas)
    return context


def describe_client(secured: ssl.SSLObject) -> dict[str, Any] | None:
    """Give what a request's scope says of the client's certificate: ASGI's extension `tls`.

    Returns:
        `client_cert_name`, its subject (RFC 4514), and `client_cert_chain`, the certificate as PEM;
        None where the client has shown none.
    """
    encoded = secured.getpeercert(binary_form=True)
    if encoded is None:
        return None
    # Here, because most registries ask for no certificates, and their workers do without it.
    from cryptography import x509

    subject = x509.load_der_x509_certificate(encoded).subject
    return {
        "client_cert_name": subject.rfc4514_string(),
        "client_cert_chain": [ssl.DER_cert_to_PEM_cert(encoded)],
    }
