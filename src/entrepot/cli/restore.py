"""``entrepot restore``."""

from dataclasses import asdict
from typing import Annotated

import typer

from entrepot.cli import exit_codes
from entrepot.cli.arguments import ConfigOption, Defaults, read_configuration
from entrepot.cli.backup import in_words
from entrepot.cli.output import result, say
from entrepot.cli.tables import moment, print_json
from entrepot.services.backup.report import RestoreReport

Wanted = Annotated[
    str | None,
    typer.Argument(
        metavar="[SNAPSHOT]",
        help="A name that `entrepot backup list` shows, or a file; the newest without one.",
        show_default=False,
    ),
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
AsJson = Annotated[bool, typer.Option("--json", help="JSON, for programs.")]

_SHOWN = 20
_AFTER_DAYS = (
    ", and not within 7 days, for as long as the database that was put aside lies there:"
    " `entrepot restore` with its name goes back."
)


def restore(
    snapshot: Wanted = None,
    config: ConfigOption = None,
    defaults: Defaults = False,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Put a snapshot in the place of a database that is lost or damaged. Stop the registry first.

    The file in its place is kept aside. Ends with 0 where every image of the snapshot is whole,
    with 1 where some have lost blobs.
    """
    settings = read_configuration(config, defaults).settings
    # Here, because it imports the drivers: the other commands start without them.
    from entrepot.assembly.backup import find
    from entrepot.assembly.backup import restore as put_back

    name, taken_at, _ = find(settings, snapshot)
    if not yes:
        say(f"The database goes back to {name}{_at(taken_at)}: what came after it is lost.")
        typer.confirm("Go on?", abort=True, err=True)
    report = put_back(settings, snapshot)
    if as_json:
        print_json(asdict(report))
    else:
        _print(report)
    raise typer.Exit(exit_codes.FAILURE if report.lost_blobs else exit_codes.OK)


def _at(taken_at: int) -> str:
    return f" of {moment(taken_at)}" if taken_at else ""


def _print(report: RestoreReport) -> None:
    result(f"Restored {report.snapshot}{_at(report.taken_at)}: {in_words(report.content)}.")
    if report.aside:
        result(f"The database that was in its place is now {report.aside}.")
    _print_differences(report)
    if report.unknown_files:
        result(
            f"{report.unknown_files:,} blobs with {report.unknown_bytes:,} bytes are stored that"
            " the snapshot does not know: they were pushed after it, or deleted. Nothing serves"
            " them; the collector removes them after its grace"
            + (_AFTER_DAYS if report.aside else ".")
        )
    if report.lost_blobs:
        result(f"{len(report.lost_blobs):,} blobs of the snapshot are not whole any more:")
    for lost in report.lost_blobs[:_SHOWN]:
        images = ", ".join(lost.images[:_SHOWN]) or "no image"
        result(f"  {lost.digest}: {lost.reason}; needed by {images}")
    if len(report.lost_blobs) > _SHOWN:
        result(f"  and {len(report.lost_blobs) - _SHOWN:,} more; --json lists all")
    if report.lost_blobs:
        result("They are in quarantine: pushing these images again makes them whole.")
    if report.counters:
        result(f"{report.counters:,} counters of usage were set right.")
    result(
        "Accounts, tokens and rules are those of the snapshot, too: what was revoked or changed"
        " since holds no more."
    )


def _print_differences(report: RestoreReport) -> None:
    if report.differences is None:
        result(
            "What was pushed, moved or deleted since the snapshot is lost; nobody can say what,"
            " for the database that was there cannot be read."
            if report.aside
            else "What was pushed, moved or deleted since the snapshot is lost."
        )
        return
    if not report.differences:
        result("No tag was made or moved since the snapshot.")
        return
    result(f"{len(report.differences):,} tags were made or moved since, and are lost:")
    for one in report.differences[:_SHOWN]:
        now = f"is {one.restored} again" if one.restored else "is gone"
        result(f"  {one.repository}:{one.tag} was {one.lost}, {now}")
    if len(report.differences) > _SHOWN:
        result(f"  and {len(report.differences) - _SHOWN:,} more; --json lists all")
