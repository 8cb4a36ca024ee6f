"""The node: what kubelet, scheduler, kube-proxy and cluster DNS do, and the controllers beside them.

    node = Node(cluster)                     cluster: store, pki, run_dir, options
    await node.start()                       network, DNS, controllers, kubelet; returns when pods can be started
    await node.stop()                        ends every process
    node.faults                              {"name": async function(cluster, arguments) -> text}

    await node.portforward(pod, port)        -> (reader, writer) to 127.0.0.1:port in the pod's network namespace
    await node.exec(pod, container, command, stdin=False, tty=False) -> node_runtime.Process
        .stdin  asyncio StreamWriter or None; .stdout, .stderr  asyncio StreamReader (no stderr with a tty);
        .resize(columns, rows); .kill(); await .wait() -> exit code (128 + signal). FileNotFoundError, PermissionError.

The WebSocket routes of portforward, exec and log are in `portforward.serve`, `exec.serve` and `logs.serve`:
`async serve(cluster, request, pod)`. The API server routes to them after authentication, authorization and having
found the pod; it does the SPDY variants with the two functions above. cluster.options.images is {name: command}.
"""
