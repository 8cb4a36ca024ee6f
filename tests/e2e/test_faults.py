"""What networks and machines do to a tunnel, between the daemon and the API server: connections go on, every byte arrives.

The faults are those of relay.py. One ferry, one link and one relay serve the tests of the relay one after the other; what
takes its time without doing anything (processes that are stopped) is played as scenes (stage.py). The long forms are in
long_faults.py.
"""

import concurrent.futures
import contextlib
import ctypes
import os
import pathlib
import signal
import socket
import subprocess
import tempfile
import threading
import time
import types

import pytest
import yaml

import http_client as client
import workloads
from conftest import new_ferry, new_namespace
from kube_api import wait_for
from lone_proxy import LoneProxy
from relay import Relay, dropped_packets
from stage import plays

MIB = 1 << 20
CLONE_NEWNS, CLONE_NEWNET = 0x00020000, 0x40000000  # sched.h
ESTABLISHED = "01"  # of /proc/net/tcp
STOPPED = int(os.environ.get("FERRY_STOPPED_SECONDS", "22"))  # seconds: more than finding a tunnel dead takes


@contextlib.contextmanager
def relay_before(kubeconfig, folder):
    """A relay in front of the API server of a kubeconfig, and the path of a kubeconfig that goes through it."""
    config = yaml.safe_load(pathlib.Path(kubeconfig).read_text())
    (cluster,) = (entry["cluster"] for entry in config["clusters"])
    host, port = cluster["server"].removeprefix("https://").rsplit(":", 1)
    with Relay(host, int(port)) as relay:
        cluster["server"] = f"https://127.0.0.1:{relay.port}"
        path = pathlib.Path(folder) / "kubeconfig-through-the-relay"
        path.write_text(yaml.safe_dump(config))
        path.chmod(0o600)
        yield relay, path


@contextlib.contextmanager
def house(build, cluster, api):
    """A ferry whose way to the API server is a relay, and a link through a proxy to a web server and an echo server."""
    with new_namespace(api) as namespace, new_ferry(build, None, namespace, cluster.image) as ferry:
        with relay_before(cluster.kubeconfig, ferry.home) as (relay, path):
            ferry.env["KUBECONFIG"] = str(path)
            api.apply(namespace, workloads.deployment(), workloads.service())
            wait_for("the pod is ready", lambda: api.ready_pods(namespace, "app=web"))
            link = ferry.forward("svc/web", ":http", ":echo", "--route", "proxy", links=2)
            assert client.name_of(link.ports[0])
            yield types.SimpleNamespace(ferry=ferry, relay=relay, http=link.ports[0], echo=link.ports[1])


@pytest.fixture(scope="module")
def through_relay(build, cluster, api):
    if not cluster.is_local:
        pytest.skip("the relay stands before the test cluster's API server")
    with house(build, cluster, api) as made:
        yield made


@pytest.fixture
def way(through_relay):
    wait_for("the tunnel is ready", lambda: tunnel(through_relay.ferry)["state"] == "ready", timeout=30)
    yield through_relay
    through_relay.relay.heal()


def tunnel(ferry):
    return ferry.status()["tunnels"][0]


class Conversation:
    """A connection that is open before a fault, and has to go on after it."""

    def __init__(self, port):
        self._connection = client.connect(port)
        self.says(b"before")

    def says(self, words):
        self.sends(words)
        self.hears(words)

    def sends(self, words):
        self._connection.sendall(words)

    def hears(self, words):
        got = b""
        while len(got) < len(words):
            part = self._connection.recv(len(words) - len(got))
            assert part, "the connection has ended"
            got += part
        assert got == words

    def is_reset(self, timeout=20):
        self._connection.settimeout(timeout)
        with pytest.raises(ConnectionResetError):
            while self._connection.recv(1):
                pass


def transfers(port, size):
    """Both ways, each byte compared."""
    assert client.download_hash(port, size) == (client.hash_of_pattern(size), size)
    assert client.upload(port, size) == (size, client.hash_of_pattern(size))


