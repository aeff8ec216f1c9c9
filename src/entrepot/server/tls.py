"""The certificate and key, checked before the server is handed them."""

import ssl
from pathlib import Path
from typing import Any

from granian.constants import SSLProtocols

from entrepot.config.tls import TlsSettings
from entrepot.errors import ConfigurationError

_PROTOCOLS = {"tls1.2": SSLProtocols.tls12, "tls1.3": SSLProtocols.tls13}


def tls_arguments(settings: TlsSettings) -> dict[str, Any]:
    """Give what Granian wants to know of TLS; nothing where it is not configured.

    Raises:
        ConfigurationError: a file cannot be read, or the two do not belong together, or the key
            is in a form that the server does not read.
    """
    if settings.certificate is None or settings.key is None:
        return {}
    certificate, key = Path(settings.certificate), Path(settings.key)
    for name, file in (("certificate", certificate), ("key", key)):
        try:
            file.read_bytes()
        except OSError as error:
            raise ConfigurationError(
                f"http.tls.{name}: {file} cannot be read: {error.strerror}"
            ) from error
    try:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key, password="")
    except ssl.SSLError as error:
        raise ConfigurationError(
            f"http.tls: {certificate} and {key} cannot be used together: {error.reason or error}"
        ) from error
    if b"BEGIN PRIVATE KEY" not in key.read_bytes():
        raise ConfigurationError(
            f"http.tls.key: {key} is not in PKCS#8 form, the only one that can be read now; "
            f"convert it: openssl pkcs8 -topk8 -nocrypt -in {key} -out NEW-FILE"
        )
    return {
        "ssl_cert": certificate,
        "ssl_key": key,
        "ssl_protocol_min": _PROTOCOLS[settings.minimumtls],
    }
