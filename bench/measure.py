"""What is measured: each scenario, for each path of its place, once a round."""

import concurrent.futures
import contextlib
import dataclasses
import json
import resource
import shutil
import subprocess
import sys
import threading
import time

import paths
from paths import Failed

MIB, GIB = 1 << 20, 1 << 30
LEAST_TICKS = 10  # of the clock that processor time is told in: fewer say nothing
PATIENCE = 120  # seconds, for one measurement
CUT_SECONDS, SWAP_SECONDS = 15, 20  # while which a tunnel is cut, and a Deployment swapped
AT_REST = 3  # seconds after which a connection is idle
BULK_ONLY = ("socat pair",)  # what the floor is made of


def client(load, path, kind, width, amount):
    """What the load says: a dict."""
    words = [load, kind, path.host, str(path.port), str(width), str(amount)]
    try:
        done = subprocess.run(words, text=True, capture_output=True, timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        raise Failed(f"still not done after {PATIENCE} s") from None
    if done.returncode != 0:
        raise Failed(done.stderr.strip())
    return json.loads(done.stdout)


@contextlib.contextmanager
def idle_connections(load, path, count, fetched=1):
    """So many open connections, each of which fetched so many bytes once; gives what the load says of their opening."""
    needs, may = count * path.descriptors_each + 100, resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    if needs > may:
        raise Failed(f"it needs {needs} file descriptors, and may have {may}")
    process = subprocess.Popen([load, "idle", path.host, str(path.port), str(count), str(fetched)],
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    too_late = threading.Timer(PATIENCE, process.kill)
    too_late.start()
    try:
        line = process.stdout.readline()
        if not line:
            raise Failed(process.stderr.read().strip() or f"they don't open within {PATIENCE} s")
        too_late.cancel()
        yield json.loads(line)
    except BaseException:
        process.kill()
        raise
    finally:
        too_late.cancel()
        process.communicate()


@dataclasses.dataclass
class Scenario:
    """`figure`: the key of what is quoted. `skip`: paths that can't or needn't. `place`: which paths it is for (`run`)."""

    name: str
    kind: str
    width: int
    unit: str
    figure: str
    quick: bool = False
    skip: tuple = BULK_ONLY
    place: str = "near"

    def measure(self, load, made, options):
        """{path's name: {key: number}}"""
        found = {}
        for path in made:
            if path.name in self.skip:
                continue
            try:
                found[path.name] = self.one(load, path, options)
            except (Failed, AssertionError) as why:  # the latter from tests/e2e/kube_api.py
                print(f"bench: {path.name} is left out of '{self.name}': {why}", file=sys.stderr)
        return found

    def one(self, load, path, options):
        before = path.cpu_seconds()
        result = self.run_load(load, path, options)
        user, system = (after - earlier for after, earlier in zip(path.cpu_seconds(), before))
        result["memory_mib"] = sum(path.memory_of_each()) / MIB
        if "bytes" in result:
            gib = result["bytes"] / GIB
            result |= {"cpu_s_per_gib": (user + system) / gib, "cpu_user_s_per_gib": user / gib}
        elif (user + system) * paths.TICKS >= LEAST_TICKS:
            result["cpu_us_per_request"] = (user + system) / result["requests"] * 1e6
        return result

    def run_load(self, load, path, options):
        return client(load, path, self.kind, self.width, self.amount(options, path))

    def amount(self, options, path):
        return options.bytes if self.unit == "MB/s" else options.seconds


class Far(Scenario):
    """A steady state takes a while at 100 ms. ssh has its own from the start, at 20 MB/s, and needn't take minutes."""

    def amount(self, options, path):
        return options.bytes // 4 if path.name.startswith("ssh") else options.bytes * 2


class Clustered(Scenario):
    """Through the test cluster's API server, which is Python: a little is enough."""

    def amount(self, options, path):
        return min(options.bytes, GIB // 8) if self.unit == "MB/s" else options.seconds


class Reverse(Clustered):
    """From a pod of the cluster to the server on this machine."""

    def run_load(self, load, path, options):
        return path.client(self.kind, self.width, self.amount(options, path))


class Fresh(Scenario):
    """On paths that are started for it: what they had to hold before isn't in their memory."""

    def measure(self, load, start, options):
        found = {}
        for kind in paths.ALL:
            if kind.name not in self.skip:
                with start(kind) as made:
                    found |= super().measure(load, made, options)
        return found


class Idle(Fresh):
    """Memory of both ends for each connection, and how long it takes to open the last ones, next to the first."""

    def one(self, load, path, options):
        client(load, path, "connect", 1, 0.01)  # what comes with the very first
        before = path.memory_of_each()
        with idle_connections(load, path, self.width) as result:
            sides = [(after - earlier) / self.width for after, earlier in zip(path.memory_of_each(), before)]
            result |= {"bytes_each": sum(sides), "bytes_of_a_side": max(sides, default=0)}
        result["slower"] = result["last_ms"] / result["first_ms"]
        return result


class AmongIdle(Scenario):
    """A download while so many other connections are open, each of which carried something and is at rest."""

    def one(self, load, path, options):
        with idle_connections(load, path, self.width, 1 << 16):
            time.sleep(AT_REST)
            return super().one(load, path, options)

    def run_load(self, load, path, options):
        return client(load, path, self.kind, 1, options.bytes)


class MemoryAfter(Scenario):
    """Memory after so many short connections."""

    def one(self, load, path, options):
        made = 0
        while made < self.width:
            made += client(load, path, "connect", 50, min(1, self.width / 10000))["requests"]
        return {"requests": made, "mib": sum(path.memory_of_each()) / MIB}


class FreshMemoryAfter(MemoryAfter, Fresh):
    """The same, on paths that are started for it."""


@contextlib.contextmanager
def alongside(work, *arguments):
    """Gives what the work will have come to: a future."""
    with concurrent.futures.ThreadPoolExecutor(1) as aside:
        yield aside.submit(work, *arguments)


class Beside(Scenario):
    """Requests beside a download. The processor time is the download's."""

    def one(self, load, path, options):
        return self.run_load(load, path, options)


@dataclasses.dataclass
class Cuts(Beside):
    """Requests on one connection beside downloads, every byte of both compared, while the tunnel is cut again and again.

    `out`: seconds that the network carries nothing; 0: what there is is reset, and the next goes through. What is quoted is how long
    the slowest request waited, or the download, whichever was longer, without them.
    """

    out: float = 0

    def run_load(self, load, path, options):
        cuts = 0
        with alongside(client, load, path, self.kind, self.width, CUT_SECONDS) as asked:
            while not concurrent.futures.wait([asked], timeout=max(self.out, 0.5)).done:
                path.cut(self.out)
                cuts += 1
        result = asked.result()
        if cuts < 2:
            raise Failed("it was not cut")
        return result | {"cuts": cuts, "stall_ms": max(result["max_ms"], result["beside_gap_ms"]) - self.out * 1000}


class Swaps(Scenario):
    """Requests from a pod, each on its own connection, while the Deployment is restored and swapped again; what fails is counted."""

    def run_load(self, load, path, options):
        swaps = 0
        with alongside(path.client, self.kind, self.width, SWAP_SECONDS) as asked:
            while not asked.done():
                path.run("leave", "--all")
                path.run(*path.link, "--detach")
                while not path.connections():
                    if asked.done():
                        raise Failed("nothing came to this machine")
                    time.sleep(0.05)
                swaps += 1
        return asked.result() | {"swaps": swaps}


class Cipher(Scenario):
    """What AES-128-GCM takes once, in TLS' records, on one processor."""

    def measure(self, load, made, options):
        if not shutil.which("openssl"):
            return {}
        said = subprocess.run(["openssl", "speed", "-mr", "-evp", "aes-128-gcm", "-bytes", "16384", "-seconds", "1"],
                              capture_output=True, text=True, check=True).stdout
        return {"libcrypto": {"s_per_gib": GIB / float(said.split(":")[-1])}}


class Start(Scenario):
    """From `ferry forward`, typed, to the first answer through it."""

    def one(self, load, path, options):
        path.run("leave", "--all")
        if not self.width:
            path.run("quit")
        begun = time.monotonic()
        typed = path.foreground()
        while subprocess.run([load, "request", path.host, str(path.port), "1", "0.001"], capture_output=True).returncode != 0:
            if typed.poll() is not None or time.monotonic() > begun + PATIENCE:
                typed.kill()
                raise Failed("no answer through it")
            time.sleep(0.002)
        took = time.monotonic() - begun
        typed.terminate()
        typed.wait()
        path.begin()
        return {"ms": took * 1000}


NO_FORKS = ("socat", *BULK_ONLY)  # a process for each connection
NO_CROWD = (*NO_FORKS, "ssh -L", "ssh -R")  # they look at every channel for each byte: 10,000 take them more than ten minutes
FERRY_ALONE = ("direct", *NO_FORKS, "ssh -L", "ssh -R", "stunnel pair", "HAProxy TLS pair")

SCENARIOS = [
    *(Scenario(f"{words}, {width} stream{'s' * (width > 1)}", kind, width, "MB/s", "mb_per_s", quick=width == 1 and kind != "both", skip=())
      for kind, words in (("down", "download"), ("up", "upload"), ("both", "both ways at once")) for width in (1, 8)),
    Cipher("AES-128-GCM, 16 KiB at a time", "cipher", 1, "s/GiB", "s_per_gib", quick=True),
    *(Scenario(f"new connections, {width} at a time", "connect", width, "per s", "per_s", quick=width < 500) for width in (1, 50, 500)),
    *(Scenario(f"requests, {width} connection{'s' * (width > 1)}", "request", width, "per s", "per_s", quick=width < 500)
      for width in (1, 50, 500)),
    Beside("requests beside a download", "beside", 1, "ms", "p50_ms", quick=True),
    *(Far(f"download at 100 ms, {width} stream{'s' * (width > 1)}", "down", width, "MB/s", "mb_per_s", place="far") for width in (1, 8)),
    *(Idle(f"idle connections, {width}", "idle", width, "bytes", "bytes_each", place="fresh",
           skip=NO_FORKS if width < 10000 else NO_CROWD)
      for width in (1000, 10000)),
    *(AmongIdle(f"download among {width} idle", "down", width, "MB/s", "mb_per_s", skip=NO_CROWD) for width in (1, 100, 10000)),
    *(FreshMemoryAfter(f"memory after {width} connections", "connect", width, "MiB", "mib", place="fresh", skip=FERRY_ALONE) for width in (1000, 100000)),
    *(Clustered(f"API server: {words}", kind, width, "MB/s", "mb_per_s", place="cluster")
      for kind, words, width in (("down", "download, 1 stream", 1), ("down", "download, 8 streams", 8), ("up", "upload, 1 stream", 1))),
    *(Clustered(f"API server: {words}", kind, width, "per s", "per_s", place="cluster")
      for kind, words, width in (("connect", "new connections, 1 at a time", 1), ("connect", "new connections, 8 at a time", 8),
                                 ("request", "requests, 1 connection", 1), ("request", "requests, 32 connections", 32))),
    MemoryAfter("API server: memory after 500", "connect", 500, "MiB", "mib", place="cluster"),
    *(Reverse(f"reverse: {words}", kind, width, unit, figure, place="reverse")
      for kind, words, width, unit, figure in (
          ("down", "download, 1 stream", 1, "MB/s", "mb_per_s"), ("down", "download, 8 streams", 8, "MB/s", "mb_per_s"),
          ("up", "upload, 1 stream", 1, "MB/s", "mb_per_s"), ("both", "both ways at once, 1 stream", 1, "MB/s", "mb_per_s"),
          ("connect", "new connections, 8 at a time", 8, "per s", "per_s"),
          ("request", "requests, 1 connection", 1, "per s", "per_s"), ("request", "requests, 32 connections", 32, "per s", "per_s"))),
    Swaps("reverse: swaps and restores under load", "persist", 8, "failed", "failed", place="reverse", skip=FERRY_ALONE),
    Cuts("tunnel cut", "beside", 1, "ms", "stall_ms", place="cut"),
    Cuts("packets dropped for 3 s", "beside", 1, "ms", "stall_ms", place="cut", out=3),
    *(Start(f"start, {words}", "start", running, "ms", "ms", skip=FERRY_ALONE)
      for running, words in ((0, "without a daemon"), (1, "with a daemon"))),
]
