"""Endpoints and EndpointSlices: which pods stand behind a Service, and in which state they are."""

import collections

from . import controllers, netns
from . import store as store_

_CHANGED = "endpoints.kubernetes.io/last-change-trigger-time"


class EndpointsController(controllers.Controller):
    kind = "Service"
    watches = {"Service": "itself", "Pod": "selecting"}

    def selecting(self, pod):
        labels = pod["metadata"].get("labels") or {}
        return [(service["metadata"]["namespace"], service["metadata"]["name"])
                for service in self.store.list("Service", pod["metadata"]["namespace"])
                if service["spec"].get("selector")
                and all(labels.get(key) == value for key, value in service["spec"]["selector"].items())]

    def reconcile(self, namespace, name):
        service = self.store.find("Service", namespace, name)
        if service is None:
            if self.store.find("Endpoints", namespace, name) is not None:
                self.store.delete("Endpoints", namespace, name)
            return
        if not service["spec"].get("selector") or service["spec"].get("type") == "ExternalName":
            return  # somebody else writes these, or nobody
        groups = self._grouped(service)
        self._write_slices(service, groups)
        self._write_endpoints(service, groups)

    def _grouped(self, service):
        """{ports: [endpoint]}: pods whose named ports have different numbers are listed apart."""
        selector, meta = service["spec"]["selector"], service["metadata"]
        groups = collections.defaultdict(list)
        for pod in self.store.list("Pod", meta["namespace"], selector):
            status = pod.get("status") or {}
            if status.get("podIP") and status.get("phase") not in ("Succeeded", "Failed"):
                groups[_ports(service, pod)].append(_endpoint(service, pod))
        groups.pop((), None) if service["spec"].get("ports") else None
        return groups

    # EndpointSlices

    def _write_slices(self, service, groups):
        meta = service["metadata"]
        existing = self.store.list("EndpointSlice", meta["namespace"], {
            "kubernetes.io/service-name": meta["name"],
            "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io"})
        wanted = sorted(groups.items()) or [(None, [])]
        for position, (ports, endpoints) in enumerate(wanted):
            content = {"addressType": "IPv4", "endpoints": endpoints or None,
                       "ports": [dict(port) for port in ports] if ports is not None else None}
            if position < len(existing):
                self._update_slice(existing[position], content, service)
            else:
                self._create_slice(service, content)
        for extra in existing[len(wanted):]:
            self.store.delete("EndpointSlice", meta["namespace"], extra["metadata"]["name"])

    def _update_slice(self, existing, content, service):
        content["endpoints"] = _in_known_order(existing.get("endpoints"), content["endpoints"])
        if all(existing.get(key) == value for key, value in content.items()):
            return

        def change(obj):
            obj.update(content)
            obj["metadata"].setdefault("annotations", {})[_CHANGED] = store_.now()
        meta = existing["metadata"]
        self.store.modify("EndpointSlice", service["metadata"]["namespace"], meta["name"], change,
                          manager="kube-controller-manager")

    def _create_slice(self, service, content):
        meta = service["metadata"]
        labels = {**(meta.get("labels") or {}),
                  "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io",
                  "kubernetes.io/service-name": meta["name"]}
        if service["spec"].get("clusterIP") == "None":
            labels["service.kubernetes.io/headless"] = ""
        self.store.create("EndpointSlice", {
            "metadata": {"generateName": meta["name"] + "-", "namespace": meta["namespace"], "labels": labels,
                         "annotations": {_CHANGED: store_.now()},
                         "ownerReferences": [controllers.reference_to(service)]}, **content},
            manager="kube-controller-manager")

    # Endpoints

    def _write_endpoints(self, service, groups):
        meta = service["metadata"]
        subsets = []
        for ports, endpoints in sorted(groups.items()):
            subset = {}
            for field, ready in (("addresses", True), ("notReadyAddresses", False)):
                listed = [_address(endpoint) for endpoint in endpoints
                          if endpoint["conditions"]["ready"] == ready
                          and not (endpoint["conditions"]["terminating"] and not ready)]
                if listed:
                    subset[field] = sorted(listed, key=lambda address: address["ip"])
            if subset:
                if ports:
                    subset["ports"] = [{"name": port["name"], "port": port["port"], "protocol": port["protocol"]}
                                       if port["name"] else {"port": port["port"], "protocol": port["protocol"]}
                                       for port in map(dict, reversed(ports))]
                subsets.append(subset)
        existing = self.store.find("Endpoints", meta["namespace"], meta["name"])
        if existing is not None and (existing.get("subsets") or []) == subsets:
            return
        labels = {**(meta.get("labels") or {}), "endpoints.kubernetes.io/managed-by": "endpoint-controller"}
        if service["spec"].get("clusterIP") == "None":
            labels["service.kubernetes.io/headless"] = ""
        content = {"metadata": {"name": meta["name"], "namespace": meta["namespace"], "labels": labels,
                                "annotations": {_CHANGED: store_.now()}}}
        if subsets:
            content["subsets"] = subsets
        if existing is None:
            self.store.create("Endpoints", content, manager="kube-controller-manager")
        else:
            self.store.update("Endpoints", content, manager="kube-controller-manager")


