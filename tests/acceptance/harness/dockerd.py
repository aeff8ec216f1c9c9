"""A container engine of the test's own: containerd and dockerd on a host of the test's own.

Nothing is shared with an engine that may run on the machine: data, state, sockets, and
containerd (dockerd would otherwise use the machine's when it finds one).
"""

import json
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.acceptance.harness.namespace import Namespace
from tests.acceptance.harness.paths import DOCKER, NEXT_RELEASE
from tests.acceptance.harness.process import Daemon, run

CONTAINERD_CONFIG = """\
version = 2
root = "{root}/containerd"
state = "{state}/containerd"
disabled_plugins = ["io.containerd.grpc.v1.cri"]
[grpc]
address = "{state}/containerd.sock"
"""


class Dockerd:
    """Debian's dockerd, or with `modern` the next release's, with containerd's image store.

    With `certificates`, that directory is its /etc/docker/certs.d; such an engine pushes and pulls,
    but runs nothing, for its containerd does not see what it mounts.
    """

    def __init__(
        self,
        namespace: Namespace,
        root: Path,
        *,
        modern: bool = False,
        certificates: Path | None = None,
    ) -> None:
        self.namespace = namespace
        self._certificates = certificates
        self.root = root
        # Socket paths have 107 bytes at most, and a shim's socket is long: so a short directory.
        self._state = Path(tempfile.mkdtemp(prefix="ed-", dir="/run"))
        self.socket = self._state / "docker.sock"
        self.containerd_socket = self._state / "containerd.sock"
        self.home = root / "home"
        self.home.mkdir(parents=True)
        self.tools = root / "tools"
        self._lay_out_tools(modern)
        self.env = {
            "DOCKER_HOST": f"unix://{self.socket}",
            "HOME": str(self.home),
            "PATH": f"{self.tools}:/usr/sbin:/usr/bin:/sbin:/bin",
            "CONTAINERD_ADDRESS": str(self.containerd_socket),
        }
        self._containerd = self._start_containerd()
        self._dockerd = self._start_dockerd(modern)

    def _lay_out_tools(self, modern: bool) -> None:
        self.tools.mkdir()
        (self.tools / "docker").symlink_to(NEXT_RELEASE / "usr/bin/docker" if modern else DOCKER)
        if not modern:
            return
        # Not its runc: that one needs the next release's C library, and Debian 12's does the work.
        for program in ("containerd", "containerd-shim-runc-v2", "ctr", "docker-init"):
            (self.tools / program).symlink_to(NEXT_RELEASE / "usr/bin" / program)
        for program in ("dockerd", "docker-proxy"):
            (self.tools / program).symlink_to(NEXT_RELEASE / "usr/sbin" / program)
        plugins = self.home / ".docker/cli-plugins"
        plugins.mkdir(parents=True)
        buildx = NEXT_RELEASE / "usr/libexec/docker/cli-plugins/docker-buildx"
        (plugins / "docker-buildx").symlink_to(buildx)

    def _program(self, name: str) -> str:
        found = shutil.which(name, path=self.env["PATH"])
        if found is None:
            raise FileNotFoundError(f"{name}: run tests/acceptance/install-packages")
        return found

    def _start_containerd(self) -> Daemon:
        config = self.root / "containerd.toml"
        config.write_text(CONTAINERD_CONFIG.format(root=self.root, state=self._state))
        daemon = Daemon(
            "containerd",
            self.namespace.command([self._program("containerd"), "--config", config]),
            self.root / "containerd.log",
            env=self.env,
        )
        daemon.wait_until(self.containerd_socket.exists, "socket")
        return daemon

    def _start_dockerd(self, modern: bool) -> Daemon:
        config = self.root / "daemon.json"
        config.write_text(
            json.dumps({"features": {"containerd-snapshotter": True}} if modern else {})
        )
        daemon = Daemon(
            "dockerd",
            self.namespace.command(
                [
                    *self._with_certificates(),
                    self._program("dockerd"),
                    f"--config-file={config}",
                    f"--data-root={self.root / 'docker'}",
                    f"--exec-root={self._state / 'docker'}",
                    f"--pidfile={self._state / 'docker.pid'}",
                    f"--host=unix://{self.socket}",
                    f"--containerd={self.containerd_socket}",
                ]
            ),
            self.root / "dockerd.log",
            env=self.env,
        )
        daemon.wait_until(self._answers, "answer on its socket", seconds=60)
        return daemon

    def _with_certificates(self) -> list[str | Path]:
        """What runs a program with another /etc/docker/certs.d than the machine's."""
        if self._certificates is None:
            return []
        layers = self.root / "etc"
        (layers / "upper/docker/certs.d").mkdir(parents=True)
        (layers / "work").mkdir()
        self._certificates.mkdir(parents=True, exist_ok=True)
        options = f"lowerdir=/etc,upperdir={layers}/upper,workdir={layers}/work"
        script = (
            f"mount -t overlay overlay -o {options} /etc\n"
            f"mount --bind {self._certificates} /etc/docker/certs.d\n"
            'exec "$@"'
        )
        return ["unshare", "--mount", "bash", "-euc", script, "dockerd"]

    def configure(self, **settings: object) -> None:
        """Change daemon.json, and let the daemon read it again."""
        (self.root / "daemon.json").write_text(json.dumps(settings))
        os.kill(self._dockerd.pid, signal.SIGHUP)

    def _answers(self) -> bool:
        asked = ["curl", "--silent", "--fail", "--unix-socket", str(self.socket), "http://d/_ping"]
        return self.socket.exists() and run(asked, expect=None).startswith("OK")

    def run(
        self,
        command: Sequence[str | Path],
        *,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        stdin: str | None = None,
        timeout: float = 120,
        expect: int | None = 0,
    ) -> str:
        """Run a program on this host, with `docker` and `ctr` meaning this engine's."""
        return self.namespace.run(
            command,
            env={**self.env, **(env or {})},
            cwd=cwd,
            stdin=stdin,
            timeout=timeout,
            expect=expect,
        )

    def docker(self, *arguments: str | Path) -> str:
        """Run one docker command that must succeed, and return what it wrote."""
        return self.run(["docker", *arguments])

    def refused(self, *arguments: str | Path) -> str:
        """Run one docker command that must fail, and return what it wrote."""
        return self.run(["docker", *arguments], expect=1)

    def shell(self, lines: str, *, cwd: Path | None = None) -> str:
        """Type lines into a shell on this host, stopping at the first that fails."""
        return self.run(["bash", "-euo", "pipefail", "-c", lines], cwd=cwd)

    def stop(self) -> None:
        """End containers, engine and containerd, and remove what they left, images included."""
        running = run(["docker", "ps", "--quiet"], env=self.env, expect=None).split()
        if running:
            run(["docker", "kill", *running], env=self.env, expect=None)
        self._dockerd.stop()
        self._containerd.stop()
        self._end_shims()
        self._unmount()
        for left in (self._state, self.root / "docker", self.root / "containerd"):
            shutil.rmtree(left)

    def _end_shims(self) -> None:
        """A shim outlives its containerd on purpose; those of this one are named by its socket."""
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit() and str(self.containerd_socket) in _command_line(entry):
                os.kill(int(entry.name), signal.SIGKILL)

    def _unmount(self) -> None:
        mounts = [line.split()[1] for line in Path("/proc/mounts").read_text().splitlines()]
        ours = [at for at in mounts if at.startswith((f"{self.root}/", f"{self._state}/"))]
        for mount in sorted(ours, key=len, reverse=True):
            subprocess.run(["umount", "--lazy", mount], check=False)


def _command_line(process: Path) -> str:
    try:
        return (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""
