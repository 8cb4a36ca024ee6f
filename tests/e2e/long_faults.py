"""The long forms of test_faults.py, with figures; `tests/e2e/long` runs them."""

import random
import statistics
import threading
import time
import types

import pytest

import http_client as client
from test_faults import Conversation, house, lone_link, tunnel

GIB = 1 << 30
ROUNDS = 100


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


@pytest.mark.parametrize("fault", ["down", "black_hole"])
def test_how_soon_traffic_flows_after_the_network_is_back(way, say, fault):
    """Out for 0.5 to 3 s at random; from its return to the answer on a new connection, and on one that was open."""
    seed, dice = seeded()
    talk = Conversation(way.echo)
    fresh, kept = [], []
    for _ in range(ROUNDS):
        getattr(way.relay, fault)()
        time.sleep(dice.uniform(0.5, 3))  # the fault's length
        back = time.monotonic()
        way.relay.heal()
        talk.sends(b"x")
        assert client.name_of(way.http)
        fresh.append(time.monotonic() - back)
        talk.hears(b"x")
        kept.append(time.monotonic() - back)
    for what, times in (("new connection", fresh), ("open connection", kept)):
        say(
            f"{way.name}, {fault}, {what}: median {statistics.median(times) * 1000:.0f} ms, "
            f"worst {max(times) * 1000:.0f} ms of {len(times)}, seed {seed}"
        )
    assert max(fresh) < 1
