// Server and client over a real Unix socket, with a fake daemon behind.
#include "daemon/control/server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <future>
#include <thread>

#include "base/version.h"
#include "daemon/control/client.h"
#include "daemon/control/json.h"
#include "daemon/control/limits.h"
#include "tests/fakes/fake_service.h"

namespace ferry::control {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

LinkSpec spec_of(bool detach) {
  LinkSpec spec;
  spec.target = {TargetKind::kService, "app"};
  spec.ports = {{.local = 8080, .remote = {.number = 80}}};
  spec.kube.environment = {{"AWS_PROFILE", "dev"}};
  spec.detach = detach;
  return spec;
}

class ControlServerTest : public testing::Test {
 protected:
  ControlServerTest() {
    mkdtemp(root_.data());
    server_.emplace(service_, ServerOptions{.socket_path = socket(), .max_connections = 16});
    const auto started = server_->start();
    EXPECT_TRUE(started) << started.error().summary();
  }
  ~ControlServerTest() override {
    server_.reset();
    std::filesystem::remove_all(root_);
  }

  std::string socket() const { return root_ + "/s"; }
  Client client() const { return Client(socket()); }

  int connect_raw() const {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, socket().data(), socket().size());
    const int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
    EXPECT_EQ(connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
    return fd;
  }

