#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

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

// Of both ends of a connection: those are the sockets of this process.
TEST(TcpTest, EveryConnectionHasItsOptions) {
  TestLoop loop;
  const auto pair = connect_tcp(loop);
  const auto option = [](int fd, int level, int name) {
    int value = 0;
    socklen_t size = sizeof value;
    EXPECT_EQ(getsockopt(fd, level, name, &value, &size), 0);
    return value;
  };
  int ends = 0;
  for (int fd = 0; fd < 1024; ++fd) {
    sockaddr_in peer = {};
    socklen_t size = sizeof peer;
    if (getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &size) != 0) continue;
    if (peer.sin_family != AF_INET) continue;
    ++ends;
    EXPECT_EQ(option(fd, IPPROTO_TCP, TCP_NODELAY), 1);
    EXPECT_EQ(option(fd, SOL_SOCKET, SO_KEEPALIVE), 1);
#ifdef __linux__
    EXPECT_EQ(option(fd, IPPROTO_TCP, TCP_KEEPIDLE), 60);
    EXPECT_EQ(option(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT), 128 * 1024);
#endif
  }
  EXPECT_EQ(ends, 2);
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

TEST(TcpTest, AResetIsNoticedWhileNothingIsRead) {
  TestLoop loop;
  auto pair = connect_tcp(loop);
  Recorder client(loop);
  client.room = 0;
  pair.client->start(client);
  pair.server->write(as_bytes("nobody reads this"));
  pair.server->reset();
  loop.run_until([&] { return client.closed.has_value(); });
  ASSERT_TRUE(client.closed_badly());
  EXPECT_EQ(client.error().code, ErrorCode::kReset);
}

TEST(TcpTest, WhatWasSentInOrderIsThereAfterAPause) {
  TestLoop loop;
  auto pair = connect_tcp(loop);
  Recorder client(loop);
  Recorder server(loop);
  client.room = 0;
  pair.client->start(client);
  pair.server->start(server);
  pair.client->shutdown();
  pair.server->write(as_bytes("words"));
  pair.server->shutdown();
  loop.run_for(std::chrono::seconds(4));  // longer than until it looks for a reset
  EXPECT_FALSE(client.closed);
  client.room = 100;
  pair.client->resume_reading();
  loop.run_until([&] { return client.closed.has_value(); });
  EXPECT_EQ(client.received, "words");
  EXPECT_TRUE(client.closed_well());
}

}  // namespace
}  // namespace ferry::net::testing
