"""What reverse links carry: streams of every kind, from the cluster to a process here.

The callers come through a forward link, the Service and the stand-in: whatever either direction does to a stream shows.
"""

import asyncio
import contextlib
import re
import socket
import subprocess
import threading

import aiohttp.web
import pytest

import grpc_echo
import http_client as client
from ferry import free_port, rss_mib
from kube_api import wait_for
from stage import plays

MIB = 1 << 20


@contextlib.contextmanager
def swapped_and_forwarded(stage, exposed, *words, remote=None):
    """Swaps `web` for {port's name: local port}; {name: where it can be called from here}, also for those in `remote`."""
    stage.web()
    called = [*exposed, *(remote or [])]
    ports = stage.ferry.forward("svc/web", *(f":{name}" for name in called), links=len(called)).ports
    stage.quiet()  # with what the forward link has brought
    options = [word for name, port in exposed.items() for word in ("--expose", f"{port}:{name}")]
    command = stage.ferry.swap("web", *options, *words)
    yield dict(zip(called, ports))
    command.end()
    stage.is_as_before()


def reverse_link(stage):
    (link,) = [link for link in stage.ferry.links() if link["target"]["kind"] == "deploy"]
    return link


@plays
def test_bytes_arrive_whole_and_long_streams_live(stage):
    """Half-close, many at once, events that come one by one."""
    local = stage.local()
    with swapped_and_forwarded(stage, {"http": local.http, "echo": local.echo}) as ports:
        assert client.name_of(ports["http"]) == "local"
        size = 20_000_000
        assert client.download_hash(ports["http"], size) == (client.hash_of_pattern(size), size)
        assert client.upload(ports["http"], size) == (size, client.hash_of_pattern(size))
        many = [client.connect(ports["echo"]) for _ in range(50)]
        for number, connection in enumerate(many):
            connection.sendall(b"%d" % number)
            connection.shutdown(1)
        assert [client.read_to_end(each) for each in many] == [b"%d" % number for number in range(50)]
        status, lines = client.get(ports["http"], "/drip?n=20&ms=100")
        assert status == 200 and lines.split() == [b"%d" % number for number in range(20)]


@plays
def test_a_reset_arrives_as_one_and_an_end_as_an_end(stage):
    local = stage.local()
    with swapped_and_forwarded(stage, {"reset": local.reset, "echo": local.echo}, "--probes", "none") as ports:
        with client.connect(ports["reset"]) as connection:
            connection.sendall(b"x")
            with pytest.raises(ConnectionResetError):
                connection.recv(1)
        with client.connect(ports["echo"]) as connection:
            connection.shutdown(1)
            assert connection.recv(1) == b""


@plays
def test_a_reset_by_the_caller_arrives_here(stage):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        with swapped_and_forwarded(stage, {"echo": listener.getsockname()[1]}, "--probes", "none") as ports:
            connection = client.connect(ports["echo"])
            connection.sendall(b"x")
            accepted = client.accept_with(listener, b"x")
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            connection.close()
            with accepted, pytest.raises(ConnectionResetError):
                accepted.recv(1)


@plays
def test_a_caller_that_does_not_read_holds_up_nobody_but_itself(stage):
    """The local process is held back as well, and whole it arrives all the same."""
    local, size = stage.local(), 200 * MIB
    with swapped_and_forwarded(stage, {"http": local.http}) as ports:
        with client.connect(ports["http"]) as connection:
            connection.sendall(b"GET /bytes?n=%d HTTP/1.0\r\n\r\n" % size)
            sent = at_rest(lambda: reverse_link(stage)["traffic"]["bytesSent"])
            assert sent < size / 2, sent
            assert client.name_of(ports["http"]) == "local"
            assert client.download_hash(ports["http"], 5 * MIB)[1] == 5 * MIB
            assert rss_mib(stage.ferry.daemon_pid()) < 150
            digest, total = client.rest_hashed(connection)
        assert (digest, total) == (client.hash_of_pattern(size), size)


@plays
def test_a_local_process_that_does_not_read_holds_its_caller_back(stage):
    size = 200 * MIB
    with socket.create_server(("127.0.0.1", 0)) as listener:
        with swapped_and_forwarded(stage, {"echo": listener.getsockname()[1]}, "--probes", "none") as ports:
            with client.connect(ports["echo"]) as connection:
                connection.sendall(b"x")
                accepted = client.accept_with(listener, b"x")
                connection.settimeout(1)
                sent, block = 0, b"y" * MIB
                with contextlib.suppress(TimeoutError):
                    while sent < size:
                        sent += connection.send(block)
                assert MIB < sent < size / 2, sent
                assert rss_mib(stage.ferry.daemon_pid()) < 150
                connection.shutdown(1)
                with accepted:
                    assert client.read_to_end(accepted) == b"y" * sent


def at_rest(count):
    """What count() (of bytes) comes to once it has begun and grows no more."""
    seen = [0]

    def grows_no_more():
        seen.append(count())
        return seen[-1] > MIB and len(set(seen[-4:])) == 1

    wait_for("no more is sent", grows_no_more, pause=0.2)
    return seen[-1]


