"""`pods/log`: follow, previous, tailLines, sinceSeconds, sinceTime, timestamps, limitBytes.

    await logs.serve(cluster, request, pod) -> aiohttp response; ApiError for refusals
"""
