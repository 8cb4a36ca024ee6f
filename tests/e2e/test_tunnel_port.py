"""The tunnel port among strangers: a proxy that is reached by address, without any cluster."""

import contextlib
import os
import pathlib
import re
import resource
import shutil
import signal
import socket
import ssl
import struct
import subprocess
import tempfile
import threading
import time

import pytest

import http_client as client
from conftest import ROOT, new_ferry
from ferry import rss_mib
from kube_api import wait_for
from lone_proxy import LoneProxy
from relay import Relay


@pytest.fixture
def proxy(build):
    with tempfile.TemporaryDirectory(prefix="ferry-e2e-proxy-") as folder:
        made = LoneProxy(build, pathlib.Path(folder))
        try:
            yield made
        finally:
            made.stop()


@pytest.fixture
def lone_ferry(build):
    with new_ferry(build, None, None, None) as made:
        yield made


@pytest.fixture
def link(lone_ferry, proxy):
    made = lone_ferry.forward("host/127.0.0.1", f":{proxy.http}", f":{proxy.echo}", *proxy.options(), links=2)
    assert client.name_of(made.port)
    return made


def test_a_host_answers_without_any_cluster(link):
    assert client.download_hash(link.port, 10_000_000)[0] == client.hash_of_pattern(10_000_000)


@pytest.fixture
def foreign(tmp_path):
    """Keys of another installation."""
    subprocess.run([ROOT / "scripts" / "make-credentials", tmp_path / "foreign"], check=True)
    return tmp_path / "foreign" / "daemon"


def test_the_daemon_refuses_a_proxy_of_another_installation(lone_ferry, proxy, foreign):
    done = lone_ferry.run("forward", "host/127.0.0.1", f":{proxy.http}", *proxy.options(foreign), check=False)
    assert done.returncode != 0
    assert re.search("certificate", done.stderr), done.stderr


def test_the_proxy_refuses_a_daemon_of_another_installation(lone_ferry, proxy, foreign):
    """The daemon trusts this proxy, but comes with a certificate that this proxy doesn't know."""
    shutil.copy(proxy.keys / "daemon" / "ca.crt", foreign / "ca.crt")
    done = lone_ferry.run("forward", "host/127.0.0.1", f":{proxy.http}", *proxy.options(foreign), check=False)
    assert done.returncode != 0
    assert re.search("certificate|unknown ca", done.stderr), done.stderr
    assert "begun" not in proxy.log.read_text()


def test_a_client_without_a_certificate_gets_nothing(proxy, link):
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with socket.create_connection(("127.0.0.1", proxy.port), timeout=20) as raw, pytest.raises((ssl.SSLError, OSError)):
        with context.wrap_socket(raw) as stranger:
            stranger.sendall(b"hello")
            if stranger.recv(1) == b"":
                raise ConnectionResetError
    assert client.name_of(link.port)


def test_the_proxy_refuses_older_tls(proxy):
    """Of a client with the right certificate, so that nothing but the version can be the reason."""
    context = tls(proxy, "daemon")
    context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_2
    with socket.create_connection(("127.0.0.1", proxy.port), timeout=20) as raw:
        with pytest.raises(ssl.SSLError, match="PROTOCOL_VERSION"):
            context.wrap_socket(raw)


def test_the_daemon_refuses_older_tls(lone_ferry, proxy):
    """Of a proxy with the right certificate."""
    context = tls(proxy, "proxy")
    context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_2
    seen = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve():
            while True:
                try:
                    raw, _ = listener.accept()
                except OSError:
                    return
                try:
                    context.wrap_socket(raw, server_side=True).close()
                    seen.append("served")
                except (OSError, ssl.SSLError) as error:
                    seen.append(str(error))

        threading.Thread(target=serve, daemon=True).start()
        words = ["--proxy-addr", f"127.0.0.1:{listener.getsockname()[1]}", "--proxy-credentials", str(proxy.keys / "daemon")]
        done = lone_ferry.run("forward", "host/127.0.0.1", f":{proxy.http}", *words, check=False, timeout=30)
        listener.shutdown(socket.SHUT_RDWR)
    assert done.returncode != 0
    assert seen and not any("served" in one for one in seen), seen
    assert any("PROTOCOL" in one or "version" in one for one in seen), seen


@pytest.mark.parametrize(
    "says",
    [b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"\x00" * 5000, os.urandom(100_000), b"\x16\x03\x01\x02\x00\x01", b"\x16\x03\x03\x40\x00" + b"\x01" * 100],
    ids=["http", "zeros", "noise", "half a record", "a record too long"],
)
def test_garbage_ends_its_own_connection_only(proxy, link, says):
    for _ in range(50):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", proxy.port), timeout=5) as stranger:
            stranger.sendall(says)
    assert client.name_of(link.port)
    assert proxy.process.poll() is None