def test_reset(way):
    before = tunnel(way.ferry)["reconnects"]
    talk = Conversation(way.echo)
    for _ in range(5):
        way.relay.cut()
        talk.says(b"after")
    assert tunnel(way.ferry)["reconnects"] - before >= 5


def test_nothing_answers_for_a_while(way):
    """What was said meanwhile arrives afterwards, and what comes meanwhile waits."""
    talk = Conversation(way.echo)
    way.relay.down()
    wait_for("the status says so", lambda: tunnel(way.ferry)["state"] == "lost")
    talk.sends(b"meanwhile")
    late = client.connect(way.echo)
    late.sendall(b"late")
    way.relay.heal()
    talk.hears(b"meanwhile")
    assert late.recv(4) == b"late"
    late.close()


def test_black_hole(way):
    """Who wants something while nothing comes through brings about another attempt; the first way that opens serves."""
    talk = Conversation(way.echo)
    seen = way.relay.accepted
    way.relay.black_hole()
    talk.sends(b"into the dark")
    wait_for("another way is tried", lambda: way.relay.accepted > seen, timeout=10)  # a carrier is dead after 20 s
    way.relay.heal()
    talk.hears(b"into the dark")


def test_a_connection_that_swallows_everything_is_replaced_when_somebody_wants_something(way):
    """Only what is new goes through: as after a NAT has forgotten its entry. No time-out has to pass."""
    wait_for("a second of silence", lambda: tunnel_is_quiet(way.relay))
    before = tunnel(way.ferry)["reconnects"]
    way.relay.swallow()
    started = time.monotonic()
    assert client.name_of(way.http)
    assert time.monotonic() - started < 5  # a dead carrier is found after 20 s
    assert tunnel(way.ferry)["reconnects"] > before


def tunnel_is_quiet(relay):
    seen = relay.relayed
    time.sleep(1.2)  # what is waited for is silence
    return relay.relayed == seen


def test_delay(way):
    way.relay.delay(0.1)
    talk = Conversation(way.echo)
    talk.says(b"slow, but whole")
    transfers(way.http, 2 * MIB)


def test_corruption_is_caught_and_nothing_of_it_arrives(way):
    size = 12 * MIB
    before = tunnel(way.ferry)["reconnects"]
    stop = threading.Event()

    def corrupt():
        while not stop.wait(0.2):
            way.relay.corrupt()

    thread = threading.Thread(target=corrupt)
    thread.start()
    try:
        for _ in range(20):  # a quick transfer may be through before anything hits it
            transfers(way.http, size)
            if tunnel(way.ferry)["reconnects"] > before:
                break
    finally:
        stop.set()
        thread.join()
    assert tunnel(way.ferry)["reconnects"] > before


def test_a_line_that_is_cut_when_idle(way):
    """At 60 s a PING prevents it (tunnel/README.md); at 1 s each cut is survived."""
    before = tunnel(way.ferry)["reconnects"]
    talk = Conversation(way.echo)
    way.relay.cut_idle(1)
    wait_for("it was cut twice", lambda: tunnel(way.ferry)["reconnects"] >= before + 2)
    talk.says(b"as if nothing had been")


def stopped(pid, seconds):
    os.kill(pid, signal.SIGSTOP)
    try:
        time.sleep(seconds)  # the fault's length
    finally:
        os.kill(pid, signal.SIGCONT)


@plays
def test_the_daemon_is_stopped_and_goes_on(stage):
    stage.web(replicas=1)
    link = stage.ferry.forward("svc/web", ":http", ":echo", "--route", "proxy", links=2)
    talk = Conversation(link.ports[1])
    pid = stage.ferry.daemon_pid()
    stopped(pid, STOPPED)
    talk.says(b"rested")
    assert client.name_of(link.ports[0])
    assert "woke up: probing" in stage.ferry.daemon_log()
    assert tunnel(stage.ferry)["reconnects"] == 1  # the proxy took the silence for a lost tunnel


