#!/usr/bin/python3
"""Controllers: rollouts, jobs, stateful sets, garbage collection, the end of namespaces."""

import re

import node_test_support as support


class DeploymentTest(support.ClusterTest):
    def deploy(self, replicas=2, image="http-echo", command=None, **spec):
        main = {"name": "main", "image": image, "readinessProbe": {
            "httpGet": {"path": "/healthz", "port": 8080}, "periodSeconds": 1, "failureThreshold": 1}}
        if command:
            main["command"] = command
        return self.create("Deployment", {"metadata": {"name": "web"}, "spec": {
            "replicas": replicas, "selector": {"matchLabels": {"app": "web"}},
            "template": {"metadata": {"labels": {"app": "web"}},
                         "spec": {"terminationGracePeriodSeconds": 1, "containers": [main]}}, **spec}})

    def status_of(self, kind="Deployment", name="web"):
        return (self.store.find(kind, self.namespace, name) or {}).get("status") or {}

    def condition_of(self, condition, kind="Deployment", name="web"):
        return next((each for each in self.status_of(kind, name).get("conditions") or []
                     if each["type"] == condition), {})

    async def until_rolled_out(self, replicas=2):
        def done():
            deployment, status = self.store.get("Deployment", self.namespace, "web"), self.status_of()
            return (status.get("observedGeneration") == deployment["metadata"]["generation"]
                    and status.get("replicas") == status.get("updatedReplicas") == status.get("availableReplicas")
                    == replicas)
        await self.until(done, what=f"{self.status_of()}")

    def change(self, **environment):
        def change(obj):
            obj["spec"]["template"]["spec"]["containers"][0]["env"] = [
                {"name": name, "value": value} for name, value in environment.items()]
        self.store.modify("Deployment", self.namespace, "web", change)

    def sets(self):
        return {each["metadata"]["annotations"]["deployment.kubernetes.io/revision"]: each
                for each in self.store.list("ReplicaSet", self.namespace)}

    async def test_the_status_is_as_recorded(self):
        self.deploy()
        await self.until_rolled_out()
        recorded = support.fixture("deployment-ready")["response"]["body"]["status"]
        name = self.store.list("ReplicaSet", self.namespace)[0]["metadata"]["name"]

        def plain(status):
            return {**status, "conditions": [
                (each["type"], each["status"], each["reason"], re.sub(r'"web-\w+"', f'"{name}"', each["message"]))
                for each in status["conditions"]]}
        self.assertEqual(plain(self.status_of()), plain(recorded))

    async def test_a_rollout_never_has_fewer_than_allowed(self):
        self.deploy(replicas=4)
        await self.until_rolled_out(4)
        lowest = [4]

        def seen():
            ready = sum(any(each["type"] == "Ready" and each["status"] == "True"
                            for each in pod["status"].get("conditions") or [])
                        for pod in self.store.list("Pod", self.namespace)
                        if "deletionTimestamp" not in pod["metadata"])
            lowest[0] = min(lowest[0], ready)
            status = self.status_of()
            return status.get("updatedReplicas") == status.get("replicas") == status.get("availableReplicas") == 4
        self.change(VERSION="2")
        await self.until(lambda: "2" in self.sets())
        await self.until(seen)
        self.assertGreaterEqual(lowest[0], 3)
        self.assertEqual({revision: each["spec"]["replicas"] for revision, each in self.sets().items()},
                         {"1": 0, "2": 4})

    async def test_a_template_that_was_there_before_gets_its_replica_set_back(self):
        self.deploy(replicas=1)
        await self.until_rolled_out(1)
        first = self.sets()["1"]["metadata"]["name"]
        self.change(VERSION="2")
        await self.until_rolled_out(1)
        self.store.modify("Deployment", self.namespace, "web", lambda obj: obj["spec"]["template"]["spec"][
            "containers"][0].pop("env"))
        await self.until_rolled_out(1)
        self.assertEqual(self.sets()["3"]["metadata"]["name"], first)
        self.assertEqual(len(self.sets()), 2)

    async def test_a_template_that_does_not_work_leaves_the_old_pods_alone(self):
        self.deploy(progressDeadlineSeconds=1)
        await self.until_rolled_out()
        self.store.modify("Deployment", self.namespace, "web", lambda obj: obj["spec"]["template"]["spec"][
            "containers"][0].update(image="no-such-image"))
        await self.until(lambda: self.condition_of("Progressing").get("reason") == "ProgressDeadlineExceeded")
        self.assertEqual(self.condition_of("Progressing")["status"], "False")
        self.assertEqual(self.condition_of("Available")["status"], "True")
        self.assertEqual(self.sets()["1"]["status"]["readyReplicas"], 2)

    async def test_recreate_ends_the_old_pods_first(self):
        self.deploy(replicas=1, strategy={"type": "Recreate"})
        await self.until_rolled_out(1)
        old = self.store.list("Pod", self.namespace)[0]["metadata"]["name"]
        self.change(VERSION="2")
        both = [False]

        def seen():
            names = {pod["metadata"]["name"] for pod in self.store.list("Pod", self.namespace)}
            both[0] = both[0] or (old in names and len(names) > 1)
            return names and old not in names
        await self.until(seen)
        await self.until_rolled_out(1)
        self.assertFalse(both[0])

    async def test_a_paused_one_is_scaled_all_the_same(self):
        self.deploy(paused=True)
        await self.until(lambda: "observedGeneration" in self.status_of())
        self.assertEqual(self.sets(), {})  # nothing is rolled out while it is paused
        self.store.modify("Deployment", self.namespace, "web", lambda obj: obj["spec"].update(paused=False))
        await self.until_rolled_out()
        self.store.modify("Deployment", self.namespace, "web", lambda obj: obj["spec"].update(paused=True))
        self.change(VERSION="2")
        for replicas in (0, 3):
            self.store.modify("Deployment", self.namespace, "web", lambda obj: obj["spec"].update(replicas=replicas))
            await self.until(lambda: self.status_of().get("availableReplicas", 0) == replicas)
        self.assertEqual(list(self.sets()), ["1"])

    async def test_scaling_amid_a_rollout_reaches_old_and_new(self):
        self.deploy()
        await self.until_rolled_out()
        self.store.modify("Deployment", self.namespace, "web", lambda obj: obj["spec"]["template"]["spec"][
            "containers"][0].update(command=["sleep", "100"]))  # never ready: the rollout goes no further
        await self.until(lambda: self.sets().get("2", {}).get("spec", {}).get("replicas") == 1)

        def pods():
            return len(self.store.list("Pod", self.namespace))
        for paused in (False, True):
            self.store.modify("Deployment", self.namespace, "web",
                              lambda obj: obj["spec"].update(replicas=0, paused=paused))
            await self.until(lambda: pods() == 0)
            self.store.modify("Deployment", self.namespace, "web", lambda obj: obj["spec"].update(replicas=4))
            await self.until(lambda: pods() >= 4)

    async def test_a_deleted_pod_is_replaced(self):
        self.deploy(replicas=1)
        await self.until_rolled_out(1)
        name = self.store.list("Pod", self.namespace)[0]["metadata"]["name"]
        self.store.delete("Pod", self.namespace, name)
        await self.until_gone("Pod", name)
        await self.until_rolled_out(1)
        self.assertNotEqual(self.store.list("Pod", self.namespace)[0]["metadata"]["name"], name)

    async def test_deleting_it_takes_everything_along(self):
        self.deploy(replicas=1)
        await self.until_rolled_out(1)
        self.store.delete("Deployment", self.namespace, "web")
        await self.until(lambda: not self.store.list("ReplicaSet", self.namespace)
                         and not self.store.list("Pod", self.namespace))

    async def test_orphans_are_left_and_adopted_again(self):
        self.deploy(replicas=1)
        await self.until_rolled_out(1)
        pod = self.store.list("Pod", self.namespace)[0]["metadata"]["uid"]
        self.store.delete("Deployment", self.namespace, "web", propagation="Orphan")
        await self.until_gone("Deployment", "web")
        self.assertFalse(self.store.list("ReplicaSet", self.namespace)[0]["metadata"].get("ownerReferences"))
        self.deploy(replicas=1)
        await self.until_rolled_out(1)
        self.assertEqual([each["metadata"]["uid"] for each in self.store.list("Pod", self.namespace)], [pod])


