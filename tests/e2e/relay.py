"""What bad networks do: a relay on the loopback that does it to connections, and packets that are dropped.

One thread with an event loop of its own serves all connections; what a test asks for is done when the call returns.
"""

import asyncio
import contextlib
import socket
import struct
import subprocess
import threading

CHUNK = 256 * 1024
RESET = struct.pack("ii", 1, 0)  # SO_LINGER: on, 0 s


class Relay:
    """`with Relay(host, port) as relay:`; connections to relay.port go to host:port."""

    def __init__(self, host, port):
        self._target = (host, port)
        self._source = None  # the address from which connections go on; none: the kernel's choice
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._links = set()
        self._up = True
        self._flows = asyncio.Event()
        self._flows.set()
        self._delay = 0  # seconds, each way
        self._rate = None  # bytes per second, each connection and way
        self._idle = None  # seconds without a byte after which a connection is cut
        self._corrupt = 0  # chunks, from the target, that are still to be spoilt
        self.accepted = 0
        self.relayed = 0  # bytes

    def __enter__(self):
        self._thread.start()
        self._server = self._do(self._listen)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    def __exit__(self, *why):
        self._do(self._end)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    # --- what a test may ask for ---

    def cut(self):
        """Resets every connection; new ones go through."""
        self._do(self._cut)

    def down(self):
        """Resets every connection, those that come as well."""
        self._do(self._set, "_up", False)
        self.cut()

    def black_hole(self):
        """Connections stay, new ones are accepted, and nothing comes through."""
        self._do(self._hold)

    def swallow(self):
        """What comes on the connections that there are is dropped from now on; new ones go through."""
        self._do(self._swallow)

    def move(self, address):
        """Connections that come from now on reach the target from another address, as of a laptop that roams."""
        self._do(self._set, "_source", (address, 0))

    def delay(self, seconds):
        self._do(self._set, "_delay", seconds)

    def limit(self, bytes_per_second):
        self._do(self._set, "_rate", bytes_per_second)

    def cut_idle(self, seconds):
        """Connections that carry nothing for so long, either way, are reset."""
        self._do(self._set, "_idle", seconds)

    def corrupt(self, chunks=1):
        """Flips a byte in each of the next so many chunks that the target sends."""
        self._do(self._set, "_corrupt", chunks)

    def heal(self):
        """Undoes what goes on: down(), black_hole(), delay(), limit(), cut_idle(), corrupt()."""
        self._do(self._heal)

    # --- on the loop's thread ---

    def _do(self, what, *arguments):
        async def work():
            result = what(*arguments)
            return await result if asyncio.iscoroutine(result) else result

        return asyncio.run_coroutine_threadsafe(work(), self._loop).result(20)

    async def _listen(self):
        self._watch = asyncio.ensure_future(self._watch_idle())
        return await asyncio.start_server(self._serve, "127.0.0.1", 0, limit=CHUNK)

    def _set(self, name, value):
        setattr(self, name, value)

    def _hold(self):
        self._flows.clear()

    def _heal(self):
        self._up, self._delay, self._rate, self._idle, self._corrupt = True, 0, None, None, 0
        self._flows.set()

    def _swallow(self):
        for link in self._links:
            link.swallows = True

    def _cut(self):
        for link in list(self._links):
            link.reset()

    async def _end(self):
        self._server.close()
        self._cut()
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()

    async def _serve(self, reader, writer):
        self.accepted += 1
        link = _Link(writer)
        self._links.add(link)
        try:
            if not self._up:
                return
            await self._flows.wait()
            answers, asks = await asyncio.open_connection(*self._target, local_addr=self._source, limit=CHUNK)
            for end in (writer, asks):  # a line, not a store
                end.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, CHUNK)
            link.writers.append(asks)
            await asyncio.gather(self._pump(link, reader, asks, False), self._pump(link, answers, writer, True))
            for each in link.writers:
                each.close()  # behind what it still has to send
        except OSError:
            pass
        finally:
            if not writer.is_closing():
                link.reset()
            self._links.discard(link)

    async def _watch_idle(self):
        while True:
            await asyncio.sleep(0.2)
            for link in list(self._links):
                if self._idle and self._loop.time() - link.last > self._idle:
                    link.reset()

    async def _pump(self, link, reader, writer, from_target):
        while data := await reader.read(CHUNK):
            link.last = self._loop.time()
            if link.swallows:
                continue
            await self._flows.wait()
            if self._rate:
                await asyncio.sleep(len(data) / self._rate)
            if from_target and self._corrupt:
                self._corrupt -= 1
                data = _spoil(data)
            self.relayed += len(data)
            if self._delay:
                self._loop.call_later(self._delay, writer.write, data)
            else:
                writer.write(data)
            await writer.drain()
        await asyncio.sleep(self._delay)
        writer.write_eof()


class _Link:
    def __init__(self, writer):
        self.writers = [writer]
        self.swallows = False
        self.last = asyncio.get_running_loop().time()  # when a byte came

    def reset(self):
        for writer in self.writers:
            with contextlib.suppress(OSError):
                writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            writer.transport.abort()


def _spoil(data):
    spoilt = bytearray(data)
    spoilt[len(spoilt) // 2] ^= 0x20
    return bytes(spoilt)


@contextlib.contextmanager
def dropped_packets(*ports):
    """To and from these ports, of TCP and of UDP, in this thread's network."""
    both = "{ " + ", ".join(map(str, ports)) + " }"
    rules = "; ".join(f"meta l4proto {{ tcp, udp }} th {side} {both} drop" for side in ("sport", "dport"))
    subprocess.run(["nft", f"table inet fault {{ chain in {{ type filter hook input priority 0; {rules}; }}; }}"], check=True)
    try:
        yield
    finally:
        subprocess.run(["nft", "delete table inet fault"], check=True)
