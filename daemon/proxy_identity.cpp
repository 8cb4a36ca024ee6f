#include "daemon/proxy_identity.h"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "daemon/private_file.h"
#include "daemon/problems.h"
#include "net/hmac.h"

namespace ferry::daemon {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;
using WallTime = std::chrono::system_clock::time_point;

constexpr auto kLife = std::chrono::hours(24 * 365);
constexpr auto kRenewBefore = std::chrono::hours(24 * 30);
constexpr auto kClockSkew = std::chrono::hours(24);  // a cluster's clock may run late

// FNV-1a: a file name for any URL. The file says whose it is, so that a collision is only a new
// identity.
std::string file_name(const std::string& cluster, const std::string& ns) {
  std::uint64_t hash = 0xcbf29ce484222325U;
  for (const char c : cluster + '\n' + ns) {
    hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
  }
  char text[17];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(hash));
  return std::string(text) + ".json";
}

fs::path file_of(const fs::path& state_dir, const std::string& cluster, const std::string& ns) {
  return state_dir / "proxies" / file_name(cluster, ns);
}

tl::unexpected<Error> io_error(const std::string& doing, const fs::path& path, int number) {
  return fail(problem::kStateUnwritable, doing + " " + path.string(), std::strerror(number),
              "the state directory must be writable by you");
}

Result<ProxyIdentity> make_identity(WallTime now) {
  net::CertificateSpec spec;
  spec.not_before = now - kClockSkew;
  spec.not_after = now + kLife;
  ProxyIdentity identity;
  identity.owner = random_hex(16);
  spec.common_name = "ferry " + identity.owner;
  const auto authority = net::make_authority(spec);
  if (!authority) return fail(authority.error());
  identity.ca_pem = authority->certificate_pem;
  spec.common_name = "ferry-proxy";
  spec.use = net::CertificateUse::kServer;
  auto proxy = net::make_certificate(spec, *authority);
  if (!proxy) return fail(proxy.error());
  identity.proxy = std::move(*proxy);
  spec.common_name = "ferryd";
  spec.use = net::CertificateUse::kClient;
  auto daemon = net::make_certificate(spec, *authority);
  if (!daemon) return fail(daemon.error());
  identity.daemon = std::move(*daemon);
  return identity;
}

Json to_json(const ProxyIdentity& identity, const std::string& cluster, const std::string& ns) {
  return {{"cluster", cluster},
          {"namespace", ns},
          {"owner", identity.owner},
          {"ca", identity.ca_pem},
          {"daemon",
           {{"certificate", identity.daemon.certificate_pem}, {"key", identity.daemon.key_pem}}},
          {"proxy",
           {{"certificate", identity.proxy.certificate_pem}, {"key", identity.proxy.key_pem}}}};
}

// Never readable by others, not even for a moment.
Status write_identity(const fs::path& path, const std::string& text) {
  std::error_code error;
  fs::create_directories(path.parent_path(), error);
  if (!error) fs::permissions(path.parent_path(), fs::perms::owner_all, error);
  if (error) return io_error("creating", path.parent_path(), error.value());
  return write_private_file(path, text);
}

bool ends_soon(const ProxyIdentity& identity, WallTime now) {
  const auto limit = now + kRenewBefore;
  for (const net::Identity* one : {&identity.daemon, &identity.proxy}) {
    const auto expiry = net::expiry_of(one->certificate_pem);
    if (!expiry || *expiry < limit) return true;
  }
  return false;
}

std::string text_at(const Json& json, const char* pointer) {
  const Json::json_pointer place(pointer);
  if (!json.contains(place) || !json.at(place).is_string()) return {};
  return json.at(place).get<std::string>();
}

// Error: kNotFound (there is none), kIo.
Result<ProxyIdentity> load_proxy_identity(const fs::path& state_dir, const std::string& cluster,
                                          const std::string& ns) {
  const fs::path path = file_of(state_dir, cluster, ns);
  std::ifstream file(path, std::ios::binary);
  if (!file.is_open()) {
    if (errno != ENOENT) return io_error("reading", path, errno);
    return fail(problem::kNoIdentity, "reading " + path.string(), "there is none yet");
  }
  const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  const Json json = Json::parse(text, nullptr, false);
  ProxyIdentity identity;
  identity.owner = text_at(json, "/owner");
  identity.ca_pem = text_at(json, "/ca");
  identity.daemon = {text_at(json, "/daemon/certificate"), text_at(json, "/daemon/key")};
  identity.proxy = {text_at(json, "/proxy/certificate"), text_at(json, "/proxy/key")};
  if (text_at(json, "/cluster") != cluster || text_at(json, "/namespace") != ns ||
      identity.owner.empty()) {
    return fail(problem::kNoIdentity, "reading " + path.string(), "it is for something else");
  }
  return identity;
}

}  // namespace

std::string random_hex(std::size_t digits) {
  std::string text;
  std::vector<std::uint8_t> bytes(digits);
  net::fill_random(bytes);
  for (const std::uint8_t byte : bytes) text += "0123456789abcdef"[byte % 16];
  return text;
}

Result<ProxyIdentity> load_or_make_proxy_identity(const fs::path& state_dir,
                                                  const std::string& cluster, const std::string& ns,
                                                  WallTime now) {
  Result<ProxyIdentity> known = load_proxy_identity(state_dir, cluster, ns);
  if (known && !ends_soon(*known, now)) return known;
  if (!known && known.error().code != ErrorCode::kNotFound) return known;
  Result<ProxyIdentity> fresh = make_identity(now);
  if (!fresh) return fresh;
  const Status written =
      write_identity(file_of(state_dir, cluster, ns), to_json(*fresh, cluster, ns).dump(1));
  if (!written) return fail(written.error());
  return fresh;
}

void forget_proxy_identity(const fs::path& state_dir, const std::string& cluster,
                           const std::string& ns) {
  std::error_code ignored;
  fs::remove(file_of(state_dir, cluster, ns), ignored);
}

}  // namespace ferry::daemon
