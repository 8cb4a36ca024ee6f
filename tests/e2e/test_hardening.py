"""The programs are built hardened: `readelf` and `objdump` (binutils) say so. Who may look into their memory: test_swap_secrets.py."""

import os
import re
import subprocess

import pytest

PROGRAMS = ["cli/ferry", "daemon/ferryd", "in-cluster-proxy/ferry-proxy"]


def readelf(program, *options):
    done = subprocess.run(["readelf", "-W", *options, program], check=True, capture_output=True, text=True)
    return done.stdout


@pytest.fixture(params=PROGRAMS)
def program(request, build):
    if "CMAKE_BUILD_TYPE:STRING=Release" not in (build / "CMakeCache.txt").read_text():
        pytest.skip("only the release build is hardened")
    return build / request.param


def test_it_is_loaded_at_a_random_address(program):
    assert re.search(r"^ +Type: +DYN \(Position-Independent Executable file\)", readelf(program, "-h"), re.MULTILINE)
    assert re.search(r"FLAGS_1.*\bPIE\b", readelf(program, "-d"))


def test_its_tables_of_addresses_are_read_only_before_main(program):
    assert "GNU_RELRO" in readelf(program, "-l")
    assert re.search(r"FLAGS_1.*\bNOW\b", readelf(program, "-d"))


def test_nothing_in_it_is_writable_and_executable(program):
    segments = readelf(program, "-l")
    assert re.search(r"GNU_STACK .* RW +0x", segments)
    assert not re.search(r" RWE +0x", segments)
    assert not re.search(r"\b(TEXTREL|RPATH|RUNPATH)\b", readelf(program, "-d"))


def test_overflows_of_buffers_are_noticed(program):
    symbols = readelf(program, "--dyn-syms")
    assert "__stack_chk_fail" in symbols  # -fstack-protector-strong
    assert re.search(r" __(memcpy|read|recv|snprintf|vsnprintf|fprintf|memset)_chk\b", symbols)  # _FORTIFY_SOURCE


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="another processor's marks look otherwise")
def test_main_is_a_marked_target_of_indirect_jumps(program):
    """Of -fcf-protection. The note that turns it on needs all that is linked in to agree; our own code is marked."""
    code = subprocess.run(
        ["objdump", "-d", "--disassemble=main", program], check=True, capture_output=True, text=True
    ).stdout
    assert re.search(r"<main>:\n[^\n]*\bendbr64\b", code), code[:500]
