#include "in-cluster-proxy/health_server.h"

#include <gmock/gmock.h>

#include "tests/net/harness.h"

namespace ferry::proxy {
namespace {

using net::testing::Recorder;
using net::testing::TestLoop;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class Client {
 public:
  Client(TestLoop& loop, const net::HostPort& address) : seen(loop) {
    net::Dial dial(*loop, address, {}, [&](auto result) {
      stream = std::move(*result);
      stream->start(seen);
      loop.poke();
    });
    loop.run_until([&] { return stream != nullptr; });
  }
  Recorder seen;
  std::unique_ptr<net::ByteStream> stream;
};

TEST(HealthServerTest, AnswersProbes) {
  TestLoop loop;
  bool ready = true;
  HealthServer server(*loop, {.not_ready = [&] { return ready ? "" : "draining"; },
                              .metrics = [] { return "ferry_proxy_streams 3\n"; }});
  ASSERT_TRUE(server.listen({"127.0.0.1", 0}).has_value());
  const auto ask = [&](const std::string& request) {
    Client client(loop, server.addresses().at(0));
    client.stream->write(as_bytes(request));
    loop.run_until([&] { return client.seen.ended || client.seen.closed; });
    return client.seen.received;
  };
  const std::string probe =
      " HTTP/1.1\r\nHost: 10.0.0.1:7480\r\nUser-Agent: kube-probe/1.33\r\n\r\n";
  EXPECT_THAT(ask("GET /healthz" + probe), StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(ask("GET /readyz" + probe), StartsWith("HTTP/1.1 200 OK\r\n"));
  ready = false;
  EXPECT_THAT(ask("GET /readyz?verbose" + probe), StartsWith("HTTP/1.1 503 "));
  EXPECT_THAT(ask("GET /healthz" + probe), StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(ask("GET /metrics" + probe), EndsWith("\r\n\r\nferry_proxy_streams 3\n"));
  EXPECT_THAT(ask("GET /" + probe), StartsWith("HTTP/1.1 404 "));
  EXPECT_THAT(ask("POST /healthz" + probe), StartsWith("HTTP/1.1 405 "));
  EXPECT_THAT(ask("nonsense\r\n\r\n"), StartsWith("HTTP/1.1 400 "));
  EXPECT_THAT(ask("GET /healthz HTTP/1.1\r\nX: " + std::string(8000, 'x')),
              StartsWith("HTTP/1.1 431 "));
}

TEST(HealthServerTest, SaysHowLongItsAnswersAre) {
  const std::string answer = health_answer("GET /healthz HTTP/1.1\r\n\r\n", {});
  EXPECT_THAT(answer, HasSubstr("Content-Length: 3\r\n"));
  EXPECT_THAT(answer, HasSubstr("Connection: close\r\n"));
  EXPECT_TRUE(answer.ends_with("\r\n\r\nok\n"));
  EXPECT_EQ(health_answer("GET /healthz HTTP/1.1\r\n", {}), "");
}

TEST(HealthServerTest, ACrowdOfSilentClientsMakesRoomForAProbe) {
  TestLoop loop;
  HealthServer server(*loop, {.not_ready = [] { return ""; }, .metrics = {}});
  ASSERT_TRUE(server.listen({"127.0.0.1", 0}).has_value());
  std::vector<std::unique_ptr<Client>> crowd;
  for (int i = 0; i < 200; ++i) {
    crowd.push_back(std::make_unique<Client>(loop, server.addresses().at(0)));
  }
  Client probe(loop, server.addresses().at(0));
  probe.stream->write(as_bytes("GET /readyz HTTP/1.1\r\n\r\n"));
  ASSERT_TRUE(loop.run_until([&] { return probe.seen.received.ends_with("ok\n"); }));
  EXPECT_TRUE(crowd[0]->seen.ended || crowd[0]->seen.closed);
}

}  // namespace
}  // namespace ferry::proxy