  // Sends bytes as they are, and returns everything until the server closes.
  std::string raw(const std::string& bytes) const {
    const int fd = connect_raw();
    std::size_t sent = 0;
    while (sent < bytes.size()) {
      const auto n = send(fd, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
      if (n <= 0) break;  // the server has heard enough
      sent += static_cast<std::size_t>(n);
    }
    std::string answer;
    std::array<char, 4096> buffer{};
    for (ssize_t n = 0; (n = recv(fd, buffer.data(), buffer.size(), 0)) > 0;) {
      answer.append(buffer.data(), static_cast<std::size_t>(n));
    }
    close(fd);
    return answer;
  }

  // Creates a detached link and lets go of its events.
  std::string add_detached() const {
    std::string id;
    const auto made = client().create(spec_of(true), [&](const Event& event) {
      id = event.link_id;
      return false;
    });
    EXPECT_TRUE(made) << made.error().summary();
    return id;
  }

  // A request with a body, as curl would send it.
  std::string post(const std::string& path, const std::string& body,
                   const std::string& headers = {}) const {
    return raw("POST " + path + " HTTP/1.1\r\nHost: x\r\n" + headers +
               "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
  }

  std::string root_ = testing::TempDir() + "ferry-control-XXXXXX";
  FakeService service_;
  std::optional<Server> server_;
};

bool none(const std::vector<LinkStatus>& links) { return links.empty(); }
bool some(const std::vector<LinkStatus>& links) { return !links.empty(); }

TEST_F(ControlServerTest, OnlyItsOwnerMayConnect) {
  struct stat info {};
  ASSERT_EQ(stat(socket().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0600U);
}

TEST_F(ControlServerTest, ServesNobodyButItsUser) {
  server_.emplace(service_, ServerOptions{.socket_path = socket(), .user = geteuid() + 1});
  ASSERT_TRUE(server_->start());
  EXPECT_EQ(raw("GET /v1/version HTTP/1.1\r\nHost: x\r\n\r\n"), "");
  EXPECT_FALSE(client().version());
}

// What the modes keep out is not what keeps others out here: they are opened up.
TEST_F(ControlServerTest, CutsOffAnotherUserWhoGotPastTheModes) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root, to become another user";
  namespace fs = std::filesystem;
  fs::permissions(root_, fs::perms::owner_all | fs::perms::others_exec);
  fs::permissions(socket(), fs::perms::all);
  const pid_t child = fork();
  if (child == 0) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, socket().data(), socket().size());
    constexpr uid_t kNobody = 65534;
    if (setresgid(kNobody, kNobody, kNobody) != 0 || setresuid(kNobody, kNobody, kNobody) != 0) {
      _exit(2);
    }
    const int other = ::socket(AF_UNIX, SOCK_STREAM, 0);
    if (connect(other, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) _exit(3);
    static constexpr std::string_view kRequest = "GET /v1/version HTTP/1.1\r\nHost: x\r\n\r\n";
    static_cast<void>(send(other, kRequest.data(), kRequest.size(), MSG_NOSIGNAL));
    char byte = 0;
    _exit(recv(other, &byte, 1, 0) > 0 ? 1 : 0);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(WEXITSTATUS(status), 0);
  EXPECT_TRUE(client().version());
}

TEST_F(ControlServerTest, AClientSaysNothingWhereOthersMayHavePutTheSocket) {
  namespace fs = std::filesystem;
  fs::permissions(root_, fs::perms::others_write, fs::perm_options::add);
  const auto version = client().version();
  ASSERT_FALSE(version);
  EXPECT_EQ(version.error().code, ErrorCode::kForbidden);
  EXPECT_EQ(client().probe().error().code, ErrorCode::kForbidden);
  EXPECT_EQ(client().create(spec_of(true), [](const Event&) { return true; }).error().code,
            ErrorCode::kForbidden);
}

TEST_F(ControlServerTest, TellsVersionAndStatus) {
  EXPECT_EQ(client().version().value(), version());
  const auto status = client().status();
  ASSERT_TRUE(status) << status.error().summary();
  EXPECT_EQ(status->version, "0.0.7");
  EXPECT_EQ(status->pid, 42U);
}

TEST_F(ControlServerTest, ADetachedLinkStaysUntilItIsRemoved) {
  const std::string id = add_detached();
  EXPECT_EQ(service_.specs().at(0), spec_of(true));
  EXPECT_EQ(client().links().value().size(), 1U);
  EXPECT_TRUE(client().remove(id));
  EXPECT_TRUE(service_.links().empty());
  const auto again = client().remove(id);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, ErrorCode::kNotFound);
  EXPECT_EQ(again.error().why, "no such link");
}

TEST_F(ControlServerTest, TheServicesErrorReachesTheClientWhole) {
  service_.refuse_links_with({ErrorCode::kExhausted, "adding a link", "too many", "end one"});
  for (const bool detach : {true, false}) {
    const auto never = [](const Event&) { return false; };
    const auto error = client().create(spec_of(detach), never).error();
    EXPECT_EQ(error.code, ErrorCode::kExhausted);
    EXPECT_EQ(error.what, "adding a link");
    EXPECT_EQ(error.why, "too many");
    EXPECT_EQ(error.fix, "end one");
  }
}

TEST_F(ControlServerTest, AHeldLinkEndsWithItsConnection) {
  std::string id;
  const auto held = client().create(spec_of(false), [&](const Event& event) {
    id = event.link_id;
    EXPECT_EQ(event.kind, EventKind::kLink);
    EXPECT_EQ(event.link->state, LinkState::kStarting);
    return false;  // closes the connection
  });
  EXPECT_TRUE(held) << held.error().summary();
  EXPECT_EQ(id, "1");
  EXPECT_TRUE(service_.wait_for_links(none));
}

TEST_F(ControlServerTest, AHeldLinkTellsWhatBecomesOfItAndOfNoOther) {
  std::vector<std::string> heard;
  auto holding = std::async(std::launch::async, [&] {
    return client().create(spec_of(false), [&](const Event& event) {
      heard.push_back(std::string(name_of(event.kind)) + " " + event.message);
      return true;
    });
  });
  ASSERT_TRUE(service_.wait_for_links(some));
  service_.emit({.kind = EventKind::kProgress, .link_id = "1", .message = "waiting"});
  service_.emit({.kind = EventKind::kProgress, .link_id = "2", .message = "not mine"});
  service_.emit({.kind = EventKind::kTunnel, .tunnel = TunnelStatus{}});
  service_.emit({.kind = EventKind::kEnded, .link_id = "1", .message = "bye"});
  const auto result = holding.get();
  EXPECT_TRUE(result) << result.error().summary();
  EXPECT_THAT(heard, testing::ElementsAre("link ", "progress waiting", "ended bye"));
}

TEST_F(ControlServerTest, FollowingALinkDoesNotHoldIt) {
  const std::string id = add_detached();
  EXPECT_TRUE(client().follow(id, [](const Event&) { return false; }));
  EXPECT_TRUE(client().follow(id, [](const Event&) { return false; }));
  EXPECT_EQ(service_.links().size(), 1U);
  EXPECT_EQ(client().follow("77", [](const Event&) { return true; }).error().code,
            ErrorCode::kNotFound);
}

TEST_F(ControlServerTest, AScriptMakesADetachedLinkWithoutAStream) {
  EXPECT_THAT(post("/v1/links", R"({"target":{"kind":"svc","name":"app"},)"
                                R"("ports":[{"local":8080,"remote":"http"}],"detach":true})"),
              testing::AllOf(StartsWith("HTTP/1.1 201"), HasSubstr(R"("id":"1")"),
                             HasSubstr(R"("state":"starting")")));
  EXPECT_EQ(service_.links().size(), 1U);
}

TEST_F(ControlServerTest, AForegroundLinkNeedsAStream) {
  EXPECT_THAT(post("/v1/links", dump(to_json(spec_of(false), Include::kEverything))),
              testing::AllOf(StartsWith("HTTP/1.1 400"), HasSubstr("text/event-stream")));
  EXPECT_TRUE(service_.links().empty());
}

TEST_F(ControlServerTest, StreamsDoNotKeepOthersFromBeingServed) {
  std::vector<int> held;
  const std::string body = dump(to_json(spec_of(false), Include::kEverything));
  const std::string request =
      "POST /v1/links HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\n"
      "Content-Length: " +
      std::to_string(body.size()) + "\r\n\r\n" + body;
  for (int i = 0; i < 10; ++i) {
    held.push_back(connect_raw());
    ASSERT_EQ(send(held.back(), request.data(), request.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(request.size()));
  }
  for (int i = 0; i < 4; ++i) held.push_back(connect_raw());  // says nothing at all
  ASSERT_TRUE(service_.wait_for_links([](const auto& links) { return links.size() == 10; }));
  EXPECT_TRUE(client().status());
  for (const int fd : held) close(fd);
  EXPECT_TRUE(service_.wait_for_links(none));
}

TEST_F(ControlServerTest, EndsItsStreamsWhenItStops) {
  auto holding = std::async(std::launch::async, [&] {
    return client().create(spec_of(false), [](const Event&) { return true; });
  });
  ASSERT_TRUE(service_.wait_for_links(some));
  server_->stop();
  const auto result = holding.get();
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::kReset);
  EXPECT_EQ(client().probe().error().code, ErrorCode::kNotFound);
  EXPECT_FALSE(std::filesystem::exists(socket()));
}

TEST_F(ControlServerTest, PassesOnTheWishToQuit) {
  EXPECT_TRUE(client().quit());
  EXPECT_TRUE(service_.asked_to_quit());
}

TEST_F(ControlServerTest, AnswersGarbageWithoutHarm) {
  EXPECT_THAT(raw("\x16\x03\x01 garbage\r\n\r\n"), StartsWith("HTTP/1.1 400"));
  EXPECT_THAT(raw("GET /v1/nothing HTTP/1.1\r\nHost: x\r\n\r\n"), HasSubstr("no such path"));
  EXPECT_THAT(raw("DELETE /v1/links HTTP/1.1\r\nHost: x\r\n\r\n"), StartsWith("HTTP/1.1 404"));
  EXPECT_THAT(raw("POST /v1/links HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n{"),
              HasSubstr("reading JSON"));
  EXPECT_THAT(raw("GET /v1/links/" + std::string(5000, 'a') + " HTTP/1.1\r\n\r\n"),
              StartsWith("HTTP/1.1 404"));
  EXPECT_TRUE(client().status());
}

TEST_F(ControlServerTest, RefusesABodyBeyondItsBound) {
  const std::string head = "POST /v1/links HTTP/1.1\r\nHost: x\r\n";
  EXPECT_THAT(raw(head + "Content-Length: " + std::to_string(kMaxBody + 1) + "\r\n\r\n" +
                  std::string(kMaxBody + 1, 'x')),
              StartsWith("HTTP/1.1 413"));
  EXPECT_THAT(raw(head + "Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n"),
              StartsWith("HTTP/1.1 400"));
  EXPECT_THAT(raw(head + "Content-Encoding: gzip\r\nContent-Length: 1\r\n\r\n{"),
              StartsWith("HTTP/1.1 400"));
  EXPECT_TRUE(client().status());
}

TEST_F(ControlServerTest, ManyMayConnectAtOnce) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, socket().data(), socket().size());
  std::array<int, 300> crowd{};
  for (int& fd : crowd) {
    fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);  // a full backlog is an error to it
    ASSERT_EQ(connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
  }
  EXPECT_TRUE(client().status().has_value());
  for (const int fd : crowd) close(fd);
}

