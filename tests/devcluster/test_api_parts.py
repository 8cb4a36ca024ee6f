#!/usr/bin/python3
"""The API server's parts by themselves: store, patches, server-side apply, selectors, rights, decoding."""

import asyncio
import os
import struct
import sys
import unittest
import zlib

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from devcluster import (apply, auth, errors, fieldnames, patch, protobuf, quantity, rbac, requestinfo,  # noqa: E402
                        selectors, spdy, store, table_text)


def config_map(name="c", **data):
    return {"metadata": {"namespace": "n", "name": name}, "data": data}


class StoreTest(unittest.TestCase):
    def setUp(self):
        self.store = store.Store()

    def test_a_stale_version_is_refused_and_none_means_whatever_is_there(self):
        old = self.store.create("ConfigMap", config_map(a="1"))
        self.store.update("ConfigMap", config_map(a="2"))
        with self.assertRaises(errors.ApiError) as caught:
            self.store.update("ConfigMap", {**old, "data": {"a": "3"}})
        self.assertEqual((caught.exception.code, caught.exception.reason), (409, "Conflict"))
        self.assertEqual(self.store.get("ConfigMap", "n", "c")["data"], {"a": "2"})

    def test_a_write_that_changes_nothing_keeps_the_version(self):
        old = self.store.create("ConfigMap", config_map(a="1"), manager="m")
        new = self.store.update("ConfigMap", config_map(a="1"), manager="m")
        self.assertEqual(new["metadata"]["resourceVersion"], old["metadata"]["resourceVersion"])

    def test_what_a_caller_gets_is_its_own(self):
        made = self.store.create("ConfigMap", config_map(a="1"))
        made["data"]["a"] = "2"
        self.store.list("ConfigMap")[0]["data"]["a"] = "3"
        self.assertEqual(self.store.get("ConfigMap", "n", "c")["data"], {"a": "1"})

    def test_status_and_spec_are_written_apart(self):
        self.store.create("Service", {"metadata": {"namespace": "n", "name": "s"}, "spec": {"a": 1}, "status": {}})
        self.store.update("Service", {"metadata": {"namespace": "n", "name": "s"}, "spec": {"a": 2},
                                      "status": {"b": 1}})
        self.store.patch_status("Service", "n", "s", {"c": 1})
        found = self.store.get("Service", "n", "s")
        self.assertEqual((found["spec"], found["status"]), ({"a": 2}, {"c": 1}))

    def test_generation_counts_the_changes_of_spec(self):
        deployment = {"metadata": {"namespace": "n", "name": "d"}, "spec": {"replicas": 1}}
        self.store.create("Deployment", deployment)
        self.store.patch_status("Deployment", "n", "d", {"replicas": 1})
        self.assertEqual(self.store.get("Deployment", "n", "d")["metadata"]["generation"], 1)
        deployment["spec"]["replicas"] = 2
        self.assertEqual(self.store.update("Deployment", deployment)["metadata"]["generation"], 2)

    def test_a_running_pod_waits_for_its_node_and_a_finalizer_for_its_owner(self):
        self.store.create("Pod", {"metadata": {"namespace": "n", "name": "p", "finalizers": ["x/y"]},
                                  "spec": {"nodeName": "node", "terminationGracePeriodSeconds": 5}})
        going, gone = self.store.delete("Pod", "n", "p")
        self.assertFalse(gone)
        self.assertEqual(going["metadata"]["deletionGracePeriodSeconds"], 5)
        self.assertFalse(self.store.delete("Pod", "n", "p", grace=0)[1])
        self.store.remove_finalizer("Pod", "n", "p", "x/y")
        self.assertIsNone(self.store.find("Pod", "n", "p"))

    def test_preconditions_of_a_deletion(self):
        self.store.create("ConfigMap", config_map())
        with self.assertRaisesRegex(errors.ApiError, "Precondition failed: UID in precondition: other"):
            self.store.delete("ConfigMap", "n", "c", uid="other")

    def test_a_watch_goes_on_where_a_list_ended_and_says_410_where_it_can_not(self):
        async def run():
            self.store.create("ConfigMap", config_map())
            version = self.store.version
            self.store.update("ConfigMap", config_map(a="1"))
            self.store.create("Secret", {"metadata": {"namespace": "n", "name": "s"}})
            self.store.delete("ConfigMap", "n", "c")
            async with self.store.watch("ConfigMap", since=version) as events:
                seen = [(await events.next(1)).type for _ in range(2)]
                self.assertEqual(seen, ["MODIFIED", "DELETED"])
                self.assertIsNone(await events.next(0.01))
            self.store.forget_history()
            with self.assertRaises(errors.ApiError) as caught:
                self.store.watch("ConfigMap", since=version)
            self.assertEqual(caught.exception.code, 410)
        asyncio.run(run())

    def test_a_full_history_forgets_the_oldest(self):
        async def run():
            small = store.Store(history=3)
            for number in range(5):
                small.create("ConfigMap", config_map(f"c{number}"))
            with self.assertRaises(errors.ApiError):
                small.watch("ConfigMap", since=small.version - 4)
            async with small.watch("ConfigMap", since=small.version - 3) as events:
                self.assertEqual([(await events.next(1)).object["metadata"]["name"] for _ in range(3)],
                                 ["c2", "c3", "c4"])
        asyncio.run(run())


