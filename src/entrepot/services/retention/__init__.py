"""Retention: which tags stay, by rules; the others go, and say why."""

from entrepot.services.retention.pulls import CompletePulls
from entrepot.services.retention.rules import RetentionRule
from entrepot.services.retention.run import Counts, Retention
from entrepot.services.retention.verdict import Reason, Verdict

__all__ = ["CompletePulls", "Counts", "Reason", "Retention", "RetentionRule", "Verdict"]
