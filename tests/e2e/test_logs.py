"""`ferry logs TYPE/NAME`: what containers log, while pods come and go."""

import collections
import re
import signal
import subprocess

import pytest

import workloads
from kube_api import wait_for
from stage import Stage
from test_bad_input import FORBIDDEN
from test_swap_rights import role_without

COUNTS = 'i=0; while :; do echo "$(hostname) $i"; i=$((i+1)); sleep 0.05; done'
# Each run says its name with each line.
RESTARTS = ('read -r run < /proc/sys/kernel/random/uuid; i=0; '
            'while [ $i -lt 20 ]; do echo "$run $i"; i=$((i+1)); sleep 0.02; done; exit 3')


def shell(name, script):
    return {"name": name, "image": "busybox:1.36", "command": ["/bin/sh", "-c", script],
            "securityContext": workloads.RESTRICTED}


def talker(name, *containers, replicas=1, init=()):
    made = workloads.deployment(name, replicas=replicas)
    made["spec"]["template"]["spec"].update(containers=list(containers), initContainers=list(init))
    return made


TALKERS = [
    talker("chat", shell("app", "echo hello; echo 'error: none'; exec sleep 1000"),
           shell("side", "echo from the side; exec sleep 1000"), init=[shell("prepare", "echo prepared")], replicas=2),
    talker("count", shell("app", COUNTS), replicas=2),
    talker("restarts", shell("app", RESTARTS)),
    talker("long", shell("app", "head -c 3000000 /dev/zero | tr '\\0' x; echo; echo after; exec sleep 1000")),
]


@pytest.fixture(scope="module")
def stage(cluster, api, build):
    with Stage(cluster, api, build) as made:
        api.apply(made.namespace, *TALKERS, workloads.service("chat"))
        yield made


@pytest.fixture
def chat(stage):
    """A ferry, once everything in `chat` has said what it has to say."""
    def said():
        done = stage.ferry.run("logs", "deploy/chat", check=False)
        return done.returncode == 0 and done.stdout.count("\n") == 8

    wait_for("two pods have said four lines each", said)
    return stage.ferry


def in_order(lines):
    """Whether what each pod or run has counted is there from 0 on, each number once."""
    seen = collections.defaultdict(list)
    for line in lines:
        who, number = line.split(" | ")[-1].split()
        seen[who].append(int(number))
    for who, numbers in seen.items():
        assert numbers == list(range(len(numbers))), (who, numbers)
    return seen


def said(command):
    """The whole lines on its standard output, and whatever it says besides."""
    whole = command.stderr().rsplit("\n", 1)[0].splitlines()
    return [line for line in whole if re.search(r" \d+$", line)], [line for line in whole if line.startswith("pod/")]


def test_every_line_says_where_it_is_from(chat):
    lines = chat.run("logs", "deploy/chat").stdout.splitlines()
    pods = collections.defaultdict(list)
    for line in lines:
        match = re.fullmatch(r"([a-z0-9]{5})/(prepare|app|side) \| (.*)", line)
        pods[match[1]].append(match[3])
    assert list(pods.values()) == [["prepared", "hello", "error: none", "from the side"]] * 2
    assert not chat.daemons()  # it needs none


def test_what_is_wanted_can_be_narrowed_down(stage, chat):
    assert re.fullmatch(r"(\w{5} \| error: none\n){2}",
                        chat.run("logs", "deploy/chat", "-c", "app", "--grep", "^err(or)?:").stdout)
    pod = stage.pods("app=chat")[0]
    assert chat.run("logs", pod, "-c", "app", "--tail", "1").stdout == "error: none\n"
    assert "side | from the side\n" in chat.run("logs", f"pod/{pod}", "--since", "1h").stdout
    assert re.fullmatch(r"20\d\d-\d\d-\d\dT[0-9:.]+Z hello\n",
                        chat.run("logs", pod, "-c", "app", "--timestamps", "--grep", "hello").stdout)
    assert f"{pod}/app | hello\n" in chat.run("logs", "svc/chat").stdout


def test_slips_are_told_with_what_to_do(stage, chat):
    done = chat.run("logs", "deploy/chat", "-c", "sied", check=False)
    assert done.returncode == 3 and "did you mean 'side'?" in done.stderr, done.stderr
    done = chat.run("logs", "deploy/absent", check=False)
    assert done.returncode == 3 and "absent" in done.stderr, done.stderr
    done = chat.run("logs", "deploy/chat", "--previous", check=False)
    assert done.returncode == 1 and "run before" in done.stderr, done.stderr
    ferry = stage.new_ferry(role_without(("pods/log", "get")))
    for words in ((), ("-f",)):
        done = ferry.run("logs", "deploy/chat", *words, check=False)
        assert done.returncode == FORBIDDEN and "pods/log" in done.stderr, done.stderr


def test_pods_that_come_and_go_are_followed(stage, api):
    command = stage.ferry.start("logs", "deploy/count", "-f")
    wait_for("two pods count", lambda: len(in_order(said(command)[0])) == 2)
    api.delete("Pod", stage.namespace, stage.pods("app=count")[0], grace=0)
    api.scale("Deployment", stage.namespace, "count", 3)
    wait_for("two more count", lambda: len(in_order(said(command)[0])) == 4)
    wait_for("it says that one is gone", lambda: any("gone" in note for note in said(command)[1]))
    if stage.cluster.is_local:
        before = len(said(command)[0])
        stage.faults.cut_connections()
        wait_for("they count on", lambda: len(said(command)[0]) > before + 30)
    assert command.end() == 130
    assert min(map(len, in_order(said(command)[0]).values())) > 5


def test_a_container_that_restarts_is_followed_from_run_to_run(stage):
    command = stage.ferry.start("logs", "deploy/restarts", "-f", "--timestamps")
    wait_for("it has been started anew", lambda: any("anew" in note for note in said(command)[1]))
    runs = wait_for("two runs are there", lambda: (made := runs_of(command)) and len(made) >= 2 and made)
    assert all(numbers == list(range(20)) for numbers in list(runs.values())[:-1]), runs
    assert command.end(by=signal.SIGTERM) == 130
    pod = stage.pods("app=restarts")[0]
    assert len(in_order(stage.ferry.run("logs", pod, "--previous").stdout.splitlines()).popitem()[1]) == 20


def runs_of(command):
    return in_order(line.replace(" | ", " ").split(" ", 2)[-1] for line in said(command)[0])


def test_a_line_without_an_end_is_cut(stage):
    lines = wait_for("it is there", lambda: stage.ferry.run("logs", "deploy/long", check=False).stdout.splitlines()[1:])
    assert lines == ["after"]
    first = stage.ferry.run("logs", "deploy/long").stdout.splitlines()[0]
    assert first == "x" * (256 << 10) + " [cut: longer than 256 KiB]"


def test_it_ends_quietly_when_nobody_reads(stage, chat):
    process = subprocess.Popen(chat.args("logs", "deploy/chat", "-f"), env=chat.env,
                               text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    process.stdout.readline()
    process.stdout.close()  # and nothing more is logged
    assert process.stderr.read() == ""
    process.stderr.close()
    assert process.wait(timeout=20) == 0
