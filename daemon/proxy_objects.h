// The Job and the Secret of a proxy, made from manifests/proxy/.
#pragma once

#include <string>

#include "base/result.h"
#include "daemon/proxy_identity.h"
#include "daemon/proxy_install.h"
#include "kube/api.h"

namespace ferry::daemon {

// The labels that a proxy bears which this version of Ferry has made for this owner, as a list
// request takes them.
std::string proxy_selector(const std::string& owner);

// A Job with a name of its own. Error: kInternal (the embedded manifest is broken).
Result<kube::Json> make_proxy_job(const ProxyInstallOptions& options, const std::string& owner);

// The Secret of a Job that the API server has (its metadata.uid is needed), owned by it: deleted
// with it.
Result<kube::Json> make_proxy_secret(const kube::Json& job, const ProxyIdentity& identity);

}  // namespace ferry::daemon
