"""Tab in real bash, zsh and fish: names come from the cluster, the kubeconfig and the daemon."""

import json
import re
import shlex
import shutil
import stat
import subprocess
import textwrap
import time

import pytest
import yaml

import workloads
from conftest import ROOT
from ferry import free_port
from kube_api import wait_for
from pseudo_terminal import PseudoTerminal
from stage import Stage
from test_logs import shell, talker
from test_swap_rights import role_without

SHELLS = {
    "bash": (["bash", "--norc", "--noprofile", "-i"],
             "PS1='rea''dy> '; bind 'set enable-bracketed-paste off'; source <(ferry completion bash)"),
    "zsh": (["zsh", "-f", "-i"],
            "PS1='rea''dy> '; unset zle_bracketed_paste; unsetopt prompt_sp; autoload -Uz compinit; compinit -u; "
            "source <(ferry completion zsh)"),
    "fish": (["fish", "--no-config", "-i"],
             "function fish_prompt; echo -n 'rea''dy> '; end; function fish_greeting; end; "
             "ferry completion fish | source"),
}

# In place of `ferry`: completes as ferry does, and tells what else it is called with.
WRAPPER = """#!/bin/sh
case $1 in
__complete|completion) exec {ferry} "$@" ;;
esac
printf 'called with'
printf ' [%s]' "$@"
printf ' end\\n'
"""


# What Ferry writes on a Deployment that it has swapped.
SWAPPED = json.dumps({"version": 1, "id": "abcdef012345", "owner": "alice@laptop", "holder": "", "replicas": 1,
                      "since": "2026-01-01T00:00:00Z", "workload": "deploy/payment", "standIn": "payment-ferry",
                      "container": "main", "services": [], "keepOriginal": False})


@pytest.fixture(scope="module")
def stage(cluster, api, build):
    with Stage(cluster, api, build) as made:
        boxes = [talker("checkout", shell("main", "exec sleep 1000"), shell("sidecar", "exec sleep 1000")),
                 talker("payment", shell("main", "exec sleep 1000"))]
        boxes[1]["metadata"]["annotations"] = {"ferry.dev/swap": SWAPPED}
        ports = [{"name": "http", "port": 80, "targetPort": 8080}, {"name": "metrics", "port": 9090, "targetPort": 9090}]
        api.apply(made.namespace, *boxes, workloads.service("checkout", ports=ports), workloads.deployment("web"),
                  workloads.service("web"))
        wait_for("the web is ready", lambda: len(api.ready_pods(made.namespace, "app=web")) == 1)
        yield made


@pytest.fixture
def ferry(stage):
    """With the namespace in its kubeconfig: the lines that are completed don't name one."""
    ferry = stage.administrator()
    config = yaml.safe_load(open(ferry.env["KUBECONFIG"]))
    (only,) = config["contexts"]
    only["context"]["namespace"] = stage.namespace
    config["contexts"].append({"name": "team@staging", "context": only["context"]})
    path = ferry.home / "kubeconfig"
    path.write_text(yaml.safe_dump(config))
    ferry.env["KUBECONFIG"] = str(path)
    return ferry


class Prompt:
    """A shell on a terminal, where `ferry` is completed."""

    def __init__(self, name, ferry):
        if shutil.which(name) is None:
            pytest.skip(f"{name} is not installed")
        self.args, self.setup = SHELLS[name]
        self.folder = ferry.home / f"bin-{name}"
        self.folder.mkdir()
        wrapper = self.folder / "ferry"
        wrapper.write_text(WRAPPER.format(ferry=shlex.quote(str(ferry.binary))))
        wrapper.chmod(wrapper.stat().st_mode | stat.S_IXUSR)
        self.env = {**ferry.env, "PATH": f"{self.folder}:{ferry.env['PATH']}", "TERM": "xterm"}

    def __enter__(self):
        self.screen = PseudoTerminal(self.args, self.env, columns=200).__enter__()
        self.screen.type(self.setup + "\r")
        self.screen.wait_for("ready> ")
        return self

    def __exit__(self, *why):
        self.screen.__exit__(*why)

    def completed(self, line):
        """The words that ferry gets when this is typed, then Tab, then Enter."""
        self.screen.type(line + "\t")
        time.sleep(0.1)  # zsh takes what comes at once for pasted text
        self.screen.type("\r")
        words = self.screen.wait_for(r"called with (.*) end")[1]
        self.screen.wait_for("ready> ")
        return re.findall(r"\[([^]]*)\]", words)

    def offered(self, line, *expected):
        """Waits until all of these were shown when this was typed, then Tab twice."""
        self.screen.type(line + "\t\t")
        self.screen.wait_for("(?s)" + "".join(f"(?=.*{re.escape(name)})" for name in expected))


