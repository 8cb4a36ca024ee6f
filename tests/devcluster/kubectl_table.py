"""The commands and what a real cluster's kubectl says to them. {ns} is the test's own namespace."""

import collections

Step = collections.namedtuple("Step", "words code out err stdin since")


def step(command, out=None, code=0, err=None, stdin=None, since=27):
    """`command` is split at spaces unless it is a list. `out` and `err` are regular expressions; out="" is silence.

    `since`: the first minor version of kubectl that can do it.
    """
    words = command if isinstance(command, list) else command.split()
    return Step(words, code, out, err, stdin, since)


def deployment(name="web", replicas=2, image="http-echo", extra="", labels="app: web"):
    return f"""
apiVersion: apps/v1
kind: Deployment
metadata: {{name: {name}, labels: {{app: web}}}}
spec:
  replicas: {replicas}
  selector: {{matchLabels: {{app: web}}}}
  template:
    metadata: {{labels: {{{labels}}}}}
    spec:
      terminationGracePeriodSeconds: 1
      containers:
      - name: main
        image: {image}
        ports: [{{name: http, containerPort: 8080}}]
        {extra}
"""


def pod(name, command, restart="Never", extra=""):
    return f"""
apiVersion: v1
kind: Pod
metadata: {{name: {name}, labels: {{run: {name}}}}}
spec:
  restartPolicy: {restart}
  terminationGracePeriodSeconds: 1
  containers:
  - name: main
    image: busybox
    command: [sh, -c, {command!r}]
{extra}
"""


SERVICE = """
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec:
  selector: {app: web}
  ports: [{name: http, port: 80, targetPort: http}]
"""
BOTH = deployment() + SERVICE

WEB = [
    step("apply -f -", stdin=BOTH),
    step("wait --for=condition=Available deploy/web --timeout=30s", r"^deployment.apps/web condition met$"),
]

APPLY = [
    step("apply -f -", r"^deployment.apps/web created\nservice/web created$", stdin=BOTH),
    step("apply -f -", r"^deployment.apps/web unchanged\nservice/web unchanged$", stdin=BOTH),
    step("diff -f -", "", stdin=BOTH),
    step("diff -f -", r"^\+  replicas: 3$", code=1, stdin=deployment(replicas=3) + SERVICE),
    step("apply -f -", r"^deployment.apps/web configured\nservice/web unchanged$",
         stdin=deployment(extra="env: [{name: A, value: b}]") + SERVICE),
    step(["get", "deploy", "web", "-o", "jsonpath={.metadata.generation} {.spec.strategy.type} "
          "{.spec.template.spec.containers[0].env}"], r'^2 RollingUpdate \[{"name":"A","value":"b"}\]$'),
    step("apply -f -", r"configured", stdin=BOTH),
    step(["get", "deploy", "web", "-o", "jsonpath={.spec.template.spec.containers[0].env}"], ""),
    step("apply --dry-run=server -f -", r"^deployment.apps/other created \(server dry run\)$",
         stdin=deployment("other")),
    step("get deploy other", code=1, err=r'^Error from server \(NotFound\): deployments.apps "other" not found$'),
    step("apply --dry-run=client -f -", r"^deployment.apps/other created \(dry run\)$", stdin=deployment("other")),
    step("apply -f -", code=1, err=r'strict decoding error: unknown field "spec.nonsense"',
         stdin=deployment() + "  nonsense: 1\n"),
    step("apply --validate=warn -f -", r"^deployment.apps/web unchanged|configured$",
         err=r'unknown field "spec.nonsense"', stdin=deployment() + "  nonsense: 1\n"),
    step("apply -f -", code=1, err=r'The Deployment "web" is invalid: spec.template.metadata.labels: Invalid value: '
         r'.*`selector` does not match template `labels`', stdin=deployment(labels="app: other")),
    step("apply -f -", code=1, err=r'The Deployment "Web" is invalid: metadata.name: Invalid value: "Web": a '
         r'lowercase RFC 1123 subdomain', stdin=deployment("Web")),
    step("apply -f -", code=1, err=r'Deployment in version "v1" cannot be handled as a Deployment: json: cannot '
         r"unmarshal number into Go struct field EnvVar.spec.template.spec.containers.env.value of type string",
         stdin=deployment(extra="env: [{name: A, value: 1}]")),
    step("apply -f -", code=1, err=r"cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type "
         r"int32", stdin=deployment("other", replicas="many")),
    step("apply -n nowhere -f -", code=1, err=r'Error from server \(NotFound\).*namespaces "nowhere" not found',
         stdin=BOTH),
    step("apply -f -", code=1, err=r'no matches for kind "Nonsense" in version "v1"',
         stdin="apiVersion: v1\nkind: Nonsense\nmetadata: {name: x}\n"),
]

