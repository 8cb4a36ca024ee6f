"""A forward link does what a TCP connection to the Service would do."""

import concurrent.futures
import signal
import socket
import struct

import pytest

import http_client as client
import workloads
from ferry import free_port
from kube_api import wait_for


def test_a_service_answers_on_a_local_port(ferry, web, route):
    port = free_port()
    link = ferry.forward(f"svc/{web}", f"{port}:80", "--route", route)
    assert link.ports == [port]
    status, body = client.get(port)
    assert status == 200 and body.decode().startswith("web-")
    assert ferry.links()[0]["route"] == route


def test_connections_are_spread_over_the_pods(ferry, web, api, namespace, route):
    link = ferry.forward(f"svc/{web}", ":80", "--route", route)
    names = {client.name_of(link.port) for _ in range(40)}
    assert names == {pod["metadata"]["name"] for pod in api.ready_pods(namespace, "app=web")}


def test_it_listens_on_both_address_families(ferry, web, route):
    link = ferry.forward(f"svc/{web}", ":80", "--route", route)
    with socket.create_connection(("::1", link.port), timeout=20) as connection:
        connection.sendall(b"GET / HTTP/1.0\r\n\r\n")
        assert client.read_to_end(connection).startswith(b"HTTP/1.")


@pytest.mark.parametrize("target", ["svc/web", "service/web", "deploy/web", "deployment/web"])
def test_services_and_workloads_are_targets(ferry, web, route, target):
    remote = "80" if target.startswith("s") else str(workloads.HTTP)
    link = ferry.forward(target, f":{remote}", "--route", route)
    assert client.name_of(link.port).startswith("web-")


def test_a_pod_is_a_target(ferry, web, api, namespace, route):
    name = api.ready_pods(namespace, "app=web")[0]["metadata"]["name"]
    link = ferry.forward(f"pod/{name}", ":http", "--route", route)
    assert {client.name_of(link.port) for _ in range(5)} == {name}


def test_ports_have_names_and_come_in_numbers(ferry, web, route):
    link = ferry.forward(f"svc/{web}", ":http", ":echo", "--route", route, links=2)
    assert client.name_of(link.ports[0])
    with client.connect(link.ports[1]) as connection:
        connection.sendall(b"hello")
        assert connection.recv(5) == b"hello"


def test_a_host_that_only_the_cluster_knows_is_a_target(ferry, web, namespace):
    link = ferry.forward(f"host/web.{namespace}.svc", ":80", "--route", "proxy")
    assert client.name_of(link.port).startswith("web-")


def test_half_closed_connections_stay_open_the_other_way(ferry, web):
    link = ferry.forward(f"svc/{web}", ":echo", "--route", "proxy")
    with client.connect(link.port) as connection:
        connection.sendall(b"x" * 1_000_000)
        connection.shutdown(socket.SHUT_WR)
        assert len(client.read_to_end(connection)) == 1_000_000


def test_a_reset_arrives_as_a_reset(ferry, web):
    link = ferry.forward(f"svc/{web}", ":reset", "--route", "proxy")
    with client.connect(link.port) as connection, pytest.raises(ConnectionResetError):
        connection.sendall(b"x")
        connection.recv(1)
        connection.recv(1)


def test_a_client_that_resets_harms_no_other(ferry, web, route):
    link = ferry.forward(f"svc/{web}", ":echo", "--route", route)
    with client.connect(link.port) as bystander:
        bystander.sendall(b"a")
        assert bystander.recv(1) == b"a"
        for _ in range(20):
            rude = client.connect(link.port)
            rude.sendall(b"x" * 100_000)
            rude.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            rude.close()
        bystander.sendall(b"b")
        assert bystander.recv(1) == b"b"


def test_a_reader_that_stalls_harms_no_other(ferry, web, route):
    link = ferry.forward(f"svc/{web}", ":80", "--route", route)
    with client.connect(link.port) as stalled:
        stalled.sendall(b"GET /bytes?n=300000000 HTTP/1.1\r\nHost: x\r\n\r\n")
        assert stalled.recv(1)
        digest, total = client.download_hash(link.port, 20_000_000)
        assert (digest, total) == (client.hash_of_pattern(20_000_000), 20_000_000)


def test_many_connections_at_once(ferry, web, route):
    link = ferry.forward(f"svc/{web}", ":80", "--route", route)
    with concurrent.futures.ThreadPoolExecutor(32) as pool:
        answers = list(pool.map(lambda _: client.get(link.port, "/bytes?n=50000")[1], range(200)))
    assert set(answers) == {client.pattern(50_000)}


@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_foreground_link_ends_with_its_command(ferry, web, by):
    link = ferry.forward(f"svc/{web}", ":80")
    assert client.name_of(link.port)
    link.end(by)
    wait_for("the port is free", lambda: client.name_of(link.port) is None)
    wait_for("the link is gone", lambda: ferry.links() == [])
    if by == signal.SIGINT:
        assert link.process.returncode == 130


def test_a_detached_link_stays_until_it_is_left(ferry, web):
    port = free_port()
    ferry.run("forward", f"svc/{web}", f"{port}:80", "--detach")
    assert client.name_of(port)
    (link,) = ferry.links()
    ferry.run("leave", link["id"])
    assert ferry.links() == []
    assert client.name_of(port) is None


def test_several_targets_from_a_file(ferry, web, namespace):
    ports = [free_port(), free_port()]
    file = ferry.home / "links.yaml"
    file.write_text(
        "links:\n"
        f"  - target: svc/web\n    ports: ['{ports[0]}:80']\n"
        f"  - target: deploy/web\n    ports: ['{ports[1]}:http']\n"
    )
    link = ferry.forward("-f", str(file), links=2)
    assert sorted(link.ports) == sorted(ports)
    assert all(client.name_of(port) for port in ports)
