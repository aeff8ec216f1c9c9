"""Large manifests are read beside the event loop."""

import asyncio
import threading
from typing import Any

import pytest

from entrepot.oci.manifest import Manifest, parse_manifest
from entrepot.oci.media_type import OCI_INDEX
from entrepot.oci.reference import Tag
from entrepot.services import push as pushing
from entrepot.services.push import Push
from entrepot.services.references import ManifestPolicy
from tests.contract.pushing import APP, some_index
from tests.unit.services.registry import CAROL, Registry, with_registry
from tests.waiting import PATIENCE

LARGE = some_index(annotations={"large": "x" * 70_000})
SMALL = some_index(annotations={"large": "x" * 60_000})


def test_while_a_large_manifest_is_read_others_are_answered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    others_were_answered = threading.Event()
    waited: list[bool] = []

    def read_slowly(payload: bytes, content_type: str) -> Manifest:
        if len(payload) > 65_536:
            waited.append(others_were_answered.wait(PATIENCE))
        return parse_manifest(payload, content_type)

    monkeypatch.setattr(pushing, "parse_manifest", read_slowly)

    async def work(registry: Registry) -> None:
        push = Push(registry.metadata, registry.access, registry.clock, ManifestPolicy())

        async def put(manifest: Any, tag: str) -> None:
            await push.manifest(CAROL, APP, Tag(tag), manifest.payload, OCI_INDEX)

        large = [asyncio.create_task(put(LARGE, f"large-{number}")) for number in range(3)]
        await put(SMALL, "small")
        others_were_answered.set()
        await asyncio.gather(*large)
        assert await registry.metadata.tags(APP, "", 9) == [
            "large-0",
            "large-1",
            "large-2",
            "small",
        ]

    with_registry(work)
    assert waited == [True] * 3
