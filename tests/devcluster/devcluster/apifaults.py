"""What `ctl` can do to the API server and the way to it. Every command takes a list of words and returns a text."""

import asyncio
import json

import yaml
from aiohttp import web

from . import errors, pki, server
from .store import now


def table(cluster):
    """{command: async function(cluster, words) -> text}; `help` describes them all."""
    commands = {
        "admit": _admit, "answer": _answer, "answer-page": _answer_page, "clear": _clear, "cut": _cut,
        "cut-idle": _cut_idle, "deny": _deny, "expire": _expire, "forget-history": _forget_history, "refuse": _refuse,
        "lose": _lose, "restart": _restart, "resume": _resume, "rotate-keys": _rotate_keys, "stall": _stall, "user": _user,
    }

    async def describe(_cluster, _words):
        """help: this."""
        every = {**commands, **cluster.node.faults, "help": describe}
        return "\n".join(_describe(name, function) for name, function in sorted(every.items()))
    return {**commands, "help": describe}


def _describe(name, function):
    text = (function.__doc__ or "").strip()
    return text if text.startswith(name) else f"{name}: {text or 'arguments: NAMESPACE/POD'}"


# The way to the server


async def _cut(cluster, words):
    """cut [streams]: resets every connection to the API server, or only the streams to pods."""
    return f"{cluster.server.gate.cut(words[:1] == ['streams'])} connections reset"


async def _stall(cluster, words):
    """stall [streams] [SECONDS]: no byte moves, no connection is closed; until `resume` or for so long."""
    gate = cluster.server.gate
    streams = words[:1] == ["streams"]
    words = words[1:] if streams else words
    gate.stall(streams)
    if words:
        asyncio.get_running_loop().call_later(float(words[0]), gate.resume)
    return "stalled"


async def _lose(cluster, words):
    """lose [streams]: the present connections carry nothing any more, and nobody is told; new ones do."""
    return f"{cluster.server.gate.lose(words[:1] == ['streams'])} connections lost"


async def _resume(cluster, words):
    """resume: ends `stall`."""
    cluster.server.gate.resume()
    return "flowing"


async def _cut_idle(cluster, words):
    """cut-idle SECONDS|off: closes connections on which nothing moved for so long, as load balancers do."""
    limit = None if words[0] == "off" else float(words[0])
    cluster.server.gate.cut_idle_after(limit)
    return "off" if limit is None else f"connections idle for {limit:g} s are closed"


async def _refuse(cluster, words):
    """refuse [SECONDS]: new connections are refused; until `admit` or for so long."""
    gate = cluster.server.gate
    gate.refuse()
    if words:
        asyncio.get_running_loop().call_later(float(words[0]), gate.admit)
    return "new connections are refused"


async def _admit(cluster, words):
    """admit: ends `refuse`."""
    cluster.server.gate.admit()
    return "new connections are accepted"


async def _clear(cluster, words):
    """clear: ends `stall`, `refuse`, `cut-idle`, `answer`, `deny` and `lag`."""
    gate = cluster.server.gate
    gate.resume()
    gate.admit()
    gate.cut_idle_after(None)
    cluster.server.trouble = None
    cluster.store.strategy.denied.clear()
    cluster.node.services.lag = 0.0
    return "all clear"


async def _restart(cluster, words):
    """restart [SECONDS]: the API server goes away for so long (1) and comes back with its state."""
    await cluster.server.restart(float(words[0]) if words else 1.0)
    return "restarted"


# Answers


async def _answer(cluster, words):
    """answer CODE SECONDS [PATH-PART]: requests (whose path has that part) get CODE (429, 5xx) for so long."""
    code = int(words[0])
    return _answer_all(cluster, words, lambda: server.status_response(_trouble(code)))


async def _answer_page(cluster, words):
    """answer-page CODE SECONDS [PATH-PART]: the same with a page of HTML, as from a proxy or load balancer."""
    code = int(words[0])
    return _answer_all(cluster, words, lambda: web.Response(
        status=code, content_type="text/html", text=f"<html><body><h1>{code}</h1></body></html>\n"))


