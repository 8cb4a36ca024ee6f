"""A container's environment and command line, as kubelet makes them."""

import base64
import re


class ConfigError(Exception):
    """The container can't be created: something that its spec names is missing. The text is kubelet's."""


def environment(store, pod, container, status):
    """{name: value}. `status` has what the downward API may ask for: podIP, hostIP."""
    result = _services(store, pod)
    for source in container.get("envFrom") or []:
        for kind, field in (("ConfigMap", "configMapRef"), ("Secret", "secretRef")):
            if field in source:
                data = _data(store, pod, kind, source[field])
                result.update({source.get("prefix", "") + key: value for key, value in data.items()})
    for entry in container.get("env") or []:
        if "valueFrom" in entry:
            value = _value_from(store, pod, container, entry["valueFrom"], status)
        else:
            value = expand(entry.get("value", ""), result)
        if value is not None:
            result[entry["name"]] = value
    return result


def command_line(container, image, variables):
    """`command` replaces the image's entrypoint and arguments, `args` the arguments only."""
    words = container.get("command") or image.entrypoint
    arguments = container.get("args") or ([] if container.get("command") else image.arguments)
    return [expand(word, variables) for word in [*words, *arguments]]


def expand(text, variables):
    """$(NAME) is replaced if NAME is known; $$(NAME) is the way to write $(NAME)."""
    def replace(match):
        if match.group(0) == "$$":
            return "$"
        return variables.get(match.group(1), match.group(0))
    return re.sub(r"\$\$|\$\(([^)]*)\)", replace, text)


def field(pod, path, status):
    """A field of the pod as the downward API names it."""
    meta, spec = pod["metadata"], pod["spec"]
    keyed = re.match(r"metadata\.(labels|annotations)\['(.*)'\]$", path)
    if keyed:
        return (meta.get(keyed.group(1)) or {}).get(keyed.group(2), "")
    if path in ("metadata.labels", "metadata.annotations"):
        entries = meta.get(path.split(".")[1]) or {}
        return "\n".join(f'{key}="{value}"' for key, value in sorted(entries.items()))
    known = {
        "metadata.name": meta["name"], "metadata.namespace": meta["namespace"], "metadata.uid": meta["uid"],
        "spec.nodeName": spec.get("nodeName", ""), "spec.serviceAccountName": spec.get("serviceAccountName", ""),
        "status.podIP": status.get("podIP", ""), "status.podIPs": status.get("podIP", ""),
        "status.hostIP": status.get("hostIP", ""), "status.hostIPs": status.get("hostIP", ""),
    }
    if path not in known:
        raise ConfigError(f"unsupported fieldPath: {path}")
    return known[path]


def _services(store, pod):
    """The variables for Services; all of the namespace, or only the API server's."""
    services = [store.find("Service", "default", "kubernetes")]
    if pod["spec"].get("enableServiceLinks", True):
        services += store.list("Service", pod["metadata"]["namespace"])
    result = {}
    for service in services:
        address = (service or {}).get("spec", {}).get("clusterIP")
        if address and address != "None":
            result.update(_service(service["metadata"]["name"], address, service["spec"].get("ports") or []))
    return result


def _service(name, address, ports):
    prefix = name.upper().replace("-", "_")
    result = {f"{prefix}_SERVICE_HOST": address}
    for position, port in enumerate(ports):
        number, protocol = port["port"], port.get("protocol", "TCP")
        url = f"{protocol.lower()}://{address}:{number}"
        if position == 0:
            result[f"{prefix}_SERVICE_PORT"] = str(number)
            result[f"{prefix}_PORT"] = url
        if port.get("name"):
            result[f"{prefix}_SERVICE_PORT_{port['name'].upper().replace('-', '_')}"] = str(number)
        base = f"{prefix}_PORT_{number}_{protocol}"
        result.update({base: url, f"{base}_PROTO": protocol.lower(), f"{base}_PORT": str(number),
                       f"{base}_ADDR": address})
    return result


def _data(store, pod, kind, reference):
    obj = store.find(kind, pod["metadata"]["namespace"], reference["name"])
    if obj is None:
        if reference.get("optional"):
            return {}
        raise ConfigError(f'{kind.lower()} "{reference["name"]}" not found')
    return contents(kind, obj, text=True)


def contents(kind, obj, text=False):
    """The data of a ConfigMap or Secret: {key: bytes}, or str with `text`."""
    data = {}
    for key, value in (obj.get("data") or {}).items():
        data[key] = base64.b64decode(value) if kind == "Secret" else value.encode()
    for key, value in (obj.get("binaryData") or {}).items():
        data[key] = base64.b64decode(value)
    return {key: value.decode(errors="replace") for key, value in data.items()} if text else data


def _value_from(store, pod, container, source, status):
    if "fieldRef" in source:
        return field(pod, source["fieldRef"]["fieldPath"], status)
    if "resourceFieldRef" in source:
        kind, _, name = source["resourceFieldRef"]["resource"].partition(".")
        return ((container.get("resources") or {}).get(kind) or {}).get(name, "0")
    for kind, key in (("ConfigMap", "configMapKeyRef"), ("Secret", "secretKeyRef")):
        if key in source:
            return _key(store, pod, kind, source[key])
    raise ConfigError("invalid valueFrom")


def _key(store, pod, kind, reference):
    data = _data(store, pod, kind, reference)
    if reference["key"] in data:
        return data[reference["key"]]
    if reference.get("optional"):
        return None
    namespace = pod["metadata"]["namespace"]
    raise ConfigError(f"couldn't find key {reference['key']} in {kind} {namespace}/{reference['name']}")
