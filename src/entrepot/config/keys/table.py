"""The whole table. The loader acts on it, and docs/configuration.md prints it."""

from entrepot.config.keys import access, http, kept, log, mirrors, own, services, storage
from entrepot.config.keys.key import Key
from entrepot.config.keys.trie import grow

KEYS: tuple[Key, ...] = (
    *own.KEYS[:1],
    *log.KEYS,
    *storage.KEYS,
    *access.KEYS,
    *http.KEYS,
    *services.KEYS,
    *kept.KEYS,
    *mirrors.KEYS,
    *own.KEYS[1:],
)
TRIE = grow(KEYS)
