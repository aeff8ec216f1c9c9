"""The access log: a line for each request, in Apache's combined form or as JSON.

The combined form is what Docker Registry writes, character for character. The JSON form has the
names that Docker Registry gives to the same things in its own log, and what the combined form has
no place for: request id, repository, digest, bytes, duration, worker.
"""

import json
import time
from collections.abc import Mapping, Sequence
from time import perf_counter
from typing import Any, Protocol

from entrepot.operations.line_writer import LineWriter
from entrepot.operations.log_format import clipped, escaped
from entrepot.operations.redaction import (
    hide_tokens,
    may_hold_token,
    redact_header,
    redact_target,
)
from entrepot.operations.requests import RequestRecord

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
# With all three texts this long a line stays below PIPE_BUF: it cannot be mixed with another.
_LONGEST_TEXT = 1000
_LONGEST_PLAIN_LINE = 2000


class LineForm(Protocol):
    """Makes the line of a request."""

    def line(self, record: RequestRecord, second: int, microsecond: int) -> str:
        """Write a request as one line, its end included.

        Args:
            record: the request.
            second: when it arrived, in seconds since 1970.
            microsecond: the rest of that.
        """
        ...


class CombinedForm:
    """Apache's combined form, as Docker Registry writes it."""

    def __init__(self) -> None:
        self._second = -1
        self._time = ""

    def line(self, record: RequestRecord, second: int, microsecond: int) -> str:
        """Write a request as one line."""
        if second != self._second:
            self._second, self._time = second, _apache_time(second)
        target = record.target
        if "?" in target:
            target = redact_target(target)
        user_agent = redact_header(record.user_agent)
        line = (
            f'{record.client or "-"} - {record.user or "-"} {self._time} "{record.method} {target} '
            f'{record.protocol}" {record.status} {record.bytes_out} "{record.referer}" '
            f'"{user_agent}"'
        )
        # One look at the whole line is cheaper than one at each part.
        if (
            line.isprintable()
            and line.count('"') == 6
            and "\\" not in line
            and len(line) < _LONGEST_PLAIN_LINE
            and not record.referer
            and not may_hold_token(line)
            and " " not in record.user
            and " " not in record.client
        ):
            return line + "\n"
        return self._careful_line(record, target)

    def _careful_line(self, record: RequestRecord, target: str) -> str:
        return (
            f"{_word(record.client)} - {_word(record.user)} {self._time} "
            f'"{_fit(record.method)} {_fit(redact_target(target))} {_fit(record.protocol)}" '
            f"{record.status} {record.bytes_out} "
            f'"{_fit(redact_header(record.referer))}" "{_fit(redact_header(record.user_agent))}"\n'
        )