class JobTest(support.ClusterTest):
    def job(self, command, **spec):
        pod = {"restartPolicy": "Never", "terminationGracePeriodSeconds": 1,
               "containers": [{"name": "main", "image": "busybox", "command": ["sh", "-c", command]}]}
        return self.create("Job", {"metadata": {"name": "work"}, "spec": {"template": {"spec": pod}, **spec}})

    def status_of(self):
        return (self.store.find("Job", self.namespace, "work") or {}).get("status") or {}

    async def until_condition(self, kind):
        def found():
            return next((each for each in self.status_of().get("conditions") or [] if each["type"] == kind), None)
        return await self.until(found, what=f"{kind}: {self.status_of()}")

    async def test_it_goes_as_recorded_and_takes_its_secret_along(self):
        """Through the same states as the recorded job, up to its removal when its time to live is over."""
        seen = []
        async with self.store.watch("Job", self.namespace) as events:
            job = self.job("sleep 0.2", ttlSecondsAfterFinished=1, backoffLimit=1)
            self.create("Secret", {"metadata": {"name": "with-it", "ownerReferences": [
                {"apiVersion": "batch/v1", "kind": "Job", "name": "work", "uid": job["metadata"]["uid"]}]}})
            while True:
                event = await events.next(10)
                self.assertIsNotNone(event, self.status_of())
                seen.append(event)
                if event.type == "DELETED":
                    break
        self.assertEqual(self._story(seen), self._story(support.fixture("watch-job-ttl")["events"]))
        await self.until_gone("Secret", "with-it")
        await self.until(lambda: not self.store.list("Pod", self.namespace))

    @staticmethod
    def _story(events):
        """What one sees of it: conditions, success, deletion; every state once."""
        story = []
        for event in events:
            kind = event["type"] if isinstance(event, dict) else event.type
            obj = event["object"] if isinstance(event, dict) else event.object
            status = obj.get("status") or {}
            entry = (kind == "DELETED", [(each["type"], each["reason"], each["message"])
                                         for each in status.get("conditions") or []],
                     "completionTime" in status, obj["metadata"].get("finalizers"))
            if entry not in story:
                story.append(entry)
        return story

    async def test_a_job_that_fails_too_often_has_failed(self):
        self.job("exit 3", backoffLimit=1)
        failed = await self.until_condition("Failed")
        self.assertEqual(failed["reason"], "BackoffLimitExceeded")
        self.assertEqual(self.status_of()["failed"], 2)

    async def test_a_job_past_its_deadline_has_failed(self):
        self.job("exec sleep 100", activeDeadlineSeconds=1)
        self.assertEqual((await self.until_condition("Failed"))["reason"], "DeadlineExceeded")
        await self.until(lambda: not self.store.list("Pod", self.namespace))

    async def test_completions_are_counted(self):
        self.job("true", completions=3, parallelism=2)
        await self.until_condition("Complete")
        self.assertEqual(self.status_of()["succeeded"], 3)

    async def test_a_deleted_pod_counts_as_failed_and_is_replaced(self):
        self.job("exec sleep 100", backoffLimit=5)
        await self.until(lambda: self.status_of().get("ready") == 1)
        name = self.store.list("Pod", self.namespace)[0]["metadata"]["name"]
        self.store.delete("Pod", self.namespace, name)
        await self.until_gone("Pod", name)
        await self.until(lambda: self.status_of().get("ready") == 1)
        self.assertEqual(self.status_of()["failed"], 1)
        self.assertNotIn("conditions", self.status_of())

    async def test_deleting_a_job_ends_its_pod(self):
        self.job("exec sleep 100")
        await self.until(lambda: self.status_of().get("ready") == 1)
        self.store.delete("Job", self.namespace, "work", propagation="Background")
        await self.until(lambda: not self.store.list("Pod", self.namespace))


