"""`ferry status`: what it says of each link's own test, and `--watch`, which goes on whatever happens."""

import json
import os
import re
import signal
import subprocess

import http_client as client
import local_app
from ferry import free_port
from kube_api import wait_for
from pseudo_terminal import PseudoTerminal
from test_metrics import of_daemon as metrics_of_daemon
from test_tunnel_port import lone_ferry, proxy  # noqa: F401: fixtures

ENTER, LEAVE = r"\x1b\[\?1049h\x1b\[\?25l", r"\x1b\[\?25h\x1b\[\?1049l"


def forward(lone_ferry, proxy, port=None, *words):
    return lone_ferry.run("forward", "host/127.0.0.1", f"{port or free_port()}:{proxy.http}", "--detach",
                          *words, *proxy.options())


def watch(lone_ferry, *words, env=None, **size):
    return PseudoTerminal(lone_ferry.args("status", "--watch", *words),
                          {**lone_ferry.env, "TERM": "xterm", **(env or {})}, **size)


def picture_of(screen):
    """The next one that it draws."""
    return screen.wait_for(r"(?s)\x1b\[H(.*?)\x1b\[J")[1]


def test_a_link_says_when_it_was_tested(lone_ferry, proxy):
    forward(lone_ferry, proxy)
    (link,) = lone_ferry.links()
    assert link["state"] == "active"
    assert link["test"]["passed"] and link["test"]["passed"] == link["test"]["tested"] and not link["test"]["error"]
    assert re.search(r"tested +\d+s ago, passed: a connection to host/127\.0\.0\.1\n", lone_ferry.run("status").stdout)


def test_a_test_that_was_asked_for_finds_what_no_user_has_met_yet(lone_ferry, proxy):
    forward(lone_ferry, proxy)
    (before,) = lone_ferry.links()
    assert lone_ferry.run("status", "--test").returncode == 0
    (after,) = lone_ferry.links()
    assert after["test"]["passed"] > before["test"]["passed"]
    os.kill(proxy.process.pid, signal.SIGSTOP)  # nobody answers for the target any more
    try:
        done = lone_ferry.run("status", "--test", "-o", "json", check=False)
    finally:
        os.kill(proxy.process.pid, signal.SIGCONT)
    assert done.returncode == 1, done.stdout


def test_a_swap_was_tested_from_inside_the_cluster(ferry, web, build):
    with local_app.running(build) as local:
        ferry.run("swap-deployment", web, "--expose", f"{local.http}:http", "--detach", timeout=120)
        link = ferry.wait_for_state("active")
        assert link["test"]["way"] == f"from inside the cluster through svc/{web} to here"
        assert link["test"]["passed"] and not link["test"]["error"], link["test"]
        assert ferry.run("status", "--test").returncode == 0
        (again,) = ferry.links()
        assert again["test"]["passed"] > link["test"]["passed"]
        assert again["traffic"]["totalConnections"] == again["traffic"]["openConnections"] == 0, "a test is no caller"
        _, _, accepted = metrics_of_daemon(ferry)["ferry_link_connections_accepted_total"]
        assert list(accepted.values()) == [0]
        ferry.run("leave", "--all", timeout=120)


def test_a_swap_beside_its_original_works_whoever_takes_its_test(ferry, web, build):
    with local_app.running(build) as local:
        ferry.run("swap-deployment", web, "--expose", f"{local.http}:http", "--keep-original", "--detach", timeout=120)
        ferry.wait_for_state("active")

        def taken_by_the_original():
            assert ferry.run("status", "--test", check=False).returncode == 0
            (link,) = ferry.links()
            assert link["state"] == "active", link
            return link["test"]["error"]

        assert wait_for("another pod takes it", taken_by_the_original)["why"] == "another pod has answered"
        ferry.run("leave", "--all", timeout=120)


