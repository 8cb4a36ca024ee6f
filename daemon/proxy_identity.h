// The certificates of one proxy, and by what its objects in the cluster are known: made once for
// each cluster and namespace, kept in a file that only the user can read.
//
// They are kept here rather than read back from the cluster's Secret, because reading Secrets is a
// right that opens far more than this. The authority's own key is thrown away once both
// certificates are signed.
#pragma once

#include <chrono>
#include <filesystem>
#include <string>

#include "base/result.h"
#include "net/certificate.h"

namespace ferry::daemon {

struct ProxyIdentity {
  std::string owner;  // 16 hexadecimal digits: the label of the proxies that have this identity
  std::string ca_pem;
  net::Identity daemon;
  net::Identity proxy;
};

// Reads the identity for `cluster` (an API server's URL) and `ns`, or makes one, good for a year
// from `now` on: when there is none, when the file can't be understood, or when its certificates
// end within a month of `now`. Errors: kIo, kInternal.
Result<ProxyIdentity> load_or_make_proxy_identity(
    const std::filesystem::path& state_dir, const std::string& cluster, const std::string& ns,
    std::chrono::system_clock::time_point now = std::chrono::system_clock::now());

// Removes the file, if there is one.
void forget_proxy_identity(const std::filesystem::path& state_dir, const std::string& cluster,
                           const std::string& ns);

// `digits` random hexadecimal digits, from the kernel.
std::string random_hex(std::size_t digits);

}  // namespace ferry::daemon
