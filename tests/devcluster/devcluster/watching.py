"""Watches over HTTP: one JSON event a line, with bookmarks, 410 inside the stream, and tables."""

import asyncio
import json

from aiohttp import web

from . import errors, rest, table

# The real server sends one about every minute; tests of ours needn't wait so long.
BOOKMARK_SECONDS = 10
_DEFAULT_TIMEOUT = 1800


def _since(call):
    version = call.query.get("resourceVersion", "")
    if version in ("", "0"):
        return None
    if not version.isdigit():
        raise errors.invalid("ListOptions", "", [("resourceVersion", "FieldValueInvalid",
                             f'Invalid value: "{version}": strconv.ParseUint: parsing "{version}": invalid syntax')])
    return int(version)


class _Writer:
    """Turns store events into lines for one client."""

    def __init__(self, call, response, as_table):
        self._call = call
        self._response = response
        self._table = as_table
        self._matches = rest.matcher(call)
        self._columns = True

    async def event(self, event):
        """An object that starts or stops to match is added to or deleted from what this client sees."""
        matches = self._matches(event.object)
        matched = event.old is not None and self._matches(event.old)
        kind = event.type
        if kind == "MODIFIED" and matches != matched:
            kind = "ADDED" if matches else "DELETED"
        elif not matches:
            return
        await self._send(kind, event.object)

    async def bookmark(self, version, initial_end=False):
        meta = {"resourceVersion": str(version)}
        if initial_end:
            meta["annotations"] = {"k8s.io/initial-events-end": "true"}
        obj = {"kind": self._call.kind, "apiVersion": self._call.resource.group_version,
               "metadata": {**meta, "creationTimestamp": None}}
        if self._table:
            obj = {"kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": meta, "columnDefinitions": None,
                   "rows": []}
        await self._line({"type": "BOOKMARK", "object": obj})

    async def error(self, error):
        await self._line({"type": "ERROR", "object": error.status()})

    async def _send(self, kind, obj):
        shown = self._call.out(obj)
        if self._table:
            include = self._call.query.get("includeObject", "Metadata")
            meta = {"resourceVersion": obj["metadata"]["resourceVersion"]}
            shown = table.render(self._call.kind, [obj], meta, include, self._columns)
            self._columns = False
        await self._line({"type": kind, "object": shown})

    async def _line(self, event):
        await self._response.write(json.dumps(event, separators=(",", ":")).encode() + b"\n")


async def serve(call, request, as_table, stopping):
    """Streams until the client goes, the time is up, or the server stops (`stopping` is an asyncio.Event)."""
    since = _since(call)
    response = web.StreamResponse(headers={"Content-Type": "application/json", "Cache-Control": "no-cache, private"})
    response.enable_chunked_encoding()
    writer = _Writer(call, response, as_table)
    # Before the first await: what is written from here on is not to be missed.
    try:
        watch, refusal = call.store.watch(call.kind, call.info.namespace, since), None
    except errors.ApiError as error:
        watch, refusal = None, error
    start = call.store.version
    await response.prepare(request)
    if refusal:
        await writer.error(refusal)
        return response
    async with watch:
        if call.query.get("sendInitialEvents", "").lower() == "true" and since is None:
            await _initial(watch, writer, start)
        await _stream(call, watch, writer, stopping)
    return response


async def _initial(watch, writer, start):
    while not watch.empty():
        await writer.event(await watch.next())
    await writer.bookmark(start, initial_end=True)


async def _stream(call, watch, writer, stopping):
    loop = asyncio.get_running_loop()
    end = loop.time() + float(call.query.get("timeoutSeconds") or _DEFAULT_TIMEOUT)
    bookmarks = call.query.get("allowWatchBookmarks", "").lower() in ("1", "true")
    next_bookmark = loop.time() + BOOKMARK_SECONDS
    while not stopping.is_set():
        left = min(end, next_bookmark) - loop.time()
        event = await watch.next(max(0.0, left))
        if event is not None:
            await writer.event(event)
        if loop.time() >= end:
            break
        if loop.time() >= next_bookmark:
            next_bookmark = loop.time() + BOOKMARK_SECONDS
            if bookmarks and watch.empty():
                await writer.bookmark(call.store.version)
    if bookmarks and watch.empty():
        await writer.bookmark(call.store.version)
