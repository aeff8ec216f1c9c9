"""What the rules of ``retention`` ask of ``pulls``, and of their schedule."""

from entrepot.config.document import Document
from entrepot.config.retention import KeepSettings
from entrepot.config.settings import Settings


def check_space(settings: Settings, document: Document) -> list[str]:
    """Find rules that ask what nobody writes down, or that nobody applies.

    Args:
        settings: each valid by itself.
        document: its ``problems`` grow.

    Returns:
        Warnings.
    """
    for place, rule in enumerate(settings.retention.rules):
        path = ("retention", "rules", place, "keep")
        if rule.keep == KeepSettings():
            choices = "last, versions, pulled, younger, pulledwithin or matching"
            document.refuse(path, None, f"what stays ({choices}); else every tag would go")
        if not settings.pulls.enabled:
            for key in ("pulled", "pulledwithin"):
                if getattr(rule.keep, key) is not None:
                    document.refuse((*path, key), key, "pulls.enabled: true, for it asks when")
    retention = settings.retention
    if retention.rules and retention.schedule is None:
        origin = document.origin(("retention",))
        return [f"{origin}: retention.schedule is not set: `entrepot retention run` applies rules"]
    if retention.schedule is not None and not retention.rules:
        origin = document.origin(("retention", "schedule"))
        return [f"{origin}: retention.schedule has no effect: there are no retention.rules"]
    return []