class PatchTest(unittest.TestCase):
    def test_json_patch_operations(self):
        obj = {"a": [1, 2], "b": {"c/d": 1}}
        result = patch.json_patch(obj, [
            {"op": "add", "path": "/a/-", "value": 3}, {"op": "remove", "path": "/a/0"},
            {"op": "replace", "path": "/b/c~1d", "value": 2}, {"op": "copy", "from": "/a", "path": "/e"},
            {"op": "move", "from": "/b/c~1d", "path": "/f"}, {"op": "test", "path": "/f", "value": 2}])
        self.assertEqual(result, {"a": [2, 3], "b": {}, "e": [2, 3], "f": 2})
        for bad in ({"op": "test", "path": "/f", "value": 9}, {"op": "remove", "path": "/nope"}):
            with self.assertRaises(patch.PatchError):
                patch.json_patch(result, [bad])

    def test_merge_patch_takes_nulls_away_and_replaces_lists(self):
        self.assertEqual(patch.merge_patch({"a": {"b": 1, "c": 2}, "l": [1]}, {"a": {"b": None}, "l": [2]}),
                         {"a": {"c": 2}, "l": [2]})

    def test_strategic_merge_knows_the_keys_of_lists(self):
        pod = {"spec": {"containers": [{"name": "a", "image": "1"}, {"name": "b", "image": "1"}],
                        "tolerations": [{"key": "x"}]}}
        result = patch.strategic_merge(pod, {"spec": {
            "containers": [{"name": "b", "image": "2"}, {"name": "a", "$patch": "delete"}, {"name": "c"}],
            "$setElementOrder/containers": [{"name": "c"}, {"name": "b"}],
            "tolerations": [{"key": "y"}]}}, "Pod")
        self.assertEqual(result["spec"]["containers"], [{"name": "c"}, {"name": "b", "image": "2"}])
        self.assertEqual(result["spec"]["tolerations"], [{"key": "y"}])

    def test_strategic_merge_of_ports_and_of_strategies(self):
        service = {"spec": {"ports": [{"port": 80, "name": "a"}, {"port": 81, "name": "b"}]}}
        result = patch.strategic_merge(service, {"spec": {"ports": [{"port": 81, "name": "c"}]}}, "Service")
        self.assertEqual([port["name"] for port in result["spec"]["ports"]], ["a", "c"])
        result = patch.strategic_merge({"strategy": {"type": "RollingUpdate", "rollingUpdate": {}}},
                                       {"strategy": {"$retainKeys": ["type"], "type": "Recreate"}}, "Deployment")
        self.assertEqual(result, {"strategy": {"type": "Recreate"}})


