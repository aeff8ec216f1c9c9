"""Checking, in the supervisor's threads, whether the registry is healthy.

As Docker Registry does it: each check runs once an interval, first after one interval; `threshold`
failures in a row make it fail; one success heals it. While any check fails, workers refuse every
request (health_flag). Beyond that, a check that does not come back at all counts as failing.
"""

import contextlib
import logging
import threading
import time
from collections.abc import Callable, Iterable

from entrepot.config.addresses import parse_tcp_address
from entrepot.config.health import HealthSettings
from entrepot.config.masking import mask_url
from entrepot.operations.health_checks import Check, file_check, tcp_check
from entrepot.operations.health_flag import HealthFlag

logger = logging.getLogger("entrepot.health")

PATIENCE_SECONDS = 30.0
_PUBLISH_SECONDS = 0.5


class WatchedCheck:
    """A check, and what its last runs said.

    Args:
        name: what /debug/health calls it.
        check: raises when it fails.
        interval: seconds between the end of a run and the begin of the next.
        threshold: failures in a row before it counts as failing; at least 1.
        patience: seconds after which a run that has not come back counts as failing.
    """

    def __init__(
        self,
        name: str,
        check: Check,
        interval: float,
        threshold: int = 1,
        patience: float = PATIENCE_SECONDS,
    ) -> None:
        self.name = name
        self.interval = interval
        self._check = check
        self._threshold = max(1, threshold)
        self._patience = patience
        self._failures = 0
        self._message = ""
        self._began: float | None = None

    def run(self) -> None:
        """Run the check once."""
        self._began = time.monotonic()
        try:
            self._check()
        except Exception as error:
            self._message = str(error) or type(error).__name__
            self._failures += 1
            if self._failures == self._threshold:
                logger.error("health check %s fails: %s", self.name, self._message)
        else:
            if self._failures >= self._threshold:
                logger.info("health check %s has recovered", self.name)
            self._failures = 0
        finally:
            self._began = None

    @property
    def failure(self) -> str | None:
        """Why it counts as failing; None when it does not."""
        began = self._began
        if began is not None:
            waited = time.monotonic() - began
            if waited > self._patience:
                return f"no answer for {waited:.0f} s"
        return self._message if self._failures >= self._threshold else None


class Health:
    """All checks of a registry.

    Args:
        checks: the checks.
        flag: what tells the workers; None where there are none.
    """

    def __init__(self, checks: Iterable[WatchedCheck], flag: HealthFlag | None = None) -> None:
        self.checks = tuple(checks)
        self._flag = flag
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []

    def failures(self) -> dict[str, str]:
        """Tell which checks fail, and why."""
        return {check.name: why for check in self.checks if (why := check.failure) is not None}

    def start(self) -> None:
        """Begin to check, in threads of the background."""
        jobs: list[tuple[str, Callable[[], None]]] = [
            (f"health {check.name}", lambda check=check: self._watch(check))  # type: ignore[misc]
            for check in self.checks
        ]
        if self.checks:
            jobs.append(("health", self._publish))
        for name, job in jobs:
            thread = threading.Thread(target=job, name=name, daemon=True)
            thread.start()
            self._threads.append(thread)

    def stop(self, timeout: float = 1.0) -> None:
        """Stop checking.

        Args:
            timeout: seconds to wait for checks that run.
        """
        self._stopping.set()
        end = time.monotonic() + timeout
        for thread in self._threads:
            thread.join(max(0.0, end - time.monotonic()))

    def _watch(self, check: WatchedCheck) -> None:
        while not self._stopping.wait(check.interval):
            check.run()

    def _publish(self) -> None:
        while True:
            if self._flag is not None:
                with contextlib.suppress(ValueError):  # the flag was closed at the end
                    self._flag.set(bool(self.failures()))
            if self._stopping.wait(_PUBLISH_SECONDS):
                return


def configured_checks(
    settings: HealthSettings, driver: str, storage: Iterable[tuple[str, Check]]
) -> list[WatchedCheck]:
    """Make the checks that the section ``health`` asks for.

    Args:
        settings: the section.
        driver: name of the storage driver.
        storage: what ``storagedriver`` checks: functions by name. The name "" stands for the
            storage itself, which Docker Registry calls ``storagedriver_DRIVER``.
    """
    checks = []
    if settings.storagedriver.enabled:
        own = settings.storagedriver
        for name, check in storage:
            shown = name or f"storagedriver_{driver}"
            checks.append(WatchedCheck(shown, check, own.interval, own.threshold))
    checks += [
        WatchedCheck(file.file, file_check(file.file), file.interval, file.threshold)
        for file in settings.file
    ]
    for http in settings.http:
        from entrepot.operations.health_checks import http_check

        check = http_check(http.uri, http.statuscode, http.timeout, http.headers)
        shown = mask_url(http.uri)
        alike = sum(other.name.startswith(shown) for other in checks)
        name = f"{shown} ({alike + 1})" if alike and shown != http.uri else shown
        checks.append(WatchedCheck(name, check, http.interval, http.threshold))
    for tcp in settings.tcp:
        address = parse_tcp_address(tcp.addr)
        check = tcp_check(tcp.addr, address.host, address.port, tcp.timeout)
        checks.append(WatchedCheck(tcp.addr, check, tcp.interval, tcp.threshold))
    return checks
