#!/usr/bin/python3
"""`ferry swap-deployment ... -- COMMAND` at a real terminal: whose Ctrl-C is it?

Run by ctest with the path of ferry. ferryd is a few lines of Python here, which answer on its socket.
"""

import http.server
import json
import os
import pathlib
import pty
import select
import signal
import socketserver
import sys
import tempfile
import threading
import time
import unittest

FERRY = sys.argv.pop(1)
PATIENCE = 20  # seconds


def link(state, phase):
    ports = [{"local": 8081, "remote": 80, "open": True}]
    return {"id": "s1", "target": {"kind": "deploy", "name": "web"}, "namespace": "shop", "state": state,
            "swap": {"phase": phase, "ports": ports}}


class Daemon(socketserver.ThreadingUnixStreamServer):
    """Serves one swap, which stands at once and is restored when `restored` is set."""

    daemon_threads = True

    def __init__(self, path):
        super().__init__(str(path), Handler)
        self.asked_to_end = threading.Event()
        self.restored = threading.Event()
        threading.Thread(target=self.serve_forever, daemon=True).start()


class Handler(http.server.BaseHTTPRequestHandler):
    def address_string(self):
        return "ferry"

    def log_message(self, *_):
        pass

    def answer(self, body, kind="application/json"):
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.end_headers()
        if body is not None:
            self.wfile.write(json.dumps(body).encode())

    def do_GET(self):
        environment = self.path.endswith("/environment")
        self.answer({"environment": [{"name": "MODE", "value": "fast"}]} if environment else {"version": "x"})

    def do_DELETE(self):
        self.server.asked_to_end.set()
        self.answer(link("ending", "restoring"))

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.answer(None, "text/event-stream")
        self.event({"kind": "link", "linkId": "s1", "link": link("active", "swapped")})
        self.server.restored.wait(PATIENCE)
        self.event({"kind": "ended", "linkId": "s1", "link": link("ending", "over")})

    def event(self, event):
        self.wfile.write(f"event: {event['kind']}\ndata: {json.dumps(event)}\n\n".encode())


class Terminal:
    """ferry as the leader of a session, with a terminal of its own."""

    def __init__(self, home, *words):
        self.seen = ""
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            environment = {"PATH": os.environ["PATH"], "HOME": str(home), "XDG_RUNTIME_DIR": str(home),
                           "TERM": "xterm", "LANG": "C.UTF-8"}
            os.execve(FERRY, [FERRY, *words], environment)

    def type(self, text):
        os.write(self.fd, text.encode())

    def wait_for(self, text):
        deadline = time.monotonic() + PATIENCE
        while text not in self.seen:
            ready, _, _ = select.select([self.fd], [], [], max(0, deadline - time.monotonic()))
            if not ready:
                raise AssertionError(f"{text!r} did not come, but {self.seen!r}")
            self.seen += os.read(self.fd, 4096).decode()

    def foreground(self):
        return os.tcgetpgrp(self.fd)

    def status(self, flags=0):
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            pid, status = os.waitpid(self.pid, flags | os.WNOHANG)
            if pid:
                return status
            if select.select([self.fd], [], [], 0.02)[0]:
                try:
                    self.seen += os.read(self.fd, 4096).decode()
                except OSError:  # the last one to hold the terminal is gone
                    pass
        raise AssertionError(f"ferry goes on: {self.seen!r}")

    def exit_code(self):
        code = os.waitstatus_to_exitcode(self.status())
        os.close(self.fd)
        return code


class JobControlTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.home = pathlib.Path(self.folder.name)
        (self.home / "ferry").mkdir(mode=0o700)
        self.daemon = Daemon(self.home / "ferry" / "ferryd.sock")
        self.addCleanup(self.daemon.server_close)
        self.addCleanup(self.daemon.shutdown)
        self.addCleanup(self.daemon.restored.set)

    def run_python(self, script):
        return Terminal(self.home, "swap", "web", "--expose", "8081:80", "--", sys.executable, "-c", script)

    def test_a_server_answers_until_the_original_is_back(self):
        terminal = self.run_python(
            "import os, signal, time\n"
            "signal.signal(signal.SIGINT, lambda *_: (print('caught', flush=True), os._exit(9)))\n"
            "print('serving', os.environ['MODE'], flush=True)\n"
            "while True: time.sleep(0.01)\n")
        terminal.wait_for("serving fast")
        terminal.type("\x03")
        self.assertTrue(self.daemon.asked_to_end.wait(PATIENCE))
        self.assertNotIn("caught", terminal.seen)
        self.daemon.restored.set()
        self.assertEqual(terminal.exit_code(), 9)
        self.assertIn("caught", terminal.seen)

    def test_a_command_that_reads_the_terminal_gets_it(self):
        terminal = self.run_python("import sys; print('got', input('name? ')); sys.exit(4)")
        terminal.wait_for("name? ")
        terminal.type("ann\n")
        terminal.wait_for("got ann")
        self.assertTrue(self.daemon.asked_to_end.wait(PATIENCE))
        self.assertEqual(terminal.foreground(), terminal.pid)
        self.daemon.restored.set()
        self.assertEqual(terminal.exit_code(), 4)

    def test_ctrl_c_belongs_to_a_command_that_has_the_terminal(self):
        terminal = self.run_python(
            "try: input('first ')\n"
            "except KeyboardInterrupt: print('caught', flush=True)\n"
            "input('second ')\n")
        terminal.wait_for("first ")
        terminal.type("x")  # read by nobody yet, but the command has the terminal once it is echoed
        terminal.wait_for("x")
        self.wait_until(lambda: terminal.foreground() != terminal.pid)
        terminal.type("\x03")
        terminal.wait_for("caught")
        terminal.wait_for("second ")
        self.assertFalse(self.daemon.asked_to_end.is_set())
        terminal.type("\n")
        self.assertTrue(self.daemon.asked_to_end.wait(PATIENCE))
        self.daemon.restored.set()
        self.assertEqual(terminal.exit_code(), 0)

    def test_ctrl_z_stops_both_and_fg_continues_both(self):
        terminal = self.run_python("print('got', input('name? '), flush=True)")
        terminal.wait_for("name? ")
        self.wait_until(lambda: terminal.foreground() != terminal.pid)
        terminal.type("\x1a")
        self.assertTrue(os.WIFSTOPPED(terminal.status(os.WUNTRACED)))
        self.assertEqual(terminal.foreground(), terminal.pid)
        os.kill(terminal.pid, signal.SIGCONT)
        self.wait_until(lambda: terminal.foreground() != terminal.pid)
        terminal.type("ann\n")
        terminal.wait_for("got ann")
        self.assertTrue(self.daemon.asked_to_end.wait(PATIENCE))
        self.daemon.restored.set()
        self.assertEqual(terminal.exit_code(), 0)

    def wait_until(self, condition):
        deadline = time.monotonic() + PATIENCE
        while not condition():
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.01)


unittest.main()
