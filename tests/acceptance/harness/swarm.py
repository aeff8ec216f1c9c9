"""Two Docker nodes on two hosts that a cable joins, in one swarm."""

from pathlib import Path

from tests.acceptance.harness.dockerd import Dockerd
from tests.acceptance.harness.namespace import Namespace
from tests.acceptance.harness.process import Daemon

NETWORK = "10.77.0"
RELAY = Path(__file__).with_name("relay.py")


class Swarm:
    """A manager and a worker; both have an engine of their own."""

    def __init__(self, root: Path) -> None:
        self.hosts = [Namespace("s1"), Namespace("s2")]
        self.addresses = [f"{NETWORK}.1", f"{NETWORK}.2"]
        ends = [f"{address}/24" for address in self.addresses]
        self.hosts[0].join(self.hosts[1], *ends)
        for namespace, address in zip(self.hosts, self.addresses, strict=True):
            # Without a default route the kernel refuses multicast, and Docker finds no address.
            namespace.run(["ip", "route", "add", "default", "via", address])
        self.nodes = [
            Dockerd(namespace, root / f"node{number}")
            for number, namespace in enumerate(self.hosts, start=1)
        ]
        manager, worker = self.nodes
        manager.docker("swarm", "init", f"--advertise-addr={self.addresses[0]}")
        token = manager.docker("swarm", "join-token", "--quiet", "worker").strip()
        worker.docker("swarm", "join", "--token", token, f"{self.addresses[0]}:2377")
        self._relays: list[Daemon] = []

    def relay(self, node: int, log: Path) -> None:
        """Carry a node's own 127.0.0.1:5000 to the first node's address.

        It stands for the ingress mesh of Swarm, which answers on every node and needs the kernel's
        IP_VS, where that is missing.
        """
        relay = Daemon(
            f"relay on node {node + 1}",
            self.hosts[node].command(
                ["python3", RELAY, "127.0.0.1:5000", f"{self.addresses[0]}:5000"]
            ),
            log,
        )
        self._relays.append(relay)
        relay.wait_until(lambda: self._listens(node), "open port")

    def _listens(self, node: int) -> bool:
        try:
            self.hosts[node].connect(5000).close()
        except OSError:
            return False
        return True

    def stop(self) -> None:
        """Leave nothing of both nodes."""
        for relay in self._relays:
            relay.stop()
        for node in reversed(self.nodes):
            node.run(["docker", "swarm", "leave", "--force"], expect=None)
        for node in self.nodes:
            node.stop()
        for namespace in self.hosts:
            namespace.delete()
