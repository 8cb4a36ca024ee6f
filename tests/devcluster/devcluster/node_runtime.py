"""Containers as seen by the node: the container runtime's client.

    runtime = Runtime(); await runtime.start()
    network = await runtime.sandbox("pod7", "10.244.0.7", {})        # a file descriptor; closing it ends the sandbox
    process = await runtime.container(network, spec, stdin, stdout, stderr)  # Process; OSError when it can't run
    process = await runtime.container_on_terminal(network, spec)      # the same, its streams a terminal
    process = await runtime.exec(process.pid, spec, stdin=True, tty=False)

A spec is a dict as `node_spawner` wants it: command, environment, directory, user, group, groups, no_new_privileges,
capabilities, tty; for containers also root, mounts, links, read_only, hostname, target (a process in whose PID
namespace it is to be; None for one of its own).
"""

import asyncio
import errno
import fcntl
import json
import os
import signal
import socket
import struct
import sys
import termios

_PACKAGE_PARENT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


class Process:
    """A running program. `stdin`, `stdout` and `stderr` are asyncio streams where they were asked for, else None."""

    def __init__(self, pid, pidfd):
        self.pid = pid
        self.stdin = self.stdout = self.stderr = None
        self.exit_code = None
        self._pidfd = pidfd
        self._exited = asyncio.Event()
        self._terminal = None

    async def wait(self):
        """The exit code; 128 + signal number if it was killed."""
        await self._exited.wait()
        return self.exit_code

    def signal(self, number):
        """Sends a signal; nothing happens if the process has ended."""
        if self._pidfd is not None:
            try:
                signal.pidfd_send_signal(self._pidfd, number)
            except ProcessLookupError:
                pass

    def kill(self):
        self.signal(signal.SIGKILL)

    def resize(self, columns, rows):
        """Sets the size of the terminal, if there is one."""
        if self._terminal is not None:
            fcntl.ioctl(self._terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def attach_terminal(self, fd):
        self._terminal = fd

    def ended(self, code):
        self.exit_code = code
        os.close(self._pidfd)
        self._pidfd = None
        if self._terminal is not None:
            os.close(self._terminal)
            self._terminal = None
        if self.stdin is not None:
            self.stdin.close()
        self._exited.set()


class Runtime:
    def __init__(self):
        self._channel = None
        self._spawner = None
        self._last_id = 0
        self._answers = {}    # request id -> future
        self._processes = {}  # pid -> Process

    async def start(self):
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        for end in (ours, theirs):
            end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
        self._spawner = await asyncio.create_subprocess_exec(
            sys.executable, "-P", "-S", "-m", "devcluster.node_spawner", str(theirs.fileno()),
            pass_fds=[theirs.fileno()],
            env={**os.environ, "PYTHONPATH": _PACKAGE_PARENT}, stdin=asyncio.subprocess.DEVNULL)
        theirs.close()
        ours.setblocking(False)
        self._channel = ours
        asyncio.get_running_loop().add_reader(ours, self._receive)

    async def stop(self):
        """Ends the spawner and with it (by their death signal) whatever still runs."""
        asyncio.get_running_loop().remove_reader(self._channel)
        self._channel.close()
        await self._spawner.wait()

    async def sandbox(self, device, address, sysctls):
        """`sysctls`: {name: value} of the network namespace."""
        return await self._ask({"op": "sandbox", "device": device, "address": address, "sysctls": sysctls}, [])

    async def container(self, network, spec, stdin, stdout, stderr):
        """Starts a container's first process. The last three are descriptors; they are not closed."""
        return await self._start({"op": "container", "spec": spec}, [network], [stdin, stdout, stderr])

    async def container_on_terminal(self, network, spec):
        return await self._on_terminal({"op": "container", "spec": spec}, [network])

    async def exec(self, pid, spec, stdin=False, tty=False):
        request = {"op": "exec", "pid": pid, "spec": {**spec, "tty": tty}}
        if tty:
            return await self._on_terminal(request, [])
        ends = [os.pipe() for _ in range(3)]
        (stdin_read, stdin_write), (stdout_read, stdout_write), (stderr_read, stderr_write) = ends
        try:
            process = await self._start(request, [], [stdin_read, stdout_write, stderr_write])
        except BaseException:
            for fd in (stdin_write, stdout_read, stderr_read):
                os.close(fd)
            raise
        finally:
            for fd in (stdin_read, stdout_write, stderr_write):
                os.close(fd)
        process.stdout, process.stderr = await reader(stdout_read), await reader(stderr_read)
        if stdin:
            process.stdin = await writer(stdin_write)
        else:
            os.close(stdin_write)
        return process

    async def _on_terminal(self, request, fds):
        ours, theirs = socket.socketpair()
        with ours, theirs:
            process = await self._start(request, fds, [theirs.fileno()])
            _, (terminal,), _, _ = socket.recv_fds(ours, 1, 1)
        process.attach_terminal(terminal)
        process.stdout = await reader(os.dup(terminal))
        process.stdin = await writer(os.dup(terminal))
        return process

    async def _start(self, request, fds, stdio):
        error_read, error_write = os.pipe()
        try:
            process = await self._ask(request, fds + [error_write] + stdio)
        except BaseException:
            os.close(error_read)
            raise
        finally:
            os.close(error_write)
        problem = await (await reader(error_read)).read()
        if problem:
            problem = json.loads(problem)
            raise OSError(problem["errno"], problem["text"])
        return process

    async def _ask(self, request, fds):
        self._last_id += 1
        request["id"] = self._last_id
        future = self._answers[self._last_id] = asyncio.get_running_loop().create_future()
        socket.send_fds(self._channel, [json.dumps(request).encode()], fds)
        return await future

    def _receive(self):
        while True:
            try:
                data, fds, _, _ = socket.recv_fds(self._channel, 1 << 20, 8)
            except BlockingIOError:
                return
            except ConnectionResetError:  # the spawner has been killed
                data = b""
            if not data:
                asyncio.get_running_loop().remove_reader(self._channel)
                return
            for fd in fds:
                os.set_inheritable(fd, False)
            self._handle(json.loads(data), fds)

    def _handle(self, answer, fds):
        if "exited" in answer:
            self._processes.pop(answer["exited"]).ended(answer["code"])
            return
        future = self._answers.pop(answer["id"])
        if "error" in answer:
            future.set_exception(OSError(errno.EIO, answer["error"]))
        elif "pid" in answer:
            # At once, not when the asker wakes up: the news of the end may be the next message.
            process = self._processes[answer["pid"]] = Process(answer["pid"], fds[0])
            future.set_result(process)
        else:
            future.set_result(fds[0])


class _ReaderProtocol(asyncio.StreamReaderProtocol):
    def connection_lost(self, error):
        super().connection_lost(None)  # EIO is how a terminal says that its last user has gone


async def reader(fd, limit=1 << 18):
    """An asyncio StreamReader over a pipe or terminal; it closes the descriptor."""
    stream = asyncio.StreamReader(limit=limit)
    protocol = _ReaderProtocol(stream)
    await asyncio.get_running_loop().connect_read_pipe(lambda: protocol, os.fdopen(fd, "rb", 0))
    return stream


async def writer(fd):
    """An asyncio StreamWriter over a pipe or terminal; closing it closes the descriptor."""
    loop = asyncio.get_running_loop()
    transport, protocol = await loop.connect_write_pipe(
        lambda: asyncio.streams.FlowControlMixin(loop=loop), os.fdopen(fd, "wb", 0))
    return asyncio.StreamWriter(transport, protocol, None, loop)
