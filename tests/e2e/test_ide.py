"""`ferry ide`: the files it writes, used as an IDE uses them, with real debuggers at real breakpoints."""

import base64
import contextlib
import http.client
import json
import pathlib
import shutil
import signal
import subprocess
import threading
import time
import xml.etree.ElementTree as xml

import pytest

import http_client
import workloads
from debug_adapter import DebugAdapter
from ferry import free_port
from kube_api import wait_for
from stage import plays
from test_logs import shell
from vscode import Project, without_comments

CPP = r"""
#include <arpa/inet.h>
#include <unistd.h>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string>

std::string greeting() {
  const char* root = std::getenv("FERRY_ROOT");
  std::string text;
  std::getline(std::ifstream(std::string(root == nullptr ? "" : root) + "/etc/conf/text"), text);
  const char* name = std::getenv("GREETING");
  return std::string(name == nullptr ? "nobody" : name) + " " + text;
}

std::string stopped() {
  return greeting();  // BREAKPOINT
}

// Serves one caller at a time: at a breakpoint it answers nobody.
int main(int, char** argv) {
  const int fd = socket(AF_INET, SOCK_STREAM, 0), yes = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_port = htons(static_cast<unsigned short>(std::atoi(argv[1])));
  if (bind(fd, reinterpret_cast<sockaddr*>(&at), sizeof at) != 0 || listen(fd, 64) != 0) return 1;
  for (;;) {
    const int caller = accept(fd, nullptr, nullptr);
    char request[4096] = {};
    read(caller, request, sizeof request - 1);
    const std::string body = std::strncmp(request, "GET /stop", 9) == 0 ? stopped() : "ready";
    const std::string answer =
        "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\nConnection: close\r\n\r\n" + body;
    write(caller, answer.data(), answer.size());
    close(caller);
  }
}
"""

PYTHON = r"""
import http.server
import os
import pathlib
import sys


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = self.stopped() if self.path == "/stop" else b"ready"
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def stopped(self):
        text = pathlib.Path(os.environ.get("FERRY_ROOT", "") + "/etc/conf/text").read_text()
        return f"{os.environ['GREETING']} {text}".encode()  # BREAKPOINT


http.server.HTTPServer(("", int(sys.argv[1])), Handler).serve_forever()
"""

GREETING = 'it\'s "x" = 1'


def line_of(source):
    return source[:source.index("// BREAKPOINT" if "#include" in source else "# BREAKPOINT")].count("\n") + 1


def needs(*programs):
    for program in programs:
        if not pathlib.Path("/usr/bin", program).exists():
            pytest.skip(f"{program} is not installed: scripts/install-deps test")


def needs_debugpy():
    if subprocess.run(["/usr/bin/python3", "-c", "import debugpy"], capture_output=True, check=False).returncode:
        pytest.skip("python3-debugpy is not installed: scripts/install-deps test")


def with_greeting(stage, probe_timeout=1):
    """`web` with a variable and a file, whose probe fails as soon as it is not answered."""
    def change(deployment):
        spec = deployment["spec"]["template"]["spec"]
        spec["volumes"] = [{"name": "conf", "configMap": {"name": "conf"}}]
        container = spec["containers"][0]
        container["volumeMounts"] = [{"name": "conf", "mountPath": "/etc/conf"}]
        container["env"].append({"name": "GREETING", "value": GREETING})
        container["readinessProbe"].update(failureThreshold=1, timeoutSeconds=probe_timeout)

    stage.api.apply(stage.namespace, {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "conf"},
                                      "data": {"text": "from a file"}})
    stage.web(replicas=1, change=change, env={})


def project(stage, source, name):
    """A project with a space in its path, and a VS Code that knows no cluster but by what the files say."""
    folder = stage.ferry.home / "my project"
    folder.mkdir()
    (folder / name).write_text(source)
    config = stage.ferry.home / "my kubeconfig"
    shutil.copy(stage.ferry.env["KUBECONFIG"], config)
    env = {**stage.ferry.env}
    del env["KUBECONFIG"]
    if source is CPP:
        (folder / "build").mkdir()
        subprocess.run(["g++", "-g", "-O0", "-o", folder / "build" / "the server", folder / name], check=True)
    return Project(folder, env)


