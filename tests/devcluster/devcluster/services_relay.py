"""ClusterIPs without nftables: this process listens on them and passes connections on. TCP only."""

import asyncio
import random

from . import netns


class Relay:
    def __init__(self):
        self._table = {}
        self._servers = {}

    def start(self):
        # Every address of the network counts as the node's own, so that it can be listened on.
        netns.ip_batch([f"route del {netns.SERVICE_NETWORK} dev lo", f"route add local {netns.SERVICE_NETWORK} dev lo"])

    async def apply(self, table):
        """Listens where there are backends. Where there are none, nobody listens, and connections are refused."""
        self._table = table
        wanted = {key for key, backends in table.items() if backends and key[1] == "tcp"}
        for key in set(self._servers) - wanted:
            self._servers.pop(key).close()
        for key in wanted - set(self._servers):
            self._servers[key] = await asyncio.start_server(
                lambda reader, writer, key=key: self._serve(key, reader, writer), key[0], key[2])

    async def _serve(self, key, reader, writer):
        try:
            backend = random.choice(self._table[key])
            inner_reader, inner_writer = await asyncio.open_connection(backend.address, backend.port)
        except (OSError, IndexError, KeyError):
            writer.transport.abort()
            return
        await asyncio.gather(_pump(reader, inner_writer), _pump(inner_reader, writer))
        for each in (writer, inner_writer):
            each.close()


async def _pump(reader, writer):
    """One direction; its end is passed on, and the other direction goes on."""
    try:
        while data := await reader.read(1 << 16):
            writer.write(data)
            await writer.drain()
        writer.write_eof()
    except OSError:
        writer.transport.abort()
