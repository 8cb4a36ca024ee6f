"""`ferry debug`: a container beside a pod's own, or a copy of the pod, with real processes in them."""

import re
import signal
import subprocess

import pytest

import workloads
from kube_api import wait_for
from pseudo_terminal import PseudoTerminal
from stage import Stage
from test_bad_input import FORBIDDEN
from test_logs import shell, talker
from test_swap_rights import role_without

PROMPT = r"[$#] "
IMAGE = "busybox:1.36"


@pytest.fixture(scope="module")
def stage(cluster, api, build):
    with Stage(cluster, api, build) as made:
        broken = talker("broken", shell("app", "echo broken; exit 3"), init=[shell("prepare", "true")])
        broken["spec"]["template"]["spec"]["containers"][0]["env"] = [{"name": "WHO", "value": "the application"}]
        api.apply(made.namespace, talker("box", shell("app", "exec sleep 1234"), shell("side", "exec sleep 1000")),
                  workloads.service("box"), broken, workloads.service("broken"))
        wait_for("the box is ready", lambda: api.ready_pods(made.namespace, "app=box"))
        yield made


@pytest.fixture
def ferry(stage):
    return stage.ferry


def args(ferry, *words):
    return ferry.args("debug", *words)


def run(ferry, *words, data=b""):
    return subprocess.run(args(ferry, *words), env=ferry.env, input=data, capture_output=True, timeout=60)


def pod_names(api, stage):
    """Those that nobody has deleted."""
    return sorted(pod["metadata"]["name"] for pod in api.list("Pod", stage.namespace)
                  if "deletionTimestamp" not in pod["metadata"])


def box(api, stage):
    """The pod, and what of it a guest could change."""
    (pod,) = api.list("Pod", stage.namespace, "app=box")
    statuses = [(each["name"], each["containerID"], each["restartCount"], each["ready"])
                for each in pod["status"]["containerStatuses"]]
    return pod, (pod["metadata"]["uid"], statuses, pod["metadata"]["labels"], stage.ready_endpoints("box"))


def test_a_container_beside_shows_what_it_says_and_ends_with_its_exit_code(stage, ferry, api):
    before = box(api, stage)[1]
    done = run(ferry, "deploy/box", "--image", IMAGE, "--", "sh", "-c", "hostname; exit 3")
    pod, after = box(api, stage)
    assert (done.returncode, done.stdout.decode()) == (3, pod["metadata"]["name"] + "\n"), done
    assert after == before
    # The namespace demands it: no more rights than the application has.
    assert b"the application's own rights" in done.stderr
    assert pod["spec"]["ephemeralContainers"][-1]["securityContext"] == workloads.RESTRICTED


