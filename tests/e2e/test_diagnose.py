"""`ferry diagnose` finds the cause of what really fails in a cluster."""

import json
import time

import pytest

import workloads
from conftest import ROOT
from kube_api import wait_for
from stage import Stage


def changed(name, replicas=1, **container):
    """A Deployment like workloads.deployment(), its container altered; None takes a member out."""
    made = workloads.deployment(name, replicas=replicas)
    own = made["spec"]["template"]["spec"]["containers"][0]
    own.update(container)
    made["spec"]["template"]["spec"]["containers"][0] = {k: v for k, v in own.items() if v is not None}
    return made


def probe(port, path="/healthz"):
    return {"httpGet": {"port": port, "path": path}, "periodSeconds": 1}


# Its port answers to nobody, as behind a NetworkPolicy: the queue of those that it would accept is full.
WALLED = """import socket, time
server = socket.socket()
server.bind(("", 8080))
server.listen(0)
first = socket.create_connection(("127.0.0.1", 8080))
time.sleep(1000)"""


def ingress_policy(name, **labels):
    """The test cluster enforces none."""
    return {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": name},
            "spec": {"podSelector": {"matchLabels": labels}, "policyTypes": ["Ingress"]}}


SICK = [
    changed("walled", image="busybox:1.36", readinessProbe=None, command=["/usr/bin/python3", "-c", WALLED]),
    changed("crash", image="busybox:1.36", readinessProbe=None,
            command=["/bin/sh", "-c", "echo cannot open /etc/shop.conf; exit 7"]),
    changed("no-command", image="busybox:1.36", readinessProbe=None, command=["/no/such/command"]),
    changed("no-image", image="localhost:1/no/such:1"),
    changed("huge", resources={"requests": {"cpu": "10000"}}),
    changed("not-found", replicas=2, readinessProbe=probe("http", "/nowhere")),
    changed("refused", readinessProbe=probe(1)),
    changed("no-config", envFrom=[{"configMapRef": {"name": "absent"}}]),
    changed("resting", replicas=0),
    changed("well"),
]
SERVICES = [
    workloads.service("well", ports=[{"port": 80, "targetPort": "http"}]),
    workloads.service("not-found", ports=[{"port": 80, "targetPort": "http"}]),
    workloads.service("resting", ports=[{"port": 80, "targetPort": "http"}]),
    workloads.service("astray", selector={"app": "wel"}, ports=[{"port": 80, "targetPort": "http"}]),
    workloads.service("deaf", selector={"app": "well"}, ports=[{"port": 80, "targetPort": 9999}]),
    workloads.service("parrot", selector={"app": "well"},
                      ports=[{"name": "http", "port": 80, "targetPort": workloads.ECHO}]),
    workloads.service("walled", ports=[{"port": 80, "targetPort": 8080}]),
    workloads.service("misnamed", selector={"app": "well"}, ports=[{"port": 80, "targetPort": "web"}]),
]


@pytest.fixture(scope="module")
def clinic(cluster, api, build):
    """A ferry with the rights of a user, in a namespace with everything that is sick."""
    with Stage(cluster, api, build) as stage:
        api.apply(stage.namespace, *SICK, *SERVICES)
        yield stage.ferry


def diagnosis(ferry, target):
    done = ferry.run("diagnose", target, "-o", "json", check=False)
    assert done.returncode in (0, 1), done.stderr
    made = json.loads(done.stdout)
    assert done.returncode == (1 if made["findings"] else 0)
    return made


def finding(ferry, target, code):
    """The first finding, once it has this code."""
    said = []

    def found():
        said[:] = diagnosis(ferry, target)["findings"]
        return said and said[0]["code"] == code

    wait_for(f"{target} is diagnosed as {code}", found, timeout=90)
    return said[0]


@pytest.mark.parametrize(
    "name, code, evidence",
    [
        ("crash", "crash-loop", "log: cannot open /etc/shop.conf"),
        ("no-command", "command-not-found", "/no/such/command"),
        ("no-image", "registry-unreachable", "localhost:1/no/such:1"),
        ("huge", "unschedulable-resources", "too little cpu is free (requested: app 10"),
        ("not-found", "readiness-probe-fails", "statuscode: 404"),
        ("refused", "readiness-probe-fails", "connection refused"),
        ("no-config", "config-missing", "absent"),
    ],
)
def test_a_sick_deployment_is_diagnosed(clinic, name, code, evidence):
    found = finding(clinic, f"deploy/{name}", code)
    assert found["object"].startswith(f"pod/{name}-")
    assert any(evidence in line for line in found["evidence"]), found
    assert found["fix"]


