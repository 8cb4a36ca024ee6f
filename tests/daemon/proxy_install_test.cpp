#include "daemon/proxy_install.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "daemon/proxy_identity.h"
#include "daemon/proxy_objects.h"
#include "tests/fakes/fake_kube_api.h"

namespace ferry::daemon {
namespace {

using kube::Json;
using kube::Request;
using ::testing::Contains;
using ::testing::HasSubstr;

const std::string kPodsPath = "/api/v1/namespaces/team/pods";
const std::string kJobsPath = "/apis/batch/v1/namespaces/team/jobs";
const std::string kSecretsPath = "/api/v1/namespaces/team/secrets";

std::size_t count(const std::vector<std::string>& all, const std::string& prefix) {
  return static_cast<std::size_t>(std::count_if(
      all.begin(), all.end(), [&](const auto& one) { return one.starts_with(prefix); }));
}

// A namespace in which Jobs get pods, one step further at each look at them.
class ProxyInstallTest : public ::testing::Test {
 protected:
  ProxyInstallTest() {
    std::string pattern = ::testing::TempDir() + "ferry-state-XXXXXX";
    state_ = mkdtemp(pattern.data());
    options_.ns = "team";
    options_.cluster = "https://cluster.example:6443";
    options_.state_dir = state_;
    options_.image = "proxy:1";
    options_.poll_interval = std::chrono::milliseconds(1);
    options_.ready_timeout = std::chrono::seconds(20);
    api_.intercept = [this](const Request& request) { return before(request); };
  }
  ~ProxyInstallTest() override { std::filesystem::remove_all(state_); }

  Result<ProxyPod> ensure() {
    return ensure_proxy(
        api_, options_, [this](const std::string& line) { progress_.push_back(line); }, cancel_);
  }

  std::vector<Json> all(const std::string& path) {
    const auto answer = api_.request(Request{.path = path, .query = {{"limit", "500"}}}, cancel_);
    return (*answer)["items"].get<std::vector<Json>>();
  }

  std::optional<Result<Json>> before(const Request& request) {
    if (request.method == "GET" && request.path == kPodsPath && !in_controller_) {
      in_controller_ = true;
      if (controller_) controller_();
      in_controller_ = false;
    }
    if (refuse_ && refuse_(request)) {
      return Result<Json>(fail(ErrorCode::kForbidden, request.method + " " + request.path,
                               "user \"ann\" cannot do it"));
    }
    return std::nullopt;
  }

  // What the Job controller and the kubelet make of the Jobs that are there, or of those of one
  // image: a pod with `status`.
  void give_pods(const Json& status, const std::string& image = {}) {
    for (const Json& job : all(kJobsPath)) {
      const std::string name = job["metadata"]["name"].get<std::string>();
      Json pod = job["spec"]["template"];
      if (!image.empty() && pod["spec"]["containers"][0]["image"] != image) continue;
      pod["metadata"]["labels"]["job-name"] = name;
      pod["metadata"]["name"] = name + "-pod";
      pod["metadata"]["namespace"] = "team";
      pod["status"] = status;
      const auto known = api_.find(kube::kPods, "team", name + "-pod");
      if (known) pod["metadata"]["uid"] = (*known)["metadata"]["uid"];
      api_.put(kube::kPods, "team", pod);
    }
  }

  static Json ready_status() {
    return {{"phase", "Running"},
            {"conditions", {{{"type", "Ready"}, {"status", "True"}}}},
            {"containerStatuses", {{{"name", "proxy"}, {"ready", true}}}}};
  }
  static Json waiting_status(const std::string& reason, const std::string& message) {
    return {{"phase", "Pending"},
            {"containerStatuses",
             {{{"name", "proxy"},
               {"ready", false},
               {"state", {{"waiting", {{"reason", reason}, {"message", message}}}}}}}}};
  }

