"""The whole table. The loader acts on it and docs/configuration.md prints it: one truth."""

from entrepot.config.keys import (
    access,
    care,
    gc,
    http,
    log,
    own,
    quotas,
    services,
    space,
    storage,
    tls,
)
from entrepot.config.keys.trie import grow

KEYS = (
    *own.KEYS[:1],
    *log.KEYS,
    *storage.KEYS,
    *access.KEYS,
    *http.KEYS,
    *tls.KEYS,
    *services.KEYS,
    *space.KEYS,
    *gc.KEYS,
    *care.KEYS,
    *quotas.KEYS,
    *own.KEYS[1:],
)
TRIE = grow(KEYS)
