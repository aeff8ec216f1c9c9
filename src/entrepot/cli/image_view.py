"""``entrepot image list``, ``entrepot image show`` and ``entrepot repository list``."""

import asyncio
import json
from typing import Annotated, Any

import typer

from entrepot.cli.arguments import (
    AsJson,
    ConfigOption,
    Defaults,
    parse_repository,
    read_configuration,
)
from entrepot.cli.output import result
from entrepot.cli.tables import moment, print_facts, print_json, print_rows
from entrepot.config.settings import Settings
from entrepot.config.sizes import count_of, describe_size
from entrepot.errors import InvalidDigest, InvalidTag
from entrepot.oci.digest import Digest
from entrepot.oci.name import RepositoryName
from entrepot.oci.reference import Tag
from entrepot.services.image_view import Image, PlatformImage, Step
from entrepot.services.usage.listing import Scope, list_usage

Repository = Annotated[
    str, typer.Argument(metavar="REPOSITORY", help="Such as team/app.", show_default=False)
]
Reference = Annotated[
    str,
    typer.Argument(
        metavar="REPOSITORY[:TAG|@DIGEST]",
        help="The image, such as team/app:v1; without a tag, latest.",
        show_default=False,
    ),
]

_COMMAND = 60
_REFERRERS = 20


def list_repositories(
    as_json: AsJson = False, config: ConfigOption = None, defaults: Defaults = False
) -> None:
    """List repositories, with their tags, manifests and sizes."""
    settings = read_configuration(config, defaults).settings
    asyncio.run(_list_repositories(settings, as_json=as_json))


def list_images(
    repository: Repository,
    as_json: AsJson = False,
    config: ConfigOption = None,
    defaults: Defaults = False,
) -> None:
    """List the tags of a repository, with digests and dates.

    The dates say when an image was pushed and last pulled.
    """
    name = parse_repository(repository)
    settings = read_configuration(config, defaults).settings
    asyncio.run(_list_images(settings, name, as_json=as_json))


def show(
    image: Reference,
    as_json: AsJson = False,
    config: ConfigOption = None,
    defaults: Defaults = False,
) -> None:
    """Show an image: platforms, layers, history, referrers.

    Also shows who pushed it and when.
    """
    name, reference = _parse(image)
    settings = read_configuration(config, defaults).settings
    asyncio.run(_show(settings, name, reference, as_json=as_json))


async def _list_repositories(settings: Settings, *, as_json: bool) -> None:
    # Here, because it imports the drivers: the other commands start without them.
    from entrepot.assembly.backend import Backend

    rows: list[dict[str, Any]] = []
    with Backend(settings).beside() as drivers:
        async for page in list_usage(drivers.usage, Scope.REPOSITORY):
            rows += [
                {
                    "repository": row.name,
                    "tags": row.tags,
                    "manifests": row.manifests,
                    "size": row.bytes if as_json else describe_size(row.bytes),
                }
                for row in page
                if row.manifests
            ]
    print_rows(rows, ("repository", "tags", "manifests", "size"), as_json)


async def _list_images(settings: Settings, name: RepositoryName, *, as_json: bool) -> None:
    from entrepot.assembly.removal import open_operator

    async with open_operator(settings) as operator:
        rows = [
            {
                "tag": dated.tag,
                "digest": dated.digest,
                "pushed": moment(dated.pushed_at),
                "pulled": moment(dated.pulled_at),
                "accessory_of": dated.accessory_of,
            }
            async for dated in operator.images.tags(name)
        ]
    print_rows(rows, ("tag", "digest", "pushed", "pulled"), as_json)


async def _show(
    settings: Settings, name: RepositoryName, reference: Tag | Digest, *, as_json: bool
) -> None:
    from entrepot.assembly.removal import open_operator

    async with open_operator(settings) as operator:
        image = await operator.images.show(name, reference)
    if as_json:
        print_json(_plain(image))
        return
    print_facts(
        {
            "repository": image.name,
            "digest": image.digest,
            "media_type": image.media_type,
            "tags": list(image.tags),
            "pushed": moment(image.pushed_at),
            "pushed_by": image.pushed_by or None,
            "pulled": moment(image.pulled_at),
        },
        as_json=False,
    )
    for platform in image.platforms:
        _print_platform(platform)
    if image.referrers:
        result(f"\n{count_of(len(image.referrers), 'referrer')}:")
    for referrer in image.referrers[:_REFERRERS]:
        kind = referrer.artifact_type or referrer.media_type
        result(f"  {referrer.digest}  {describe_size(referrer.size)}  {kind}")
    if len(image.referrers) > _REFERRERS:
        result(f"  … and {len(image.referrers) - _REFERRERS:,} more; --json lists all")


def _print_platform(platform: PlatformImage) -> None:
    name = platform.platform or "image"
    if not platform.present:
        result(f"\n{name}  {platform.digest}  not in this repository")
        return
    result(f"\n{name}  {platform.digest}  {describe_size(platform.size)}")
    for step in platform.steps:
        digest, size = "", "-"
        if step.layer is not None:
            digest, size = step.layer.digest, describe_size(step.layer.size)
        command = " ".join(step.created_by.split())
        if len(command) > _COMMAND:
            command = f"{command[: _COMMAND - 1]}…"
        printable = "".join(one if one.isprintable() else "�" for one in command)
        result(f"  {size:>10}  {digest or '(no layer)':<71}  {printable}".rstrip())


def _plain(image: Image) -> dict[str, Any]:
    return {
        "repository": image.name,
        "digest": image.digest,
        "media_type": image.media_type,
        "tags": list(image.tags),
        "pushed": moment(image.pushed_at),
        "pushed_by": image.pushed_by or None,
        "pulled": moment(image.pulled_at),
        "platforms": [
            {
                "platform": platform.platform or None,
                "digest": platform.digest,
                "present": platform.present,
                "size": platform.size,
                "history": [_plain_step(step) for step in platform.steps],
            }
            for platform in image.platforms
        ],
        "referrers": [
            {
                "digest": referrer.digest,
                "media_type": referrer.media_type,
                "artifact_type": referrer.artifact_type,
                "size": referrer.size,
                "annotations": json.loads(referrer.annotations or "{}"),
            }
            for referrer in image.referrers
        ],
    }


def _plain_step(step: Step) -> dict[str, Any]:
    layer = step.layer
    return {
        "created": step.created,
        "created_by": step.created_by,
        "layer": None if layer is None else layer.digest,
        "media_type": None if layer is None else layer.media_type,
        "size": 0 if layer is None else layer.size,
    }


def _parse(text: str) -> tuple[RepositoryName, Tag | Digest]:
    name, at, digest = text.partition("@")
    try:
        if at:
            return parse_repository(name), Digest.parse(digest)
        name, colon, tag = text.rpartition(":")
        return parse_repository(name if colon else text), Tag.parse(tag if colon else "latest")
    except typer.BadParameter as error:
        raise typer.BadParameter(f"{text!r}: {error.message}") from None
    except (InvalidDigest, InvalidTag) as error:
        raise typer.BadParameter(f"{text!r}: {error.message}") from None
