"""podman, buildah and skopeo with a storage of the test's own."""

import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.acceptance.harness.namespace import Namespace

STORAGE = """\
[storage]
driver = "vfs"
graphroot = "{root}/graph"
runroot = "{state}/run"
"""
INSECURE = "--tls-verify=false"


class ContainerTools:
    """Runs the tools on one host; nothing of the machine's own images or settings is seen."""

    def __init__(self, namespace: Namespace, root: Path) -> None:
        self.namespace = namespace
        self.root = root
        self._state = Path(tempfile.mkdtemp(prefix="ec-", dir="/run"))
        home = root / "home"
        home.mkdir(parents=True)
        storage = root / "storage.conf"
        storage.write_text(STORAGE.format(root=root, state=self._state))
        self.env = {
            "HOME": str(home),
            "XDG_RUNTIME_DIR": str(self._state),
            "CONTAINERS_STORAGE_CONF": str(storage),
            "TMPDIR": str(root),
        }

    def run(
        self,
        command: Sequence[str | Path],
        *,
        env: Mapping[str, str] | None = None,
        expect: int | None = 0,
    ) -> str:
        """Run a program on the host."""
        return self.namespace.run(command, env={**self.env, **(env or {})}, expect=expect)

    def skopeo(self, *arguments: str | Path, expect: int | None = 0) -> str:
        """Run skopeo."""
        return self.run(["skopeo", "--insecure-policy", *arguments], expect=expect)

    def buildah(self, command: str, *arguments: str | Path) -> str:
        """Run a buildah command."""
        return self.run(["buildah", command, *arguments])

    def podman(self, *arguments: str | Path) -> str:
        """Run podman with plain files and no systemd, as in a container or on a build machine."""
        plain = ["podman", f"--tmpdir={self._state}/libpod", "--cgroup-manager=cgroupfs"]
        return self.run([*plain, "--events-backend=file", "--runtime=runc", *arguments])

    def remove(self) -> None:
        """Unmount and remove what the tools kept."""
        mounts = [line.split()[1] for line in Path("/proc/mounts").read_text().splitlines()]
        ours = [at for at in mounts if at.startswith((f"{self.root}/", f"{self._state}/"))]
        for mount in sorted(ours, key=len, reverse=True):
            subprocess.run(["umount", "--lazy", mount], check=False)
        shutil.rmtree(self._state)
        shutil.rmtree(self.root)
