"""A program on a terminal of its own: what it shows, what is typed, and how it leaves the terminal behind."""

import fcntl
import os
import re
import select
import signal
import struct
import subprocess
import termios
import time


class PseudoTerminal:
    """`with PseudoTerminal(args, env) as screen:`; the program is the session's leader."""

    def __init__(self, args, env, columns=100, rows=30):
        self.outer, self._inner = os.openpty()
        self.resize(columns, rows)
        self.modes = termios.tcgetattr(self._inner)
        self.shown = ""
        self.process = subprocess.Popen(args, env=env, stdin=self._inner, stdout=self._inner, stderr=self._inner,
                                        start_new_session=True, preexec_fn=self._take)

    @staticmethod
    def _take():
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self.outer)
        os.close(self._inner)

    def resize(self, columns, rows):
        fcntl.ioctl(self.outer, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def type(self, text):
        os.write(self.outer, text.encode())

    def wait_for(self, pattern, timeout=30):
        """Reads until what was shown since the last time matches; the match."""
        deadline = time.monotonic() + timeout
        while not (match := re.search(pattern, self.shown)):
            ready, _, _ = select.select([self.outer], [], [], max(0, deadline - time.monotonic()))
            assert ready, f"no {pattern!r} in {self.shown!r}"
            self.shown += os.read(self.outer, 1 << 16).decode(errors="replace")
        self.shown = self.shown[match.end():]
        return match

    def is_raw(self):
        return not termios.tcgetattr(self._inner)[3] & (termios.ICANON | termios.ECHO | termios.ISIG)

    def is_as_before(self):
        return termios.tcgetattr(self._inner) == self.modes

    def end(self):
        """Its exit code, once it has ended by itself."""
        return self.process.wait(timeout=30)

    def stop(self, by=signal.SIGTSTP):
        """Sends it the signal and waits until it has stopped."""
        self.process.send_signal(by)
        _, status = os.waitpid(self.process.pid, os.WUNTRACED)
        assert os.WIFSTOPPED(status), status