def ferry_ide(stage, project, ide, target, *words):
    done = subprocess.run(
        [stage.ferry.binary, "ide", ide, target, "--dir", project.folder, "-n", stage.namespace,
         "--kubeconfig", stage.ferry.home / "my kubeconfig", *words],
        env=project.env, text=True, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def title(stage, name="web"):
    return f"{name} in {stage.namespace}"


@contextlib.contextmanager
def gdb(program, *commands, env=None, cwd=None):
    """gdb with these commands; what it says, line by line, and a way to say more."""
    process = subprocess.Popen(["gdb", "-q", "-nx", "-ex", "set confirm off", "-ex", "set pagination off",
                                *(word for command in commands for word in ("-ex", command)), program],
                               env=env, cwd=cwd, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT)
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
        process.stdin.close()


def until_line(process, text):
    said = []
    for line in process.stdout:
        said.append(line)
        if text in line:
            return line
    raise AssertionError(f"no {text!r} in {''.join(said)}")


class Request:
    """GET /stop, which stays without an answer for as long as the program stands at the breakpoint."""

    def __init__(self, port):
        self.answer = None
        self._thread = threading.Thread(target=self._run, args=(port,))
        self._thread.start()

    def _run(self, port):
        self.answer = http_client.get(port, "/stop", timeout=120)

    def result(self):
        self._thread.join()
        return self.answer


def ready_condition(stage):
    (pod,) = stage.api.list("Pod", stage.namespace, "ferry.dev/stand-in")
    (condition,) = [each for each in pod["status"]["conditions"] if each["type"] == "Ready"]
    return condition["status"], condition["lastTransitionTime"]


def stays_ready(stage, seconds=4):
    """The pod is Ready, without a pause, for so long: several periods of its probe."""
    before = ready_condition(stage)
    assert before[0] == "True"
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        assert ready_condition(stage) == before
        assert stage.ready_endpoints() == stage.pods("ferry.dev/stand-in")
        time.sleep(0.2)


def leaves(stage, project, task, launch):
    code, said = project.run(launch["postDebugTask"])
    assert code == 0, said
    assert task.until_ended() == 0, task.lines
    assert not (project.folder / ".ferry" / "web").exists()
    stage.is_as_before()


@plays
def test_gdb_at_a_breakpoint_leaves_the_pod_ready(stage):
    needs("gdb", "g++")
    with_greeting(stage)
    vscode = project(stage, CPP, "server.cpp")
    port = free_port()
    mine = '// mine\n{ "version": "2.0.0", "tasks": [ {"label": "build", "type": "shell", "command": "make",}, ] }\n'
    (vscode.folder / ".vscode").mkdir()
    (vscode.folder / ".vscode" / "tasks.json").write_text(mine)
    words = ("--lang", "cpp", "--expose", f"{port}:http", "--program", "build/the server", "--", str(port))
    ferry_ide(stage, vscode, "vscode", "web", *words)
    assert ferry_ide(stage, vscode, "vscode", "web", *words) == ""  # nothing to write
    written = (vscode.folder / ".vscode" / "tasks.json").read_text()
    assert written.startswith(mine[:mine.index(", ] }")])
    assert [each["label"] for each in json.loads(without_comments(written))["tasks"]][0] == "build"

    launch = vscode.launch(f"ferry: debug {title(stage)}")
    assert (launch["type"], launch["MIMode"]) == ("cppdbg", "gdb")
    with vscode.start(launch["preLaunchTask"]) as task:
        env_file = pathlib.Path(launch["envFile"])
        assert not env_file.exists()
        task.until_ready()
        assert env_file.stat().st_mode & 0o777 == 0o600
        assert not task.said("Swapped "), task.lines  # that takes the local process
        with gdb(launch["program"], f"break server.cpp:{line_of(CPP)}", "run " + " ".join(launch["args"]),
                 env=vscode.environment(launch), cwd=launch["cwd"]) as debugger:
            task.until("swapped", lambda: task.said(f"-> localhost:{port}"))
            forward = stage.ferry.forward("svc/web", ":80", "--route", "direct")
            assert http_client.get(forward.port) == (200, b"ready")
            request = Request(forward.port)
            until_line(debugger, "Breakpoint 1, stopped")
            stays_ready(stage)
            task.until("the probes do fail", lambda: task.said("not counted: a debugger holds"))
            assert request.answer is None
            print("continue", file=debugger.stdin, flush=True)
            assert request.result() == (200, f"{GREETING} from a file".encode())
            forward.end()
        assert task.times_ready == 1
        leaves(stage, vscode, task, launch)


@plays
def test_debugpy_at_a_breakpoint_leaves_the_pod_ready(stage):
    needs_debugpy()
    with_greeting(stage)
    vscode = project(stage, PYTHON, "app.py")
    (vscode.folder / "requirements.txt").touch()
    port, adapter_port = free_port(), free_port()
    ferry_ide(stage, vscode, "vscode", "deploy/web", "--expose", f"{port}:http", "--", str(port))
    launch = vscode.launch(f"ferry: debug {title(stage)}")
    assert launch["type"] == "debugpy"
    with vscode.start(launch["preLaunchTask"]) as task:
        task.until_ready()
        program = subprocess.Popen(
            ["/usr/bin/python3", "-m", "debugpy", "--listen", f"127.0.0.1:{adapter_port}", "--wait-for-client",
             launch["program"], *launch["args"]],
            env=vscode.environment(launch), cwd=launch["cwd"])
        try:
            with DebugAdapter(adapter_port) as adapter:
                adapter.attach(launch["program"], line_of(PYTHON),
                               connect={"host": "127.0.0.1", "port": adapter_port})
                task.until("swapped", lambda: task.said(f"-> localhost:{port}"))
                request = Request(port)
                thread, _ = adapter.stopped()
                stays_ready(stage)
                adapter.request("continue", threadId=thread)
                assert request.result() == (200, f"{GREETING} from a file".encode())
        finally:
            program.kill()
            program.wait()
        leaves(stage, vscode, task, launch)


@plays
def test_a_swap_that_fails_ends_the_task_before_it_is_ready(stage):
    stage.web(replicas=1)
    vscode = project(stage, PYTHON, "app.py")
    ferry_ide(stage, vscode, "vscode", "nosuch", "--lang", "python")
    launch = vscode.launch(f"ferry: debug {title(stage, 'nosuch')}")
    with vscode.start(launch["preLaunchTask"]) as task:
        assert task.until_ended() == 3, task.lines
        assert task.times_ready == 0 and task.said("nosuch") and task.said("error: "), task.lines
    code, said = vscode.run(launch["postDebugTask"])
    assert code == 3 and "there is no such link" in said
    stage.is_as_before()


@plays
def test_a_task_that_is_stopped_puts_it_back(stage):
    """The bin in VS Code's terminal closes the terminal."""
    stage.web(replicas=1)
    vscode = project(stage, PYTHON, "app.py")
    ferry_ide(stage, vscode, "vscode", "web", "--lang", "python")
    with vscode.start(f"ferry: swap {title(stage)}") as task:
        task.until_ready()
        task.process.terminate()
        assert task.until_ended() == 130, task.lines
    stage.is_as_before()


def in_a_pod(stage, command, files):
    """A pod with a program that waits for a debugger, and its files in /srv/app."""
    container = {**shell("app", f"exec {command}"), "ports": [{"containerPort": 8080}],
                 "env": [{"name": "GREETING", "value": GREETING}],
                 "volumeMounts": [{"name": "app", "mountPath": "/srv/app"}, {"name": "conf", "mountPath": "/etc/conf"}]}
    deployment = workloads.deployment("box")
    deployment["spec"]["template"]["spec"].update(
        containers=[container],
        volumes=[{"name": "app", "configMap": {"name": "app", "defaultMode": 0o755}},
                 {"name": "conf", "configMap": {"name": "conf"}}])
    stage.api.apply(
        stage.namespace,
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "app"}, "binaryData": files},
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "conf"}, "data": {"text": "of the pod"}},
        deployment)
    wait_for("the box runs", lambda: stage.api.ready_pods(stage.namespace, "app=box"))


