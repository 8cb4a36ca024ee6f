// What the helpers of Api ask for and make of the answers, and what becomes of recorded refusals.
#include "kube/api.h"

#include <gmock/gmock.h>

#include <deque>

#include "kube/status_error.h"
#include "tests/kube/fixture.h"

namespace ferry::kube {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

// Answers requests with what the test has prepared, in order.
class ScriptedApi final : public Api {
 public:
  Result<Json> request(const Request& request, const CancelToken& /*cancel*/) override {
    asked.push_back(request);
    auto answer = answers.front();
    answers.pop_front();
    return answer;
  }
  Status stream(const Request& request, const OnLine& on_line,
                const CancelToken& /*cancel*/) override {
    asked.push_back(request);
    for (const auto& line : lines) {
      if (!on_line(line)) break;
    }
    return {};
  }

  std::deque<Result<Json>> answers;
  std::vector<std::string> lines;
  std::vector<Request> asked;
};

class ApiTest : public testing::Test {
 protected:
  ScriptedApi api_;
  CancelToken cancel_;
};

TEST(ResourceTest, PathsFollowGroupAndNamespace) {
  EXPECT_EQ(path_of(kPods, "demo", "web-1", "log"), "/api/v1/namespaces/demo/pods/web-1/log");
  EXPECT_EQ(path_of(kDeployments, "demo"), "/apis/apps/v1/namespaces/demo/deployments");
  EXPECT_EQ(path_of(kNamespaces, "", "demo"), "/api/v1/namespaces/demo");
  EXPECT_EQ(path_of(kPods, "a/b", "c?d"), "/api/v1/namespaces/a%2Fb/pods/c%3Fd");
}

TEST_F(ApiTest, AListIsReadInPages) {
  const Json first = fixture_body("list-limit");
  Json second = first;
  second["metadata"] = {{"resourceVersion", "548"}};
  second["items"][0]["metadata"]["name"] = "second";
  api_.answers = {first, second};
  const auto list = api_.list(kPods, "fixtures", {.labels = "app=web"}, cancel_);
  ASSERT_TRUE(list) << list.error().summary();
  ASSERT_EQ(list->items.size(), 2U);
  EXPECT_EQ(list->items[1]["metadata"]["name"], "second");
  EXPECT_EQ(list->items[0]["kind"], "Pod");
  EXPECT_EQ(list->items[0]["apiVersion"], "v1");
  EXPECT_EQ(list->resource_version, "548");
  EXPECT_THAT(api_.asked[0].query,
              ElementsAre(Pair("labelSelector", "app=web"), Pair("limit", "500")));
  EXPECT_THAT(api_.asked[1].query,
              ElementsAre(Pair("labelSelector", "app=web"), Pair("limit", "500"),
                          Pair("continue", first["metadata"]["continue"].get<std::string>())));
}

TEST_F(ApiTest, ApplyIsServerSideWithAFieldManager) {
  api_.answers = {Json::object()};
  const Json object = {{"apiVersion", "batch/v1"}, {"kind", "Job"}, {"metadata", {{"name", "p"}}}};
  ASSERT_TRUE(api_.apply(kJobs, "demo", object, {.force = true}, cancel_));
  EXPECT_EQ(api_.asked[0].method, "PATCH");
  EXPECT_EQ(api_.asked[0].path, "/apis/batch/v1/namespaces/demo/jobs/p");
  EXPECT_EQ(api_.asked[0].content_type, "application/apply-patch+yaml");
  EXPECT_THAT(api_.asked[0].query,
              ElementsAre(Pair("fieldManager", "ferry"), Pair("force", "true")));
}

TEST_F(ApiTest, PatchesNameTheirKind) {
  api_.answers = {Json::object(), Json::object()};
  ASSERT_TRUE(api_.patch(kDeployments, "demo", "web", "scale", PatchType::kMerge,
                         {{"spec", {{"replicas", 0}}}}, cancel_));
  ASSERT_TRUE(
      api_.patch(kDeployments, "demo", "web", "", PatchType::kJson, Json::array(), cancel_));
  EXPECT_EQ(api_.asked[0].path, "/apis/apps/v1/namespaces/demo/deployments/web/scale");
  EXPECT_EQ(api_.asked[0].content_type, "application/merge-patch+json");
  EXPECT_EQ(api_.asked[1].content_type, "application/json-patch+json");
}

TEST_F(ApiTest, RemovingStatesItsPreconditions) {
  api_.answers = {Json::object()};
  ASSERT_TRUE(api_.remove(kSecrets, "demo", "s", {.uid = "u", .resource_version = "7"}, cancel_));
  EXPECT_EQ(api_.asked[0].method, "DELETE");
  EXPECT_EQ(api_.asked[0].body["propagationPolicy"], "Background");
  EXPECT_EQ(api_.asked[0].body["preconditions"], (Json{{"uid", "u"}, {"resourceVersion", "7"}}));
}

TEST_F(ApiTest, AWatchReplaysARecordedOne) {
  const Json recorded = fixture("watch-endpointslices");
  for (const auto& event : recorded["events"]) {
    api_.lines.push_back(Json{{"type", event["type"]}, {"object", event["object"]}}.dump());
  }
  std::map<std::string, std::string> versions;
  ASSERT_TRUE(api_.watch(
      kEndpointSlices, "fixtures", {}, "1",
      [&](const WatchEvent& event) {
        const Json& metadata = event.object["metadata"];
        versions[metadata["name"].get<std::string>()] =
            metadata["resourceVersion"].get<std::string>();
        return true;
      },
      cancel_));
  EXPECT_EQ(versions.size(), 3U);
  EXPECT_THAT(api_.asked[0].query,
              ElementsAre(Pair("watch", "true"), Pair("allowWatchBookmarks", "true"),
                          Pair("resourceVersion", "1"), Pair("timeoutSeconds", "290")));
}

TEST_F(ApiTest, ABookmarkIsNoChange) {
  api_.lines = {R"({"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"99"}}})"};
  std::vector<WatchEvent::Type> types;
  ASSERT_TRUE(api_.watch(
      kPods, "demo", {}, "1",
      [&](const WatchEvent& event) {
        types.push_back(event.type);
        return true;
      },
      cancel_));
  EXPECT_THAT(types, ElementsAre(WatchEvent::Type::kBookmark));
}

