#!/usr/bin/python3
"""What manifests/ says of itself is so: the policy is about the proxy's pods and lets nobody in, and these pods are restricted."""

import pathlib
import unittest

import yaml

MANIFESTS = pathlib.Path(__file__).resolve().parents[1] / "manifests"


def read(name):
    return yaml.safe_load((MANIFESTS / name).read_text(encoding="utf-8"))


class ManifestsTest(unittest.TestCase):
    def setUp(self):
        self.pod = read("proxy/job.yaml")["spec"]["template"]

    def test_the_network_policy_is_about_the_proxys_pods(self):
        wanted = read("network-policy.yaml")["spec"]["podSelector"]["matchLabels"]
        self.assertTrue(wanted)
        self.assertLessEqual(wanted.items(), self.pod["metadata"]["labels"].items())

    def test_the_network_policy_lets_nobody_in(self):
        spec = read("network-policy.yaml")["spec"]
        self.assertEqual(spec["policyTypes"], ["Ingress"])
        self.assertNotIn("ingress", spec)

    def test_the_network_policy_leaves_stand_ins_to_the_originals(self):
        wanted = read("network-policy.yaml")["spec"]["podSelector"]["matchLabels"]
        labels = read("stand-in/deployment.yaml")["metadata"]["labels"]
        self.assertFalse(wanted.items() <= labels.items())

    def test_a_proxy_is_restricted(self):
        """https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted, and more than that."""
        spec = self.pod["spec"]
        (container,) = spec["containers"]
        context = container["securityContext"]
        self.assertIs(spec["automountServiceAccountToken"], False)
        self.assertEqual(spec["securityContext"]["seccompProfile"], {"type": "RuntimeDefault"})
        self.assertIs(context["runAsNonRoot"], True)
        self.assertIs(context["allowPrivilegeEscalation"], False)
        self.assertIs(context["readOnlyRootFilesystem"], True)
        self.assertEqual(context["capabilities"], {"drop": ["ALL"]})
        self.assertIn("memory", container["resources"]["limits"])

    def test_users_cannot_read_secrets(self):
        documents = list(yaml.safe_load_all((MANIFESTS / "user-role.yaml").read_text(encoding="utf-8")))
        verbs = {verb for rule in documents[0]["rules"] if "secrets" in rule["resources"] for verb in rule["verbs"]}
        self.assertEqual(verbs, {"create"})


if __name__ == "__main__":
    unittest.main()