class JsonForm:
    """One JSON object a line.

    Args:
        worker: number of the worker that writes.
        fields: added to every line: ``log.fields``.
        logstash: name the time and the message as Logstash does.
    """

    def __init__(self, worker: int, fields: Mapping[str, Any], *, logstash: bool) -> None:
        self._second = -1
        self._time = ""
        self._zone = ""
        self._time_name = "@timestamp" if logstash else "time"
        added: dict[str, Any] = {"@version": "1", "type": "access"} if logstash else {}
        added |= {"level": "info", "message" if logstash else "msg": "request", "worker": worker}
        added |= {name: value for name, value in fields.items() if name not in added}
        self._added = json.dumps(added, default=str)[1:]

    def line(self, record: RequestRecord, second: int, microsecond: int) -> str:
        """Write a request as one line."""
        if second != self._second:
            self._second = second
            local = time.localtime(second)
            self._time = time.strftime("%Y-%m-%dT%H:%M:%S", local)
            self._zone = _zone(local, colon=True)
        user_agent = redact_header(record.user_agent)
        # One look at all the texts of strangers is cheaper than one at each.
        texts = (
            f"{record.target}{user_agent}{record.host}{record.repository}{record.user}"
            f"{record.reference}{record.digest}{record.method}{record.client}{record.request_id}"
        )
        if (
            not texts.isprintable()
            or '"' in texts
            or "\\" in texts
            or "?" in texts
            or record.referer
            or may_hold_token(texts)
            or len(texts) > _LONGEST_PLAIN_LINE
        ):
            line = self._careful_begin(record, microsecond)
        else:
            line = (
                f'{{"{self._time_name}":"{self._time}.{microsecond:06d}{self._zone}",'
                f'"http.request.id":"{record.request_id}",'
                f'"http.request.remoteaddr":"{record.client}",'
                f'"http.request.method":"{record.method}",'
                f'"http.request.uri":"{record.target}",'
                f'"http.request.protocol":"{record.protocol}",'
                f'"http.request.host":"{record.host}",'
                f'"http.request.useragent":"{user_agent}",'
                f'"http.request.referer":"",'
                f'"vars.name":"{record.repository}",'
                f'"vars.reference":"{record.reference}",'
                f'"vars.digest":"{record.digest}",'
                f'"auth.user.name":"{record.user}",'
                f'"handler":"{record.route}",'
            )
        return (
            f'{line}"http.request.received":{record.bytes_in},'
            f'"http.response.status":{record.status},'
            f'"http.response.written":{record.bytes_out},'
            f'"http.response.duration":"{record.seconds * 1000:.3f}ms",'
            f'"aborted":{"true" if record.aborted else "false"},{self._added}\n'
        )

    def _careful_begin(self, record: RequestRecord, microsecond: int) -> str:
        fields = {
            self._time_name: f"{self._time}.{microsecond:06d}{self._zone}",
            "http.request.id": record.request_id,
            "http.request.remoteaddr": record.client,
            "http.request.method": record.method,
            "http.request.uri": redact_target(record.target),
            "http.request.protocol": record.protocol,
            "http.request.host": record.host,
            "http.request.useragent": redact_header(record.user_agent),
            "http.request.referer": redact_header(record.referer),
            "vars.name": record.repository,
            "vars.reference": record.reference,
            "vars.digest": record.digest,
            "auth.user.name": record.user,
            "handler": record.route,
        }
        short = {name: clipped(hide_tokens(value), _LONGEST_TEXT) for name, value in fields.items()}
        return json.dumps(short, separators=(",", ":"))[:-1] + ","


class AccessLog:
    """Writes requests, many at a time.

    Args:
        writer: where to.
        form: how a request is written.
    """

    def __init__(self, writer: LineWriter, form: LineForm) -> None:
        self._writer = writer
        self._form = form

    @property
    def dropped(self) -> int:
        """Lines that were not written because nobody took them."""
        return self._writer.dropped

    def write(self, records: Sequence[RequestRecord]) -> None:
        """Write requests, in one piece."""
        # Records tell their start on a clock that has no date.
        offset = time.time() - perf_counter()
        form = self._form.line
        lines = []
        for record in records:
            arrival = record.started + offset
            second = int(arrival)
            lines.append(form(record, second, int((arrival - second) * 1_000_000)))
        self._writer.write("".join(lines).encode("utf-8", "backslashreplace"), len(lines))

    def close(self) -> None:
        """Write what waits, for a second at most."""
        self._writer.close()


def access_log(
    descriptor: int, formatter: str, worker: int, fields: Mapping[str, Any]
) -> AccessLog:
    """Make the access log that the configuration asks for.

    Args:
        descriptor: where lines go: 1, as with Docker Registry.
        formatter: ``log.formatter``: text, json or logstash.
        worker: number of the worker that writes.
        fields: ``log.fields``.
    """
    form: LineForm = (
        CombinedForm()
        if formatter == "text"
        else JsonForm(worker, fields, logstash=formatter == "logstash")
    )
    return AccessLog(LineWriter(descriptor), form)


def _word(text: str) -> str:
    return clipped(escaped(hide_tokens(text[:_LONGEST_TEXT])).replace(" ", "\\x20"), 300) or "-"


def _fit(text: str) -> str:
    return clipped(escaped(hide_tokens(text[: 2 * _LONGEST_TEXT])[:_LONGEST_TEXT]), _LONGEST_TEXT)


def _apache_time(second: int) -> str:
    local = time.localtime(second)
    return (
        f"[{local.tm_mday:02d}/{_MONTHS[local.tm_mon - 1]}/{local.tm_year}:"
        f"{local.tm_hour:02d}:{local.tm_min:02d}:{local.tm_sec:02d} {_zone(local)}]"
    )


def _zone(local: time.struct_time, *, colon: bool = False) -> str:
    minutes = local.tm_gmtoff // 60
    if not minutes and colon:
        return "Z"
    sign = "-" if minutes < 0 else "+"
    hours, rest = divmod(abs(minutes), 60)
    return f"{sign}{hours:02d}{':' if colon else ''}{rest:02d}"
