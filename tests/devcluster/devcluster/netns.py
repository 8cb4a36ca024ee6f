"""The namespaces that the cluster lives in, and its node's end of the network.

`run_inside(main)` starts `main(state)` as a process in new network, mount, PID, UTS and IPC namespaces (and, for
an ordinary user, a new user namespace in which it is root). Open sockets stay what they were: one that listens on
the host's loopback goes on doing so. That is the only way in.

    caller (outside)  --clone-->  init, PID 1 inside  --fork-->  main(state)

Nothing survives: when `main` returns or is killed, init ends, and the kernel kills every process of a PID namespace
whose init has ended; the namespaces, and the mounts in them, go with their last process. When the caller is killed,
the kernel kills init (PR_SET_PDEATHSIG).
"""

import errno
import os
import signal
import subprocess
import sys
import traceback

from . import netns_syscalls as sys_

NODE_ADDRESS = "10.99.0.1"     # the node itself: the API server, hostIP of pods
POD_GATEWAY = "10.244.0.1"     # the node's end of every pod's veth pair
POD_NETWORK = "10.244.0.0/16"
SERVICE_NETWORK = "10.96.0.0/16"
API_SERVICE_ADDRESS = "10.96.0.1"
DNS_SERVICE_ADDRESS = "10.96.0.10"

NOT_ALLOWED = 77  # an exit code

# The cluster's files live on a tmpfs that is mounted over one of these, in the cluster's own mount namespace only.
_STATE_PLACES = ("/mnt", "/media", "/srv", "/opt")


def run_inside(main):
    """Runs `main(state_directory)` inside and returns its exit code (128 + signal number if it was killed).

    NOT_ALLOWED, with a word on stderr, where the kernel lets this user have no such namespaces. Call it before any thread or event loop is started. SIGTERM, SIGINT and SIGHUP of the caller are passed on to
    `main`'s process as SIGTERM.
    """
    flags = (sys_.CLONE_NEWNET | sys_.CLONE_NEWNS | sys_.CLONE_NEWPID | sys_.CLONE_NEWUTS | sys_.CLONE_NEWIPC)
    user, group = os.geteuid(), os.getegid()
    if user != 0:
        flags |= sys_.CLONE_NEWUSER
    sys.stdout.flush()
    sys.stderr.flush()
    try:
        init = sys_.clone(flags)
    except OSError as error:
        return _not_allowed(error)
    if init == 0:
        _in_child(lambda: _init(main, user, group))

    def forward(*_):
        os.kill(init, signal.SIGTERM)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, forward)
    return os.waitstatus_to_exitcode(os.waitpid(init, 0)[1])


def _not_allowed(error):
    print(f"namespaces are not allowed here: {error}", file=sys.stderr)
    return NOT_ALLOWED


def _in_child(run):
    """Ends the process with what `run` returns, whatever happens: the caller's code must not run twice."""
    code = 1
    try:
        code = run()
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code or 0)


def _init(main, user, group):
    sys_.prctl(sys_.PR_SET_PDEATHSIG, signal.SIGKILL)
    try:
        if user != 0:
            _map_ids(user, group)
            # A change of credentials clears the death signal.
            sys_.prctl(sys_.PR_SET_PDEATHSIG, signal.SIGKILL)
        _keep_mounts_to_ourselves()
        _mount_proc()
        state = _mount_state()
    except PermissionError as error:  # a user namespace without rights, as AppArmor makes them
        return _not_allowed(error)
    child = os.fork()
    if child == 0:
        _in_child(lambda: main(state))
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: os.kill(child, signal.SIGTERM))
    while True:
        try:
            pid, status = os.wait()
        except InterruptedError:
            continue
        if pid == child:
            code = os.waitstatus_to_exitcode(status)
            return code if code >= 0 else 128 - code


def _map_ids(user, group):
    for name, text in (("setgroups", "deny"), ("uid_map", f"0 {user} 1"), ("gid_map", f"0 {group} 1")):
        with open(f"/proc/self/{name}", "w") as file:
            file.write(text)


def _keep_mounts_to_ourselves():
    try:
        sys_.mount(None, "/", None, sys_.MS_REC | sys_.MS_PRIVATE)
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise
        _leave_chroot_for_a_mount()


def _leave_chroot_for_a_mount():
    """In a chroot "/" is no mount, so it can't be made private. Puts one that is over /proc, the one mount that is surely
    there and gets a new one anyway, and moves into it: nothing is mounted where others could see it."""
    with open("/proc/self/mountinfo") as file:
        points = sorted(line.split()[4] for line in file)
    for point in points:
        sys_.mount(None, point, None, sys_.MS_PRIVATE)
    sys_.bind("/", "/proc", recursive=False)
    sys_.mount(None, "/proc", None, sys_.MS_PRIVATE)
    for point in points:
        if os.path.dirname(point) == "/" and point != "/proc":
            sys_.bind(point, "/proc" + point)
    os.chroot("/proc")
    os.chdir("/")


def _mount_proc():
    """PIDs as seen inside. Refused where parts of /proc are covered (some containers); the old one serves then."""
    try:
        sys_.mount("proc", "/proc", "proc", sys_.MS_NOSUID | sys_.MS_NODEV)
    except OSError as error:
        if error.errno not in (errno.EPERM, errno.EACCES):
            raise


def _mount_state():
    for place in _STATE_PLACES:
        if os.path.isdir(place):
            sys_.mount("ferry-devcluster", place, "tmpfs", sys_.MS_NOSUID | sys_.MS_NODEV, "mode=0755")
            return place
    raise OSError(errno.ENOENT, "no directory to mount the cluster's state on", ", ".join(_STATE_PLACES))


def set_up_node():
    """Gives the node its addresses and routes. Once, inside, before anything listens on NODE_ADDRESS."""
    with open("/proc/sys/net/ipv4/ip_forward", "w") as file:
        file.write("1")
    ip_batch([
        "link set lo up",
        f"addr add {NODE_ADDRESS}/32 dev lo",
        f"addr add {DNS_SERVICE_ADDRESS}/32 dev lo",
        # Service addresses are translated after routing: without a route, a connect from the node itself fails.
        f"route add {SERVICE_NETWORK} dev lo src {NODE_ADDRESS}",
    ])


def ip_batch(lines, pass_fds=()):
    """Runs `ip` once for several commands; raises with its words if one fails."""
    done = subprocess.run(["ip", "-batch", "-"], input="\n".join(lines), text=True, capture_output=True,
                          pass_fds=pass_fds, check=False)
    if done.returncode != 0:
        raise OSError(errno.EIO, f"ip: {done.stderr.strip()}")


def socket_inside(namespace_fd, create):
    """Calls `create()` in another network namespace: a socket stays in the one where it was made.

    Synchronous, so that nothing else of this thread runs in between.
    """
    home = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    try:
        sys_.setns(namespace_fd, sys_.CLONE_NEWNET)
        try:
            return create()
        finally:
            sys_.setns(home, sys_.CLONE_NEWNET)
    finally:
        os.close(home)


def tc(command):
    """Runs a traffic control command; raises with its words, also where the kernel doesn't have the discipline."""
    done = subprocess.run(["tc", *command.split()], text=True, capture_output=True, check=False)
    if done.returncode != 0:
        raise OSError(errno.EOPNOTSUPP, f"tc: {done.stderr.strip()}")
