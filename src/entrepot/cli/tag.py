"""``entrepot tag history`` and ``entrepot tag restore``."""

import asyncio
from typing import Annotated

import typer

from entrepot.cli.arguments import (
    AsJson,
    ConfigOption,
    Defaults,
    parse_repository,
    read_configuration,
)
from entrepot.cli.output import result
from entrepot.cli.tables import moment, print_json, print_rows
from entrepot.config.settings import Settings
from entrepot.errors import InvalidDigest, InvalidTag
from entrepot.oci.digest import Digest
from entrepot.oci.name import RepositoryName
from entrepot.oci.reference import Tag
from entrepot.ports.access import OPERATOR
from entrepot.services.tag_history import MOST_STEPS

Image = Annotated[str, typer.Argument(metavar="REPOSITORY:TAG", help="Such as team/app:latest.")]
Limit = Annotated[
    int, typer.Option("-n", "--limit", min=1, max=MOST_STEPS, help="The most lines to show.")
]
To = Annotated[
    str,
    typer.Option(
        "--to",
        metavar="DIGEST|N",
        help="The manifest to point to, or the line of the history up to which to undo changes.",
    ),
]


def history(
    image: Image,
    limit: Limit = 20,
    as_json: AsJson = False,
    config: ConfigOption = None,
    defaults: Defaults = False,
) -> None:
    """Show who moved a tag, when, and from what to what; newest first."""
    name, tag = _parse(image)
    settings = read_configuration(config, defaults).settings
    asyncio.run(_history(settings, name, tag, limit, as_json=as_json))


def restore(
    image: Image,
    to: To = "1",
    as_json: AsJson = False,
    config: ConfigOption = None,
    defaults: Defaults = False,
) -> None:
    """Point a tag back to an earlier manifest.

    A manifest that was removed comes back with the tag within `gc.grace`.
    """
    name, tag = _parse(image)
    settings = read_configuration(config, defaults).settings
    asyncio.run(_restore(settings, name, tag, _target(to), as_json=as_json))


async def _history(
    settings: Settings, name: RepositoryName, tag: Tag, limit: int, *, as_json: bool
) -> None:
    # Here, because it imports the drivers: the other commands start without them.
    from entrepot.assembly.removal import open_operator

    async with open_operator(settings) as operator:
        page = await operator.histories.changes(OPERATOR, name, tag, None, limit)
    rows = [
        {
            "n": place,
            "when": moment(change.changed_at),
            "who": change.caller or None,
            "from": change.old_digest,
            "to": change.new_digest,
        }
        for place, change in enumerate(page.changes, 1)
    ]
    if not rows and not as_json:
        result(f"{name}:{tag} has no history.")
        return
    print_rows(rows, ("n", "when", "who", "from", "to"), as_json)
    if page.more and not as_json:
        result(f"… and more; --limit shows more than {limit} lines.")


async def _restore(
    settings: Settings, name: RepositoryName, tag: Tag, to: Digest | int, *, as_json: bool
) -> None:
    from entrepot.assembly.removal import open_operator

    async with open_operator(settings, changes=True) as operator:
        restored = await operator.histories.restore(OPERATOR, name, tag, to)
    if as_json:
        facts = {"repository": name, "tag": tag, "from": restored.before, "to": restored.now}
        print_json(facts)
        return
    if restored.before == restored.now:
        result(f"{name}:{tag} already points to {restored.now}.")
        return
    before = f"it pointed to {restored.before}" if restored.before else "it was deleted"
    result(f"Restored {name}:{tag} to {restored.now}; {before}.")


def _parse(image: str) -> tuple[RepositoryName, Tag]:
    name, colon, tag = image.rpartition(":")
    if not colon:
        raise typer.BadParameter(f"{image!r}: expected REPOSITORY:TAG, such as team/app:latest")
    try:
        return parse_repository(name), Tag.parse(tag)
    except InvalidTag as error:
        raise typer.BadParameter(error.message) from None


def _target(to: str) -> Digest | int:
    if to.isascii() and to.isdigit() and 0 < int(to[:9]) <= MOST_STEPS:
        return int(to)
    try:
        return Digest.parse(to)
    except InvalidDigest:
        raise typer.BadParameter(
            f"--to {to!r}: expected a digest, or a line number of `entrepot tag history`"
        ) from None