SERVER_SIDE_APPLY = [
    step("apply --server-side -f -", r"^deployment.apps/web serverside-applied$", stdin=deployment()),
    step("apply --server-side -f -", r"^deployment.apps/web serverside-applied$", stdin=deployment()),
    step("apply --server-side --field-manager=other -f -", code=1, stdin=deployment(replicas=3),
         err=r'Apply failed with 1 conflict: conflict with "kubectl": \.spec\.replicas'),
    step("apply --server-side --field-manager=other --force-conflicts -f -", r"serverside-applied",
         stdin=deployment(replicas=3)),
    step(["get", "deploy", "web", "-o", "jsonpath={.spec.replicas}"], r"^3$"),
    step("apply --server-side -f -", code=1, stdin=deployment(image="other"),
         err=r'conflicts? with "other"'),
    step("apply --server-side --field-manager=labels -f -", r"serverside-applied", stdin="""
apiVersion: v1
kind: ConfigMap
metadata: {name: shared, labels: {a: '1', b: '2'}}
data: {p: '1'}
"""),
    step("apply --server-side --field-manager=labels -f -", r"serverside-applied", stdin="""
apiVersion: v1
kind: ConfigMap
metadata: {name: shared, labels: {a: '1'}}
data: {q: '2'}
"""),
    step(["get", "cm", "shared", "-o", "jsonpath={.metadata.labels} {.data}"], r'^{"a":"1"} {"q":"2"}$'),
    step(["get", "cm", "shared", "--show-managed-fields", "-o", "jsonpath={.metadata.managedFields[*].operation}"],
         r"^Apply$"),
    step("diff --server-side --force-conflicts -f -", r"^\+  replicas: 5$", code=1, stdin=deployment(replicas=5)),
]

