"""The standard streams of a container: into its log, and to those who have attached to it.

    streams = await launch(runtime, network, spec, stdin, log)     # OSError when it can't run
    attached = streams.attach(stdin_once)                          # like a node_runtime.Process that `exec` has started
"""

import asyncio
import os

from . import node_runtime

_MOST_WAITING = 16  # pieces for somebody who has attached; the container waits for who is slower


async def launch(runtime, network, spec, stdin, log):
    """Starts the container's first process. `stdin`: it gets one."""
    if spec["tty"]:
        process = await runtime.container_on_terminal(network, spec)
        return Streams(process, log)
    pipes = [os.pipe() if stdin else (os.open(os.devnull, os.O_RDONLY), None), os.pipe(), os.pipe()]
    (stdin_read, stdin_write), (stdout_read, stdout_write), (stderr_read, stderr_write) = pipes
    try:
        process = await runtime.container(network, spec, stdin_read, stdout_write, stderr_write)
    except BaseException:
        for fd in (stdin_write, stdout_read, stderr_read):
            if fd is not None:
                os.close(fd)
        raise
    finally:
        for fd in (stdin_read, stdout_write, stderr_write):
            os.close(fd)
    process.stdout, process.stderr = await node_runtime.reader(stdout_read), await node_runtime.reader(stderr_read)
    if stdin_write is not None:
        process.stdin = await node_runtime.writer(stdin_write)
    return Streams(process, log)


class Streams:
    def __init__(self, process, log):
        self.process = process
        self._attached = []
        self._pumps = [asyncio.ensure_future(self._pump(name, log)) for name in ("stdout", "stderr")
                       if getattr(process, name) is not None]

    def attach(self, stdin_once):
        self._attached.append(Attached(self.process, stdin_once, self._attached.remove))
        return self._attached[-1]

    async def drain(self, seconds):
        """Until all that was said is in the log, but no longer than that."""
        await asyncio.wait(self._pumps, timeout=seconds)

    async def _pump(self, name, log):
        source, to_log = getattr(self.process, name), asyncio.StreamReader()
        collecting = asyncio.ensure_future(log.collect(to_log))
        while data := await source.read(1 << 16):
            to_log.feed_data(data)
            for each in list(self._attached):
                await getattr(each, name).put(data)
        to_log.feed_eof()
        await collecting
        for each in list(self._attached):
            await getattr(each, name).put(b"")


class Attached:
    """What comes from now on. `kill` is the end of this only, not of the container."""

    def __init__(self, process, stdin_once, gone):
        self._process = process
        self._gone = gone
        self._left = asyncio.Event()
        self.stdout, self.stderr = _Copy(), _Copy() if process.stderr is not None else None
        self.stdin = _Stdin(process.stdin, stdin_once) if process.stdin is not None else None
        self.resize = process.resize

    async def wait(self):
        """For the end of the container. It tells no exit code: the pod's status does."""
        ends = [asyncio.ensure_future(each) for each in (self._process.wait(), self._left.wait())]
        await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        for each in ends:
            each.cancel()
        return 0

    def kill(self):
        if self._gone is not None:
            self._gone(self)
            self._gone = None
            self._left.set()
            for copy in (self.stdout, self.stderr):
                if copy is not None:
                    copy.drop()


class _Copy:
    """A stream to be read by one."""

    def __init__(self):
        self._pieces = asyncio.Queue(_MOST_WAITING)
        self._dropped = False

    async def put(self, data):
        if not self._dropped:
            await self._pieces.put(data)

    async def read(self, _):
        return await self._pieces.get()

    def drop(self):
        """Nobody reads any more."""
        self._dropped = True
        while not self._pieces.empty():
            self._pieces.get_nowait()
        self._pieces.put_nowait(b"")


class _Stdin:
    """A container's standard input. Its end comes with the first who leaves if `once`, else never."""

    def __init__(self, stdin, once):
        self._stdin = stdin
        self._once = once
        self.write, self.drain, self.transport = stdin.write, stdin.drain, stdin.transport

    def close(self):
        if self._once:
            self._stdin.close()
