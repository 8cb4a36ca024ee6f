"""Credentials and rights: what suffices, what is missing, what expires."""

import pytest
import yaml

import http_client as client
from conftest import ROOT, new_ferry
from ferry import free_port
from kube_api import wait_for
from test_bad_input import FORBIDDEN, refused

ROLE = (ROOT / "manifests" / "user-role.yaml").read_text()
READ_ONLY = """
rules:
  - apiGroups: ["", apps, discovery.k8s.io]
    resources: [pods, services, endpoints, events, deployments, replicasets, endpointslices]
    verbs: [get, list, watch]
"""


@pytest.fixture
def as_user(build, cluster, namespace, faults):
    """Makes a ferry for a user with a Role's rights in the namespace and nothing else."""
    opened = []

    def make(name, role, *options):
        context = new_ferry(build, None, namespace, cluster.image)
        made = context.__enter__()
        opened.append(context)
        made.env["KUBECONFIG"] = str(made.home / "kubeconfig")
        (made.home / "kubeconfig").write_text(faults.user(name, role, namespace, *options))
        return made

    yield make
    for context in opened:
        context.__exit__(None, None, None)


def test_the_role_in_manifests_suffices(as_user, web, route):
    ferry = as_user("dev", ROLE)
    assert client.name_of(ferry.forward(f"svc/{web}", ":80", "--route", route).port)


def test_without_the_right_to_create_a_job_it_goes_direct_and_says_so(as_user, web):
    rights = yaml.safe_load(READ_ONLY)
    rights["rules"].append({"apiGroups": [""], "resources": ["pods/portforward"], "verbs": ["get", "create"]})
    ferry = as_user("reader", yaml.safe_dump(rights))
    link = ferry.forward(f"svc/{web}", ":80")
    assert client.name_of(link.port)
    assert ferry.links()[0]["route"] == "direct"
    wait_for("the user is told", lambda: "direct" in link.stderr())
    refused(as_user("reader2", yaml.safe_dump(rights)), "forward", f"svc/{web}", ":80", "--route", "proxy",
            exit_code=FORBIDDEN, says=["list", "jobs"])


def test_a_missing_right_is_named(as_user, web):
    ferry = as_user("nobody", "rules: []")
    refused(ferry, "forward", f"svc/{web}", ":80", exit_code=FORBIDDEN, says=["services", "get"])
    ferry = as_user("half", READ_ONLY)
    refused(ferry, "forward", f"svc/{web}", ":80", "--route", "direct", exit_code=FORBIDDEN, says="portforward")


def test_an_expired_certificate_is_named(as_user, web):
    ferry = as_user("late", ROLE, "--certificate", "--seconds", "-10")
    refused(ferry, "forward", f"svc/{web}", ":80", exit_code=FORBIDDEN, says=["certificate", "expired"])


def test_an_expired_token_is_replaced(as_user, web, namespace, faults, route):
    """A token file that the platform renews: the old token is worth nothing any more, and nobody restarts the daemon."""
    ferry = as_user("agent", ROLE, "--token")
    config = yaml.safe_load((ferry.home / "kubeconfig").read_text())
    token = ferry.home / "token"
    token.write_text(config["users"][0]["user"].pop("token"))
    config["users"][0]["user"]["tokenFile"] = "token"
    (ferry.home / "kubeconfig").write_text(yaml.safe_dump(config))
    port = free_port()
    ferry.run("forward", f"svc/{web}", f"{port}:80", "--route", route, "--detach")
    assert client.name_of(port)
    pid = ferry.daemon_pid()

    faults.expire("agent")
    renewed = yaml.safe_load(faults.user("agent", ROLE, namespace, "--token"))
    token.write_text(renewed["users"][0]["user"]["token"])
    faults.cut_connections()
    wait_for("the link works with the new token", lambda: client.name_of(port), timeout=30)
    assert ferry.daemon_pid() == pid