GET = WEB + [
    step("get deploy", r"^NAME +READY +UP-TO-DATE +AVAILABLE +AGE\nweb +2/2 +2 +2 +\d+s$"),
    step("get deploy -o wide", r"^web +2/2 +2 +2 +\d+s +main +http-echo +app=web$"),
    step("get pods -o wide", r"^NAME +READY +STATUS +RESTARTS +AGE +IP +NODE +NOMINATED NODE +READINESS GATES\n"
         r"web-\w+-\w{5} +1/1 +Running +0 +\d+s +10\.244\.\d+\.\d+ +node1 +<none> +<none>$"),
    step("get rs", r"^NAME +DESIRED +CURRENT +READY +AGE\nweb-\w+ +2 +2 +2 +\d+s$"),
    step("get svc -o wide", r"^NAME +TYPE +CLUSTER-IP +EXTERNAL-IP +PORT\(S\) +AGE +SELECTOR\n"
         r"web +ClusterIP +10\.96\.\d+\.\d+ +<none> +80/TCP +\d+s +app=web$"),
    step("get endpointslices", r"^web-\w+ +IPv4 +8080 +10\.244\.\d+\.\d+,10\.244\.\d+\.\d+ +\d+s$"),
    step("get ns {ns}", r"^NAME +STATUS +AGE\n{ns} +Active +\d+s$"),
    step("get nodes", r"^NAME +STATUS +ROLES +AGE +VERSION\nnode1 +Ready +\S+ +\S+ +v1\.33"),
    step("get all", r"^NAME +READY .*\n(pod/web.*\n){2}\nNAME.*\nservice/web .*\n\nNAME.*\ndeployment.apps/web .*\n"
         r"\nNAME.*\nreplicaset.apps/web-"),
    step("get pods -l app=web -o name", r"^pod/web-\w+-\w+\npod/web-\w+-\w+$"),
    step(["get", "pods", "-l", "app in (web,other),!nothing", "--no-headers"], r"^web-.*\nweb-.*$"),
    step("get pods -l app!=web", err=r"^No resources found in {ns} namespace\.$"),
    step("get pods --field-selector status.phase=Running -o name", r"^pod/web-.*\npod/web-"),
    step("get pods --field-selector status.phase=Pending", err=r"^No resources found"),
    step("get cm --field-selector data.x=1", code=1, err=r"field label not supported: data\.x"),
    step("get pods --chunk-size=1 -o name", r"^pod/web-.*\npod/web-"),
    step("get deploy web -o yaml", r"^apiVersion: apps/v1\nkind: Deployment\n(.*\n)*  progressDeadlineSeconds: 600\n"),
    step(["get", "deploy", "web", "-o", "custom-columns=NAME:.metadata.name,IMAGE:.spec.template.spec.containers[0]"
          ".image"], r"^NAME +IMAGE\nweb +http-echo$"),
    step("get deploy,svc web -o name", r"^deployment.apps/web\nservice/web$"),
    step("get deploy --sort-by=.metadata.name -o name", r"^deployment.apps/web$"),
    step("get deploy nope", code=1, err=r'^Error from server \(NotFound\): deployments.apps "nope" not found$'),
    step("get deploy nope --ignore-not-found", ""),
    step("get nonsense", code=1, err=r'the server doesn\'t have a resource type "nonsense"'),
    step("get --raw /readyz", r"^ok$"),
    step("get --raw /api/v1/namespaces/{ns}/pods?limit=1", r'"remainingItemCount":1'),
    step("get --raw /nowhere", code=1, err=r"the server could not find the requested resource|404"),
    step("api-resources --namespaced=true -o name", r"^deployments\.apps$"),
    step("api-versions", r"^apps/v1$"),
    step("version", r'^Server Version: .*v1\.33'),
]

WAIT = WEB + [
    step("wait --for=condition=Ready pod -l app=web --timeout=20s", r"^pod/web-\S+ condition met\npod/web-"),
    step("wait --for=jsonpath={.status.readyReplicas}=2 deploy/web --timeout=20s", r"condition met"),
    step("wait --for=condition=Nonsense deploy/web --timeout=1s", code=1,
         err=r"timed out waiting for the condition on deployments/web"),
    step("wait --for=condition=Ready pod/nope --timeout=1s", code=1, err=r'pods "nope" not found'),
    step("delete deploy web --wait=false"),
    step("wait --for=delete deploy/web --timeout=20s"),
    step("wait --for=delete pod -l app=web --timeout=20s"),
    step("get pods", err="No resources found"),
]

ROLLOUT = WEB + [
    step("rollout status deploy/web --timeout=30s", r'^deployment "web" successfully rolled out$'),
    step("set image deploy/web main=web", r"^deployment.apps/web image updated$"),
    step("rollout status deploy/web --timeout=30s", r'deployment "web" successfully rolled out$'),
    step("rollout restart deploy/web", r"^deployment.apps/web restarted$"),
    step("rollout status deploy/web --timeout=30s", r'deployment "web" successfully rolled out$'),
    step(["get", "deploy", "web", "-o", r"jsonpath={.metadata.annotations.deployment\.kubernetes\.io/revision}"],
         r"^3$"),
    step("rollout history deploy/web", r"^REVISION +CHANGE-CAUSE\n1 .*\n2 .*\n3 "),
    step("rollout undo deploy/web --to-revision=1", r"^deployment.apps/web rolled back$"),
    step("rollout status deploy/web --timeout=30s", r'deployment "web" successfully rolled out$'),
    step(["get", "deploy", "web", "-o", "jsonpath={.spec.template.spec.containers[0].image}"], r"^http-echo$"),
    step("set image deploy/web main=no-such-image", r"image updated"),
    step("rollout status deploy/web --timeout=1s", code=1, err=r"timed out waiting for the condition"),
    step("rollout status deploy/nope", code=1, err=r'deployments.apps "nope" not found'),
]

