// The image that scripts/image makes, unpacked into an empty root and run there.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/in-cluster-proxy/harness.h"

namespace ferry::proxy {
namespace {

using namespace ferry::proxy::testing;
using ::testing::HasSubstr;
using tunnel::Reason;
namespace fs = std::filesystem;

nlohmann::json read_json(const fs::path& path) {
  std::ifstream file(path);
  return nlohmann::json::parse(file, nullptr, false);
}

void write(const fs::path& path, const std::string& text) {
  fs::create_directories(path.parent_path());
  std::ofstream(path) << text;
}

// A process in a root of its own, as an ordinary user.
class Contained {
 public:
  Contained(const fs::path& root, const std::vector<std::string>& command) {
    std::vector<std::string> words;
    if (geteuid() == 0) {
      words = {"chroot", "--userspec=65532:65532", root.string()};
    } else {
      words = {"unshare", "--map-root-user", "chroot", root.string()};
    }
    words.insert(words.end(), command.begin(), command.end());
    int ends[2];
    EXPECT_EQ(pipe(ends), 0);
    pid_ = fork();
    if (pid_ == 0) {
      dup2(ends[1], STDERR_FILENO);
      std::vector<char*> argv;
      for (std::string& word : words) argv.push_back(word.data());
      argv.push_back(nullptr);
      execvp(argv[0], argv.data());
      _exit(127);
    }
    close(ends[1]);
    log_ = fdopen(ends[0], "r");
  }
  ~Contained() {
    if (pid_ > 0) kill(pid_, SIGKILL);
    if (pid_ > 0) waitpid(pid_, nullptr, 0);
    fclose(log_);
  }

  // The first line of its log with `text` in it; empty if it ended before that.
  std::string line_with(const std::string& text) {
    char line[4096];
    while (fgets(line, sizeof line, log_)) {
      seen_ += line;
      if (std::string(line).find(text) != std::string::npos) return line;
    }
    ADD_FAILURE() << "it said only: " << seen_;
    return {};
  }

  int end() {
    kill(pid_, SIGTERM);
    int status = 0;
    waitpid(pid_, &status, 0);
    pid_ = 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

 private:
  pid_t pid_ = 0;
  std::FILE* log_ = nullptr;
  std::string seen_;
};

class ImageTest : public ::testing::Test {
 protected:
  ImageTest() {
    std::string pattern = ::testing::TempDir() + "ferry-image-XXXXXX";
    dir_ = mkdtemp(pattern.data());
    fs::permissions(dir_, fs::perms(0755));
  }
  ~ImageTest() override { fs::remove_all(dir_); }

  static bool run(const std::string& command) {
    const int status = std::system(command.c_str());
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
  }
  std::string make(const std::string& file) const {
    const std::string path = (dir_ / file).string();
    EXPECT_TRUE(run("scripts/image --binary " FERRY_PROXY_BINARY " --output " + path + " >&2"));
    return path;
  }

  fs::path blob(const nlohmann::json& described) const {
    std::string digest = described["digest"];
    digest.replace(digest.find(':'), 1, "/");
    return dir_ / "oci/blobs" / digest;
  }

  fs::path dir_;
};

TEST_F(ImageTest, TheSameBinaryMakesTheSameArchive) {
  const std::string one = make("one.tar");
  const std::string two = make("two.tar");
  EXPECT_TRUE(run("cmp " + one + " " + two));
}

TEST_F(ImageTest, RunsInAnEmptyRootAndForwards) {
  if (geteuid() != 0 && !run("unshare --map-root-user true 2>/dev/null")) {
    GTEST_SKIP() << "needs root or user namespaces";
  }
  fs::create_directories(dir_ / "oci");
  ASSERT_TRUE(run("tar -xf " + make("image.tar") + " -C " + (dir_ / "oci").string()));
  const auto index = read_json(dir_ / "oci/index.json");
  const auto manifest = read_json(blob(index["manifests"][0]));
  const auto config = read_json(blob(manifest["config"]));
  EXPECT_EQ(config["config"]["User"], "65532:65532");
  EXPECT_LT(fs::file_size(dir_ / "image.tar"), 12'000'000U);
  const fs::path root = dir_ / "root";
  fs::create_directories(root);
  ASSERT_TRUE(run("tar -xf " + blob(manifest["layers"][0]).string() + " -C " + root.string()));
  // What a kubelet puts into a container.
  write(root / "etc/hosts", "127.0.0.1 backend.test\n");
  write(root / "etc/resolv.conf", "nameserver 127.0.0.1\noptions timeout:1 attempts:1\n");
  write(root / "etc/ferry/tls/ca.crt", certificates().ca_pem);
  write(root / "etc/ferry/tls/tls.crt", certificates().server.certificate_pem);
  write(root / "etc/ferry/tls/tls.key", certificates().server.key_pem);

  Contained proxy(root, {config["config"]["Entrypoint"][0], "--listen=127.0.0.1:0",
                         "--health-listen=127.0.0.1:0", "--allow=127.0.0.0/8"});
  const std::string line = proxy.line_with(" on 127.0.0.1:");
  ASSERT_FALSE(line.empty());
  const auto port = static_cast<std::uint16_t>(std::stoi(line.substr(line.rfind(':') + 1)));

  TestLoop loop;
  Service service(loop);
  Daemon daemon(loop, {"127.0.0.1", port});
  daemon.begin();
  // Its resolver reads /etc/hosts and asks name servers, without a library to load for either.
  auto stream = daemon.open({"backend.test", service.address().port});
  stream.app->write("through the image");
  ASSERT_TRUE(loop.run_until([&] {
    return service.sockets.size() == 1 && service.sockets[0]->seen.received == "through the image";
  }));
  const auto unknown = daemon.refused({"no-such-service.team.svc.cluster.local", 80});
  EXPECT_EQ(unknown.reason, Reason::kNoSuchHost);
  EXPECT_THAT(unknown.detail, HasSubstr("temporary failure"));
  stream.app->stream->reset();
  ASSERT_TRUE(loop.run_until([&] { return daemon.side.ended.contains(stream.id); }));
  EXPECT_EQ(proxy.end(), 0);
}

}  // namespace
}  // namespace ferry::proxy
