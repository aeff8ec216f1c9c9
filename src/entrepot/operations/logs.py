"""Setting up the log of a process: supervisor and workers alike.

The log goes to standard error, as with Docker Registry; the access log has standard output for
itself. Nobody who logs waits for whoever reads (line_writer).
"""

import logging
import logging.config
from collections.abc import Mapping
from typing import Any

from entrepot.operations.line_writer import LineWriter

_LEVELS = {
    "error": logging.ERROR,
    "warn": logging.WARNING,
    "warning": logging.WARNING,
    "info": logging.INFO,
    "debug": logging.DEBUG,
}
# These tell each step of their own; their warnings are wanted, the rest never.
_TALKATIVE = ("asyncio", "urllib3", "hpack")


class LineHandler(logging.Handler):
    """Writes log records to a file descriptor without ever waiting.

    Args:
        descriptor: an open file descriptor.
    """

    def __init__(self, descriptor: int = 2) -> None:
        super().__init__()
        self._writer = LineWriter(descriptor)

    @property
    def dropped(self) -> int:
        """Lines that were not written because nobody took them."""
        return self._writer.dropped

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record."""
        try:
            line = self.format(record) + "\n"
            self._writer.write(line.encode("utf-8", "backslashreplace"))
        except Exception:
            self.handleError(record)

    def flush(self) -> None:
        """Wait until everything is written, for a second at most."""
        self._writer.flush()

    def close(self) -> None:
        """Write what waits, for a second at most."""
        self._writer.close()
        super().close()


def log_configuration(
    level: str, formatter: str, fields: Mapping[str, Any], descriptor: int = 2
) -> dict[str, Any]:
    """Make what logging.config.dictConfig takes.

    Args:
        level: ``log.level``.
        formatter: ``log.formatter``.
        fields: ``log.fields``.
        descriptor: where lines go.
    """
    number = _LEVELS.get(level, logging.INFO)
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "line": {
                "()": "entrepot.operations.log_format.LineFormatter",
                "form": formatter,
                "fields": dict(fields),
            }
        },
        "handlers": {
            "log": {
                "()": "entrepot.operations.logs.LineHandler",
                "descriptor": descriptor,
                "formatter": "line",
            }
        },
        "root": {"handlers": ["log"], "level": number},
        "loggers": {
            **{name: {"level": max(number, logging.WARNING)} for name in _TALKATIVE},
        },
    }


def configure_logs(level: str, formatter: str, fields: Mapping[str, Any]) -> None:
    """Set up the log of this process; see log_configuration."""
    logging.config.dictConfig(log_configuration(level, formatter, fields))