SCALE = WEB + [
    step("scale deploy/web --replicas=3", r"^deployment.apps/web scaled$"),
    step("wait --for=jsonpath={.status.readyReplicas}=3 deploy/web --timeout=20s", r"condition met"),
    step("scale deploy/web --current-replicas=7 --replicas=1", code=1,
         err=r"[Ee]xpected replicas to be 7, was 3"),
    step("scale deploy/web --replicas=0", r"scaled"),
    step("wait --for=delete pod -l app=web --timeout=20s"),
    step("get deploy web", r"^web +0/0 +0 +0 "),
    step("get --raw /apis/apps/v1/namespaces/{ns}/deployments/web/scale", r'"kind":"Scale".*"selector":"app=web"'),
    step("scale deploy/web --replicas=-1", code=1, err=r"replicas"),
    step("scale deploy/nope --replicas=1", code=1, err=r'deployments.apps "nope" not found|no objects passed to scale'),
]

LOGS = [
    step("apply -f -", stdin=pod("talker", "echo one; echo two; echo three")),
    step("wait --for=jsonpath={.status.phase}=Succeeded pod/talker --timeout=20s", r"condition met"),
    step("logs talker", r"^one\ntwo\nthree\n$"),
    step("logs talker --tail=1", r"^three\n$"),
    step("logs talker -c main --timestamps --tail=1", r"^\d{4}-\d\d-\d\dT\S+Z three\n$"),
    step("logs -f talker", r"^one\ntwo\nthree\n$"),
    step("logs -l run=talker --prefix", r"^\[pod/talker/main\] one$"),
    step("logs talker --limit-bytes=5", r"^one\nt$"),
    step("logs talker -c nope", code=1, err=r"container nope is not valid for pod talker"),
    step("logs talker --previous", code=1, err=r'previous terminated container "main" in pod "talker" not found'),
    step("logs nope", code=1, err=r'pods "nope" not found'),
    step("run waiting --image=no-such-image --restart=Never", r"^pod/waiting created$"),
    step("wait --for=jsonpath={.status.containerStatuses[0].state.waiting.reason}=ImagePullBackOff pod/waiting "
         "--timeout=10s", r"condition met"),
    step("logs waiting", code=1, err=r'container "main|waiting" in pod "waiting" is waiting to start'),
]

EXEC = [
    step("apply -f -", stdin=pod("box", "sleep 100")),
    step("wait --for=condition=Ready pod/box --timeout=20s", r"condition met"),
    step(["exec", "box", "--", "sh", "-c", "echo out; echo err >&2"], r"^out\n$", err=r"^err\n$"),
    step(["exec", "box", "--", "sh", "-c", "exit 3"], code=3, err=r"^command terminated with exit code 3$"),
    step("exec -i box -- cat", r"^one\ntwo\n$", stdin="one\ntwo\n"),
    step("exec -i box -- wc -c", r"^ *1000000$", stdin="x" * 1000000),
    step("exec box -- nonsense", code=1, err=r"executable file not found|no such file|No such file"),
    step("exec box -c nope -- true", code=1, err=r"container nope is not valid for pod box|container not found"),
    step("exec nope -- true", code=1, err=r'^Error from server \(NotFound\): pods "nope" not found$'),
    step("exec box -- hostname", r"^box$"),
    step("exec box -- cat /var/run/secrets/kubernetes.io/serviceaccount/namespace", r"^{ns}$"),
]