TEST_F(ApiTest, ARecordedErrorEventEndsTheWatchAsGone) {
  api_.lines = {fixture_body("error-gone").dump(), R"({"type":"ADDED","object":{}})"};
  int events = 0;
  const auto status = api_.watch(
      kPods, "fixtures", {}, "1",
      [&](const WatchEvent&) {
        ++events;
        return true;
      },
      cancel_);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, ErrorCode::kGone);
  EXPECT_EQ(status.error().why, "too old resource version: 1 (2)");
  EXPECT_EQ(events, 0);
}

TEST_F(ApiTest, AnEventThatIsNoneEndsTheWatchAsABreachOfTheProtocol) {
  for (const auto* line :
       {"<html>", "{}", R"({"type":"ADDED"})", R"({"type":"NEW","object":{}})"}) {
    api_.lines = {line};
    const auto status = api_.watch(
        kPods, "demo", {}, "1", [](const WatchEvent&) { return true; }, cancel_);
    ASSERT_FALSE(status) << line;
    EXPECT_EQ(status.error().code, ErrorCode::kProtocol);
  }
}

// Recorded refusals.

Error recorded_error(const std::string& name) {
  const Json exchange = fixture(name);
  const auto path = exchange["request"]["path"].get<std::string>();
  ClusterConfig config;
  config.context = "dev";
  config.user_name = "jane";
  config.server.address = {"api", 6443};
  return error_of_answer(
      config,
      {exchange["request"]["method"].get<std::string>(), path.substr(0, path.find('?')), false},
      exchange["response"]["status"].get<int>(), exchange["response"]["body"].dump());
}

TEST(RefusalTest, NotFoundKeepsTheServersWords) {
  const Error error = recorded_error("error-not-found");
  EXPECT_EQ(error.code, ErrorCode::kNotFound);
  EXPECT_EQ(error.what, "reading deployments/nope in namespace fixtures");
  EXPECT_EQ(error.why, "deployments.apps \"nope\" not found");
  EXPECT_THAT(error.fix, HasSubstr("kubectl get deployments -n fixtures"));
}

