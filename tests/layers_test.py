#!/usr/bin/python3
"""The layers are strict: which folder may include which, and who may know libuv and TLS.

Run by ctest and by hand: tests/layers_test.py
"""

import pathlib
import re
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent

# A folder may include its own headers and those of the folders named here.
MAY_INCLUDE = {
    "base": set(),
    "net": {"base"},
    "tunnel": {"base"},
    "tunnel/io": {"base", "net", "tunnel"},
    "kube": {"base", "net"},
    "manifests": {"base"},
    "daemon": {"manifests", "base", "net", "tunnel", "tunnel/io", "kube", "daemon/control", "daemon/probe"},
    "daemon/control": {"base"},
    "daemon/probe": {"base", "net", "kube", "daemon", "daemon/control"},
    "in-cluster-proxy": {"base", "net", "tunnel", "tunnel/io", "kube"},
    "cli": {"base", "daemon/control", "kube"},
}
# Headers of other libraries that have one owner.
OWNED = {
    "uv.h": {"net"},
    "openssl/ssl.h": {"net"},
    "openssl/bio.h": {"net"},
    "wslay/wslay.h": {"net"},
    "curl/curl.h": {"kube", "daemon/probe"},
    "httplib.h": {"daemon/control"},
    "CLI/CLI.hpp": {"cli", "daemon", "in-cluster-proxy"},
}
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^">]+)[">]', re.MULTILINE)


def folder_of(path: str) -> str:
    """The innermost folder of MAY_INCLUDE that holds the path; '' if none does."""
    parts = path.split("/")[:-1]
    while parts:
        if "/".join(parts) in MAY_INCLUDE:
            return "/".join(parts)
        parts.pop()
    return ""


def faults(path: str, text: str) -> list[str]:
    """What the file at `path` includes and may not."""
    folder = folder_of(path)
    found = []
    for kind, header in INCLUDE.findall(text):
        if kind == '"':
            target = folder_of(header)
            if not target:
                found.append(f'{path}: "{header}" is not named from the repository\'s root')
            elif target != folder and target not in MAY_INCLUDE[folder]:
                found.append(f"{path}: {folder}/ may not include {target}/ ({header})")
        elif header in OWNED and folder not in OWNED[header]:
            found.append(f"{path}: <{header}> belongs to {', '.join(sorted(OWNED[header]))}")
    return found


class LayersTest(unittest.TestCase):
    def test_every_source_keeps_to_its_layer(self):
        folders = {ROOT / folder for folder in MAY_INCLUDE}
        sources = sorted(
            str(path.relative_to(ROOT))
            for folder in folders
            for path in folder.glob("*")
            if path.suffix in (".h", ".cpp")
        )
        self.assertGreater(len(sources), 10)
        found = [f for p in sources for f in faults(p, (ROOT / p).read_text())]
        self.assertEqual(found, [])

    def test_the_guard_sees_each_kind_of_fault(self):
        self.assertTrue(faults("tunnel/session.cpp", '#include "net/loop.h"'))
        self.assertTrue(faults("tunnel/session.cpp", "#include <uv.h>"))
        self.assertTrue(faults("daemon/link.cpp", "#  include <openssl/ssl.h>"))
        self.assertTrue(faults("kube/api.cpp", '#include "tunnel/session.h"'))
        self.assertTrue(faults("net/loop.cpp", '#include "loop.h"'))
        self.assertTrue(faults("cli/main.cpp", '#include "daemon/link.h"'))
        self.assertFalse(faults("tunnel/io/session_io.cpp", '#include "net/loop.h"'))
        self.assertFalse(faults("net/loop.cpp", '#include <uv.h>\n#include "base/time.h"'))


if __name__ == "__main__":
    sys.exit(unittest.main())
