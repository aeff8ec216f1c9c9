"""Manifests as they should not be: what Docker Registry does with each, and what it leaves."""

from pathlib import Path

import pytest

from tests.acceptance.harness.namespace import Namespace
from tests.acceptance.harness.paths import DOCKER_REGISTRY, DOCKER_REGISTRY_3
from tests.acceptance.harness.pushing import push_blob
from tests.acceptance.harness.registry import Registry
from tests.acceptance.harness.wire import Wire
from tests.unit.oci import odd_manifests as odd
from tests.unit.oci.odd_manifests import Odd

PORT, OLD_PORT = 5104, 5105
BOTH = odd.REFUSED_BY_BOTH
PEERS = [
    pytest.param(DOCKER_REGISTRY, BOTH, id="2.8.2"),
    pytest.param(DOCKER_REGISTRY_3, BOTH | odd.REFUSED_BY_3, id="3.1.2", marks=pytest.mark.go),
]
HERE = (BOTH | odd.REFUSED_BY_3 | odd.REFUSED_HERE.keys()) - odd.TAKEN_HERE


def push(wire: Wire, one: Odd) -> int:
    for blob in odd.BLOBS:
        push_blob(wire, "odd", blob)
    path = f"/v2/odd/manifests/{one.name}"
    return wire.request("PUT", path, one.payload, {"Content-Type": one.media_type}).status


@pytest.mark.parametrize(("program", "refused"), PEERS)
def test_what_docker_registry_took_is_served_after_it_byte_for_byte(
    program: str | Path, refused: frozenset[str], host: Namespace, tmp_path: Path
) -> None:
    served = {}
    directory = tmp_path / "data"
    with Registry(host, directory, port=OLD_PORT, command=[program, "serve"]) as old:
        for one in odd.ODD:
            taken = push(old.wire, one) == 201
            assert taken == (one.name not in refused), f"{one.name}: the table is stale"
            if taken:
                answer = old.wire.manifest("odd", one.name)
                assert (answer.status, answer.body) == (200, one.payload), one.name
                served[one.name] = answer.headers["content-type"]
    with Registry(host, directory, port=PORT) as new:
        assert set(new.wire.tags("odd")) == set(served)
        for one in odd.ODD:
            if one.name in served:
                answer = new.wire.manifest("odd", one.name)
                assert (answer.status, answer.body) == (200, one.payload), one.name
                assert answer.headers["content-type"] == served[one.name], one.name


def test_what_is_taken_from_a_client_is_what_the_table_says(
    host: Namespace, tmp_path: Path
) -> None:
    with Registry(host, tmp_path / "data", port=PORT) as registry:
        for one in odd.ODD:
            status = push(registry.wire, one)
            assert status == (400 if one.name in HERE else 201), one.name
            if status == 201:
                assert registry.wire.manifest("odd", one.name).body == one.payload
