"""``entrepot gc``."""

import asyncio
import json
import time
from dataclasses import asdict, dataclass, replace
from typing import Annotated, Any

import typer

from entrepot.cli import exit_codes
from entrepot.cli.arguments import AsJson, ConfigFile, ConfigOption, Defaults, read_configuration
from entrepot.cli.output import result, say, warn
from entrepot.config.durations import format_duration, parse_long_duration
from entrepot.config.settings import Settings
from entrepot.config.sizes import count_of
from entrepot.errors import EntrepotError
from entrepot.ports.collection import Collected, CollectedKind, QueueState
from entrepot.services.collection import CollectionRules, Tally

DryRun = Annotated[
    bool,
    typer.Option("--dry-run", "-d", help="Remove nothing; print what would be removed, and why."),
]
Now = Annotated[
    bool,
    typer.Option(
        "--now",
        help="Look for garbage everywhere first, rather than wait for the next sweep. The grace"
        " period still applies.",
    ),
]
Grace = Annotated[
    str | None,
    typer.Option(
        "--grace",
        metavar="DURATION",
        help="Grace period instead of gc.grace. With 0s, pushes in progress may fail and must be"
        " repeated: use it when nobody pushes.",
        show_default=False,
    ),
]
Untagged = Annotated[
    bool,
    typer.Option(
        "--delete-untagged",
        "-m",
        help="Also remove manifests that no tag, index or remaining subject refers to, after their"
        " grace period, whatever gc.untagged says.",
    ),
]
Adopted = Annotated[
    bool,
    typer.Option(
        "--adopted",
        help="Also remove what was garbage before the directory was adopted. Docker Registry can no"
        " longer serve what Entrepot does not know after that.",
    ),
]

_SECONDS_A_LINE = 2.0
_SHARE = 0.5
_FAR = 10 * 365 * 86_400 * 1_000_000


@dataclass(frozen=True, slots=True)
class Options:
    """What was asked for."""

    dry_run: bool
    sweeps: bool
    adopted: bool
    as_json: bool


def gc(
    file: ConfigFile = None,
    config: ConfigOption = None,
    defaults: Defaults = False,
    dry_run: DryRun = False,
    now: Now = False,
    grace: Grace = None,
    delete_untagged: Untagged = False,
    adopted: Adopted = False,
    as_json: AsJson = False,
) -> None:
    """Remove what nothing refers to, after a grace period.

    The registry may be running. It does the same by itself, unless gc.enabled is false. Exits with
    1 if something could not be removed.
    """
    settings = read_configuration(config, defaults, file).settings
    rules = _rules(settings, grace, delete_untagged)
    sweeps = now or dry_run or delete_untagged or adopted
    options = Options(dry_run, sweeps, adopted, as_json)
    failures = asyncio.run(_gc(settings, rules, options))
    raise typer.Exit(exit_codes.FAILURE if failures else exit_codes.OK)


def _rules(settings: Settings, grace: str | None, delete_untagged: bool) -> CollectionRules:
    from entrepot.assembly.collection import collection_rules

    rules = collection_rules(settings)
    if grace is not None:
        try:
            seconds = 0.0 if grace in ("0", "0s") else parse_long_duration(grace)
        except ValueError as error:
            raise typer.BadParameter(f"expected {error}", param_hint="--grace") from None
        rules = replace(rules, grace=seconds)
        if seconds < settings.gc.grace:
            warn("the grace period is shorter than gc.grace: pushes in progress may fail")
    return replace(rules, untagged=True, untagged_after=0.0) if delete_untagged else rules


async def _gc(settings: Settings, rules: CollectionRules, options: Options) -> int:
    # Here, because they import the drivers: the other commands start without them.
    from entrepot.assembly.backend import Backend
    from entrepot.assembly.collection import (
        build_collector,
        build_sweep,
        open_collection,
    )

    lines = _Lines(options)
    backend = Backend(settings)
    with open_collection(backend, dry_run=options.dry_run) as drivers:
        if options.sweeps:
            sweep = build_sweep(
                backend,
                drivers,
                rules,
                lines,
                warn,
                dry_run=options.dry_run,
                share=_SHARE,
                adopted=options.adopted,
            )
            await sweep.run()
        await _look_until_done(build_collector(drivers, rules, lines).look, lines)
        state = await drivers.collection.state()
        if options.dry_run:
            lines.later = True
            drivers = replace(drivers, clock=_FarLater())
            await _look_until_done(build_collector(drivers, rules, lines).look, lines)
    lines.finish(state, rules)
    return lines.now.failures


class _FarLater:
    """A clock by which every grace period is over, once it has begun."""

    def __init__(self) -> None:
        self._now = time.time_ns() // 1000

    def now(self) -> int:
        self._now += _FAR
        return self._now


async def _look_until_done(look: Any, lines: "_Lines") -> None:
    """Look again for as long as something goes: a manifest may have held others."""
    while True:
        before = lines.removed_so_far
        await look()
        if lines.removed_so_far == before:
            return


class _Lines:
    """Prints what is removed as it happens; implements `CollectionObserver`."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self.now, self.then = Tally(), Tally()
        self.later = False
        self.removed_so_far = 0
        self._said_at = time.monotonic()

    def removed(self, removal: Collected) -> None:
        """Print something that was removed."""
        self.removed_so_far += 1
        (self.then if self.later else self.now).removed(removal)
        if self._options.as_json:
            result(json.dumps({**asdict(removal), "later": self.later}))
        elif removal.kind is not CollectedKind.BLOB:  # its bytes follow
            where = f"{removal.repository} " if removal.repository else ""
            when = "  later " if self.later else "  "
            what = f"{removal.kind} {where}{removal.name} ({removal.size:,} bytes)"
            result(f"{when}{what}: {removal.why}")

    def failed(self, what: str, error: EntrepotError) -> None:
        """Print what could not be removed."""
        self.now.failed(what, error)
        warn(f"{what}: {error.message}")

    def swept(self, what: str, looked: int, queued: int) -> None:
        """Print the sweep's progress now and then."""
        self.now.swept(what, looked, queued)
        if time.monotonic() - self._said_at > _SECONDS_A_LINE:
            self._said_at = time.monotonic()
            say(f"looking through {what}: {self.now.looked[what]:,} so far")

    def finish(self, state: QueueState, rules: CollectionRules) -> None:
        """Print the totals."""
        waiting = state.manifests + state.links
        if self._options.as_json:
            document = {
                "freed": self.now.freed,
                "strays": self.now.strays,
                "failures": self.now.failures,
                "waiting": waiting,
            }
            result(json.dumps({"sum": document}))
            return
        verb = "Would remove" if self._options.dry_run else "Removed"
        result(f"{verb} {_sum(self.now)}.")
        if self._options.dry_run and self.then.removals:
            result(
                f"After their grace period of {format_duration(rules.grace)}: {_sum(self.then)}."
            )
        elif waiting:
            candidates = count_of(waiting, "candidate")
            result(f"{candidates} in the grace period of {format_duration(rules.grace)}.")
        if not self._options.sweeps:
            result("Stray files were not looked for; --now does that.")


def _sum(tally: Tally) -> str:
    # The bytes of a blob go with it; those of a stray file belong to none.
    parts = [
        count_of(number, kind)
        for kind, number in tally.removals.items()
        if kind is not CollectedKind.BYTES
    ]
    if tally.strays:
        parts.append(count_of(tally.strays, "stray file"))
    return f"{', '.join(parts)}: {count_of(tally.freed, 'byte')}" if parts else "nothing"
