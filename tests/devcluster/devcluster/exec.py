"""`pods/exec` and `pods/attach` over WebSocket: v5.channel.k8s.io and v4.channel.k8s.io.

    await exec.serve(cluster, request, pod) -> aiohttp response; ApiError for refusals
    await exec.serve_attach(cluster, request, pod)

as in `portforward`. SPDY is the API server's: it gets a process from `starter(...)` and words the end with
`final_status` and `start_failed`.

Channels: 0 stdin, 1 stdout, 2 stderr, 3 the final Status as JSON, 4 terminal sizes; in v5 also 255, which closes the
channel whose number follows.
"""

import asyncio
import json

from aiohttp import web

from . import errors, http_server, node_websocket

_PROTOCOLS = ("v5.channel.k8s.io", "v4.channel.k8s.io")
_MOST_WAITING = 1 << 20  # bytes for a command that is slow to read
_STDIN, _STDOUT, _STDERR, _ERROR, _RESIZE, _CLOSE = 0, 1, 2, 3, 4, 255


async def serve(cluster, request, pod, attach=False):
    refused = refusal(cluster, request, pod)
    if refused is not None:
        return refused
    start = starter(cluster.node, request, pod, attach)
    protocol = node_websocket.choose(request, _PROTOCOLS)
    if protocol is None:
        return node_websocket.refuse(request)
    await _Session(start, request, protocol).run()
    return http_server.Taken()


async def serve_attach(cluster, request, pod):
    return await serve(cluster, request, pod, attach=True)


def starter(node, request, pod, attach):
    """An async function that starts what the request asks for, or attaches to it; ApiError for a request that asks for
    nothing."""
    query = request.query
    name = choose_container(pod, query.get("container"))
    flags = [query.get(flag) in ("true", "1") for flag in ("stdin", "tty")]
    command = query.getall("command", [])
    if attach:
        return lambda: node.attach(pod, name)
    if not command:
        raise errors.bad_request("you must specify at least 1 command for exec")
    return lambda: node.exec(pod, name, command, *flags)


def refusal(cluster, request, pod):
    """kubelet's answer where the container doesn't run; None where it does. ApiError for one that can't be chosen."""
    name = choose_container(pod, request.query.get("container"))
    worker = cluster.node.worker_of(pod)
    container = worker.container(name) if worker is not None else None
    if container is not None and container.running:
        return None
    return web.Response(status=500, text=f'container not found ("{name}")')


def choose_container(pod, name):
    """The container asked for, or the only one; ApiError where there is no such, or a choice."""
    spec = pod["spec"]
    every = [each["name"] for group in ("initContainers", "containers", "ephemeralContainers")
             for each in spec.get(group) or []]
    if name:
        if name not in every:
            raise errors.bad_request(f"container {name} is not valid for pod {pod['metadata']['name']}")
        return name
    regular = [each["name"] for each in spec["containers"]]
    if len(regular) > 1:
        raise errors.bad_request(f"a container name must be specified for pod {pod['metadata']['name']}, choose one "
                                 f"of: [{' '.join(regular)}]")
    return regular[0]


def final_status(code):
    """The Status object that ends an exec, for the command's exit code."""
    if code == 0:
        return {"metadata": {}, "status": "Success"}
    return {"metadata": {}, "status": "Failure",
            "message": f"command terminated with non-zero exit code: command terminated with exit code {code}",
            "reason": "NonZeroExitCode", "details": {"causes": [{"reason": "ExitCode", "message": str(code)}]}}


def start_failed(error):
    """The Status object for a command that could not be started."""
    text = ("Internal error occurred: error executing command in container: failed to exec in container: failed to "
            f"start exec: OCI runtime exec failed: exec failed: unable to start container process: {error.strerror}: "
            "unknown")
    return {"metadata": {}, "status": "Failure", "message": f"Internal error occurred: {text}",
            "reason": "InternalError", "details": {"causes": [{"message": text}]}, "code": 500}


class _Session:
    def __init__(self, start, request, protocol):
        self._start = start
        self._flags = {name: request.query.get(name) in ("true", "1") for name in ("stdin", "stdout", "stderr", "tty")}
        self._closes_channels = protocol.startswith("v5")
        self._process = None
        self._early = []  # messages from before the process was there
        self._socket = node_websocket.WebSocket(request, protocol, self._message, self._end)

    async def run(self):
        self._socket.start()
        # An empty message tells the client that it is connected.
        self._socket.send(_STDOUT if self._flags["stdout"] else _STDERR if self._flags["stderr"] else _ERROR, b"")
        try:
            self._process = await self._start()
        except OSError as error:
            self._finish(start_failed(error))
            return
        try:
            for payload in self._early:
                self._message(payload)
            pumps = [self._pump(stream, channel) for stream, channel in
                     ((self._process.stdout, _STDOUT), (self._process.stderr, _STDERR)) if stream is not None]
            await asyncio.gather(*pumps)
            self._finish(final_status(await self._process.wait()))
        finally:
            self._process.kill()

    def _finish(self, status):
        self._socket.send(_ERROR, json.dumps(status, separators=(",", ":")).encode())
        self._socket.close()

    async def _pump(self, stream, channel):
        wanted = self._flags["stdout" if channel == _STDOUT else "stderr"]
        while data := await stream.read(1 << 16):
            if wanted:
                self._socket.send(channel, data)
                await self._socket.drained()

    def _message(self, payload):
        if self._process is None:
            self._early.append(payload)
            return
        channel, data = payload[0], payload[1:]
        if channel == _STDIN and self._flags["stdin"] and self._process.stdin is not None:
            self._to_stdin(data)
        elif channel == _RESIZE:
            size = json.loads(data)
            self._process.resize(size.get("Width", 80), size.get("Height", 24))
        elif channel == _CLOSE and self._closes_channels and data[:1] == bytes([_STDIN]):
            self._close_stdin()

    def _to_stdin(self, data):
        stdin = self._process.stdin
        stdin.write(data)
        if stdin.transport.get_write_buffer_size() > _MOST_WAITING:
            self._socket.pause_reading()
            asyncio.ensure_future(self._resume(stdin))

    async def _resume(self, stdin):
        try:
            await stdin.drain()
        except ConnectionError:
            pass  # the command has closed it; what still comes is dropped
        self._socket.resume_reading()

    def _close_stdin(self):
        if self._flags["stdin"] and self._process.stdin is not None:
            self._process.stdin.close()

    def _end(self):
        if self._process is not None:
            self._close_stdin()
            self._process.kill()
