#include "daemon/proxy_at.h"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <utility>

#include "daemon/problems.h"

namespace ferry::daemon {
namespace {

Result<std::string> read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  if (!file.is_open() || file.bad()) {
    return fail(problem::kCredentialsUnreadable, "reading " + path, std::strerror(errno),
                "--proxy-credentials names a directory with ca.crt, tls.crt and tls.key");
  }
  return text;
}

Result<TunnelCredentials> read_credentials(const std::string& directory) {
  TunnelCredentials credentials;
  const std::pair<const char*, std::string*> files[] = {{"/ca.crt", &credentials.ca_pem},
                                                        {"/tls.crt", &credentials.certificate_pem},
                                                        {"/tls.key", &credentials.key_pem}};
  for (const auto& [name, text] : files) {
    auto read = read_file(directory + name);
    if (!read) return fail(read.error());
    *text = std::move(*read);
  }
  return credentials;
}

}  // namespace

ProxyAt::ProxyAt(net::Loop& loop, std::string address, std::string credentials)
    : loop_(loop), address_(std::move(address)), credentials_(std::move(credentials)) {}

void ProxyAt::connect(Callback callback, Progress) {
  give_up();
  callback_ = std::move(callback);
  const auto address = net::parse_host_port(address_);
  const auto credentials = read_credentials(credentials_);
  if (!address || !credentials) {
    const Error error = address ? credentials.error() : address.error();
    loop_.post([callback = callback_, error] { callback(fail(error)); });
    return;
  }
  dial_ = std::make_unique<net::Dial>(
      loop_, *address, net::DialOptions{.again_after = kAskAgain, .last = last_address_},
      [this, credentials = *credentials](Result<std::unique_ptr<net::ByteStream>> stream) {
        if (stream) {
          dialled(std::move(*stream), credentials);
        } else {
          callback_(fail(stream.error()));
        }
      });
}

std::unique_ptr<CarrierSource> ProxyAt::abandon() {
  give_up();
  auto same = std::make_unique<ProxyAt>(loop_, address_, credentials_);
  *same->last_address_ = *last_address_;
  return same;
}

void ProxyAt::give_up() {
  handshake_.reset();
  dial_.reset();
}

void ProxyAt::dialled(std::unique_ptr<net::ByteStream> stream,
                      const TunnelCredentials& credentials) {
  handshake_ = std::make_unique<CarrierHandshake>(loop_, credentials, std::move(stream), address_,
                                                  std::string(), callback_);
}

}  // namespace ferry::daemon
