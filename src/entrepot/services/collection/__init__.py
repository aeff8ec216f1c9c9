"""Collecting while serving (docs/decisions/0015-collecting-while-serving.md).

`Collector` looks at the queue that changes fill, `Sweep` is the slow net below it, which fills the
queue with what it has missed; both may run in any number of processes at once.
"""

from entrepot.services.collection.collector import Collector
from entrepot.services.collection.rules import CollectionRules
from entrepot.services.collection.sweep import Sweep
from entrepot.services.collection.tally import CollectionObserver, Tally

__all__ = ["CollectionObserver", "CollectionRules", "Collector", "Sweep", "Tally"]
