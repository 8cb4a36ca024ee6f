"""A forward link goes on where `kubectl port-forward` ends. Nothing here restarts the daemon."""

import json
import threading
import time

import pytest

import http_client as client
import workloads
from kube_api import wait_for

RECOVERY = 60  # seconds; what a cluster needs to replace a pod, not what Ferry needs


@pytest.fixture
def link(ferry, web, route):
    made = ferry.forward("svc/web", ":http", ":echo", "--route", route, links=2)
    assert client.name_of(made.ports[0])
    return made


class Bystander:
    """A connection that has to live through what happens to others."""

    def __init__(self, port):
        self._connection = client.connect(port)
        self.works()

    def works(self):
        self.asks()
        self.is_answered()

    def asks(self):
        self._connection.sendall(b"still there?")

    def is_answered(self):
        answer = b""
        while len(answer) < 12:
            part = self._connection.recv(12 - len(answer))
            assert part, f"ended behind {answer}"
            answer += part
        assert answer == b"still there?"

    def hears_nothing(self, seconds):
        before = self._connection.gettimeout()
        self._connection.settimeout(seconds)
        with pytest.raises(TimeoutError):
            self._connection.recv(1)
        self._connection.settimeout(before)

    def ended(self):
        try:
            self._connection.sendall(b"x")
            return self._connection.recv(1) == b""
        except OSError:
            return True

    def close(self):
        self._connection.close()


@pytest.fixture
def bystander(link):
    made = Bystander(link.ports[1])
    yield made
    made.close()


def answers_again(link, unlike=()):
    return wait_for(
        "the Service answers through the link",
        lambda: (name := client.name_of(link.ports[0])) and name not in unlike and name,
        RECOVERY,
    )


def pod_names(api, namespace):
    return {pod["metadata"]["name"] for pod in api.ready_pods(namespace, "app=web")}


def test_a_pod_is_deleted_and_replaced(link, api, namespace):
    old = pod_names(api, namespace)
    for name in old:
        api.delete("Pod", namespace, name)
    answers_again(link, unlike=old)
    assert link.process.poll() is None


def test_other_connections_live_when_one_pod_goes(ferry, web, api, namespace, route):
    """As many connections to each of two pods; one pod goes, and every connection to the other goes on."""
    stays, goes = sorted(pod_names(api, namespace))
    link = ferry.forward(f"pod/{stays}", ":echo", "--route", route)
    doomed = ferry.forward(f"pod/{goes}", ":echo", "--route", route)
    survivors = [Bystander(link.port) for _ in range(10)]
    victims = [Bystander(doomed.port) for _ in range(10)]
    api.delete("Pod", namespace, goes, grace=0)
    for victim in victims:
        wait_for("a connection to the pod that went has ended", victim.ended)
    for survivor in survivors:
        survivor.works()
        survivor.close()


def test_rollout_restart(link, api, namespace):
    old = pod_names(api, namespace)
    stamp = {"spec": {"template": {"metadata": {"annotations": {"restarted": "now"}}}}}
    api.patch("Deployment", namespace, "web", stamp)
    wait_for("the old pods are gone", lambda: not old & pod_names(api, namespace), RECOVERY)
    answers_again(link, unlike=old)


def test_a_container_restarts(link, api, namespace):
    client.post(link.ports[0], "/exit?code=3")

    def restarts():
        pods = api.list("Pod", namespace, "app=web")
        return sum(status["restartCount"] for pod in pods for status in pod["status"]["containerStatuses"])

    wait_for("a container has restarted", restarts, RECOVERY)
    wait_for("both pods are ready", lambda: len(pod_names(api, namespace)) == 2, RECOVERY)
    assert all(client.name_of(link.ports[0]) for _ in range(10))


def test_nothing_listens_on_the_target_port(ferry, web, route):
    link = ferry.forward("svc/web", ":nobody", ":http", "--route", route, links=2)
    for _ in range(3):
        with client.connect(link.ports[0]) as connection:
            try:
                connection.sendall(b"x")
                assert connection.recv(1) == b""
            except ConnectionResetError:
                pass
        assert client.name_of(link.ports[1])
    assert link.process.poll() is None
    error = wait_for("the status tells the refusal", lambda: ferry.links()[0].get("lastError"))
    assert "refused" in json.dumps(error)


def test_scaled_to_zero_and_back(link, ferry, api, namespace):
    api.scale("Deployment", namespace, "web", 0)
    wait_for("no pod is left", lambda: not api.list("Pod", namespace, "app=web"))
    assert client.name_of(link.ports[0]) is None
    status = ferry.wait_for_state("waiting")
    assert "no ready endpoints" in status["reason"]
    api.scale("Deployment", namespace, "web", 1)
    answers_again(link)
    ferry.wait_for_state("active")