@contextlib.contextmanager
def lone_link(stage, *options, host="127.0.0.1"):
    """A link by way of a relay to a proxy without a cluster: (proxy, relay, ferry, ports)."""
    with tempfile.TemporaryDirectory(prefix="ferry-e2e-faults-") as folder:
        proxy = LoneProxy(stage.build, pathlib.Path(folder), *options)
        try:
            with Relay("127.0.0.1", proxy.port) as relay, new_ferry(stage.build, None, None, None) as ferry:
                words = proxy.options(port=relay.port, host=host)
                link = ferry.forward("host/127.0.0.1", f":{proxy.http}", f":{proxy.echo}", *words, links=2)
                yield types.SimpleNamespace(proxy=proxy, relay=relay, ferry=ferry, http=link.ports[0], echo=link.ports[1])
        finally:
            proxy.stop()


@plays
def test_a_keystroke_does_not_wait_for_a_download_that_fills_the_line(stage):
    with lone_link(stage) as way:
        talk = Conversation(way.echo)
        way.relay.limit(4 * MIB)
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            download = pool.submit(client.download_hash, way.http, 12 * MIB)
            wait_for("the line is full", lambda: way.relay.relayed > 2 * MIB)
            before = way.relay.relayed
            talk.says(b"still here")
            assert way.relay.relayed - before < 2 * MIB  # what the kernels hold; the proxy has all the rest
            assert not download.done()
            assert download.result()[1] == 12 * MIB


@plays
def test_what_is_said_into_a_dead_connection_brings_that_to_light(stage):
    """On a connection that was open before."""
    with lone_link(stage) as way:
        talk = Conversation(way.echo)
        way.relay.swallow()
        started = time.monotonic()
        talk.says(b"anybody there?")
        assert time.monotonic() - started < 10  # a carrier is dead after 20 s
        assert tunnel(way.ferry)["reconnects"] == 1


@plays
def test_a_laptop_that_roams_goes_on_from_its_other_address(stage):
    """A session is whose secret it is, wherever the next connection comes from."""
    size = 48 * MIB
    with lone_link(stage) as way:
        talk = Conversation(way.echo)
        assert callers_of(way.proxy.port) == {"127.0.0.1"}
        way.relay.limit(8 * MIB)
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            down = pool.submit(client.download_hash, way.http, size)
            up = pool.submit(client.upload, way.http, size)
            for address in ("127.0.0.2", "127.0.0.3"):
                before = way.relay.relayed
                wait_for("both are under way", lambda: way.relay.relayed > before + 4 * MIB)
                way.relay.move(address)
                way.relay.cut()
                wait_for("the proxy is called from there", lambda: callers_of(way.proxy.port) == {address})
                talk.says(b"here now")
            assert not down.done() and not up.done()
            assert down.result() == (client.hash_of_pattern(size), size)
            assert up.result() == (size, client.hash_of_pattern(size))
        assert callers_of(way.proxy.port) == {"127.0.0.3"}
        log = way.proxy.log.read_text()
        assert (log.count(": begun"), log.count(": resumed")) == (1, 2), log


def callers_of(port):
    """The addresses of those who are connected to a port of 127.0.0.1, as its process sees them (proc(5), /proc/net/tcp)."""
    here = f"{socket.inet_aton('127.0.0.1')[::-1].hex()}:{port:04x}".upper()
    lines = [line.split() for line in pathlib.Path("/proc/thread-self/net/tcp").read_text().splitlines()[1:]]
    callers = [there for _, own, there, state, *_ in lines if own == here and state == ESTABLISHED]
    return {socket.inet_ntoa(bytes.fromhex(caller.split(":")[0])[::-1]) for caller in callers}


@plays
def test_the_proxy_is_stopped_and_goes_on(stage):
    with lone_link(stage) as way:
        talk = Conversation(way.echo)
        stopped(way.proxy.process.pid, STOPPED)
        talk.says(b"rested")
        assert client.name_of(way.http)
        assert tunnel(way.ferry)["reconnects"] >= 1  # the daemon took the silence for a lost tunnel


@plays
def test_a_session_that_was_let_go_resets_its_connections_with_the_reason(stage):
    with lone_link(stage, "--session-keep", "1s") as way:
        talks = [Conversation(way.echo) for _ in range(20)]
        way.relay.down()
        wait_for("the proxy lets the session go", lambda: "let go with 20 streams" in way.proxy.log.read_text())
        way.relay.heal()
        for talk in talks:
            talk.is_reset()
        assert client.name_of(way.http)  # in a new session
        links = way.ferry.links()
        assert any("does not have it" in (link.get("lastError") or {}).get("why", "") for link in links), links


