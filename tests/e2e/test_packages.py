"""What is installed is where a distribution expects it, and the package installs it."""

import pathlib
import re
import shutil
import subprocess

import pytest

from conftest import ROOT

EXPECTED = [
    "usr/bin/ferry",
    "usr/bin/ferryd",
    "usr/bin/kubectl-ferry",
    "usr/bin/ferry-proxy",
    "usr/share/bash-completion/completions/ferry",
    "usr/share/zsh/vendor-completions/_ferry",
    "usr/share/fish/vendor_completions.d/ferry.fish",
    "usr/share/man/man1/ferry.1",
    "usr/share/man/man8/ferryd.8",
    "usr/share/man/man8/ferry-proxy.8",
    "usr/share/doc/ferry/README.md",
    "usr/share/ferry/manifests/kustomization.yaml",
]


def test_install_puts_everything_in_its_place(build, tmp_path):
    subprocess.run(
        ["cmake", "--install", build, "--prefix", tmp_path / "usr"], check=True, capture_output=True, text=True
    )
    missing = [path for path in EXPECTED if not (tmp_path / path).exists()]
    assert missing == []
    for program in ("ferry", "ferryd", "ferry-proxy", "kubectl-ferry"):
        done = subprocess.run([tmp_path / "usr/bin" / program, "--version"], capture_output=True, text=True, check=False)
        assert done.returncode == 0 and re.search(r"\d+\.\d+\.\d+", done.stdout + done.stderr), program


@pytest.mark.skipif(not shutil.which("dpkg-deb"), reason="no dpkg on this machine")
def test_the_package_holds_the_same(build, tmp_path):
    done = subprocess.run(
        ["cpack", "--config", pathlib.Path(build) / "CPackConfig.cmake", "-B", tmp_path],
        check=False, capture_output=True, text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (package,) = tmp_path.glob("*.deb")
    listing = subprocess.run(["dpkg-deb", "-c", package], check=True, capture_output=True, text=True).stdout
    missing = [path for path in EXPECTED if f"./{path}" not in listing]
    assert missing == []
    depends = subprocess.run(["dpkg-deb", "-f", package, "Depends"], check=True, capture_output=True, text=True).stdout
    assert "libuv1" in depends and "libssl3" in depends


@pytest.mark.parametrize("program", ["ferryd", "ferry-proxy"])
def test_man_pages_know_every_option(build, program):
    folder = {"ferryd": "daemon", "ferry-proxy": "in-cluster-proxy"}[program]
    told = subprocess.run([build / folder / program, "--help"], check=True, capture_output=True, text=True).stdout
    options = set(re.findall(r"^ +(?:-h,)?(--[a-z-]+)", told, re.MULTILINE))
    page = (ROOT / "docs" / "man" / f"{program}.8").read_text().replace("\\-", "-")
    assert len(options) >= 4
    assert {option for option in options if option not in page} == set()
