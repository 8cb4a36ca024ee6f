"""The ways to the server: none, Ferry's, and those of its peers; each with both of its ends on this machine.

A path has `host` and `port` for the client, and `pids`, the processes that relay (their children count as well). All of
them use AES-128-GCM over TLS 1.3, or what comes nearest, and certificates made for the run.
"""

import contextlib
import json
import os
import pathlib
import resource
import shutil
import socket
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
TICKS = os.sysconf("SC_CLK_TCK")
NEAR, FAR = "127.0.0.1", "127.0.0.2"  # the two ends of a path


class Failed(Exception):
    """A path that can't be made, or doesn't carry the load."""


def free_port(host=NEAR):
    with socket.create_server((host, 0)) as listener:
        return listener.getsockname()[1]


def wait_for_port(host, port, what):
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError), socket.create_connection((host, port), timeout=1):
            return
        time.sleep(0.05)
    raise Failed(f"{what} does not listen on port {port}")


def descendants(pid):
    """The process and all below it."""
    found = [pid]
    for parent in found:
        with contextlib.suppress(OSError):
            for thread in os.listdir(f"/proc/{parent}/task"):
                children = pathlib.Path(f"/proc/{parent}/task/{thread}/children").read_text()
                found.extend(int(child) for child in children.split())
    return found


def anonymous_bytes(pid):
    with contextlib.suppress(OSError):
        for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("RssAnon:"):
                return int(line.split()[1]) * 1024
    return 0


class Path:
    """Base of them all. `needs`: programs without which there is no such path on this machine.

    `one_way`: milliseconds that everything takes from one end of the path to the other, by a relay between them; 0: there is none.
    """

    needs = ()
    descriptors_each = 1  # of the hungriest of its processes, for a connection
    host = NEAR
    delay_relay = None  # the program; `run` says it
    everything = []  # processes of all paths

    def __init__(self, one_way):
        self._processes = []
        self._relays = []
        self._one_way = one_way

    @classmethod
    def missing(cls):
        return [program for program in cls.needs if not shutil.which(program, path=os.environ["PATH"] + ":/usr/sbin")]

    @property
    def pids(self):
        return [process.pid for process in self._processes]

    def start(self, *words, **options):
        process = subprocess.Popen([str(word) for word in words], stdout=subprocess.DEVNULL, **options)
        self._processes.append(process)
        self.everything.append(process)
        return process

    def reach(self, port):
        """Host and port by which the near end reaches what listens at the far one."""
        if not self._one_way:
            return FAR, port
        words = [self.delay_relay, NEAR, FAR, str(port), str(self._one_way)]
        self._relays.append(subprocess.Popen(words, stdout=subprocess.PIPE, text=True))
        self.everything.append(self._relays[-1])
        return NEAR, int(self._relays[-1].stdout.readline())

    def listens(self, what, host=NEAR, port=None):
        wait_for_port(host, port or self.port, what)

    def cpu_seconds(self):
        """User and system time of the processes, their ended children included."""
        user = system = 0
        for pid in {p for root in self.pids for p in descendants(root)}:
            with contextlib.suppress(OSError):
                fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
                user += int(fields[11]) + int(fields[13])
                system += int(fields[12]) + int(fields[14])
        return user / TICKS, system / TICKS

    def memory_of_each(self):
        """Bytes, for each of `pids` with its children: anonymous pages."""
        return [sum(map(anonymous_bytes, descendants(root))) for root in self.pids]

    def stop(self):
        for process in reversed(self._processes):
            process.terminate()
        for process in self._processes:
            process.wait()
        for relay in self._relays:
            relay.kill()
            relay.wait()
            relay.stdout.close()


class Direct(Path):
    name = "direct"

    def __init__(self, folder, port, one_way):
        super().__init__(one_way)
        self.host, self.port = self.reach(port)


