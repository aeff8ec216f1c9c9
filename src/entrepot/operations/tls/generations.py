"""Where workers read the certificate: a copy that was judged, never the operator's own files.

RUNTIME/tls/N/               0700; N counts up from 1, one a change
├── certificate.pem          the certificate and its chain
├── key.pem                  0600: its private key, PKCS#8, open
└── clientcas.pem            where clients are asked for certificates

A worker that starts later (after a crash) reads the same files as its siblings, whatever somebody
is writing into the operator's files at that moment. The runtime directory is in memory (/dev/shm,
or what systemd gives), so a key that is encrypted on the disk is not written there open.
"""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from entrepot.operations.tls.material import Material


@dataclass(frozen=True, slots=True)
class Generation:
    """Files that workers read.

    Args:
        certificate: a file.
        key: a file.
        client_cas: a file; None where no client is asked for a certificate.
    """

    certificate: Path
    key: Path
    client_cas: Path | None


class Generations:
    """Writes one directory for each change.

    Args:
        runtime: RuntimeDirectory.path of this start.
    """

    def __init__(self, runtime: Path) -> None:
        self._directory = runtime / "tls"
        self._number = 0

    def add(self, material: Material) -> Generation:
        """Write what is served from now on.

        Raises:
            OSError: it cannot be written.
        """
        number = self._number + 1
        directory = self._directory / str(number)
        directory.mkdir(mode=0o700, parents=True)
        certificate = _write(directory / "certificate.pem", material.certificate)
        key = _write(directory / "key.pem", material.key)
        client_cas = None
        if material.client_cas is not None:
            client_cas = _write(directory / "clientcas.pem", material.client_cas)
        self._number = number
        return Generation(certificate, key, client_cas)

    def remove_all_but(self, kept: Generation) -> None:
        """Remove what no worker reads any more."""
        for directory in self._directory.iterdir():
            if directory != kept.certificate.parent:
                shutil.rmtree(directory, ignore_errors=True)


def _write(path: Path, content: bytes) -> Path:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    return path
