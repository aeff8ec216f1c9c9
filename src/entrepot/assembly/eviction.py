"""Puts together what makes room in mirrors."""

from entrepot.assembly.drivers import Drivers
from entrepot.config.mirrors import component_of
from entrepot.config.settings import Settings
from entrepot.config.sizes import count_of
from entrepot.oci.image_glob import ImageGlob
from entrepot.operations.housekeeping import Job
from entrepot.operations.schedule import Every
from entrepot.operations.scheduled import Once, Turn, scheduled_job
from entrepot.services.mirror.eviction import Eviction, EvictionRules
from entrepot.services.plausible_clock import PlausibleClock

_EVERY_SECONDS = 15 * 60.0


def build_eviction(drivers: Drivers) -> Eviction:
    """Build what removes images from mirrors."""
    return Eviction(drivers.cached_images, drivers.metadata, drivers.clock)


def eviction_rules(settings: Settings) -> list[EvictionRules]:
    """Say what may be kept of each upstream."""
    mirrors = settings.mirrors
    return [
        EvictionRules(
            upstream.host,
            "" if upstream is mirrors.whole else component_of(upstream.host),
            upstream.maxsize,
            upstream.maxage,
            tuple(map(ImageGlob.parse, upstream.pinned)),
        )
        for upstream in mirrors.all
    ]


def eviction_jobs(settings: Settings, drivers: Drivers) -> list[Job]:
    """Give the job that makes room in mirrors; none where nothing is limited."""
    limited = [
        rules
        for rules in eviction_rules(settings)
        if rules.max_bytes is not None or rules.max_age is not None
    ]
    if not limited:
        return []
    eviction = build_eviction(drivers)
    plausible = PlausibleClock(drivers.jobs, drivers.clock)

    async def work(turn: Turn) -> str:
        if not await plausible.is_plausible():
            return "the clock is doubted: nothing was removed"
        evicted = [await eviction.run(rules) for rules in limited]
        return f"{count_of(sum(each.manifests for each in evicted), 'manifest')} removed"

    return [
        scheduled_job(
            Once(drivers.jobs, drivers.clock, "mirror eviction", work), Every(_EVERY_SECONDS)
        )
    ]
