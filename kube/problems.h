// What can go wrong between a program and the API server, as docs/errors.md lists it.
#pragma once

#include "base/error.h"

namespace ferry::kube::problem {

// The kubeconfig.
inline constexpr Problem kKubeconfigMissing{
    "kube.kubeconfig-missing", ErrorCode::kNotFound,
    "no kubeconfig with a context is found, and this is not a pod",
    "name a file with --kubeconfig, or set KUBECONFIG"};
inline constexpr Problem kKubeconfigMalformed{
    "kube.kubeconfig-malformed", ErrorCode::kInvalid,
    "a kubeconfig is not YAML, or a field of it is not what it has to be", "correct the file"};
inline constexpr Problem kNoCurrentContext{
    "kube.no-current-context", ErrorCode::kNotFound,
    "no context is named, and the kubeconfig has no current-context",
    "name one with --context, or set it: kubectl config use-context NAME"};
inline constexpr Problem kContextUnknown{
    "kube.context-unknown", ErrorCode::kNotFound, "the kubeconfig has no context of that name",
    "name another with --context, or another file with --kubeconfig"};
inline constexpr Problem kClusterUnknown{
    "kube.cluster-unknown", ErrorCode::kNotFound,
    "the context names a cluster that the kubeconfig doesn't have",
    "correct the context, or add the cluster"};
inline constexpr Problem kClusterEntryInvalid{
    "kube.cluster-entry-invalid", ErrorCode::kInvalid,
    "the cluster's entry in the kubeconfig can't be used: its server, proxy or authority is off",
    "correct the cluster entry"};
inline constexpr Problem kUserUnknown{"kube.user-unknown", ErrorCode::kNotFound,
                                      "the context names a user that the kubeconfig doesn't have",
                                      "correct the context, or add the user"};
inline constexpr Problem kUserEntryInvalid{"kube.user-entry-invalid", ErrorCode::kInvalid,
                                           "the user's entry in the kubeconfig can't be used",
                                           "correct the user entry"};
inline constexpr Problem kAuthProviderUnsupported{
    "kube.auth-provider-unsupported", ErrorCode::kUnsupported,
    "the user's entry says auth-provider, which Kubernetes removed in 1.26",
    "switch to a credential plugin (exec), such as gke-gcloud-auth-plugin, kubelogin"};
inline constexpr Problem kUrlInvalid{
    "kube.url-invalid", ErrorCode::kInvalid, "the URL of a server or a proxy can't be used",
    "write it as https://HOST:PORT; credentials belong into the user entry"};
inline constexpr Problem kProxySchemeUnsupported{
    "kube.proxy-scheme-unsupported", ErrorCode::kUnsupported,
    "the proxy to the API server is of a kind that Ferry doesn't speak",
    "use http, https or socks5"};
inline constexpr Problem kValueMalformed{
    "kube.value-malformed", ErrorCode::kInvalid,
    "a value in a kubeconfig or from a credential plugin is not of the form it has to be: base64, "
    "a time, YAML",
    "correct it where the message says"};
inline constexpr Problem kFileMissing{"kube.file-missing", ErrorCode::kNotFound,
                                      "a file that the kubeconfig or a flag names is not there",
                                      "check the path"};
inline constexpr Problem kFileUnreadable{"kube.file-unreadable", ErrorCode::kIo,
                                         "a file that the kubeconfig or a flag names can't be read",
                                         "check the permissions of the file and its folders"};
inline constexpr Problem kFileTooLarge{
    "kube.file-too-large", ErrorCode::kInvalid,
    "a file that the kubeconfig or a flag names is larger than any of its kind", "check the path"};

// Credentials.
inline constexpr Problem kCertificateInvalid{
    "kube.certificate-invalid", ErrorCode::kInvalid,
    "a client certificate or its key is not PEM, or the two don't belong together",
    "get new ones from whoever issued them, and put them into the kubeconfig"};
inline constexpr Problem kClientKeyEncrypted{
    "kube.client-key-encrypted", ErrorCode::kUnsupported,
    "the client key is encrypted, and nobody can be asked for its password",
    "decrypt it: openssl pkey -in KEY -out NEW, and keep NEW to yourself"};
inline constexpr Problem kCredentialExpired{
    "kube.credential-expired", ErrorCode::kUnauthenticated, "the client certificate has expired",
    "get a new one from whoever issued it, and put it into the kubeconfig"};
inline constexpr Problem kTokenFileEmpty{"kube.token-file-empty", ErrorCode::kInvalid,
                                         "the file that the token is in is empty",
                                         "have a token written to it, or correct tokenFile"};
inline constexpr Problem kPluginNeedsTerminal{
    "kube.plugin-needs-terminal", ErrorCode::kUnsupported,
    "the credential plugin asks questions in a terminal, and a daemon has none",
    "log in with the plugin's own command first, or use another kind of credential"};
inline constexpr Problem kPluginFailed{
    "kube.plugin-failed", ErrorCode::kUnauthenticated,
    "the credential plugin ended with an error: most often its login has run out",
    "log in again with the tool that the plugin belongs to"};
inline constexpr Problem kPluginAnswerInvalid{
    "kube.plugin-answer-invalid", ErrorCode::kInvalid,
    "the credential plugin printed something else than an ExecCredential that can be used",
    "run the plugin by hand and look at what it prints"};
inline constexpr Problem kCommandMissing{
    "kube.command-missing", ErrorCode::kNotFound,
    "a command that Ferry runs on this machine, such as a credential plugin, is not there",
    "install it, or put its directory into PATH"};
inline constexpr Problem kCommandUnusable{"kube.command-unusable", ErrorCode::kIo,
                                          "this system refuses to run a command, or to wait for it",
                                          "run it by hand: what it says there is the cause"};
inline constexpr Problem kCommandTimedOut{
    "kube.command-timed-out", ErrorCode::kTimedOut,
    "a command that Ferry runs on this machine did not end in time",
    "run it by hand and look at what it waits for"};
inline constexpr Problem kCommandTooWordy{
    "kube.command-too-wordy", ErrorCode::kExhausted,
    "a command that Ferry runs on this machine printed more than any answer is long",
    "run it by hand and look at what it prints"};
inline constexpr Problem kNoThread{"kube.no-thread", ErrorCode::kIo,
                                   "this system has no thread left for fetching credentials",
                                   "raise the limit of processes (ulimit -u), or end some"};

// The way to the API server.
inline constexpr Problem kApiUnreachable{
    "kube.api-unreachable", ErrorCode::kUnreachable,
    "no connection to the API server: the name is not known, or nobody answers there",
    "check the server's URL in the kubeconfig, the network and the VPN; ferry doctor tries it"};
inline constexpr Problem kApiTimedOut{"kube.api-timed-out", ErrorCode::kTimedOut,
                                      "the API server, or a kubelet, doesn't answer in time",
                                      "check the network, the VPN and the firewall, and try again"};
inline constexpr Problem kApiCertificateRefused{
    "kube.api-certificate-refused", ErrorCode::kUnreachable,
    "the API server's certificate is not one that the kubeconfig trusts, or has expired",
    "check certificate-authority and tls-server-name in the kubeconfig's cluster entry, and this "
    "machine's clock"};
inline constexpr Problem kTlsFailed{
    "kube.tls-failed", ErrorCode::kUnreachable,
    "no TLS connection to the API server comes about for another reason",
    "check that the server's URL speaks TLS, and the client certificate in the kubeconfig"};
inline constexpr Problem kProxyWantsPassword{
    "kube.proxy-wants-password", ErrorCode::kUnauthenticated,
    "the proxy on the way to the API server wants a user name and a password",
    "give the proxy's user name and password in its URL"};
inline constexpr Problem kProxyRefuses{
    "kube.proxy-refuses", ErrorCode::kUnreachable,
    "the proxy on the way to the API server doesn't let the connection through",
    "have it let connections to the server through, or leave the server out with NO_PROXY"};
inline constexpr Problem kConnectionLost{
    "kube.connection-lost", ErrorCode::kReset,
    "the connection to the API server was cut while an answer was expected",
    "check the network and what stands between here and the API server"};
inline constexpr Problem kAnswerMalformed{
    "kube.answer-malformed", ErrorCode::kProtocol,
    "what answers is not what an API server says: something else is at its address, or on the way",
    "check the server's URL, and what stands between here and the API server"};
inline constexpr Problem kAnswerTooLarge{"kube.answer-too-large", ErrorCode::kExhausted,
                                         "an answer of the API server is larger than Ferry takes",
                                         "look at a smaller namespace, or with a selector"};
inline constexpr Problem kCancelled{"kube.cancelled", ErrorCode::kCancelled,
                                    "it was ended before it was through, by Ctrl-C or a shutdown",
                                    "try again"};

// What the API server answers.
inline constexpr Problem kRequestInvalid{
    "kube.request-invalid", ErrorCode::kInvalid,
    "the API server finds the request or an object in it invalid",
    "its words say which field; if you did not write it, report a fault of Ferry's"};
inline constexpr Problem kUnauthenticated{
    "kube.unauthenticated", ErrorCode::kUnauthenticated,
    "the API server doesn't accept your credentials: missing, wrong or expired", "log in again"};
inline constexpr Problem kForbidden{
    "kube.forbidden", ErrorCode::kForbidden, "you lack a right in the cluster",
    "ask for the right that the message names; manifests/user-role.yaml lists all that Ferry "
    "needs, ferry doctor shows which are missing"};
inline constexpr Problem kAdmissionRefused{
    "kube.admission-refused", ErrorCode::kForbidden,
    "it isn't a right that is missing: an admission policy of the cluster refuses the object",
    "its words say why; ask those who run the cluster"};
inline constexpr Problem kGatewayRefuses{
    "kube.gateway-refuses", ErrorCode::kForbidden,
    "HTTP 403 that is not the API server's: a proxy, a gateway or a firewall refuses",
    "look at what stands between here and the API server"};
inline constexpr Problem kNotFound{
    "kube.not-found", ErrorCode::kNotFound,
    "there is no such object in the namespace, no such namespace, or no such API in the cluster",
    "check the name, the namespace (-n) and the context (--context)"};
inline constexpr Problem kAlreadyExists{"kube.already-exists", ErrorCode::kAlreadyExists,
                                        "there is an object of that name already",
                                        "remove it or rename it, if it is of no use any more"};
inline constexpr Problem kConflict{"kube.conflict", ErrorCode::kConflict,
                                   "somebody changed the object in between", "try again"};
inline constexpr Problem kExpired{
    "kube.expired", ErrorCode::kGone,
    "the API server doesn't remember so far back: a list or a watch has to begin anew",
    "try again"};
inline constexpr Problem kApiUnavailable{
    "kube.api-unavailable", ErrorCode::kUnavailable,
    "the API server is there, but not able to answer now: overloaded, starting, or without what "
    "it needs",
    "wait a moment and try again"};
inline constexpr Problem kUnexpectedStatus{
    "kube.unexpected-status", ErrorCode::kProtocol,
    "an HTTP status that no API server gives here, such as a redirect",
    "check the server's URL in the kubeconfig"};

// What is meant by a target.
inline constexpr Problem kTargetInvalid{
    "kube.target-invalid", ErrorCode::kUsage, "the words for the target are not TYPE/NAME",
    "write for example svc/app, deploy/app, pod/app-0 or host/db.internal"};
inline constexpr Problem kPortInvalid{
    "kube.port-invalid", ErrorCode::kUsage, "that is neither a port's number nor a port's name",
    "give a number from 1 to 65535, or a name of at most 15 lower-case letters, digits and "
    "hyphens"};
inline constexpr Problem kPortUnknown{"kube.port-unknown", ErrorCode::kNotFound,
                                      "the Service or the pod has no such port",
                                      "choose one of the ports that the message lists"};
inline constexpr Problem kPortNotTcp{"kube.port-not-tcp", ErrorCode::kUnsupported,
                                     "the port is UDP or SCTP",
                                     "only TCP can be forwarded: choose another port"};
inline constexpr Problem kExternalName{"kube.external-name", ErrorCode::kUnsupported,
                                       "the Service is an ExternalName: a DNS alias without pods",
                                       "forward to host/NAME, with the name that it stands for"};
inline constexpr Problem kNoEndpoints{"kube.no-endpoints", ErrorCode::kUnavailable,
                                      "the Service has no selector, and nobody gave it endpoints",
                                      "add a selector, or EndpointSlices by hand"};
inline constexpr Problem kNoReadyPods{"kube.no-ready-pods", ErrorCode::kUnavailable,
                                      "no pod is behind the Service, or none of them is ready",
                                      "ferry diagnose TYPE/NAME says why"};
inline constexpr Problem kHostNotAnObject{
    "kube.host-not-an-object", ErrorCode::kUnsupported,
    "a host is no object of the cluster: it has no pods, no logs and nothing to diagnose",
    "name a Service, a workload or a pod"};
inline constexpr Problem kNoSelector{"kube.no-selector", ErrorCode::kUnsupported,
                                     "the Service has no selector, and so no pods of its own",
                                     "name the pod: pod/NAME"};
inline constexpr Problem kPodPortClosed{
    "kube.pod-port-closed", ErrorCode::kUnreachable,
    "the kubelet could not connect to that port in the pod",
    "check that a process in the pod listens on the port; ferry diagnose pod/NAME tries it"};
inline constexpr Problem kManifestInvalid{
    "kube.manifest-invalid", ErrorCode::kInternal,
    "a manifest that is built into Ferry can't be read: a fault of Ferry's",
    "report it, with the version"};

}  // namespace ferry::kube::problem
