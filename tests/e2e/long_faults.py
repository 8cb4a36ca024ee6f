"""The long forms of test_faults.py, with figures; `tests/e2e/long` runs them."""

import contextlib
import os
import random
import statistics
import threading
import time
import types

import pytest

import http_client as client
from relay import dropped_packets
from test_faults import Conversation, house, lone_link, tunnel

GIB = 1 << 30
ROUNDS = int(os.environ.get("FERRY_ROUNDS", "100"))


@pytest.fixture
def say(capsys):
    def print_it(text):
        with capsys.disabled():
            print(f"\n{text}")

    return print_it


@pytest.fixture(params=["through the API server", "plain TCP"])
def way(request, build, cluster, api):
    made = house(build, cluster, api) if request.param == "through the API server" else lone_link(types.SimpleNamespace(build=build))
    with made as it:
        it.name = request.param
        yield it


def seeded():
    seed = random.randrange(1 << 32)
    return seed, random.Random(seed)


def test_a_gibibyte_each_way_under_cuts(way, say):
    """A cut every 1 to 5 s at random."""
    seed, dice = seeded()
    way.relay.limit(48 << 20)  # so that it lasts
    before = tunnel(way.ferry)["reconnects"]
    stop, cuts = threading.Event(), []

    def cutter():
        while not stop.wait(dice.uniform(1, 5)):
            way.relay.cut()
            cuts.append(time.monotonic())

    thread = threading.Thread(target=cutter)
    thread.start()
    started = time.monotonic()
    try:
        down = client.download_hash(way.http, GIB)
        up = client.upload(way.http, GIB)
    finally:
        stop.set()
        thread.join()
    took = time.monotonic() - started
    reconnects = tunnel(way.ferry)["reconnects"] - before
    say(
        f"{way.name}: 1 GiB each way in {took:.0f} s, {len(cuts)} cuts, {reconnects} resumes, seed {seed}; "
        f"hashes {'equal' if down[0] == up[1] == client.hash_of_pattern(GIB) else 'DIFFER'}"
    )
    assert down == (client.hash_of_pattern(GIB), GIB)
    assert up == (GIB, client.hash_of_pattern(GIB))
    assert reconnects >= 5


def tell(say, way, fault, what, times, seed):
    """`times`: [(seconds, seconds that the fault lasted)]"""
    worst, lasted = max(times)
    say(
        f"{way.name}, {fault}, {what}: median {statistics.median(took for took, _ in times) * 1000:.0f} ms, "
        f"worst {worst * 1000:.0f} ms (after {lasted:.0f} s) of {len(times)}, seed {seed}"
    )


def test_how_soon_traffic_flows_after_a_cut(way, say):
    """From the reset of all that there is to the answer on a new connection, and on one that was open."""
    seed, dice = seeded()
    talk = Conversation(way.echo)
    before = tunnel(way.ferry)["reconnects"]
    fresh, kept = [], []
    for _ in range(ROUNDS):
        time.sleep(dice.uniform(0.1, 0.5))
        cut = time.monotonic()
        way.relay.cut()
        talk.sends(b"x")
        assert client.name_of(way.http)
        fresh.append((time.monotonic() - cut, 0))
        talk.hears(b"x")
        kept.append((time.monotonic() - cut, 0))
    tell(say, way, "cut", "new connection", fresh, seed)
    tell(say, way, "cut", "open connection", kept, seed)
    assert tunnel(way.ferry)["reconnects"] - before >= ROUNDS
    assert max(fresh)[0] < 1
    assert max(kept)[0] < 1


@contextlib.contextmanager
def relay_is(relay, fault):
    getattr(relay, fault)()
    yield
    relay.heal()


@pytest.mark.parametrize("fault", ["down", "black_hole", "packets dropped"])
def test_how_soon_traffic_flows_after_the_network_is_back(way, say, fault):
    """Out for 0.5 to 3 s at random, each tenth time for 5 to 60; from its return to the answer on a new connection, and on one
    that was open."""
    seed, dice = seeded()
    talk = Conversation(way.echo)
    fresh, kept = [], []
    for number in range(ROUNDS):
        lasts = dice.uniform(5, 60) if number % 10 == 9 else dice.uniform(0.5, 3)
        with dropped_packets(way.relay.port) if fault == "packets dropped" else relay_is(way.relay, fault):
            time.sleep(lasts)
            back = time.monotonic()
        talk.sends(b"x")
        assert client.name_of(way.http)
        fresh.append((time.monotonic() - back, lasts))
        talk.hears(b"x")
        kept.append((time.monotonic() - back, lasts))
    tell(say, way, fault, "new connection", fresh, seed)
    tell(say, way, fault, "open connection", kept, seed)
    assert max(fresh)[0] < 1
    assert max(kept)[0] < 1
