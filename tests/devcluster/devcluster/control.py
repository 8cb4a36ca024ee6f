"""The control channel: a Unix socket in the abstract namespace, one JSON request and one JSON answer a connection.

Request: a list of words, the first names the command. Answer: {"ok": true, "text": "..."} or {"ok": false, ...}.
An abstract socket leaves nothing behind; it was bound before the network namespace was entered, so that `ctl` outside
reaches it. Only processes of the same user (or root) are served.
"""

import asyncio
import json
import os
import socket
import struct

from . import errors


def open_socket():
    """(listening socket, its name for `ctl`)"""
    listener = socket.socket(socket.AF_UNIX)
    name = f"ferry-devcluster-{os.getpid()}"
    listener.bind("\0" + name)
    listener.listen(16)
    listener.setblocking(False)
    return listener, name


def ask(name, words):
    """What `ctl` does: (ok, text)."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect("\0" + name)
        connection.sendall(json.dumps(words).encode() + b"\n")
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    reply = json.loads(answer)
    return reply["ok"], reply["text"]


class Control:
    def __init__(self, cluster, listener):
        self._cluster = cluster
        self._listener = listener
        self._server = None

    async def start(self):
        self._server = await asyncio.start_unix_server(self._serve, sock=self._listener)

    async def stop(self):
        self._server.close()

    async def _serve(self, reader, writer):
        try:
            words = json.loads(await reader.readline())
            if not self._may_ask(writer):
                ok, text = False, "only the user who started the cluster may do that"
            else:
                ok, text = await self._run(words)
            writer.write(json.dumps({"ok": ok, "text": text}).encode())
            await writer.drain()
        except (ConnectionError, ValueError):
            pass
        finally:
            writer.close()

    @staticmethod
    def _may_ask(writer):
        """In here whoever started the cluster is user 0; in a user namespace strangers are the overflow user."""
        raw = writer.get_extra_info("socket").getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
        return struct.unpack("3i", raw)[1] == os.geteuid()

    async def _run(self, words):
        faults = self._cluster.faults
        if not words or words[0] not in faults:
            return False, f"no such command; there are: {', '.join(sorted(faults))}"
        try:
            return True, await faults[words[0]](self._cluster, words[1:]) or ""
        except errors.ApiError as error:
            return False, error.message
        except (ValueError, LookupError, IndexError, OSError) as error:
            return False, f"{words[0]}: {error}"
