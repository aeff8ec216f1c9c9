"""``entrepot cache``: what mirrors keep."""

import asyncio
import time
from dataclasses import asdict, replace
from typing import Annotated, Any

import typer

from entrepot.cli.arguments import (
    AsJson,
    ConfigOption,
    Defaults,
    DryRun,
    Yes,
    confirm,
    read_configuration,
)
from entrepot.cli.output import result, say, set_busy
from entrepot.cli.tables import moment, print_json, print_rows
from entrepot.config.settings import Settings
from entrepot.config.sizes import count_of, describe_size
from entrepot.errors import ConfigurationError, EntrepotError, InvalidName, InvalidRequest
from entrepot.oci.image_glob import ImageGlob
from entrepot.oci.name import RepositoryName
from entrepot.oci.reference import Reference, Tag, parse_reference
from entrepot.ports.access import OPERATOR

Pattern = Annotated[
    str,
    typer.Argument(
        metavar="PATTERN",
        help="Images by their names here, such as 'docker.io/library/*' or '**:nightly-*'.",
    ),
]
Images = Annotated[
    list[str],
    typer.Argument(metavar="IMAGE...", help="Images by their names here: docker.io/alpine:3.20."),
]
Platforms = Annotated[
    list[str] | None,
    typer.Option("--platform", metavar="OS/ARCH", help="Of an index, only this; repeatable."),
]

_NEXT = 5
_SECONDS_A_LINE = 2.0


def status(
    as_json: AsJson = False, config: ConfigOption = None, defaults: Defaults = False
) -> None:
    """Show what is kept of each upstream, and what would go first."""
    asyncio.run(_status(_mirroring(config, defaults), as_json=as_json))


def purge(
    pattern: Pattern,
    dry_run: DryRun = False,
    yes: Yes = False,
    as_json: AsJson = False,
    config: ConfigOption = None,
    defaults: Defaults = False,
) -> None:
    """Remove images from mirrors; they are fetched again when asked for.

    Pinned images go, too. Their bytes follow after the grace period.
    """
    try:
        glob = ImageGlob.parse(pattern)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="PATTERN") from None
    settings = _mirroring(config, defaults)
    asyncio.run(_purge(settings, glob, dry_run=dry_run, yes=yes, as_json=as_json))


def warm(
    images: Images,
    platforms: Platforms = None,
    as_json: AsJson = False,
    config: ConfigOption = None,
    defaults: Defaults = False,
) -> None:
    """Fetch images into mirrors before anybody asks for them.

    What is here already is not fetched again: repeat an interrupted command to go on.
    """
    wanted = []
    for platform in platforms or []:
        system, slash, architecture = platform.partition("/")
        if not (system and slash and architecture):
            raise typer.BadParameter(f"expected OS/ARCH, not {platform!r}", param_hint="--platform")
        wanted.append((system, architecture))
    settings = _mirroring(config, defaults)
    asyncio.run(_warm(settings, images, wanted, as_json=as_json))


def _mirroring(config: Any, defaults: bool) -> Settings:
    settings = read_configuration(config, defaults).settings
    if not settings.mirrors.any:
        raise ConfigurationError("nothing is mirrored: proxies in config.yml names registries")
    return settings


async def _status(settings: Settings, *, as_json: bool) -> None:
    # Here, because they import the drivers: the other commands start without them.
    from entrepot.assembly.backend import Backend
    from entrepot.assembly.eviction import build_eviction, eviction_rules

    rows: list[dict[str, Any]] = []
    with Backend(settings).beside() as drivers:
        eviction = build_eviction(drivers)
        for rules in eviction_rules(settings):
            total = await drivers.cached_images.total(rules.component)
            until = await eviction.until(rules)
            first = await drivers.cached_images.least_recent(rules.component, _NEXT)
            rows.append(
                {
                    "host": rules.host,
                    **asdict(total),
                    "oldest": moment(total.oldest),
                    "newest": moment(total.newest),
                    "maxsize": rules.max_bytes,
                    "maxage": rules.max_age,
                    "next": [
                        {
                            "image": f"{each.name}@{each.digest}",
                            "used": moment(each.used_at),
                            "due": until is not None and each.used_at <= until,
                        }
                        for each in first
                    ],
                }
            )
    if as_json:
        print_json(rows)
        return
    shown = [{**row, "size": describe_size(row["bytes"]), "limit": _limit(row)} for row in rows]
    columns = ("host", "repositories", "tags", "manifests", "size", "limit", "oldest", "newest")
    print_rows(shown, columns, as_json=False)
    for row in rows:
        for each in row["next"]:
            due = " (due)" if each["due"] else ""
            result(f"goes first: {each['image']}, last used {each['used']}{due}")