def test_watch_draws_in_place_and_puts_the_terminal_back(lone_ferry, proxy):
    port = free_port()
    forward(lone_ferry, proxy, port)
    with watch(lone_ferry, columns=120) as screen:
        screen.wait_for(ENTER)
        screen.wait_for(r"host/127\.0\.0\.1 .*\x1b\[32mactive")
        assert client.name_of(port)
        screen.wait_for("[▁▂▃▄▅▆▇█]")  # what was fetched shows as a bar
        screen.resize(60, 10)
        wait_for("it leaves columns out", lambda: "TESTED" not in (picture := picture_of(screen)) and "STREAMS" in picture)
        screen.type("\x03")
        screen.wait_for(LEAVE)
        assert screen.end() == 130
        assert screen.is_as_before()


def test_watch_gives_the_terminal_back_while_it_is_stopped(lone_ferry, proxy):
    forward(lone_ferry, proxy)
    with watch(lone_ferry) as screen:
        screen.wait_for("active")
        screen.stop()
        screen.wait_for(LEAVE)
        screen.process.send_signal(signal.SIGCONT)
        screen.wait_for(ENTER)
        screen.wait_for("active")


def test_watch_has_no_colours_where_they_are_not_wanted(lone_ferry, proxy):
    forward(lone_ferry, proxy)
    for words, env in ([], {"NO_COLOR": "1"}), (["--no-color"], {}):
        with watch(lone_ferry, *words, env=env, columns=120) as screen:
            assert not re.search(r"\x1b\[[0-9;]*m", screen.wait_for("(?s).*active.*ago")[0])


def test_watch_goes_on_when_the_daemon_ends_and_when_another_comes(lone_ferry, proxy):
    forward(lone_ferry, proxy)
    with watch(lone_ferry, columns=120) as screen:
        screen.wait_for("active")
        os.kill(lone_ferry.daemon_pid(), signal.SIGKILL)
        screen.wait_for(r"ended \d+s ago; this is what was last seen")
        lone_ferry.run("list")  # starts the next one
        screen.wait_for(r"running for .*(?s:.*)active", timeout=60)


def test_watch_prints_a_line_for_each_change_where_no_terminal_is(lone_ferry, proxy):
    forward(lone_ferry, proxy)
    watching = lone_ferry.start("status", "-w")
    wait_for("the link is told", lambda: re.search(r"Z link f1 host/127\.0\.0\.1: active\n", watching.stderr()))
    lone_ferry.run("leave", "f1")
    wait_for("its end is told", lambda: "link f1 host/127.0.0.1: gone\n" in watching.stderr())
    lone_ferry.run("quit")
    wait_for("the daemon's end is told", lambda: "ferryd has ended\n" in watching.stderr())
    assert watching.end() == 130
    assert "\x1b" not in watching.stderr()


def test_watch_as_json_is_a_status_a_line(lone_ferry, proxy):
    forward(lone_ferry, proxy)
    watching = lone_ferry.start("status", "--watch", "-o", "json")
    wait_for("a line comes", lambda: watching.stderr().count("\n"))
    lone_ferry.run("quit")
    wait_for("the daemon's end shows", lambda: '"running":false' in watching.stderr())
    assert watching.end() == 130
    looks = [json.loads(line) for line in watching.stderr().splitlines()]
    assert looks[0]["running"] and looks[0]["links"][0]["state"] == "active"
    assert looks[-1] == {"running": False, "links": [], "tunnels": []}
    assert all(one != other for one, other in zip(looks, looks[1:]))


def test_watch_ends_when_nobody_reads_it(lone_ferry, proxy):
    forward(lone_ferry, proxy)
    process = subprocess.Popen(lone_ferry.args("status", "-w", "-o", "json"), env=lone_ferry.env,
                               stdout=subprocess.PIPE)
    assert process.stdout.readline()
    process.stdout.close()
    lone_ferry.run("leave", "--all")
    assert process.wait(timeout=30) == 1
