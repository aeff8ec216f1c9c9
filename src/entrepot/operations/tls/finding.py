"""What is wrong with a certificate, a key, or a list of CAs."""

from dataclasses import dataclass

from entrepot.config.problems import KeyPath

CERTIFICATE: KeyPath = ("http", "tls", "certificate")
KEY: KeyPath = ("http", "tls", "key")
PASSPHRASE_FILE: KeyPath = ("http", "tls", "keypassphrasefile")
CLIENT_CAS: KeyPath = ("http", "tls", "clientcas")
CIPHER_SUITES: KeyPath = ("http", "tls", "ciphersuites")
CACHE: KeyPath = ("http", "tls", "letsencrypt", "cachefile")
DIRECTORY_CAS: KeyPath = ("http", "tls", "letsencrypt", "directorycas")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong.

    Args:
        key: of the configuration.
        found: what was found there, with the file's name.
        expected: what could be used.
        fatal: whether nothing can be served with it; else clients will refuse what is served.
    """

    key: KeyPath
    found: str
    expected: str
    fatal: bool = True

    def __str__(self) -> str:
        return f"{'.'.join(map(str, self.key))}: found {self.found}, expected {self.expected}"


class UnusableFile(Exception):
    """A file cannot be used.

    Args:
        found: what was found, without the file's name.
        expected: what could be used.
    """

    def __init__(self, found: str, expected: str) -> None:
        super().__init__(f"found {found}, expected {expected}")
        self.found = found
        self.expected = expected
