"""The distribution specification's own conformance suite, of its main branch.

Every optional test is on but that of sparse images, which miss layers: Entrepot refuses those, for
what can be listed can be pulled.
"""

import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from tests.acceptance.harness.namespace import Namespace
from tests.acceptance.harness.paths import CONFORMANCE
from tests.acceptance.harness.registry import Registry

PORT = 5051
# Turns on what the released specification does not have: canceling an upload, digests in all
# answers, tags as parameters.
VERSION = "dev"


@pytest.mark.go
def test_the_conformance_suite_finds_no_failure(host: Namespace, tmp_path: Path) -> None:
    results = tmp_path / "results"
    with Registry(host, tmp_path / "data", port=PORT) as registry:
        env = {
            "OCI_VERSION": VERSION,
            "OCI_REGISTRY": registry.address,
            "OCI_TLS": "disabled",
            "OCI_RESULTS_DIR": str(results),
        }
        said = host.run([CONFORMANCE], env=env, cwd=tmp_path, timeout=600, expect=None)
    suite = ElementTree.parse(results / "junit.xml").getroot()
    count = {name: int(suite.get(name, "0")) for name in ("tests", "failures", "errors")}
    assert count["tests"] > 900, said
    assert (count["failures"], count["errors"]) == (0, 0), said