class StatefulSetTest(support.ClusterTest):
    async def test_pods_come_and_go_in_order_and_keep_their_volumes(self):
        self.create("Service", {"metadata": {"name": "db"}, "spec": {"clusterIP": "None", "selector": {"app": "db"},
                                                                     "ports": [{"port": 80}]}})
        self.create("StatefulSet", {"metadata": {"name": "db"}, "spec": {
            "serviceName": "db", "replicas": 2, "selector": {"matchLabels": {"app": "db"}},
            "volumeClaimTemplates": [{"metadata": {"name": "data"}, "spec": {
                "accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Mi"}}}}],
            "template": {"metadata": {"labels": {"app": "db"}}, "spec": {
                "terminationGracePeriodSeconds": 1, "containers": [{
                    "name": "main", "image": "busybox", "command": ["sh", "-c", "echo x >> /data/runs; exec sleep 9"],
                    "volumeMounts": [{"name": "data", "mountPath": "/data"}]}]}}}})
        ready = []

        def both():
            ready[:] = [pod["metadata"]["name"] for pod in self.store.list("Pod", self.namespace)]
            return self.status_of().get("readyReplicas") == 2 or self.assertNotEqual(ready, ["db-1"])
        await self.until(both)
        address = self.store.get("Pod", self.namespace, "db-1")["status"]["podIP"]
        output = await self.output("client", "getent hosts db-1.db")
        self.assertEqual(output.split()[0], address)
        self.store.delete("Pod", self.namespace, "db-1", grace=0)
        await self.until(lambda: self.store.find("Pod", self.namespace, "db-1") is not None
                         and self.status_of().get("readyReplicas") == 2
                         and self.condition("db-1", "Ready").get("status") == "True")
        pod = self.store.get("Pod", self.namespace, "db-1")
        _, runs = await self.node.workers[pod["metadata"]["uid"]].containers[0].execute(["cat", "/data/runs"])
        self.assertEqual(runs, b"x\nx\n")

    def status_of(self):
        return (self.store.find("StatefulSet", self.namespace, "db") or {}).get("status") or {}


