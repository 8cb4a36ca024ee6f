"""The root file system of a container: the host's programs, and nothing else of the host.

A tmpfs holds the tree. The host's top-level directories (usr, lib, opt, home ...) are bound into it read-only;
`/tmp`, `/run`, `/root`, `/var/tmp` and the like are the container's own; `/dev` and `/proc` are fresh. A directory in
which something is to be mounted is rebuilt in the tmpfs, its other entries being links into `/.host`.

Runs in the child that is to become the container, in its own mount namespace, before it gives up its rights.
"""

import errno
import os
import stat

from . import netns_syscalls as sys_

_OWN = {"proc", "sys", "dev", "tmp", "run", "root", ".host", ".image", "mnt", "media", "lost+found"}
_DEVICES = ("null", "zero", "full", "random", "urandom", "tty")
_DEVICE_LINKS = {"fd": "/proc/self/fd", "stdin": "/proc/self/fd/0", "stdout": "/proc/self/fd/1",
                 "stderr": "/proc/self/fd/2", "ptmx": "pts/ptmx"}


def build(root, mounts, links, read_only):
    """Builds the tree at `root` and makes it the root of this process.

    mounts: [{"source": path on the host, "target": absolute path inside, "read_only": bool}], parents first.
    links: {name at the top level: where it points to}. read_only: nothing but the mounts can be written to.
    """
    sys_.mount("container", root, "tmpfs", 0, "mode=0755")
    targets = [dict(mount, target=os.path.realpath(mount["target"])) for mount in mounts]
    _host_directories(root, [mount["target"] for mount in targets])
    _own_directories(root)
    _devices(root + "/dev")
    for mount in targets:
        _mount(root, mount)
    for name, destination in links.items():
        if not os.path.lexists(f"{root}/{name}"):
            os.symlink(destination, f"{root}/{name}")
    os.chdir(root)
    sys_.pivot_root(".", ".")
    sys_.umount(".")
    os.chdir("/")
    _mount_proc()
    if read_only:
        sys_.mount(None, "/", None, sys_.MS_REMOUNT | sys_.MS_BIND | sys_.MS_RDONLY)


def _host_directories(root, targets):
    os.mkdir(f"{root}/.host")
    try:
        sys_.bind("/", f"{root}/.host", read_only=True, recursive=False)
    except OSError as error:
        # In a user namespace, what is mounted below belongs to the mount and can't be left behind.
        if error.errno != errno.EINVAL:
            raise
        sys_.bind("/", f"{root}/.host", read_only=True)
    rebuilt = {"/etc", "/var"}
    for target in targets:
        while target != "/":
            target = os.path.dirname(target)
            rebuilt.add(target)
    for entry in os.scandir("/"):
        inside = f"{root}/{entry.name}"
        if entry.name in _OWN:
            continue
        if entry.is_symlink():
            os.symlink(os.readlink(entry.path), inside)
        elif entry.is_dir():
            os.mkdir(inside)
            if entry.path in rebuilt:
                _rebuild(root, entry.path, rebuilt)
            else:
                sys_.bind(entry.path, inside, read_only=True)


def _rebuild(root, path, rebuilt):
    """Fills a directory of the tree (which exists) with links, and with directories where mounts are to come."""
    for entry in os.scandir(path):
        inside = root + entry.path
        if entry.is_symlink():
            os.symlink(os.readlink(entry.path), inside)
        elif entry.path in rebuilt and entry.is_dir():
            os.mkdir(inside)
            _rebuild(root, entry.path, rebuilt)
        elif entry.path not in ("/etc/resolv.conf", "/etc/hosts", "/etc/hostname", "/var/tmp", "/var/log"):
            os.symlink("/.host" + entry.path, inside)


def _own_directories(root):
    for name, mode in (("tmp", 0o1777), ("run", 0o755), ("run/lock", 0o1777), ("root", 0o755), ("mnt", 0o755),
                       ("proc", 0o555), ("sys", 0o555), ("dev", 0o755), ("var/tmp", 0o1777), ("var/log", 0o755)):
        path = f"{root}/{name}"
        os.makedirs(path, exist_ok=True)
        os.chmod(path, mode)
    if os.path.isdir("/sys"):
        sys_.bind("/sys", f"{root}/sys")


def _devices(dev):
    for name in _DEVICES:
        if os.path.exists(f"/dev/{name}"):
            os.close(os.open(f"{dev}/{name}", os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC, 0o666))
            sys_.bind(f"/dev/{name}", f"{dev}/{name}")
    for name, destination in _DEVICE_LINKS.items():
        os.symlink(destination, f"{dev}/{name}")
    os.mkdir(f"{dev}/shm")
    sys_.mount("shm", f"{dev}/shm", "tmpfs", sys_.MS_NOSUID | sys_.MS_NODEV, "mode=1777")
    os.mkdir(f"{dev}/pts")
    sys_.mount("devpts", f"{dev}/pts", "devpts", 0, "newinstance,ptmxmode=0666,mode=620")


def _mount(root, mount):
    target = root + mount["target"]
    if os.path.isdir(mount["source"]):
        os.makedirs(target, exist_ok=True)
    else:
        os.makedirs(os.path.dirname(target), exist_ok=True)
        if os.path.islink(target):
            os.unlink(target)
        if not os.path.exists(target):
            os.close(os.open(target, os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC, 0o644))
    sys_.bind(mount["source"], target, read_only=mount.get("read_only", False))


def _mount_proc():
    try:
        sys_.mount("proc", "/proc", "proc", sys_.MS_NOSUID | sys_.MS_NODEV)
    except OSError as error:
        if error.errno not in (errno.EPERM, errno.EACCES):
            raise
        # Parts of the host's /proc are covered: then the kernel lets nobody have a full one.
        sys_.bind("/.host/proc", "/proc")


def find_program(name, path):
    """The file that `name` stands for. OSError with runc's words if there is none."""
    if "/" in name:
        try:
            mode = os.stat(name).st_mode
        except OSError as error:
            raise OSError(error.errno, f'exec: "{name}": stat {name}: {_words(error)}') from error
        if stat.S_ISDIR(mode) or not os.access(name, os.X_OK):
            raise OSError(errno.EACCES, f'exec: "{name}": permission denied')
        return name
    for directory in path.split(":"):
        candidate = os.path.join(directory or ".", name)
        if os.path.isfile(candidate) and os.access(candidate, os.X_OK):
            return candidate
    raise OSError(errno.ENOENT, f'exec: "{name}": executable file not found in $PATH')


def _words(error):
    return os.strerror(error.errno).lower()
