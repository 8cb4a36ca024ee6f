"""Images: a table from names to commands on the host.

`--image NAME=COMMAND` adds one; the programs in `images/` are there by their file's name, and a few well-known base
images stand for the host's own shell. A name without a tag in the table serves every tag. Everything else is an image
that can't be pulled.
"""

import hashlib
import os
import re
import shlex
import sys

_PROGRAMS = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "images")
_SHELLS = ("busybox", "alpine", "debian", "ubuntu")
_REFERENCE = re.compile(r"^[a-z0-9]+(?:[._-]+[a-z0-9]+)*(?:/[a-z0-9]+(?:[._-]+[a-z0-9]+)*)*"
                        r"(?::[\w][\w.-]{0,127})?(?:@sha256:[0-9a-f]{64})?$")


class InvalidName(ValueError):
    """Not a name that an image could have; the text is containerd's."""


class PullError(Exception):
    """The image can't be had; the text is containerd's."""


class Image:
    """`entrypoint` and `arguments`: words, with paths as in the container; a pod's `command` replaces both, its `args`
    the arguments. `mounts`: what has to be mounted for it.

    `links`: {top-level name: destination}, so that a binary is also found as /NAME, as in an image from scratch.
    """

    def __init__(self, name, words, arguments=()):
        self.name = name
        self.arguments = list(arguments)
        self.id = "sha256:" + hashlib.sha256(name.encode()).hexdigest()
        self.entrypoint, self.mounts, self.links = [], [], {}
        for number, word in enumerate(words):
            self.entrypoint.append(self._place(number, word))

    def _place(self, number, word):
        """A file of the host outside the system directories is mounted where every user can reach it."""
        if not os.path.isabs(word) or word.startswith(("/usr/", "/bin/", "/dev/")) or not os.path.exists(word):
            return word
        target = f"/.image/{number}"
        self.mounts.append({"source": os.path.dirname(word), "target": target, "read_only": True})
        inside = f"{target}/{os.path.basename(word)}"
        self.links.setdefault(os.path.basename(word), inside)
        return inside


class Images:
    def __init__(self, commands=None):
        """`commands`: {name: command line}."""
        self._table = {name: [] for name in _SHELLS}  # no entrypoint: only arguments, which are a shell
        for file in sorted(os.listdir(_PROGRAMS)):
            stem, extension = os.path.splitext(file)
            if extension == ".py":
                self._table[stem] = [sys.executable, "-I", "-S", os.path.join(_PROGRAMS, file)]
        for name, command in (commands or {}).items():
            self._table[name] = shlex.split(command) if isinstance(command, str) else list(command)

    def find(self, name):
        """The Image, or None; InvalidName."""
        _check(name)
        for candidate in _candidates(name):
            if candidate in self._table:
                words = self._table[candidate]
                return Image(name, words, () if words else ["/bin/sh"])
        return None

    def pull(self, name):
        """What the registry says: everything that isn't in the table can't be had."""
        image = self.find(name)
        if image is None:
            raise PullError(_refusal(name))
        return image


def _check(name):
    domain, path = _split(name)
    if _REFERENCE.match(path):
        return
    repository = path.split(":")[0]
    prefix = f'Failed to apply default image tag "{name}": couldn\'t parse image name "{name}": '
    if repository != repository.lower():
        shown = repository if domain or "/" in repository else f"library/{repository}"
        raise InvalidName(f"{prefix}invalid reference format: repository name ({shown}) must be lowercase")
    raise InvalidName(f"{prefix}invalid reference format")


def _split(name):
    """("localhost:5000", "team/app:1"); the domain is "" for Docker Hub's short names."""
    first, slash, rest = name.partition("/")
    if slash and ("." in first or ":" in first or first == "localhost"):
        return first, rest
    return "", name


def _candidates(name):
    """From the most to the least specific: with domain and tag, without tag, and both without the domain."""
    short = re.sub(r"^(localhost|docker\.io/library|docker\.io|library)/", "", name)
    for full in (name, short):
        yield full
        yield re.sub(r"(:[^:/]*)?(@.*)?$", "", full)


def _refusal(name):
    domain, path = _split(name)
    tagged = path if re.search(r"[:@]", path) else f"{path}:latest"
    if domain.split(":")[0] == "localhost":
        reference = f"{domain}/{tagged}"
        repository, _, tag = tagged.rpartition(":")
        port = domain.partition(":")[2] or "80"
        why = (f'failed to do request: Head "http://{domain}/v2/{repository}/manifests/{tag}": '
               f"dial tcp 127.0.0.1:{port}: connect: connection refused")
    else:
        path = tagged if domain or "/" in tagged else f"library/{tagged}"
        reference = f"{domain or 'docker.io'}/{path}"
        why = ("pull access denied, repository does not exist or may require authorization: "
               "server message: insufficient_scope: authorization failed")
    return f'failed to pull and unpack image "{reference}": failed to resolve reference "{reference}": {why}'