DEBUG = [
    step("apply -f -", stdin=pod("box", "sleep 100")),
    step("wait --for=condition=Ready pod/box --timeout=20s", r"condition met"),
    step(["debug", "box", "-i", "--image=busybox", "-c", "guest", "--target=main", "--", "sh", "-c",
          "head -n 1; tr '\\0' ' ' < /proc/1/cmdline"], r"^one$[\s\S]*sleep 100", stdin="one\n"),
    step("logs box -c guest", r"^one$"),
    step("debug box --image=busybox --target=nope -- true", code=1, err=r'targetContainerName: Not found: "nope"'),
    step(["run", "reader", "--image=busybox", "--restart=Never", "-i", "--", "cat"], r"^one\ntwo$",
         stdin="one\ntwo\n"),
    step("wait --for=jsonpath={.status.phase}=Succeeded pod/reader --timeout=20s", r"condition met"),
]

ROLE = """
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: narrow}
rules:
- {apiGroups: [""], resources: [pods], verbs: [get, list]}
- {apiGroups: [apps], resources: [deployments/scale], resourceNames: [web], verbs: [get, patch]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: narrow}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: narrow}
subjects: [{kind: User, apiGroup: rbac.authorization.k8s.io, name: jane}]
"""

AUTH = [
    step("auth can-i create pods", r"^yes$"),
    step("auth can-i create pods --as=jane", r"^no$", code=1),
    step("apply -f -", r"^role.* created\nrolebinding.* created$", stdin=ROLE),
    step("auth can-i list pods --as=jane", r"^yes$"),
    step("auth can-i delete pods --as=jane", r"^no$", code=1),
    step("auth can-i get pods --subresource=portforward --as=jane", r"^no$", code=1),
    step("auth can-i patch deployments/web --subresource=scale --as=jane", r"^yes$"),
    step("auth can-i patch deployments/other --subresource=scale --as=jane", r"^no$", code=1),
    step("auth can-i list pods -A --as=jane", r"^no$", code=1),
    step("auth can-i get /version --as=jane", r"^yes$"),
    step("auth can-i --list --as=jane", r"^pods +\[\] +\[\] +\[get list\]$"),
    step("auth whoami", r"Username +kubernetes-admin", since=28),
    step("get pods --as=jane", err="No resources found"),
    step("get secrets --as=jane", code=1, err=r'^Error from server \(Forbidden\): secrets is forbidden: User "jane" '
         r'cannot list resource "secrets" in API group "" in the namespace "{ns}"$'),
    step("get deploy web --as=jane", code=1, err=r'deployments.apps "web" is forbidden: User "jane" cannot get '
         r'resource "deployments" in API group "apps" in the namespace "{ns}"$'),
    step("get pods --as=jane --as-group=system:masters", err="No resources found"),
    step("create token default", r"^ey[\w-]+\.[\w-]+\.[\w-]+"),
]

SAFE = """securityContext:
          runAsNonRoot: true
          allowPrivilegeEscalation: false
          capabilities: {drop: [ALL]}
          seccompProfile: {type: RuntimeDefault}"""

POD_SECURITY = [
    step("label ns {ns} pod-security.kubernetes.io/enforce=restricted pod-security.kubernetes.io/warn=restricted",
         r"labeled$"),
    step("run loose --image=busybox", code=1, err=r'^Error from server \(Forbidden\): pods "loose" is forbidden: '
         r'violates PodSecurity "restricted:latest": allowPrivilegeEscalation != false \(container "loose" must set '
         r'securityContext.allowPrivilegeEscalation=false\), unrestricted capabilities \(container "loose" must set '
         r'securityContext.capabilities.drop=\["ALL"\]\), runAsNonRoot != true \(pod or container "loose" must set '
         r'securityContext.runAsNonRoot=true\), seccompProfile \(pod or container "loose" must set '
         r'securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost"\)$'),
    step("apply -f -", r"^deployment.apps/web created$", stdin=deployment(),
         err=r'^Warning: would violate PodSecurity "restricted:latest": allowPrivilegeEscalation != false'),
    step("wait --for=condition=ReplicaFailure deploy/web --timeout=20s", r"condition met"),
    step("delete deploy web"),
    step("apply -f -", r"^deployment.apps/web created$", err=r"\A\Z", stdin=deployment(extra=SAFE)),
    step("wait --for=condition=Available deploy/web --timeout=30s", r"condition met"),
]

