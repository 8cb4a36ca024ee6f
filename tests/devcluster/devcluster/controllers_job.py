"""Jobs: pods that are to end, retries, deadlines, and the time to live of what has ended."""

import datetime
import time

from . import controllers, errors, node_events
from . import store as store_


class JobController(controllers.Controller):
    kind = "Job"
    watches = {"Job": "itself", "Pod": "owner"}

    def __init__(self, store, backoff=10.0):
        """`backoff`: seconds between a pod's failure and the next one; doubles with each."""
        super().__init__(store)
        self._backoff = backoff
        self._ended = {}  # uid of a job -> {uid of a pod of it: (succeeded, when it was seen to have ended)}
        self._events = node_events.Recorder(store, "job-controller")

    def reconcile(self, namespace, name):
        job = self.store.find("Job", namespace, name)
        if job is None or "deletionTimestamp" in job["metadata"]:
            if job is not None:
                self._ended.pop(job["metadata"]["uid"], None)
            return
        if _end_of(job) is not None:
            self._expire(job)
            return
        pods = [pod for pod in self.store.list("Pod", namespace) if controllers.controlled_by(pod, job)]
        counts = self._counts(job, pods)
        end = self._verdict(job, pods, counts)
        if end is not None:
            self._end(job, pods, counts, end)
        elif job["spec"].get("suspend"):
            self._delete_active(pods)
            self._write_status(job, counts, [_condition("Suspended", "JobSuspended", "Job suspended")])
        else:
            self._run(job, pods, counts)

    def _counts(self, job, pods):
        """Pods that have ended count for good, also when they are gone; one that was deleted counts as failed."""
        ended = self._ended.setdefault(job["metadata"]["uid"], {})
        for pod in pods:
            if not controllers.is_active(pod) and not job["spec"].get("suspend"):
                succeeded = (pod.get("status") or {}).get("phase") == "Succeeded"
                ended.setdefault(pod["metadata"]["uid"], (succeeded, time.monotonic()))
        active = [pod for pod in pods if controllers.is_active(pod)]
        return {"active": len(active), "ready": sum(controllers.is_ready(pod) for pod in active),
                "succeeded": sum(succeeded for succeeded, _ in ended.values()),
                "failed": sum(not succeeded for succeeded, _ in ended.values()),
                "terminating": sum("deletionTimestamp" in pod["metadata"] for pod in pods)}

    def _verdict(self, job, pods, counts):
        """(type, reason, message) of the condition that ends the job; None while it goes on."""
        spec = job["spec"]
        wanted = spec.get("completions")
        if counts["succeeded"] >= (1 if wanted is None else wanted) and (wanted is not None or not counts["active"]):
            return "Complete", "CompletionsReached", "Reached expected number of succeeded pods"
        retries = counts["failed"] + sum(_restarts(pod) for pod in pods if controllers.is_active(pod))
        if retries > spec.get("backoffLimit", 6):
            return "Failed", "BackoffLimitExceeded", "Job has reached the specified backoff limit"
        deadline, began = spec.get("activeDeadlineSeconds"), (job.get("status") or {}).get("startTime")
        if deadline is not None and began and not spec.get("suspend"):
            left = deadline - _age(began)
            if left <= 0:
                return "Failed", "DeadlineExceeded", "Job was active longer than specified deadline"
            self.enqueue_later(job["metadata"]["namespace"], job["metadata"]["name"], left + 0.05)
        return None

    def _run(self, job, pods, counts):
        """Creates what is missing; after a failure only after a pause that doubles."""
        spec, meta = job["spec"], job["metadata"]
        wanted = spec.get("parallelism", 1)
        if spec.get("completions") is not None:
            wanted = min(wanted, spec["completions"] - counts["succeeded"])
        missing = wanted - counts["active"]
        if spec.get("podReplacementPolicy") == "Failed":
            missing -= counts["terminating"]
        if missing > 0 and counts["failed"]:
            pause = self._pause_left(meta["uid"])
            if pause > 0:
                self.enqueue_later(meta["namespace"], meta["name"], pause)
                missing = 0
        for _ in range(missing):
            created = self._create_pod(job)
            if created is None:
                break
            counts["active"] += 1
        if missing < 0:
            self._delete_active(sorted(pods, key=controllers.is_ready)[:-missing])
        self._write_status(job, counts, None)

    def _pause_left(self, uid):
        failed = [when for succeeded, when in self._ended[uid].values() if not succeeded]
        return self._backoff * 2 ** (len(failed) - 1) - (time.monotonic() - max(failed))

    def _create_pod(self, job):
        meta, template = job["metadata"], job["spec"]["template"]
        try:
            created = self.store.create("Pod", controllers.pod_from_template(job, template, meta["name"] + "-"),
                                        manager="kube-controller-manager")
        except errors.ApiError as error:
            self._events.warning(job, "FailedCreate", f"Error creating: {error.message}")
            self.enqueue_later(meta["namespace"], meta["name"], 2)
            return None
        self._events.normal(job, "SuccessfulCreate", f"Created pod: {created['metadata']['name']}")
        return created

    def _delete_active(self, pods):
        for pod in pods:
            if controllers.is_active(pod):
                self.store.delete("Pod", pod["metadata"]["namespace"], pod["metadata"]["name"])

    def _end(self, job, pods, counts, end):
        """In two steps, as the real controller does it: first that it will end so, then that it has."""
        kind, reason, message = end
        self._delete_active(pods)
        counts.update(active=0, ready=0, terminating=0)
        first = _condition("SuccessCriteriaMet" if kind == "Complete" else "FailureTarget", reason, message)
        self._write_status(job, counts, [first])
        job = self._write_status(job, counts, [first, _condition(kind, reason, message)],
                                 store_.now() if kind == "Complete" else None)
        if kind == "Complete":
            self._events.normal(job, "Completed", "Job completed")
        else:
            self._events.warning(job, reason, message)
        self._expire(job)

    def _write_status(self, job, counts, conditions, completed=None):
        meta = job["metadata"]

        def change(obj):
            status = obj.setdefault("status", {})
            status.setdefault("startTime", store_.now())
            for field in ("active", "succeeded", "failed"):
                if counts[field]:
                    status[field] = counts[field]
                else:
                    status.pop(field, None)
            status.update(ready=counts["ready"], terminating=counts["terminating"], uncountedTerminatedPods={})
            if conditions is not None:
                known = {each["type"]: each for each in status.get("conditions") or []}
                status["conditions"] = [known.get(each["type"], each) for each in conditions]
            elif controllers.condition(obj, "Suspended"):
                status["conditions"] = [{**_condition("Suspended", "JobResumed", "Job resumed"), "status": "False"}]
            if completed:
                status["completionTime"] = completed
        return self.store.modify("Job", meta["namespace"], meta["name"], change, "status",
                                 manager="kube-controller-manager")

    def _expire(self, job):
        seconds, meta = job["spec"].get("ttlSecondsAfterFinished"), job["metadata"]
        if seconds is None:
            return
        left = seconds - _age(_end_of(job)["lastTransitionTime"])
        if left > 0:
            self.enqueue_later(meta["namespace"], meta["name"], left)
        else:
            self.store.delete("Job", meta["namespace"], meta["name"], propagation="Foreground", uid=meta["uid"])


def _condition(kind, reason, message):
    return {"type": kind, "status": "True", "lastProbeTime": store_.now(), "lastTransitionTime": store_.now(),
            "reason": reason, "message": message}


def _end_of(job):
    return controllers.condition(job, "Complete") or controllers.condition(job, "Failed")


def _restarts(pod):
    return sum(each["restartCount"] for each in (pod.get("status") or {}).get("containerStatuses") or [])


def _age(text):
    moment = datetime.datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=datetime.timezone.utc)
    return (datetime.datetime.now(datetime.timezone.utc) - moment).total_seconds()
