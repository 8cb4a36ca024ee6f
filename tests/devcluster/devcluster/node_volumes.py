"""A pod's volumes: directories on the node's private tmpfs, filled as kubelet fills them.

ConfigMaps, Secrets, tokens and the downward API have kubelet's layout: the files are links through `..data`, which is
switched atomically, so that a program never sees half an update.
"""

import os
import shutil
import time

from . import node_environment as env


class VolumeError(Exception):
    """A volume can't be set up (yet); the text is that of kubelet's FailedMount event."""


class Volumes:
    def __init__(self, cluster, pod, directory, status):
        """`status` is a function: what the downward API knows (podIP, hostIP) at that moment."""
        self._cluster = cluster
        self._pod = pod
        self._directory = directory
        self._status = status
        self._paths = {}  # volume name -> directory or file on the node

    def set_up(self):
        """Makes those that are not there yet."""
        for volume in self._pod["spec"].get("volumes") or []:
            name = volume["name"]
            if name in self._paths:
                continue
            try:
                self._paths[name] = self._make(volume)
            except env.ConfigError as error:
                raise VolumeError(f'MountVolume.SetUp failed for volume "{name}" : {error}') from error

    def refresh(self, kind, name):
        """Writes again what comes from this ConfigMap or Secret."""
        for volume in self._pod["spec"].get("volumes") or []:
            if volume["name"] in self._paths and (kind, name) in _sources(volume):
                try:
                    self._write(self._paths[volume["name"]], self._files(volume), volume)
                except env.ConfigError:
                    pass  # what was there stays, as in kubelet

    def mounts(self, container):
        """What the container mounts, as `node_rootfs.build` takes it."""
        result = []
        for mount in container.get("volumeMounts") or []:
            path = self._paths[mount["name"]]
            if mount.get("subPath"):
                path = os.path.join(path, mount["subPath"])
                if not os.path.exists(path):
                    os.makedirs(path)
            result.append({"source": os.path.realpath(path), "target": mount["mountPath"],
                           "read_only": mount.get("readOnly", False)})
        return sorted(result, key=lambda mount: mount["target"].count("/"))

    def remove(self):
        shutil.rmtree(self._directory, ignore_errors=True)

    def _make(self, volume):
        if "hostPath" in volume:
            return self._host_path(volume)
        if "persistentVolumeClaim" in volume:
            claim = f"{self._pod['metadata']['namespace']}_{volume['persistentVolumeClaim']['claimName']}"
            return self._plain(os.path.join(self._cluster.run_dir, "claims", claim))
        path = os.path.join(self._directory, volume["name"])
        if "emptyDir" in volume or set(volume) == {"name"}:
            return self._plain(path)
        files = self._files(volume)
        os.makedirs(path, exist_ok=True)
        self._write(path, files, volume)
        return path

    @staticmethod
    def _host_path(volume):
        path, kind = volume["hostPath"]["path"], volume["hostPath"].get("type", "")
        if kind == "DirectoryOrCreate":
            os.makedirs(path, exist_ok=True)
        if not os.path.exists(path):
            raise env.ConfigError(f"hostPath type check failed: {path} is not a {kind.lower() or 'directory'}")
        return path

    def _plain(self, path):
        os.makedirs(path, exist_ok=True)
        os.chmod(path, 0o2777 if self._group() else 0o777)
        self._own(path)
        return path

    def _group(self):
        return (self._pod["spec"].get("securityContext") or {}).get("fsGroup")

    def _own(self, path):
        if self._group() and os.geteuid() == 0:
            try:
                os.chown(path, -1, self._group(), follow_symlinks=False)
            except OSError:
                pass  # an ordinary user's namespace doesn't have that group

    def _write(self, path, files, volume):
        version = time.strftime("..%Y_%m_%d_%H_%M_%S.") + str(time.monotonic_ns() % 10**9)
        os.mkdir(os.path.join(path, version))
        for name, (content, mode) in files.items():
            target = os.path.join(path, version, name)
            os.makedirs(os.path.dirname(target), exist_ok=True)
            with open(target, "wb") as file:
                file.write(content)
            os.chmod(target, mode | (0o040 if self._group() else 0))
            self._own(target)
        data = os.path.join(path, "..data")
        previous = os.readlink(data) if os.path.islink(data) else None
        os.symlink(version, data + "_tmp")
        os.rename(data + "_tmp", data)
        wanted = {name.split("/")[0] for name in files}
        for name in wanted - set(os.listdir(path)):
            os.symlink(f"..data/{name}", os.path.join(path, name))
        for name in os.listdir(path):
            if not name.startswith("..") and name not in wanted:
                os.unlink(os.path.join(path, name))
        if previous:
            shutil.rmtree(os.path.join(path, previous))

    def _files(self, volume):
        """{relative path: (bytes, mode)}"""
        if "projected" in volume:
            source = volume["projected"]
            files = {}
            for part in source.get("sources") or []:
                files.update(self._source_files(part, source.get("defaultMode", 0o644)))
            return files
        return self._source_files(volume, None)

    def _source_files(self, source, default_mode):
        for key, kind, name_field in (("configMap", "ConfigMap", "name"), ("secret", "Secret", "secretName")):
            if key in source:
                part = source[key]
                mode = default_mode or part.get("defaultMode", 0o644)
                return self._object_files(kind, part.get("name") or part.get(name_field), part, mode)
        if "serviceAccountToken" in source:
            return {source["serviceAccountToken"]["path"]: (self._token(source["serviceAccountToken"]), 0o644)}
        if "downwardAPI" in source:
            part = source["downwardAPI"]
            return {item["path"]: (env.field(self._pod, item["fieldRef"]["fieldPath"], self._status()).encode(),
                                   item.get("mode", default_mode or part.get("defaultMode", 0o644)))
                    for item in part.get("items") or [] if "fieldRef" in item}
        raise env.ConfigError(f"unsupported volume source {', '.join(sorted(set(source) - {'name'}))}")

    def _object_files(self, kind, name, part, mode):
        obj = self._cluster.store.find(kind, self._pod["metadata"]["namespace"], name)
        if obj is None:
            if part.get("optional"):
                return {}
            raise env.ConfigError(f'{kind.lower()} "{name}" not found')
        data = env.contents(kind, obj)
        if not part.get("items"):
            return {key: (value, mode) for key, value in data.items()}
        files = {}
        for item in part["items"]:
            if item["key"] in data:
                files[item["path"]] = (data[item["key"]], item.get("mode", mode))
            elif not part.get("optional"):
                raise env.ConfigError(f"references non-existent {kind.lower()} key: {item['key']}")
        return files

    def _token(self, source):
        meta, spec = self._pod["metadata"], self._pod["spec"]
        account = self._cluster.store.find("ServiceAccount", meta["namespace"], spec["serviceAccountName"])
        if account is None:
            raise env.ConfigError(f'failed to fetch token: serviceaccounts "{spec["serviceAccountName"]}" not found')
        audience = source.get("audience")
        token, _ = self._cluster.pki.service_account_token(
            meta["namespace"], spec["serviceAccountName"], account["metadata"]["uid"],
            pod=(meta["name"], meta["uid"]), seconds=source.get("expirationSeconds", 3600),
            audiences=[audience] if audience else None)
        return token.encode() if isinstance(token, str) else token


def _sources(volume):
    """The ConfigMaps and Secrets that a volume is made of: {(kind, name)}."""
    parts = volume["projected"].get("sources") or [] if "projected" in volume else [volume]
    found = set()
    for part in parts:
        if "configMap" in part:
            found.add(("ConfigMap", part["configMap"].get("name")))
        if "secret" in part:
            found.add(("Secret", part["secret"].get("secretName") or part["secret"].get("name")))
    return found
