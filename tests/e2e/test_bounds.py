r"""Bounds, on the real processes: what no peer, and no number of connections, can make them do.

FERRY_BOUNDS_STREAMS=10000 stalls that many streams instead of 1000. Each takes a descriptor of each process, so that the hard
limit (`ulimit -Hn`) has to be some hundreds above it; and each takes some 300 KiB of the kernel's buffers at each process, which
it stops to give at net.ipv4.tcp_mem, so that a network namespace with small ones is the place for it:

  FERRY_BOUNDS_STREAMS=10000 unshare -n sh -c 'ip link set lo up; sysctl -w net.ipv4.tcp_wmem="4096 4096 16384" \
    net.ipv4.tcp_rmem="4096 4096 16384"; exec python3 -m pytest -s tests/e2e/test_bounds.py -k stalled'
"""

import contextlib
import os
import pathlib
import selectors
import socket
import ssl
import statistics
import struct
import subprocess
import sys
import threading
import time

import pytest

import http_client as client
import raw_peer as raw
from ferry import rss_mib
from kube_api import wait_for
from test_tunnel_port import link, lone_ferry, proxy  # noqa: F401: fixtures

STREAMS = int(os.environ.get("FERRY_BOUNDS_STREAMS", "1000"))
STALLING = pathlib.Path(__file__).with_name("stalling_service.py")

# tunnel/README.md declares it: windows, ring, and what a stream costs besides.
WINDOWS_MIB = 32 + STREAMS * 2 / 1024
FERRYD_WINDOWS_MIB = 32  # it allows that much more
RING_MIB = 8
STREAM_KIB = 4
BASE_MIB = 20
SESSIONS_MIB = 40 + 40  # windows and rings of all sessions together
SESSION_MIB = 0.75  # of each, besides
BUDGET_MIB = WINDOWS_MIB + RING_MIB + BASE_MIB + STREAMS * STREAM_KIB / 1024


def metrics(proxy):
    """The numbers of ferry-proxy's /metrics."""
    status, body = client.get(proxy.health, "/metrics")
    assert status == 200
    lines = [line for line in body.decode().splitlines() if not line.startswith("#")]
    return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines)}


def fate(name):
    return f'ferry_proxy_carriers_total{{fate="{name}"}}'


BROKEN = 'ferry_proxy_sessions_ended_total{reason="protocol"}'


# --- hostile peers, who have the certificate -----------------------------------------------------------


def beyond_the_window(peer, _):
    with socket.create_server(("127.0.0.1", 0)) as reads_nothing:
        peer.say(raw.opening(1, reads_nothing.getsockname()[1], claim=1000))
        assert peer.flood(raw.frame(raw.DATA, 1, b"x" * 16000) * 100)


def data_for_nobody(peer, port):
    peer.say(raw.frame(raw.DATA, 4001, b"x"))


def acknowledges_what_was_never_sent(peer, port):
    peer.say(raw.frame(raw.ACK, payload=(1 << 40).to_bytes(8, "big")))


def an_unknown_sequenced_type(peer, port):
    peer.say(raw.frame(0x3F, payload=b"?"))


def an_id_twice(peer, port):
    peer.say(raw.opening(1, port), raw.frame(raw.RST, 1, b"\x0a"), raw.opening(1, port))


def too_long_a_frame(peer, port):
    peer.say(b"\x04\x00\xff\xff\x00\x00\x00\x01" + b"x" * 100)


def pings_without_end(peer, port):
    assert peer.flood(raw.frame(raw.PING, payload=bytes(8)) * 60_000)


def acks_without_end(peer, port):
    assert peer.flood(raw.frame(raw.ACK, payload=bytes(8)) * 60_000)


def resets_without_end(peer, port):
    """Over 20,000 a second; a machine that can't take so many takes them one after the other."""
    ids = iter(range(1, 1 << 31, 2))
    begun, count = time.monotonic(), 0
    with contextlib.suppress(OSError, ssl.SSLError):
        while time.monotonic() - begun < 30:
            pairs = [raw.opening(one := next(ids), port) + raw.frame(raw.RST, one, b"\x0a") for _ in range(25_000)]
            peer.say(*pairs)
            count += len(pairs)
        assert count / 30 < 20_000, f"{count / 30:.0f} resets a second, and nobody minded"
        pytest.skip(f"{count / 30:.0f} resets a second is all that this machine comes to")


def acknowledges_nothing(peer, port):
    peer.say(raw.opening(1, port))
    peer.only_answers_pings()


