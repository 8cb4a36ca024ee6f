"""A pod's line in `kubectl get pods`: the STATUS column is worked out from all its containers' states."""

from .table_text import age

COLUMNS = [("Name", "string", "name", 0), ("Ready", "string", "", 0), ("Status", "string", "", 0),
           ("Restarts", "string", "", 0), ("Age", "string", "", 0), ("IP", "string", "", 1),
           ("Node", "string", "", 1), ("Nominated Node", "string", "", 1), ("Readiness Gates", "string", "", 1)]


def is_over(pod):
    return pod.get("status", {}).get("phase") in ("Succeeded", "Failed")


def over(pod):
    if pod["status"]["phase"] == "Succeeded":
        return {"type": "Completed", "status": "True", "reason": "Succeeded",
                "message": "The pod has completed successfully."}
    return {"type": "Completed", "status": "True", "reason": "Failed", "message": "The pod failed."}


def row(pod):
    spec, status = pod["spec"], pod.get("status", {})
    reason, restarts, last_restart, ready = _state(pod)
    text = str(restarts)
    if restarts and last_restart:
        text += f" ({age(pod, last_restart)} ago)"
    total = len(spec.get("containers") or [])
    sidecars = [each for each in spec.get("initContainers") or [] if each.get("restartPolicy") == "Always"]
    ips = [each["ip"] for each in status.get("podIPs") or []]
    gates = "<none>"
    if spec.get("readinessGates"):
        conditions = {each["type"]: each["status"] for each in status.get("conditions") or []}
        passed = sum(conditions.get(gate["conditionType"]) == "True" for gate in spec["readinessGates"])
        gates = f"{passed}/{len(spec['readinessGates'])}"
    return [pod["metadata"]["name"], f"{ready}/{total + len(sidecars)}", reason, text, age(pod),
            ips[0] if ips else "<none>", spec.get("nodeName") or "<none>",
            status.get("nominatedNodeName") or "<none>", gates]


def _state(pod):
    """(reason, restarts, time of the last restart, ready containers)"""
    status = pod.get("status", {})
    reason = status.get("reason") or status.get("phase", "Unknown")
    for condition in status.get("conditions") or []:
        if condition["type"] == "PodScheduled" and condition.get("reason") == "SchedulingGated":
            reason = "SchedulingGated"
    reason, initializing = _init_state(pod, reason)
    statuses = status.get("containerStatuses") or []
    ready, running = 0, False
    if not initializing:
        reason, ready, running = _main_state(statuses, reason)
        if reason == "Completed" and running:
            is_ready = any(each["type"] == "Ready" and each["status"] == "True"
                           for each in status.get("conditions") or [])
            reason = "Running" if is_ready else "NotReady"
    counted = (status.get("initContainerStatuses") or []) if initializing else statuses
    restarts = sum(each.get("restartCount", 0) for each in counted)
    ended = [((each.get("lastState") or {}).get("terminated") or {}).get("finishedAt") for each in counted]
    if "deletionTimestamp" in pod["metadata"]:
        if status.get("reason") == "NodeLost":
            reason = "Unknown"
        elif not is_over(pod):
            reason = "Terminating"
    return reason, restarts, max(filter(None, ended), default=None), ready


def _init_state(pod, reason):
    """The first init container that isn't done decides."""
    specs = pod["spec"].get("initContainers") or []
    for index, each in enumerate(pod.get("status", {}).get("initContainerStatuses") or []):
        state = each.get("state") or {}
        ended, waiting = state.get("terminated"), state.get("waiting")
        if ended is not None and ended.get("exitCode") == 0:
            continue
        sidecar = index < len(specs) and specs[index].get("restartPolicy") == "Always"
        if sidecar and each.get("started"):
            continue
        if ended is not None:
            return "Init:" + _ended(ended), True
        if waiting and waiting.get("reason") and waiting["reason"] != "PodInitializing":
            return "Init:" + waiting["reason"], True
        return f"Init:{index}/{len(specs)}", True
    return reason, False


def _ended(ended):
    if ended.get("reason"):
        return ended["reason"]
    return f"Signal:{ended['signal']}" if ended.get("signal") else f"ExitCode:{ended.get('exitCode')}"


def _main_state(statuses, reason):
    ready, running = 0, False
    for each in reversed(statuses):
        state = each.get("state") or {}
        if (state.get("waiting") or {}).get("reason"):
            reason = state["waiting"]["reason"]
        elif state.get("terminated"):
            reason = _ended(state["terminated"])
        elif each.get("ready") and state.get("running") is not None:
            running = True
            ready += 1
    return reason, ready, running
