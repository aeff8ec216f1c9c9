"""Every key of Docker Registry 2.8 and 3.1, every key of Entrepot, and what becomes of each."""

from entrepot.config.keys.key import Key, Since, Status
from entrepot.config.keys.table import KEYS, TRIE
from entrepot.config.keys.trie import Branch

__all__ = ["KEYS", "TRIE", "Branch", "Key", "Since", "Status"]