def base64_of(data):
    return base64.b64encode(data).decode()


@plays
def test_gdb_attaches_to_a_gdbserver_in_a_pod(stage):
    needs("gdb", "gdbserver", "g++")
    stage.only_in_the_test_cluster()
    vscode = project(stage, CPP, "server.cpp")
    program = vscode.folder / "build" / "the server"
    in_a_pod(stage, "gdbserver 127.0.0.1:2345 /srv/app/server 8080", {"server": base64_of(program.read_bytes())})
    port = free_port()
    ferry_ide(stage, vscode, "vscode", "deploy/box", "--lang", "cpp", "--attach", f"{port}:2345",
              "--program", "build/the server")
    launch = vscode.launch(f"ferry: attach {title(stage, 'box')}")
    with vscode.start(launch["preLaunchTask"]) as task:
        task.until_ready()
        with gdb(launch["program"], "set sysroot /", f"target remote {launch['miDebuggerServerAddress']}",
                 f"break server.cpp:{line_of(CPP)}", "continue") as debugger:
            until_line(debugger, "Breakpoint 1 at")
            forward = stage.ferry.forward("deploy/box", ":8080", "--route", "direct")
            wait_for("it serves", lambda: serves(forward.port))
            request = Request(forward.port)
            until_line(debugger, "Breakpoint 1, stopped")
            assert request.answer is None
            print("continue", file=debugger.stdin, flush=True)
            assert request.result() == (200, f"{GREETING} of the pod".encode())
            forward.end()
        code, said = vscode.run(launch["postDebugTask"])
        assert code == 0, said
        assert task.until_ended() == 0