@pytest.fixture(params=sorted(SHELLS))
def prompt(request, ferry):
    with Prompt(request.param, ferry) as made:
        yield made


def test_names_come_from_the_cluster(stage, ferry, prompt):
    for typed, words in {
        "forward svc/che": ["forward", "svc/checkout"],
        "forward service/che": ["forward", "service/checkout"],
        "forward -d deploy/pay": ["forward", "-d", "deploy/payment"],
        "swap-deployment pay": ["swap-deployment", "payment"],
        "swap deploy/checkout:si": ["swap", "deploy/checkout:sidecar"],
        "swap checkout:si": ["swap", "checkout:sidecar"],
        "swap web --expose 8081:ht": ["swap", "web", "--expose", "8081:http"],
        "diagnose deploy/pay": ["diagnose", "deploy/payment"],
        "logs deploy/pay": ["logs", "deploy/payment"],
        "logs deploy/checkout -c si": ["logs", "deploy/checkout", "-c", "sidecar"],
        "logs svc/checkout --container=si": ["logs", "svc/checkout", "--container=sidecar"],
        "exec -it deploy/pay": ["exec", "-it", "deploy/payment"],
        "debug deploy/checkout --target si": ["debug", "deploy/checkout", "--target", "sidecar"],
        "restore deploy/": ["restore", "deploy/payment"],  # no other is swapped
        "forward svc/checkout 8080:ht": ["forward", "svc/checkout", "8080:http"],
        "forward svc/checkout met": ["forward", "svc/checkout", "metrics"],
        "forward svc/checkout :ht": ["forward", "svc/checkout", ":http"],
        f"forward -n {stage.namespace[:-1]}": ["forward", "-n", stage.namespace],
        f"forward --namespace={stage.namespace[:-1]}": ["forward", f"--namespace={stage.namespace}"],
        "forward --context team": ["forward", "--context", "team@staging"],
        "forward --context team@st": ["forward", "--context", "team@staging"],
        f"forward -n {stage.namespace} svc/che": ["forward", "-n", stage.namespace, "svc/checkout"],
    }.items():
        assert prompt.completed(f"ferry {typed}") == words, typed
    assert not ferry.daemons()


def test_what_is_typed_already_says_where_to_look(stage, ferry, prompt):
    line = "forward -n nowhere svc/che"
    assert prompt.completed(f"ferry {line}") == line.split()
    broken = ferry.home / "broken"
    broken.write_text("no kubeconfig")
    line = f"forward --kubeconfig {broken} svc/che"
    assert prompt.completed(f"ferry {line}") == line.split()
    line = "forward --context absent svc/che"
    assert prompt.completed(f"ferry {line}") == line.split()


def test_commands_options_and_files(ferry, prompt):
    (ferry.home / "links.yaml").touch()
    for typed, words in {
        "forw": ["forward"],
        "forward --det": ["forward", "--detach"],
        "forward --route d": ["forward", "--route", "direct"],
        "list -o n": ["list", "-o", "name"],
        f"forward -f {ferry.home}/link": ["forward", "-f", f"{ferry.home}/links.yaml"],
    }.items():
        assert prompt.completed(f"ferry {typed}") == words, typed


def test_a_type_is_completed_without_a_blank(prompt):
    prompt.screen.type("ferry forward dep\t")
    time.sleep(0.5)
    prompt.screen.type("pay\t")
    time.sleep(0.5)
    prompt.screen.type("\r")
    assert prompt.screen.wait_for(r"called with (.*) end")[1] == "[forward] [deploy/payment]"