class Socat(Path):
    """The plain relay: nothing is encrypted, and there is one of it."""

    name, needs = "socat", ("socat",)

    def __init__(self, folder, port, one_way):
        super().__init__(one_way)
        self.port = free_port()
        self._relay(NEAR, self.port, *self.reach(port))

    def _relay(self, host, port, to_host, to_port):
        self.start("socat", "-b", "131072", f"TCP-LISTEN:{port},bind={host},reuseaddr,fork,backlog=4096,nodelay",
                   f"TCP:{to_host}:{to_port},nodelay", stderr=subprocess.DEVNULL)
        self.listens("socat", host, port)


class SocatPair(Socat):
    """What every pair that encrypts does besides."""

    name = "socat pair"

    def __init__(self, folder, port, one_way):
        Path.__init__(self, one_way)
        self.port, between = free_port(), free_port(FAR)
        self._relay(FAR, between, NEAR, port)
        self._relay(NEAR, self.port, *self.reach(between))


def make_certificate(folder):
    """One file with a key and a certificate of its own, as stunnel and HAProxy like it."""
    key, certificate, both = folder / "key.pem", folder / "certificate.pem", folder / "both.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                    "-subj", "/CN=bench", "-keyout", key, "-out", certificate], check=True, capture_output=True)
    both.write_text(key.read_text() + certificate.read_text())
    both.chmod(0o600)
    return both


class Stunnel(Path):
    name, needs, descriptors_each = "stunnel pair", ("stunnel4", "openssl"), 2

    def __init__(self, folder, port, one_way):
        super().__init__(one_way)
        self.port, between = free_port(), free_port(FAR)
        pem = make_certificate(folder)
        self._run(folder / "server.conf", f"cert = {pem}\nciphersuites = TLS_AES_128_GCM_SHA256\n", FAR, between, NEAR, port)
        self._run(folder / "client.conf", f"client = yes\nverifyPeer = yes\nCAfile = {pem}\n", NEAR, self.port, *self.reach(between))
        self.listens("stunnel", FAR, between)
        self.listens("stunnel")

    def _run(self, file, tls, host, port, to_host, to_port):
        file.write_text(f"foreground = yes\npid =\ndebug = err\nsocket = l:TCP_NODELAY=1\nsocket = r:TCP_NODELAY=1\n[bench]\n"
                        f"sslVersion = TLSv1.3\naccept = {host}:{port}\nconnect = {to_host}:{to_port}\n{tls}")
        self.start("stunnel4", file, stderr=subprocess.DEVNULL)


class HaProxy(Path):
    name, needs, descriptors_each = "HAProxy TLS pair", ("haproxy", "openssl"), 2

    def __init__(self, folder, port, one_way):
        super().__init__(one_way)
        self.port, between = free_port(), free_port(FAR)
        pem = make_certificate(folder)
        far_host, far_port = self.reach(between)
        ciphers = "ciphersuites TLS_AES_128_GCM_SHA256"
        self._run(folder / "server.cfg", f"bind {FAR}:{between} ssl crt {pem} ssl-min-ver TLSv1.3 {ciphers}",
                  f"{NEAR}:{port}")
        self._run(folder / "client.cfg", f"bind {NEAR}:{self.port}",
                  f"{far_host}:{far_port} ssl ca-file {pem} verify required verifyhost bench ssl-min-ver TLSv1.3 {ciphers}")
        self.listens("HAProxy", FAR, between)
        self.listens("HAProxy")

    def _run(self, file, bind, server):
        most = resource.getrlimit(resource.RLIMIT_NOFILE)[0] // self.descriptors_each - 50
        file.write_text(f"global\n  maxconn {most}\n  nbthread 1\ndefaults\n  mode tcp\n  timeout connect 20s\n  timeout client 1h\n"
                        f"  timeout server 1h\nlisten bench\n  {bind}\n  server one {server}\n")
        self.start("haproxy", "-q", "-db", "-f", file)


