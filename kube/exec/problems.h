// What can go wrong when a command runs in a container, as docs/errors.md lists it.
#pragma once

#include "base/error.h"

namespace ferry::exec::problem {

inline constexpr Problem kNoPods{"exec.no-pods", ErrorCode::kUnavailable,
                                 "the target has no pods at present",
                                 "ferry diagnose TYPE/NAME says why"};
inline constexpr Problem kContainerUnknown{"exec.container-unknown", ErrorCode::kNotFound,
                                           "the pod has no container of that name",
                                           "choose one of those that the message lists (-c)"};
inline constexpr Problem kContainerNotRunning{
    "exec.container-not-running", ErrorCode::kUnavailable,
    "the container is there, but doesn't run: it waits, or has ended",
    "ferry diagnose pod/NAME says more"};
inline constexpr Problem kContainerCannotStart{
    "exec.container-cannot-start", ErrorCode::kUnavailable, "the debug container can't be started",
    "check the image's name, that the cluster may pull it, and the command"};
inline constexpr Problem kContainerEnded{"exec.container-ended", ErrorCode::kUnavailable,
                                         "the container ended before the command began",
                                         "try again"};
inline constexpr Problem kPodGone{"exec.pod-gone", ErrorCode::kUnavailable,
                                  "the pod went away while it was waited for",
                                  "try again; the target has another pod soon, or none"};
inline constexpr Problem kCommandMissing{
    "exec.command-missing", ErrorCode::kNotFound, "the container's image has no such command",
    "name one that is in the image, or bring an image along: ferry debug"};
inline constexpr Problem kCommandNotExecutable{
    "exec.command-not-executable", ErrorCode::kUnavailable,
    "the file is there, but the container's user may not execute it",
    "name another command, or call its interpreter: -- sh FILE"};
inline constexpr Problem kRefused{"exec.refused", ErrorCode::kUnavailable,
                                  "the command could not be started for another reason",
                                  "the message has the container runtime's words; ferry diagnose "
                                  "pod/NAME looks at the pod"};
inline constexpr Problem kApiSilent{"exec.api-silent", ErrorCode::kTimedOut,
                                    "the API server doesn't answer any more",
                                    "check the network and try again; the command may still run"};
inline constexpr Problem kConnectionLost{
    "exec.connection-lost", ErrorCode::kReset,
    "the connection ended without a word about how the command ended",
    "check the network and try again; the command may still run"};
inline constexpr Problem kOutputFailed{
    "exec.output-failed", ErrorCode::kIo,
    "what the command says can't be written here: a closed pipe, a full disk",
    "look at what the output goes to"};
inline constexpr Problem kInputStaysOpen{
    "exec.input-stays-open", ErrorCode::kUnsupported,
    "warning: the API server is too old to tell a command that its input has ended",
    "let the command end by itself, or use a cluster of 1.30 or newer"};

}  // namespace ferry::exec::problem