def serves(port):
    with contextlib.suppress(OSError, http.client.HTTPException):
        return http_client.get(port, timeout=3) == (200, b"ready")


@plays
def test_debugpy_in_a_pod_is_attached_to(stage):
    needs_debugpy()
    stage.only_in_the_test_cluster()
    vscode = project(stage, PYTHON, "app.py")
    in_a_pod(stage, "/usr/bin/python3 -m debugpy --listen 127.0.0.1:5678 --wait-for-client /srv/app/app.py 8080",
             {"app.py": base64_of(PYTHON.encode())})
    port = free_port()
    ferry_ide(stage, vscode, "vscode", "deploy/box", "--lang", "python", "--attach", f"{port}:5678",
              "--remote-dir", "/srv/app")
    launch = vscode.launch(f"ferry: attach {title(stage, 'box')}")
    assert launch["request"] == "attach"
    with vscode.start(launch["preLaunchTask"]) as task:
        task.until_ready()
        with DebugAdapter(launch["connect"]["port"]) as adapter:
            adapter.attach(vscode.folder / "app.py", line_of(PYTHON), connect=launch["connect"],
                           pathMappings=launch["pathMappings"])
            forward = stage.ferry.forward("deploy/box", ":8080", "--route", "direct")
            wait_for("it serves", lambda: serves(forward.port))
            request = Request(forward.port)
            thread, frame = adapter.stopped()
            assert frame["source"]["path"] == str(vscode.folder / "app.py")
            adapter.request("continue", threadId=thread)
            assert request.result() == (200, f"{GREETING} of the pod".encode())
            forward.end()
        code, said = vscode.run(launch["postDebugTask"])
        assert code == 0, said
        assert task.until_ended() == 0


def configuration(vscode, label):
    """A run configuration of JetBrains' IDEs, by its name."""
    found = [xml.parse(file).getroot().find("configuration") for file in (vscode.folder / ".run").glob("*.run.xml")]
    (wanted,) = [each for each in found if each.get("name") == label]
    return wanted


def run_script(vscode, label, **how):
    """A Shell Script configuration, as these IDEs run it: on a terminal that is gone afterwards."""
    options = {each.get("name"): each.get("value").replace("$PROJECT_DIR$", str(vscode.folder))
               for each in configuration(vscode, label).iter("option")}
    assert options["EXECUTE_SCRIPT_FILE"] == "true" and options["EXECUTE_IN_TERMINAL"] == "false"
    return subprocess.run(["script", "-qec", f"{options['INTERPRETER_PATH']} '{options['SCRIPT_PATH']}'", "/dev/null"],
                          cwd=options["SCRIPT_WORKING_DIRECTORY"], env=vscode.env, text=True, check=False,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120, **how)