class ApplyTest(unittest.TestCase):
    def _apply(self, old, manager, force=False, **data):
        return apply.merge(old, {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}, "data": data},
                           "ConfigMap", manager, force)

    def test_what_a_manager_no_longer_applies_goes_unless_another_has_it(self):
        obj = self._apply(None, "one", a="1", b="1")
        obj = self._apply(obj, "two", b="1")
        obj = self._apply(obj, "one", c="1")
        self.assertEqual(obj["data"], {"b": "1", "c": "1"})

    def test_another_value_for_anothers_field_is_a_conflict_and_force_takes_it(self):
        obj = self._apply(None, "one", a="1", b="1")
        with self.assertRaisesRegex(errors.ApiError, r'^Apply failed with 2 conflicts: conflicts with "one":\n'
                                    r"- \.data\.a\n- \.data\.b$"):
            self._apply(obj, "two", a="2", b="2")
        obj = self._apply(obj, "two", force=True, a="2")
        self.assertEqual(obj["data"], {"a": "2", "b": "1"})
        owners = {entry["manager"]: entry["fieldsV1"]["f:data"] for entry in obj["metadata"]["managedFields"]}
        self.assertEqual(owners, {"one": {"f:b": {}}, "two": {"f:a": {}}})

    def test_items_of_keyed_lists_are_merged_and_removed_one_by_one(self):
        def deployment(**env):
            variables = [{"name": name, "value": value} for name, value in env.items()]
            return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d"}, "spec": {"template": {
                "spec": {"containers": [{"name": "main", "env": variables}]}}}}
        obj = apply.merge(None, deployment(A="1", B="1"), "Deployment", "one", False)
        obj = apply.merge(obj, deployment(C="1"), "Deployment", "two", False)
        obj = apply.merge(obj, deployment(A="2"), "Deployment", "one", False)
        containers = obj["spec"]["template"]["spec"]["containers"]
        self.assertEqual(len(containers), 1)
        self.assertEqual({each["name"]: each["value"] for each in containers[0]["env"]}, {"A": "2", "C": "1"})


class SelectorsTest(unittest.TestCase):
    def test_labels(self):
        have = {"app": "web", "n": "5"}
        for text, expected in (("app=web", True), ("app==web,n=5", True), ("app!=web", False),
                               ("app in (a, web)", True),
                               ("app notin (web)", False), ("other notin (x)", True), ("app", True), ("!app", False),
                               ("!other,app", True), ("n>4", True), ("n<4", False), ("", True)):
            self.assertEqual(selectors.labels(text)(have), expected, text)
        with self.assertRaises(errors.ApiError):
            selectors.labels("a b")

    def test_an_object_selector_as_text(self):
        selector = {"matchLabels": {"b": "2", "a": "1"}, "matchExpressions": [
            {"key": "c", "operator": "In", "values": ["y", "x"]}, {"key": "d", "operator": "DoesNotExist"}]}
        self.assertEqual(selectors.text_of(selector), "a=1,b=2,c in (x,y),!d")
        self.assertTrue(selectors.of_object(selector)({"a": "1", "b": "2", "c": "x"}))
        self.assertFalse(selectors.of_object(selector)({"a": "1", "b": "2", "c": "x", "d": ""}))


class RightsTest(unittest.TestCase):
    def setUp(self):
        self.store = store.Store()
        self.authorizer = rbac.Authorizer(self.store)
        self.store.create("Role", {"metadata": {"namespace": "n", "name": "r"}, "rules": [
            {"apiGroups": [""], "resources": ["pods", "*/scale"], "verbs": ["get"]},
            {"apiGroups": [""], "resources": ["secrets"], "resourceNames": ["one"], "verbs": ["*"]}]})
        self.store.create("RoleBinding", {"metadata": {"namespace": "n", "name": "b"}, "subjects": [
            {"kind": "User", "name": "jane"}, {"kind": "ServiceAccount", "name": "robot"}],
            "roleRef": {"kind": "Role", "name": "r"}})

    def _may(self, user, method, path, **query):
        return self.authorizer.allows(auth.User(user, []), requestinfo.parse(method, path, query))

    def test_resources_names_and_subresources(self):
        for method, path, expected in (
                ("GET", "/api/v1/namespaces/n/pods/p", True), ("GET", "/api/v1/namespaces/n/pods", False),
                ("DELETE", "/api/v1/namespaces/n/pods/p", False), ("GET", "/api/v1/namespaces/m/pods/p", False),
                ("GET", "/api/v1/namespaces/n/pods/p/log", False), ("GET", "/api/v1/namespaces/n/x/y/scale", True),
                ("PUT", "/api/v1/namespaces/n/secrets/one", True), ("PUT", "/api/v1/namespaces/n/secrets/two", False)):
            self.assertEqual(self._may("jane", method, path), expected, (method, path))

    def test_a_list_of_one_name_counts_as_that_name(self):
        path = "/api/v1/namespaces/n/secrets"
        self.assertFalse(self._may("jane", "GET", path))
        self.assertTrue(self._may("jane", "GET", path, fieldSelector="metadata.name=one"))

    def test_service_accounts_of_the_bindings_namespace(self):
        path = "/api/v1/namespaces/n/pods/p"
        self.assertTrue(self._may("system:serviceaccount:n:robot", "GET", path))
        self.assertFalse(self._may("system:serviceaccount:m:robot", "GET", path))

    def test_what_a_path_means(self):
        info = requestinfo.parse("GET", "/apis/apps/v1/namespaces/n/deployments/d/scale", {})
        self.assertEqual((info.verb, info.group, info.namespace, info.resource, info.name, info.subresource),
                         ("get", "apps", "n", "deployments", "d", "scale"))
        self.assertEqual(requestinfo.parse("GET", "/api/v1/pods", {"watch": "1"}).verb, "watch")
        self.assertEqual(requestinfo.parse("DELETE", "/api/v1/namespaces/n/pods", {}).verb, "deletecollection")
        info = requestinfo.parse("PUT", "/api/v1/namespaces/n/finalize", {})
        self.assertEqual((info.resource, info.name, info.subresource), ("namespaces", "n", "finalize"))


