"""The field names of the API's types (k8s.io/api, 1.33): what `fieldValidation` knows unknown fields by.

"field" is a scalar, a list of scalars or a free-form map; "field:Type" is a struct or a list of structs of that
type. A type that isn't described here takes any field.
"""

_TEXT = {
    "ObjectMeta": """name generateName namespace selfLink uid resourceVersion generation creationTimestamp
        deletionTimestamp deletionGracePeriodSeconds labels annotations ownerReferences:OwnerReference finalizers
        managedFields:ManagedFieldsEntry""",
    "OwnerReference": "apiVersion kind name uid controller blockOwnerDeletion",
    "ManagedFieldsEntry": "manager operation apiVersion time fieldsType fieldsV1 subresource",
    "LabelSelector": "matchLabels matchExpressions:Requirement",
    "Requirement": "key operator values",
    "ObjectReference": "kind namespace name uid apiVersion resourceVersion fieldPath",
    "LocalReference": "name",
    "PodTemplate": "metadata:ObjectMeta spec:PodSpec",
    "PodSpec": """volumes:Volume initContainers:Container containers:Container ephemeralContainers:EphemeralContainer
        restartPolicy terminationGracePeriodSeconds activeDeadlineSeconds dnsPolicy nodeSelector serviceAccountName
        serviceAccount automountServiceAccountToken nodeName hostNetwork hostPID hostIPC shareProcessNamespace
        securityContext:PodSecurityContext imagePullSecrets:LocalReference hostname subdomain affinity schedulerName
        tolerations:Toleration hostAliases:HostAlias priorityClassName priority dnsConfig:DnsConfig readinessGates
        runtimeClassName enableServiceLinks preemptionPolicy overhead topologySpreadConstraints setHostnameAsFQDN
        os:LocalReference hostUsers schedulingGates:LocalReference resourceClaims resources:Resources""",
    "Toleration": "key operator value effect tolerationSeconds",
    "HostAlias": "ip hostnames",
    "DnsConfig": "nameservers searches options",
    "PodSecurityContext": """seLinuxOptions windowsOptions runAsUser runAsGroup runAsNonRoot supplementalGroups
        supplementalGroupsPolicy fsGroup sysctls fsGroupChangePolicy seccompProfile:Profile appArmorProfile:Profile
        seLinuxChangePolicy""",
    "SecurityContext": """capabilities:Capabilities privileged seLinuxOptions windowsOptions runAsUser runAsGroup
        runAsNonRoot readOnlyRootFilesystem allowPrivilegeEscalation procMount seccompProfile:Profile
        appArmorProfile:Profile""",
    "Capabilities": "add drop",
    "Profile": "type localhostProfile",
    "Container": """name image command args workingDir ports:ContainerPort envFrom:EnvFrom env:EnvVar
        resources:Resources resizePolicy restartPolicy volumeMounts:VolumeMount volumeDevices livenessProbe:Probe
        readinessProbe:Probe startupProbe:Probe lifecycle:Lifecycle terminationMessagePath terminationMessagePolicy
        imagePullPolicy securityContext:SecurityContext stdin stdinOnce tty""",
    "EphemeralContainer": "",
    "ContainerPort": "name hostPort containerPort protocol hostIP",
    "EnvFrom": "prefix configMapRef:OptionalName secretRef:OptionalName",
    "OptionalName": "name optional",
    "EnvVar": "name value valueFrom:EnvSource",
    "EnvSource": "fieldRef:FieldRef resourceFieldRef:ResourceFieldRef configMapKeyRef:KeyRef secretKeyRef:KeyRef",
    "FieldRef": "apiVersion fieldPath",
    "ResourceFieldRef": "containerName resource divisor",
    "KeyRef": "name key optional",
    "Resources": "limits requests claims",
    "VolumeMount": "name readOnly recursiveReadOnly mountPath subPath mountPropagation subPathExpr",
    "Probe": """exec:Exec httpGet:HttpGet tcpSocket:TcpSocket grpc:Grpc initialDelaySeconds timeoutSeconds
        periodSeconds successThreshold failureThreshold terminationGracePeriodSeconds""",
    "Exec": "command",
    "HttpGet": "path port host scheme httpHeaders:HttpHeader",
    "HttpHeader": "name value",
    "TcpSocket": "port host",
    "Grpc": "port service",
    "Lifecycle": "postStart:Handler preStop:Handler stopSignal",
    "Handler": "exec:Exec httpGet:HttpGet tcpSocket:TcpSocket sleep",
    "Volume": """name hostPath:HostPath emptyDir:EmptyDir gcePersistentDisk awsElasticBlockStore gitRepo
        secret:SecretVolume nfs iscsi glusterfs persistentVolumeClaim:ClaimVolume rbd flexVolume cinder cephfs flocker
        downwardAPI:DownwardVolume fc azureFile configMap:ConfigMapVolume vsphereVolume quobyte azureDisk
        photonPersistentDisk projected:Projected portworxVolume scaleIO storageos csi ephemeral image""",
    "HostPath": "path type",
    "EmptyDir": "medium sizeLimit",
    "SecretVolume": "secretName items:KeyToPath defaultMode optional",
    "ConfigMapVolume": "name items:KeyToPath defaultMode optional",
    "ClaimVolume": "claimName readOnly",
    "DownwardVolume": "items:DownwardItem defaultMode",
    "DownwardItem": "path fieldRef:FieldRef resourceFieldRef:ResourceFieldRef mode",
    "KeyToPath": "key path mode",
    "Projected": "sources:Projection defaultMode",
    "Projection": """secret:ProjectedName downwardAPI:DownwardVolume configMap:ProjectedName
        serviceAccountToken:ProjectedToken clusterTrustBundle""",
    "ProjectedName": "name items:KeyToPath optional",
    "ProjectedToken": "audience expirationSeconds path",
    "DeploymentSpec": """replicas selector:LabelSelector template:PodTemplate strategy:DeploymentStrategy
        minReadySeconds revisionHistoryLimit paused progressDeadlineSeconds""",
    "DeploymentStrategy": "type rollingUpdate:RollingDeployment",
    "RollingDeployment": "maxUnavailable maxSurge",
    "ReplicaSetSpec": "replicas minReadySeconds selector:LabelSelector template:PodTemplate",
    "StatefulSetSpec": """replicas selector:LabelSelector template:PodTemplate volumeClaimTemplates serviceName
        podManagementPolicy updateStrategy:StatefulStrategy revisionHistoryLimit minReadySeconds
        persistentVolumeClaimRetentionPolicy ordinals""",
    "StatefulStrategy": "type rollingUpdate:RollingStateful",
    "RollingStateful": "partition maxUnavailable",
    "DaemonSetSpec": """selector:LabelSelector template:PodTemplate updateStrategy:DeploymentStrategy minReadySeconds
        revisionHistoryLimit""",
    "JobSpec": """parallelism completions activeDeadlineSeconds podFailurePolicy successPolicy backoffLimit
        backoffLimitPerIndex maxFailedIndexes selector:LabelSelector manualSelector template:PodTemplate
        ttlSecondsAfterFinished completionMode suspend podReplacementPolicy managedBy""",
    "ServiceSpec": """ports:ServicePort selector clusterIP clusterIPs type externalIPs sessionAffinity loadBalancerIP
        loadBalancerSourceRanges externalName externalTrafficPolicy healthCheckNodePort publishNotReadyAddresses
        sessionAffinityConfig ipFamilies ipFamilyPolicy allocateLoadBalancerNodePorts loadBalancerClass
        internalTrafficPolicy trafficDistribution""",
    "ServicePort": "name protocol appProtocol port targetPort nodePort",
    "Subset": "addresses:EndpointAddress notReadyAddresses:EndpointAddress ports:EndpointPort",
    "EndpointAddress": "ip hostname nodeName targetRef:ObjectReference",
    "EndpointPort": "name port protocol appProtocol",
    "Endpoint": """addresses conditions:EndpointConditions hostname targetRef:ObjectReference deprecatedTopology
        nodeName zone hints""",
    "EndpointConditions": "ready serving terminating",
    "Rule": "verbs apiGroups resources resourceNames nonResourceURLs",
    "RoleRef": "apiGroup kind name",
    "Subject": "kind apiGroup name namespace",
    "LeaseSpec": """holderIdentity leaseDurationSeconds acquireTime renewTime leaseTransitions strategy
        preferredHolder""",
    "BudgetSpec": "minAvailable selector:LabelSelector maxUnavailable unhealthyPodEvictionPolicy",
}

