"""The demo's web application: one page on PORT (8080) that says which pod has made it, and how often."""

import html
import http.server
import os
import signal
import socket
import socketserver
import threading

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>{title}</title>
<style>
body {{ font: 18px/1.5 system-ui, sans-serif; margin: 4rem auto; max-width: 36rem; color: #1c2733; }}
h1 {{ font-size: 2rem; margin-bottom: 0; }}
code {{ background: #eef3f7; padding: 0 .3em; border-radius: 4px; }}
footer {{ color: #6b7a89; font-size: .8em; margin-top: 3rem; }}
</style>
</head>
<body>
<h1>{title}</h1>
<p>This page was made by pod <code>{pod}</code>.</p>
<p>It has made {count} so far. Delete the pod, load the page again, and another one answers.</p>
<footer>served inside the cluster on {address}:{port}</footer>
</body>
</html>
"""


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    pages = 0
    counting = threading.Lock()

    def do_GET(self):
        if self.path == "/healthz":
            self.answer("text/plain", "ok\n")
        elif self.path == "/":
            with self.counting:
                Handler.pages += 1
            address, port = self.connection.getsockname()[:2]
            self.answer("text/html; charset=utf-8", _PAGE.format(
                title=html.escape(os.environ.get("TITLE", "Hello from the cluster")), pod=html.escape(POD),
                count=f"{Handler.pages} page{'' if Handler.pages == 1 else 's'}", address=address, port=port))
        else:
            self.send_error(404)

    def answer(self, kind, text):
        data = text.encode()
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.send_header("X-Pod", POD)
        self.end_headers()
        self.wfile.write(data)


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True


POD = os.environ.get("POD_NAME") or socket.gethostname()
if __name__ == "__main__":
    server = Server(("0.0.0.0", int(os.environ.get("PORT", 8080))), Handler)
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    server.serve_forever()