TEST_F(ControlServerTest, ServesMetrics) {
  const std::string answer = raw("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(answer, HasSubstr("ferry_build_info{version=\"0.0.7\"} 1"));
}

TEST_F(ControlServerTest, TakesTheSocketOfADaemonThatDied) {
  server_.reset();
  const int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, socket().data(), socket().size());
  ASSERT_EQ(bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
  close(fd);  // leaves the file, and nobody listens
  EXPECT_EQ(client().probe().error().code, ErrorCode::kNotFound);
  server_.emplace(service_, ServerOptions{.socket_path = socket()});
  EXPECT_TRUE(server_->start());
  EXPECT_TRUE(client().version());
}

TEST_F(ControlServerTest, SaysWhyItCannotListen) {
  Server other(service_, {.socket_path = root_ + "/missing/s"});
  const auto started = other.start();
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().code, ErrorCode::kIo);
}

TEST_F(ControlServerTest, ADaemonThatHangsIsToldFromOneThatIsGone) {
  const std::string path = root_ + "/hangs";
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof(address.sun_path) - 1);
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  ASSERT_EQ(::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
  ASSERT_EQ(::listen(fd, 4), 0);
  const auto status = Client(path).status();
  ::close(fd);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, ErrorCode::kTimedOut);
  EXPECT_EQ(status.error().id, "control.hangs");
}

TEST_F(ControlServerTest, AClientWithoutADaemonSaysSo) {
  const auto status = Client(root_ + "/nobody").status();
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, ErrorCode::kUnreachable);
}

}  // namespace
}  // namespace ferry::control
