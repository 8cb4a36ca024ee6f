"""Processes that have nothing to do sleep: what wakes them a hundred times a minute costs a laptop its battery."""

import pathlib
import time

import http_client as client
from test_tunnel_port import lone_ferry, proxy  # noqa: F401: fixtures

WINDOW = 10  # seconds


def wakes(pid):
    """How often the threads of a process went to sleep so far, so that something had to wake them."""
    total = 0
    for status in pathlib.Path(f"/proc/{pid}/task").glob("*/status"):
        total += sum(int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith("voluntary_"))
    return total


def test_idle_links_wake_nobody_more_than_once_a_second(ferry, web, lone_ferry, proxy):
    """Each daemon with its tunnel, and `ferry forward` attached: through the API server, and to a proxy's address."""
    through_the_cluster = ferry.forward(f"svc/{web}", ":80")
    by_address = lone_ferry.forward("host/127.0.0.1", f":{proxy.http}", *proxy.options())
    assert client.name_of(through_the_cluster.port) and client.name_of(by_address.port)
    processes = {
        "ferryd, through the API server": ferry.daemon_pid(),
        "ferryd, to an address": lone_ferry.daemon_pid(),
        "ferry-proxy": proxy.process.pid,
        "ferry forward": by_address.process.pid,
    }

    def restless():
        before = {name: wakes(pid) for name, pid in processes.items()}
        time.sleep(WINDOW)
        rates = {name: (wakes(pid) - before[name]) / WINDOW for name, pid in processes.items()}
        print(f"wake-ups per second: {rates}")
        return {name for name, rate in rates.items() if rate >= 1}

    # What only settles is over after a while; what goes on is there each time.
    always = restless()
    for _ in range(2):
        always &= restless() if always else set()
    assert not always
