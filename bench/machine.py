"""What the numbers were measured on."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from bench.servers import DISTRIBUTION_PROGRAM

REPOSITORY = Path(__file__).parent.parent


def first_line(*command: str) -> str:
    """What a program says first, on either stream; empty where it is missing."""
    try:
        result = subprocess.run(
            command, capture_output=True, text=True, check=False, cwd=REPOSITORY
        )
    except FileNotFoundError:
        return ""
    return (result.stdout or result.stderr).strip().partition("\n")[0]


def processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor() or "unknown"


def file_system(path: Path) -> str:
    """The device and kind of file system that a directory is on."""
    return first_line("findmnt", "--noheadings", "--output", "SOURCE,FSTYPE", "-T", str(path))


def package(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"


def describe(root: Path) -> dict[str, str]:
    """Processor, memory, disk, versions, revision and date."""
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    changed = first_line("git", "status", "--porcelain", "--untracked-files=no", "--", "src")
    revision = first_line("git", "rev-parse", "--short=12", "HEAD")
    return {
        "processor": f"{processor()}, {os.cpu_count()} cores",
        "memory": f"{pages / (1 << 30):.0f} GiB",
        "disk": " ".join(file_system(root).split()),
        "system": f"{first_line('uname', '-sr')}, {distribution()}",
        "python": sys.version.split()[0],
        "uvicorn": package("uvicorn"),
        "docker-registry": first_line("docker-registry", "--version"),
        "docker-registry 3.1": first_line(str(DISTRIBUTION_PROGRAM), "--version"),
        "skopeo": first_line("skopeo", "--version"),
        "nginx": first_line("nginx", "-v") or first_line("/usr/sbin/nginx", "-v"),
        "wrk": first_line("wrk", "-v").partition(" Copyright")[0],
        "revision": revision + (" with changes in src" if changed else ""),
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "load before": f"{os.getloadavg()[0]:.2f}",
    }


def distribution() -> str:
    return platform.freedesktop_os_release().get("PRETTY_NAME", "Linux")
