// The API server, spoken to by the command itself: for what needs no daemon.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "daemon/control/api.h"
#include "kube/api.h"
#include "kube/credentials.h"
#include "kube/kubeconfig.h"

namespace ferry::cli {

struct Cluster {
  std::shared_ptr<kube::Credentials> credentials;
  std::unique_ptr<kube::Api> api;
  std::string ns;
};

// As kube::KubeconfigSource has it.
kube::KubeconfigSource kubeconfig_source(const control::KubeAccess& access);

// Speaks to nobody yet. Exec plugins may ask on the terminal, and their standard error is ours.
// Errors: those of kube::load().
Result<Cluster> open_cluster(const control::KubeAccess& access);

// The same, with what exec plugins may do.
Result<Cluster> open_cluster(const control::KubeAccess& access, kube::CredentialsOptions options);

}  // namespace ferry::cli
