"""The cluster's front door: it relays between the sockets of the host's loopback and the API server.

Between the two it can do what load balancers, laptops and cables do: cut, stall without closing, cut the idle,
refuse; to all connections, or only to those that the server has marked as streams to pods. It knows nothing of TLS
or HTTP. The listening socket was bound outside the cluster's network namespace; it must keep its port while nobody is
let in, so refusing is shutdown(2), which makes a TCP listener of Linux answer with resets and stay bound, and letting
in again is listen(2).
"""

import asyncio
import contextlib
import socket
import struct

_CHUNK = 256 * 1024
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


def open_listener(port=0):
    """A listening socket on the loopback whose port stays reserved through shutdown(2).

    Only an explicitly bound port is kept by the kernel, hence the second bind.
    """
    while True:
        first = socket.create_server(("127.0.0.1", port))
        number = first.getsockname()[1]
        first.close()
        second = socket.socket()
        second.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            second.bind(("127.0.0.1", number))
            second.listen(4096)
        except OSError:
            second.close()
            if port:
                raise
            continue
        second.setblocking(False)
        return second


class Gate:
    """`serve(socket, connection)` is given one end of a socket pair for each connection.

    It may set `connection.is_stream`.
    """

    def __init__(self, listener, serve):
        self._listener = listener
        self._serve = serve
        self._connections = set()
        self._stalled = None  # None, "all" or "streams"
        self._flow_changed = asyncio.Event()
        self._open = True
        self._idle_limit = None
        self._tasks = []

    def start(self):
        loop = asyncio.get_running_loop()
        loop.add_reader(self._listener, self._accept)
        self._tasks = [loop.create_task(self._cut_idle())]

    def stop(self):
        asyncio.get_running_loop().remove_reader(self._listener)
        for task in self._tasks:
            task.cancel()
        self.cut()
        self._listener.close()

    # What can go wrong on a way to a cluster

    def cut(self, streams_only=False):
        """Resets every connection (or stream); returns how many there were."""
        chosen = [each for each in self._connections if each.is_stream or not streams_only]
        for connection in chosen:
            connection.close(reset=True)
        return len(chosen)

    def stall(self, streams_only=False):
        """From now on no byte moves, in either direction, on any connection (or stream); none is closed."""
        self._stalled = "streams" if streams_only else "all"

    def lose(self, streams_only=False):
        """The present connections (or streams) carry nothing any more, and nobody is told; new ones do."""
        chosen = [each for each in self._connections if each.is_stream or not streams_only]
        for connection in chosen:
            connection.lost = True
        return len(chosen)

    def resume(self):
        self._stalled = None
        self._flow_changed.set()
        self._flow_changed = asyncio.Event()

    async def flow(self, connection):
        """Returns when this connection's bytes may move."""
        while connection.lost or self._stalled == "all" or (self._stalled == "streams" and connection.is_stream):
            await self._flow_changed.wait()

    def cut_idle_after(self, seconds):
        """Connections without a byte for so long are closed; None ends the rule."""
        self._idle_limit = seconds

    def refuse(self):
        """New connections are refused; the present ones stay."""
        if self._open:
            self._open = False
            asyncio.get_running_loop().remove_reader(self._listener)
            self._listener.shutdown(socket.SHUT_RD)

    def admit(self):
        if not self._open:
            self._open = True
            self._listener.listen(4096)
            asyncio.get_running_loop().add_reader(self._listener, self._accept)

    # Inside

    def _accept(self):
        for _ in range(64):
            try:
                outer, _address = self._listener.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError:  # refused just now: nothing listens any more
                return
            outer.setblocking(False)
            outer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            inner, served = socket.socketpair()
            inner.setblocking(False)
            served.setblocking(False)
            connection = _Connection(self, self._connections, outer, inner)
            self._connections.add(connection)
            connection.start()
            self._serve(served, connection)

    async def _cut_idle(self):
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(0.1)
            if self._idle_limit is None:
                continue
            for connection in list(self._connections):
                if loop.time() - connection.last_byte > self._idle_limit:
                    connection.close(reset=False)


class _Connection:
    def __init__(self, gate, registry, outer, inner):
        self.is_stream = False
        self.lost = False
        self._gate = gate
        self._registry = registry
        self._outer = outer
        self._inner = inner
        self._pumps = []
        self.last_byte = asyncio.get_running_loop().time()

    def start(self):
        loop = asyncio.get_running_loop()
        self._pumps = [loop.create_task(self._pump(self._outer, self._inner)),
                       loop.create_task(self._pump(self._inner, self._outer))]
        self._watcher = loop.create_task(self._finish())

    async def _pump(self, source, target):
        loop = asyncio.get_running_loop()
        while True:
            data = await loop.sock_recv(source, _CHUNK)
            await self._gate.flow(self)
            self.last_byte = loop.time()
            if not data:
                target.shutdown(socket.SHUT_WR)
                return
            await loop.sock_sendall(target, data)

    async def _finish(self):
        """Ends with both directions, or with the first error of one."""
        done, _ = await asyncio.wait(self._pumps, return_when=asyncio.FIRST_EXCEPTION)
        failed = any(pump.cancelled() or pump.exception() for pump in done)
        self._close_sockets(reset=failed)

    def close(self, reset):
        self._watcher.cancel()
        for pump in self._pumps:
            pump.cancel()
        # The pumps give their sockets back to the loop when they next run; only then may these be closed.
        asyncio.get_running_loop().create_task(self._close_after_pumps(reset))
        self._registry.discard(self)

    async def _close_after_pumps(self, reset):
        await asyncio.gather(*self._pumps, return_exceptions=True)
        self._close_sockets(reset)

    def _close_sockets(self, reset):
        for pump in self._pumps:
            if not pump.done():
                pump.cancel()
        self._registry.discard(self)
        if reset:
            with contextlib.suppress(OSError):
                self._outer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        self._outer.close()
        self._inner.close()