def test_slow_handshakes_are_cut(proxy, link):
    slow = [socket.create_connection(("127.0.0.1", proxy.port), timeout=40) for _ in range(50)]
    for connection in slow:
        connection.sendall(b"\x16\x03\x01")
    assert client.name_of(link.port)
    for connection in slow:
        with contextlib.suppress(ConnectionResetError):
            assert connection.recv(1) == b""
        connection.close()


def test_ten_thousand_connections_harm_nobody(build, proxy, link):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 20_000), hard))
    crowd = []
    try:
        for _ in range(10_000):
            made = socket.socket()
            made.setblocking(False)
            made.connect_ex(("127.0.0.1", proxy.port))
            crowd.append(made)
        assert client.name_of(link.port)
        with client.connect(link.ports[1]) as connection:
            connection.sendall(b"x")
            assert connection.recv(1) == b"x"
        with new_ferry(build, None, None, None) as other:  # a second daemon finds its way in, if not at the first try
            words = ["forward", "host/127.0.0.1", f":{proxy.http}", "--detach", *proxy.options()]
            wait_for("a new tunnel in the crowd", lambda: other.run(*words, check=False).returncode == 0, timeout=60)
    finally:
        for connection in crowd:
            connection.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert proxy.process.poll() is None
    assert rss_mib(proxy.process.pid) < 128  # half of what its pod may use


# --- versions ------------------------------------------------------------------------------------------


def hello(protocol, version):
    """HELLO as tunnel/README.md lays it out; only the fields up to the version mean something across protocols."""
    payload = b"FRRY" + struct.pack(">HB", protocol, len(version)) + version + struct.pack(">IIQB", 0, 100, 1 << 20, 0)
    return struct.pack(">BBHI", 0x80, 0, len(payload), 0) + payload


def tls(proxy, end):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER if end == "proxy" else ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    folder = proxy.keys / end
    context.load_cert_chain(folder / "tls.crt", folder / "tls.key")
    context.load_verify_locations(folder / "ca.crt")
    context.verify_mode = ssl.CERT_REQUIRED
    return context


def test_a_proxy_of_another_protocol_version_is_named(lone_ferry, proxy):
    """The daemon meets a proxy from the future."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve():
            with contextlib.suppress(OSError, ssl.SSLError):
                while True:
                    raw, _ = listener.accept()
                    with contextlib.suppress(OSError, ssl.SSLError), tls(proxy, "proxy").wrap_socket(raw, server_side=True) as peer:
                        peer.recv(4096)
                        peer.sendall(hello(99, b"9.9.9"))
                        peer.recv(4096)

        threading.Thread(target=serve, daemon=True).start()
        words = ["--proxy-addr", f"127.0.0.1:{listener.getsockname()[1]}", "--proxy-credentials", str(proxy.keys / "daemon")]
        done = lone_ferry.run("forward", "host/127.0.0.1", f":{proxy.http}", *words, check=False, timeout=30)
    assert done.returncode != 0
    assert "9.9.9" in done.stderr and re.search("upgrade", done.stderr), done.stderr


def test_a_daemon_of_another_protocol_version_is_told(proxy, link):
    """A daemon from the past gets the proxy's HELLO, which names its version, and then the end."""
    with socket.create_connection(("127.0.0.1", proxy.port), timeout=20) as raw:
        with tls(proxy, "daemon").wrap_socket(raw) as daemon:
            daemon.sendall(hello(0, b"0.0.1"))
            answer = b""
            with contextlib.suppress(OSError, ssl.SSLError):
                while part := daemon.recv(4096):
                    answer += part
    assert answer[:1] == b"\x80" and answer[8:12] == b"FRRY"
    assert client.name_of(link.port)


# --- another connection while the first one works ---------------------------------------------------------


def read_frames(connection, until):
    """The payload of the first frame of that type."""
    stream = connection.makefile("rb")
    while True:
        kind, _, size, _ = struct.unpack(">BBHI", stream.read(8))
        payload = stream.read(size)
        if kind == until:
            return payload


def frame(kind, payload):
    return struct.pack(">BBHI", kind, 0, len(payload), 0) + payload


def is_open(connection):
    connection.settimeout(0.1)
    try:
        while part := connection.recv(4096):
            assert part
        return False
    except TimeoutError:
        return True
    except OSError:
        return False