def test_what_it_says_is_followed_on_when_the_reading_of_its_log_was_cut(ferry, faults):
    script = "trap 'echo later; exit 4' USR1; echo first; while :; do sleep 0.1; done"
    with subprocess.Popen(args(ferry, "deploy/box", "--image", IMAGE, "--", "sh", "-c", script), env=ferry.env,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as shown:
        assert shown.stdout.readline() == "first\n"
        faults.cut_streams()
        said = next(line for line in shown.stderr if " in pod " in line)
        container, pod = re.search(r"container (\S+) in pod ([^\s;]+)", said).groups()
        ferry.run("exec", f"pod/{pod}", "-c", container, "--", "kill", "-USR1", "1")
        rest, _ = shown.communicate(timeout=60)
    assert (shown.returncode, rest) == (4, "later\n")


def test_it_ends_when_nobody_reads_what_it_says(ferry):
    with subprocess.Popen(args(ferry, "deploy/box", "--image", IMAGE, "--", "sh", "-c",
                               "for i in $(seq 300); do echo $i; sleep 0.1; done"),
                          env=ferry.env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as shown:
        shown.stdout.readline()
        shown.stdout.close()
        assert shown.wait(20) == 141


def test_with_a_target_it_sees_the_processes(ferry):
    done = run(ferry, "deploy/box", "--image", IMAGE, "--target", "app", "--", "cat", "/proc/1/cmdline")
    assert (done.returncode, done.stdout) == (0, b"sleep\x001234\x00\n"), done


def test_a_shell_beside_has_a_terminal(ferry):
    words = args(ferry, "deploy/box", "--image", IMAGE, "-it", "--", "sh")
    with PseudoTerminal(words, ferry.env, columns=90, rows=20) as screen:
        screen.wait_for("press Enter")
        screen.type("\n")
        screen.wait_for(PROMPT)
        assert screen.is_raw()
        screen.type("until stty size | grep '20 90'; do :; done; exit 6\n")
        screen.wait_for("20 90\r\n")
        assert screen.end() == 6
        assert screen.is_as_before()


def test_what_comes_in_is_passed_on(ferry):
    done = run(ferry, "deploy/box", "--image", IMAGE, "-i", "--", "sh", data=b"echo $((6 * 7)); exit 5\n")
    assert (done.returncode, done.stdout) == (5, b"42\n"), done


def test_what_comes_in_ends_for_the_command_too(ferry):
    done = run(ferry, "deploy/box", "--image", IMAGE, "-i", "--", "cat", data=b"all of it\n")
    assert (done.returncode, done.stdout) == (0, b"all of it\n"), done


def test_of_a_crashing_pod_a_copy_can_be_looked_into(stage, ferry, api):
    before = pod_names(api, stage)
    words = args(ferry, "deploy/broken", "--fork", "-it")
    with PseudoTerminal(words, ferry.env) as screen:
        screen.wait_for(PROMPT)
        (copy,) = set(pod_names(api, stage)) - set(before)
        assert copy.startswith("broken-") and "-debug-" in copy
        pod = api.get("Pod", stage.namespace, copy)
        assert not pod["metadata"].get("labels") and not pod["metadata"].get("ownerReferences")
        screen.type("echo $WHO; exit 4\n")
        screen.wait_for("the application\r+\n")  # the last words may come once the terminal is as before
        assert screen.end() == 4
        assert screen.is_as_before()
    assert pod_names(api, stage) == before


@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT])
def test_a_signal_deletes_the_copy_too(stage, ferry, api, by):
    before = pod_names(api, stage)
    with PseudoTerminal(args(ferry, "deploy/broken", "--fork", "-it"), ferry.env) as screen:
        screen.wait_for(PROMPT)
        screen.process.send_signal(by)
        assert screen.end() == 130
        assert screen.is_as_before()
    assert pod_names(api, stage) == before


def test_a_copy_that_does_not_start_is_deleted(stage, ferry, api):
    before = pod_names(api, stage)
    done = run(ferry, "deploy/broken", "--fork", "--image", "nonesuch.example/x:1", "--", "true")
    assert done.returncode == 1 and b"ImagePullBackOff" in done.stderr, done
    assert pod_names(api, stage) == before


def test_slips_are_told_with_what_to_do(stage, ferry):
    done = run(ferry, "deploy/box", "--image", "nonesuch.example/x:1", "--", "true")
    assert done.returncode == 1 and b"ImagePullBackOff" in done.stderr and b"check the image" in done.stderr, done
    done = run(ferry, "deploy/box", "--image", IMAGE, "--target", "ap", "--", "true")
    assert done.returncode == 3 and b"did you mean 'app'? it has app and side" in done.stderr, done
    done = run(ferry, "deploy/broken", "--fork", "--target", "prepare", "--", "true")
    assert done.returncode == 3 and b"try: it has app\n" in done.stderr, done
    done = run(ferry, "pod/absent", "--image", IMAGE, "--", "true")
    assert done.returncode == 3 and b"absent" in done.stderr, done
    done = run(ferry, "deploy/box")
    assert done.returncode == 2 and b"--image is missing" in done.stderr, done
    for right, words in ((("pods/ephemeralcontainers", "patch"), ("--image", IMAGE)), (("pods", "create"), ("--fork",))):
        refused = stage.new_ferry(role_without(right))
        done = run(refused, "deploy/box", *words, "--", "true")
        said = f"right to '{right[1]}' on '{right[0]}'".encode()
        assert done.returncode == FORBIDDEN and said in done.stderr, done
