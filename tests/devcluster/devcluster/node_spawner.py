"""A small process that starts containers: `python3 -m devcluster.node_spawner FD`.

It has one thread and little memory, so that it can clone() quickly and safely, and the API server's event loop never
forks. It is the parent of every container's first process. Requests and answers are JSON in datagrams on the socket
FD (AF_UNIX, SOCK_SEQPACKET); file descriptors travel beside them.

    {"op": "sandbox", "id", "device", "address", "sysctls"} -> {"id"} and the new network namespace
    {"op": "container", "id", "spec"} + [network, error, stdin, stdout, stderr] or [network, error, console socket]
    {"op": "exec", "id", "pid", "spec"} + [error, stdin, stdout, stderr] or [error, console socket]
                                                     -> {"id", "pid"} and its pidfd, or {"id", "error"}
    later                                            -> {"exited": pid, "code"}    code: 128 + signal if killed

`error` is a pipe: closed without a word once the program runs, else it carries {"errno", "text"} of what failed.
"""

import array
import json
import os
import select
import signal
import socket
import sys

from . import netns, node_rootfs
from . import netns_syscalls as sys_

_CONTAINER = sys_.CLONE_NEWNS | sys_.CLONE_NEWPID | sys_.CLONE_NEWUTS | sys_.CLONE_NEWIPC
_DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class Spawner:
    def __init__(self, channel):
        self._channel = channel
        self._poll = select.poll()
        self._poll.register(channel, select.POLLIN)
        self._children = {}  # pidfd -> pid
        self._home = os.open("/proc/self/ns/net", os.O_RDONLY | os.O_CLOEXEC)

    def run(self):
        """Serves until the other end closes."""
        while True:
            for fd, _ in self._poll.poll():
                if fd != self._channel.fileno():
                    self._reap(fd)
                elif not self._serve():
                    return

    def _serve(self):
        data, fds, _, _ = socket.recv_fds(self._channel, 1 << 20, 8)
        for fd in fds:
            os.set_inheritable(fd, False)
        if not data:
            return False
        request = json.loads(data)
        answer, passed = {"id": request["id"]}, []
        try:
            result = getattr(self, "_do_" + request["op"])(request, fds)
            if request["op"] == "sandbox":
                passed = [result]
            else:
                answer["pid"] = result
                passed = [os.pidfd_open(result)]
        except (OSError, ValueError) as error:
            answer["error"] = str(error)
        socket.send_fds(self._channel, [json.dumps(answer).encode()], passed)
        for fd in fds + passed:
            os.close(fd)
        return True

    def _reap(self, pidfd):
        pid = self._children.pop(pidfd)
        self._poll.unregister(pidfd)
        os.close(pidfd)
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        self._channel.send(json.dumps({"exited": pid, "code": code if code >= 0 else 128 - code}).encode())

    def _adopt(self, pid):
        pidfd = os.pidfd_open(pid)
        self._children[pidfd] = pid
        self._poll.register(pidfd, select.POLLIN)
        return pid

    def _do_sandbox(self, request, _):
        device, address = request["device"], request["address"]
        try:
            sys_.unshare(sys_.CLONE_NEWNET)
            sandbox = os.open("/proc/self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
            netns.ip_batch([
                "link set lo up",
                f"link add eth0 type veth peer name {device} netns /proc/self/fd/{self._home}",
                f"addr add {address}/32 dev eth0",
                "link set eth0 up",
                f"route add {netns.POD_GATEWAY} dev eth0 scope link",
                f"route add default via {netns.POD_GATEWAY} src {address}",
            ], pass_fds=[self._home])
            for name, value in request["sysctls"].items():
                with open("/proc/sys/" + name.replace(".", "/"), "w") as file:
                    file.write(value)
        finally:
            sys_.setns(self._home, sys_.CLONE_NEWNET)
        netns.ip_batch([
            f"addr add {netns.POD_GATEWAY}/32 dev {device}",
            f"link set {device} up",
            f"route add {address} dev {device} src {netns.NODE_ADDRESS}",
        ])
        return sandbox

    def _do_container(self, request, fds):
        network, error, *stdio = fds
        spec = request["spec"]
        pid = sys_.clone(_CONTAINER & ~sys_.CLONE_NEWPID if spec["target"] else _CONTAINER)
        if pid == 0:
            _become(error, lambda: _start_container(spec, network, error, stdio))
        return self._adopt(pid)

    def _do_exec(self, request, fds):
        error, *stdio = fds
        pid = os.fork()
        if pid == 0:
            _become(error, lambda: _start_exec(request["pid"], request["spec"], error, stdio))
        return self._adopt(pid)


def _become(error, start):
    """In the child: never returns. What goes wrong before the program runs is told on the pipe `error`."""
    try:
        start()
    except OSError as problem:
        text = problem.strerror + (f": {problem.filename}" if problem.filename else "")
        os.write(error, json.dumps({"errno": problem.errno, "text": text}).encode())
    except BaseException as problem:
        os.write(error, json.dumps({"errno": 0, "text": repr(problem)}).encode())
    finally:
        os._exit(128)


def _start_container(spec, network, error, stdio):
    sys_.prctl(sys_.PR_SET_PDEATHSIG, signal.SIGKILL)
    sys_.setns(network, sys_.CLONE_NEWNET)
    socket.sethostname(spec["hostname"])
    if spec["target"]:
        _go_among_the_processes_of(spec["target"], (error, *stdio))
    node_rootfs.build(spec["root"], spec["mounts"], spec["links"], spec["read_only"])
    os.setsid()
    if spec["tty"]:
        stdio = [_open_terminal(stdio[0])] * 3
    for target, fd in enumerate(stdio):
        os.dup2(fd, target)
    _run_program(spec)


def _start_exec(container, spec, error, stdio):
    sys_.prctl(sys_.PR_SET_PDEATHSIG, signal.SIGKILL)
    pidfd = os.pidfd_open(container)
    sys_.setns(pidfd, _CONTAINER | sys_.CLONE_NEWNET)
    # Only children enter a PID namespace: this process stays outside, and waits.
    pid = os.fork()
    if pid == 0:
        _become(error, lambda: _run_exec(spec, stdio))
    for fd in (error, *stdio):
        os.close(fd)
    os._exit(_exit_code(pid))


def _go_among_the_processes_of(container, fds):
    """Returns in a child that is in the container's PID namespace; this process waits for it, and ends as it does."""
    pidfd = os.pidfd_open(container)
    sys_.setns(pidfd, sys_.CLONE_NEWPID)
    os.close(pidfd)
    pid = os.fork()
    if pid == 0:
        sys_.prctl(sys_.PR_SET_PDEATHSIG, signal.SIGKILL)
        return
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    for fd in fds:
        os.close(fd)
    os._exit(_exit_code(pid))


def _exit_code(pid):
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    return code if code >= 0 else 128 - code


def _run_exec(spec, stdio):
    sys_.prctl(sys_.PR_SET_PDEATHSIG, signal.SIGKILL)
    os.setsid()
    if spec["tty"]:
        stdio = [_open_terminal(stdio[0])] * 3
    for target, fd in enumerate(stdio):
        os.dup2(fd, target)
    _run_program(spec)


def _open_terminal(console):
    """A terminal of the container's own; its other end goes out over the socket `console`."""
    import fcntl
    import termios
    outer, inner = os.openpty()
    fcntl.ioctl(inner, termios.TIOCSCTTY, 0)
    with socket.socket(fileno=console) as channel:
        channel.sendmsg([b"t"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [outer]))])
    os.close(outer)
    return inner


