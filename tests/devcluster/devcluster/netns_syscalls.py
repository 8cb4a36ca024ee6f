"""The few Linux system calls for namespaces and mounts that Python 3.11 doesn't wrap.

All raise OSError with the path in question. Nothing here keeps state.
"""

import ctypes
import errno
import os
import platform

CLONE_NEWNS = 0x00020000
CLONE_NEWUTS = 0x04000000
CLONE_NEWIPC = 0x08000000
CLONE_NEWUSER = 0x10000000
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000

MS_RDONLY = 0x1
MS_NOSUID = 0x2
MS_NODEV = 0x4
MS_REMOUNT = 0x20
MS_BIND = 0x1000
MS_REC = 0x4000
MS_PRIVATE = 0x40000
MNT_DETACH = 2

PR_SET_PDEATHSIG = 1
PR_CAPBSET_DROP = 24
PR_SET_NO_NEW_PRIVS = 38

_CAPABILITIES = (  # in the order of linux/capability.h
    "CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE NET_BIND_SERVICE "
    "NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE SYS_PACCT "
    "SYS_ADMIN SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL SETFCAP "
    "MAC_OVERRIDE MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ PERFMON BPF CHECKPOINT_RESTORE").split()

# PyDLL keeps the interpreter's lock over the call: a thread that got it in between would not exist in the child.
_libc = ctypes.PyDLL(None, use_errno=True)
_libc.mount.argtypes = [ctypes.c_char_p, ctypes.c_char_p, ctypes.c_char_p, ctypes.c_ulong, ctypes.c_char_p]
_libc.syscall.restype = ctypes.c_long
_SYS_CLONE, _SYS_PIVOT_ROOT = {"x86_64": (56, 155), "aarch64": (220, 41)}[platform.machine()]
_SIGCHLD = 17


def _check(result, what=None):
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), what)
    return result


def unshare(flags):
    _check(_libc.unshare(flags), "unshare")


def setns(fd, flags=0):
    _check(_libc.setns(fd, flags), "setns")


def prctl(option, value):
    _check(_libc.prctl(option, value, 0, 0, 0), "prctl")


def keep_capabilities(names):
    """Leaves this process and its programs none but these ("NET_RAW", ...); root gets no others back by exec()."""
    for number, name in enumerate(_CAPABILITIES):
        if name not in names:
            try:
                prctl(PR_CAPBSET_DROP, number)
            except OSError as error:
                if error.errno != errno.EINVAL:  # a kernel that doesn't know this one yet
                    raise


def clone(flags):
    """fork() with new namespaces. Only for a process with a single thread."""
    pid = _check(_libc.syscall(ctypes.c_long(_SYS_CLONE), ctypes.c_ulong(flags | _SIGCHLD), 0, 0, 0, 0), "clone")
    return pid


def mount(source, target, kind=None, flags=0, data=None):
    encode = lambda text: None if text is None else os.fsencode(text)  # noqa: E731
    _check(_libc.mount(encode(source), encode(target), encode(kind), flags, encode(data)), target)


def bind(source, target, read_only=False, recursive=True):
    """Makes `source` visible at `target`, which must exist and be of the same sort (file or directory)."""
    mount(source, target, None, MS_BIND | (MS_REC if recursive else 0))
    if read_only:
        # A remount must keep the flags that an outer user namespace has locked.
        kept = os.statvfs(target).f_flag & (MS_NOSUID | MS_NODEV | 0x8 | 0x400 | 0x800)
        mount(None, target, None, MS_BIND | MS_REMOUNT | MS_RDONLY | kept)


def umount(target):
    _check(_libc.umount2(os.fsencode(target), MNT_DETACH), target)


def pivot_root(new_root, put_old):
    _check(_libc.syscall(ctypes.c_long(_SYS_PIVOT_ROOT), os.fsencode(new_root), os.fsencode(put_old)), new_root)