TEST(RefusalTest, ForbiddenNamesTheRightThatIsMissing) {
  const Error error = recorded_error("rbac-forbidden");
  EXPECT_EQ(error.code, ErrorCode::kForbidden);
  EXPECT_THAT(error.why, HasSubstr("cannot patch resource \"deployments\""));
  EXPECT_THAT(error.fix, HasSubstr("kubectl auth can-i patch deployments -n fixtures"));
  EXPECT_EQ(recorded_error("error-anonymous").code, ErrorCode::kForbidden);
}

TEST(RefusalTest, WhomAdmissionRefusesLacksNoRight) {
  const auto error = error_of_answer(
      {}, {"PATCH", "/apis/apps/v1/namespaces/demo/deployments/web", false}, 403,
      R"({"kind":"Status","code":403,"reason":"Forbidden",)"
      R"("message":"admission webhook \"freeze\" denied the request: no releases today"})");
  EXPECT_EQ(error.code, ErrorCode::kForbidden);
  EXPECT_THAT(error.why, HasSubstr("no releases today"));
  EXPECT_THAT(error.fix, HasSubstr("admission"));
  EXPECT_THAT(error.fix, ::testing::Not(HasSubstr("can-i")));
}

TEST(RefusalTest, UnauthorizedNamesTheUserAndTheContext) {
  const Error error = recorded_error("error-unauthorized");
  EXPECT_EQ(error.code, ErrorCode::kUnauthenticated);
  EXPECT_EQ(error.why, "Unauthorized");
  EXPECT_THAT(error.fix, HasSubstr("user 'jane' (context 'dev')"));
}

TEST(RefusalTest, ConflictAndAlreadyExistsAreToldApart) {
  EXPECT_EQ(recorded_error("patch-conflict").code, ErrorCode::kConflict);
  EXPECT_EQ(recorded_error("error-already-exists").code, ErrorCode::kAlreadyExists);
  EXPECT_EQ(recorded_error("server-side-apply-conflict").code, ErrorCode::kConflict);
}

TEST(RefusalTest, InvalidKeepsTheServersWords) {
  const Error error = recorded_error("error-invalid");
  EXPECT_EQ(error.code, ErrorCode::kInvalid);
  EXPECT_THAT(error.why, HasSubstr("is invalid"));
}

TEST(RefusalTest, AnUnknownKindIsNotFound) {
  EXPECT_EQ(recorded_error("error-unknown-kind").code, ErrorCode::kNotFound);
}

TEST(RefusalTest, A403WithoutAStatusIsNotTheApiServers) {
  const Error error = error_of_answer({}, {"GET", "/api/v1/namespaces/d/pods", false}, 403,
                                      "<html>\n  Blocked by Proxy</html>");
  EXPECT_EQ(error.code, ErrorCode::kForbidden);
  EXPECT_THAT(error.why, HasSubstr("HTTP 403: <html> Blocked by Proxy</html>"));
  EXPECT_THAT(error.why, HasSubstr("not from the API server's access rules"));
  EXPECT_THAT(error.fix, HasSubstr("a proxy, a gateway or a firewall"));
}

TEST(RefusalTest, EachThingThatCanBeAskedHasItsWords) {
  const auto said = [](const std::string& method, const std::string& path, bool watch = false) {
    return describe({method, path, watch});
  };
  EXPECT_EQ(said("GET", "/api/v1/namespaces/d/pods"), "listing pods in namespace d");
  EXPECT_EQ(said("GET", "/api/v1/namespaces/d/pods", true), "watching pods in namespace d");
  EXPECT_EQ(said("POST", "/apis/batch/v1/namespaces/d/jobs"), "creating jobs in namespace d");
  EXPECT_EQ(said("DELETE", "/api/v1/namespaces/d"), "deleting namespaces/d");
  EXPECT_EQ(said("PATCH", "/apis/apps/v1/namespaces/d/deployments/w/scale"),
            "patching deployments/w (scale) in namespace d");
  EXPECT_EQ(said("GET", "/api/v1/namespaces/d/pods/p/portforward"),
            "port-forwarding to pods/p in namespace d");
  EXPECT_EQ(said("GET", "/version"), "GET /version");
}

}  // namespace
}  // namespace ferry::kube
