"""``entrepot check``."""

import asyncio
import json
import time
from contextlib import suppress
from dataclasses import asdict
from typing import Annotated, Any

import typer

from entrepot.cli import exit_codes
from entrepot.cli.arguments import ConfigFile, ConfigOption, Defaults, read_configuration
from entrepot.cli.output import result, say, set_busy
from entrepot.config.settings import Settings
from entrepot.config.sizes import count_of, describe_size, parse_size
from entrepot.errors import MetadataOutage
from entrepot.services.check import (
    MEANINGS,
    Check,
    Counts,
    Fault,
    Finding,
    Stage,
    run_check,
)
from entrepot.services.pace import Pacer
from entrepot.services.usage.listing import Total, count_total

Verify = Annotated[
    bool, typer.Option("--verify", help="Read every blob and compare it with its digest.")
]
Repair = Annotated[
    bool,
    typer.Option(
        "--repair",
        help="Repair what can be repaired: database rows are written or removed, blobs never are.",
    ),
]
Rate = Annotated[
    str | None,
    typer.Option(
        "--rate",
        metavar="SIZE",
        help="Read at most this much per second, such as 50MiB. Default: no limit.",
        show_default=False,
    ),
]
AsJson = Annotated[
    bool, typer.Option("--json", help="Print the report, with every finding, as JSON.")
]

_EXAMPLES = 10
_COUNTED = ("manifests", "blobs", "files", "verified_bytes")
_SECONDS_A_LINE = 2.0


def check(
    file: ConfigFile = None,
    config: ConfigOption = None,
    defaults: Defaults = False,
    verify: Verify = False,
    repair: Repair = False,
    rate: Rate = None,
    as_json: AsJson = False,
) -> None:
    """Compare the database, the blobs and the usage counters.

    The registry may be running. Exits with 0 if nothing is wrong or everything was repaired, with 1
    if problems remain.
    """
    pacer = Pacer(_bytes_a_second(rate))
    settings = read_configuration(config, defaults, file).settings
    found: list[Finding] = []
    started = time.monotonic()
    counts = asyncio.run(_check(settings, found, pacer, verify=verify, repair=repair))
    seconds = time.monotonic() - started
    left = [finding for finding in found if finding.kind.is_problem and not finding.mended]
    if as_json:
        result(json.dumps(_document(found, counts, seconds), indent=2))
    else:
        _print(found, counts, seconds, repair=repair)
    raise typer.Exit(exit_codes.FAILURE if left else exit_codes.OK)


def _bytes_a_second(rate: str | None) -> int | None:
    try:
        size = None if rate is None else parse_size(rate)
    except ValueError as error:
        raise typer.BadParameter(f"{rate!r} is not {error}") from None
    if size == 0:
        raise typer.BadParameter("a rate of 0 would never finish")
    return size


async def _check(
    settings: Settings, found: list[Finding], pacer: Pacer, *, verify: bool, repair: bool
) -> Counts:
    # Here, because it imports the drivers: the other commands start without them.
    from entrepot.assembly.backend import Backend
    from entrepot.services.redo import Redo

    backend = Backend(settings)
    with backend.beside() as drivers, backend.checked(drivers) as stores:
        # What was acknowledged before a crash, and no start has written since.
        with suppress(MetadataOutage):
            await Redo(drivers.redo, drivers.blobs).replay()
        total = None
        with suppress(MetadataOutage):  # a damaged database is the check's to report
            total = await count_total(drivers.usage, drivers.sessions)
        shown = _Progress(total, found)
        work = Check(stores, shown.found, verify, repair, pacer, shown.show)
        await run_check(work)
        return work.counts


class _Progress:
    """Says how far a check is, and at once what it repairs: it may be interrupted."""

    def __init__(self, total: Total | None, found: list[Finding]) -> None:
        self._total = total
        self._found = found
        self._said_at = time.monotonic()

    def found(self, finding: Finding) -> None:
        self._found.append(finding)
        if finding.repaired:
            say(f"{finding.kind} {_where(finding)}: {finding.repaired}")

    def show(self, stage: Stage, counts: Counts) -> None:
        if counts.reading:
            set_busy(f"blob {counts.reading} is read")
        if time.monotonic() - self._said_at < _SECONDS_A_LINE:
            return
        self._said_at = time.monotonic()
        line = str(stage)
        if stage in (Stage.MANIFESTS, Stage.BLOBS, Stage.FILES):
            line += f": {getattr(counts, stage):,}{self._of(stage)}"
        if counts.reading:
            line += f", {describe_size(counts.verified_bytes)} read, reading {counts.reading}"
        say(line)

    def _of(self, stage: Stage) -> str:
        # Counters may be wrong, which is found out at the end: hence "about".
        if self._total is None:
            return ""
        total = self._total.manifests if stage is Stage.MANIFESTS else self._total.blobs
        return f" of about {total:,}"


def _document(found: list[Finding], counts: Counts, seconds: float) -> dict[str, Any]:
    return {
        "checked": {name: getattr(counts, name) for name in _COUNTED},
        "seconds": round(seconds, 3),
        "problems": sum(finding.kind.is_problem for finding in found),
        "mended": sum(finding.mended for finding in found),
        "findings": [{"problem": finding.kind.is_problem, **asdict(finding)} for finding in found],
    }


def _print(found: list[Finding], counts: Counts, seconds: float, *, repair: bool) -> None:
    result(f"Checked {_amounts(counts)} in {seconds:.1f} s.")
    for title, findings in _sections(found).items():
        if findings:
            result(f"{title}:")
        for kind in Fault:
            of_kind = [one for one in findings if one.kind is kind]
            if of_kind:
                _print_kind(kind, of_kind, repair=repair)
    if not any(finding.kind.is_problem for finding in found):
        result("No problems found.")


def _sections(found: list[Finding]) -> dict[str, list[Finding]]:
    sections: dict[str, list[Finding]] = {"Repaired": [], "Problems": [], "Notes": []}
    for one in found:
        kind = "Problems" if one.kind.is_problem else "Notes"
        sections["Repaired" if one.mended else kind].append(one)
    return sections


def _print_kind(kind: Fault, found: list[Finding], *, repair: bool) -> None:
    meaning = MEANINGS[kind]
    result(f"  {kind} ({len(found):,}): {meaning.what}")
    for finding in found[:_EXAMPLES]:
        done = f" [{finding.repaired}]" if finding.repaired else ""
        result(f"    {_where(finding)}: {finding.detail}{done}")
    if len(found) > _EXAMPLES:
        result(f"    … and {len(found) - _EXAMPLES:,} more; --json lists all")
    if not repair and kind.is_problem:
        result(f"    --repair: {meaning.repair}")


def _where(finding: Finding) -> str:
    return f"{finding.repository} {finding.reference}".lstrip()


def _amounts(counts: Counts) -> str:
    read = f", {count_of(counts.verified_bytes, 'byte')} read" if counts.verified_bytes else ""
    return (
        f"{count_of(counts.manifests, 'manifest')}, {count_of(counts.blobs, 'blob')},"
        f" {count_of(counts.files, 'file')}{read}"
    )
