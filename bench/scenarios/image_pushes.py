"""Whole images by eight clients, four small blobs and a manifest, new each time."""

from __future__ import annotations

from bench.figures import DISTRIBUTION, Row, at_least
from bench.pushing import IMAGE_LAYERS, push_images
from bench.turns import Turns, note_generator


def run(turns: Turns) -> list[Row]:
    rate, cpu = Row("image pushes", "images/s"), Row("image pushes: CPU", "ms/image")
    rate.instead = cpu.work
    for series, server in turns.each():
        pushed = push_images(server, turns.seconds)
        rate.add(series, pushed.per_second)
        cpu.add(series, pushed.server_cpu_seconds / pushed.count * 1000)
        if series == rate.series:
            note_generator(rate, pushed.generator_cores, pushed.idle_cores)
    rate.wanted += [at_least(3.5), at_least(2.5, DISTRIBUTION)]
    sizes = ", ".join(f"{size:,}" for size in IMAGE_LAYERS)
    rate.notes.append(
        f"layers of {sizes} bytes and a config of about 2.5 KB, each HEAD (404), POST, PATCH "
        "(one chunked stream), PUT with the digest; then the manifest by tag: 17 requests an "
        "image over one kept connection a client"
    )
    return [rate, cpu]
