"""Bad input gets a clear error (what, why, what to do) and the right exit code, and harms nothing."""

import os
import pathlib
import re
import shutil
import socket

import pytest
import yaml

import http_client as client
import workloads
from conftest import new_ferry
from ferry import free_port

FAILED, USAGE, NOT_FOUND, FORBIDDEN, UNREACHABLE = 1, 2, 3, 4, 5


def refused(ferry, *words, exit_code, says, env=None):
    """The command fails with that code and those words on stderr, prints nothing on stdout, and leaves no link."""
    done = ferry.run(*words, check=False, env=env)
    assert done.returncode == exit_code, done.stderr
    for word in [says] if isinstance(says, str) else says:
        assert re.search(word, done.stderr), f"{word!r} is not in:\n{done.stderr}"
    assert done.stdout == ""
    assert "terminate called" not in done.stderr
    return done.stderr


@pytest.mark.parametrize(
    ("words", "exit_code", "says"),
    [
        (["svc/nope", "80"], NOT_FOUND, 'services "nope" not found'),
        (["deploy/nope", "80"], NOT_FOUND, 'deployments.apps "nope" not found'),
        (["pod/nope", "80"], NOT_FOUND, 'pods "nope" not found'),
        (["cronjob/web", "80"], USAGE, ["cronjob", "svc", "deploy"]),
        (["servce/web", "80"], USAGE, "service"),
        (["svc/web", ":htpt"], NOT_FOUND, ["htpt", "http"]),
        (["svc/web", ":81"], NOT_FOUND, ["81", "80"]),
        (["svc/web", "70000:80"], USAGE, "70000"),
        (["svc/web", "80:0"], USAGE, "0"),
        (["svc/web", "-1:80"], USAGE, "."),
        (["svc/web", "eighty:80"], USAGE, "eighty"),
        (["svc/web"], USAGE, "port"),
        (["svc/", "80"], USAGE, "name"),
        ([], USAGE, "."),
        (["svc/web", ":80", "--route", "teleport"], USAGE, "teleport"),
        (["svc/web", ":80", "--address", "nonsense"], USAGE, "nonsense"),
        (["svc/web", ":80", "--address", "192.0.2.1"], FAILED, "192.0.2.1"),
        (["svc/web", ":80", "--context", "nowhere"], NOT_FOUND, "nowhere"),
        (["svc/web", ":80", "--frobnicate"], USAGE, "frobnicate"),
    ],
)
def test_words_that_make_no_sense(ferry, web, words, exit_code, says):
    refused(ferry, "forward", *words, exit_code=exit_code, says=says)


def test_a_port_that_is_taken_names_its_holder(ferry, web):
    with socket.create_server(("127.0.0.1", 0)) as holder:
        port = holder.getsockname()[1]
        text = refused(ferry, "forward", f"svc/{web}", f"{port}:80", exit_code=FAILED, says=[str(port), "python"])
        assert str(os.getpid()) in text


@pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("setpriv"), reason="needs root to become somebody else")
def test_a_privileged_port_says_what_to_do(build, cluster, namespace, web, tmp_path):
    limit = int(pathlib.Path("/proc/sys/net/ipv4/ip_unprivileged_port_start").read_text())
    if limit <= 81:
        pytest.skip("this machine has no privileged ports")
    with new_ferry(build, cluster.kubeconfig, namespace, cluster.image) as ferry:
        shutil.copy(cluster.kubeconfig, ferry.home / "kubeconfig")
        for path in [ferry.home, *ferry.home.rglob("*")]:
            os.chown(path, 65534, 65534)
        ferry.env["KUBECONFIG"] = str(ferry.home / "kubeconfig")
        ferry.prefix = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--"]
        refused(ferry, "forward", "svc/web", "81:80", exit_code=FORBIDDEN, says=["81", "1024"])


# --- Services that are not what one expects ----------------------------------------------------------


def test_udp_only(ferry, api, namespace):
    ports = [{"name": "dns", "port": 53, "protocol": "UDP"}]
    api.apply(namespace, workloads.service("udp", ports=ports))
    refused(ferry, "forward", "svc/udp", ":53", exit_code=FAILED, says=["UDP", "TCP"])


def test_external_name(ferry, api, namespace, web):
    api.apply(
        namespace,
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": "outside"},
            "spec": {"type": "ExternalName", "externalName": f"web.{namespace}.svc.cluster.local", "ports": [{"port": 80}]},
        },
    )
    refused(ferry, "forward", "svc/outside", ":80", "--route", "direct", exit_code=FAILED, says=["ExternalName", "proxy"])
    assert client.name_of(ferry.forward("svc/outside", ":80", "--route", "proxy").port)


def test_headless(ferry, api, namespace, web, route):
    api.apply(
        namespace,
        workloads.service("headless", {"app": "web"}, [{"name": "http", "port": 8080, "targetPort": "http"}], clusterIP="None"),
    )
    assert client.name_of(ferry.forward("svc/headless", ":http", "--route", route).port)


def test_no_selector_and_no_endpoints(ferry, api, namespace, route):
    """Nothing will ever answer there until somebody mends it: better said than waited for."""
    service = workloads.service("bare")
    del service["spec"]["selector"]
    api.apply(namespace, service)
    refused(ferry, "forward", "svc/bare", ":80", "--route", route, exit_code=FAILED, says=["selector", "EndpointSlices"])


# --- kubeconfigs and rights ----------------------------------------------------------------------------


def test_a_missing_kubeconfig(ferry):
    refused(ferry, "forward", "svc/web", "80", "--kubeconfig", "/nonexistent", exit_code=NOT_FOUND, says="/nonexistent")


def test_a_malformed_kubeconfig(ferry, tmp_path):
    file = tmp_path / "config"
    file.write_text("apiVersion: v1\nclusters:\n- name: [unclosed\n")
    refused(ferry, "forward", "svc/web", "80", "--kubeconfig", str(file), exit_code=FAILED, says=[str(file), "line"])


def test_an_api_server_that_is_not_there(ferry, cluster, tmp_path):
    config = yaml.safe_load(pathlib.Path(cluster.kubeconfig).read_text())
    for entry in config["clusters"]:
        entry["cluster"]["server"] = f"https://127.0.0.1:{free_port()}"
    file = tmp_path / "config"
    file.write_text(yaml.safe_dump(config))
    refused(ferry, "forward", "svc/web", "80", "--kubeconfig", str(file), exit_code=UNREACHABLE, says="refused")


def test_an_api_server_that_is_not_trusted(ferry, cluster, tmp_path):
    config = yaml.safe_load(pathlib.Path(cluster.kubeconfig).read_text())
    for entry in config["clusters"]:
        entry["cluster"].pop("certificate-authority-data", None)
        entry["cluster"].pop("certificate-authority", None)
    file = tmp_path / "config"
    file.write_text(yaml.safe_dump(config))
    refused(ferry, "forward", "svc/web", "80", "--kubeconfig", str(file), exit_code=UNREACHABLE, says="certificate")
