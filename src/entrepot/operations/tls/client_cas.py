"""Judging the CAs whose client certificates are accepted."""

from datetime import datetime

from cryptography import x509

from entrepot.operations.tls import facts, pem
from entrepot.operations.tls.finding import CLIENT_CAS, Finding
from entrepot.operations.tls.server_certificate import judge_dates


def read_client_cas(file: str) -> list[x509.Certificate]:
    """Read one file of ``http.tls.clientcas``.

    Raises:
        UnusableFile: it has no certificates that can be read.
    """
    return pem.certificates(file, pem.read(file))


def judge_client_cas(
    file: str, index: int, authorities: list[x509.Certificate], now: datetime
) -> list[Finding]:
    """Find out what is wrong with the CAs of a file.

    That a root has signed itself is how roots are made; one that has, and is no CA, is the
    certificate of some server or client.

    Args:
        file: where they were read.
        index: of the file in the list, from 0.
        authorities: its certificates.
        now: the time.
    """
    place = (*CLIENT_CAS, index)
    found: list[Finding] = []
    for authority in authorities:
        name = f"{file}: {facts.subject(authority)}"
        if authority.version is not x509.Version.v3 or not facts.is_ca(authority):
            kind = "self-signed and no CA" if facts.is_self_signed(authority) else "no CA"
            expected = "a CA's certificate (basic constraints CA:TRUE)"
            found.append(Finding(place, f"{name}, which is {kind}", expected))
        found += judge_dates(authority, place, file, now)
    return found
