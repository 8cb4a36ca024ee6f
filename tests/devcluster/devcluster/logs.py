"""`pods/log`: follow, previous, tailLines, sinceSeconds, sinceTime, timestamps, limitBytes.

    await logs.serve(cluster, request, pod) -> aiohttp response; ApiError for refusals
"""

import datetime

from aiohttp import web

from . import errors, node_logs
from . import exec as exec_route


async def serve(cluster, request, pod):
    query = request.query
    name = exec_route.choose_container(pod, query.get("container"))
    follow = query.get("follow") in ("true", "1")
    response = web.StreamResponse(headers={"Content-Type": "text/plain", "Cache-Control": "no-cache, private"})
    log = None
    if pod["spec"].get("nodeName"):
        log = _find(cluster.node, pod, name, query.get("previous") in ("true", "1"))
    selection = _Selection(query)
    await response.prepare(request)
    if log is not None:
        await _send(response, log, selection, follow)
    await response.write_eof()
    return response


def _find(node, pod, name, previous):
    pod_name = pod["metadata"]["name"]
    worker = node.workers.get(pod["metadata"]["uid"])
    container = worker.container(name) if worker is not None else None
    if container is None:
        raise errors.bad_request(f'container "{name}" in pod "{pod_name}" is not available')
    if previous:
        # After a failed restart there is a run without a log of its own in between.
        log = container.log if container.last_state and not container.running else container.previous_log
        if container.running or "terminated" in container.state:
            log = container.previous_log
        if log is None:
            raise errors.bad_request(f'previous terminated container "{name}" in pod "{pod_name}" not found')
        return log
    if container.log is None:
        reason = container.state.get("waiting", {}).get("reason", "ContainerCreating")
        raise errors.bad_request(f'container "{name}" in pod "{pod_name}" is waiting to start: {reason}')
    return container.log


class _Selection:
    """Which lines, and how they are shown."""

    def __init__(self, query):
        try:
            self.tail = int(query["tailLines"]) if "tailLines" in query else None
            self.limit = int(query["limitBytes"]) if "limitBytes" in query else None
            self.since = _since(query)
        except ValueError as error:
            raise errors.bad_request(f"invalid log options: {error}") from error
        self.timestamps = query.get("timestamps") in ("true", "1")
        self._new_line = True

    def of(self, lines):
        if self.since is not None:
            lines = [line for line in lines if line[1] >= self.since]
        if self.tail is not None:
            lines = lines[len(lines) - self.tail:] if self.tail < len(lines) else lines
        return lines

    def text(self, lines):
        """The bytes to be sent; `limit` counts down."""
        if self.timestamps:
            parts = [self._stamp(time, line) + line for _, time, line in lines]
        else:
            parts = [line for _, _, line in lines]
        data = b"".join(parts)
        if self.limit is not None:
            data = data[:self.limit]
            self.limit -= len(data)
        return data

    def _stamp(self, time, piece):
        """A long line comes in pieces; the first one gets the time, as from a kubelet."""
        begins, self._new_line = self._new_line, piece.endswith(b"\n")
        return node_logs.rfc3339(time).encode() + b" " if begins else b""


def _since(query):
    now = datetime.datetime.now(datetime.timezone.utc)
    if "sinceSeconds" in query:
        return now - datetime.timedelta(seconds=int(query["sinceSeconds"]))
    if "sinceTime" in query:
        return datetime.datetime.fromisoformat(query["sinceTime"].replace("Z", "+00:00"))
    return None


async def _send(response, log, selection, follow):
    position = log.next_number
    await _write(response, selection.text(selection.of(log.lines())))
    while follow and selection.limit != 0:
        if position == log.next_number:
            if log.closed:
                return
            await log.changed()
            continue
        lines, position = log.lines(position), log.next_number
        await _write(response, selection.text(lines))


async def _write(response, data):
    if data:
        await response.write(data)
