"""What deploy/ has for Prometheus and Grafana names only what the registry tells."""

import hashlib
import http.client
import json
import re
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest
import yaml

from tests.ports import free_port
from tests.waiting import PATIENCE, tries
from tests.wire.harness.server import PROGRAM

DEPLOY = Path(__file__).parents[2] / "deploy"
_NAME = re.compile(r"\b(?:entrepot|registry|process)_[a-z0-9_]+\b")
_PARTS = re.compile(r"_(?:bucket|sum|count|total)$")
_QUOTED = re.compile(r'"[^"]*"')


def rules() -> list[str]:
    document = yaml.safe_load((DEPLOY / "prometheus/entrepot.rules.yml").read_text())
    return [rule["expr"] for group in document["groups"] for rule in group["rules"]]


def panels() -> list[str]:
    dashboard = json.loads((DEPLOY / "grafana/entrepot.json").read_text())
    return [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]


def named(expressions: list[str]) -> set[str]:
    """The metrics that expressions read, without what a histogram or counter adds to the name."""
    bare = (_QUOTED.sub("", expression) for expression in expressions)
    return {_PARTS.sub("", name) for text in bare for name in _NAME.findall(text)}


@pytest.fixture
def page(tmp_path: Path) -> Iterator[int]:
    """The port of the metrics of a registry with TLS and health checks that has taken a blob."""
    made = ["tls", "selfsigned", "--host", "127.0.0.1", "--out", str(tmp_path)]
    subprocess.run([PROGRAM, *made], check=True, stdout=subprocess.DEVNULL, timeout=PATIENCE)
    port, debug = free_port(), free_port()
    document = {
        "version": 0.1,
        "storage": {"filesystem": {"rootdirectory": str(tmp_path / "data")}},
        "health": {"storagedriver": {"enabled": True, "interval": "1s"}},
        "http": {
            "addr": f"127.0.0.1:{port}",
            "tls": {
                "certificate": str(tmp_path / "registry.crt"),
                "key": str(tmp_path / "registry.key"),
            },
            "debug": {"addr": f"127.0.0.1:{debug}", "prometheus": {"enabled": True}},
        },
        "server": {"workers": 1},
    }
    file = tmp_path / "config.yml"
    file.write_text(yaml.safe_dump(document))
    with (tmp_path / "log").open("wb") as log:
        registry = subprocess.Popen([PROGRAM, "serve", file], stdout=log, stderr=log)
    try:
        _push_a_blob(port)
        yield debug
    finally:
        registry.terminate()
        registry.wait(PATIENCE)


def _push_a_blob(port: int) -> None:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    path = f"/v2/app/blobs/uploads/?digest=sha256:{hashlib.sha256(b'blob').hexdigest()}"
    for _ in tries("the registry takes no blob"):
        connection = http.client.HTTPSConnection(
            f"127.0.0.1:{port}", timeout=PATIENCE, context=context
        )
        with suppress(OSError), closing(connection):
            connection.request("POST", path, b"blob")
            assert connection.getresponse().status == 201
            return
        time.sleep(0.1)


def _told(port: int) -> set[str]:
    connection = http.client.HTTPConnection(f"127.0.0.1:{port}", timeout=PATIENCE)
    with suppress(OSError):
        connection.request("GET", "/metrics")
        lines = connection.getresponse().read().decode().splitlines()
        types = (line.split()[2] for line in lines if line.startswith("# TYPE "))
        return {_PARTS.sub("", name) for name in types}
    return set()


def test_every_metric_of_the_alerts_and_of_the_dashboard_exists(page: int) -> None:
    wanted = named(rules() + panels())
    assert len(wanted) > 15
    missing = wanted
    for _ in tries(f"the registry does not tell {sorted(missing)}"):
        missing = wanted - _told(page)
        if not missing:
            return
        time.sleep(0.2)
    raise AssertionError(f"the registry does not tell {sorted(missing)}")
