"""Keys that are trusted to sign tokens, under every name that tokens may call them by."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from entrepot.config.token_keys import Certificates, TrustedKey, trust_certificate
from entrepot.services.tokens.key_names import key_names


@dataclass(frozen=True, slots=True)
class KeyRing:
    """What is trusted.

    Attributes:
        keys: by each of their names; Docker Registry 3 has one name for several.
        roots: what certifies further keys.
    """

    keys: Mapping[str, tuple[TrustedKey, ...]]
    roots: Certificates = ()


def make_ring(
    certificates: Certificates,
    keys: Iterable[tuple[str | None, TrustedKey]],
    accepted: frozenset[str],
) -> KeyRing:
    """Put keys together under their names.

    Args:
        certificates: their keys sign tokens, and they certify others that do.
        keys: each with the name it was given.
        accepted: algorithms; keys that none of them fits are left out.
    """
    named: dict[str, list[TrustedKey]] = {}
    both = [(None, trust_certificate(one)) for one in certificates]
    for name, trusted in (*both, *keys):
        usable = replace(trusted, algorithms=trusted.algorithms & accepted)
        if not usable.algorithms:
            continue
        names = () if isinstance(trusted.key, bytes) else key_names(trusted.key)
        for each in dict.fromkeys((*(() if name is None else (name,)), *names)):
            named.setdefault(each, []).append(usable)
    return KeyRing({name: tuple(found) for name, found in named.items()}, certificates)
