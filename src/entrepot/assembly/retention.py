"""Puts retention together: rules as the services want them, and the job that applies them."""

from dataclasses import replace

from entrepot.assembly.drivers import Drivers
from entrepot.assembly.rules import immutable_tags
from entrepot.config.retention import RetentionRuleSettings
from entrepot.config.settings import Settings
from entrepot.oci.linear_regex import LinearRegex
from entrepot.oci.repository_glob import RepositoryGlobs
from entrepot.oci.tag_glob import TagGlob
from entrepot.operations.housekeeping import Job
from entrepot.operations.retention_job import apply_rules, tell_verdicts
from entrepot.operations.schedule import Cron
from entrepot.operations.scheduled import Once, scheduled_job
from entrepot.ports.access import RETENTION, OpenAccess
from entrepot.ports.clock import MICROSECONDS
from entrepot.services.image_removal import ImageRemoval
from entrepot.services.plausible_clock import PlausibleClock
from entrepot.services.retention import CompletePulls, Retention, RetentionRule


def build_retention(settings: Settings, drivers: Drivers) -> Retention:
    """Build what applies the rules. It may delete everywhere: the operator wrote the rules."""
    rules = [_rule(rule, place) for place, rule in enumerate(settings.retention.rules, 1)]
    immutable, clock = immutable_tags(settings), drivers.clock
    removal = ImageRemoval(drivers.metadata, OpenAccess(), clock, immutable)
    pulls = CompletePulls(drivers.pull_gatherers, clock)
    return Retention(
        drivers.metadata, drivers.dated_tags, removal, immutable, clock, rules, RETENTION, pulls
    )


def retention_run(settings: Settings, drivers: Drivers) -> Once:
    """Give the run that one worker or command at a time does."""
    retention = build_retention(settings, drivers)
    work = tell_verdicts if settings.retention.dryrun else apply_rules
    return Once(drivers.jobs, drivers.clock, "retention", lambda turn: work(retention, turn))


def retention_jobs(settings: Settings, drivers: Drivers) -> list[Job]:
    """Give the job of the schedule; none where there is no schedule or no rule."""
    if settings.retention.schedule is None or not settings.retention.rules:
        return []
    job = scheduled_job(retention_run(settings, drivers), Cron(settings.retention.schedule))
    plausible = PlausibleClock(drivers.jobs, drivers.clock)

    async def work() -> None:
        # Asked before the claim: a run that waits is caught up when the clock is believed again.
        if await plausible.is_plausible():
            await job.work()

    return [replace(job, work=work)]


def _rule(rule: RetentionRuleSettings, place: int) -> RetentionRule:
    keep = rule.keep
    return RetentionRule(
        name=rule.name or f"rule {place}",
        repositories=RepositoryGlobs.parse(rule.repositories),
        tags=tuple(TagGlob.parse(tag) for tag in rule.tags),
        last=keep.last,
        versions=keep.versions,
        pulled=keep.pulled,
        younger=_microseconds(keep.younger),
        pulled_within=_microseconds(keep.pulledwithin),
        matching=tuple(LinearRegex(text) for text in keep.matching),
        untag_only=rule.untagged == "keep",
    )


def _microseconds(seconds: float | None) -> int | None:
    return None if seconds is None else int(seconds * MICROSECONDS)
