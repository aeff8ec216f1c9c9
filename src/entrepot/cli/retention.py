"""``entrepot retention show`` and ``entrepot retention run``."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import typer

from entrepot.cli import exit_codes
from entrepot.cli.arguments import AsJson, ConfigOption, Defaults, DryRun, read_configuration
from entrepot.cli.output import fail, result, warn
from entrepot.cli.tables import moment
from entrepot.config.settings import Settings
from entrepot.config.sizes import count_of
from entrepot.oci.name import RepositoryName
from entrepot.services.retention import Counts, Verdict


def show(as_json: AsJson = False, config: ConfigOption = None, defaults: Defaults = False) -> None:
    """Show which tags would be kept, and by which rule."""
    settings = read_configuration(config, defaults).settings
    asyncio.run(_show(settings, as_json=as_json))


def run(
    dry_run: DryRun = False,
    as_json: AsJson = False,
    config: ConfigOption = None,
    defaults: Defaults = False,
) -> None:
    """Apply the rules now, with or without a schedule.

    There is only one run at a time.
    """
    settings = read_configuration(config, defaults).settings
    if dry_run or settings.retention.dryrun:
        asyncio.run(_show(settings, as_json=as_json))
    else:
        raise typer.Exit(asyncio.run(_run(settings, as_json=as_json)))


def _warn_without_rules(settings: Settings) -> None:
    if not settings.retention.rules:
        warn("no retention rules are configured, so every tag is kept")


async def _show(settings: Settings, *, as_json: bool) -> None:
    # Here, because it imports the drivers: the other commands start without them.
    from entrepot.assembly.removal import open_operator
    from entrepot.assembly.retention import build_retention

    counts = Counts()
    async with open_operator(settings) as operator:
        _warn_without_rules(settings)
        retention = build_retention(settings, operator.drivers)
        with _lines(as_json=as_json) as lines:
            async for name in retention.repositories():
                counts.repositories += 1
                async for verdict in retention.verdicts(name):
                    counts.see(verdict)
                    lines.add(name, verdict)
    if not as_json:
        result(
            f"Of {count_of(counts.kept + counts.removed, 'tag')}, {counts.kept:,} would be kept and"
            f" {counts.removed:,} removed. Nothing was changed."
        )


async def _run(settings: Settings, *, as_json: bool) -> int:
    from entrepot.assembly.removal import open_operator
    from entrepot.assembly.retention import retention_run

    async with open_operator(settings, changes=True) as operator:
        _warn_without_rules(settings)
        outcome = await retention_run(settings, operator.drivers).run()
        last = await operator.drivers.jobs.last("retention")
    if outcome is None:
        since = None if last is None else moment(last.started_at)
        fail(f"another run has been going on since {since}")
        return exit_codes.FAILURE
    result(json.dumps({"outcome": outcome}) if as_json else f"{outcome}.")
    return exit_codes.OK


class _Lines:
    """Prints verdicts as they come: there may be more of them than fit into memory."""

    def __init__(self, *, as_json: bool) -> None:
        self._as_json = as_json
        self._first = True

    def add(self, name: RepositoryName, verdict: Verdict) -> None:
        if self._as_json:
            result(f"{'' if self._first else ','}{json.dumps(_plain(name, verdict))}")
        else:
            word = "keep  " if verdict.keeps else "remove"
            told = [reason for reason in verdict.reasons if reason.keeps or not verdict.keeps]
            result(f"{word}  {name}:{verdict.dated.tag}  {' / '.join(map(str, told))}")
        self._first = False


@contextmanager
def _lines(*, as_json: bool) -> Iterator[_Lines]:
    if as_json:
        result("[")
    yield _Lines(as_json=as_json)
    if as_json:
        result("]")


def _plain(name: RepositoryName, verdict: Verdict) -> dict[str, Any]:
    dated = verdict.dated
    return {
        "repository": name,
        "tag": dated.tag,
        "digest": dated.digest,
        "pushed": moment(dated.pushed_at),
        "pulled": moment(dated.pulled_at),
        "keep": verdict.keeps,
        "reasons": [
            {"rule": reason.rule or None, "keep": reason.keeps, "why": reason.why}
            for reason in verdict.reasons
        ],
    }
