#!/usr/bin/python3
"""`up` and `ctl`: starting, ending without a trace, users, and what can be done to the API server and its clients."""

import base64
import http.client
import json
import os
import pwd
import signal
import socket
import ssl
import subprocess
import tempfile
import time
import unittest

import yaml

from server_test_support import HERE, START_SECONDS, Cluster, until

_ROLE = """
rules:
- {apiGroups: [""], resources: [pods], verbs: [get, list]}
"""


class Client:
    """One user's way to the API server, by a kubeconfig's text or file."""

    def __init__(self, config):
        entry, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
        self.port = int(entry["server"].rsplit(":", 1)[1])
        self._token = user.get("token")
        self.context = ssl.create_default_context(cadata=_decoded(entry["certificate-authority-data"]))
        if "client-certificate-data" in user:
            with tempfile.NamedTemporaryFile("w") as file:
                file.write(_decoded(user["client-certificate-data"]) + _decoded(user["client-key-data"]))
                file.flush()
                self.context.load_cert_chain(file.name)

    def connect(self):
        connection = http.client.HTTPSConnection("127.0.0.1", self.port, context=self.context, timeout=10)
        connection.connect()
        return connection

    def start(self, connection, path, method="GET", body=None, kind="application/json"):
        headers = {"Content-Type": kind}
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        connection.request(method, path, body and json.dumps(body), headers)

    def send(self, path, method="GET", body=None):
        """(code, body)"""
        connection = self.connect()
        try:
            self.start(connection, path, method, body)
            response = connection.getresponse()
            return response.status, json.loads(response.read())
        finally:
            connection.close()


def _decoded(text):
    return base64.b64decode(text).decode()


def admin(cluster):
    with open(cluster.kubeconfig) as file:
        return Client(yaml.safe_load(file))


def user(cluster, *words):
    return Client(yaml.safe_load(cluster.ctl("user", *words)))


PODS = "/api/v1/namespaces/default/pods"