class MirroringController(controllers.Controller):
    """A Service without a selector: the Endpoints that somebody has written by hand are mirrored as a slice."""

    kind = "Endpoints"
    watches = {"Endpoints": "itself", "Service": "itself"}
    _MANAGER = {"endpointslice.kubernetes.io/managed-by": "endpointslicemirroring-controller.k8s.io"}

    def reconcile(self, namespace, name):
        endpoints = self.store.find("Endpoints", namespace, name)
        service = self.store.find("Service", namespace, name)
        wanted = []
        if endpoints is not None and service is not None and not service["spec"].get("selector"):
            if "endpointslice.kubernetes.io/skip-mirror" not in (endpoints["metadata"].get("labels") or {}):
                wanted = [self._slice(subset) for subset in endpoints.get("subsets") or []]
        labels = {**self._MANAGER, "kubernetes.io/service-name": name}
        existing = self.store.list("EndpointSlice", namespace, labels)
        if [{key: each.get(key) for key in ("endpoints", "ports")} for each in existing] == wanted:
            return
        for each in existing:
            self.store.delete("EndpointSlice", namespace, each["metadata"]["name"])
        for content in wanted:
            self.store.create("EndpointSlice", {
                "metadata": {"generateName": name + "-", "namespace": namespace, "labels": labels,
                             "ownerReferences": [controllers.reference_to(endpoints)]},
                "addressType": "IPv4", **content}, manager="kube-controller-manager")

    @staticmethod
    def _slice(subset):
        endpoints = [{"addresses": [address["ip"]], "conditions": {"ready": ready},
                      **{key: address[key] for key in ("hostname", "nodeName", "targetRef") if key in address}}
                     for field, ready in (("addresses", True), ("notReadyAddresses", False))
                     for address in subset.get(field) or []]
        ports = [{"name": port.get("name", ""), "protocol": port.get("protocol", "TCP"), "port": port["port"]}
                 for port in subset.get("ports") or []]
        return {"endpoints": endpoints, "ports": ports}


def _ports(service, pod):
    """The Service's ports as this pod has them; one that it doesn't have is left out. Hashable."""
    found = []
    for port in service["spec"].get("ports") or []:
        number = _target(port, pod)
        if number is not None:
            entry = (("name", port.get("name") or ""), ("port", number), ("protocol", port.get("protocol", "TCP")))
            if port.get("appProtocol"):
                entry += (("appProtocol", port["appProtocol"]),)
            found.append(entry)
    return tuple(sorted(found))


def _target(port, pod):
    target = port.get("targetPort", port["port"])
    if isinstance(target, int):
        return target
    for container in pod["spec"]["containers"] + [each for each in pod["spec"].get("initContainers") or []
                                                  if each.get("restartPolicy") == "Always"]:
        for candidate in container.get("ports") or []:
            if (candidate.get("name") == target
                    and candidate.get("protocol", "TCP") == port.get("protocol", "TCP")):
                return candidate["containerPort"]
    return None


def _endpoint(service, pod):
    meta = pod["metadata"]
    terminating = "deletionTimestamp" in meta
    serving = controllers.is_ready(pod)
    if service["spec"].get("publishNotReadyAddresses"):
        ready = True
    else:
        ready = serving and not terminating
    endpoint = {"addresses": [pod["status"]["podIP"]],
                "conditions": {"ready": ready, "serving": serving, "terminating": terminating},
                "targetRef": {"kind": "Pod", "namespace": meta["namespace"], "name": meta["name"],
                              "uid": meta["uid"]},
                "nodeName": pod["spec"]["nodeName"]}
    hostname = pod["spec"].get("hostname")
    if hostname and pod["spec"].get("subdomain") == service["metadata"]["name"]:
        endpoint["hostname"] = hostname
    return endpoint


def _address(endpoint):
    address = {"ip": endpoint["addresses"][0], "nodeName": endpoint["nodeName"], "targetRef": endpoint["targetRef"]}
    if "hostname" in endpoint:
        address["hostname"] = endpoint["hostname"]
    return address


def _in_known_order(before, after):
    """Endpoints that were there keep their places, so that a watch shows only what has changed."""
    if not after:
        return None
    places = {endpoint["targetRef"]["uid"]: place for place, endpoint in enumerate(before or [])
              if "targetRef" in endpoint}
    return sorted(after, key=lambda endpoint: places.get(endpoint["targetRef"]["uid"], len(places)))


class ApiServerController(controllers.Controller):
    """`default/kubernetes`: a Service without selector, and its endpoint, the API server; made again when deleted."""

    kind = "Service"
    watches = {"Service": "itself", "Endpoints": "itself", "EndpointSlice": "itself"}

    def __init__(self, store, port):
        super().__init__(store)
        self._port = {"name": "https", "port": port, "protocol": "TCP"}

    def start(self):
        self.reconcile("default", "kubernetes")  # before anybody can ask for it
        super().start()

    def itself(self, obj):
        key = (obj["metadata"].get("namespace"), obj["metadata"]["name"])
        return [key] if key == ("default", "kubernetes") else []

    def reconcile(self, namespace, name):
        for kind, content in (("Service", self._service()), ("Endpoints", self._endpoints()),
                              ("EndpointSlice", self._slice())):
            if self.store.find(kind, namespace, name) is None:
                content["metadata"].update(namespace=namespace, name=name)
                self.store.create(kind, content)

    def _service(self):
        return {"metadata": {"labels": {"component": "apiserver", "provider": "kubernetes"}},
                "spec": {"clusterIP": netns.API_SERVICE_ADDRESS, "ports": [
                    {"name": "https", "port": 443, "protocol": "TCP", "targetPort": self._port["port"]}]}}

    def _endpoints(self):
        return {"metadata": {"labels": {"endpointslice.kubernetes.io/skip-mirror": "true"}},
                "subsets": [{"addresses": [{"ip": netns.NODE_ADDRESS}], "ports": [self._port]}]}

    def _slice(self):
        return {"metadata": {"labels": {"kubernetes.io/service-name": "kubernetes"}}, "addressType": "IPv4",
                "endpoints": [{"addresses": [netns.NODE_ADDRESS], "conditions": {"ready": True}}],
                "ports": [self._port]}
