"""Where programs and directories of the acceptance tests are."""

import os
import shlex
import uuid
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[3]
CACHE = Path(os.environ.get("ENTREPOT_ACCEPTANCE_CACHE", "/var/cache/entrepot-acceptance"))
NEXT_RELEASE = CACHE / "trixie"
"""Clients of the next Debian release, unpacked by install-packages."""

DOCKER = "/usr/bin/docker"
"""Debian's client: another one on PATH may demand buildx."""

ENTREPOT = CHECKOUT / ".venv/bin/entrepot"
DOCKER_REGISTRY = "/usr/bin/docker-registry"

DOCKER_REGISTRY_3 = CACHE / "go/registry"
CONFORMANCE = CACHE / "go/conformance"
"""Built by install-packages where a Go toolchain is at hand."""


def registry_command() -> list[str]:
    """The program under test, up to its configuration file.

    ACCEPTANCE_REGISTRY_COMMAND names another one, to see how it behaves in the same tests:
    `ACCEPTANCE_REGISTRY_COMMAND="docker-registry serve" make acceptance`.
    """
    return shlex.split(os.environ.get("ACCEPTANCE_REGISTRY_COMMAND", f"{ENTREPOT} serve"))


def unique_name(prefix: str) -> str:
    """A name that no other run on this machine uses, short enough for a network interface."""
    return f"{prefix}{uuid.uuid4().hex[:8]}"
