#include "daemon/own_environment.h"

#include <unistd.h>

#include <string_view>

namespace ferry::daemon {

kube::Environment own_environment() {
  kube::Environment environment;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const auto equals = text.find('=');
    if (equals == std::string_view::npos) continue;
    environment.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return environment;
}

}  // namespace ferry::daemon
