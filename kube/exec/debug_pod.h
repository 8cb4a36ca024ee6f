// What is put into a pod, or made of it, to look into it. Only JSON here: who asks the API server,
// and when, is others' business.
// https://kubernetes.io/docs/concepts/workloads/pods/ephemeral-containers/
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "kube/api.h"

namespace ferry::exec {

struct DebugContainer {
  std::string name;
  std::string image;
  std::string target;                // a container whose processes it sees; empty: only its own
  std::vector<std::string> command;  // empty: the image's
  bool input = false;
  bool terminal = false;
};

// "debugger-x7kq2": not in use, with all likelihood.
std::string random_name(const std::string& base);

// A strategic merge patch for the pod's subresource ephemeralcontainers. `security`: its security
// context; null: none.
kube::Json ephemeral_patch(const DebugContainer& container, const kube::Json& security);

// What the container (empty: the first) is allowed to do, as its specification says; null: nothing
// is said.
kube::Json security_context_of(const kube::Json& pod, const std::string& container);

// A pod of that name, for create(): the same volumes, variables and account, but the container
// (empty: the first) only waits, kCopyLife at most, and has `image` in place of its own where that
// isn't empty. Nobody else's: without labels (Services, ReplicaSets and budgets don't select it),
// owners, names in DNS and a node. Without probes and hooks, and never restarted.
kube::Json copy_for_debugging(const kube::Json& pod, const std::string& name,
                              const std::string& container, const std::string& image);

inline constexpr int kCopyLife = 4 * 60 * 60;  // seconds; after them a copy that was left ends

// How far a container of whatever kind has come.
struct ContainerProgress {
  bool running = false;
  std::optional<int> exit_code;  // it has ended
  std::string why;               // while it is neither, or where it couldn't be started
  bool hopeless = false;         // waiting won't help
};

// Succeeded or Failed: nothing starts in it any more.
bool has_ended(const kube::Json& pod);

ContainerProgress progress_of(const kube::Json& pod, const std::string& container);

}  // namespace ferry::exec