class UpTest(unittest.TestCase):
    def test_is_ready_in_time_and_several_live_side_by_side(self):
        with Cluster() as first, Cluster() as second:
            # The better of two: the machine may be busy with something else for a moment.
            self.assertLess(min(first.start_seconds, second.start_seconds), START_SECONDS)
            for cluster in (first, second):
                code, found = admin(cluster).send("/api/v1/nodes")
                self.assertEqual((code, len(found["items"])), (200, 1))
            admin(first).send("/api/v1/namespaces", "POST", {"metadata": {"name": "mine"}})
            self.assertEqual(admin(second).send("/api/v1/namespaces/mine")[0], 404)

    def test_leaves_nothing_when_asked_to_end(self):
        self._leaves_nothing(signal.SIGTERM)

    def test_leaves_no_process_when_killed(self):
        self._leaves_nothing(signal.SIGKILL)

    def _leaves_nothing(self, number):
        cluster = Cluster()
        port = admin(cluster).port
        family = _descendants(cluster.process.pid)
        self.assertGreater(len(family), 1)
        mounts, namespaces = _mounts(), _network_names()
        cluster.process.send_signal(number)
        cluster.process.wait(10)
        until(lambda: not any(os.path.exists(f"/proc/{pid}") for pid in family))
        with self.assertRaises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port)).close()
        self.assertEqual((_mounts(), _network_names()), (mounts, namespaces))
        if number == signal.SIGTERM:
            self.assertFalse(os.path.exists(cluster.kubeconfig))
        cluster.stop()

    def test_ends_with_its_parent(self):
        with tempfile.TemporaryDirectory() as directory:
            path = os.path.join(directory, "kubeconfig")
            # Popen without a wait: the shell ends as soon as the cluster is ready.
            script = f"{os.path.join(HERE, 'up')} --with-parent --kubeconfig {path} & echo $!; read line"
            with subprocess.Popen(["sh", "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                  text=True) as shell:
                pid = int(shell.stdout.readline())
                self.assertIn("cluster ready", shell.stdout.readline())
                shell.stdin.write("\n")
                shell.stdin.flush()
                shell.wait(10)
                until(lambda: not _alive(pid))
                until(lambda: not os.path.exists(path))

    @unittest.skipUnless(os.geteuid() == 0, "only root can become another user")
    def test_serves_an_ordinary_user(self):
        with Cluster(user=pwd.getpwnam("nobody").pw_uid) as cluster:
            client = admin(cluster)
            client.send(PODS, "POST", {"metadata": {"name": "p"}, "spec": {
                "restartPolicy": "Never", "containers": [{"name": "c", "image": "busybox",
                                                          "command": ["sh", "-c", "echo hello"]}]}})
            until(lambda: client.send(f"{PODS}/p")[1]["status"]["phase"] == "Succeeded")


def _alive(pid):
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def _descendants(pid):
    found, queue = [pid], [pid]
    while queue:
        parent = queue.pop()
        try:
            with open(f"/proc/{parent}/task/{parent}/children") as file:
                children = [int(word) for word in file.read().split()]
        except FileNotFoundError:
            continue
        found += children
        queue += children
    return found[1:]


def _mounts():
    with open("/proc/self/mounts") as file:
        return file.read()


def _network_names():
    return os.listdir("/run/netns") if os.path.isdir("/run/netns") else []


class WithCluster(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.cluster = Cluster()
        cls.admin = admin(cls.cluster)

    @classmethod
    def tearDownClass(cls):
        cls.cluster.stop()


class UsersTest(WithCluster):
    def _role_file(self):
        file = tempfile.NamedTemporaryFile("w", suffix=".yaml")
        self.addCleanup(file.close)
        file.write(_ROLE)
        file.flush()
        return file.name

    def test_a_token_with_narrow_rights(self):
        jane = user(self.cluster, "jane", "--namespace", "default", "--role", self._role_file())
        self.assertEqual(jane.send(PODS)[0], 200)
        self.assertEqual(jane.send("/api/v1/namespaces/default/secrets")[0], 403)
        self.assertEqual(jane.send("/api/v1/namespaces/kube-system/pods")[0], 403)

    def test_to_apply_what_is_not_there_takes_the_right_to_create(self):
        with tempfile.NamedTemporaryFile("w") as file:
            # Two documents, as manifests often are.
            file.write('rules: [{apiGroups: [""], resources: [configmaps], verbs: [patch]}]\n---\nkind: RoleBinding\n')
            file.flush()
            jane = user(self.cluster, "half", "--namespace", "default", "--role", file.name)
        path = "/api/v1/namespaces/default/configmaps/applied?fieldManager=m"
        connection = jane.connect()
        jane.start(connection, path, "PATCH", {"apiVersion": "v1", "kind": "ConfigMap"}, "application/apply-patch+yaml")
        response = connection.getresponse()
        self.assertEqual((response.status, json.loads(response.read())["message"]), (
            403, 'configmaps "applied" is forbidden: User "half" cannot create resource "configmaps" in API group '
            '"" in the namespace "default"'))
        connection.close()

    def test_a_certificate_with_rights_everywhere(self):
        joe = user(self.cluster, "joe", "--certificate", "--role", self._role_file())
        self.assertEqual(joe.send("/api/v1/pods")[0], 200)
        self.assertEqual(joe.send("/api/v1/secrets")[0], 403)

    def test_an_expired_certificate_is_unauthorized(self):
        late = user(self.cluster, "late", "--certificate", "--group", "system:masters", "--seconds", "-10")
        self.assertEqual(late.send(PODS), (401, {
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": "Unauthorized",
            "reason": "Unauthorized", "code": 401}))

    def test_a_token_expires_by_time_and_on_order(self):
        self.assertEqual(user(self.cluster, "old", "--group", "system:masters", "--seconds", "0").send(PODS)[0], 401)
        short = user(self.cluster, "short", "--group", "system:masters")
        self.assertEqual(short.send(PODS)[0], 200)
        self.cluster.ctl("expire", "short")
        self.assertEqual(short.send(PODS)[0], 401)

    def test_service_account_tokens_end_with_the_signing_key(self):
        path = "/api/v1/namespaces/default/serviceaccounts/default/token"
        _, issued = self.admin.send(path, "POST", {"spec": {}})
        config = yaml.safe_load(self.cluster.ctl("user", "robot"))
        config["users"][0]["user"] = {"token": issued["status"]["token"]}
        robot = Client(config)
        self.assertEqual(robot.send(PODS)[0], 403)
        self.cluster.ctl("rotate-keys")
        self.assertEqual(robot.send(PODS)[0], 401)

    def test_a_stranger_certificate_gets_nowhere(self):
        with Cluster() as other:
            stranger = user(other, "stranger", "--certificate", "--group", "system:masters")
        stranger.port = self.admin.port
        stranger.context.check_hostname = False
        stranger.context.verify_mode = ssl.CERT_NONE
        with self.assertRaises((ssl.SSLError, ConnectionError)):
            stranger.send(PODS)

    def test_an_unknown_command_is_refused(self):
        with self.assertRaisesRegex(AssertionError, "no such command"):
            self.cluster.ctl("nonsense")


class FaultsTest(WithCluster):
    def _watch(self):
        """A watch that has been answered: (connection, response)."""
        connection = self.admin.connect()
        self.admin.start(connection, f"{PODS}?watch=1&timeoutSeconds=60")
        response = connection.getresponse()
        self.assertEqual(response.status, 200)
        return connection, response

    def test_cut_resets_what_is_open_and_lets_the_next_in(self):
        connection, response = self._watch()
        self.cluster.ctl("cut")
        with self.assertRaises(ConnectionResetError):
            response.readline()
            raise ConnectionResetError if response.isclosed() else AssertionError("still open")
        connection.close()
        self.assertEqual(self.admin.send(PODS)[0], 200)

    def test_stall_holds_everything_and_closes_nothing(self):
        connection, response = self._watch()
        connection.sock.settimeout(0.5)
        self.cluster.ctl("stall")
        other = socket.create_connection(("127.0.0.1", self.admin.port), timeout=5)
        other.settimeout(0.5)
        other.sendall(b"\x16\x03\x01")
        for waiting in (other.recv, response.readline):
            with self.assertRaises(TimeoutError):
                waiting(1)
        other.close()
        self.cluster.ctl("resume")
        self.assertEqual(self.admin.send(PODS)[0], 200)
        connection.close()

    def test_refuse_leaves_the_old_and_refuses_the_new(self):
        connection, response = self._watch()
        self.cluster.ctl("refuse")
        with self.assertRaises(ConnectionRefusedError):
            self.admin.send(PODS)
        self.assertFalse(response.isclosed())
        self.cluster.ctl("admit")
        self.assertEqual(self.admin.send(PODS)[0], 200)
        connection.close()

    def test_idle_connections_are_cut(self):
        self.cluster.ctl("cut-idle", "0.3")
        self.addCleanup(self.cluster.ctl, "cut-idle", "off")
        connection, response = self._watch()
        started = time.monotonic()
        try:
            response.readline()
        except OSError:
            pass
        self.assertLess(time.monotonic() - started, 5)
        connection.close()

    def test_answers_of_trouble(self):
        for code, reason in (("503", "ServiceUnavailable"), ("429", "TooManyRequests"), ("500", "InternalError")):
            self.cluster.ctl("answer", code, "30")
            got, body = self.admin.send(PODS)
            self.assertEqual((got, body["reason"]), (int(code), reason))
        self.cluster.ctl("clear")
        self.assertEqual(self.admin.send(PODS)[0], 200)

    def test_trouble_below_a_path_only(self):
        self.cluster.ctl("answer", "503", "30", "/api/v1/namespaces/kube-system")
        self.addCleanup(self.cluster.ctl, "answer", "503", "0")
        self.assertEqual(self.admin.send(PODS)[0], 200)
        self.assertEqual(self.admin.send("/api/v1/namespaces/kube-system/pods")[0], 503)

    def test_a_page_that_is_no_status(self):
        self.cluster.ctl("answer-page", "403", "30", "/secrets")
        self.addCleanup(self.cluster.ctl, "answer", "503", "0")
        self.assertEqual(self.admin.send(PODS)[0], 200)
        connection = self.admin.connect()
        self.admin.start(connection, "/api/v1/secrets")
        response = connection.getresponse()
        self.assertEqual((response.status, response.headers["Content-Type"].split(";")[0]), (403, "text/html"))
        connection.close()

    def test_a_lost_stream_says_nothing_more_and_another_one_works(self):
        stream = self._port_forward()
        self.assertEqual(self.cluster.ctl("lose", "streams"), "1 connections lost\n")
        other = self._port_forward()
        for one in (stream, other):
            one.sock.settimeout(0.5)
            one.sock.sendall(b"\x89\x80\0\0\0\0")  # a ping
        with self.assertRaises(TimeoutError):
            stream.sock.recv(1)
        other.sock.settimeout(10)
        self.assertEqual(other.sock.recv(2), b"\x8a\x00")
        self.assertEqual(self.cluster.ctl("cut", "streams"), "2 connections reset\n")
        stream.close()
        other.close()

    def test_streams_alone_are_stalled_and_cut(self):
        stream = self._port_forward()
        watch, _ = self._watch()
        self.cluster.ctl("stall", "streams")
        stream.sock.settimeout(0.5)
        stream.sock.sendall(b"\x89\x80\0\0\0\0")  # a ping
        with self.assertRaises(TimeoutError):
            stream.sock.recv(1)
        self.assertEqual(self.admin.send(PODS)[0], 200)
        self.cluster.ctl("resume")
        stream.sock.settimeout(10)
        self.assertEqual(stream.sock.recv(2), b"\x8a\x00")
        self.assertEqual(self.cluster.ctl("cut", "streams"), "1 connections reset\n")
        with self.assertRaises((ConnectionResetError, ssl.SSLEOFError)):
            if not stream.sock.recv(1):
                raise ConnectionResetError
        watch.sock.settimeout(0.2)
        with self.assertRaises(TimeoutError):  # it may have had events, but not its end
            while watch.sock.recv(4096):
                pass
        stream.close()
        watch.close()

    def _port_forward(self):
        """A connection that has become a WebSocket to a pod's port, its announcements read."""
        self.admin.send(PODS, "POST", {"metadata": {"name": "p"}, "spec": {
            "containers": [{"name": "c", "image": "echo", "env": [{"name": "PORT", "value": "7"}],
                            "readinessProbe": {"tcpSocket": {"port": 7}, "periodSeconds": 1}}]}})
        self.addCleanup(until, lambda: self.admin.send(f"{PODS}/p?gracePeriodSeconds=0", "DELETE")[0] == 404)

        def ready():
            conditions = self.admin.send(f"{PODS}/p")[1].get("status", {}).get("conditions", [])
            return any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)
        until(ready)
        connection = self.admin.connect()
        connection.sock.sendall(
            f"GET {PODS}/p/portforward?ports=7 HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
            "Sec-WebSocket-Protocol: v4.channel.k8s.io\r\n\r\n".encode())
        head = b""
        while b"\r\n\r\n" not in head or len(head.split(b"\r\n\r\n", 1)[1]) < 10:
            head += connection.sock.recv(4096)
        self.assertIn(b"101 Switching Protocols", head)
        return connection

    def test_a_restart_keeps_the_state_and_ends_the_connections(self):
        self.admin.send("/api/v1/namespaces/default/configmaps", "POST", {"metadata": {"name": "kept"}})
        connection, response = self._watch()
        self.cluster.ctl("restart", "0.2")
        with self.assertRaises((ConnectionResetError, http.client.IncompleteRead)):
            response.read()
        connection.close()
        self.assertEqual(self.admin.send("/api/v1/namespaces/default/configmaps/kept")[0], 200)
        self._watch()[0].close()

    def test_forgotten_history_is_410_in_the_watch(self):
        _, found = self.admin.send(PODS)
        version = found["metadata"]["resourceVersion"]
        self.admin.send("/api/v1/namespaces/default/configmaps", "POST", {"metadata": {"generateName": "x-"}})
        self.cluster.ctl("forget-history")
        code, event = self.admin.send(f"{PODS}?watch=1&resourceVersion={version}")
        self.assertEqual((code, event["type"], event["object"]["code"]), (200, "ERROR", 410))


class WatchTest(WithCluster):
    def test_bookmarks_and_the_end_of_a_watch(self):
        _, found = self.admin.send(PODS)
        version = found["metadata"]["resourceVersion"]
        connection = self.admin.connect()
        self.admin.start(connection, f"{PODS}?watch=1&allowWatchBookmarks=true&timeoutSeconds=1"
                         f"&resourceVersion={version}")
        events = [json.loads(line) for line in connection.getresponse()]
        self.assertEqual([event["type"] for event in events], ["BOOKMARK"])
        self.assertEqual(events[0]["object"]["kind"], "Pod")
        self.assertGreaterEqual(int(events[0]["object"]["metadata"]["resourceVersion"]), int(version))
        connection.close()

    def test_an_object_that_stops_to_match_is_deleted_from_a_selecting_watch(self):
        path = "/api/v1/namespaces/default/configmaps"
        connection = self.admin.connect()
        self.admin.start(connection, f"{path}?watch=1&labelSelector=a%3Db&timeoutSeconds=30")
        response = connection.getresponse()
        body = {"metadata": {"name": "fickle", "labels": {"a": "b"}}}
        self.admin.send(path, "POST", body)
        self.assertEqual(json.loads(response.readline())["type"], "ADDED")
        body["metadata"]["labels"] = {"a": "c"}
        self.admin.send(f"{path}/fickle", "PUT", body)
        self.assertEqual(json.loads(response.readline())["type"], "DELETED")
        connection.close()

    def test_lists_in_pieces_give_everything_once(self):
        path = "/api/v1/namespaces/kube-public/configmaps"
        for number in range(7):
            self.admin.send(path, "POST", {"metadata": {"name": f"c{number}"}})
        names, token = [], ""
        while True:
            _, page = self.admin.send(f"{path}?limit=3&continue={token}")
            names += [item["metadata"]["name"] for item in page["items"]]
            token = page["metadata"].get("continue", "")
            if not token:
                break
        self.assertEqual(names, [f"c{number}" for number in range(7)] + ["kube-root-ca.crt"])


if __name__ == "__main__":
    unittest.main()
