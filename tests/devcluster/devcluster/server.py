"""The API server: who asks (auth), may they (rbac), what for (requestinfo), and off to the part that answers."""

import asyncio
import dataclasses
import json
import logging
import ssl
import tempfile
import uuid
import weakref

import yaml
from aiohttp import web

from . import (auth, discovery, errors, escalation, exec as exec_route, gate, http_server, kinds, logs, openapi,
               portforward,
               protobuf, rbac, requestinfo, rest, reviews, streams, table, watching)

_LOG = logging.getLogger("apiserver")
_NO_CHECK_TIME = 0x200000  # X509_V_FLAG_NO_CHECK_TIME: an expired certificate gets a 401, not a TLS alert
_MAX_BODY = 3 * 1024 * 1024
_DEPRECATED = {"Endpoints": "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice"}
_HEALTH = ("/healthz", "/livez", "/readyz")


class ApiServer:
    """`listener` is a bound socket of the world outside; inside, it listens on cluster.inside_port as well."""

    def __init__(self, cluster, listener):
        self._cluster = cluster
        self._store = cluster.store
        self.authenticator = auth.Authenticator(cluster.store, cluster.pki)
        self.authorizer = rbac.Authorizer(cluster.store)
        self.address = "%s:%d" % listener.getsockname()
        self.trouble = None  # a fault: function(request) -> response or None
        self._doors = weakref.WeakKeyDictionary()  # aiohttp's handler of a connection -> the gate's connection
        self._handshakes = set()
        self.stopping = asyncio.Event()  # replaced on a restart: running watches end
        self._http = http_server.Server(self._handle, keepalive_timeout=90, max_line_size=65536,
                                        max_field_size=65536, access_log=None, logger=_LOG)
        self.gate = gate.Gate(listener, self._serve)
        self._tls = _tls_context(cluster.pki)
        self._inside = None

    async def start(self):
        loop = asyncio.get_running_loop()
        self._inside = await loop.create_server(self._http, "0.0.0.0", self._cluster.inside_port, ssl=self._tls)
        self.gate.start()

    async def stop(self):
        self.stopping.set()
        self.gate.stop()
        self._inside.close()
        await self._http.shutdown(0.1)

    async def restart(self, seconds):
        """Gone for a while, then back with its state: connections reset, watches and streams ended."""
        self.gate.refuse()
        self.stopping.set()
        self.gate.cut()
        await self._http.shutdown(0.1)
        await asyncio.sleep(seconds)
        self.stopping = asyncio.Event()
        self.gate.admit()

    def _serve(self, connection, door):
        task = asyncio.get_running_loop().create_task(self._handshake(connection, door))
        self._handshakes.add(task)  # the loop itself keeps no task alive
        task.add_done_callback(self._handshakes.discard)

    async def _handshake(self, connection, door):
        def handler():
            made = self._http()
            self._doors[made] = door
            return made
        loop = asyncio.get_running_loop()
        try:
            await loop.connect_accepted_socket(handler, connection, ssl=self._tls, ssl_handshake_timeout=30)
        except (OSError, ssl.SSLError, asyncio.TimeoutError) as error:
            _LOG.debug("TLS handshake: %s", error)
            connection.close()

    # One request

    async def _handle(self, request):
        try:
            return await self._answer(request)
        except errors.ApiError as error:
            return status_response(error)
        except ConnectionError:  # the client has gone: nobody to answer
            return http_server.Taken()
        except Exception as error:
            _LOG.exception("%s %s", request.method, request.path_qs)
            return status_response(errors.ApiError(500, "InternalError", f"Internal error occurred: {error}",
                                           {"causes": [{"message": str(error)}]}))

    async def _answer(self, request):
        if self.trouble:
            answer = self.trouble(request)
            if answer is not None:
                return answer
        user = self.authenticator.identify(request)
        info = requestinfo.parse(request.method, request.path, request.query)
        user = self._impersonated(request, user)
        self._require(user, info)
        if info.is_resource:
            return await self._resource(request, info, user)
        return self._plain(request)

    def _impersonated(self, request, user):
        wanted = auth.impersonation(request)
        if wanted is None:
            return user
        asked = [("users", wanted.name, "")]
        if wanted.name.startswith("system:serviceaccount:"):
            _, _, namespace, name = wanted.name.split(":", 3)
            asked = [("serviceaccounts", name, namespace)]
        asked += [("groups", group, "") for group in request.headers.getall("Impersonate-Group", [])]
        for resource, name, namespace in asked:
            info = requestinfo.RequestInfo("", "impersonate", True, "", "v1", namespace, resource, "", name)
            self._require(user, info)
        return wanted

    def _require(self, user, info):
        if not self.authorizer.allows(user, info):
            raise _refusal(user, info)

    def _plain(self, request):
        path, accept = request.path, request.headers.get("Accept", "")
        if path.rstrip("/") == "/version":
            return _json(200, discovery.VERSION)
        if path in _HEALTH:
            return web.Response(text="ok", headers={"Cache-Control": "no-cache, private"})
        found = discovery.answer(path, accept, self.address)
        if found:
            kind, body = found
            return _json(200, body, kind)
        if path == "/openapi/v2":
            return web.Response(body=openapi.v2_protobuf(), content_type=openapi.V2_PROTOBUF)
        if path == "/openapi/v3":
            return _json(200, openapi.v3_index())
        if path.startswith("/openapi/v3/"):
            document = openapi.v3_document(path[len("/openapi/v3/"):])
            if document:
                return _json(200, document)
        return _page_not_found()

    async def _resource(self, request, info, user):
        if info.group and not discovery.known_group(info.group, info.version):
            return _page_not_found()
        resource = kinds.at(info.group, info.version, info.resource)
        if resource is None or (info.subresource and info.subresource not in resource.subresources):
            raise errors.no_such_path()
        if resource.namespaced and not info.namespace and info.verb not in ("list", "watch"):
            if not _creates_review(info, resource):
                raise errors.no_such_path()
        if not resource.namespaced and info.namespace and resource.kind != "Namespace":
            raise errors.no_such_path()
        _check_method(info, resource)
        if resource.kind == "Namespace":
            info.namespace = ""
        call = rest.Call(self._store, info, resource, request.query, await _body(request, info),
                         request.content_type, request.headers.get("User-Agent", ""),
                         lambda verb: self._require(user, dataclasses.replace(info, verb=verb)))
        call.vet = lambda obj: escalation.check(call, user, self.authorizer, obj)
        if info.verb in ("update", "patch", "delete"):
            self._store.strategy.check_denied(info.path)
        if resource.kind in _DEPRECATED:
            call.warnings.append(_DEPRECATED[resource.kind])
        if info.subresource in ("portforward", "exec", "attach", "log"):
            return await self._pod_stream(request, info)
        if info.verb == "watch":
            return await watching.serve(call, request, _wants(request, "Table"), self.stopping)
        return self._object_answer(request, call, user)

    def _object_answer(self, request, call, user):
        """Everything that is one answer: objects, lists, tables, reviews."""
        if call.resource.verbs == ("create",):
            code, body = reviews.answer(call, user, self.authorizer, self.authenticator)
        elif call.info.subresource in ("scale", "binding", "eviction", "ephemeralcontainers", "token", "finalize"):
            code, body = self._subresource(call)
        elif call.info.verb == "list":
            return self._list(request, call)
        else:
            code, body = _VERBS[call.info.verb](call)
        if code in (200, 201) and _wants(request, "Table") and body.get("kind") == call.kind:
            meta = {"resourceVersion": body["metadata"].get("resourceVersion", "")}
            body = table.render(call.kind, [body], meta, request.query.get("includeObject", "Metadata"))
        elif _wants(request, "PartialObjectMetadata") and body.get("kind") == call.kind:
            body = _metadata_only(body)
        return _json(code, body, warnings=call.warnings)

    def _list(self, request, call):
        found, meta = rest.select(call)
        if _wants(request, "Table"):
            include = request.query.get("includeObject", "Metadata")
            return _json(200, table.render(call.kind, found, meta, include), warnings=call.warnings)
        body = rest.as_list(call, found, meta)
        if _wants(request, "PartialObjectMetadataList"):
            body = {"kind": "PartialObjectMetadataList", "apiVersion": "meta.k8s.io/v1", "metadata": meta,
                    "items": [_metadata_only(obj) for obj in found]}
        return _json(200, body, warnings=call.warnings)

    def _subresource(self, call):
        if call.info.subresource == "token":
            return rest.token(call, self._cluster.pki)
        functions = {"scale": rest.scale, "binding": rest.binding, "eviction": rest.eviction,
                     "ephemeralcontainers": rest.ephemeral_containers, "finalize": rest.finalize}
        return functions[call.info.subresource](call)

    async def _pod_stream(self, request, info):
        pod = self._store.get("Pod", info.namespace, info.name)
        name = info.name
        if info.subresource == "log":
            return await logs.serve(self._cluster, request, pod)
        if not pod["spec"].get("nodeName"):
            raise errors.bad_request(f"pod {name} does not have a host assigned")
        if request.protocol in self._doors:
            self._doors[request.protocol].is_stream = True
        upgrade = request.headers.get("Upgrade", "").lower()
        if upgrade.startswith("spdy/3.1"):
            return await streams.serve_spdy(self._cluster, request, pod, info.subresource)
        if upgrade != "websocket":
            raise errors.bad_request("Upgrade request required")
        offered = request.headers.get("Sec-WebSocket-Protocol", "")
        if info.subresource == "portforward" and streams.TUNNEL_PROTOCOL in offered:
            return await streams.serve_tunnel(self._cluster, request, pod)
        routes = {"exec": exec_route.serve, "attach": exec_route.serve_attach, "portforward": portforward.serve}
        return await routes[info.subresource](self._cluster, request, pod)


