"""Answers HTTP with the pod's name. PORT (8080), TEXT and VERSION come from the environment.

    /              TEXT and the pod's name as plain text
    /bytes?n=N     N bytes (a repeating pattern), streamed
    /sha           POST: {"bytes": ..., "sha256": ...} of what was uploaded
    /slow?s=S      the answer comes after S seconds
    /drip?n=N&s=S  N lines, one every S seconds
    /close         the connection is closed without an answer
    /headers       what was asked, as JSON
    /healthz       ok
"""

import hashlib
import http.server
import json
import os
import signal
import socket
import socketserver
import time
import urllib.parse

_BLOCK = bytes(range(256)) * 256


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self):
        url = urllib.parse.urlsplit(self.path)
        query = {key: values[0] for key, values in urllib.parse.parse_qs(url.query).items()}
        action = getattr(self, "get_" + url.path.strip("/"), None)
        if action is not None:
            action(query)
        else:
            self.get_page(query)

    do_HEAD = do_GET

    def do_POST(self):
        digest, count = hashlib.sha256(), 0
        for block in self.body():
            digest.update(block)
            count += len(block)
        self.answer(json.dumps({"bytes": count, "sha256": digest.hexdigest(), "pod": POD}) + "\n")

    do_PUT = do_POST

    def body(self):
        """The request's body in pieces, by length or in chunks."""
        if "chunked" in self.headers.get("Transfer-Encoding", ""):
            while size := int(self.rfile.readline().split(b";")[0], 16):
                yield self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
            return
        left = int(self.headers.get("Content-Length", 0))
        while left:
            block = self.rfile.read(min(left, 1 << 18))
            if not block:
                return
            left -= len(block)
            yield block

    def get_page(self, _):
        self.answer(f"{TEXT} {POD}\n")

    def get_healthz(self, _):
        self.answer("ok\n")

    def get_bytes(self, query):
        left = int(query.get("n", 1 << 20))
        self.head(200, left)
        while left and self.command != "HEAD":
            block = _BLOCK[:left]
            self.wfile.write(block)
            left -= len(block)

    def get_slow(self, query):
        time.sleep(float(query.get("s", 1)))
        self.answer(f"slow {POD}\n")

    def get_drip(self, query):
        count, pause = int(query.get("n", 10)), float(query.get("s", 0.1))
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for number in range(count):
            line = f"{number} {POD}\n".encode()
            self.wfile.write(b"%x\r\n%s\r\n" % (len(line), line))
            time.sleep(pause)
        self.wfile.write(b"0\r\n\r\n")

    def get_close(self, _):
        self.close_connection = True

    def get_headers(self, _):
        self.answer(json.dumps({"method": self.command, "path": self.path, "headers": dict(self.headers),
                                "client": self.client_address[0], "pod": POD}) + "\n")

    def answer(self, text):
        data = text.encode()
        self.head(200, len(data))
        if self.command != "HEAD":
            self.wfile.write(data)

    def head(self, status, length):
        self.send_response(status)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(length))
        self.send_header("X-Pod", POD)
        self.end_headers()

    def log_message(self, form, *arguments):
        print(f"{self.client_address[0]} {form % arguments}", flush=True)


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def handle_error(self, request, client_address):
        print(f"{client_address[0]} went away", flush=True)


if __name__ == "__main__":
    POD = os.environ.get("POD_NAME") or socket.gethostname()
    TEXT = os.environ.get("TEXT", "hello from")
    server = Server(("0.0.0.0", int(os.environ.get("PORT", 8080))), Handler)
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    server.serve_forever()
