"""Comparing everything that is stored with everything else, and mending it.

The rule of mending: rows are written and removed where something that is left proves what they
should be; bytes are never removed or changed, for they might be the last copy of somebody's image.
"""

from entrepot.services.check.findings import MEANINGS, Fault, Finding, Found, Meaning
from entrepot.services.check.run import run_check
from entrepot.services.check.tools import Check, Counts, Progress, Stage, Stores

__all__ = [
    "MEANINGS",
    "Check",
    "Counts",
    "Fault",
    "Finding",
    "Found",
    "Meaning",
    "Progress",
    "Stage",
    "Stores",
    "run_check",
]
