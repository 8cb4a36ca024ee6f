// What can go wrong, or is worth a warning, when a workload is swapped and put back, as
// docs/errors.md lists it.
#pragma once

#include "base/error.h"

namespace ferry::swap::problem {

// What can't be swapped, or not now.
inline constexpr Problem kWorkloadInvalid{
    "swap.workload-invalid", ErrorCode::kUsage, "that names no workload",
    "write NAMESPACE/deployment/NAME; statefulset and replicaset are known as well"};
inline constexpr Problem kIdInvalid{"swap.id-invalid", ErrorCode::kUsage,
                                    "that can't be the id of a swap",
                                    "leave it to Ferry, or use lower-case letters and digits"};
inline constexpr Problem kNoImage{"swap.no-image", ErrorCode::kUnsupported,
                                  "no image is known for the stand-in",
                                  "name one: --image, FERRY_IMAGE or in the settings"};
inline constexpr Problem kBeingDeleted{"swap.being-deleted", ErrorCode::kUnavailable,
                                       "the workload is being deleted",
                                       "wait until it is there again"};
inline constexpr Problem kHostNetwork{
    "swap.host-network", ErrorCode::kUnsupported,
    "the workload's pods use the network of their node: a stand-in would need the same ports",
    "forward to it instead, or run it without hostNetwork while you work on it"};
inline constexpr Problem kWindows{
    "swap.windows", ErrorCode::kUnsupported,
    "the workload's pods run on Windows nodes, and the proxy on Linux", "forward to it instead"};
inline constexpr Problem kOwnVolumes{
    "swap.own-volumes", ErrorCode::kUnsupported,
    "each pod of the StatefulSet has a volume of its own, which can't be stood in for",
    "forward to it instead"};
inline constexpr Problem kOwned{
    "swap.owned", ErrorCode::kUnsupported,
    "the workload belongs to another object, which would scale it up again",
    "swap what stands above it, if that is a Deployment or a StatefulSet"};
inline constexpr Problem kRolloutUnderway{
    "swap.rollout-underway", ErrorCode::kConflict,
    "a rollout of the workload is not through: restoring would bring back the new version only",
    "wait until it is through, or undo it (kubectl rollout undo), or go ahead with --force"};
inline constexpr Problem kRightsMissing{
    "swap.rights-missing", ErrorCode::kForbidden, "you lack rights that swapping takes",
    "ask for them; manifests/user-role.yaml lists all that are needed"};
inline constexpr Problem kHeldByAnother{
    "swap.held-by-another", ErrorCode::kConflict,
    "the workload is swapped already, by somebody else or from another machine",
    "ask them to leave it, or take it over with --force"};
inline constexpr Problem kNameTaken{
    "swap.name-taken", ErrorCode::kAlreadyExists,
    "the name that the stand-in would have is another Deployment's, or another swap's",
    "rename it or remove it; if it is a swap's, ask who holds it"};
inline constexpr Problem kRecordUnreadable{
    "swap.record-unreadable", ErrorCode::kInvalid,
    "the annotation that says how the workload was before it was swapped can't be read",
    "scale the workload to what it shall be and remove the annotation, or leave that to --force"};
inline constexpr Problem kNothingToRestore{"swap.nothing-to-restore", ErrorCode::kNotFound,
                                           "there is no such workload, and no swap of it",
                                           "ferry list --swaps shows what is swapped"};

// Which container and which ports.
inline constexpr Problem kContainerUnknown{"swap.container-unknown", ErrorCode::kNotFound,
                                           "the workload has no container of that name",
                                           "choose one of those that the message lists"};
inline constexpr Problem kContainerAmbiguous{
    "swap.container-ambiguous", ErrorCode::kUsage,
    "the pod has several containers, and it is not said which to stand in for",
    "say which: NAME:CONTAINER"};
inline constexpr Problem kContainerIsInit{
    "swap.container-is-init", ErrorCode::kUnsupported,
    "an init container can't be stood in for: only one that runs beside the others",
    "choose one of those that the message lists"};
inline constexpr Problem kPortUnknown{"swap.port-unknown", ErrorCode::kNotFound,
                                      "the container has no port of that name",
                                      "choose one of those that the message lists, or a number"};
inline constexpr Problem kPortNotTcp{"swap.port-not-tcp", ErrorCode::kUnsupported,
                                     "the port is UDP or SCTP", "only TCP can be exposed"};
inline constexpr Problem kPortOfAnother{
    "swap.port-of-another-container", ErrorCode::kAlreadyExists,
    "another container of the same pod has the port",
    "swap that container (NAME:CONTAINER), or expose another port"};
inline constexpr Problem kPortTwice{"swap.port-twice", ErrorCode::kUsage,
                                    "a port of the container is exposed twice",
                                    "each can go to one local port only"};
inline constexpr Problem kNoPort{"swap.no-port", ErrorCode::kUsage,
                                 "the container declares no TCP port, and none was named",
                                 "name one: --expose LOCAL:REMOTE"};

// While it is done.
inline constexpr Problem kStandInFails{
    "swap.stand-in-fails", ErrorCode::kUnavailable, "the stand-in's pod doesn't start",
    "the message has the reason; ferry diagnose of its Deployment says more"};
inline constexpr Problem kStandInRefused{
    "swap.stand-in-refused", ErrorCode::kForbidden,
    "the cluster doesn't let the stand-in's pod be made: a quota, or a policy",
    "let the namespace have one more small pod, or ask those who run the cluster"};
inline constexpr Problem kStandInDeleted{
    "swap.stand-in-deleted", ErrorCode::kNotFound,
    "somebody has deleted the stand-in while it was waited for", "swap again"};
inline constexpr Problem kTimedOut{
    "swap.timed-out", ErrorCode::kTimedOut,
    "a step took longer than it may: the message says what was waited for",
    "ferry diagnose TYPE/NAME says why; then try again"};

// Warnings: swapping goes on.
inline constexpr Problem kOriginalKept{
    "swap.original-kept", ErrorCode::kConflict,
    "warning: the original goes on running beside the stand-in (--keep-original)",
    "only a share of the traffic comes here"};
inline constexpr Problem kPortUndeclared{
    "swap.port-undeclared", ErrorCode::kNotFound,
    "warning: the container doesn't declare the port that is exposed",
    "it is exposed all the same; check the number if nothing arrives"};
inline constexpr Problem kFilesLeftOut{"swap.files-left-out", ErrorCode::kUnsupported,
                                       "warning: files of the container don't come to this machine",
                                       "the local process needs files of its own in their place"};
inline constexpr Problem kHostPort{"swap.host-port", ErrorCode::kUnsupported,
                                   "warning: a port of the node (hostPort) stays the original's",
                                   "nothing answers there while it is swapped; go by a Service"};
inline constexpr Problem kInterference{
    "swap.interference", ErrorCode::kConflict,
    "warning: an autoscaler, a disruption budget, a NetworkPolicy, a quota or a sidecar may get in "
    "the way",
    "the message says what it may do, and what to do about it"};
inline constexpr Problem kPeculiarity{
    "swap.peculiarity", ErrorCode::kUnsupported,
    "warning: something about the workload or a Service of it is another way while it is swapped",
    "the message says what"};
inline constexpr Problem kNotSteered{
    "swap.not-steered", ErrorCode::kForbidden,
    "warning: a Service can't be steered to the stand-in before the original goes",
    "requests may fail in the moment of the change"};
inline constexpr Problem kNoUnattendedRestore{
    "swap.no-unattended-restore", ErrorCode::kForbidden,
    "warning: the stand-in can't restore the original by itself, for want of rights",
    "if this machine is lost, the original stays swapped until somebody runs ferry restore"};
inline constexpr Problem kEndedBefore{"swap.ended-before", ErrorCode::kConflict,
                                      "warning: what ending the swap before this one left to say",
                                      "the message says what"};

}  // namespace ferry::swap::problem
