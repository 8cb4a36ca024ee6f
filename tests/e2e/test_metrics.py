"""What the daemon and the proxy count, as Prometheus would have it."""

import subprocess
import urllib.request

import pytest

import http_client as client
import prometheus
from ferry import free_port
from test_tunnel_port import lone_ferry, proxy  # noqa: F401: fixtures

CONTENT_TYPE = "text/plain; version=0.0.4"


def of_daemon(ferry):
    sock = ferry.home / "run" / "ferry" / "ferryd.sock"
    words = ["curl", "-sSf", "-w", "%{stderr}%{content_type}", "--unix-socket", sock, "http://ferryd/metrics"]
    done = subprocess.run(words, capture_output=True, text=True, check=True, timeout=20)
    assert done.stderr == CONTENT_TYPE
    return prometheus.check(done.stdout, "ferry_")


def of_proxy(proxy):
    with urllib.request.urlopen(f"http://127.0.0.1:{proxy.health}/metrics", timeout=20) as answer:
        assert answer.headers["Content-Type"] == CONTENT_TYPE
        return prometheus.check(answer.read().decode(), "ferry_proxy_")


def test_the_daemon_keeps_to_the_conventions(lone_ferry, proxy):
    port = free_port()
    lone_ferry.run("forward", "host/127.0.0.1", f"{port}:{proxy.http}", "--detach", *proxy.options())
    assert client.name_of(port)
    counted = of_daemon(lone_ferry)
    (link,) = lone_ferry.links()
    labels = (("link", link["id"]), ("target", "host/127.0.0.1"), ("namespace", "default"))
    assert counted["ferry_link_up"][2] == {labels: 1}
    assert counted["ferry_link_connections_accepted_total"][2][labels] >= 1
    assert counted["ferry_link_received_bytes_total"][2][labels] > 0
    assert counted["ferry_link_last_success_timestamp_seconds"][2][labels] > counted["ferry_start_time_seconds"][2][()]
    assert 0 < counted["ferry_tunnel_round_trip_seconds"][2].popitem()[1] < 10


def test_the_proxy_keeps_to_the_conventions(lone_ferry, proxy):
    link = lone_ferry.forward("host/127.0.0.1", f":{proxy.http}", *proxy.options())
    assert client.name_of(link.port)
    counted = of_proxy(proxy)
    assert counted["ferry_proxy_streams_opened_total"][2][()] >= 1
    assert counted["ferry_proxy_sessions"][2] == {(): 1}


@pytest.mark.parametrize("text", [
    "# HELP a Bytes.\n# TYPE a counter\na 1\n",  # no _total
    "# HELP a_total Things.\n# TYPE a_total gauge\na_total 1\n",
    "# HELP a_ms A time.\n# TYPE a_ms gauge\na_ms 1\n",
    "# HELP a_bytes_sent_total Bytes.\n# TYPE a_bytes_sent_total counter\na_bytes_sent_total 1\n",
    "# HELP a Things.\n# TYPE a gauge\na 1\n# HELP a_total Things.\n# TYPE a_total counter\na_total 1\n",
    "# HELP a things\n# TYPE a gauge\na 1\n",
    "# HELP a Things.\n# TYPE a gauge\na 1\na 2\n",
    "# HELP a_info Things.\n# TYPE a_info gauge\na_info 1\n",
    "a 1\n",
])
def test_the_check_finds_what_breaks_them(text):
    with pytest.raises(AssertionError):
        prometheus.check(text, "a")