class NamespaceTest(support.ClusterTest):
    async def test_a_new_namespace_has_its_service_account_and_certificate(self):
        self.assertIsNotNone(self.store.find("ServiceAccount", self.namespace, "default"))
        self.assertIn("BEGIN CERTIFICATE", self.store.get(
            "ConfigMap", self.namespace, "kube-root-ca.crt")["data"]["ca.crt"])

    async def test_deleting_it_removes_all_that_is_in_it(self):
        name = support.harness.new_namespace()
        self.store.create("Pod", {"metadata": {"name": "one", "namespace": name}, "spec": {
            "terminationGracePeriodSeconds": 1,
            "containers": [{"name": "main", "image": "busybox", "command": ["sleep", "100"]}]}})
        self.store.create("ConfigMap", {"metadata": {"name": "two", "namespace": name}})
        await self.until(lambda: self.store.get("Pod", name, "one").get("status", {}).get("phase") == "Running")
        self.store.delete("Namespace", None, name)
        self.assertEqual(self.store.get("Namespace", None, name)["status"]["phase"], "Terminating")
        await self.until(lambda: self.store.find("Namespace", None, name) is None)
        self.assertEqual(self.store.list("Pod", name) + self.store.list("ConfigMap", name), [])


if __name__ == "__main__":
    support.main()
