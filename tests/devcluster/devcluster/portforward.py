"""`pods/portforward` over WebSocket: v4.channel.k8s.io and v4.base64.channel.k8s.io.

The API server authenticates, authorizes and finds the pod; the rest is here:

    await portforward.serve(cluster, request, pod) -> aiohttp response; ApiError for refusals with a Status body

`request` is the aiohttp request, `pod` the Pod object. SPDY (also inside WebSocket) is the API server's:
it asks the node for connections by `node.portforward(pod, port)`, and words failures with `refused_text`.

Port number i of the query has data channel 2i and error channel 2i+1; both are announced with the port's number
before anything is connected. There is no half-close: one second after one direction has ended, so does the other
(the container runtime's grace). The WebSocket ends with its last port.
"""

import asyncio
import base64
import errno
import hashlib
import struct

from aiohttp import web

from . import errors, http_server, node_websocket

_PROTOCOLS = ("v4.channel.k8s.io", "v4.base64.channel.k8s.io")
_GRACE = 1.0  # seconds between the end of one direction and the end of the other


async def serve(cluster, request, pod):
    ports = _ports(request)
    if not ports:
        return web.Response(status=400, text='query parameter "port" is required')
    protocol = node_websocket.choose(request, _PROTOCOLS)
    if protocol is None:
        return node_websocket.refuse(request)
    refused = refusal(cluster, request, pod)
    if refused is not None:
        return refused
    session = _Session(cluster, request, protocol, pod, ports)
    await session.run()
    return http_server.Taken()


def refusal(cluster, _, pod):
    """kubelet's answer where the pod doesn't run (any more); None where it does."""
    if cluster.node.worker_of(pod) is not None:
        return None
    meta = pod["metadata"]
    return web.Response(status=500, text=f"pod not found (\"{meta['name']}_{meta['namespace']}\")")


def _ports(request):
    ports = []
    for text in request.query.getall("ports", []):
        for word in text.split(","):
            problem = "invalid syntax" if not word.isdecimal() else "value out of range" if int(word) > 65535 else None
            if problem:
                raise errors.bad_request(f'cannot convert to []int32: strconv.ParseUint: parsing "{word}": {problem}')
            ports.append(int(word))
    return ports


def refused_text(pod, port, error):
    """What kubelet and containerd say when nobody listens on the port."""
    sandbox = hashlib.sha256(pod["metadata"]["uid"].encode()).hexdigest()
    uid = pod["metadata"]["uid"]
    if error.errno == errno.ECONNREFUSED:
        why = (f'failed to connect to localhost:{port} inside namespace "{sandbox}", IPv4: dial tcp4 127.0.0.1:{port}: '
               f"connect: connection refused IPv6 dial tcp6 [::1]:{port}: connect: connection refused ")
    else:
        why = f'network namespace for sandbox "{sandbox}" is closed'
    return (f"error forwarding port {port} to pod {sandbox}, uid : failed to execute portforward in network namespace "
            f'"/var/run/netns/cni-{uid}": {why}')


class _Session:
    """One WebSocket and its ports."""

    def __init__(self, cluster, request, protocol, pod, ports):
        self._node = cluster.node
        self._pod = pod
        self._streams = [_Stream(self, index, port) for index, port in enumerate(ports)]
        self._open = len(ports)
        self.socket = node_websocket.WebSocket(request, protocol, self._message, self._end)
        self.socket.on_full = self._full
        self.socket.on_writable = self._writable

    async def run(self):
        self.socket.start()
        for index, stream in enumerate(self._streams):
            for channel in (2 * index, 2 * index + 1):
                self.socket.send(channel, struct.pack("<H", stream.port))
        tasks = [asyncio.ensure_future(stream.connect(self._node, self._pod)) for stream in self._streams]
        try:
            await self.socket.wait()
        finally:
            for task in tasks:
                task.cancel()
            self._end()

    def stream_ended(self):
        self._open -= 1
        if self._open == 0:
            self.socket.close()

    def update_reading(self):
        """The client is read from only while every pod connection can take more: channels share one connection."""
        if any(stream.full for stream in self._streams):
            self.socket.pause_reading()
        else:
            self.socket.resume_reading()

    def _message(self, payload):
        if not payload:
            return
        channel = payload[0]
        if self.socket.text:
            channel -= 48
            payload[1:] = base64.b64decode(bytes(payload[1:]))
        if channel % 2 == 0 and 0 <= channel // 2 < len(self._streams):
            del payload[:1]
            self._streams[channel // 2].to_pod(payload)

    def _full(self):
        for stream in self._streams:
            stream.pause()

    def _writable(self):
        for stream in self._streams:
            stream.resume()

    def _end(self):
        for stream in self._streams:
            stream.abort()


class _Stream(asyncio.Protocol):
    """One port: the connection in the pod. What it reads goes to the client, and the other way round."""

    def __init__(self, session, index, port):
        self.port = port
        self.full = False       # the pod doesn't take more at the moment
        self._session = session
        self._channel = 2 * index
        self._transport = None
        self._waiting = bytearray()  # from the client, before the pod's connection is there
        self._ended = False

    async def connect(self, node, pod):
        try:
            connection = await node.connect(pod, self.port)
        except OSError as error:
            self._session.socket.send(self._channel + 1, refused_text(pod, self.port, error).encode())
            self._finish()
            return
        if self._ended:
            connection.close()
            return
        await asyncio.get_running_loop().create_connection(lambda: self, sock=connection)

    def to_pod(self, data):
        if self._transport is not None:
            self._transport.write(data)
        elif not self._ended:
            self._waiting += data
            if len(self._waiting) > 1 << 20:
                self.pause_writing()

    def pause(self):
        if self._transport is not None:
            self._transport.pause_reading()

    def resume(self):
        if self._transport is not None:
            self._transport.resume_reading()

    def abort(self):
        self._ended = True
        if self._transport is not None:
            self._transport.close()

    # The pod's connection

    def connection_made(self, transport):
        self._transport = transport
        transport.set_write_buffer_limits(1 << 20)
        if not self._session.socket.writable:
            transport.pause_reading()
        if self._waiting:
            transport.write(bytes(self._waiting))
            self._waiting.clear()
            self.resume_writing()

    def data_received(self, data):
        self._session.socket.send(self._channel, data)

    def eof_received(self):
        asyncio.get_running_loop().call_later(_GRACE, self._finish)
        return True  # the other direction has its second

    def connection_lost(self, _):
        self._transport = None
        if not self._ended:
            asyncio.get_running_loop().call_later(_GRACE, self._finish)

    def pause_writing(self):
        self.full = True
        self._session.update_reading()

    def resume_writing(self):
        if self.full:
            self.full = False
            self._session.update_reading()

    def _finish(self):
        if not self._ended:
            self.abort()
            self._session.stream_ended()
