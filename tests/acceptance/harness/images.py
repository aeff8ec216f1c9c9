"""Images made here, since no hub can be reached."""

import shutil
from pathlib import Path

from tests.acceptance.harness.process import run

HELLO = "Hello from Docker!"
BUSYBOX = Path("/bin/busybox")
HELLO_DOCKERFILE = f"""\
FROM scratch
COPY busybox /bin/busybox
CMD ["/bin/busybox", "echo", "{HELLO}"]
"""


def context(directory: Path, dockerfile: str = HELLO_DOCKERFILE) -> Path:
    """A build context with busybox and a Dockerfile."""
    directory.mkdir(parents=True, exist_ok=True)
    shutil.copy(BUSYBOX, directory / "busybox")
    (directory / "Dockerfile").write_text(dockerfile)
    return directory


def incompressible(path: Path, size: int, seed: str) -> Path:
    """A file of `size` bytes that no compression makes smaller, the same for the same seed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    encrypt = f"openssl enc -aes-128-ctr -pass pass:{seed} -nosalt -in /dev/zero 2>/dev/null"
    run(["bash", "-c", f"{encrypt} | head -c {size} > '{path}'"])
    return path
