"""A ferryd whose proxy is hostile, and has the right certificate: the session ends with a reason, and nothing else."""

import os
import re

import pytest

import http_client as client
import raw_peer as raw
from ferry import rss_mib
from kube_api import wait_for
from test_tunnel_port import link, lone_ferry, proxy  # noqa: F401: fixtures

KEYS = os.urandom(48)  # of every session


def after_hello(misbehave):
    def greet(carrier):
        carrier.say(raw.hello(keys=KEYS))
        misbehave(carrier)

    greet.__name__ = misbehave.__name__
    return greet


def garbage(carrier):
    carrier.say(b"\x04\x00\xff\xff" + b"?" * 100_000)


def data_for_nobody(carrier):
    carrier.say(raw.frame(raw.DATA, 4001, b"x"))


def data_beyond_the_window(carrier):
    stream = first_stream(carrier)
    carrier.say(raw.frame(raw.OPEN_OK, stream))
    assert carrier.flood(raw.frame(raw.DATA, stream, b"x" * 16000) * 100)


def credit_for_nobody(carrier):
    carrier.say(raw.frame(raw.CREDIT, 4001, (1 << 40).to_bytes(8, "big")))


def credit_that_goes_down(carrier):
    carrier.say(raw.frame(raw.CREDIT, first_stream(carrier), bytes(8)))


def an_acknowledgement_from_nowhere(carrier):
    carrier.say(raw.frame(raw.ACK, payload=(1 << 40).to_bytes(8, "big")))


def a_dial_into_the_machine(carrier):
    carrier.say(raw.opening(2, 22))


def callers_and_resets_without_end(carrier):
    for first in range(2, 1 << 22, 50_000):
        callers = range(first, first + 50_000, 2)
        carrier.say(*[raw.opening(one, 80, host=b"10.0.0.1:1", kind=1) + raw.frame(raw.RST, one, b"\x0a") for one in callers])


def pings_without_end(carrier):
    assert carrier.flood(raw.frame(raw.PING, payload=bytes(8)) * 60_000)


def acknowledges_nothing(carrier):
    carrier.only_answers_pings()


# Who does that once still listens when it is told why.
TOLD = {one.__name__ for one in (data_for_nobody, credit_for_nobody, credit_that_goes_down, a_dial_into_the_machine)}


def first_stream(carrier):
    """The stream of the connection that waits at the daemon."""
    while one := carrier.next_frame():
        if one[0] == raw.OPEN:
            return one[1]
    raise AssertionError("no stream was opened")


def another_version(carrier):
    carrier.say(raw.hello(protocol=9, version=b"9.9.9"))


def no_room(carrier):
    carrier.say(raw.frame(raw.ABORT, payload=b"full up"))


def no_answer(_):
    pass


@pytest.mark.parametrize(
    ("misbehave", "reason"),
    [
        (after_hello(garbage), "wrong length"),
        (after_hello(data_for_nobody), "never opened"),
        (after_hello(data_beyond_the_window), "beyond its credit"),
        (after_hello(credit_for_nobody), "never opened"),
        (after_hello(credit_that_goes_down), "CREDIT went down"),
        (after_hello(an_acknowledgement_from_nowhere), "ACK with an offset that cannot be"),
        (after_hello(a_dial_into_the_machine), "OPEN of a kind of ours"),
        (after_hello(callers_and_resets_without_end), "too many|acknowledges no answers"),
        (after_hello(pings_without_end), "too many frames"),
        (after_hello(acknowledges_nothing), "acknowledges nothing"),
        (another_version, "ferry-proxy 9.9.9 speaks tunnel protocol 9"),
        (no_room, "the peer refused: full up"),
        (no_answer, "does not answer"),
    ],
    ids=lambda one: getattr(one, "__name__", "told"),
)
def test_a_hostile_proxy_ends_its_own_session_only(proxy, lone_ferry, link, misbehave, reason):
    pid = lone_ferry.daemon_pid()
    proxy.process.kill()
    proxy.process.wait()
    hostile = raw.HostileProxy(proxy.port, proxy.keys / "proxy", misbehave)
    try:
        with client.connect(link.ports[1]):  # waits for a session, and is its first stream
            wait_for(f"the status says {reason!r}", lambda: re.search(reason, last_error(lone_ferry)), timeout=30)
        assert rss_mib(pid) < 100
    finally:
        hostile.close()
        proxy.start()
    wait_for("the link works again", lambda: client.name_of(link.port), timeout=30)
    assert lone_ferry.daemon_pid() == pid
    if misbehave is not no_answer:
        assert lone_ferry.status()["tunnels"][0]["sessionsLost"] >= 2  # the killed proxy's, and the hostile one's
    if misbehave.__name__ in TOLD:
        assert any(re.search(reason, words) for words in hostile.words), hostile.words


def last_error(ferry):
    error = ferry.status()["tunnels"][0]["lastError"]
    return f"{error['what']}: {error['why']}" if error else ""
