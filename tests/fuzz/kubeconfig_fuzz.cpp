// Bytes as a kubeconfig file: whatever they are, the parser answers with a value or an error.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>

#include "kube/kubeconfig_file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  auto config = ferry::kube::parse_kubeconfig(text, "/home/jane/.kube/config");
  if (!config) {
    // An error always says which file it is about, and why.
    if (config.error().what.find("/home/jane/.kube/config") == std::string::npos) std::abort();
    if (config.error().why.empty()) std::abort();
    return 0;
  }
  // Merging a file with itself adds nothing.
  const auto clusters = config->clusters.size();
  const auto users = config->users.size();
  auto again = *config;
  ferry::kube::merge(*config, std::move(again));
  if (config->clusters.size() != clusters || config->users.size() != users) std::abort();
  return 0;
}
