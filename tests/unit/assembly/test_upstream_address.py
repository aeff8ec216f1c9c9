"""The settings of an upstream, as its driver gets them."""

from pathlib import Path
from typing import Any

import pytest

from entrepot.assembly.mirrors import address_of
from tests.wire.harness.applications import settings_of


@pytest.mark.parametrize(
    ("lifetime", "seconds"),
    [({}, float("inf")), ({"lifetime": "1h"}, 3600.0), ({"lifetime": "0s"}, 0.0)],
)
def test_a_command_without_a_lifetime_is_run_once(
    lifetime: dict[str, Any], seconds: float, tmp_path: Path
) -> None:
    command = {"command": "docker-credential-ecr-login --region x", **lifetime}
    proxies = [{"host": "quay.io", "exec": command}]
    (upstream,) = settings_of(tmp_path, {"proxies": proxies}).proxies
    address = address_of(upstream)
    assert address.credentials_lifetime == seconds
    assert address.credentials_command == ("docker-credential-ecr-login", "--region", "x")
    assert address.urls == ("https://quay.io",)


@pytest.mark.parametrize(
    ("settings", "urls"),
    [
        ({"host": "quay.io"}, ("https://quay.io",)),
        ({"host": "registry.test:5000"}, ("https://registry.test:5000",)),
        ({"host": "docker.io"}, ("https://registry-1.docker.io",)),
        ({"host": "docker.io", "remoteurl": "http://hub.test"}, ("http://hub.test",)),
    ],
)
def test_an_upstream_without_a_url_is_where_its_name_is(
    settings: dict[str, Any], urls: tuple[str, ...], tmp_path: Path
) -> None:
    (upstream,) = settings_of(tmp_path, {"proxies": [settings]}).proxies
    assert address_of(upstream).urls == urls
