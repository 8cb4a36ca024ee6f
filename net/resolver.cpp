#include "net/resolver.h"

#include <netdb.h>
#include <uv.h>

#include <utility>

#include "net/problems.h"

namespace ferry::net {

struct Lookup::Request {
  uv_getaddrinfo_t uv = {};
  std::string host;
  Callback callback;
  Lookup* lookup = nullptr;  // null: cancelled
};

namespace {

std::vector<SocketAddress> addresses_of(const addrinfo* list) {
  std::vector<SocketAddress> addresses;
  for (; list != nullptr; list = list->ai_next) {
    if (auto address = SocketAddress::from_native(list->ai_addr)) addresses.push_back(*address);
  }
  return addresses;
}

tl::unexpected<Error> lookup_failed(const std::string& host, const char* why) {
  return fail(problem::kNameUnknown, "looking up '" + host + "'", why,
              "check the name and this machine's name servers");
}

}  // namespace

Result<std::unique_ptr<Lookup>> Lookup::begin(Loop& loop, const std::string& host,
                                              std::uint16_t port, Callback callback) {
  if (host.empty()) return lookup_failed(host, "the name is empty");
  addrinfo hints = {};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  auto request = std::make_unique<Request>();
  request->host = host;
  request->callback = std::move(callback);
  request->uv.data = request.get();
  const auto done = [](uv_getaddrinfo_t* uv, int status, addrinfo* list) {
    const std::unique_ptr<Request> self(static_cast<Request*>(uv->data));
    const auto addresses = addresses_of(list);
    uv_freeaddrinfo(list);
    if (self->lookup == nullptr) return;
    self->lookup->request_ = nullptr;
    if (status != 0) return self->callback(lookup_failed(self->host, uv_strerror(status)));
    if (addresses.empty()) return self->callback(lookup_failed(self->host, "it has no address"));
    self->callback(addresses);
  };
  const int error = uv_getaddrinfo(loop.native(), &request->uv, done, host.c_str(),
                                   std::to_string(port).c_str(), &hints);
  if (error != 0) return lookup_failed(host, uv_strerror(error));
  auto lookup = std::unique_ptr<Lookup>(new Lookup(request.release()));
  lookup->request_->lookup = lookup.get();
  return lookup;
}

Lookup::~Lookup() {
  if (request_ == nullptr) return;
  request_->lookup = nullptr;
  uv_cancel(reinterpret_cast<uv_req_t*>(&request_->uv));
}

}  // namespace ferry::net
