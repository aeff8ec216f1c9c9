"""What is kept of ACME, where Docker Registry 3 keeps it.

CACHEFILE/               http.tls.letsencrypt.cachefile, 0700
├── acme_account+key     0600: the account's private key, PEM
├── HOST                 0600: private key and certificate chain, PEM; named by the first host
└── lock                 locked while an order runs
"""

import os
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)


class AcmeCache:
    """The directory.

    Args:
        directory: where it is; made where it is missing.

    Raises:
        OSError: it cannot be made.
    """

    def __init__(self, directory: Path) -> None:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._directory = directory

    @property
    def lock(self) -> Path:
        """The file to lock while an order runs."""
        return self._directory / "lock"

    def account_key(self) -> ec.EllipticCurvePrivateKey:
        """Read the account's key; the first time, make it.

        Raises:
            OSError: it cannot be read or written.
            ValueError: it is not an ECDSA key.
        """
        path = self._directory / "acme_account+key"
        if path.exists():
            key = load_pem_private_key(path.read_bytes(), None)
            if not isinstance(key, ec.EllipticCurvePrivateKey):
                raise ValueError(f"{path} is not an ECDSA key")
            return key
        made = ec.generate_private_key(ec.SECP256R1())
        self._write(path, private_pem(made))
        return made

    def keep(self, host: str, key: bytes, chain: bytes) -> Path:
        """Keep a certificate, in the place of the one before.

        Args:
            host: the first of its hosts.
            key: its private key, PEM.
            chain: the certificate and those that vouch for it, PEM.

        Raises:
            OSError: it cannot be written.
        """
        path = self._directory / host
        self._write(path, key + chain)
        return path

    def _write(self, path: Path, content: bytes) -> None:
        """Write a file whole or not at all, for others may be reading it."""
        new = path.with_name(f".{path.name}.new")
        new.unlink(missing_ok=True)
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)


def private_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    """Write a key as PEM, open."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
