"""Takes connections on a free port of the loopback (printed), sends each as much as it takes, and reads nothing."""

import contextlib
import resource
import selectors
import socket

hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
listener = socket.socket()
# Inherited by what it accepts: what is measured is Ferry, not how much of the kernel's memory this takes.
listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 65536)
listener.bind(("127.0.0.1", 0))
listener.listen(1024)
print(listener.getsockname()[1], flush=True)
waits = selectors.DefaultSelector()
waits.register(listener, selectors.EVENT_READ)
while True:
    for key, _ in waits.select():
        if key.fileobj is listener:
            made, _ = listener.accept()
            made.setblocking(False)
            waits.register(made, selectors.EVENT_WRITE)
            continue
        try:
            with contextlib.suppress(BlockingIOError):
                key.fileobj.send(bytes(65536))
        except OSError:
            waits.unregister(key.fileobj)
            key.fileobj.close()
