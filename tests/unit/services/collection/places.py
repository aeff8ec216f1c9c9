"""A registry with a collector for each test."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from entrepot.services.collection import CollectionRules
from tests.model.place import RULES, Place
from tests.wire.harness.contents import CONFIG, Content

_IN_MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None


def at_a_place(work: Callable[[Place], Awaitable[None]], rules: CollectionRules = RULES) -> None:
    """Run a function on a new registry."""

    async def run(root: Path) -> None:
        place = Place(root, rules=rules)
        try:
            await work(place)
        finally:
            place.close()

    with TemporaryDirectory(dir=_IN_MEMORY) as root:
        asyncio.run(run(Path(root)))


async def push(place: Place, name: str, manifest: Content, *layers: Content, tag: str = "") -> None:
    """Push an image with its blobs."""
    for blob in (CONFIG, *layers):
        await place.push_blob(name, blob)
    assert await place.push_manifest(name, manifest, *([tag] if tag else []))
