"""aiohttp's server with a way out of HTTP: after an upgrade, a handler may take the connection's bytes itself."""

import asyncio

from aiohttp import web, web_protocol


class _Handler(web_protocol.RequestHandler):
    """Feeds everything that arrives after `take_over` into a StreamReader instead of the HTTP parser."""

    _taken = None

    def data_received(self, data):
        if self._taken is not None:
            self._taken.feed_data(data)
        else:
            super().data_received(data)

    def eof_received(self):
        if self._taken is not None:
            self._taken.feed_eof()
        return super().eof_received()

    def connection_lost(self, error):
        if self._taken is not None:
            self._taken.feed_eof()
        super().connection_lost(error)


class Server(web.Server):
    def __call__(self):
        return _Handler(self, loop=self._loop, **self._kwargs)


def take_over(request):
    """(reader, transport): from now on this connection's bytes are the caller's. Answer the request by hand."""
    handler = request.protocol
    reader = asyncio.StreamReader(limit=1 << 20)
    reader.set_transport(request.transport)
    handler._taken = reader
    return reader, request.transport


async def drain(request):
    """Waits until what was written to a connection that was taken over can go on."""
    await request.protocol._drain_helper()


class Taken(web.StreamResponse):
    """What a handler returns after it has taken over: aiohttp writes nothing and closes the connection."""

    def __init__(self):
        super().__init__()
        self._eof_sent = True
        self._body = b""

    async def prepare(self, request):
        self.force_close()
        return None

    async def write_eof(self, data=b""):
        return None
