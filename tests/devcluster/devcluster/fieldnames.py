"""The fields of the API's types (k8s.io/api, 1.33): what `fieldValidation` and decoding know wrong fields by.

"name" may hold anything; "name$" is a string, "name#" an integer, "name!" a boolean, "name[]" a list of strings,
"name{}" a map from strings to strings, "name:Type" a struct, "name:Type*" a list of them. A type that isn't described
here takes any field.
"""

import re

_TEXT = {
    "ObjectMeta": """name$ generateName$ namespace$ selfLink uid resourceVersion generation creationTimestamp
        deletionTimestamp deletionGracePeriodSeconds labels{} annotations{} ownerReferences:OwnerReference* finalizers[]
        managedFields:ManagedFieldsEntry*""",
    "OwnerReference": "apiVersion kind name$ uid controller blockOwnerDeletion",
    "ManagedFieldsEntry": "manager operation apiVersion time fieldsType fieldsV1 subresource",
    "LabelSelector": "matchLabels{} matchExpressions:Requirement*",
    "Requirement": "key$ operator values",
    "ObjectReference": "kind namespace$ name$ uid apiVersion resourceVersion fieldPath",
    "LocalReference": "name$",
    "PodTemplate": "metadata:ObjectMeta spec:PodSpec",
    "PodSpec": """volumes:Volume* initContainers:Container* containers:Container*
        ephemeralContainers:EphemeralContainer* restartPolicy$ terminationGracePeriodSeconds#
        activeDeadlineSeconds# dnsPolicy nodeSelector{} serviceAccountName$ serviceAccount
        automountServiceAccountToken! nodeName$ hostNetwork! hostPID hostIPC shareProcessNamespace!
        securityContext:PodSecurityContext imagePullSecrets:LocalReference* hostname$ subdomain$ affinity schedulerName
        tolerations:Toleration* hostAliases:HostAlias* priorityClassName priority dnsConfig:DnsConfig readinessGates
        runtimeClassName enableServiceLinks! preemptionPolicy overhead topologySpreadConstraints setHostnameAsFQDN
        os:LocalReference hostUsers schedulingGates:LocalReference* resourceClaims resources:Resources""",
    "Toleration": "key$ operator value effect tolerationSeconds",
    "HostAlias": "ip hostnames",
    "DnsConfig": "nameservers searches options",
    "PodSecurityContext": """seLinuxOptions windowsOptions runAsUser# runAsGroup# runAsNonRoot! supplementalGroups
        supplementalGroupsPolicy fsGroup# sysctls fsGroupChangePolicy seccompProfile:Profile appArmorProfile:Profile
        seLinuxChangePolicy""",
    "SecurityContext": """capabilities:Capabilities privileged! seLinuxOptions windowsOptions runAsUser# runAsGroup#
        runAsNonRoot! readOnlyRootFilesystem! allowPrivilegeEscalation! procMount seccompProfile:Profile
        appArmorProfile:Profile""",
    "Capabilities": "add drop",
    "Profile": "type localhostProfile",
    "Container": """name$ image$ command[] args[] workingDir$ ports:ContainerPort* envFrom:EnvFrom* env:EnvVar*
        resources:Resources resizePolicy restartPolicy$ volumeMounts:VolumeMount* volumeDevices livenessProbe:Probe
        readinessProbe:Probe startupProbe:Probe lifecycle:Lifecycle terminationMessagePath terminationMessagePolicy
        imagePullPolicy$ securityContext:SecurityContext stdin! stdinOnce tty!""",
    "EphemeralContainer": "",
    "ContainerPort": "name$ hostPort# containerPort# protocol$ hostIP$",
    "EnvFrom": "prefix$ configMapRef:OptionalName secretRef:OptionalName",
    "OptionalName": "name$ optional!",
    "EnvVar": "name$ value$ valueFrom:EnvSource",
    "EnvSource": "fieldRef:FieldRef resourceFieldRef:ResourceFieldRef configMapKeyRef:KeyRef secretKeyRef:KeyRef",
    "FieldRef": "apiVersion fieldPath",
    "ResourceFieldRef": "containerName$ resource divisor",
    "KeyRef": "name$ key$ optional!",
    "Resources": "limits requests claims",
    "VolumeMount": "name$ readOnly! recursiveReadOnly mountPath$ subPath$ mountPropagation subPathExpr",
    "Probe": """exec:ExecAction httpGet:HttpGet tcpSocket:TcpSocket grpc:Grpc initialDelaySeconds# timeoutSeconds#
        periodSeconds# successThreshold# failureThreshold# terminationGracePeriodSeconds#""",
    "ExecAction": "command[]",
    "HttpGet": "path$ port host scheme httpHeaders:HttpHeader*",
    "HttpHeader": "name$ value",
    "TcpSocket": "port host",
    "Grpc": "port service",
    "Lifecycle": "postStart:Handler preStop:Handler stopSignal",
    "Handler": "exec:ExecAction httpGet:HttpGet tcpSocket:TcpSocket sleep",
    "Volume": """name$ hostPath:HostPath emptyDir:EmptyDir gcePersistentDisk awsElasticBlockStore gitRepo
        secret:SecretVolume nfs iscsi glusterfs persistentVolumeClaim:ClaimVolume rbd flexVolume cinder cephfs flocker
        downwardAPI:DownwardVolume fc azureFile configMap:ConfigMapVolume vsphereVolume quobyte azureDisk
        photonPersistentDisk projected:Projected portworxVolume scaleIO storageos csi ephemeral image$""",
    "HostPath": "path$ type",
    "EmptyDir": "medium sizeLimit",
    "SecretVolume": "secretName$ items:KeyToPath* defaultMode# optional!",
    "ConfigMapVolume": "name$ items:KeyToPath* defaultMode# optional!",
    "ClaimVolume": "claimName$ readOnly!",
    "DownwardVolume": "items:DownwardItem* defaultMode#",
    "DownwardItem": "path$ fieldRef:FieldRef resourceFieldRef:ResourceFieldRef mode#",
    "KeyToPath": "key$ path$ mode#",
    "Projected": "sources:Projection* defaultMode#",
    "Projection": """secret:ProjectedName downwardAPI:DownwardVolume configMap:ProjectedName
        serviceAccountToken:ProjectedToken clusterTrustBundle""",
    "ProjectedName": "name$ items:KeyToPath* optional!",
    "ProjectedToken": "audience expirationSeconds# path$",
    "DeploymentSpec": """replicas# selector:LabelSelector template:PodTemplate strategy:DeploymentStrategy
        minReadySeconds# revisionHistoryLimit# paused! progressDeadlineSeconds#""",
    "DeploymentStrategy": "type rollingUpdate:RollingDeployment",
    "RollingDeployment": "maxUnavailable maxSurge",
    "ReplicaSetSpec": "replicas# minReadySeconds# selector:LabelSelector template:PodTemplate",
    "StatefulSetSpec": """replicas# selector:LabelSelector template:PodTemplate volumeClaimTemplates serviceName
        podManagementPolicy updateStrategy:StatefulStrategy revisionHistoryLimit# minReadySeconds#
        persistentVolumeClaimRetentionPolicy ordinals""",
    "StatefulStrategy": "type rollingUpdate:RollingStateful",
    "RollingStateful": "partition maxUnavailable",
    "DaemonSetSpec": """selector:LabelSelector template:PodTemplate updateStrategy:DeploymentStrategy minReadySeconds#
        revisionHistoryLimit#""",
    "JobSpec": """parallelism# completions# activeDeadlineSeconds# podFailurePolicy successPolicy backoffLimit#
        backoffLimitPerIndex maxFailedIndexes selector:LabelSelector manualSelector template:PodTemplate
        ttlSecondsAfterFinished# completionMode suspend! podReplacementPolicy managedBy""",
    "ServiceSpec": """ports:ServicePort* selector{} clusterIP$ clusterIPs type externalIPs sessionAffinity
        loadBalancerIP loadBalancerSourceRanges externalName$ externalTrafficPolicy healthCheckNodePort
        publishNotReadyAddresses sessionAffinityConfig ipFamilies ipFamilyPolicy allocateLoadBalancerNodePorts
        loadBalancerClass internalTrafficPolicy trafficDistribution""",
    "ServicePort": "name$ protocol$ appProtocol port# targetPort nodePort#",
    "Subset": "addresses:EndpointAddress* notReadyAddresses:EndpointAddress* ports:EndpointPort*",
    "EndpointAddress": "ip hostname$ nodeName$ targetRef:ObjectReference",
    "EndpointPort": "name$ port protocol$ appProtocol",
    "Endpoint": """addresses conditions:EndpointConditions hostname$ targetRef:ObjectReference deprecatedTopology
        nodeName$ zone hints""",
    "EndpointConditions": "ready serving terminating",
    "Rule": "verbs[] apiGroups[] resources resourceNames[] nonResourceURLs[]",
    "RoleRef": "apiGroup kind name$",
    "Subject": "kind apiGroup name$ namespace$",
    "LeaseSpec": """holderIdentity leaseDurationSeconds acquireTime renewTime leaseTransitions strategy
        preferredHolder""",
    "BudgetSpec": "minAvailable selector:LabelSelector maxUnavailable unhealthyPodEvictionPolicy",
}

