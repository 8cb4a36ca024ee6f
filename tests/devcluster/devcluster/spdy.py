"""SPDY/3.1 framing, the server's side, as far as Kubernetes uses it: streams with headers, data, half-close.

kubectl below 1.31 execs and forwards ports over it. Frames: draft-mbelshe-httpbis-spdy-00. No flow control windows:
the clients (moby/spdystream) have none; TCP holds back.
"""

import asyncio
import struct
import zlib

_SYN_STREAM, _SYN_REPLY, _RST_STREAM, _PING, _GOAWAY = 1, 2, 3, 6, 7
_FIN = 1
_CONTROL = 0x80030000
_MAX_DATA = 64 * 1024

# The dictionary that both sides' compressors start with: words of HTTP, most of them with their lengths.
_WORDS = (
    "options head post put delete trace accept accept-charset accept-encoding accept-language accept-ranges age allow "
    "authorization cache-control connection content-base content-encoding content-language content-length "
    "content-location content-md5 content-range content-type date etag expect expires from host if-match "
    "if-modified-since if-none-match if-range if-unmodified-since last-modified location max-forwards pragma "
    "proxy-authenticate proxy-authorization range referer retry-after server te trailer transfer-encoding upgrade "
    "user-agent vary via warning www-authenticate method get status").split() + ["200 OK"] + (
    "version HTTP/1.1 url public set-cookie keep-alive origin").split()
_TAIL = (
    "100101201202205206300302303304305306307402405406407408409410411412413414415416417502504505"
    "203 Non-Authoritative Information204 No Content301 Moved Permanently400 Bad Request401 Unauthorized403 Forbidden"
    "404 Not Found500 Internal Server Error501 Not Implemented503 Service Unavailable"
    "Jan Feb Mar Apr May Jun Jul Aug Sept Oct Nov Dec 00:00:00 Mon, Tue, Wed, Thu, Fri, Sat, Sun, GMT"
    "chunked,text/html,image/png,image/jpg,image/gif,application/xml,application/xhtml+xml,text/plain,"
    "text/javascript,publicprivatemax-age=gzip,deflate,sdchcharset=utf-8charset=iso-8859-1,utf-,*,enq=0.")
DICTIONARY = b"".join(struct.pack(">I", len(word)) + word.encode() for word in _WORDS) + _TAIL.encode()


class Stream:
    """One stream that the client opened. Read with `read`, write with `write`, end our direction with `close`."""

    def __init__(self, session, number, headers):
        self.headers = headers
        self._session = session
        self._number = number
        self._incoming = asyncio.Queue(16)  # bytes; b"" is the end. Full: the session stops reading
        self._ended = False
        self._closed = False

    async def read(self):
        """The next piece of data; b"" when the client has closed its direction."""
        if self._ended:
            return b""
        data = await self._incoming.get()
        self._ended = not data
        return data

    async def write(self, data):
        for at in range(0, len(data), _MAX_DATA):
            await self._session.send_data(self._number, data[at:at + _MAX_DATA], 0)

    async def close(self):
        if not self._closed:
            self._closed = True
            await self._session.send_data(self._number, b"", _FIN)

    async def feed(self, data, fin):
        if data:
            await self._incoming.put(data)
        if fin:
            await self._incoming.put(b"")


class Session:
    """`read_exactly(n)` and `write(data)` are coroutines of the connection; `on_stream(stream)` is called for each.

    `run` returns when the client goes.
    """

    def __init__(self, read_exactly, write, on_stream):
        self._read = read_exactly
        self._write = write
        self._on_stream = on_stream
        self._streams = {}
        self._inflate = zlib.decompressobj(zdict=DICTIONARY)
        self._deflate = zlib.compressobj(zdict=DICTIONARY)

    async def run(self):
        try:
            while True:
                first, second = struct.unpack(">II", await self._read(8))
                body = await self._read(second & 0xffffff)
                flags = second >> 24
                if first & 0x80000000:
                    await self._control(first & 0xffff, flags, body)
                elif first in self._streams:
                    await self._streams[first].feed(body, flags & _FIN)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            for stream in self._streams.values():
                await asyncio.shield(_finish(stream))

    async def send_data(self, number, data, flags):
        await self._write(struct.pack(">II", number, flags << 24 | len(data)) + data)

    async def _send_control(self, kind, flags, body):
        await self._write(struct.pack(">II", _CONTROL | kind, flags << 24 | len(body)) + body)

    async def _control(self, kind, flags, body):
        if kind == _SYN_STREAM:
            number = struct.unpack(">I", body[:4])[0] & 0x7fffffff
            stream = Stream(self, number, self._headers(body[10:]))
            self._streams[number] = stream
            block = self._deflate.compress(struct.pack(">I", 0)) + self._deflate.flush(zlib.Z_SYNC_FLUSH)
            await self._send_control(_SYN_REPLY, 0, struct.pack(">I", number) + block)
            if flags & _FIN:
                await stream.feed(b"", True)
            self._on_stream(stream)
        elif kind == _RST_STREAM:
            stream = self._streams.pop(struct.unpack(">I", body[:4])[0], None)
            if stream:
                await stream.feed(b"", True)
        elif kind == _PING:
            await self._send_control(_PING, 0, body)
        elif kind == _GOAWAY:
            raise ConnectionResetError("the client said good-bye")

    def _headers(self, block):
        """The header block as a dict with lower-case names."""
        raw = self._inflate.decompress(block)
        count, at, headers = struct.unpack(">I", raw[:4])[0], 4, {}
        for _ in range(count):
            pair = []
            for _ in range(2):
                length = struct.unpack(">I", raw[at:at + 4])[0]
                pair.append(raw[at + 4:at + 4 + length].decode())
                at += 4 + length
            headers[pair[0].lower()] = pair[1]
        return headers


async def _finish(stream):
    """Wakes a reader of a stream whose connection is gone, even when its queue is full."""
    while True:
        try:
            stream._incoming.put_nowait(b"")
            return
        except asyncio.QueueFull:
            stream._incoming.get_nowait()
