// Reads kubeconfig files as kubectl does, or a pod's service account where there are none.
//
// Which files: `explicit_path` alone if given (missing: an error); else the list in the environment
// variable KUBECONFIG (missing and empty entries are skipped); else HOME/.kube/config. Files are
// merged: the first that defines a cluster, user or context wins with the whole entry, the first
// non-empty current-context wins. Relative paths are relative to the file that holds them. When
// nothing is found, the service account that Kubernetes mounts into pods.
// https://kubernetes.io/docs/concepts/configuration/organize-cluster-access-kubeconfig/
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "kube/cluster_config.h"

namespace ferry::kube {

struct KubeconfigSource {
  // The environment of the user who asks, not of the process that happens to do the work: a
  // daemon's own one is as old as the daemon. Used: KUBECONFIG, HOME, HTTPS_PROXY, HTTP_PROXY,
  // NO_PROXY (lower case too), KUBERNETES_SERVICE_HOST and _PORT; plugins get all of it.
  Environment environment;
  std::string working_directory;  // relative paths on the command line and in KUBECONFIG start
                                  // here; empty: the process's own
  std::string explicit_path;      // --kubeconfig
  std::string context;            // --context; empty: current-context
  std::string ns;                 // --namespace; empty: the context's, else "default"
  std::string service_account_directory = "/var/run/secrets/kubernetes.io/serviceaccount";
};

// The files that load() reads, absolute, by weight, whether they exist or not.
std::vector<std::string> kubeconfig_files(const KubeconfigSource& source);

// Errors: kNotFound (file, context, cluster or user that is named but not there; names those that
// are), kInvalid (malformed YAML with file and line, contradicting fields), kIo (unreadable file),
// kUnsupported (auth-provider and other things that Kubernetes has removed).
Result<ClusterConfig> load(const KubeconfigSource& source);

// The contexts that load() could choose. Errors: those of reading the files.
Result<std::vector<std::string>> context_names(const KubeconfigSource& source);

}  // namespace ferry::kube
