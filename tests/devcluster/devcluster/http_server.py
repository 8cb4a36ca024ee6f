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
        running = self._task_handler
        super().connection_lost(error)
        # Nobody is left to answer. aiohttp 3.8 cancels the handler by itself, 3.9 doesn't.
        if running is not None and not running.cancelling():
            running.cancel()

    def pause_writing(self):
        super().pause_writing()
        if hasattr(self._taken, "pause_writing"):
            self._taken.pause_writing()

    def resume_writing(self):
        super().resume_writing()
        if hasattr(self._taken, "resume_writing"):
            self._taken.resume_writing()


class Server(web.Server):
    def __call__(self):
        return _Handler(self, loop=self._loop, **self._kwargs)


def take_over(request, sink=None):
    """(reader, transport): from now on this connection's bytes are the caller's. Answer the request by hand.

    `sink` takes the place of the StreamReader where speed matters: an object with feed_data(bytes), feed_eof(), and
    pause_writing() and resume_writing() as an asyncio protocol has them.
    """
    handler = request.protocol
    reader = sink
    if reader is None:
        reader = asyncio.StreamReader(limit=1 << 20)
        reader.set_transport(request.transport)
    handler._taken = reader
    if handler._message_tail:  # what came together with the request
        reader.feed_data(handler._message_tail)
        handler._message_tail = b""
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
