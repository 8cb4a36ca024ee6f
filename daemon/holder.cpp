#include "daemon/holder.h"

#include <algorithm>
#include <array>

#include "base/bytes.h"
#include "net/hmac.h"

namespace ferry::daemon {

std::optional<tunnel::Holder> make_holder(const std::string& installation,
                                          const std::string& owner) {
  if (installation.empty()) return std::nullopt;
  tunnel::Holder holder;
  const auto hash = net::hmac_sha256(as_bytes(installation), as_bytes(owner));
  std::copy_n(hash.begin(), holder.installation.size(), holder.installation.begin());
  std::array<std::uint8_t, sizeof holder.process> process{};
  net::fill_random(process);
  for (const std::uint8_t byte : process) holder.process = holder.process << 8 | byte;
  return holder;
}

}  // namespace ferry::daemon