_KINDS = {
    "ClusterRole": "rules:Rule* aggregationRule",
    "ClusterRoleBinding": "subjects:Subject* roleRef:RoleRef",
    "ConfigMap": "immutable! data{} binaryData{}",
    "DaemonSet": "spec:DaemonSetSpec status",
    "Deployment": "spec:DeploymentSpec status",
    "EndpointSlice": "addressType endpoints:Endpoint* ports:EndpointPort*",
    "Endpoints": "subsets:Subset*",
    "Job": "spec:JobSpec status",
    "Lease": "spec:LeaseSpec",
    "Namespace": "spec status",
    "Pod": "spec:PodSpec status",
    "PodDisruptionBudget": "spec:BudgetSpec status",
    "ReplicaSet": "spec:ReplicaSetSpec status",
    "Role": "rules:Rule*",
    "RoleBinding": "subjects:Subject* roleRef:RoleRef",
    "Secret": "immutable! data{} stringData{} type$",
    "Service": "spec:ServiceSpec status",
    "ServiceAccount": "secrets:ObjectReference* imagePullSecrets:LocalReference* automountServiceAccountToken!",
    "StatefulSet": "spec:StatefulSetSpec status",
}


_FORM = re.compile(r"(\w+)(?:([$#!]|\[\]|\{\})|:(\w+)(\*?))?\Z")


