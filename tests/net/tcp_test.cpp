#include <gtest/gtest.h>

#include "tests/net/harness.h"

namespace ferry::net::testing {
namespace {

TEST(TcpTest, CarriesBytesBothWaysAndClosesInOrder) {
  TestLoop loop;
  auto pair = connect_tcp(loop);
  Recorder client(loop);
  Recorder server(loop);
  pair.client->start(client);
  pair.server->start(server);
  EXPECT_EQ(pair.client->write(as_bytes("question")), 8U);
  pair.client->shutdown();
  loop.run_until([&] { return server.ended; });
  EXPECT_EQ(server.received, "question");
  EXPECT_FALSE(server.closed);
  pair.server->write(as_bytes("answer"));
  pair.server->shutdown();
  loop.run_until([&] { return client.closed && server.closed; });
  EXPECT_EQ(client.received, "answer");
  EXPECT_TRUE(client.closed_well());
  EXPECT_TRUE(server.closed_well());
}

TEST(TcpTest, AResetArrivesAsAReset) {
  TestLoop loop;
  auto pair = connect_tcp(loop);
  Recorder client(loop);
  pair.client->start(client);
  pair.server->reset();
  loop.run_until([&] { return client.closed.has_value(); });
  ASSERT_TRUE(client.closed_badly());
  EXPECT_EQ(client.error().code, ErrorCode::kReset);
  EXPECT_EQ(client.error().why, "connection reset by peer");
}

}  // namespace
}  // namespace ferry::net::testing