_KINDS = {
    "ClusterRole": "rules:Rule aggregationRule",
    "ClusterRoleBinding": "subjects:Subject roleRef:RoleRef",
    "ConfigMap": "immutable data binaryData",
    "DaemonSet": "spec:DaemonSetSpec status",
    "Deployment": "spec:DeploymentSpec status",
    "EndpointSlice": "addressType endpoints:Endpoint ports:EndpointPort",
    "Endpoints": "subsets:Subset",
    "Job": "spec:JobSpec status",
    "Lease": "spec:LeaseSpec",
    "Namespace": "spec status",
    "Pod": "spec:PodSpec status",
    "PodDisruptionBudget": "spec:BudgetSpec status",
    "ReplicaSet": "spec:ReplicaSetSpec status",
    "Role": "rules:Rule",
    "RoleBinding": "subjects:Subject roleRef:RoleRef",
    "Secret": "immutable data stringData type",
    "Service": "spec:ServiceSpec status",
    "ServiceAccount": "secrets:ObjectReference imagePullSecrets:LocalReference automountServiceAccountToken",
    "StatefulSet": "spec:StatefulSetSpec status",
}


def _fields(text):
    """{field: type name or None}"""
    return {name: kind or None for name, _, kind in (word.partition(":") for word in text.split())}


_TYPES = {name: _fields(text) for name, text in _TEXT.items() if text}
_TYPES.update({kind: {"apiVersion": None, "kind": None, "metadata": "ObjectMeta", **_fields(text)}
               for kind, text in _KINDS.items()})


def prune(kind, obj):
    """Takes the unknown fields out of an object; returns their paths ("spec.template.spec.nonsense")."""
    unknown = []
    _prune(_TYPES.get(kind), obj, "", unknown)
    return unknown


def _prune(fields, value, at, unknown):
    if fields is None or not isinstance(value, dict):
        return
    for name in list(value):
        path = f"{at}.{name}" if at else name
        if name not in fields:
            unknown.append(path)
            del value[name]
            continue
        inner = _TYPES.get(fields[name]) if fields[name] else None
        items = value[name] if isinstance(value[name], list) else None
        if items is None:
            _prune(inner, value[name], path, unknown)
        for index, item in enumerate(items or []):
            _prune(inner, item, f"{path}[{index}]", unknown)
