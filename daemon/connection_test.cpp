#include "daemon/connection_test.h"

#include <memory>
#include <utility>

namespace ferry::daemon {
namespace {

constexpr Duration kTestLinger = std::chrono::milliseconds(300);

}  // namespace

ConnectionTest::ConnectionTest(net::Loop& loop, LinkRoute& route, std::size_t port,
                               OnResult on_result)
    : loop_(loop),
      route_(route),
      port_(port),
      on_result_(std::move(on_result)),
      linger_(loop, [this] { finish({}); }) {}

ConnectionTest::~ConnectionTest() {
  if (under_way_) route_.forget(*this);
}

void ConnectionTest::start() {
  under_way_ = true;
  auto local = std::make_unique<IdleStream>(loop_);
  local_ = IdleStream::Handle(*local);
  route_.carry(port_, std::move(local), *this);
}

void ConnectionTest::on_connected(std::size_t) {
  local_.hang_up();
  linger_.start(kTestLinger);
}

void ConnectionTest::on_ended(std::size_t, const ConnectionEnd& end) {
  finish(end.opened ? std::nullopt : end.error);
}

void ConnectionTest::finish(std::optional<Error> error) {
  if (!under_way_) return;
  under_way_ = false;
  route_.forget(*this);
  const OnResult on_result = on_result_;  // may destroy this
  on_result(port_, std::move(error));
}

}  // namespace ferry::daemon
