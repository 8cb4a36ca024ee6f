"""What the container would have had, the local process gets: its environment, in every form, and its files."""

import json
import subprocess

from kube_api import wait_for
from stage import plays
from test_swap import swapped


@plays
def test_environment_and_files_come_along_and_stay_fresh(stage):
    api, namespace = stage.api, stage.namespace
    api.apply(namespace, {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "keys"}, "data": {
        "password": "cyQzY3JldA==", "binary": "/wD/"}})
    api.apply(namespace, {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "conf"}, "data": {
        "app.conf": "one\n", "colour": "blue"}})
    long = "x" * 100_000  # the kernel takes 128 KiB (execve(2), MAX_ARG_STRLEN)

    def change(deployment):
        spec = deployment["spec"]["template"]["spec"]
        spec["volumes"] = [{"name": "conf", "configMap": {"name": "conf"}},
                           {"name": "keys", "secret": {"secretName": "keys"}}]
        spec["containers"][0].update({
            "resources": {"limits": {"memory": "67108864"}},
            "envFrom": [{"configMapRef": {"name": "conf"}, "prefix": "CONF_"}],
            "volumeMounts": [{"name": "conf", "mountPath": "/etc/conf"}, {"name": "keys", "mountPath": "/etc/keys"}],
        })
        spec["containers"][0]["env"] += [
            {"name": "PASSWORD", "valueFrom": {"secretKeyRef": {"name": "keys", "key": "password"}}},
            {"name": "WHERE", "valueFrom": {"fieldRef": {"fieldPath": "metadata.namespace"}}},
            {"name": "COLOUR", "valueFrom": {"configMapKeyRef": {"name": "conf", "key": "colour"}}},
            {"name": "NOBODY", "valueFrom": {"configMapKeyRef": {"name": "conf", "key": "x", "optional": True}}},
            {"name": "MEMORY", "valueFrom": {"resourceFieldRef": {"resource": "limits.memory"}}},
            {"name": "LONG", "value": long},
            {"name": "QUOTES", "value": "it's \"$HOME\" and `x`\\n"},
            {"name": "LINES", "value": "one\ntwo"},
            {"name": "EMPTY", "value": ""},
        ]

    stage.web(change=change, env={})
    home = stage.ferry.home
    command, _ = swapped(stage, "--env-json", str(home / "env.json"), "--env-file", str(home / "env"),
                         "--env-sh", str(home / "env.sh"), "--mount", str(home / "root"))
    wait_for("the files are written", lambda: (home / "root/etc/conf/app.conf").exists() and (home / "env.sh").exists())
    given = json.loads((home / "env.json").read_text())
    assert given["PASSWORD"] == "s$3cret" and given["WHERE"] == namespace and given["CONF_colour"] == "blue"
    assert given["COLOUR"] == "blue" and "NOBODY" not in given and given["MEMORY"] == "67108864"
    assert given["LONG"] == long
    assert given["EMPTY"] == "" and given["LINES"] == "one\ntwo"
    lines = (home / "env").read_text().splitlines()
    assert "PASSWORD=s$3cret" in lines and not any(line.startswith("LINES=") for line in lines)
    assert not any(line.startswith("LONG=") for line in lines)
    for name in ("LINES", "LONG"):  # named, not dropped in silence
        assert f"{name}: its value" in command.stderr()
    shell = stage.ferry.home / "print.sh"
    shell.write_text(f'. {home}/env.sh; printf "%s|%s|${{#LONG}}" "$QUOTES" "$LINES"')
    printed = subprocess.run(["sh", shell], capture_output=True, text=True, check=True).stdout
    assert printed == "it's \"$HOME\" and `x`\\n|one\ntwo|100000"
    assert (home / "root/etc/keys/binary").read_bytes() == b"\xff\x00\xff"
    assert (home / "root/var/run/secrets/kubernetes.io/serviceaccount/token").read_text().count(".") == 2
    api.patch("ConfigMap", namespace, "conf", {"data": {"app.conf": "two\n"}})
    api.patch("Secret", namespace, "keys", {"data": {"binary": "AP8="}})
    wait_for("the file follows", lambda: (home / "root/etc/conf/app.conf").read_text() == "two\n", timeout=90)
    wait_for("the secret too", lambda: (home / "root/etc/keys/binary").read_bytes() == b"\x00\xff", timeout=90)
    command.end()
    for key, data in (("configmaps/conf", {"app.conf": "two\n", "colour": "blue"}),
                      ("secrets/keys", {"password": "cyQzY3JldA==", "binary": "AP8="})):
        stage.before[key][0]["content"]["data"] = data  # what was changed on purpose
    stage.is_as_before()
