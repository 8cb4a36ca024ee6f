#include "daemon/connection_test.h"

#include <memory>
#include <utility>

#include "daemon/idle_stream.h"

namespace ferry::daemon {

ConnectionTest::ConnectionTest(LinkRoute& route, std::size_t port, OnResult on_result)
    : route_(route), port_(port), on_result_(std::move(on_result)) {}

ConnectionTest::~ConnectionTest() {
  if (under_way_) route_.forget(*this);
}

void ConnectionTest::start() {
  under_way_ = true;
  route_.carry(port_, std::make_unique<IdleStream>(), *this);
}

void ConnectionTest::on_connected(std::size_t) { finish({}); }

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