_VERBS = {"get": rest.get, "create": rest.create, "update": rest.update, "patch": rest.patch_object,
          "delete": rest.delete, "deletecollection": rest.delete_collection}


def _tls_context(authority):
    """TLS as the real server has it: client certificates welcome, not required; HTTP/1.1 only."""
    names = ["127.0.0.1", "10.96.0.1", "10.99.0.1", "localhost", "kubernetes", "kubernetes.default",
             "kubernetes.default.svc", "kubernetes.default.svc.cluster.local"]
    certificate, key = authority.server_certificate(names)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.NamedTemporaryFile() as file:  # the ssl module reads certificates from files only
        file.write(certificate + key)
        file.flush()
        context.load_cert_chain(file.name)
    context.load_verify_locations(cadata=authority.ca_pem.decode())
    context.verify_mode = ssl.CERT_OPTIONAL
    context.verify_flags |= _NO_CHECK_TIME
    context.set_alpn_protocols(["http/1.1"])
    return context


def _refusal(user, info):
    why = rbac.refusal(user, info)
    if not info.is_resource:
        error = errors.ApiError(403, "Forbidden", f"forbidden: {why}", {})
    else:
        what = f"{info.resource}.{info.group}" if info.group else info.resource
        if info.name:
            what += f' "{info.name}"'
        details = {"name": info.name} if info.name else {}
        if info.group:
            details["group"] = info.group
        details["kind"] = info.resource
        error = errors.ApiError(403, "Forbidden", f"{what} is forbidden: {why}", details)
    error.headers = {"X-Content-Type-Options": "nosniff"}
    return error