@pytest.mark.parametrize(
    "misbehave",
    [
        acknowledges_nothing, beyond_the_window, data_for_nobody, acknowledges_what_was_never_sent, an_unknown_sequenced_type, an_id_twice,
        too_long_a_frame, pings_without_end, acks_without_end, resets_without_end,
    ],
    ids=lambda made: made.__name__,
)
def test_a_hostile_peer_ends_its_own_session_only(proxy, link, misbehave):
    with client.connect(link.ports[1]) as bystander:
        bystander.sendall(b"before")
        assert bystander.recv(6) == b"before"
        before = metrics(proxy)
        peer = raw.RawPeer(proxy.port, proxy.keys / "daemon")
        misbehave(peer, proxy.http)
        peer.frames_to_the_end()
        wait_for("it is counted", lambda: metrics(proxy)[BROKEN] == before[BROKEN] + 1)
        bystander.sendall(b"after")
        assert bystander.recv(5) == b"after"
    assert client.name_of(link.port)
    assert metrics(proxy)["ferry_proxy_sessions"] == 1


def test_resuming_what_is_not_there_is_refused_and_counted(proxy, link):
    for guess in range(100):
        peer = raw.RawPeer(proxy.port, proxy.keys / "daemon", greets=False)
        claim = bytes([guess]) * 16 + (1).to_bytes(4, "big") + bytes(32) + (1 << 40).to_bytes(8, "big")
        peer.say(raw.frame(raw.RESUME, payload=claim))
        assert [one[0] for one in peer.frames_to_the_end()] == [raw.RESUME_FAIL]
    assert metrics(proxy)[fate("resume-failed")] == 100
    assert client.name_of(link.port)


def test_sessions_that_are_begun_and_left_keep_nobody_out(proxy, link):
    """More than there are places for, each of them lost at once; the daemon that is there stays, and another one comes."""
    for _ in range(100):
        raw.RawPeer(proxy.port, proxy.keys / "daemon").close()
    assert client.name_of(link.port)
    raw.RawPeer(proxy.port, proxy.keys / "daemon").close()
    assert metrics(proxy)[fate("begun")] >= 102


# --- crowds that say nothing, or half of something -----------------------------------------------------


@contextlib.contextmanager
def crowd(size, connect):
    made = []
    try:
        for _ in range(size):
            made.append(connect())
        yield made
    finally:
        for one in made:
            one.close()


