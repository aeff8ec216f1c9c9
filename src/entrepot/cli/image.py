"""``entrepot image rm``."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated

import typer

from entrepot.cli import exit_codes
from entrepot.cli.arguments import (
    AsJson,
    ConfigOption,
    Defaults,
    DryRun,
    Yes,
    confirm,
    read_configuration,
)
from entrepot.cli.output import fail, result, warn
from entrepot.cli.tables import MICROSECONDS, print_json
from entrepot.config.durations import parse_long_duration
from entrepot.config.settings import Settings
from entrepot.config.sizes import count_of
from entrepot.errors import InvalidDigest
from entrepot.ports.access import OPERATOR
from entrepot.services.image_removal import Candidate, Outcome, Removed
from entrepot.services.image_selection import Selector

if TYPE_CHECKING:
    from entrepot.assembly.removal import Operator

Images = Annotated[
    list[str],
    typer.Argument(
        metavar="REPOSITORY[:TAG|@DIGEST]...",
        help="What to remove. `*` matches any characters of a tag or of one part of a"
        " repository's name, `**` any number of parts; without a tag, every tag.",
    ),
]
OlderThan = Annotated[
    str | None,
    typer.Option(
        "--older-than",
        metavar="AGE",
        help="Only tags pushed longer ago than this: 30d, 2w, 12h.",
        show_default=False,
    ),
]
UntagOnly = Annotated[
    bool,
    typer.Option("--untag", help="Remove tags only; manifests stay, so that tags can be restored."),
]

_SHOWN = 20
_BATCH = 20
_INDEXES_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Wish:
    """What was asked for.

    Attributes:
        selectors: which images.
        before: only what was pushed before this moment, in microseconds since 1970, UTC.
        untag_only: leave manifests.
    """

    selectors: list[Selector]
    before: int
    untag_only: bool

    async def candidates(self, operator: "Operator") -> AsyncIterator[Candidate]:
        """Find the images, page by page."""
        for selector in self.selectors:
            async for candidate in operator.selection.find(selector, self.before):
                yield replace(candidate, untag_only=self.untag_only)


def rm(
    images: Images,
    older_than: OlderThan = None,
    untag: UntagOnly = False,
    dry_run: DryRun = False,
    yes: Yes = False,
    as_json: AsJson = False,
    config: ConfigOption = None,
    defaults: Defaults = False,
) -> None:
    """Remove images, even if clients may not delete.

    A tag's manifest is removed with it, and the children of an index, unless another tag or index
    refers to them. Garbage collection frees their bytes later. Immutable tags stay. Exits with 1
    if something was not removed.
    """
    selectors = [_parse(text) for text in images]
    age = _age(older_than, selectors)
    settings = read_configuration(config, defaults).settings
    raise typer.Exit(
        asyncio.run(
            _rm(settings, selectors, age, untag=untag, dry_run=dry_run, yes=yes, as_json=as_json)
        )
    )


async def _rm(
    settings: Settings,
    selectors: list[Selector],
    age: float,
    *,
    untag: bool,
    dry_run: bool,
    yes: bool,
    as_json: bool,
) -> int:
    # Here, because it imports the drivers: the other commands start without them.
    from entrepot.assembly.removal import open_operator

    async with open_operator(settings, changes=not dry_run) as operator:
        now = operator.drivers.clock.now()
        wish = Wish(selectors, now - int(age * MICROSECONDS) + (0 if age else 1), untag)
        chosen = await _show(operator, wish, quiet=as_json and not dry_run, as_json=as_json)
        if not chosen:
            result("[]" if as_json else "No image matches.")
            return exit_codes.OK
        if dry_run:
            return exit_codes.OK
        confirm(f"Remove {count_of(chosen, 'image')}?", yes=yes)
        return await _remove(operator, wish, as_json=as_json)


async def _show(operator: "Operator", wish: Wish, *, quiet: bool, as_json: bool) -> int:
    """Show what would be removed, and warn of indexes that refer to it; return the number."""
    chosen = 0
    rows = []
    async for candidate in wish.candidates(operator):
        chosen += 1
        if candidate.tag is None:
            await _warn_of_indexes(operator, candidate)
        if as_json and not quiet:
            rows.append({"image": str(candidate), "digest": candidate.digest})
        elif not quiet and chosen <= _SHOWN:
            result(f"  {candidate}  {candidate.digest}" if candidate.tag else f"  {candidate}")
    if rows:
        print_json(rows)
    elif not quiet and chosen > _SHOWN:
        result(f"  … and {chosen - _SHOWN:,} more; --dry-run --json lists all")
    return chosen


async def _warn_of_indexes(operator: "Operator", candidate: Candidate) -> None:
    indexes = await operator.drivers.dated_tags.indexes_with(
        candidate.name, candidate.digest, _INDEXES_SHOWN + 1
    )
    for index in indexes[:_INDEXES_SHOWN]:
        warn(f"index {candidate.name}@{index} would lose {candidate.digest}")
    if len(indexes) > _INDEXES_SHOWN:
        warn(f"… and more indexes would lose {candidate.digest}")


async def _remove(operator: "Operator", wish: Wish, *, as_json: bool) -> int:

    done: list[Removed] = []
    outcomes: Counter[Outcome] = Counter()
    manifests = 0
    batch: list[Candidate] = []

    async def flush() -> None:
        nonlocal manifests
        for removed in await operator.removal.remove(OPERATOR, batch):
            outcomes[removed.outcome] += 1
            manifests += len(removed.manifests)
            if as_json:
                done.append(removed)
            elif removed.outcome is not Outcome.REMOVED:
                fail(f"{removed.candidate} was not removed: {removed.outcome}")
        batch.clear()

    async for candidate in wish.candidates(operator):
        batch.append(candidate)
        if len(batch) >= _BATCH:
            await flush()
    await flush()
    if as_json:
        print_json([_plain(removed) for removed in done])
    else:
        removed = count_of(outcomes[Outcome.REMOVED], "image")
        unneeded = count_of(manifests, "manifest")
        result(f"Removed {removed}, with {unneeded} that nothing else refers to.")
    stayed = outcomes[Outcome.CHANGED] + outcomes[Outcome.IMMUTABLE]
    return exit_codes.FAILURE if stayed else exit_codes.OK


def _plain(removed: Removed) -> dict[str, object]:
    return {
        "image": str(removed.candidate),
        "digest": removed.candidate.digest,
        "outcome": removed.outcome,
        "manifests": list(removed.manifests),
    }


def _parse(text: str) -> Selector:
    try:
        return Selector.parse(text)
    except ValueError as error:
        raise typer.BadParameter(f"{text!r}: {error}") from None
    except InvalidDigest as error:
        raise typer.BadParameter(f"{text!r}: {error.message}") from None


def _age(older_than: str | None, selectors: list[Selector]) -> float:
    if older_than is None:
        return 0.0
    if any(selector.digest for selector in selectors):
        raise typer.BadParameter("--older-than selects tags and cannot be combined with a digest")
    try:
        return parse_long_duration(older_than)
    except ValueError as error:
        raise typer.BadParameter(f"--older-than {older_than!r}: expected {error}") from None