def first_of(vscode, label):
    """What runs before a configuration is launched."""
    (before,) = [each.get("run_configuration_name") for each in configuration(vscode, label).find("method")
                 if each.get("name") == "RunConfigurationTask"]
    return before


@plays
def test_jetbrains_scripts_leave_the_swap_running_until_the_one_that_leaves(stage):
    with_greeting(stage)
    ide = project(stage, PYTHON, "app.py")
    port = free_port()
    ferry_ide(stage, ide, "jetbrains", "web", "--lang", "python", "--expose", f"{port}:http", "--", str(port))
    debug = configuration(ide, f"ferry: debug {title(stage)}")
    options = {each.get("name"): each.get("value").replace("$PROJECT_DIR$", str(ide.folder))
               for each in debug.iter("option") if each.get("value")}
    before = first_of(ide, f"ferry: debug {title(stage)}")
    done = run_script(ide, before)
    assert done.returncode == 0, done.stdout
    env = dict(line.split("=", 1) for line in pathlib.Path(options["ENV_FILES"]).read_text().splitlines())
    env.update({each.get("name"): each.get("value").replace("$PROJECT_DIR$", str(ide.folder))
                for each in debug.iter("env")})
    program = subprocess.Popen(["/usr/bin/python3", options["SCRIPT_NAME"], options["PARAMETERS"]],
                               env={**ide.env, **env}, cwd=options["WORKING_DIRECTORY"])
    try:
        wait_for("it is swapped", lambda: stage.ready_endpoints() == stage.pods("ferry.dev/stand-in") != [], timeout=90)
        assert http_client.get(port, "/stop") == (200, f"{GREETING} from a file".encode())
        again = run_script(ide, before)  # debugging once more
        assert again.returncode == 0, again.stdout
    finally:
        program.kill()
        program.wait()
    done = run_script(ide, f"ferry: leave {title(stage)}")
    assert done.returncode == 0, done.stdout
    stage.is_as_before()


@plays
def test_jetbrains_scripts_fail_with_the_swap(stage):
    stage.web(replicas=1)
    ide = project(stage, PYTHON, "app.py")
    ferry_ide(stage, ide, "jetbrains", "nosuch", "--lang", "python")
    done = run_script(ide, first_of(ide, f"ferry: debug {title(stage, 'nosuch')}"))
    assert done.returncode == 3 and "nosuch" in done.stdout, done
    stage.is_as_before()


@plays
def test_clion_attaches_to_the_gdbserver_that_the_swap_runs(stage):
    needs("gdb", "gdbserver", "g++")
    with_greeting(stage)
    ide = project(stage, CPP, "server.cpp")
    port = free_port()
    ferry_ide(stage, ide, "jetbrains", "web", "--lang", "cpp", "--expose", f"{port}:http",
              "--program", "build/the server", "--", str(port))
    debug = configuration(ide, f"ferry: debug {title(stage)}")
    done = run_script(ide, first_of(ide, debug.get("name")))
    assert done.returncode == 0, done.stdout
    with gdb(debug.get("symbolFile").replace("$PROJECT_DIR$", str(ide.folder)),
             f"target remote {debug.get('remoteCommand')}", f"break server.cpp:{line_of(CPP)}",
             "continue") as debugger:
        wait_for("it is swapped", lambda: stage.ready_endpoints() == stage.pods("ferry.dev/stand-in") != [], timeout=90)
        request = Request(port)
        until_line(debugger, "Breakpoint 1, stopped")
        stays_ready(stage)
        print("continue", file=debugger.stdin, flush=True)
        assert request.result() == (200, f"{GREETING} from a file".encode())
        debugger.send_signal(signal.SIGINT)  # as the IDE's stop button
        print("kill", file=debugger.stdin, flush=True)
        wait_for("the swap has ended", lambda: not stage.ferry.links(), timeout=90)
    stage.is_as_before()
