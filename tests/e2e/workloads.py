"""What the tests put into a cluster: the test application (app/app.cpp) in the shapes that the tests need."""

HTTP, ECHO, RESET, CALLER = 8080, 7000, 7001, 7002
IMAGE = "ferry-test-app:e2e"  # conftest.py puts the real name here

# What pods need where the namespace asks for the Pod Security level "restricted".
RESTRICTED = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "runAsNonRoot": True,
    "runAsUser": 65532,
    "seccompProfile": {"type": "RuntimeDefault"},
}


def deployment(name="web", replicas=1, env=None, labels=None, grace=1):
    labels = labels or {"app": name}
    container = {
        "name": "app",
        "image": IMAGE,
        "imagePullPolicy": "IfNotPresent",
        "ports": [
            {"name": "http", "containerPort": HTTP},
            {"name": "echo", "containerPort": ECHO},
            {"name": "reset", "containerPort": RESET},
            {"name": "caller", "containerPort": CALLER},
        ],
        "env": [{"name": k, "value": v} for k, v in (env or {}).items()],
        "readinessProbe": {"httpGet": {"path": "/healthz", "port": "http"}, "periodSeconds": 1},
        "securityContext": RESTRICTED,
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {"containers": [container], "terminationGracePeriodSeconds": grace},
            },
        },
    }


def service(name="web", selector=None, ports=None, **spec):
    ports = ports or [
        {"name": "http", "port": 80, "targetPort": "http"},
        {"name": "echo", "port": ECHO, "targetPort": ECHO},
        {"name": "reset", "port": RESET, "targetPort": "reset"},
        {"name": "caller", "port": CALLER, "targetPort": "caller"},
        {"name": "nobody", "port": 9999, "targetPort": 9999},
    ]
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name},
        "spec": {"selector": {"app": name} if selector is None else selector, "ports": ports, **spec},
    }