@plays
def test_a_web_socket_talks_in_both_directions(stage):
    async def echo(request):
        websocket = aiohttp.web.WebSocketResponse()
        await websocket.prepare(request)
        await websocket.send_str("welcome")  # unasked
        async for message in websocket:
            if message.data == "bye":
                await websocket.close(code=4001)
            else:
                await websocket.send_bytes(message.data)
        return websocket

    async def talk(port, said):
        async with aiohttp.ClientSession() as session, session.ws_connect(f"http://127.0.0.1:{port}/") as websocket:
            assert await websocket.receive_str(timeout=20) == "welcome"
            answers = []
            for message in said:
                await websocket.send_bytes(message)
                answers.append(await websocket.receive_bytes(timeout=20))
            await websocket.send_str("bye")
            assert (await websocket.receive(timeout=20)).type == aiohttp.WSMsgType.CLOSE
            return answers, websocket.close_code

    with web_server(echo) as port, swapped_and_forwarded(stage, {"http": port}, "--probes", "none") as ports:
        said = [b"x" * size for size in (0, 1, 126, 70_000, 2 * MIB)] + [b"%d" % number for number in range(100)]
        assert asyncio.run(talk(ports["http"], said)) == (said, 4001)


@contextlib.contextmanager
def web_server(handler):
    """An HTTP server on a loop of its own; its port."""
    loop, port = asyncio.new_event_loop(), free_port()
    application = aiohttp.web.Application()
    application.router.add_get("/", handler)
    runner = aiohttp.web.AppRunner(application)
    loop.run_until_complete(runner.setup())
    loop.run_until_complete(aiohttp.web.TCPSite(runner, "127.0.0.1", port).start())
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield port
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.run_until_complete(runner.cleanup())
        loop.close()


@plays
def test_grpc_streams_in_both_directions(stage):
    """With a client of this suite's own, message by message, and with curl's HTTP/2."""
    port = free_port()
    with grpc_echo.serving(port), swapped_and_forwarded(stage, {"echo": port}, "--probes", "none") as ports:
        said = [b"x" * size for size in (0, 1, 10_000)] + [b"%d" % number for number in range(100)]
        with client.connect(ports["echo"]) as connection:
            assert grpc_echo.call(connection, said) == (said, True)
        message = b"\0\0\0\0\5hello"
        done = subprocess.run(
            ["curl", "-sS", "--max-time", "20", "--http2-prior-knowledge", "-H", "content-type: application/grpc",
             "-H", "te: trailers", "--data-binary", "@-", "-o", "-", "-w", "%{http_version} %{http_code}",
             f"http://127.0.0.1:{ports['echo']}/test.Echo/Talk"], input=message, capture_output=True, check=True)
        assert done.stdout == message + b"2 200", done


@plays
def test_the_callers_address_is_passed_on(stage):
    local = stage.local()
    words = ("--proxy-protocol", "--probes", "none")
    with swapped_and_forwarded(stage, {"caller": local.caller}, *words) as ports:
        with client.connect(ports["caller"]) as connection:
            connection.sendall(b"hello")
            connection.shutdown(1)
            said = client.read_to_end(connection).decode()
        proxies = stage.api.list("Pod", stage.namespace, "app.kubernetes.io/name=ferry-proxy")
        assert re.fullmatch(r"(\S+) \d+\nhello", said), said
        assert said.split()[0] in [pod["status"]["podIP"] for pod in proxies]


REFUSED = "connect: Connection refused"


@plays
def test_a_port_that_is_not_exposed_refuses(stage):
    """As one does on which nobody listens; what is seen from within the cluster."""
    stage.web()
    with stage.load() as load:
        command = stage.ferry.swap("web", "--expose", f"{stage.local().echo}:echo", "--probes", "none")
        before = load.settle()
        seen = wait_for("callers are refused", lambda: (now := load.settle()).failed() > before.failed() + 20 and now)
        assert seen.failures() == {REFUSED} and seen.names() == before.names(), seen
        command.end()
    stage.is_as_before()


@plays
def test_a_stand_in_whose_local_process_is_gone_refuses(stage):
    """Whoever still calls the pod itself (the Service leaves it out by then) gets a reset, and then refusals."""
    stage.web(replicas=1)
    local = stage.local()
    command = stage.ferry.swap("web", "--expose", f"{local.http}:http")
    (pod,) = stage.api.list("Pod", stage.namespace, "ferry.dev/stand-in")
    with stage.load(host=pod["status"]["podIP"], port=8080) as load:
        local.stop()
        before = wait_for("callers are refused", lambda: REFUSED in (now := load.settle()).failures() and now)
        seen = wait_for("more of them", lambda: (now := load.settle()).failed() > before.failed() + 20 and now)
        assert seen.failures() <= {REFUSED, "receive: Connection reset by peer"}, seen
        assert seen.count(lambda name: name == "local") == before.count(lambda name: name == "local")
    command.end()
    stage.is_as_before()


@plays
def test_a_local_process_that_listens_on_ipv6_alone(stage):
    with socket.create_server(("::1", 0), family=socket.AF_INET6) as listener:
        threading.Thread(target=say_local, args=[listener], daemon=True).start()
        stage.web()
        with stage.load() as load:
            command = stage.ferry.swap("web", "--expose", f"{listener.getsockname()[1]}:http")
            load.answered_by(lambda name: name == "local")
            command.end()
            seen = load.settle()
        assert seen.failed() == 0, seen
        stage.is_as_before()


def say_local(listener):
    """Answers every request, also the probe's, with the name that the load generator counts."""
    with contextlib.suppress(OSError):
        while True:
            accepted, _ = listener.accept()
            threading.Thread(target=answer, args=[accepted], daemon=True).start()


def answer(accepted):
    with contextlib.suppress(OSError), accepted:
        while b"\r\n\r\n" in accepted.recv(65536):
            accepted.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nlocal\n")
