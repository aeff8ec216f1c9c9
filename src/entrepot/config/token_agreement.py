"""What ``auth.token`` asks of its files: keys that can be used, and fit the algorithms."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from entrepot.config.document import Document
from entrepot.config.settings import Settings
from entrepot.config.token_auth import ASYMMETRIC, SYMMETRIC, TokenAuthSettings

_PLACE = ("auth", "token")


def check_token(settings: Settings, document: Document) -> list[str]:
    """Find mistakes in the section and its files.

    Args:
        settings: each valid by itself.
        document: its ``problems`` grow.

    Returns:
        Warnings.
    """
    token = settings.auth.token
    if token is None:
        return []
    if token.rootcertbundle is None and token.jwks is None:
        document.refuse(_PLACE, None, "rootcertbundle or jwks: a file of the keys that sign tokens")
        return []
    # Here, because only registries with tokens need cryptography to read their configuration.
    from entrepot.config.token_keys import read_certificates, read_key_set, trust_public_key

    fitting: set[str] = set()
    warnings: list[str] = []

    def bundle(content: bytes) -> None:
        for number, certificate in enumerate(read_certificates(content), 1):
            fitting.update(trust_public_key(certificate.public_key()).algorithms)
            ended = certificate.not_valid_after_utc
            if ended < datetime.now(UTC):
                warnings.append(
                    f"{token.rootcertbundle}: certificate {number} has expired on {ended:%Y-%m-%d}:"
                    " nothing that it certifies is accepted any longer"
                )

    def key_set(content: bytes) -> None:
        for _, trusted in read_key_set(content):
            fitting.update(trusted.algorithms)

    good = [
        _check_file(document, name, path, read)
        for name, path, read in (
            ("rootcertbundle", token.rootcertbundle, bundle),
            ("jwks", token.jwks, key_set),
        )
        if path is not None
    ]
    if all(good):
        _check_algorithms(token, fitting, document)
    return warnings


def _check_file(document: Document, name: str, path: str, read: Callable[[bytes], None]) -> bool:
    try:
        read(Path(path).read_bytes())
    except OSError as error:
        found = f"{path!r}: {(error.strerror or str(error)).lower()}"
        document.refuse((*_PLACE, name), found, "a file that can be read")
    except ValueError as error:
        kind = "certificates in PEM" if name == "rootcertbundle" else "a JSON Web Key Set"
        document.refuse((*_PLACE, name), f"{path!r}: {error}", f"a file of keys, {kind}")
    else:
        return True
    return False


def _check_algorithms(token: TokenAuthSettings, fitting: set[str], document: Document) -> None:
    accepted = token.signingalgorithms or ASYMMETRIC
    if fitting.isdisjoint(accepted):
        has = ", ".join(sorted(fitting)) or "none at all"
        hint = " (a shared secret counts only where they are listed)"
        if not fitting or not fitting <= set(SYMMETRIC):
            hint = ""
        document.refuse(
            (*_PLACE, "signingalgorithms"),
            f"{', '.join(accepted)}" if token.signingalgorithms else None,
            f"algorithms that a key of the files is for: {has}{hint}",
        )
