"""An image of 320 MB copied in and out again by skopeo."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import shutil
import subprocess
import time
from pathlib import Path

from bench.content import MEBIBYTE
from bench.figures import DISTRIBUTION, Row, at_most
from bench.memory import touch
from bench.processes import cpu_seconds
from bench.turns import Turns

_LAYERS = 5


def write_layout(root: Path, layer_bytes: int) -> None:
    """Write an OCI layout: layers of incompressible bytes, each a gzip file that stores them."""
    blobs = root / "blobs" / "sha256"
    blobs.mkdir(parents=True)
    layers, plain = [], []

    def keep(data: bytes, media_type: str) -> dict[str, object]:
        digest = hashlib.sha256(data).hexdigest()
        (blobs / digest).write_bytes(data)
        return {"mediaType": media_type, "size": len(data), "digest": f"sha256:{digest}"}

    for _ in range(_LAYERS):
        data = os.urandom(layer_bytes)
        plain.append(f"sha256:{hashlib.sha256(data).hexdigest()}")
        packed = gzip.compress(data, compresslevel=0)
        layers.append(keep(packed, "application/vnd.oci.image.layer.v1.tar+gzip"))
    config = {
        "architecture": "amd64",
        "os": "linux",
        "config": {},
        "rootfs": {"type": "layers", "diff_ids": plain},
    }
    manifest = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": keep(json.dumps(config).encode(), "application/vnd.oci.image.config.v1+json"),
        "layers": layers,
    }
    described = keep(json.dumps(manifest).encode(), str(manifest["mediaType"]))
    index = {"schemaVersion": 2, "manifests": [described]}
    (root / "index.json").write_text(json.dumps(index))
    (root / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')


def skopeo(*arguments: str) -> None:
    subprocess.run(
        ["skopeo", "--insecure-policy", "copy", "--quiet", *arguments],
        check=True,
        capture_output=True,
    )


def run(turns: Turns) -> list[Row]:
    layer = (8 if turns.quick else 61) * MEBIBYTE
    megabytes = round(_LAYERS * layer / 1e6)
    work = f"an image of {megabytes} MB copied in and out by skopeo"
    both = Row(work, "s")
    push, pull = Row(f"{work}: in", "s"), Row(f"{work}: out", "s")
    push_cpu, pull_cpu = Row(f"{work}: in, CPU", "s"), Row(f"{work}: out, CPU", "s")
    touch()
    for number, (series, server) in enumerate(turns.each()):
        source, target = turns.root / f"copy-in-{number}", turns.root / f"copy-out-{number}"
        write_layout(source, layer)
        image = f"docker://127.0.0.1:{server.port}/bench/copies:{number}"
        before, begun = cpu_seconds(server.pid), time.perf_counter()
        skopeo("--dest-tls-verify=false", f"oci:{source}", image)
        pushed, between = cpu_seconds(server.pid), time.perf_counter()
        skopeo("--src-tls-verify=false", image, f"oci:{target}:copy")
        ended = time.perf_counter()
        push.add(series, between - begun)
        pull.add(series, ended - between)
        both.add(series, ended - begun)
        push_cpu.add(series, pushed - before)
        pull_cpu.add(series, cpu_seconds(server.pid) - pushed)
        shutil.rmtree(source)
        shutil.rmtree(target)
    both.wanted.append(at_most(0.85, DISTRIBUTION))
    pull_cpu.wanted.append(at_most(0.7, DISTRIBUTION))
    both.notes.append(f"{_LAYERS} layers of {layer // MEBIBYTE} MiB that do not compress")
    return [both, push, push_cpu, pull, pull_cpu]
