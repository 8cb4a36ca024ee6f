"""`ferry doctor`: what is wrong, and what to do; and a bundle for a bug report that gives no secret away."""

import contextlib
import json
import os
import socket
import tarfile

import pytest
import yaml

import workloads
from conftest import new_ferry
from kube_api import wait_for
from stage import Stage
from test_swap_rights import role_without


@pytest.fixture(scope="module")
def stage(cluster, api, build):
    with Stage(cluster, api, build) as made:
        yield made


def examined(ferry, *words, code=0):
    done = ferry.run("doctor", "-o", "json", *words, check=False)
    assert done.returncode == code, done.stdout + done.stderr
    made = json.loads(done.stdout)
    assert made["ok"] == (code == 0)
    return {check["name"]: check for check in made["checks"]}, made["rights"]


def test_with_the_role_in_manifests_nothing_is_wrong(stage):
    checks, rights = examined(stage.ferry)
    assert list(checks) == ["kubeconfig", "api-server", "clock", "rights", "leftovers", "versions",
                            "local-ports", "limits"]
    assert "answers in" in checks["api-server"]["summary"]
    assert "not running" in checks["versions"]["summary"]
    assert all(right["allowed"] for area in rights for right in area["rights"])
    assert not stage.ferry.daemons()  # it starts nothing
    table = stage.ferry.run("doctor").stdout
    assert "wrong" not in table and "ok     rights" in table, table


def test_a_missing_right_is_named_with_what_it_costs(stage):
    ferry = stage.new_ferry(role_without(("pods/log", "get")))
    checks, rights = examined(ferry, code=1)
    assert "get pods/log: no ferry logs" in checks["rights"]["details"][0]
    missing = [right["right"] for area in rights for right in area["rights"] if not right["allowed"]]
    assert missing == ["get pods/log"]


def test_a_record_that_was_left_is_found_with_the_command_that_removes_it(stage, api):
    stage.web(replicas=1)
    api.patch("Deployment", stage.namespace, "web", {"metadata": {"annotations": {"ferry.dev/swap": "{"}}})
    checks, _ = examined(stage.ferry, code=1)
    (found,) = [line for line in checks["leftovers"]["details"] if line.startswith("deployment/web: ")]
    command = found.split("; ferry ")[1].split()
    assert command == ["restore", "deployment/web", "-n", stage.namespace]
    api.patch("Deployment", stage.namespace, "web", {"metadata": {"annotations": {"ferry.dev/swap": None}}})
    assert examined(stage.ferry)[0]["leftovers"]["ok"]


def test_what_is_wrong_on_this_side_is_told_first(stage, build):
    config = yaml.safe_load((stage.ferry.home / "kubeconfig").read_text())
    with new_ferry(build, None, stage.namespace, None) as ferry:
        broken = ferry.home / "kubeconfig"
        ferry.env["KUBECONFIG"] = str(broken)
        checks, _ = examined(ferry, code=1)
        assert not checks["kubeconfig"]["ok"] and "api-server" not in checks
        config["clusters"][0]["cluster"]["server"] = "https://127.0.0.1:1"
        broken.write_text(yaml.safe_dump(config))
        checks, _ = examined(ferry, code=1)
        assert "refused" in checks["api-server"]["summary"] and "rights" not in checks
        config["users"][0]["user"] = {"exec": {
            "apiVersion": "client.authentication.k8s.io/v1", "command": "no-such-plugin", "interactiveMode": "Never",
            "installHint": "get the plugin"}}
        broken.write_text(yaml.safe_dump(config))
        checks, _ = examined(ferry, code=1)
        assert checks["exec-plugin"]["fix"] == "get the plugin" and "api-server" not in checks


PLANTED = ["hunter2", "s3cr3t-token", "MIIEvQIBADANBgkqhkiG9w0BAQ", "eyJhbGciOiJub25lIn0", "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0t"]


def test_a_bundle_holds_no_secret(stage):
    ferry = stage.ferry
    state, file = ferry.home / "state" / "ferry", ferry.home / "bug.tar.gz"
    state.mkdir(parents=True, exist_ok=True)
    token = yaml.safe_load((ferry.home / "kubeconfig").read_text())["users"][0]["user"].get("token", PLANTED[0])
    (state / "ferryd.log").write_text(
        f"a line that stays\nGET / Authorization: Bearer {PLANTED[1]}\nproxy http://ann:{PLANTED[0]}@proxy:3128\n"
        f"-----BEGIN PRIVATE KEY-----\n{PLANTED[2]}\n-----END PRIVATE KEY-----\npassword={PLANTED[0]} {PLANTED[3]}.e30.\n"
        f"the token {token} of the kubeconfig\n")
    (state / "links.json").write_text(json.dumps([{"token": PLANTED[1], "ca": PLANTED[4]}]))
    planted = {"HTTPS_PROXY": f"http://ann:{PLANTED[0]}@127.0.0.1:1", "NO_PROXY": "*", "FERRY_TOKEN": PLANTED[1]}
    ferry.run("doctor", "--bundle", str(file), env=planted)
    assert file.stat().st_mode & 0o777 == 0o600
    with tarfile.open(file) as archive:
        texts = {each.name.split("/")[-1]: archive.extractfile(each).read().decode() for each in archive if each.isfile()}
    assert set(texts) == {"doctor.json", "environment.txt", "ferryd.log", "links.json"}
    assert "a line that stays" in texts["ferryd.log"]
    for name, text in texts.items():
        for secret in [*PLANTED, token]:
            assert secret not in text, (name, secret)


def listener_on(port):
    """None as long as what listened there before is still on its way out."""
    with contextlib.suppress(OSError):
        return socket.create_server(("127.0.0.1", port))


def test_a_port_of_a_detached_link_that_is_taken_meanwhile_is_named(stage, api):
    api.apply(stage.namespace, workloads.service("ports"))
    ferry = stage.new_ferry()
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    ferry.run("forward", "svc/ports", f"{port}:80", "--detach")
    assert examined(ferry)[0]["local-ports"]["summary"].startswith("1 of detached links, free or ferryd's")
    ferry.kill()
    with wait_for("the port is free", lambda: listener_on(port)):
        check = examined(ferry, code=1)[0]["local-ports"]
        assert f"(svc/ports): port {port} is taken by" in check["details"][0] and str(os.getpid()) in check["details"][0]
    assert not ferry.daemons()