def _limit(row: dict[str, Any]) -> str | None:
    return None if row["maxsize"] is None else describe_size(row["maxsize"])


async def _purge(
    settings: Settings, glob: ImageGlob, *, dry_run: bool, yes: bool, as_json: bool
) -> None:
    from entrepot.assembly.backend import Backend
    from entrepot.assembly.eviction import build_eviction, eviction_rules
    from entrepot.services.mirror.eviction import Evicted

    with Backend(settings).beside(changes=not dry_run) as drivers:
        eviction = build_eviction(drivers)
        chosen = [(each, await eviction.find(each, glob)) for each in eviction_rules(settings)]
        found = [manifest for _, manifests in chosen for manifest in manifests]
        what = count_of(len(found), "manifest")
        if found and not dry_run:
            confirm(f"Remove {what} from the mirrors?", yes=yes)
            for rules, manifests in chosen:
                await eviction.remove(replace(rules, pinned=()), manifests, Evicted())
    if as_json:
        listed = [f"{each.name}@{each.digest}" for each in found]
        print_json({"manifests": listed, "removed": not dry_run})
    else:
        result(f"Would remove {what}." if dry_run else f"Removed {what}.")


async def _warm(
    settings: Settings, images: list[str], platforms: list[tuple[str, str]], *, as_json: bool
) -> None:
    from entrepot.assembly.backend import Backend
    from entrepot.assembly.mirrors import build_mirrors, build_warm
    from entrepot.services.mirror.warm import Warmed

    told_at = time.monotonic()

    def tell(done: Warmed) -> None:
        nonlocal told_at
        if time.monotonic() - told_at >= _SECONDS_A_LINE:
            told_at = time.monotonic()
            say(f"{count_of(done.blobs, 'blob')}, {describe_size(done.fetched)} fetched so far")

    rows = []
    with Backend(settings).beside(changes=True) as drivers:
        mirrors = build_mirrors(settings, drivers)
        assert mirrors is not None
        warming = build_warm(mirrors, drivers, tell)
        try:
            for image in images:
                set_busy(f"what has arrived of {image} is kept")
                name, reference = await _located(mirrors.origins.locate, image)
                origin = mirrors.origins.of(name)
                if origin is None:
                    raise InvalidName(f"{image} is not mirrored: no item of proxies has its host")
                done = await warming.image(OPERATOR, origin, name, reference, platforms)
                rows.append({"image": image, **asdict(done)})
                if not as_json:
                    result(
                        f"{image}: {count_of(done.manifests, 'manifest')},"
                        f" {count_of(done.blobs, 'blob')}, {describe_size(done.bytes)};"
                        f" fetched {describe_size(done.fetched)}"
                    )
        finally:
            await mirrors.close()
    if as_json:
        print_json(rows)


async def _located(locate: Any, image: str) -> tuple[RepositoryName, Reference]:
    text, at, digest = image.partition("@")
    head, colon, tag = text.rpartition(":")
    if not colon or "/" in tag:
        head, tag = text, ""
    try:
        name, _ = await locate(head, "")
        reference = parse_reference(digest) if at else Tag.parse(tag or "latest")
        return RepositoryName.parse(name), reference
    except EntrepotError as error:
        raise InvalidRequest(f"{image} is no image: {error.message}") from None
