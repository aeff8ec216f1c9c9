"""Adopting a directory that Docker Registry wrote.

The rule: what Docker Registry served of it, Entrepot serves; what it did not serve, Entrepot does
not, and tells. Nothing of the old tree is copied or changed.
"""

from entrepot.services.adoption.meanings import MEANINGS
from entrepot.services.adoption.progress import (
    Progress,
    ProgressObserver,
    Stage,
    ignore_progress,
)
from entrepot.services.adoption.report import (
    AdoptionReport,
    FindingSummary,
    Outcome,
    all_findings,
)
from entrepot.services.adoption.run import adopt
from entrepot.services.adoption.verification import VerifiedBlobs, verify

__all__ = [
    "MEANINGS",
    "AdoptionReport",
    "FindingSummary",
    "Outcome",
    "Progress",
    "ProgressObserver",
    "Stage",
    "VerifiedBlobs",
    "adopt",
    "all_findings",
    "ignore_progress",
    "verify",
]
