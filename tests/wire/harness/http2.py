"""HTTP/2 without TLS, by prior knowledge (RFC 9113 section 3.3)."""

import socket

import h2.config
import h2.connection
import h2.errors
import h2.events

from tests.waiting import PATIENCE
from tests.wire.harness.exchange import Reply, Request

READ = 65_536


class StreamBroken(Exception):
    """The server reset the stream or closed the connection before its answer was whole."""


class Http2:
    """One connection; one stream after the other, or some at once."""

    name = "HTTP/2"

    def __init__(self, authority: str) -> None:
        self.authority = authority
        self._open()

    def send(self, request: Request) -> Reply:
        """Send one request on a stream of its own; on a new connection where the server left."""
        try:
            return self._send(request)
        except (StreamBroken, ConnectionError):
            if not self._closed:
                raise
            self.close()
            self._open()
            return self._send(request)

    def send_together(self, requests: list[Request]) -> list[Reply]:
        """Send requests without bodies at once, each on a stream of its own."""
        streams = [self._begin(request) for request in requests]
        while not all(stream.done for stream in streams):
            self._read(streams)
        return [stream.reply() for stream in streams]

    def send_and_reset(self, request: Request, after: int) -> None:
        """Send a request and that many bytes of its body, then give the stream up."""
        stream = self._begin(request)
        stream.pending = stream.pending[:after]
        while stream.pending:
            self._send_data(stream)
            if stream.pending:
                self._read([stream])
        self._connection.reset_stream(stream.id, h2.errors.ErrorCodes.CANCEL)
        self._flush()

    def _send(self, request: Request) -> Reply:
        stream = self._begin(request)
        while not stream.done:
            if not stream.sent and stream.status == 0:
                self._send_data(stream)
                if not stream.pending:
                    self._connection.end_stream(stream.id)
                    self._flush()
                    stream.sent = True
                    continue
            self._read([stream])
        return stream.reply()

    def _begin(self, request: Request) -> "_Stream":
        stream = _Stream(self._connection.get_next_available_stream_id(), request)
        host = request.header("host") or self.authority
        headers = [
            (":method", request.method),
            (":scheme", "http"),
            (":authority", host),
            (":path", request.target),
            *((name, value) for name, value in request.wire_headers() if name != "host"),
        ]
        self._connection.send_headers(stream.id, headers, end_stream=request.body is None)
        self._flush()
        return stream

    def close(self) -> None:
        """Close the connection."""
        self._socket.close()

    def _open(self) -> None:
        host, _, port = self.authority.partition(":")
        self._socket = socket.create_connection((host, int(port)), timeout=PATIENCE)
        # Without it the kernel holds a small body back until the header is acknowledged: 40 ms.
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        config = h2.config.H2Configuration(client_side=True, header_encoding="latin-1")
        self._connection = h2.connection.H2Connection(config)
        self._connection.initiate_connection()
        self._closed = False
        self._flush()

    def _flush(self) -> None:
        self._socket.sendall(self._connection.data_to_send())

    def _send_data(self, stream: "_Stream") -> None:
        """Send as much of the body as the server's windows have room for."""
        while stream.pending:
            window = self._connection.local_flow_control_window(stream.id)
            room = min(window, self._connection.max_outbound_frame_size)
            if room <= 0:
                return
            piece, stream.pending = stream.pending[:room], stream.pending[room:]
            self._connection.send_data(stream.id, piece)
            self._flush()

    def _read(self, streams: "list[_Stream]") -> None:
        received = self._socket.recv(READ)
        if not received:
            self._closed = True
            raise StreamBroken("the server closed the connection")
        for event in self._connection.receive_data(received):
            if isinstance(event, h2.events.ConnectionTerminated):
                self._closed = True
            elif isinstance(event, h2.events.DataReceived):
                self._connection.acknowledge_received_data(
                    event.flow_controlled_length or 0, event.stream_id
                )
            for stream in streams:
                stream.take(event)
        self._flush()


class _Stream:
    def __init__(self, stream_id: int, request: Request) -> None:
        self.id = stream_id
        self.pending = request.body or b""
        self.sent = request.body is None
        self.status = 0
        self.headers: list[tuple[str, str]] = []
        self.answer = bytearray()
        self.done = False

    def reply(self) -> Reply:
        return Reply(self.status, tuple(self.headers), bytes(self.answer))

    def take(self, event: h2.events.Event) -> None:
        if getattr(event, "stream_id", None) != self.id:
            return
        if isinstance(event, h2.events.ResponseReceived):
            for name, value in _texts(event.headers):
                if name == ":status":
                    self.status = int(value)
                else:
                    self.headers.append((name, value))
        elif isinstance(event, h2.events.DataReceived):
            self.answer += event.data or b""
        elif isinstance(event, h2.events.StreamEnded):
            self.done = True
        elif isinstance(event, h2.events.StreamReset):
            # NO_ERROR after an answer: the server does not want the rest of the body.
            if not self.status or event.error_code != h2.errors.ErrorCodes.NO_ERROR:
                raise StreamBroken(f"the server reset the stream: {event.error_code}")
            self.done = True


def _texts(headers: object) -> list[tuple[str, str]]:
    assert isinstance(headers, list)
    return [(str(name), str(value)) for name, value in headers]
