"""A registry that is told to stop stops, at whatever moment of its start."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.ports import free_port
from tests.waiting import PATIENCE

PROGRAM = Path(sys.executable).with_name("entrepot")
CONFIGURATION = """
version: 0.1
storage: {{filesystem: {{rootdirectory: {root}}}}}
http: {{addr: "127.0.0.1:{port}", draintimeout: 10m}}
server: {{workers: 2}}
"""


@pytest.mark.parametrize("delay", [0.0, 0.01, 0.03, 0.08])
def test_sigterm_soon_after_the_start_is_heard(tmp_path: Path, delay: float) -> None:
    file = tmp_path / "config.yml"
    file.write_text(CONFIGURATION.format(root=tmp_path / "data", port=free_port()))
    with subprocess.Popen(
        [PROGRAM, "serve", file], stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True
    ) as registry:
        assert registry.stderr is not None
        try:
            for line in registry.stderr:
                if "listening" in line:
                    break
            time.sleep(delay)
            registry.send_signal(signal.SIGTERM)
            # Far less than the drain time, which a lost signal would take.
            assert registry.wait(PATIENCE) == 0
        finally:
            registry.kill()
