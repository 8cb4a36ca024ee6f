"""`pods/portforward` over WebSocket: v4.channel.k8s.io and v4.base64.channel.k8s.io.

The API server authenticates, authorizes and finds the pod; the rest is here:

    await portforward.serve(cluster, request, pod) -> aiohttp response; ApiError for refusals with a Status body

`request` is the aiohttp request, `pod` the Pod object. SPDY (also inside WebSocket) is the API server's:
it asks the node for connections by `node.portforward(pod, port)`.
"""
