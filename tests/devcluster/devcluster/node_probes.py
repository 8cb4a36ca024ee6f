"""Startup, liveness and readiness probes: exec, httpGet, tcpSocket and grpc."""

import asyncio
import ssl

from . import node_grpc


class ProbeFailed(Exception):
    """The text is kubelet's: it goes into the event Unhealthy."""


class Prober:
    """Runs one probe of a container again and again, from its making to `stop`.

    `passed()` is called at every success that counts, `failed()` at every failure that counts (after
    successThreshold and failureThreshold), `report(text)` at every single failure. During the first second, failures
    don't count, and the next attempt comes at once: a program that needs a moment to listen should not cost its pod a
    whole period, as it does in life.
    """

    _SETTLING = 1.0
    _SETTLING_PERIOD = 0.05

    def __init__(self, check, probe, passed, failed, report):
        self._check = check
        self._probe = probe
        self._passed = passed
        self._failed = failed
        self._report = report
        self._stopped = False
        self._task = asyncio.ensure_future(self._run())

    def stop(self):
        """Nothing is called after this."""
        self._stopped = True
        self._task.cancel()

    async def _run(self):
        probe = self._probe
        await asyncio.sleep(probe.get("initialDelaySeconds", 0))
        successes = failures = 0
        settled = asyncio.get_running_loop().time() + self._SETTLING
        while True:
            began = asyncio.get_running_loop().time()
            try:
                await self._check_once(probe)
                successes, failures = successes + 1, 0
                if successes >= probe.get("successThreshold", 1):
                    self._passed()
            except ProbeFailed as error:
                if began < settled and not successes:
                    await asyncio.sleep(self._SETTLING_PERIOD)
                    continue
                successes, failures = 0, failures + 1
                self._report(str(error))
                if failures >= probe.get("failureThreshold", 3):
                    self._failed()
            took = asyncio.get_running_loop().time() - began
            await asyncio.sleep(max(0.0, probe.get("periodSeconds", 10) - took))

    async def _check_once(self, probe):
        try:
            await self._check(probe)
        finally:
            # Up to Python 3.11, wait_for swallows a cancellation that comes together with the result.
            if self._stopped:
                raise asyncio.CancelledError


class Checks:
    """The four ways to ask. `address` is the pod's, `ports` {name: number} the container's."""

    def __init__(self, address, ports, execute):
        """`execute(command)`: awaitable (exit code, output), run in the container."""
        self._address = address
        self._ports = ports
        self._execute = execute

    async def check(self, probe):
        """Returns on success; ProbeFailed otherwise."""
        timeout = probe.get("timeoutSeconds", 1)
        if "exec" in probe:
            await self._exec(probe["exec"]["command"], timeout)
        elif "httpGet" in probe:
            await self._http(probe["httpGet"], timeout)
        elif "tcpSocket" in probe:
            await self._tcp(probe["tcpSocket"], timeout)
        elif "grpc" in probe:
            await self._grpc(probe["grpc"], timeout)

    def _port(self, port):
        if isinstance(port, int):
            return port
        if port in self._ports:
            return self._ports[port]
        return int(port)

    async def _exec(self, command, timeout):
        try:
            code, output = await asyncio.wait_for(self._execute(command), timeout)
        except asyncio.TimeoutError:
            raise ProbeFailed(f'command timed out: "{" ".join(command)}" timed out after {timeout}s') from None
        except OSError as error:
            raise ProbeFailed(error.strerror) from None
        if code != 0:
            raise ProbeFailed(output.decode(errors="replace"))

    async def _http(self, action, timeout):
        scheme = action.get("scheme", "HTTP").lower()
        host, port = action.get("host") or self._address, self._port(action["port"])
        path = action.get("path") or "/"
        url = f"{scheme}://{host}:{port}{path}"
        try:
            status = await asyncio.wait_for(self._http_status(scheme, host, port, path, action), timeout)
        except asyncio.TimeoutError:
            raise ProbeFailed(f'Get "{url}": context deadline exceeded (Client.Timeout exceeded while awaiting '
                              "headers)") from None
        except (OSError, EOFError, ValueError) as error:
            raise ProbeFailed(f'Get "{url}": {_words(error, host, port)}') from None
        if not 200 <= status < 400:
            raise ProbeFailed(f"HTTP probe failed with statuscode: {status}")

    @staticmethod
    async def _http_status(scheme, host, port, path, action):
        context = None
        if scheme == "https":
            context = ssl._create_unverified_context()  # kubelet doesn't verify either
        reader, writer = await asyncio.open_connection(host, port, ssl=context)
        try:
            headers = {"Host": f"{host}:{port}", "User-Agent": "kube-probe/1.33", "Accept": "*/*",
                       "Connection": "close"}
            headers.update({header["name"]: header["value"] for header in action.get("httpHeaders") or []})
            head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
            writer.write(f"GET {path} HTTP/1.1\r\n{head}\r\n".encode())
            line = await reader.readuntil(b"\r\n")
            return int(line.split()[1])
        finally:
            writer.close()

    async def _tcp(self, action, timeout):
        host, port = action.get("host") or self._address, self._port(action["port"])
        try:
            _, writer = await asyncio.wait_for(asyncio.open_connection(host, port), timeout)
        except asyncio.TimeoutError:
            raise ProbeFailed(f"dial tcp {host}:{port}: i/o timeout") from None
        except OSError as error:
            raise ProbeFailed(_words(error, host, port)) from None
        writer.close()

    async def _grpc(self, action, timeout):
        host, port = self._address, self._port(action["port"])
        try:
            serving = await asyncio.wait_for(node_grpc.is_serving(host, port, action.get("service") or ""), timeout)
        except asyncio.TimeoutError:
            raise ProbeFailed(f'timeout: failed to connect service "{host}:{port}" within {timeout}s: '
                              "context deadline exceeded") from None
        except (OSError, EOFError, ValueError) as error:
            raise ProbeFailed(f"error: health rpc failed: {_words(error, host, port)}") from None
        if not serving:
            raise ProbeFailed('service unhealthy (responded with "NOT_SERVING")')


def _words(error, host, port):
    """The error as Go's net package words it."""
    if isinstance(error, ConnectionRefusedError):
        return f"dial tcp {host}:{port}: connect: connection refused"
    if isinstance(error, ConnectionResetError):
        return "read: connection reset by peer"
    if isinstance(error, EOFError):
        return "EOF"
    if isinstance(error, OSError) and "No route" in str(error):
        return f"dial tcp {host}:{port}: connect: no route to host"
    return str(error)
