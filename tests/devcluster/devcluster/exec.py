"""`pods/exec` over WebSocket: v5.channel.k8s.io and v4.channel.k8s.io.

    await exec.serve(cluster, request, pod) -> aiohttp response; ApiError for refusals

as in `portforward`. SPDY is the API server's: it starts the command by `node.exec(...)`.
"""
