"""The image of deploy/Dockerfile, built without a network on a bare Debian of our own making."""

import functools
import shutil
import sys
from pathlib import Path

from tests.acceptance.harness.dockerd import Dockerd
from tests.acceptance.harness.paths import CACHE, CHECKOUT, unique_name
from tests.acceptance.harness.process import run

RELEASE = "bookworm"
BASE = f"entrepot-base:{RELEASE}"
IMAGE = "entrepot"
USER = 65532
"""Whom the image runs as."""

UNUSED = (
    "var/cache/apt/*",
    "var/lib/apt/lists/*",
    "usr/share/doc/*",
    "usr/share/locale/*",
    "dev/*",
)


@functools.cache
def entrepot_image(dockerd: Dockerd) -> str:
    """Build the image once an engine, and return its name."""
    dockerd.docker("import", _base(), BASE)
    context = dockerd.root / "context"
    _copy_sources(context)
    run([context / "deploy/fetch-wheels"], env={"PYTHON": sys.executable}, timeout=300)
    options = ["--network=none", "--build-arg", f"BASE={BASE}", "--tag", IMAGE]
    dockerfile = context / "deploy/Dockerfile"
    dockerd.run(
        ["docker", "build", "--quiet", *options, "--file", dockerfile, context], timeout=300
    )
    shutil.rmtree(context)
    return IMAGE


def _base() -> Path:
    """A tar of Debian with nothing but Python, made once a machine: it takes a minute or two."""
    tar = CACHE / f"base-{RELEASE}-{_architecture()}.tar"
    if tar.exists():
        return tar
    root, unfinished = CACHE / unique_name("base-"), tar.with_suffix(f".{unique_name('')}")
    root.mkdir(parents=True)
    try:
        # The machine's own mirror. Its python3 has the minor version that wheels are fetched for.
        packages = "--include=python3,python3-venv"
        run(["debootstrap", "--variant=minbase", packages, RELEASE, root, _mirror()], timeout=1200)
        without = [f"--exclude=./{pattern}" for pattern in UNUSED]
        run(["tar", "-C", root, *without, "-cf", unfinished, "."])
        unfinished.rename(tar)
    finally:
        shutil.rmtree(root)
        unfinished.unlink(missing_ok=True)
    return tar


def _architecture() -> str:
    return run(["dpkg", "--print-architecture"]).strip()


def _mirror() -> str:
    """Where apt gets this release from on this machine."""
    lines = run(["apt-get", "indextargets", "--format", "$(RELEASE) $(REPO_URI)"]).splitlines()
    return next(line.split()[1] for line in lines if line.split()[0] == RELEASE)


def _copy_sources(target: Path) -> None:
    """The checkout as it is now, without what git ignores."""
    listed = run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"], cwd=CHECKOUT
    )
    for name in filter(None, listed.split("\0")):
        source = CHECKOUT / name
        if source.is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target / name)
