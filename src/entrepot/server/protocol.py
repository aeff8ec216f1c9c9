"""HTTP/1.1 on one connection: uvicorn's protocol, bounded.

uvicorn parses with llhttp, which is strict, and holds back both sides at 64 KiB. It sets no limit
to headers, to the time of silent clients and of those that do not read, or to requests that pile
up; and a client that is still sending may never get to read why it is refused.
"""

import asyncio
import logging
import math
import socket
import struct
from http import HTTPStatus
from typing import Any

import httptools
from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from entrepot.api.response import Response
from entrepot.server.connections import Connections
from entrepot.server.exchange import Exchange
from entrepot.server.reading import LARGEST_READ, Reading
from entrepot.server.request_head import Refused, read_head, without_upgrade

logger = logging.getLogger("entrepot.server")

HEADER_FIELDS = 200
PIPELINED = 16
LINGER_SECONDS = 5.0
DROPPED_BYTES = 256 * 1024 * 1024
_CHUNK_BYTES = 16
_KEPT = [(b"connection", b"keep-alive")]
# struct tcp_info of linux/tcp.h: tcpi_bytes_acked.
_INFO_BYTES, _BYTES_ACKED = 136, 120


class RegistryProtocol(HttpToolsProtocol):
    """One connection.

    Args:
        connections: what the connections of a worker have together.
        address: the client's, as `Connections` counts it.

    Attributes:
        deadline: when `expire` is to be called, on the loop's clock.
        cycle: the request that was read last.
    """

    cycle: Exchange  # None before the first one

    def __init__(self, connections: Connections, address: str) -> None:
        super().__init__(connections.config, connections.state, {}, connections.loop)
        self.address = address
        self.deadline = math.inf
        self.write: Any = None
        self.is_closing: Any = None
        self._all = connections
        self._limits = connections.limits
        self._client_certificate: dict[str, Any] | None = None
        self._serving: Exchange | None = None
        self._leaving = False
        # Nothing that arrives is read any more: the connection ends when the client has read.
        self._deaf = False
        self._refusal: Response | None = None
        self._in_header = False
        self._fed = self._header_bytes = 0
        self._dropped = self._framing = 0
        self._acknowledged = 0

    @property
    def in_body(self) -> bool:
        """Whether a body's bytes come next, which somebody waits for."""
        return self.cycle is not None and self.cycle.more_body

    @property
    def neighbours(self) -> int:
        """How many connections the worker has, this one included."""
        return self._all.count

    # From the transport

    def connection_made(self, transport: Any) -> None:
        """Begin."""
        super().connection_made(transport)
        transport.set_protocol(Reading(self, self._all.read_memory))
        # A request's answer is written through this object, so that `close` can linger.
        self.write, self.is_closing = transport.write, transport.is_closing
        self._client_certificate = self._all.describe_client(transport)
        self.deadline = self.loop.time() + self._limits.idle
        self._all.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell the request that runs, which need not be the last that was read."""
        self._all.remove(self)
        self._deaf = True
        self.pipeline.clear()
        if self._serving is not None:
            self._disconnect(self._serving)
        super().connection_lost(exc)

    def data_received(self, data: bytes | memoryview) -> None:
        """Parse what has arrived, of which nothing is kept."""
        if self._deaf:
            self._drop(len(data))
            return
        body_of = self.cycle if self.cycle is not None and self.cycle.more_body else None
        try:
            self._feed(data)
        except (Refused, httptools.HttpParserError) as error:
            # The parser hides what a callback below has raised.
            cause = error if isinstance(error, Refused) else error.__context__
            if not isinstance(cause, Refused):
                cause = Refused(400, "this is not HTTP/1.1")
            self._refuse(cause)
            return
        if self._in_header:
            # A field's value is not known before its end. The first read may also have brought
            # the end of a body.
            self._fed += len(data)
            if self._fed > self._limits.header + LARGEST_READ:
                self._refuse(self._too_large())
        elif body_of is not None and body_of is self.cycle and body_of.more_body:
            # Chunks have extensions, which llhttp reads over; as Go, this counts what is no body.
            self._framing = max(0, self._framing + len(data))
            if self._framing > self._limits.header:
                self._refuse(Refused(400, "the chunks of the body are mostly extensions"))

    def pause_writing(self) -> None:
        """Begin to watch whether the client reads."""
        super().pause_writing()
        self._acknowledged = self._bytes_acknowledged()
        self.deadline = self.loop.time() + self._limits.body

    def resume_writing(self) -> None:
        """It does."""
        super().resume_writing()
        if self._is_serving():
            self.deadline = math.inf

    # From the parser

    def on_message_begin(self) -> None:
        """A request line begins."""
        self.url = b""
        self.expect_100_continue = False
        self.headers = []
        self._in_header = True
        self._fed = self._header_bytes = 0

    def on_url(self, url: bytes) -> None:
        """A part of the target."""
        self.url += url
        self._header_bytes += len(url)
        if self._header_bytes > self._limits.header:
            raise self._too_large()

    def on_header(self, name: bytes, value: bytes) -> None:
        """A whole field."""
        if len(self.headers) >= HEADER_FIELDS:
            raise Refused(431, f"a request may have {HEADER_FIELDS} header fields")
        self._header_bytes += len(name) + len(value)
        if self._header_bytes > self._limits.header:
            raise self._too_large()
        name = name.lower()
        if name == b"expect" and value.lower() == b"100-continue":
            self.expect_100_continue = True
        self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        """Begin to answer, or let the request wait for those before it."""
        if self.parser.should_upgrade():
            return  # see _feed
        self._in_header = False
        if len(self.pipeline) >= PIPELINED:
            raise Refused(400, f"at most {PIPELINED} requests may wait on one connection")
        self.cycle = cycle = self._exchange()
        self._framing = 0
        if self._is_serving():
            self.flow.pause_reading()
            self.pipeline.appendleft((cycle, self.app))
        else:
            self._start_asgi_task(cycle, self.app)

    def on_body(self, body: bytes) -> None:
        """A part of the body."""
        cycle = self.cycle
        self._framing -= 3 * len(body)
        if cycle.response_complete:
            self._drop(len(body))
            return
        if cycle.hold(body) > HIGH_WATER_LIMIT:
            self.flow.pause_reading()

    def on_chunk_header(self) -> None:
        """A part of the body begins, which costs at least some bytes."""
        self._framing -= _CHUNK_BYTES

    def on_message_complete(self) -> None:
        """The request has all its bytes."""
        if self.parser.should_upgrade():
            return
        self.cycle.more_body = False
        self.cycle.message_event.set()

    # From the request that is answered

    def close(self) -> None:
        """End the connection behind the last byte that was written.

        Closing it while bytes arrive would make the client's kernel throw away what it has not
        read: podman then says "broken pipe" in place of the reason. So who is still sending may go
        on for a while, and nothing of it is kept.
        """
        if self.cycle is None or not (self.cycle.more_body and self.cycle.response_complete):
            self.transport.close()
            return
        self._linger()

    def on_response_complete(self) -> None:
        """Go on with the next request, or wait for it."""
        if self.transport.is_closing() or (self._deaf and not self.pipeline and not self._refusal):
            return
        self.flow.resume_reading()
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())
        elif self._refusal is not None:
            self._say(self._refusal)
        elif self._leaving:
            self.close()
        else:
            self.deadline = self.loop.time() + self._limits.idle

    def _start_asgi_task(self, cycle: Any, app: Any) -> None:
        self._serving = cycle
        if not self.flow.write_paused:
            self.deadline = math.inf
        super()._start_asgi_task(cycle, app)

    # From the worker

    def leave(self) -> None:
        """Close as soon as nothing is asked any more."""
        self._leaving = True
        if self._is_serving():
            self.cycle.keep_alive = False
            self.cycle.default_headers = self.server_state.default_headers
        elif not self._in_header:
            self.close()

    def abort(self) -> None:
        """Close at once; what runs learns of it."""
        self.transport.abort()

    def expire(self, now: float) -> None:
        """Give up on a client: silent, too slow with its header, or not reading."""
        if self.transport.get_write_buffer_size():
            acknowledged = self._bytes_acknowledged()
            if acknowledged <= self._acknowledged:
                logger.debug("a client has read nothing for %g s", self._limits.body)
                self._reset()
            self._acknowledged = acknowledged
            self.deadline = now + self._limits.body
        elif self._deaf or self.transport.is_closing():
            self.transport.abort()
        else:
            self.transport.close()
            self.deadline = now + LINGER_SECONDS

    # Inside

    def _feed(self, data: bytes | memoryview) -> None:
        while data:
            try:
                self.parser.feed_data(data)
            except httptools.HttpParserUpgrade as upgrade:
                header = without_upgrade(self.parser, self.url, self.headers)
                self.parser = httptools.HttpRequestParser(self)
                data = header + data[upgrade.args[0] :]
            else:
                return

    def _too_large(self) -> Refused:
        return Refused(431, f"a request's header may have {self._limits.header} bytes")

    def _exchange(self) -> Exchange:
        scope = read_head(self.parser, self.url, self.headers)
        scope.update(server=self.server, client=self.client, scheme=self.scheme)
        if self._client_certificate is not None:
            scope["extensions"] = {"tls": self._client_certificate}
        # In HTTP/1.0 both sides must ask for it (RFC 9112, 9.3).
        keep_alive = self.parser.should_keep_alive() and not self._leaving
        kept = _KEPT if keep_alive and scope["http_version"] == "1.0" else []
        return Exchange(
            scope=scope,
            transport=self,  # as much of it as an answer needs
            flow=self.flow,
            logger=self.logger,
            access_logger=self.access_logger,
            access_log=False,
            default_headers=[*self.server_state.default_headers, *kept],
            message_event=asyncio.Event(),
            expect_100_continue=self.expect_100_continue,
            keep_alive=keep_alive,
            on_response=self.on_response_complete,
        )

    def _is_serving(self) -> bool:
        return self._serving is not None and not self._serving.response_complete

    def _disconnect(self, cycle: Exchange) -> None:
        if not cycle.response_complete:
            cycle.disconnected = True
        cycle.message_event.set()

    def _refuse(self, refused: Refused) -> None:
        """Answer what is no request, or the broken end of one; nothing more is read."""
        logger.debug("refused at once: %s", refused)
        self._deaf = True
        serving = self._serving
        if serving is None or (serving.response_complete and not self.cycle.more_body):
            self._say(refused.response)
        elif serving.response_complete:
            self.transport.close()  # in the rest of a body that was answered already
        elif serving is not self.cycle or not serving.more_body:
            self._refusal = refused.response  # behind the answers to what was asked before
        elif serving.response_started:
            self.transport.close()
        else:
            self._disconnect(serving)
            self._say(refused.response)

    def _say(self, response: Response) -> None:
        body = response.body if isinstance(response.body, bytes) else b""
        headers = [
            *self.server_state.default_headers,
            *response.headers,
            (b"content-length", b"%d" % len(body)),
            (b"connection", b"close"),
        ]
        phrase = HTTPStatus(response.status).phrase.encode()
        lines = [b"HTTP/1.1 %d %b" % (response.status, phrase)]
        lines += [name + b": " + value for name, value in headers]
        self.transport.write(b"\r\n".join([*lines, b"", body]))
        self._linger()

    def _linger(self) -> None:
        self._deaf = True
        self.flow.resume_reading()
        self.deadline = self.loop.time() + LINGER_SECONDS
        if self.transport.can_write_eof():
            self.transport.write_eof()

    def _drop(self, size: int) -> None:
        self._dropped += size
        if self._dropped > DROPPED_BYTES:
            self.transport.abort()

    def _reset(self) -> None:
        """Close, and let the kernel forget what it has not sent: it would keep it for minutes."""
        connection = self.transport.get_extra_info("socket")
        if connection is not None:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.transport.abort()

    def _bytes_acknowledged(self) -> int:
        """Tell what the client's system has taken so far; 0 where the kernel does not say."""
        connection = self.transport.get_extra_info("socket")
        if connection is None or connection.family == socket.AF_UNIX:
            return -self.transport.get_write_buffer_size()
        info = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _INFO_BYTES)
        if len(info) < _INFO_BYTES:
            return -self.transport.get_write_buffer_size()
        acknowledged: int = struct.unpack_from("=Q", info, _BYTES_ACKED)[0]
        return acknowledged
