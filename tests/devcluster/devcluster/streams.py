"""exec and port-forward over SPDY: bare (kubectl below 1.31), or port-forward's inside a WebSocket (1.31 and on)."""

import asyncio
import json

from aiohttp import WSMsgType, web

from . import errors, exec as exec_route, http_server, portforward, spdy

TUNNEL_PROTOCOL = "SPDY/3.1+portforward.k8s.io"
_EXEC_PROTOCOLS = ("v4.channel.k8s.io", "v3.channel.k8s.io", "v2.channel.k8s.io", "channel.k8s.io")
_FORWARD_PROTOCOL = "portforward.k8s.io"
_GRACE = 1.0  # the container runtime's: between the ends of the two directions


async def serve_spdy(cluster, request, pod, subresource):
    offered = [word.strip() for value in request.headers.getall("X-Stream-Protocol-Version", [])
               for word in value.split(",")]
    known = (_FORWARD_PROTOCOL,) if subresource == "portforward" else _EXEC_PROTOCOLS
    protocol = next((each for each in known if each in offered), None)
    if protocol is None:
        raise errors.ApiError(403, "Forbidden", f"unable to upgrade: unable to negotiate protocol: client supports "
                              f"{offered}, server accepts {list(known)}", {})
    refused = (portforward if subresource == "portforward" else exec_route).refusal(cluster, request, pod)
    if refused is not None:
        return refused
    if subresource == "portforward":
        handler = _Forward(cluster, pod)
    else:
        handler = _Exec(exec_route.starter(cluster.node, request, pod, subresource == "attach"), request, protocol)
    reader, transport = http_server.take_over(request)
    transport.write(("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n"
                     f"X-Stream-Protocol-Version: {protocol}\r\n\r\n").encode())

    async def write(data):
        transport.write(data)
        await http_server.drain(request)
    await handler.run(spdy.Session(reader.readexactly, write, handler.on_stream))
    transport.close()
    return http_server.Taken()


async def serve_tunnel(cluster, request, pod):
    """SPDY frames as the bytes of a WebSocket's binary messages."""
    refused = portforward.refusal(cluster, request, pod)
    if refused is not None:
        return refused
    socket = web.WebSocketResponse(protocols=[TUNNEL_PROTOCOL], compress=False, max_msg_size=0)
    await socket.prepare(request)
    buffer = bytearray()

    async def read_exactly(count):
        while len(buffer) < count:
            message = await socket.receive()
            if message.type != WSMsgType.BINARY:
                raise ConnectionResetError("the WebSocket has ended")
            buffer.extend(message.data)
        data = bytes(buffer[:count])
        del buffer[:count]
        return data
    handler = _Forward(cluster, pod)
    await handler.run(spdy.Session(read_exactly, socket.send_bytes, handler.on_stream))
    await socket.close()
    return socket


class _Exec:
    """Runs one command, or attaches, once all streams that the request announced have been opened."""

    def __init__(self, start, request, protocol):
        query = request.query
        self._start = start
        flags = {name: query.get(name) in ("true", "1") for name in ("stdin", "stdout", "stderr", "tty")}
        self._plain_error = protocol != "v4.channel.k8s.io"
        self._wanted = {"error"} | {name for name in ("stdin", "stdout", "stderr") if flags[name]}
        if flags["tty"]:
            self._wanted.discard("stderr")
            if protocol in ("v4.channel.k8s.io", "v3.channel.k8s.io"):
                self._wanted.add("resize")
        self._streams = {}
        self._complete = asyncio.Event()

    def on_stream(self, stream):
        self._streams[stream.headers.get("streamtype")] = stream
        if self._wanted <= set(self._streams):
            self._complete.set()

    async def run(self, session):
        reading = asyncio.ensure_future(session.run())
        command = asyncio.ensure_future(self._run_command())
        await asyncio.wait([reading, command], return_when=asyncio.FIRST_COMPLETED)
        for task in (command, reading):
            task.cancel()
        await asyncio.gather(reading, command, return_exceptions=True)

    async def _run_command(self):
        await self._complete.wait()
        try:
            process = await self._start()
        except OSError as error:
            await self._finish(exec_route.start_failed(error))
            return
        inputs = [asyncio.ensure_future(each) for each in self._inputs(process)]
        try:
            await asyncio.gather(*self._outputs(process))
            status = exec_route.final_status(await process.wait())
            for name in ("stdout", "stderr"):
                if name in self._streams:
                    await self._streams[name].close()
            await self._finish(status)
        finally:
            for task in inputs:
                task.cancel()
            process.kill()

    def _inputs(self, process):
        if "stdin" in self._streams and process.stdin is not None:
            yield self._pump_in(self._streams["stdin"], process.stdin)
        if "resize" in self._streams:
            yield self._resize(self._streams["resize"], process)

    def _outputs(self, process):
        for name, source in (("stdout", process.stdout), ("stderr", process.stderr)):
            if source is not None:
                yield self._pump_out(source, self._streams.get(name))

    @staticmethod
    async def _pump_in(stream, target):
        while data := await stream.read():
            target.write(data)
            await target.drain()
        target.close()

    @staticmethod
    async def _resize(stream, process):
        while data := await stream.read():
            size = json.loads(data)
            process.resize(size.get("Width", 80), size.get("Height", 24))

    @staticmethod
    async def _pump_out(source, stream):
        while data := await source.read(1 << 16):
            if stream is not None:
                await stream.write(data)

    async def _finish(self, status):
        """v4 ends with a Status; the versions before it with a text, or nothing for success."""
        error = self._streams["error"]
        if not self._plain_error:
            await error.write(json.dumps(status, separators=(",", ":")).encode())
        elif status["status"] != "Success":
            await error.write(status["message"].encode())
        await error.close()


class _Forward:
    """Port-forward: pairs of an error and a data stream, one pair for each connection."""

    def __init__(self, cluster, pod):
        self._node = cluster.node
        self._pod = pod
        self._pairs = {}  # request id -> {stream type: stream}
        self._tasks = set()

    def on_stream(self, stream):
        pair = self._pairs.setdefault(stream.headers.get("requestid", ""), {})
        pair[stream.headers.get("streamtype")] = stream
        if "data" in pair and "error" in pair:
            del self._pairs[stream.headers.get("requestid", "")]
            task = asyncio.ensure_future(self._connect(pair["data"], pair["error"]))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def run(self, session):
        try:
            await session.run()
        finally:
            for task in list(self._tasks):
                task.cancel()

    async def _connect(self, data, error):
        port = int(data.headers.get("port", "0"))
        try:
            reader, writer = await self._node.portforward(self._pod, port)
        except OSError as problem:
            await error.write(portforward.refused_text(self._pod, port, problem).encode())
            await error.close()
            await data.close()
            return
        pumps = [asyncio.ensure_future(self._from_pod(reader, data)), asyncio.ensure_future(self._to_pod(data, writer))]
        try:
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
            await asyncio.wait(pumps, timeout=_GRACE)
            await data.close()
            await error.close()
        except ConnectionError:
            pass  # the client has gone
        finally:
            for pump in pumps:
                pump.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)
            writer.close()

    @staticmethod
    async def _from_pod(reader, data):
        while piece := await reader.read(1 << 16):
            await data.write(piece)

    @staticmethod
    async def _to_pod(data, writer):
        while piece := await data.read():
            writer.write(piece)
            await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()