@plays
def test_a_proxy_process_that_is_gone_resets_its_connections_with_the_reason(stage):
    with lone_link(stage) as way:
        talks = [Conversation(way.echo) for _ in range(20)]
        way.proxy.process.kill()
        way.proxy.process.wait()
        way.proxy.start()
        for talk in talks:
            talk.is_reset()
        assert client.name_of(way.http)
        links = way.ferry.links()
        assert any("does not have it" in (link.get("lastError") or {}).get("why", "") for link in links), links


@plays
def test_another_network_is_tried_at_once(stage):
    """After a while without network attempts are seconds apart; a new address brings the next one there and then."""

    def scene():
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
        with lone_link(stage) as way:
            assert client.name_of(way.http)
            way.relay.down()
            wait_for("attempts are rare", lambda: no_attempt_for(way.relay, 3), timeout=60)
            seen = way.relay.accepted
            way.relay.heal()
            subprocess.run(["ip", "address", "add", "198.51.100.1/32", "dev", "lo"], check=True)
            wait_for("it is tried", lambda: way.relay.accepted > seen, timeout=2)
            assert "the network changed" in way.ferry.daemon_log()
            assert client.name_of(way.http)

    in_a_network_of_its_own(scene)


@plays
def test_packets_are_dropped_for_a_while(stage):
    """Nothing says so to anybody, and the name servers are as silent. What the kernel sent into that it repeats after 1, 3, 7,
    15 s, and the resolver after 5 s; Ferry asks anew before."""

    def scene():
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
        with Names({"proxy.test": "127.0.0.1"}) as names, lone_link(stage, host="proxy.test") as way:
            talk = Conversation(way.echo)
            names.forget()
            for lasts in (2, 20):
                with dropped_packets(way.relay.port, 53):
                    talk.sends(b"meanwhile")
                    time.sleep(lasts)  # the fault's length
                    late = client.connect(way.echo)
                    late.sendall(b"late")
                    time.sleep(0.2)
                back = time.monotonic()
                assert late.recv(4) == b"late"
                talk.hears(b"meanwhile")
                took = time.monotonic() - back
                assert took < 1, f"{took:.3f} s after an outage of {lasts} s"  # as each of 100 in tests/e2e/long
                late.close()

    in_a_network_of_its_own(scene)


class Names:
    """`with Names(...)`: /etc/hosts as this thread sees it, and name servers at the loopback."""

    def __init__(self, names):
        self._names = names

    def __enter__(self):
        if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNS) != 0:
            raise OSError(ctypes.get_errno(), "unshare")
        subprocess.run(["mount", "--make-rprivate", "/"], check=True)
        self._folder = tempfile.TemporaryDirectory(prefix="ferry-e2e-names-")
        self._hosts = pathlib.Path(self._folder.name, "hosts")
        self._hosts.write_text("".join(f"{address} {name}\n" for name, address in self._names.items()))
        servers = pathlib.Path(self._folder.name, "resolv.conf")
        servers.write_text("nameserver 127.0.0.1\n")
        for made, place in ((self._hosts, "/etc/hosts"), (servers, "/etc/resolv.conf")):
            subprocess.run(["mount", "--bind", str(made), place], check=True)
        return self

    def __exit__(self, *why):
        for place in ("/etc/hosts", "/etc/resolv.conf"):
            subprocess.run(["umount", place], check=True)
        self._folder.cleanup()

    def forget(self):
        self._hosts.write_text("")


def no_attempt_for(relay, seconds):
    before = relay.accepted
    time.sleep(seconds)
    return relay.accepted == before


def in_a_network_of_its_own(scene):
    """What it connects to and what it starts sees a loopback of its own, which goes with the last of them."""

    def enter_and_play():
        if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), "unshare")
        scene()

    with concurrent.futures.ThreadPoolExecutor(1) as thread:
        thread.submit(enter_and_play).result()