class Ssh(Path):
    """`reverse`: the port is sshd's, and the server is reached from ssh's side."""

    name, needs, reverse = "ssh -L", ("ssh", "sshd", "ssh-keygen"), False

    def __init__(self, folder, port, one_way):
        super().__init__(one_way)
        self.port, sshd_port = free_port(), free_port(FAR)
        for key in ("host", "user"):
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / key], check=True)
        shutil.copy(folder / "user.pub", folder / "authorized")
        pathlib.Path("/run/sshd").mkdir(exist_ok=True)
        self.start(
            shutil.which("sshd", path="/usr/sbin:/usr/local/sbin"), "-D", "-f", "/dev/null", "-p", sshd_port,
            "-o", f"ListenAddress={FAR}", "-h", folder / "host", "-o", f"PidFile={folder}/sshd.pid", "-o", "MaxSessions=4096",
            "-o", "StrictModes=no", "-o", f"AuthorizedKeysFile={folder}/authorized", "-o", "UsePAM=no",
            stderr=subprocess.DEVNULL)
        self.listens("sshd", FAR, sshd_port)
        way = f"{NEAR}:{self.port}:{NEAR}:{port}"
        far_host, far_port = self.reach(sshd_port)
        self.start(
            "ssh", "-N", "-F", "/dev/null", "-p", far_port, "-i", folder / "user", "-c", "aes128-gcm@openssh.com",
            "-o", "StrictHostKeyChecking=no", "-o", f"UserKnownHostsFile={folder}/known", "-o", "LogLevel=ERROR",
            "-R" if self.reverse else "-L", way, far_host)
        self.listens(self.name)


class SshReverse(Ssh):
    name, reverse = "ssh -R", True


class Ferry(Path):
    name = "ferry"
    build = None  # where the programs are; `run` says it

    def __init__(self, folder, port, one_way):
        super().__init__(one_way)
        self.settle_in(folder)
        self.port, between = free_port(), free_port(FAR)
        keys = folder / "keys"
        subprocess.run([ROOT / "scripts" / "make-credentials", keys], check=True)
        self.start(self.build / "in-cluster-proxy" / "ferry-proxy", "--listen", f"{FAR}:{between}", "--tls-dir", keys / "proxy",
                   "--allow", "127.0.0.0/8", "--log-level", "warning", "--health-listen", f"{FAR}:{free_port(FAR)}")
        self.listens("ferry-proxy", FAR, between)
        far_host, far_port = self.reach(between)
        self.link = ["forward", f"host/{NEAR}", f"{self.port}:{port}", "--proxy-addr", f"{far_host}:{far_port}",
                     "--proxy-credentials", str(keys / "daemon")]
        self.begin()

    def settle_in(self, folder):
        """Settings and state of its own."""
        self._ferry = self.build / "cli" / "ferry"
        self._env = {**os.environ, "HOME": str(folder), "FERRY_LOG_LEVEL": "warning"}
        for variable in ("XDG_RUNTIME_DIR", "XDG_STATE_HOME", "XDG_CONFIG_HOME"):
            self._env[variable] = str(folder / variable)
            (folder / variable).mkdir(mode=0o700)

    def begin(self):
        """Starts the daemon, and the link in it."""
        try:
            self.run(*self.link, "--detach")
        except Failed:
            self.run("quit")
            raise
        self._daemon = json.loads(self.run("status", "-o", "json"))["pid"]

    @property
    def pids(self):
        return [*super().pids, self._daemon]

    def run(self, *words):
        done = subprocess.run([self._ferry, *words], env=self._env, text=True, capture_output=True)
        if done.returncode != 0:
            raise Failed(f"ferry {words[0]}: {done.stderr.strip()}")
        return done.stdout

    def foreground(self):
        """`ferry forward`, typed."""
        return subprocess.Popen([self._ferry, *self.link], env=self._env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def stop(self):
        self.run("quit")
        super().stop()


ALL = (Direct, Ferry, Socat, SocatPair, Ssh, SshReverse, Stunnel, HaProxy)