def _run_program(spec):
    if spec["no_new_privileges"]:
        sys_.prctl(sys_.PR_SET_NO_NEW_PRIVS, 1)
    if spec["capabilities"] is not None:
        sys_.keep_capabilities(spec["capabilities"])
    os.umask(0o022)
    # An ordinary user's namespace has one user only: the ids asked for don't exist there.
    if spec["user"] is not None and os.access("/proc/self/setgroups", os.R_OK) and _may_change_ids():
        os.setgroups(spec["groups"])
        os.setresgid(spec["group"], spec["group"], spec["group"])
        os.setresuid(spec["user"], spec["user"], spec["user"])
        sys_.prctl(sys_.PR_SET_PDEATHSIG, signal.SIGKILL)
    for number in (signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(number, signal.SIG_DFL)
    try:
        os.chdir(spec["directory"])
    except OSError as error:
        raise OSError(error.errno, f'chdir to cwd ("{spec["directory"]}") set in config.json failed: '
                      f"{os.strerror(error.errno).lower()}") from error
    environment = {"PATH": _DEFAULT_PATH, **spec["environment"]}
    environment.setdefault("HOME", "/root" if os.getuid() == 0 else "/")
    program = node_rootfs.find_program(spec["command"][0], environment["PATH"])
    os.execve(program, spec["command"], environment)


def _may_change_ids():
    with open("/proc/self/setgroups") as file:
        return file.read().strip() == "allow"


def main():
    sys_.prctl(sys_.PR_SET_PDEATHSIG, signal.SIGKILL)
    for number in (signal.SIGINT, signal.SIGTERM):  # handlers, not SIG_IGN: that one the containers would inherit
        signal.signal(number, lambda *_: None)
    try:
        Spawner(socket.socket(fileno=int(sys.argv[1]))).run()
    except ConnectionError:
        pass  # the cluster has gone, and with it the reason to be


if __name__ == "__main__":
    main()
