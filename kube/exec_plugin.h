// Credential plugins: programs that print a token or a client certificate.
// https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "kube/cancel.h"
#include "kube/credentials.h"

namespace ferry::kube {

struct PluginCredential {
  std::string token;
  std::string certificate_pem;
  std::string key_pem;
  std::int64_t expires_at = 0;  // seconds since 1970; 0: not said
};

// Runs the plugin of config.user.exec, which must be there. Errors: kNotFound (no such command; the
// install hint is the fix), kUnauthenticated (it failed; `why` ends with its last words),
// kUnsupported (it wants a terminal and there is none), kInvalid (its answer), kCancelled.
Result<PluginCredential> run_plugin(const ClusterConfig& config, const CredentialsOptions& options,
                                    const CancelToken& cancel);

}  // namespace ferry::kube
