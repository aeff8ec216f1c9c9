"""Where workers read the certificate: a copy that was judged, never the operator's own files.

RUNTIME/tls/N/               0700; N counts up from 1, one a change; the last one holds
├── certificate.pem          the certificate and its chain
├── key.pem                  0600: its private key, PKCS#8, open
└── clientcas.pem            where clients are asked for certificates

A worker that starts later (after a crash) reads the same files as the others, whatever somebody is
writing into the operator's files at that moment. The runtime directory is in memory (/dev/shm,
or what systemd gives), so a key that is encrypted on the disk is not written there open.
"""

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from entrepot.operations.tls.material import Material

_CERTIFICATE, _KEY, _CLIENT_CAS = "certificate.pem", "key.pem", "clientcas.pem"


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

    def add(self, material: Material, prove: Callable[[Generation], object]) -> Generation:
        """Write what is served from now on.

        Args:
            material: what was judged.
            prove: raises OSError where it cannot be served; no worker has seen it yet.

        Raises:
            OSError: it cannot be written, or served.
        """
        directory = self._directory / f"{self._number + 1}.new"
        directory.mkdir(mode=0o700, parents=True)
        try:
            _write(directory / _CERTIFICATE, material.certificate)
            _write(directory / _KEY, material.key)
            if material.client_cas is not None:
                _write(directory / _CLIENT_CAS, material.client_cas)
            prove(_files(directory))
            directory.rename(directory.with_suffix(""))
        except OSError:
            shutil.rmtree(directory, ignore_errors=True)
            raise
        self._number += 1
        return _files(directory.with_suffix(""))

    def remove_all_but(self, kept: Generation) -> None:
        """Remove what no worker reads any more."""
        for directory in self._directory.iterdir():
            if directory != kept.certificate.parent:
                shutil.rmtree(directory, ignore_errors=True)


def newest(runtime: Path) -> Generation:
    """Give what a worker should read now.

    Args:
        runtime: RuntimeDirectory.path of this start.

    Raises:
        ValueError: there is none.
    """
    numbers = [int(one.name) for one in (runtime / "tls").iterdir() if one.name.isdigit()]
    return _files(runtime / "tls" / str(max(numbers)))


def _files(directory: Path) -> Generation:
    client_cas = directory / _CLIENT_CAS
    return Generation(
        directory / _CERTIFICATE, directory / _KEY, client_cas if client_cas.exists() else None
    )


def _write(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
