"""What a container has written to stdout and stderr, line by line, with the time of each line."""

import asyncio
import collections
import datetime

_MOST_BYTES = 8 << 20      # of one container's run; the oldest lines go first
_LONGEST_LINE = 16 << 10   # longer ones are kept in pieces, as the container runtime does


class Log:
    """Lines are (number, time, bytes with a newline where there was one). `closed` when the container has ended."""

    def __init__(self):
        self.closed = False
        self._lines = collections.deque()
        self._next = 0
        self._bytes = 0
        self._changed = asyncio.Event()

    def lines(self, start=0):
        """The lines from number `start` on that are still kept."""
        if not self._lines or start >= self._next:
            return []
        first = self._lines[0][0]
        skip = max(0, start - first)
        return [line for position, line in enumerate(self._lines) if position >= skip]

    @property
    def next_number(self):
        return self._next

    def add(self, text):
        self._lines.append((self._next, datetime.datetime.now(datetime.timezone.utc), text))
        self._next += 1
        self._bytes += len(text)
        while self._bytes > _MOST_BYTES:
            self._bytes -= len(self._lines.popleft()[2])
        self._wake()

    def close(self):
        self.closed = True
        self._wake()

    async def changed(self):
        """Returns when something has been added since the call, or the log is closed."""
        if not self.closed:
            await self._changed.wait()

    def _wake(self):
        self._changed.set()
        self._changed = asyncio.Event()

    async def collect(self, stream):
        """Adds what comes from an asyncio StreamReader, until its end."""
        rest = b""
        while True:
            data = await stream.read(1 << 16)
            if not data:
                break
            *lines, rest = (rest + data).split(b"\n")
            for line in lines:
                self.add(line + b"\n")
            while len(rest) > _LONGEST_LINE:
                self.add(rest[:_LONGEST_LINE])
                rest = rest[_LONGEST_LINE:]
        if rest:
            self.add(rest)


def rfc3339(moment):
    """2026-11-20T16:36:19.570766000Z: nanoseconds, as the container runtime writes them."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%f") + "000Z"
