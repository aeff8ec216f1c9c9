"""How a fill's failure is told to whoever waits for it, in other workers too."""

from copy import copy

from entrepot.errors import (
    EntrepotError,
    InvalidDigest,
    QuotaExceeded,
    StorageOutage,
    UnknownUpstreamContent,
    UpstreamBusy,
    UpstreamDenied,
    UpstreamFault,
    UpstreamOutage,
)
from entrepot.ports.fills import Failure, Problem

# Most specific first; what is none of these is ours.
_PROBLEMS: tuple[tuple[type[EntrepotError], Problem], ...] = (
    (UnknownUpstreamContent, Problem.UNKNOWN),
    (UpstreamDenied, Problem.DENIED),
    (UpstreamBusy, Problem.BUSY),
    (UpstreamFault, Problem.WRONG),
    (InvalidDigest, Problem.WRONG),
    (UpstreamOutage, Problem.OUTAGE),
    (QuotaExceeded, Problem.QUOTA),
)
_ERRORS: dict[Problem, type[EntrepotError]] = {
    Problem.UNKNOWN: UnknownUpstreamContent,
    Problem.DENIED: UpstreamDenied,
    Problem.BUSY: UpstreamBusy,
    Problem.WRONG: UpstreamFault,
    Problem.OUTAGE: UpstreamOutage,
    Problem.STORAGE: StorageOutage,
    Problem.QUOTA: QuotaExceeded,
}


def failure_of(error: EntrepotError, now: int) -> Failure:
    """Write an error down; now in microseconds since 1970, UTC."""
    for kind, problem in _PROBLEMS:
        if isinstance(error, kind):
            return Failure(problem, error.message, now)
    return Failure(Problem.STORAGE, error.message, now)


def again(error: EntrepotError) -> EntrepotError:
    """Give an error to be raised once more: one that is raised often gathers a trace each time."""
    return copy(error)


def error_of(failure: Failure) -> EntrepotError:
    """Give the error that was written down."""
    return _ERRORS[failure.problem](failure.message)