def test_a_proxy_that_wants_another_connection_gets_it_while_the_old_one_goes_on(lone_ferry, proxy):
    """GOAWAY, not for shutting down: the session is resumed on a second connection, then the first one ends."""
    keys = os.urandom(16), os.urandom(32)
    answer = hello(1, b"1.0")[:-1] + b"\x01" + b"".join(keys)
    answer = answer[:2] + struct.pack(">H", len(answer) - 8) + answer[4:]
    context = tls(proxy, "proxy")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(20)
        words = ["--proxy-addr", f"127.0.0.1:{listener.getsockname()[1]}", "--proxy-credentials", str(proxy.keys / "daemon")]
        lone_ferry.start("forward", "host/127.0.0.1", f":{proxy.http}", *words)
        with context.wrap_socket(listener.accept()[0], server_side=True) as first:
            read_frames(first, until=0x80)  # HELLO
            first.sendall(answer)
            first.sendall(frame(0x88, struct.pack(">BI", 0, 60_000)))  # GOAWAY, no reason, in a minute
            raw = listener.accept()[0]
            assert is_open(first)
            with context.wrap_socket(raw, server_side=True) as second:
                session, epoch = struct.unpack(">16sI", read_frames(second, until=0x81)[:20])  # RESUME
                assert (session, epoch) == (keys[0], 1)
                second.sendall(frame(0x82, struct.pack(">Q", 0)))  # RESUME_OK: nothing came
                read_frames(second, until=0x01)  # so that the OPEN comes again
                assert not is_open(first)


# --- the proxy's end -------------------------------------------------------------------------------------


def test_a_killed_proxy_resets_its_connections_and_new_ones_go_to_the_next(proxy, link, lone_ferry):
    with client.connect(link.ports[1]) as connection:
        connection.sendall(b"x")
        assert connection.recv(1) == b"x"
        proxy.process.kill()
        proxy.process.wait()
        proxy.start()
        with pytest.raises(ConnectionResetError):
            while connection.recv(1):
                pass
    wait_for("the link works again", lambda: client.name_of(link.port), timeout=15)


def test_sigterm_drains(proxy, link):
    with client.connect(link.ports[1]) as connection:
        connection.sendall(b"x")
        assert connection.recv(1) == b"x"
        proxy.process.send_signal(signal.SIGTERM)
        connection.sendall(b"y")
        assert connection.recv(1) == b"y"
    assert proxy.process.wait(timeout=20) == 0


def test_a_killed_daemon_leaves_nothing_behind_once_the_next_one_comes(lone_ferry, proxy):
    """What it was connected to in the cluster isn't left to wait for hours for who can't come back."""
    with socket.create_server(("127.0.0.1", 0)) as service:
        port = service.getsockname()[1]
        made = lone_ferry.forward("host/127.0.0.1", f":{port}", *proxy.options())
        with socket.create_connection(("127.0.0.1", made.port), timeout=20) as near, far_end(service, near) as far:
            lone_ferry.kill()
            wait_for("the proxy keeps its session", lambda: kept_sessions(proxy) == 1)
            lone_ferry.forward("host/127.0.0.1", f":{proxy.http}", *proxy.options())
            with pytest.raises(ConnectionResetError):
                far.recv(1)
    assert kept_sessions(proxy) == 0


def test_a_link_that_is_ended_while_its_tunnel_is_lost_leaves_nothing_behind(lone_ferry, proxy):
    """The daemon stays, and no other tunnel comes: it is the old one that says so once it gets through."""
    with socket.create_server(("127.0.0.1", 0)) as service, Relay("127.0.0.1", proxy.port) as relay:
        service.settimeout(20)
        made = lone_ferry.forward("host/127.0.0.1", f":{service.getsockname()[1]}", *proxy.options(port=relay.port))
        with socket.create_connection(("127.0.0.1", made.port), timeout=20) as near, far_end(service, near) as far:
            relay.down()
            wait_for("the proxy keeps its session", lambda: kept_sessions(proxy) == 1)
            lone_ferry.run("leave", "--all")
            relay.heal()
            with pytest.raises(ConnectionResetError):
                far.recv(1)


def test_a_way_that_is_always_cut_off_is_tried_again_for_a_while(lone_ferry, proxy):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        ended = []

        def cut():
            with contextlib.suppress(OSError):
                while True:
                    raw, _ = listener.accept()
                    raw.recv(1)  # it is connected
                    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    raw.close()
                    ended.append(time.monotonic())

        threading.Thread(target=cut, daemon=True).start()
        words = ["--proxy-addr", f"127.0.0.1:{listener.getsockname()[1]}", "--proxy-credentials", str(proxy.keys / "daemon")]
        failed = lone_ferry.run("forward", "host/127.0.0.1", ":1", *words, check=False)
    assert failed.returncode != 0 and "trying again" in failed.stderr and "error: " in failed.stderr
    assert len(ended) > 2 and ended[-1] - ended[0] < 30


def far_end(service, near):
    """Where a connection arrives; a new link's test of itself may have come first."""
    near.sendall(b"near")
    return client.accept_with(service, b"near")


def kept_sessions(proxy):
    _, body = client.get(proxy.health, "/metrics")
    return int(re.search(rb"^ferry_proxy_sessions_kept (\d+)$", body, re.MULTILINE)[1])
