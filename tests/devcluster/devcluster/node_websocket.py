"""The server's end of a WebSocket (RFC 6455), on a connection that was taken over from aiohttp.

Callbacks only, no task for each message: what comes is passed on at once, and whoever can't take more pauses the
connection. As in the real server's library, every data frame counts as a message of its own, continuations too.
"""

import asyncio
import base64
import hashlib
import struct

from aiohttp import http_websocket

from . import http_server

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10
_MOST = 32 << 20  # bytes in a message
_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


def choose(request, supported):
    """The first protocol offered that is supported; "" if none was offered; None if there is none in common."""
    offered = [each.strip() for value in request.headers.getall("Sec-WebSocket-Protocol", [])
               for each in value.split(",") if each.strip()]
    if not offered:
        return ""
    return next((each for each in offered if each in supported), None)


def refuse(request):
    """Answers a handshake with unknown protocols only, as bare as the real server does."""
    _, transport = http_server.take_over(request)
    transport.write(b"HTTP/1.1 403 Forbidden\r\nConnection: close\r\n\r\n")
    return http_server.Taken()


class WebSocket:
    """`on_message(payload)` gets each message (bytearray); `on_end()` is called once when nothing more will come.

    Both may be called from `start` on.
    """

    def __init__(self, request, protocol, on_message, on_end):
        self._on_message = on_message
        self._on_end = on_end
        self._buffer = bytearray()
        self._ended = asyncio.Event()
        self._writable = asyncio.Event()
        self._writable.set()
        self.on_writable = self.on_full = lambda: None
        self.text = protocol.startswith(("base64", "v4.base64"))
        self._request = request
        self._transport = request.transport
        self._protocol = protocol

    def start(self):
        """Answers the handshake."""
        accept = base64.b64encode(hashlib.sha1(self._request.headers["Sec-WebSocket-Key"].encode() + _GUID).digest())
        head = ("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                f"Sec-WebSocket-Accept: {accept.decode()}\r\nSec-WebSocket-Protocol: {self._protocol}\r\n\r\n")
        self._transport.write(head.encode())
        http_server.take_over(self._request, self)

    # Sending

    def send(self, channel, data):
        """One message, or several of 32 KiB (what the real server reads at a time) if there is more."""
        pieces = []
        view = memoryview(data)
        for start in range(0, len(data) or 1, 32768):
            part = view[start:start + 32768]
            if self.text:
                part = base64.b64encode(part)
                pieces += [_head(TEXT, len(part) + 1), bytes([48 + channel]), part]
            else:
                pieces += [_head(BINARY, len(part) + 1), bytes([channel]), part]
        if not self._ended.is_set():
            self._transport.write(b"".join(pieces))

    @property
    def writable(self):
        """Whether the client has taken most of what was sent."""
        return self._writable.is_set()

    async def drained(self):
        """Waits until it is writable, or the client is gone."""
        await self._writable.wait()

    def close(self, code=1000):
        """Sends what is left, then Close, and ends the connection."""
        if not self._ended.is_set():
            self._transport.write(_head(CLOSE, 2) + struct.pack(">H", code))
            self._transport.close()
            self._end()

    async def wait(self):
        await self._ended.wait()

    def pause_reading(self):
        if not self._ended.is_set():
            self._transport.pause_reading()

    def resume_reading(self):
        if not self._ended.is_set():
            self._transport.resume_reading()

    # Called by the connection

    def pause_writing(self):
        self._writable.clear()
        self.on_full()

    def resume_writing(self):
        self._writable.set()
        self.on_writable()

    def feed_eof(self):
        self._end()

    def feed_data(self, data):
        self._buffer += data
        while not self._ended.is_set() and self._next_frame():
            pass

    def _next_frame(self):
        buffer = self._buffer
        if len(buffer) < 2:
            return False
        opcode, length, at = buffer[0] & 15, buffer[1] & 127, 2
        if length >= 126:
            size = 2 if length == 126 else 8
            if len(buffer) < 2 + size:
                return False
            length, at = int.from_bytes(buffer[2:2 + size], "big"), 2 + size
        if length > _MOST or not buffer[1] & 128:
            self.close(1009 if length > _MOST else 1002)
            return False
        if len(buffer) < at + 4 + length:
            return False
        payload = buffer[at + 4:at + 4 + length]
        http_websocket._websocket_mask(bytes(buffer[at:at + 4]), payload)
        del buffer[:at + 4 + length]
        self._handle(opcode, payload)
        return True

    def _handle(self, opcode, payload):
        if opcode == CLOSE:
            self.close()
        elif opcode == PING:
            self._transport.write(_head(PONG, len(payload)) + bytes(payload))
        elif opcode <= BINARY:
            self._on_message(payload)

    def _end(self):
        if not self._ended.is_set():
            self._ended.set()
            self._writable.set()
            self._on_end()


def _head(opcode, length):
    if length < 126:
        return bytes([0x80 | opcode, length])
    if length < 65536:
        return struct.pack(">BBH", 0x80 | opcode, 126, length)
    return struct.pack(">BBQ", 0x80 | opcode, 127, length)