def test_starts_with_a_service_that_has_no_pods_yet(ferry, api, namespace, route):
    api.apply(namespace, workloads.service())
    link = ferry.forward("svc/web", ":http", "--route", route)
    assert client.name_of(link.port) is None
    assert "no ready endpoints" in ferry.wait_for_state("waiting")["reason"]
    api.apply(namespace, workloads.deployment())
    answers_again(link)


def proxy_pods(api, namespace):
    return api.ready_pods(namespace, "app.kubernetes.io/name=ferry-proxy")


def wait_for_another_proxy(api, namespace, old):
    def others():
        return [pod for pod in proxy_pods(api, namespace) if pod["metadata"]["uid"] != old["metadata"]["uid"]]

    wait_for("another proxy is ready", others, RECOVERY)


@pytest.mark.parametrize("route", ["proxy"], indirect=True)
def test_the_proxy_pod_is_deleted(link, ferry, api, namespace):
    (old,) = proxy_pods(api, namespace)
    with client.connect(link.ports[1]) as connection:
        connection.sendall(b"x")
        assert connection.recv(1) == b"x"
        api.delete("Pod", namespace, old["metadata"]["name"], grace=0)
        with pytest.raises(ConnectionResetError):  # the session went with the proxy: said at once, not at some time-out
            while connection.recv(1):
                pass
    said = [(link.get("lastError") or {}).get("why", "") for link in ferry.links()]
    assert any("gone" in why for why in said), said
    wait_for_another_proxy(api, namespace, old)
    ready = time.monotonic()
    answers_again(link)
    took = time.monotonic() - ready
    print(f"the link works {took:.2f} s after the next proxy is ready")
    assert took < 3  # a second, and what a busy machine adds


def test_the_api_server_restarts(link, faults):
    faults.restart_api_server()
    answers_again(link)


@pytest.mark.parametrize("route", ["proxy"], indirect=True)
def test_connections_survive_a_restart_of_the_api_server(link, bystander, ferry, faults):
    faults.restart_api_server()
    bystander.works()
    assert ferry.status()["tunnels"][0]["reconnects"] >= 1


@pytest.mark.parametrize("route", ["proxy"], indirect=True)
def test_connections_survive_a_cut_tunnel(link, bystander, ferry, faults):
    for _ in range(5):
        faults.cut_connections()
        bystander.works()
    assert ferry.status()["tunnels"][0]["reconnects"] >= 5


@pytest.mark.parametrize("route", ["proxy"], indirect=True)
def test_connections_survive_a_kubelet_that_cuts_its_streams(link, bystander, ferry, faults):
    faults.cut_streams()
    bystander.works()
    assert ferry.status()["tunnels"][0]["reconnects"] >= 1


@pytest.mark.parametrize("route", ["proxy"], indirect=True)
def test_the_proxys_node_dies(link, bystander, api, namespace, faults):
    """Nothing tells the daemon. Who wants something brings it to light, and need not wait for a time-out."""
    (old,) = proxy_pods(api, namespace)
    faults.lose_node_of(namespace, old["metadata"]["name"])
    wait_for_another_proxy(api, namespace, old)
    answers_again(link)
    wait_for("what went through the old one has ended", bystander.ended)


@pytest.mark.parametrize("route", ["proxy"], indirect=True)
def test_a_download_survives_cuts_without_a_byte_lost(link, ferry, faults):
    stop = threading.Event()

    def cutter():
        while not stop.wait(0.2):
            faults.cut_connections()

    thread = threading.Thread(target=cutter)
    thread.start()
    try:
        size = 200_000_000
        assert client.download_hash(link.ports[0], size) == (client.hash_of_pattern(size), size)
        assert client.upload(link.ports[0], size) == (size, client.hash_of_pattern(size))
    finally:
        stop.set()
        thread.join()
    assert ferry.status()["tunnels"][0]["reconnects"] >= 2


@pytest.mark.parametrize("route", ["proxy"], indirect=True)
def test_connections_survive_a_stalled_network(link, bystander, ferry, faults):
    faults.stall_connections()  # open, and nothing comes through
    bystander.asks()
    wait_for(
        "the status says that the tunnel is lost", lambda: ferry.status()["tunnels"][0]["state"] == "lost", timeout=40
    )
    bystander.hears_nothing(0.5)
    faults.clear()
    bystander.is_answered()
    bystander.works()