def _check_method(info, resource):
    """405 for a verb that the resource doesn't have."""
    if info.subresource:
        allowed = resource.subresources[info.subresource][2]
    else:
        allowed = resource.verbs
    if info.verb not in allowed or (info.verb in ("update", "patch", "delete") and not info.name):
        raise errors.ApiError(405, "MethodNotAllowed",
                              "the server does not allow this method on the requested resource", {})


def _creates_review(info, resource):
    return info.verb == "create" and resource.verbs == ("create",)


async def _body(request, info):
    """The decoded body; {} when there is none."""
    if info.verb in ("get", "list", "watch") or request.headers.get("Upgrade"):
        return {}
    if request.headers.get("Expect", "").lower() == "100-continue":
        request.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    raw = bytearray()
    async for chunk in request.content.iter_any():
        raw += chunk
        if len(raw) > _MAX_BODY:
            raise errors.ApiError(413, "RequestEntityTooLarge",
                                  f"Request entity too large: limit is {_MAX_BODY}", {})
    if not raw.strip():
        return {}
    return _decode(bytes(raw), request.content_type)


def _decode(raw, content_type):
    if content_type == protobuf.CONTENT_TYPE:
        return protobuf.decode(raw)
    if content_type in ("application/yaml", "application/apply-patch+yaml"):
        try:
            return yaml.load(raw, Loader=_YamlLoader)
        except yaml.YAMLError as error:
            raise errors.bad_request(f"error decoding YAML: {error}") from None
    if content_type.endswith("json") or content_type == "application/octet-stream":
        try:
            return json.loads(raw)
        except ValueError as error:
            raise errors.bad_request("the object provided is unrecognized (must be of type object): couldn't get "
                                     f"version/kind; json parse error: {error}") from None
    raise errors.ApiError(415, "UnsupportedMediaType", "the body of the request was in an unknown format - accepted "
                          "media types include: application/json, application/yaml", {})


class _YamlLoader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
    """YAML as JSON has it: a date is a string."""


_YamlLoader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in _YamlLoader.yaml_implicit_resolvers.items()}


def _wants(request, kind):
    """Whether the first acceptable form is this one (Table, PartialObjectMetadata, ...)."""
    for choice in request.headers.get("Accept", "").replace(" ", "").split(","):
        parameters = choice.split(";")
        if parameters[0] in ("application/json", "*/*"):
            return f"as={kind}" in parameters and "v=v1" in parameters
    return False


def _metadata_only(obj):
    return {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": obj["metadata"]}


def _json(code, body, content_type="application/json", warnings=(), headers=None):
    response = web.Response(status=code, body=json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode()
                            + b"\n")
    response.headers["Content-Type"] = content_type
    response.headers["Cache-Control"] = "no-cache, private"
    response.headers["Audit-Id"] = str(uuid.uuid4())
    for name, value in (headers or {}).items():
        response.headers[name] = value
    for text in warnings:
        escaped = text.replace("\\", "\\\\").replace('"', '\\"')
        response.headers.add("Warning", f'299 - "{escaped}"')
    return response


def status_response(error):
    """The answer that an ApiError is."""
    return _json(error.code, error.status(), headers=error.headers)


def _page_not_found():
    return web.Response(status=404, text="404 page not found\n")