def half_a_handshake(port):
    """The first flight of TLS, and then nothing."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with contextlib.suppress(ssl.SSLWantReadError):
        context.wrap_bio(incoming, outgoing).do_handshake()
    first_flight = outgoing.read()

    def connect():
        made = socket.create_connection(("127.0.0.1", port), timeout=20)
        made.sendall(first_flight)
        return made

    return connect


def test_two_thousand_half_open_handshakes(proxy, link):
    with crowd(2000, half_a_handshake(proxy.port)):
        assert client.name_of(link.port)
        seen = metrics(proxy)
        assert seen["ferry_proxy_carriers_waiting"] <= 256
        raw.RawPeer(proxy.port, proxy.keys / "daemon").close()  # a new daemon gets in
        wait_for("the rest have gone in time", lambda: metrics(proxy)["ferry_proxy_carriers_waiting"] == 0, timeout=20)
    seen = metrics(proxy)
    assert seen[fate("crowded-out")] + seen[fate("too-slow")] >= 2000


def test_a_thousand_silent_clients_of_the_health_port(proxy, link):
    with crowd(1000, lambda: socket.create_connection(("127.0.0.1", proxy.health), timeout=20)):
        assert client.get(proxy.health, "/readyz")[0] == 200
    assert client.name_of(link.port)


def test_a_thousand_silent_clients_of_the_control_socket(lone_ferry, link, capsys):
    path = str(lone_ferry.home / "run" / "ferry" / "ferryd.sock")

    def connect():
        made = socket.socket(socket.AF_UNIX)
        made.connect(path)
        return made

    with crowd(1000, connect):
        begun = time.monotonic()
        assert lone_ferry.status()["links"]
        took = time.monotonic() - begun
        assert client.name_of(link.port)
    with capsys.disabled():
        print(f"\n`ferry status` among 1000 silent clients: {took * 1000:.0f} ms")


# --- streams of which nobody reads anything ------------------------------------------------------------


@pytest.fixture
def stalling():
    """The port of a service that sends without end and reads nothing."""
    process = subprocess.Popen([sys.executable, STALLING], stdout=subprocess.PIPE, text=True)
    yield int(process.stdout.readline())
    process.kill()
    process.wait()
    process.stdout.close()


def stall(port, count):
    """So many connections that send what is taken, and read nothing; all of them, once nothing is taken any more."""
    made, waits = [], selectors.DefaultSelector()
    while len(made) < count:
        batch = [connect_to_stall(port) for _ in range(min(100, count - len(made)))]
        for one in batch:
            one.recv(1, socket.MSG_PEEK)  # the service is there, and sends
            one.setblocking(False)
            waits.register(one, selectors.EVENT_WRITE)
        made += batch
        push(waits, 0)
    while push(waits, 1.0):
        pass
    return made


def connect_to_stall(port):
    one = socket.socket()
    one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    one.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 65536)
    one.settimeout(60)
    one.connect(("127.0.0.1", port))
    return one


def push(waits, patience):
    moved = waits.select(patience)
    for key, _ in moved:
        with contextlib.suppress(BlockingIOError):
            key.fileobj.send(bytes(65536))
    return moved


def answers_in(port):
    """How long a new connection takes from connecting to its echo."""
    begun = time.monotonic()
    with client.connect(port) as connection:
        connection.sendall(b"?")
        assert connection.recv(1) == b"?"
    return time.monotonic() - begun


def test_stalled_streams_stay_within_the_budget_and_hold_up_nobody(proxy, lone_ferry, stalling, capsys):
    made = lone_ferry.forward("host/127.0.0.1", f":{proxy.echo}", f":{stalling}", *proxy.options(), links=2)
    answers_in(made.ports[0])
    peak = {}
    ended = threading.Event()

    def watch():
        while not ended.wait(0.2):
            for name, pid in (("ferryd", lone_ferry.daemon_pid()), ("ferry-proxy", proxy.process.pid)):
                peak[name] = max(peak.get(name, 0), rss_mib(pid))

    watcher = threading.Thread(target=watch)
    watcher.start()
    stalled = []
    try:
        stalled = stall(made.ports[1], STREAMS)
        times = sorted(answers_in(made.ports[0]) for _ in range(50))
        open_streams = metrics(proxy)["ferry_proxy_streams"]
    finally:
        ended.set()
        watcher.join()
        for one in stalled:
            one.close()
    with capsys.disabled():
        print(
            f"\n{open_streams:.0f} stalled streams: peak RSS ferryd {peak['ferryd']:.1f} MiB, ferry-proxy "
            f"{peak['ferry-proxy']:.1f} MiB (budget {BUDGET_MIB:.0f} MiB, of ferryd {BUDGET_MIB + FERRYD_WINDOWS_MIB:.0f}); a new stream answers in "
            f"{statistics.median(times) * 1000:.1f} ms (median), {times[-1] * 1000:.1f} ms (worst of 50)"
        )
    assert open_streams >= STREAMS
    assert peak["ferryd"] < BUDGET_MIB + FERRYD_WINDOWS_MIB and peak["ferry-proxy"] < BUDGET_MIB
    assert statistics.median(times) < 0.1
    assert times[-1] < 2  # on a machine that does other things as well
    wait_for("every stream has ended", lambda: metrics(proxy)["ferry_proxy_streams"] == 0, timeout=60)


def test_a_client_that_gives_up_on_a_service_that_reads_nothing_leaves_nothing(proxy, lone_ferry):
    with socket.create_server(("127.0.0.1", 0)) as service:
        made = lone_ferry.forward("host/127.0.0.1", f":{service.getsockname()[1]}", *proxy.options())
        with socket.create_connection(("127.0.0.1", made.port)) as one:
            one.sendall(b"x")
            far = client.accept_with(service, b"x")
            one.settimeout(1)
            with pytest.raises(TimeoutError):
                while True:
                    one.sendall(bytes(65536))
            assert metrics(proxy)["ferry_proxy_streams"] == 1
            one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        with far:
            wait_for("its stream has ended", lambda: metrics(proxy)["ferry_proxy_streams"] == 0, timeout=20)


def test_greedy_sessions_share_the_budget_of_their_proxy(proxy, lone_ferry, stalling, capsys):
    """Twelve that download as much as they are given, and acknowledge nothing; each alone could make it keep 64 MiB."""
    peers = []
    for _ in range(12):
        peers.append(raw.RawPeer(proxy.port, proxy.keys / "daemon"))
        peers[-1].say(*[raw.opening(stream, stalling, grant=4 << 20) for stream in range(1, 41, 2)])
    taken = [peer.read_until_silence() for peer in peers]
    rss = rss_mib(proxy.process.pid)
    limit = BASE_MIB + SESSIONS_MIB + len(peers) * SESSION_MIB
    with capsys.disabled():
        shares = ", ".join(f"{n / 2**20:.1f}" for n in taken)
        print(f"\n12 greedy sessions: {shares} MiB; RSS of ferry-proxy {rss:.1f} MiB (budget {limit:.0f} MiB)")
    assert sum(taken) > 20 * 2**20 and min(taken) > 0
    assert rss < limit
    made = lone_ferry.forward("host/127.0.0.1", f":{proxy.http}", *proxy.options())
    assert client.download_hash(made.port, 20_000_000)[0] == client.hash_of_pattern(20_000_000)
    assert metrics(proxy)["ferry_proxy_sessions"] == 13
    for peer in peers:
        peer.close()
