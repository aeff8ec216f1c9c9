"""``entrepot restore``."""

from dataclasses import asdict
from typing import Annotated

import typer

from entrepot.cli import exit_codes
from entrepot.cli.arguments import (
    AsJson,
    ConfigOption,
    Defaults,
    Yes,
    confirm,
    read_configuration,
)
from entrepot.cli.backup import in_words
from entrepot.cli.output import result, say
from entrepot.cli.tables import moment, print_json
from entrepot.config.sizes import count_of
from entrepot.services.backup.report import RestoreReport

Wanted = Annotated[
    str | None,
    typer.Argument(
        metavar="[SNAPSHOT]",
        help="A name from `entrepot backup list`, or a file. Default: the newest snapshot.",
        show_default=False,
    ),
]

_SHOWN = 20
_AFTER_DAYS = (
    ", and for 7 days not at all while the previous database is kept: `entrepot restore` with its"
    " name goes back to it."
)


def restore(
    snapshot: Wanted = None,
    config: ConfigOption = None,
    defaults: Defaults = False,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Replace a lost or damaged database by a snapshot. Stop the registry first.

    The previous database file is kept under another name. Exits with 0 if every image of the
    snapshot is complete, with 1 if some have lost blobs.
    """
    settings = read_configuration(config, defaults).settings
    # Here, because it imports the drivers: the other commands start without them.
    from entrepot.assembly.backup import find
    from entrepot.assembly.backup import restore as put_back

    name, taken_at, _ = find(settings, snapshot)
    if not yes:
        say(f"The database will be replaced by {name}{_at(taken_at)}; later changes will be lost.")
    confirm("Go ahead?", yes=yes)
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
        result(f"The previous database is now {report.aside}.")
    _print_differences(report)
    if report.unknown_files:
        result(
            f"Not in the snapshot: {count_of(report.unknown_files, 'stored blob')}"
            f" ({report.unknown_bytes:,} bytes), pushed after it was taken, or deleted before. They"
            " are not served; garbage collection removes them after its grace period"
            + (_AFTER_DAYS if report.aside else ".")
        )
    if report.lost_blobs:
        result(f"{count_of(len(report.lost_blobs), 'blob')} of the snapshot missing or damaged:")
    for lost in report.lost_blobs[:_SHOWN]:
        more = ", …" if len(lost.images) > _SHOWN else ""
        images = ", ".join(lost.images[:_SHOWN]) + more or "no image"
        result(f"  {lost.digest}: {lost.reason}; needed by {images}")
    if len(report.lost_blobs) > _SHOWN:
        result(f"  … and {len(report.lost_blobs) - _SHOWN:,} more; --json lists all")
    if report.lost_blobs:
        result("They are quarantined; pushing these images again repairs them.")
    if report.counters:
        result(f"Corrected {count_of(report.counters, 'usage counter')}.")
    result(
        "Accounts, tokens and rules are those of the snapshot, too: anything revoked or changed"
        " since then is back as it was."
    )


def _print_differences(report: RestoreReport) -> None:
    if report.differences is None:
        result(
            "What was pushed, moved or deleted since the snapshot is lost. The previous database"
            " cannot be read, so these changes cannot be listed."
            if report.aside
            else "What was pushed, moved or deleted since the snapshot is lost."
        )
        return
    if not report.differences:
        result("No tag was created or moved since the snapshot.")
        return
    result(f"Lost {count_of(len(report.differences), 'tag')} created or moved since the snapshot:")
    for one in report.differences[:_SHOWN]:
        now = f"is {one.restored} again" if one.restored else "is gone"
        result(f"  {one.repository}:{one.tag} was {one.lost}, {now}")
    if len(report.differences) > _SHOWN:
        result(f"  … and {len(report.differences) - _SHOWN:,} more; --json lists all")
