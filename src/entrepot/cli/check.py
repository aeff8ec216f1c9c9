"""``entrepot check``."""

import asyncio
import json
import time
from collections import Counter
from dataclasses import asdict
from typing import Annotated, Any

import typer

from entrepot.cli import exit_codes
from entrepot.cli.arguments import ConfigFile, ConfigOption, Defaults, read_configuration
from entrepot.cli.output import result, say
from entrepot.config.settings import Settings
from entrepot.config.sizes import parse_size
from entrepot.services.check import (
    MEANINGS,
    Check,
    Counts,
    Finding,
    Kind,
    Stage,
    run_check,
)
from entrepot.services.pace import Pacer

Verify = Annotated[
    bool, typer.Option("--verify", help="Read every blob and compare it with its digest.")
]
Repair = Annotated[
    bool,
    typer.Option(
        "--repair",
        help="Mend what can be mended. Rows are written and removed; bytes never are.",
    ),
]
Rate = Annotated[
    str | None,
    typer.Option(
        "--rate",
        metavar="SIZE",
        help="Bytes a second that are read at most, such as 50MiB; without it, all the disk gives.",
        show_default=False,
    ),
]
AsJson = Annotated[
    bool, typer.Option("--json", help="Print the report with every finding as JSON.")
]

_EXAMPLES = 10
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
    """Compare the database, the blobs and the counters with each other, beside a running registry.

    Ends with 0 where nothing is wrong, or all of it was mended; with 1 where something is left.
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
        raise typer.BadParameter("a rate of 0 would never end")
    return size


async def _check(
    settings: Settings, found: list[Finding], pacer: Pacer, *, verify: bool, repair: bool
) -> Counts:
    # Here, because it imports the drivers: the other commands start without them.
    from entrepot.assembly.backend import Backend

    told = time.monotonic()

    def progress(stage: Stage, counts: Counts) -> None:
        nonlocal told
        if time.monotonic() - told >= _SECONDS_A_LINE:
            told = time.monotonic()
            say(f"{stage}: {_amounts(counts)} so far")

    backend = Backend(settings)
    with backend.beside() as drivers, backend.checked(drivers) as stores:
        work = Check(stores, found.append, verify, repair, pacer, progress)
        await run_check(work)
        return work.counts


def _document(found: list[Finding], counts: Counts, seconds: float) -> dict[str, Any]:
    return {
        "checked": asdict(counts),
        "seconds": round(seconds, 3),
        "problems": sum(finding.kind.is_problem for finding in found),
        "mended": sum(finding.mended for finding in found),
        "findings": [{"problem": finding.kind.is_problem, **asdict(finding)} for finding in found],
    }


def _print(found: list[Finding], counts: Counts, seconds: float, *, repair: bool) -> None:
    result(f"Checked {_amounts(counts)} in {seconds:.1f} s.")
    numbers = Counter(finding.kind for finding in found)
    for title, problems in (("Problems", True), ("Notes", False)):
        kinds = [kind for kind in Kind if numbers[kind] and kind.is_problem is problems]
        if kinds:
            result(f"{title}:")
        for kind in kinds:
            _print_kind(kind, [one for one in found if one.kind is kind], repair=repair)
    if not any(finding.kind.is_problem for finding in found):
        result("Nothing is wrong.")


def _print_kind(kind: Kind, found: list[Finding], *, repair: bool) -> None:
    meaning = MEANINGS[kind]
    result(f"  {kind} ({len(found):,}): {meaning.what}")
    for finding in found[:_EXAMPLES]:
        where = f"{finding.repository} " if finding.repository else ""
        done = f" [{finding.repaired}]" if finding.repaired else ""
        result(f"    {where}{finding.reference}: {finding.detail}{done}")
    if len(found) > _EXAMPLES:
        result(f"    and {len(found) - _EXAMPLES:,} more; --json lists all")
    if not repair and kind.is_problem:
        result(f"    --repair: {meaning.repair}")


def _amounts(counts: Counts) -> str:
    read = f", {counts.verified_bytes:,} bytes read" if counts.verified_bytes else ""
    return f"{counts.manifests:,} manifests, {counts.blobs:,} blobs, {counts.files:,} files{read}"