RECORDINGS = ROOT / "tests" / "fixtures" / "kubernetes-1.33"
# Of each pod that was recorded from a real cluster: its code, and a part of the cause.
RECORDED = {
    "command-missing": ("command-not-found", "no such command"),
    "completed": ("completed", "done its work"),
    "config-missing": ("config-missing", "not there"),
    "crash": ("crash-loop", "exit code 7"),
    "failed": ("container-failed", "exit code 9"),
    "image-bad-name": ("image-name-invalid", "not one"),
    "image-missing": ("registry-unreachable", "registry"),
    "image-never": ("image-not-on-node", "may not be pulled"),
    "init-fails": ("crash-loop", "exit code 4"),
    "liveness-restarts": ("liveness-probe-fails", "killed and started again"),
    "never-ready-exec": ("readiness-probe-fails", "command fails"),
    "never-ready-http": ("readiness-probe-fails", "nothing at the path"),
    "never-ready-refused": ("readiness-probe-fails", "nothing listens"),
    "never-ready-timeout": ("crash-loop", "exit code 1"),
    "pending-resources": ("unschedulable-resources", "no node"),
    "pending-selector": ("unschedulable-selector", "no node"),
    "startup-never": ("startup-probe-fails", "nothing listens"),
    "volume-missing": ("volume-not-mounted", "can't be mounted"),
}
# What busybox made of it there: it has an httpd, and its nc doesn't know the options.
IN_PLACE_OF = {
    "httpd -f -p 8080 -h /etc": ["/usr/bin/python3", "-m", "http.server", "8080", "--directory", "/etc"],
    "sh -c nc -lk -p 8080 -e sleep 60": ["sh", "-c", "echo \"nc: invalid option -- 'k'\" >&2; exit 1"],
}


def as_recorded(name):
    """The pod of that recording, as its user wrote it, in a namespace that is restricted."""
    pod = json.loads((RECORDINGS / f"sick-{name}.json").read_text())["pod"]
    written = {"containers", "initContainers", "nodeSelector", "restartPolicy", "terminationGracePeriodSeconds", "volumes"}
    spec = {field: value for field, value in pod["spec"].items() if field in written}
    spec["volumes"] = [volume for volume in spec["volumes"] if "projected" not in volume]  # the account's token
    for container in spec["containers"] + spec.get("initContainers", []):
        container["volumeMounts"] = [mount for mount in container["volumeMounts"]
                                     if not mount["name"].startswith("kube-api-access")]
        container["image"] = container["image"].replace("localhost/busybox:1", "busybox:1.36")
        container["command"] = IN_PLACE_OF.get(" ".join(container["command"]), container["command"])
        container["securityContext"] = workloads.RESTRICTED
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec}


def recognize(ferry, name, code, cause):
    said = []

    def recognized():
        said[:] = diagnosis(ferry, f"pod/{name}")["findings"]
        return said and said[0]["code"] == code and cause in said[0]["cause"]

    try:
        wait_for(f"pod/{name} is diagnosed as {code}: {cause}", recognized, timeout=90, pause=0.3)
    except AssertionError as late:
        raise AssertionError(f"{late}; last of all: {said}") from None
    assert said[0]["object"].startswith(f"pod/{name}") and said[0]["fix"], said


def test_each_sick_pod_that_was_recorded_is_recognized_when_it_is_real(cluster, api, build):
    assert {path.name for path in RECORDINGS.glob("sick-*.json")} == {f"sick-{name}.json" for name in RECORDED}
    with Stage(cluster, api, build) as stage:
        api.apply(stage.namespace, *map(as_recorded, RECORDED))
        for name, (code, cause) in RECORDED.items():
            recognize(stage.ferry, name, code, cause)
        for name in RECORDED:
            api.delete("Pod", stage.namespace, name)
        wait_for("all are gone", lambda: not api.list("Pod", stage.namespace))


def test_a_crash_is_told_with_exit_code_and_restarts(clinic):
    def told():
        found = finding(clinic, "deploy/crash", "crash-loop")
        return "exit code 7" in found["cause"] and any("restarted" in line for line in found["evidence"])

    wait_for("a restart", told)


