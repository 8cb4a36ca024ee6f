"""Ferry's tunnel over a relay that cuts it, as networks do (tests/e2e/relay.py)."""

import contextlib
import sys
import time

import paths

sys.path.append(str(paths.ROOT / "tests" / "e2e"))
import relay  # noqa: E402


class Ferry(paths.Ferry):
    def __init__(self, folder, port):
        self._held = contextlib.ExitStack()
        super().__init__(folder, port, 0)

    def reach(self, port):
        self._relay = self._held.enter_context(relay.Relay(paths.FAR, port))
        return paths.NEAR, self._relay.port

    def cut(self, seconds):
        """Nothing comes through for so long; 0: what there is is reset, and the next goes through."""
        if not seconds:
            self._relay.cut()
            return
        self._relay.black_hole()
        time.sleep(seconds)
        self._relay.heal()

    def stop(self):
        with self._held:
            super().stop()