def _fields(text):
    """{field: (mark or None, type or None, whether it is a list of that type)}"""
    fields = {}
    for word in text.split():
        name, mark, kind, many = _FORM.match(word).groups()
        fields[name] = (mark, kind, bool(many))
    return fields


_TYPES = {name: _fields(text) for name, text in _TEXT.items() if text}
_TYPES.update({kind: {"apiVersion": ("$", None, False), "kind": ("$", None, False),
                      "metadata": (None, "ObjectMeta", False), **_fields(text)} for kind, text in _KINDS.items()})


class WrongType(Exception):
    """A value that the field's type can't hold; the text is that of Go's decoder."""


def prune(kind, obj):
    """Takes the unknown fields out of an object; returns their paths ("spec.template.spec.nonsense"). WrongType."""
    unknown = []
    if kind in _TYPES:
        _struct(kind, obj, "", "", unknown)
    return unknown


def _struct(kind, value, path, go_path, unknown):
    """`path` has the indexes of lists, `go_path` hasn't: Go's decoder leaves them out."""
    fields = _TYPES[kind]
    for name in list(value):
        inner_path = f"{path}.{name}" if path else name
        if name not in fields:
            unknown.append(inner_path)
            del value[name]
            continue
        inner_go = f"{go_path}.{name}" if go_path else name
        mark, inner, many = fields[name]
        item = value[name]
        where = f"{kind}.{inner_go}"
        if item is None:
            continue
        if mark:
            _MARKS[mark](item, where)
        elif inner:
            _structs(inner, item, many, (where, inner_path, inner_go), unknown)


def _structs(kind, value, many, places, unknown):
    where, path, go_path = places
    _expect(value, list if many else dict, where, f"[]v1.{kind}" if many else f"v1.{kind}")
    for index, item in enumerate(value if many else [value]):
        if item is None:
            continue
        _expect(item, dict, where, f"v1.{kind}")
        if kind in _TYPES:
            _struct(kind, item, f"{path}[{index}]" if many else path, go_path, unknown)


_GO_NAMES = {str: "string", bool: "bool", int: "number", float: "number", list: "array", dict: "object"}


def _expect(value, kind, where, go_type):
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise WrongType(f"json: cannot unmarshal {_GO_NAMES[type(value)]} into Go struct field {where} of type "
                        f"{go_type}")


def _strings(value, where):
    _expect(value, list, where, "[]string")
    for item in value:
        _expect(item, str, where, "string")


def _string_map(value, where):
    _expect(value, dict, where, "map[string]string")
    for item in value.values():
        if item is not None:  # what a merge patch takes away
            _expect(item, str, where, "string")


_MARKS = {
    "$": lambda value, where: _expect(value, str, where, "string"),
    "#": lambda value, where: _expect(value, int, where, "int32"),
    "!": lambda value, where: _expect(value, bool, where, "bool"),
    "[]": _strings,
    "{}": _string_map,
}
