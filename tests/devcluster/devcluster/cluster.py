"""How the parts of the cluster are wired together.

`Cluster` is everything that runs inside the cluster's own namespaces. It owns:

    cluster.store     store.Store: the state. Controllers and the node work on it directly
    cluster.pki       pki.Authority: the CA and the service account tokens
    cluster.server    server.ApiServer
    cluster.node      node.Node (see below)
    cluster.run_dir   a directory on a private tmpfs; it vanishes with the process
    cluster.options   what `up` was given: .images {name: command}, .backoff seconds, .control the socket's name
    cluster.faults    {"name": async function(cluster, arguments) -> text}: what `ctl` can ask for

The node (module `node`, class `Node(cluster)`) provides to the API server:

    await node.start()           network, DNS, controllers, kubelet; returns when pods can be started
    await node.stop()            ends every process
    node.faults                  its share of the faults, same shape as above; `arguments` is a list of words

    await portforward.serve(cluster, request, pod)   and the same of `exec` and `logs`: the WebSocket routes of the
        pod's subresources, after authentication, authorization and having found the pod on a node. For SPDY
        (kubectl below 1.31 always, above it inside a WebSocket) `streams.py` of the API server uses:
    await node.portforward(pod, port) -> (reader, writer)
    await node.exec(pod, container, command, stdin, tty) -> process

What the API server provides to the node and the controllers, beside the store:

    cluster.pki.service_account_token(namespace, name, uid, pod=None, seconds=3600, audiences=None) -> (token, expiry)
        A signed token that the API server accepts until it expires or its pod is gone. pod is (name, uid).
    cluster.pki.ca_pem           -> the CA certificate (bytes): what goes into a pod's ca.crt
    cluster.inside_port          -> where the server listens on every address of the cluster's network namespace: the
                                    target of the Service `default/kubernetes`

The process that runs this is in PID, network and mount namespaces of its own, and root there (really, or in a user
namespace). Everything that it has made ends with it, whatever way it ends (`netns.run_inside`).
"""

import asyncio
import signal

from . import apifaults, control, node, server, store, strategy

INSIDE_PORT = 6443


class Cluster:
    """To be made inside the event loop that is to run it."""

    def __init__(self, authority, listener, control_socket, run_dir, options):
        self.pki = authority
        self.run_dir = run_dir
        self.options = options
        self.inside_port = INSIDE_PORT
        self.store = store.Store(strategy.Strategy(authority.ca_pem))
        self.server = server.ApiServer(self, listener)
        self.node = node.Node(self)
        self.faults = {**apifaults.table(self), **self.node.faults}
        self._control = control.Control(self, control_socket)
        self._stopping = asyncio.Event()

    async def run(self, ready):
        """Runs until SIGTERM or SIGINT; calls `ready` once when the cluster can be used."""
        loop = asyncio.get_running_loop()
        _keep_tasks(loop)
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stopping.set)
        strategy.bootstrap(self.store)
        await self.node.start()
        await self.server.start()
        await self._control.start()
        ready()
        await self._stopping.wait()
        await self._control.stop()
        await self.server.stop()
        await self.node.stop()


def _keep_tasks(loop):
    """The loop holds its tasks weakly: one that waits for what only it holds would be collected in the middle."""
    tasks = set()

    def make(loop, coroutine, **how):
        task = asyncio.Task(coroutine, loop=loop, **how)
        tasks.add(task)
        task.add_done_callback(tasks.discard)
        return task

    loop.set_task_factory(make)