  std::filesystem::path state_;
  kube::FakeKubeApi api_;
  kube::CancelToken cancel_;
  ProxyInstallOptions options_;
  std::vector<std::string> progress_;
  std::function<void()> controller_ = [this] { give_pods(ready_status()); };
  std::function<bool(const Request&)> refuse_;
  bool in_controller_ = false;
};

TEST_F(ProxyInstallTest, CreatesAJobAndItsSecretAndFindsThePod) {
  const auto proxy = ensure();
  ASSERT_TRUE(proxy.has_value()) << proxy.error().summary();
  const auto jobs = all(kJobsPath);
  ASSERT_EQ(jobs.size(), 1U);
  const Json& metadata = jobs[0]["metadata"];
  EXPECT_EQ(proxy->name, metadata["name"].get<std::string>() + "-pod");
  EXPECT_EQ(proxy->port, 7443);
  EXPECT_FALSE(proxy->uid.empty());
  const Json& pod = jobs[0]["spec"]["template"]["spec"];
  EXPECT_EQ(pod["containers"][0]["image"], "proxy:1");
  EXPECT_EQ(pod["volumes"][0]["secret"]["secretName"], metadata["name"]);

  const auto secrets = all(kSecretsPath);
  ASSERT_EQ(secrets.size(), 1U);
  EXPECT_EQ(secrets[0]["metadata"]["name"], metadata["name"]);
  EXPECT_EQ(secrets[0]["metadata"]["ownerReferences"][0]["uid"], metadata["uid"]);
  EXPECT_EQ(secrets[0]["stringData"]["ca.crt"], proxy->credentials.ca_pem);
  EXPECT_THAT(secrets[0]["stringData"]["tls.key"].get<std::string>(), HasSubstr("PRIVATE KEY"));
  EXPECT_THAT(secrets[0].dump(), Not(HasSubstr(proxy->credentials.certificate_pem)));
  EXPECT_EQ(count(api_.requests(), "GET " + kSecretsPath), 1U) << "only this test reads Secrets";
}

TEST_F(ProxyInstallTest, FindsTheOneThatRunsAndTouchesNothing) {
  const auto first = ensure();
  ASSERT_TRUE(first.has_value());
  const std::size_t posts = count(api_.requests(), "POST ");
  const auto second = ensure();
  ASSERT_TRUE(second.has_value());
  EXPECT_EQ(second->uid, first->uid);
  EXPECT_EQ(second->credentials.key_pem, first->credentials.key_pem);
  EXPECT_EQ(count(api_.requests(), "POST "), posts);
}

TEST_F(ProxyInstallTest, NeedsNoImageForAProxyThatRuns) {
  ASSERT_TRUE(ensure().has_value());
  options_.image.clear();
  EXPECT_TRUE(ensure().has_value());
  options_.ns = "elsewhere";
  const auto other = ensure();
  ASSERT_FALSE(other.has_value());
  EXPECT_EQ(other.error().code, ErrorCode::kUnsupported);
}

TEST_F(ProxyInstallTest, FindsThePodThatReplacedAnother) {
  const auto first = ensure();
  ASSERT_TRUE(first.has_value());
  controller_ = [this, looks = 0]() mutable {
    for (Json pod : all(kPodsPath)) {
      if (++looks == 1) pod["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z";
      api_.put(kube::kPods, "team", pod);
    }
    if (looks < 3) return;
    Json pod = all(kPodsPath).at(0);
    pod["metadata"]["name"] = "replacement";
    pod["metadata"].erase("uid");
    pod["metadata"].erase("deletionTimestamp");
    api_.put(kube::kPods, "team", pod);
  };
  const auto second = ensure();
  ASSERT_TRUE(second.has_value()) << second.error().summary();
  EXPECT_EQ(second->name, "replacement");
  EXPECT_NE(second->uid, first->uid);
  EXPECT_EQ(all(kJobsPath).size(), 1U);
}

TEST_F(ProxyInstallTest, MakesANewJobWhenTheOldOneIsFinished) {
  ASSERT_TRUE(ensure().has_value());
  Json job = all(kJobsPath).at(0);
  job["status"]["conditions"] = Json::array({{{"type", "Complete"}, {"status", "True"}}});
  api_.put(kube::kJobs, "team", job);
  Json pod = all(kPodsPath).at(0);
  pod["status"] = {{"phase", "Succeeded"}};
  const std::string old_pod = pod["metadata"]["name"];
  api_.put(kube::kPods, "team", pod);
  controller_ = [this, old_pod] {
    if (all(kJobsPath).size() < 2) return;
    give_pods(ready_status());
    Json ended = *api_.find(kube::kPods, "team", old_pod);
    ended["status"] = {{"phase", "Succeeded"}};
    api_.put(kube::kPods, "team", ended);
  };
  const auto second = ensure();
  ASSERT_TRUE(second.has_value()) << second.error().summary();
  EXPECT_NE(second->name, old_pod);
  EXPECT_EQ(all(kSecretsPath).size(), 2U);
}

TEST_F(ProxyInstallTest, DoesNotWaitForAJobThatPausesAfterItsPodWasDeleted) {
  ASSERT_TRUE(ensure().has_value());
  Json job = all(kJobsPath).at(0);
  const std::string old_job = job["metadata"]["name"];
  api_.erase(kube::kPods, "team", old_job + "-pod");
  controller_ = [this, old_job, looks = 0]() mutable {
    // The Job's status follows a moment later, and then it rests.
    if (++looks == 3) {
      Json rests = *api_.find(kube::kJobs, "team", old_job);
      rests["status"] = {{"failed", 1}, {"active", 0}};
      api_.put(kube::kJobs, "team", rests);
    }
    if (!api_.find(kube::kJobs, "team", old_job)) give_pods(ready_status());
  };
  const auto second = ensure();
  ASSERT_TRUE(second.has_value()) << second.error().summary();
  const auto jobs = all(kJobsPath);
  ASSERT_EQ(jobs.size(), 1U);
  EXPECT_NE(jobs[0]["metadata"]["name"], old_job);
}

TEST_F(ProxyInstallTest, TellsTheProxyHowLongToStay) {
  options_.idle_exit = std::chrono::minutes(2);
  ASSERT_TRUE(ensure().has_value());
  const Json container = all(kJobsPath).at(0)["spec"]["template"]["spec"]["containers"][0];
  EXPECT_THAT(container["args"].get<std::vector<std::string>>(), Contains("--idle-exit=120s"));
}

TEST_F(ProxyInstallTest, GoesOnWithWhatAnInterruptedCallLeft) {
  // Each call of the first attempt in turn fails, before or after the server has done it.
  for (int failing = 1; failing <= 5; ++failing) {
    for (const bool after : {false, true}) {
      kube::FakeKubeApi api;
      std::filesystem::remove_all(state_);
      int calls = 0;
      bool inside = false;
      api.intercept = [&](const Request& request) -> std::optional<Result<Json>> {
        if (inside) return std::nullopt;
        inside = true;
        const bool hit = ++calls == failing;
        std::optional<Result<Json>> answer;
        if (hit && after) static_cast<void>(api.request(request, cancel_));
        if (hit) answer = fail(ErrorCode::kUnreachable, request.path, "connection reset");
        inside = false;
        return answer;
      };
      const auto attempt = [&] { return ensure_proxy(api, options_, {}, cancel_); };
      options_.ready_timeout = Duration::zero();  // one look, there is no controller here
      static_cast<void>(attempt());
      static_cast<void>(attempt());
      const auto list = [&](const kube::Resource& resource) {
        return api.list(resource, "team", {}, cancel_)->items;
      };
      ASSERT_EQ(list(kube::kJobs).size(), 1U) << failing << after;
      ASSERT_EQ(list(kube::kSecrets).size(), 1U) << failing << after;
      EXPECT_EQ(list(kube::kSecrets)[0]["metadata"]["name"],
                list(kube::kJobs)[0]["metadata"]["name"]);
    }
  }
}

TEST_F(ProxyInstallTest, StopsEarlyWhenTheImageCannotBePulled) {
  controller_ = [this, looks = 0]() mutable {
    give_pods(++looks < 4 ? waiting_status("ErrImagePull", "manifest unknown")
                          : waiting_status("ImagePullBackOff", "Back-off pulling image"));
  };
  const auto proxy = ensure();
  ASSERT_FALSE(proxy.has_value());
  EXPECT_EQ(proxy.error().code, ErrorCode::kUnavailable);
  EXPECT_THAT(proxy.error().why, HasSubstr("ImagePullBackOff"));
  EXPECT_THAT(proxy.error().why, HasSubstr("manifest unknown"));
  EXPECT_THAT(proxy.error().fix, HasSubstr("--route direct"));
  EXPECT_THAT(progress_, Contains(HasSubstr("ErrImagePull")));
  EXPECT_TRUE(all(kJobsPath).empty()) << "what this call has made is of no use";
}

TEST_F(ProxyInstallTest, SaysOnceWhyTheImageCannotBePulled) {
  controller_ = [this, looks = 0]() mutable {
    give_pods(++looks < 4
                  ? waiting_status("ErrImagePull", "manifest unknown")
                  : waiting_status("ImagePullBackOff",
                                   "Back-off pulling image: ErrImagePull: manifest unknown"));
  };
  const auto proxy = ensure();
  ASSERT_FALSE(proxy.has_value());
  EXPECT_EQ(proxy.error().why,
            "container proxy: ImagePullBackOff: Back-off pulling image: ErrImagePull: manifest "
            "unknown");
}

TEST_F(ProxyInstallTest, TheRightImageHelpsThoughAPodOfTheWrongOneIsStillThere) {
  controller_ = [this] {
    give_pods(waiting_status("InvalidImageName", "couldn't parse"), "proxy:wrong");
    give_pods(ready_status(), "proxy:1");
  };
  options_.image = "proxy:wrong";
  ASSERT_FALSE(ensure().has_value());
  ASSERT_EQ(all(kPodsPath).size(), 1U) << "nothing collects it here";
  options_.image = "proxy:1";
  const auto proxy = ensure();
  ASSERT_TRUE(proxy.has_value()) << proxy.error().summary();
  EXPECT_EQ(proxy->name, all(kJobsPath).at(0)["metadata"]["name"].get<std::string>() + "-pod");
}

TEST_F(ProxyInstallTest, TheRightImageTakesThePlaceOfAJobOfTheWrongOne) {
  controller_ = [this] {
    give_pods(waiting_status("ImagePullBackOff", "Back-off"), "proxy:wrong");
    give_pods(ready_status(), "proxy:1");
  };
  for (const bool may_delete : {false, true}) {
    refuse_ = [](const Request& request) { return request.method == "DELETE"; };
    options_.image = "proxy:wrong";
    ASSERT_FALSE(ensure().has_value());
    ASSERT_EQ(all(kJobsPath).size(), 1U);
    if (may_delete) refuse_ = nullptr;
    options_.image = "proxy:1";
    const auto proxy = ensure();
    ASSERT_TRUE(proxy.has_value()) << proxy.error().summary();
    EXPECT_EQ(all(kJobsPath).size(), may_delete ? 1U : 2U);
    for (const Json& job : all(kJobsPath)) {
      api_.erase(kube::kJobs, "team", job["metadata"]["name"]);
    }
    for (const Json& pod : all(kPodsPath)) {
      api_.erase(kube::kPods, "team", pod["metadata"]["name"]);
    }
  }
}

TEST_F(ProxyInstallTest, LeavesAJobThatAnotherCallHasMade) {
  controller_ = [this] { give_pods(waiting_status("ContainerCreating", "")); };
  options_.ready_timeout = Duration::zero();
  ASSERT_FALSE(ensure().has_value());
  const auto jobs = all(kJobsPath);
  controller_ = [this] { give_pods(waiting_status("ImagePullBackOff", "Back-off")); };
  const auto proxy = ensure();
  ASSERT_FALSE(proxy.has_value());
  EXPECT_EQ(proxy.error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(all(kJobsPath), jobs);
}

TEST_F(ProxyInstallTest, KeepsItsJobWhenAdmissionGivesItAnotherImage) {
  controller_ = [this, looks = 0]() mutable {
    for (Json job : all(kJobsPath)) {
      job["spec"]["template"]["spec"]["containers"][0]["image"] = "mirror/proxy:1";
      api_.put(kube::kJobs, "team", job);
    }
    if (++looks > 4) give_pods(ready_status());
  };
  ASSERT_TRUE(ensure().has_value());
  EXPECT_EQ(count(api_.requests(), "POST " + kJobsPath), 1U);
  EXPECT_THAT(progress_, Not(Contains(HasSubstr("made from"))));
}

TEST_F(ProxyInstallTest, UsesAReadyProxyOfAnotherImageAndSaysSo) {
  const auto first = ensure();
  ASSERT_TRUE(first.has_value());
  const auto jobs = all(kJobsPath);
  controller_ = nullptr;
  progress_.clear();
  ASSERT_TRUE(ensure().has_value());
  EXPECT_TRUE(progress_.empty()) << "it is the image asked for";
  options_.image = "proxy:2";
  const auto second = ensure();
  ASSERT_TRUE(second.has_value()) << second.error().summary();
  EXPECT_EQ(second->uid, first->uid);
  EXPECT_EQ(all(kJobsPath), jobs);
  EXPECT_EQ(progress_, std::vector<std::string>{"pod/" + first->name +
                                                ": using the proxy that runs, made from proxy:1"});
}

TEST_F(ProxyInstallTest, StopsEarlyWhenQuotaOrPodSecurityForbidsThePod) {
  controller_ = [this] {
    for (const Json& job : all(kJobsPath)) {
      api_.put(kube::kEvents, "team",
               {{"metadata", {{"name", "event"}}},
                {"reason", "FailedCreate"},
                {"message", "pods \"x\" is forbidden: exceeded quota: small"},
                {"involvedObject", {{"uid", job["metadata"]["uid"]}}}});
    }
  };
  // The fake knows no such field selector.
  api_.intercept = [this](const Request& request) -> std::optional<Result<Json>> {
    if (request.path.ends_with("/events") && !in_controller_) {
      in_controller_ = true;
      const auto items = all(request.path);
      in_controller_ = false;
      return Result<Json>(Json{{"items", items}, {"metadata", Json::object()}});
    }
    return before(request);
  };
  const auto proxy = ensure();
  ASSERT_FALSE(proxy.has_value());
  EXPECT_EQ(proxy.error().code, ErrorCode::kForbidden);
  EXPECT_EQ(proxy.error().why, "pods \"x\" is forbidden: exceeded quota: small");
}

TEST_F(ProxyInstallTest, WaitsOnWhenEventsMayNotBeRead) {
  refuse_ = [](const Request& request) { return request.path.ends_with("/events"); };
  controller_ = [this, looks = 0]() mutable {
    if (++looks > 4) give_pods(ready_status());
  };
  EXPECT_TRUE(ensure().has_value());
}

TEST_F(ProxyInstallTest, TakesTheJobBackWhenItsSecretMayNotBeMade) {
  refuse_ = [](const Request& request) {
    return request.method == "POST" && request.path == kSecretsPath;
  };
  controller_ = nullptr;
  const auto proxy = ensure();
  ASSERT_FALSE(proxy.has_value());
  EXPECT_EQ(proxy.error().code, ErrorCode::kForbidden);
  EXPECT_EQ(proxy.error().why, "user \"ann\" cannot do it");
  EXPECT_THAT(proxy.error().fix, HasSubstr("user-role.yaml"));
  EXPECT_TRUE(all(kJobsPath).empty());
}

TEST_F(ProxyInstallTest, GivesUpInTimeAndSaysWhatItWaitedFor) {
  options_.ready_timeout = std::chrono::milliseconds(50);
  controller_ = [this] { give_pods(waiting_status("ContainerCreating", "")); };
  const auto proxy = ensure();
  ASSERT_FALSE(proxy.has_value());
  EXPECT_EQ(proxy.error().code, ErrorCode::kTimedOut);
  EXPECT_THAT(proxy.error().why, HasSubstr("ContainerCreating"));
}

TEST_F(ProxyInstallTest, EndsWhenCancelled) {
  controller_ = [this, looks = 0]() mutable {
    if (++looks == 3) cancel_.cancel();
  };
  const auto proxy = ensure();
  ASSERT_FALSE(proxy.has_value());
  EXPECT_EQ(proxy.error().code, ErrorCode::kCancelled);
}

TEST_F(ProxyInstallTest, KeepsKeysWhereOnlyTheUserCanReadThem) {
  ASSERT_TRUE(ensure().has_value());
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(state_)) {
    struct stat status {};
    ASSERT_EQ(stat(entry.path().c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0077U, 0U) << entry.path();
    if (entry.is_regular_file()) ++files;
  }
  EXPECT_EQ(files, 1U);
}

TEST_F(ProxyInstallTest, CertificatesAreMadeAnewAMonthBeforeTheyEnd) {
  const auto now = std::chrono::system_clock::now();
  const auto first = load_or_make_proxy_identity(state_, "c", "n", now);
  ASSERT_TRUE(first.has_value());
  const auto days = [](int n) { return std::chrono::hours(24 * n); };
  EXPECT_EQ(load_or_make_proxy_identity(state_, "c", "n", now + days(330))->owner, first->owner);
  const auto next = load_or_make_proxy_identity(state_, "c", "n", now + days(340));
  ASSERT_TRUE(next.has_value());
  EXPECT_NE(next->owner, first->owner) << "another proxy: the old one has the old certificate";
  EXPECT_GT(*net::expiry_of(next->daemon.certificate_pem), now + days(700));
}

TEST_F(ProxyInstallTest, ADamagedStateFileLeadsToANewIdentity) {
  const auto first = load_or_make_proxy_identity(state_, "c", "n");
  ASSERT_TRUE(first.has_value());
  EXPECT_EQ(load_or_make_proxy_identity(state_, "c", "n")->owner, first->owner);
  EXPECT_NE(load_or_make_proxy_identity(state_, "c", "other")->owner, first->owner);
  for (const auto& entry : std::filesystem::recursive_directory_iterator(state_)) {
    if (entry.is_regular_file()) std::filesystem::resize_file(entry.path(), 40);
  }
  const auto fresh = load_or_make_proxy_identity(state_, "c", "n");
  ASSERT_TRUE(fresh.has_value());
  EXPECT_NE(fresh->owner, first->owner);
}

}  // namespace
}  // namespace ferry::daemon
