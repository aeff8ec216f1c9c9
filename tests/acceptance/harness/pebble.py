"""Pebble, a CA that speaks ACME and is made for tests, with its own DNS."""

import json
import os
import ssl
import urllib.request
from pathlib import Path

from tests.acceptance.harness.process import Daemon
from tests.ports import free_port
from tests.unit.operations.tls.pairs import Pair
from tests.waiting import PATIENCE


class Pebble:
    """The CA on this machine's loopback; every name leads there.

    Args:
        folder: where its files go.
        http_port: where it asks for challenges.
        port: of its directory; another one can take its place.
    """

    def __init__(self, folder: Path, http_port: int, port: int | None = None) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.port = port or free_port()
        self.directory = f"https://localhost:{self.port}/dir"
        # Its HTTPS is vouched for by this certificate, which is its own CA.
        self.own = folder.parent / "pebble.crt"
        if not self.own.exists():
            Pair.make(folder.parent, "pebble", hosts=("localhost", "127.0.0.1"), ca=True)
        self._management = free_port()
        dns = free_port()
        config = {
            "listenAddress": f"127.0.0.1:{self.port}",
            "managementListenAddress": f"127.0.0.1:{self._management}",
            "certificate": str(self.own),
            "privateKey": str(self.own.with_suffix(".key")),
            "httpPort": http_port,
            "tlsPort": free_port(),
        }
        (folder / "pebble.json").write_text(json.dumps({"pebble": config}))
        self._dns = Daemon(
            "pebble-challtestsrv",
            [
                *("pebble-challtestsrv", "-defaultIPv4", "127.0.0.1", "-defaultIPv6", ""),
                *("-dns01", f"127.0.0.1:{dns}", "-http01", "", "-https01", "", "-tlsalpn01", ""),
                *("-management", f"127.0.0.1:{free_port()}"),
            ],
            folder / "dns.log",
        )
        self._pebble = Daemon(
            "pebble",
            ["pebble", "-config", folder / "pebble.json", "-dnsserver", f"127.0.0.1:{dns}"],
            folder / "pebble.log",
            env={**os.environ, "PEBBLE_VA_NOSLEEP": "1", "PEBBLE_WFE_NONCEREJECT": "0"},
        )
        self._pebble.wait_until(self._answers, "answer")

    def _answers(self) -> bool:
        try:
            self._get(f"https://localhost:{self.port}/dir")
        except OSError:
            return False
        return True

    def root(self) -> str:
        """The root of what it signs, PEM."""
        return self._get(f"https://localhost:{self._management}/roots/0").decode()

    def _get(self, url: str) -> bytes:
        context = ssl.create_default_context(cafile=self.own)
        with urllib.request.urlopen(url, context=context, timeout=PATIENCE) as answer:
            content: bytes = answer.read()
            return content

    def stop(self) -> None:
        """End it."""
        self._pebble.stop()
        self._dns.stop()