@pytest.mark.parametrize(("typed", "offered"), [("forward ", ["deploy/", "host/", "svc/"]),
                                                ("swap ", ["checkout", "payment", "web"])])
def test_several_are_offered(prompt, typed, offered):
    prompt.offered(f"ferry {typed}", *offered)


def test_links_come_from_the_daemon(ferry, prompt):
    ferry.run("forward", "svc/web", f"{free_port()}:80", "--detach")
    (link,) = ferry.links()
    assert prompt.completed("ferry leave svc/") == ["leave", "svc/web"]
    assert prompt.completed("ferry diagnose link/") == ["diagnose", f"link/{link['id']}"]
    assert prompt.completed("ferry leave -n nowhere svc/") == ["leave", "-n", "nowhere", "svc/"]


def answer(ferry, *words):
    started = time.monotonic()
    done = subprocess.run([str(ferry.binary), "__complete", *words], env=ferry.env, capture_output=True, text=True,
                          timeout=20)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout, time.monotonic() - started


def test_restore_offers_what_is_swapped(ferry):
    assert answer(ferry, "restore", "")[0].split() == ["deploy/", "sts/", "rs/", "payment", ":4"]
    assert answer(ferry, "swap", "deploy/")[0].split() == ["deploy/checkout", "deploy/payment", "deploy/web", ":4"]


def test_kubectl_passes_the_words_on(ferry):
    """By the script that docs/cli.md shows."""
    if not (kubectl := shutil.which("kubectl")):
        pytest.skip("kubectl is not installed")
    script = re.search(r"`kubectl_complete-ferry` into PATH:\n\n((?:    .*\n)+)", (ROOT / "docs" / "cli.md").read_text())[1]
    folder = ferry.home / "bin-kubectl"
    folder.mkdir()
    (folder / "kubectl_complete-ferry").write_text(textwrap.dedent(script))
    (folder / "kubectl_complete-ferry").chmod(0o755)
    for name in ("ferry", "kubectl-ferry"):
        (folder / name).symlink_to(ferry.binary)
    env = {**ferry.env, "PATH": f"{folder}:{ferry.env['PATH']}"}
    for typed, said in {("forward", "svc/che"): "svc/checkout\n:4\n", ("restore", "deploy/"): "deploy/payment\n:4\n",
                        ("forward", "svc/checkout", "met"): "metrics\n:4\n", ("forward", "dep"): "deploy/\n:6\n"}.items():
        done = subprocess.run([kubectl, "__complete", "ferry", *typed], env=env, capture_output=True, text=True, timeout=30)
        assert (done.returncode, done.stdout) == (0, said), (typed, done.stderr)


def test_a_cluster_that_does_not_answer_costs_two_seconds(ferry, faults):
    faults.stall_connections()
    said, took = answer(ferry, "forward", "svc/c")
    assert said == ":4\n" and 1 < took < 5


def test_a_plugin_may_not_ask_and_not_take_long(ferry):
    marker = ferry.home / "asked"
    plugin = ferry.home / "plugin"
    config = yaml.safe_load(open(ferry.env["KUBECONFIG"]))
    for mode, script in {"Always": f"touch {marker}", "IfAvailable": f"read -r x && touch {marker}; exec sleep 60"}.items():
        plugin.write_text(f"#!/bin/sh\necho 'Password:' >&2\n{script}\n")
        plugin.chmod(0o755)
        config["users"] = [{"name": user["name"], "user": {"exec": {
            "apiVersion": "client.authentication.k8s.io/v1", "command": str(plugin), "interactiveMode": mode}}}
            for user in config["users"]]
        (ferry.home / "kubeconfig").write_text(yaml.safe_dump(config))
        said, took = answer(ferry, "forward", "svc/c")
        assert said == ":4\n" and took < 5
        assert not marker.exists()


def test_without_the_right_to_list_nothing_is_offered(stage):
    ferry = stage.new_ferry(role_without(("services", "list")))
    assert answer(ferry, "forward", "-n", stage.namespace, "svc/c")[0] == ":4\n"