DELETE = WEB + [
    step("delete pod -l app=web --wait=false", r'^pod "web-\S+" deleted.*\npod "web-\S+" deleted'),
    step("rollout status deploy/web --timeout=30s", r"successfully rolled out$"),
    step("delete deploy web --cascade=orphan", r'^deployment.apps "web" deleted'),
    step("get rs -o name", r"^replicaset.apps/web-"),
    step("delete rs -l app=web", r"deleted"),
    step("delete -f -", code=1, err=r'deployments.apps "keep" not found', stdin=deployment("keep")),
    step("delete svc web", r'^service "web" deleted'),
    step("delete svc web", code=1, err=r'^Error from server \(NotFound\): services "web" not found$'),
    step("delete svc web --ignore-not-found", ""),
    step("apply -f -", stdin=pod("stubborn", 'trap "" TERM; while :; do sleep 1; done')),
    step("wait --for=condition=Ready pod/stubborn --timeout=20s"),
    step("delete pod stubborn --grace-period=0 --force", r'^pod "stubborn" force deleted'),
    step("get pod stubborn", code=1, err=r'pods "stubborn" not found'),
    step("create configmap one --from-literal=a=b"),
    step("delete configmap one --dry-run=server", r'^configmap "one" deleted.*\(server dry run\)'),
    step("delete configmap --all", r'^configmap "kube-root-ca.crt" deleted.*\nconfigmap "one" deleted'),
    step("create namespace {ns}-2", r"created$"),
    step("create configmap one -n {ns}-2 --from-literal=a=b"),
    step("delete namespace {ns}-2", r'^namespace "{ns}-2" deleted$'),
    step("get namespace {ns}-2", code=1, err=r'namespaces "{ns}-2" not found'),
]

DESCRIBE = WEB + [
    step("describe deploy web", r"^Replicas: +2 desired \| 2 updated \| 2 total \| 2 available \| 0 unavailable$"),
    step("describe deploy web",
         r"^  Normal +ScalingReplicaSet +\S+ +deployment-controller +Scaled up replica set web-"),
    step("describe pods -l app=web", r"^Status: +Running\n(.*\n)*  Normal +Scheduled +\S+ +default-scheduler +"
         r"Successfully assigned {ns}/web-\S+ to node1$"),
    step("describe svc web", r"^Endpoints: +10\.244\.\d+\.\d+:8080,10\.244\.\d+\.\d+:8080$"),
    step("describe node node1", r"^Capacity:$"),
    step("describe ns {ns}", r"^Status: +Active$"),
    step("describe deploy nope", code=1, err=r'deployments.apps "nope" not found'),
    step("events --for deploy/web", r"Normal +ScalingReplicaSet +Deployment/web +Scaled up replica set"),
    step("get events --field-selector involvedObject.kind=Deployment", r"deployment/web +Scaled up replica set"),
    step("run lost --image=no-such-image --restart=Never"),
    step("wait --for=jsonpath={.status.containerStatuses[0].state.waiting.reason}=ImagePullBackOff pod/lost "
         "--timeout=10s"),
    step("events --types=Warning", r"Warning +Failed +Pod/lost +Failed to pull image"),
]

