"""``entrepot adopt``."""

import asyncio
import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from entrepot.cli import exit_codes
from entrepot.cli.arguments import ConfigFile, ConfigOption, Defaults, read_configuration
from entrepot.cli.output import result, warn
from entrepot.config.settings import Settings
from entrepot.ports.clock import SystemClock
from entrepot.services.adoption import (
    MEANINGS,
    AdoptionReport,
    FindingSummary,
    Outcome,
    VerifiedBlobs,
    all_findings,
)
from entrepot.services.adoption import adopt as run_adoption
from entrepot.services.adoption import verify as verify_blobs
from entrepot.services.adoption.changes import find_changes

DryRun = Annotated[bool, typer.Option("--dry-run", help="Write nothing; print what would be done.")]
Verify = Annotated[
    bool, typer.Option("--verify", help="Read every blob and compare it with its digest.")
]
Again = Annotated[
    bool,
    typer.Option(
        "--again",
        help="Read a directory that was adopted before, and add what is new in it; what was"
        " deleted since then comes back.",
    ),
]
AsJson = Annotated[
    bool, typer.Option("--json", help="Print the report, with every finding, as JSON.")
]


@dataclass(frozen=True, slots=True)
class Options:
    """What was asked for."""

    dry_run: bool
    verify: bool
    again: bool
    as_json: bool


def adopt(
    file: ConfigFile = None,
    config: ConfigOption = None,
    defaults: Defaults = False,
    dry_run: DryRun = False,
    verify: Verify = False,
    again: Again = False,
    as_json: AsJson = False,
) -> None:
    """Take over a directory that Docker Registry wrote.

    The first start of the registry does the same by itself.

    Nothing in the directory is copied or changed. Stop Docker Registry first. Exits with 1 if
    something may be lost (the report says what), else with 0.
    """
    settings = read_configuration(config, defaults, file).settings
    raise typer.Exit(asyncio.run(_adopt(settings, Options(dry_run, verify, again, as_json))))


async def _adopt(settings: Settings, options: Options) -> int:
    # Here, because they import the drivers and Rich: the other commands start without them.
    from entrepot.assembly.adoption import alone, open_adoption
    from entrepot.assembly.backend import Backend
    from entrepot.cli.adopt_progress import ProgressDisplay

    verified: VerifiedBlobs | None = None
    backend = Backend(settings)
    opened = open_adoption(backend, dry_run=options.dry_run)
    with ProgressDisplay() as display, opened as (source, store):
        async with alone(backend, store, dry_run=options.dry_run, again=options.again):
            if options.verify:
                verified = await verify_blobs(source, display.show)
            report = await run_adoption(
                source,
                store,
                SystemClock(),
                display.show,
                verified,
                again=options.again,
                updating=False,
            )
        display.close()
        if report.outcome is Outcome.ADOPTED_BEFORE:
            changes = find_changes(source, await store.trees())
            if changes:
                warn(changes.sentence)
        if options.as_json:
            document = _document(report, options.dry_run, verified)
            if options.dry_run:
                document["repositories"] = display.repositories
            document["findings"] = [
                {"problem": finding.kind.is_problem, **asdict(finding)}
                async for finding in all_findings(store)
            ]
            result(json.dumps(document, indent=2))
        else:
            _print_repositories(display.repositories if options.dry_run else [])
            result(_headline(settings, report, options.dry_run))
            _print_findings(report)
            _print_verified(verified)
    return _exit_code(report, verified)


def _exit_code(report: AdoptionReport, verified: VerifiedBlobs | None) -> int:
    damaged = verified is not None and bool(verified.damaged)
    # What an earlier run has told already does not fail this one.
    news = report.problems if report.outcome is not Outcome.ADOPTED_BEFORE else 0
    return exit_codes.FAILURE if news or damaged else exit_codes.OK


def _document(
    report: AdoptionReport, dry_run: bool, verified: VerifiedBlobs | None
) -> dict[str, Any]:
    document: dict[str, Any] = {
        "outcome": report.outcome,
        "dry_run": dry_run,
        "started_at": _moment(report.started_at),
        "finished_at": _moment(report.finished_at),
        "counts": asdict(report.counts),
        "problems": report.problems,
        "notes": report.notes,
    }
    if verified is not None:
        document["verified"] = {
            "blobs": verified.blobs,
            "bytes": verified.size,
            "damaged": sorted(verified.damaged),
        }
    return document


def _headline(settings: Settings, report: AdoptionReport, dry_run: bool) -> str:
    directory = settings.storage.filesystem.rootdirectory
    counts = report.counts
    what = (
        f"{_plural(counts.repositories, 'repository', 'repositories')}, "
        f"{_plural(counts.tags, 'tag')}, {_plural(counts.manifests, 'manifest')} and "
        f"{_plural(counts.blobs, 'blob')} ({counts.blob_bytes:,} bytes)"
    )
    if report.outcome is Outcome.NOTHING_TO_ADOPT:
        return f"{directory}: nothing to adopt."
    if report.outcome is Outcome.ADOPTED_BEFORE:
        return f"{directory} was already adopted, at {_moment(report.finished_at)}: {what}."
    if dry_run:
        return f"{directory} would be adopted: {what}. Nothing was written."
    again = ", continuing an earlier run" if report.outcome is Outcome.RESUMED else ""
    return f"{directory} is adopted{again}: {what}."


def _print_repositories(repositories: list[dict[str, Any]]) -> None:
    for row in repositories:
        tags, manifests = _plural(row["tags"], "tag"), _plural(row["manifests"], "manifest")
        result(f"  {row['name']}: {tags}, {manifests}")


def _print_findings(report: AdoptionReport) -> None:
    for title, problems in (("Problems", True), ("Notes", False)):
        summaries = [item for item in report.findings if item.kind.is_problem is problems]
        if summaries:
            result(f"{title}:")
        for summary in summaries:
            _print_summary(summary)


def _print_summary(summary: FindingSummary) -> None:
    result(f"  {summary.kind} ({summary.count:,}): {MEANINGS[summary.kind]}")
    for finding in summary.examples:
        where = f"{finding.repository} " if finding.repository else ""
        result(f"    {where}{finding.reference}: {finding.detail}")
    more = summary.count - len(summary.examples)
    if more:
        result(f"    … and {more:,} more; --json lists all")


def _print_verified(verified: VerifiedBlobs | None) -> None:
    if verified is None:
        return
    result(f"Verified {_plural(verified.blobs, 'blob')} ({verified.size:,} bytes).")
    for digest in sorted(verified.damaged):
        result(f"  damaged: {digest}")


def _plural(number: int, one: str, many: str | None = None) -> str:
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def _moment(microseconds: int) -> str:
    return datetime.fromtimestamp(microseconds / 1_000_000, UTC).isoformat(timespec="seconds")
