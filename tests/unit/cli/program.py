"""Running the real programs, as a shell would."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from entrepot.assembly.backend import Backend
from entrepot.config.loader import load

BIN = Path(sys.executable).parent


def make_database(config: Path) -> None:
    """Make what the first start of a registry makes: commands work on what is there."""
    asyncio.run(Backend(load(config, {}).settings).prepare())


def run(
    program: str, *arguments: str, environ: Mapping[str, str] | None = None, cwd: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """Run an installed program to its end, with an environment without ``REGISTRY_*``."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("REGISTRY_")}
    return subprocess.run(
        [str(BIN / program), *arguments],
        env={**clean, **(environ or {})},
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