def _field(number, data):
    return bytes([number << 3 | 2, len(data)]) + data


class DecodingTest(unittest.TestCase):
    def test_protobuf(self):
        meta = _field(1, b"c") + _field(11, _field(1, b"k") + _field(2, b"v")) + _field(5, b"")
        body = _field(1, meta) + _field(2, _field(1, b"a") + _field(2, b"b")) + bytes([4 << 3, 0])
        kind = _field(1, b"v1") + _field(2, b"ConfigMap")
        self.assertEqual(protobuf.decode(b"k8s\0" + _field(1, kind) + _field(2, body)), {
            "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c", "labels": {"k": "v"}},
            "data": {"a": "b"}, "immutable": False})
        for bad in (b"nonsense", b"k8s\0" + _field(1, kind) + _field(2, _field(15, b"")), b"k8s\0\x0a\xff"):
            with self.assertRaises(errors.ApiError):
                protobuf.decode(bad)

    def test_unknown_fields_and_wrong_types(self):
        obj = {"spec": {"replicas": 1, "nonsense": 1, "template": {"spec": {"containers": [{"imagee": "x"}]}}}}
        self.assertEqual(fieldnames.prune("Deployment", obj),
                         ["spec.nonsense", "spec.template.spec.containers[0].imagee"])
        self.assertEqual(obj, {"spec": {"replicas": 1, "template": {"spec": {"containers": [{}]}}}})
        for bad in ({"spec": {"replicas": "1"}}, {"spec": []}, {"metadata": {"labels": {"a": 1}}},
                    {"spec": {"template": {"spec": {"containers": {}}}}}, {"spec": {"replicas": True}}):
            with self.assertRaises(fieldnames.WrongType):
                fieldnames.prune("Deployment", bad)

    def test_quantities(self):
        self.assertEqual(quantity.parse("1500m"), quantity.parse("1.5"))
        self.assertEqual(quantity.parse("1Ki"), 1024)
        self.assertEqual(quantity.parse("1e3"), quantity.parse("1k"))
        self.assertIsNone(quantity.parse("1x"))

    def test_ages_as_people_read_them(self):
        for seconds, text in ((5, "5s"), (119, "119s"), (120, "2m"), (150, "2m30s"), (3600, "60m"), (7 * 3600, "7h"),
                              (47 * 3600, "47h"), (50 * 3600, "2d2h"), (400 * 86400, "400d")):
            self.assertEqual(table_text.human(seconds), text)

    def test_the_spdy_dictionary_is_the_one_that_clients_have(self):
        # Every SPDY/3 header block starts with a zlib header that names the dictionary by its checksum.
        self.assertEqual(struct.pack(">I", zlib.adler32(spdy.DICTIONARY)), bytes.fromhex("e3c6a7c2"))


if __name__ == "__main__":
    unittest.main()