@pytest.mark.parametrize(
    "name, code, evidence",
    [
        ("not-found", "readiness-probe-fails", "the same at 1 more pod"),
        ("resting", "scaled-to-zero", ""),
        ("astray", "selects-nothing", "app=well, not wel"),
        ("misnamed", "port-name-unknown", "8080 (http)"),
    ],
)
def test_a_service_leads_to_the_cause(clinic, name, code, evidence):
    found = finding(clinic, f"svc/{name}", code)
    assert not evidence or any(evidence in line for line in found["evidence"]), found


def test_a_port_on_which_nobody_listens_is_found_by_trying(clinic):
    finding(clinic, "deploy/crash", "crash-loop")
    found = finding(clinic, "svc/deaf", "port-not-listening")
    assert found["object"].startswith("pod/well-") and "9999" in found["cause"]
    assert any(line.startswith("the node: ") for line in found["evidence"]), found


def test_with_a_tunnel_the_proxy_looks_from_inside(clinic):
    wait_for("it is ready", lambda: not diagnosis(clinic, "svc/well")["findings"], timeout=60)
    link = clinic.forward("svc/well", ":80", "--route", "proxy")
    try:
        found = finding(clinic, "svc/deaf", "port-not-listening")
        assert any(line.startswith("the proxy: ") for line in found["evidence"]), found
        found = finding(clinic, "svc/parrot", "http-fails")
        assert found["evidence"] == ["the proxy: GET /: what comes back is no HTTP"], found
        assert not diagnosis(clinic, "svc/well")["findings"]
    finally:
        link.end()


def test_the_networkpolicy_before_a_silent_pod_is_named(clinic, api):
    policies = [ingress_policy("wall", app="walled"), ingress_policy("elsewhere", app="well")]
    wait_for("it is ready", lambda: not diagnosis(clinic, "svc/well")["findings"], timeout=60)
    link = clinic.forward("svc/well", ":80", "--route", "proxy")
    try:
        found = finding(clinic, "svc/walled", "connection-blocked")
        assert found["object"].startswith("pod/walled-"), found
        assert any(line.startswith(f"no NetworkPolicy of namespace {clinic.namespace} selects it") for line in found["evidence"])
        api.apply(clinic.namespace, *policies)
        found = finding(clinic, "svc/walled", "connection-blocked")
        assert "networkpolicy/wall selects it and lets in nobody" in found["evidence"], found
        assert "elsewhere" not in str(found) and found["fix"].endswith(f"-n {clinic.namespace} wall")
    finally:
        for policy in policies:
            api.delete("NetworkPolicy", clinic.namespace, policy["metadata"]["name"])
        link.end()


def test_a_link_that_waits_says_why(clinic):
    wait_for("its pods answer", lambda: "404" in str(diagnosis(clinic, "deploy/not-found")), timeout=60)
    link = clinic.forward("svc/not-found", ":80", "--route", "direct")
    try:
        wait_for("the cause is told to its end", lambda: "  try: " in link.stderr(), timeout=30)
        assert "readiness-probe-fails" in link.stderr() and "statuscode: 404" in link.stderr()
        (status,) = clinic.links()
        made = diagnosis(clinic, f"link/{status['id']}")
        codes = [each["code"] for each in made["findings"]]
        assert codes[0] == "readiness-probe-fails" and codes[-1] == "link-waits", codes
    finally:
        link.end()


def test_what_is_well_has_no_findings_and_is_looked_at_in_no_time(clinic):
    wait_for("it is ready", lambda: not diagnosis(clinic, "svc/well")["findings"], timeout=60)
    took = []
    clinic.run("quit", check=False)  # an earlier test's tunnel, with which nothing has to settle
    wait_for("no daemon is left", lambda: not clinic.daemons(), timeout=20)
    for _ in range(3):  # the machine may be busy
        begun = time.monotonic()
        clinic.run("diagnose", "svc/well")
        took.append(time.monotonic() - begun)
    assert min(took) < 1, took
    assert "1 of 1 pod ready\nnothing wrong is seen\n" in clinic.run("diagnose", "svc/well").stdout


def test_what_is_not_there_is_said_so(clinic):
    done = clinic.run("diagnose", "svc/absent", check=False)
    assert done.returncode == 3 and "absent" in done.stderr