PATCH = [
    step("create deployment web --image=http-echo --replicas=1", r"created$"),
    step(["patch", "deploy", "web", "-p", '{"spec":{"replicas":2}}'], r"^deployment.apps/web patched$"),
    step("create configmap same --from-literal=a=b"),
    step(["patch", "configmap", "same", "-p", '{"data":{"a":"b"}}'], r"^configmap/same patched \(no change\)$"),
    step(["patch", "deploy", "web", "-p", '{"spec":{"template":{"spec":{"containers":[{"name":"http-echo","env":'
          '[{"name":"A","value":"b"}]}]}}}}'], r"patched$"),
    step(["get", "deploy", "web", "-o", "jsonpath={.spec.template.spec.containers[0].image} "
          "{.spec.template.spec.containers[0].env[0].value}"], r"^http-echo b$"),
    step(["patch", "deploy", "web", "--type=json", "-p",
          '[{"op":"test","path":"/spec/replicas","value":2},{"op":"replace","path":"/spec/replicas","value":3}]'],
         r"patched$"),
    step(["patch", "deploy", "web", "--type=json", "-p", '[{"op":"test","path":"/spec/replicas","value":9}]'], code=1,
         err=r"the server rejected our request due to an error in our request|is invalid"),
    step(["patch", "deploy", "web", "--type=merge", "-p", '{"metadata":{"resourceVersion":"1"}}'], code=1,
         err=r'Operation cannot be fulfilled on deployments.apps "web": the object has been modified; please apply '
         r"your changes to the latest version and try again"),
    step(["patch", "deploy", "web", "--type=merge", "-p", '{"spec":{"selector":{"matchLabels":{"app":"x"}}}}'],
         code=1, err=r"field is immutable"),
    step("label deploy web tier=front", r"^deployment.apps/web labeled$"),
    step("label deploy web tier-", r"^deployment.apps/web unlabeled$"),
    step("annotate deploy web note=x", r"^deployment.apps/web annotated?$"),
    step("set env deploy/web B=c", r"^deployment.apps/web env updated$"),
]

CREATE = [
    step("create configmap settings --from-literal=a=b", r"^configmap/settings created$"),
    step("create configmap settings --from-literal=a=b", code=1, err=r'configmaps "settings" already exists$'),
    step("get configmap settings", r"^NAME +DATA +AGE\nsettings +1 "),
    step("create secret generic hidden --from-literal=p=q", r"^secret/hidden created$"),
    step(["get", "secret", "hidden", "-o", "jsonpath={.data.p} {.type}"], r"^cQ== Opaque$"),
    step("create serviceaccount robot", r"^serviceaccount/robot created$"),
    step("create role reader --verb=get,list --resource=pods", r"created$"),
    step("create rolebinding reader --role=reader --serviceaccount={ns}:robot", r"created$"),
    step("auth can-i list pods --as=system:serviceaccount:{ns}:robot", r"^yes$"),
    step("create job once --image=busybox -- sh -c true", r"^job.batch/once created$"),
    step("create service clusterip plain --tcp=80:8080", r"^service/plain created$"),
    step(["get", "svc", "plain", "-o", "jsonpath={.spec.ports[0]}"],
         r'^{"name":"80-8080","port":80,"protocol":"TCP","targetPort":8080}$'),
    step("create namespace Bad_Name", code=1, err=r'The Namespace "Bad_Name" is invalid: metadata.name: Invalid value'),
    step("create -f -", r"^configmap/gen-\w{5} created$",
         stdin="apiVersion: v1\nkind: ConfigMap\nmetadata: {generateName: gen-}\n"),
    step("replace -f -", r"^configmap/settings replaced$",
         stdin="apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {c: d}\n"),
    step(["get", "cm", "settings", "-o", "jsonpath={.data}"], r'^{"c":"d"}$'),
]

TABLES = {"apply": APPLY, "auth": AUTH, "create": CREATE, "debug": DEBUG, "delete": DELETE, "describe": DESCRIBE,
          "exec": EXEC, "get": GET, "logs": LOGS, "patch": PATCH, "pod_security": POD_SECURITY, "rollout": ROLLOUT,
          "scale": SCALE, "server_side_apply": SERVER_SIDE_APPLY, "wait": WAIT}
