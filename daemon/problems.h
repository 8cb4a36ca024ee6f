// What can go wrong in ferryd, as docs/errors.md lists it.
#pragma once

#include "base/error.h"

namespace ferry::daemon::problem {

// The daemon itself.
inline constexpr Problem kRunsAlready{"daemon.runs-already", ErrorCode::kAlreadyExists,
                                      "a ferryd of yours runs already", "ferry quit ends it"};
inline constexpr Problem kNotStarted{"daemon.not-started", ErrorCode::kIo,
                                     "this system doesn't let ferryd go into the background",
                                     "raise the limits (ulimit -u, ulimit -n), or end processes"};
inline constexpr Problem kLockFails{"daemon.lock-fails", ErrorCode::kIo,
                                    "the file that keeps a second ferryd away can't be locked",
                                    "the directory must be yours, on a file system with locks"};
inline constexpr Problem kEnding{"daemon.ending", ErrorCode::kUnavailable,
                                 "ferryd is ending and takes nothing new", "try again in a moment"};
inline constexpr Problem kStateUnwritable{
    "daemon.state-unwritable", ErrorCode::kIo, "what ferryd has to remember can't be written",
    "the state directory must be writable by you, and have room"};
inline constexpr Problem kStateUnreadable{"daemon.state-unreadable", ErrorCode::kIo,
                                          "what ferryd remembers can't be read",
                                          "the state directory must be readable by you"};
inline constexpr Problem kLinksMalformed{
    "daemon.links-malformed", ErrorCode::kInvalid,
    "the file of the detached links or swaps is not what ferryd wrote",
    "mend it where it was moved to, or make the links anew"};
inline constexpr Problem kNoIdentity{"daemon.no-identity", ErrorCode::kNotFound,
                                     "there are no certificates for a proxy in that place yet",
                                     "nothing: they are made when needed"};
inline constexpr Problem kCredentialsUnreadable{
    "daemon.proxy-credentials-unreadable", ErrorCode::kIo,
    "the certificates for a proxy of your own can't be read",
    "--proxy-credentials names a directory with ca.crt, tls.crt and tls.key"};

// Links.
inline constexpr Problem kNoSuchLink{"daemon.no-such-link", ErrorCode::kNotFound,
                                     "there is no link of that id",
                                     "ferry list shows the links there are"};
inline constexpr Problem kNotTested{
    "daemon.not-tested", ErrorCode::kUnavailable,
    "a test was asked for, and the way to be tested was not there, or was lost meanwhile",
    "ferry status says what the link waits for; it goes on by itself"};
inline constexpr Problem kTooManyLinks{"daemon.too-many-links", ErrorCode::kExhausted,
                                       "ferryd has as many links or swaps as it takes",
                                       "end some with ferry leave"};
inline constexpr Problem kTooManyConnections{
    "daemon.too-many-connections", ErrorCode::kExhausted,
    "more connections are open, or wait for the proxy, than a link takes",
    "close some, or try again in a moment"};
inline constexpr Problem kNeedsProxy{"daemon.needs-proxy", ErrorCode::kUnsupported,
                                     "the target can't be reached on the direct route",
                                     "use --route proxy"};
inline constexpr Problem kPortNumberUnknown{"daemon.port-number-unknown", ErrorCode::kUnsupported,
                                            "nothing tells the number of a port given by its name",
                                            "give the port by number"};
inline constexpr Problem kPodsUnknown{
    "daemon.pods-unknown", ErrorCode::kUnsupported,
    "with --proxy-addr the API server isn't asked, so a target's pods can't be found",
    "with --proxy-addr, use svc/NAME or host/NAME"};
inline constexpr Problem kPodEnded{"daemon.pod-ended", ErrorCode::kUnavailable,
                                   "the pod has ended and will not come back",
                                   "choose a running pod, or what it belongs to (deploy/NAME)"};
inline constexpr Problem kNoReadyPod{
    "daemon.no-ready-pod", ErrorCode::kUnavailable,
    "no pod of the target is ready: the connection was refused",
    "ferry diagnose TYPE/NAME says why; the next connection is tried anew"};
inline constexpr Problem kPodNotThere{"daemon.pod-not-there", ErrorCode::kUnavailable,
                                      "the pod is not there, or not ready",
                                      "ferry diagnose pod/NAME says why"};

// The proxy.
inline constexpr Problem kNoImage{"daemon.no-image", ErrorCode::kUnsupported,
                                  "no image is known for the proxy",
                                  "name one: --image, FERRY_IMAGE or in the settings"};
inline constexpr Problem kProxyFails{
    "daemon.proxy-fails", ErrorCode::kUnavailable,
    "the proxy's pod doesn't start: its image, a crash, or no room on the nodes",
    "the message has the reason; --route direct goes without a proxy"};
inline constexpr Problem kProxyEnds{"daemon.proxy-ends", ErrorCode::kUnavailable,
                                    "the proxy's Job ends before it is ready, again and again",
                                    "kubectl get events may say who ends it"};
inline constexpr Problem kProxyRefused{
    "daemon.proxy-refused", ErrorCode::kForbidden,
    "the cluster doesn't let the proxy's pod be made: a quota, or a policy",
    "let the namespace have one more small pod, or use another (--route direct needs none)"};
inline constexpr Problem kProxyLate{
    "daemon.proxy-late", ErrorCode::kTimedOut, "the proxy was not there in time",
    "ferry status says what it waits for; ferry logs and kubectl describe pod say more"};
inline constexpr Problem kProxyMalformed{
    "daemon.proxy-malformed", ErrorCode::kInternal,
    "the proxy's pod is not as Ferry makes it: somebody changed it, or its manifest",
    "remove the proxy's Job; the next link makes it anew"};
inline constexpr Problem kProxyGone{
    "daemon.proxy-gone", ErrorCode::kGone, "the proxy's pod has ended or was replaced",
    "nothing: another is made or found; connections through the old one have ended"};
inline constexpr Problem kTooManyEnding{
    "daemon.too-many-ending", ErrorCode::kExhausted,
    "proxies were replaced faster than their connections could end",
    "nothing: the oldest connections were ended; look at who replaces the proxies"};

inline constexpr Problem kNoHttpAnswer{
    "daemon.no-http-answer", ErrorCode::kProtocol,
    "a port that should speak HTTP gives no answer, or another one",
    "look at the log of the target, and at the port's name and probe"};

// How a connection through the proxy ended.
inline constexpr Problem kTargetRefused{
    "daemon.target-refused", ErrorCode::kUnreachable, "nobody listens on that port of the target",
    "check that something listens on that port; ferry diagnose TYPE/NAME tries it"};
inline constexpr Problem kTargetNameUnknown{"daemon.target-name-unknown", ErrorCode::kUnreachable,
                                            "the cluster's DNS doesn't know the target's name",
                                            "check the name; it is looked up inside the cluster"};
inline constexpr Problem kTargetUnreachable{
    "daemon.target-unreachable", ErrorCode::kUnreachable,
    "the proxy could not connect to the target for another reason",
    "check the address, and whether a NetworkPolicy forbids it"};
inline constexpr Problem kTargetTimedOut{
    "daemon.target-timed-out", ErrorCode::kTimedOut, "the target gave the proxy no answer in time",
    "check the address, and whether a NetworkPolicy forbids it"};
inline constexpr Problem kTargetForbidden{"daemon.target-forbidden", ErrorCode::kForbidden,
                                          "the proxy's policy doesn't allow the target",
                                          "the proxy's policy decides which targets are allowed"};
inline constexpr Problem kStreamReset{"daemon.stream-reset", ErrorCode::kReset,
                                      "the target, or the local client, cut the connection",
                                      "look at the log of the target"};
inline constexpr Problem kStreamCancelled{"daemon.stream-cancelled", ErrorCode::kCancelled,
                                          "the connection was given up by who asked for it",
                                          "nothing; try again"};
inline constexpr Problem kProxyLimit{"daemon.proxy-limit", ErrorCode::kExhausted,
                                     "the proxy has as many connections as it takes",
                                     "close connections, or try again in a moment"};
inline constexpr Problem kProxyEnding{"daemon.proxy-ending", ErrorCode::kUnavailable,
                                      "the proxy is about to end and takes no new connection",
                                      "try again in a moment"};
inline constexpr Problem kProxyFault{"daemon.proxy-fault", ErrorCode::kInternal,
                                     "the proxy could not serve the connection by a fault of its "
                                     "own",
                                     "look at the proxy's log, and report it"};

// Swaps.
inline constexpr Problem kSwapLate{
    "daemon.swap-late", ErrorCode::kTimedOut,
    "the stand-in or the local process was not ready in time: it was all put back",
    "start the local process, then swap again; ferry logs tells more"};
inline constexpr Problem kSwapTakenOver{"daemon.swap-taken-over", ErrorCode::kConflict,
                                        "somebody else took over the swap",
                                        "ask them, or take it back with --force"};
inline constexpr Problem kSwapGone{
    "daemon.swap-gone", ErrorCode::kGone,
    "the swap was restored meanwhile: by its stand-in, or by somebody",
    "swap it again when you need it"};
inline constexpr Problem kStandInNotConnected{
    "daemon.stand-in-not-connected", ErrorCode::kUnavailable, "the stand-in isn't connected yet",
    "wait for the link's event 'files'"};
inline constexpr Problem kEnvironmentTooLong{
    "daemon.environment-too-long", ErrorCode::kProtocol,
    "the container's environment and files are more than Ferry carries",
    "leave large files out of what the container mounts"};
inline constexpr Problem kProbeInvalid{"daemon.probe-invalid", ErrorCode::kInvalid,
                                       "a probe of the container has an action that is none",
                                       "look at it with kubectl get -o yaml"};
inline constexpr Problem kProbeRunsHere{
    "daemon.probe-runs-here", ErrorCode::kUnsupported,
    "warning: a probe's command of the container runs on this machine",
    "--probes none keeps it from that"};
inline constexpr Problem kWayBackCut{
    "daemon.way-back-cut", ErrorCode::kReset,
    "the test of a swap was cut between the Service and this machine",
    "ferry diagnose svc/NAME looks at the Service and its pods"};
inline constexpr Problem kWayBackLate{
    "daemon.way-back-late", ErrorCode::kTimedOut,
    "the test of a swap, through the Service, didn't come back to this machine",
    "other pods may serve the Service too: ferry diagnose svc/NAME shows which"};

}  // namespace ferry::daemon::problem