def _answer_all(cluster, words, make):
    seconds, part = float(words[1]), words[2] if len(words) > 2 else "/"
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    cluster.server.trouble = lambda request: make() if loop.time() < end and part in request.path else None
    return f"{words[0]} for {seconds:g} s where the path has {part}"


async def _deny(cluster, words):
    """deny PATH-PART MESSAGE: an admission webhook refuses writes to such paths, controllers' creations included."""
    cluster.store.strategy.denied[words[0]] = " ".join(words[1:])
    return f"writes are denied where the path has {words[0]}"


def _trouble(code):
    if code == 429:
        return errors.ApiError(429, "TooManyRequests", "too many requests, please try again later",
                               {"retryAfterSeconds": 1}, {"Retry-After": "1"})
    if code == 503:
        return errors.ApiError(503, "ServiceUnavailable", "the server is currently unable to handle the request", {})
    if code == 504:
        return errors.ApiError(504, "Timeout", "the server was unable to return a response in the time allotted, but "
                               "may still be processing the request", {})
    return errors.ApiError(code, "InternalError", "Internal error occurred: etcdserver: request timed out",
                           {"causes": [{"message": "etcdserver: request timed out"}]})


async def _forget_history(cluster, words):
    """forget-history: watches from any version so far get 410."""
    cluster.store.forget_history()
    return f"versions below {cluster.store.version} are forgotten"


# Users and what they show


async def _user(cluster, words):
    """user NAME [--role FILE] [--namespace NS] [--group G]... [--token|--certificate] [--seconds N]: a kubeconfig."""
    # `ctl` reads FILE and sends its text: the rules of a Role, or of a ClusterRole where there is no namespace.
    name, options = words[0], _options(words[1:])
    seconds = int(options.get("seconds", ["86400"])[0])
    groups = options.get("group", [])
    namespace = options.get("namespace", [None])[0]
    for text in options.get("role-text", []):
        _grant(cluster.store, name, _rules(text), namespace)
    if "certificate" in options:
        entry = pki.certificate_user(*cluster.pki.client_certificate(name, groups, seconds))
    else:
        entry = {"token": cluster.server.authenticator.issue_token(name, groups, seconds)}
    config = pki.kubeconfig(f"https://{cluster.server.address}", cluster.pki.ca_pem, entry, name, namespace,
                            cluster.options.control)
    return json.dumps(config, indent=1)


def _options(words):
    found, at = {}, 0
    while at < len(words):
        name = words[at].removeprefix("--")
        if name in ("token", "certificate"):
            found[name] = []
            at += 1
        elif name in ("seconds", "group", "namespace", "role-text"):
            found.setdefault(name, []).append(words[at + 1])
            at += 2
        else:
            raise ValueError(f"unknown option {words[at]}")
    return found


def _rules(text):
    """The rules of a Role's YAML, or of several in one file; other objects in it don't matter."""
    return [rule for each in yaml.safe_load_all(text) if isinstance(each, dict) for rule in each.get("rules") or []]


def _grant(store, user, rules, namespace):
    """A Role (or ClusterRole) with the rules, bound to the user; replaces what was granted before."""
    prefix = "" if namespace else "Cluster"
    meta = {"name": f"ferry-devcluster-{user}", **({"namespace": namespace} if namespace else {})}
    for kind in (f"{prefix}Role", f"{prefix}RoleBinding"):
        if store.find(kind, namespace, meta["name"]):
            store.delete(kind, namespace, meta["name"])
    store.create(f"{prefix}Role", {"metadata": dict(meta), "rules": rules})
    store.create(f"{prefix}RoleBinding", {
        "metadata": dict(meta), "subjects": [{"kind": "User", "name": user}],
        "roleRef": {"kind": f"{prefix}Role", "name": meta["name"]}})


async def _expire(cluster, words):
    """expire NAME: the tokens issued to a user are worth nothing from now on."""
    return f"{cluster.server.authenticator.expire_tokens(words[0])} tokens expired at {now()}"


async def _rotate_keys(cluster, words):
    """rotate-keys: service account tokens issued so far are worth nothing from now on."""
    cluster.pki.rotate_signing_key()
    return "service account tokens have a new signing key"
