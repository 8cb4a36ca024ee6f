"""Ferry's tunnel over a network that cuts it (tests/e2e/relay.py)."""

import contextlib
import sys
import time

import paths

sys.path.append(str(paths.ROOT / "tests" / "e2e"))
import relay  # noqa: E402


class Ferry(paths.Ferry):
    needs = ("nft",)

    def __init__(self, folder, port):
        self._held = contextlib.ExitStack()
        super().__init__(folder, port, 0)

    def reach(self, port):
        self._relay = self._held.enter_context(relay.Relay(paths.FAR, port))
        return paths.NEAR, self._relay.port

    def cut(self, seconds):
        """Every packet is dropped for so long; 0: what there is is reset, and the next goes through."""
        if not seconds:
            self._relay.cut()
            return
        with relay.dropped_packets(self._relay.port):
            time.sleep(seconds)

    def stop(self):
        with self._held:
            super().stop()
