#include "kube/doctor/needed_rights.h"

#include <gmock/gmock.h>

#include <fstream>
#include <iterator>
#include <set>

#include "kube/json_field.h"
#include "kube/manifest.h"
#include "tests/fakes/fake_kube_api.h"

namespace ferry::doctor {
namespace {

using kube::Json;

std::string in_words(const std::string& verb, const std::string& resource,
                     const std::string& group) {
  return verb + " " + resource + (group.empty() ? "" : "." + group);
}

// The rules of the Role that is the file's first document.
std::set<std::string> granted() {
  std::ifstream in("manifests/user-role.yaml");
  std::string text{std::istreambuf_iterator<char>(in), {}};
  const auto role = kube::parse_manifest(text.substr(0, text.find("\n---\n")), "user-role.yaml");
  std::set<std::string> rights;
  for (const Json& rule : role->at("rules")) {
    for (const Json& group : rule.at("apiGroups")) {
      for (const Json& resource : rule.at("resources")) {
        for (const Json& verb : rule.at("verbs")) rights.insert(in_words(verb, resource, group));
      }
    }
  }
  return rights;
}

TEST(NeededRightsTest, AreThoseOfTheRoleInManifests) {
  std::set<std::string> needed;
  for (const Area& area : needed_rights()) {
    EXPECT_FALSE(area.cost.empty()) << area.name;
    for (const kube::Right& right : area.rights) needed.insert(kube::to_string(right));
  }
  EXPECT_EQ(needed, granted());
}

TEST(NeededRightsTest, EachIsAskedForAndAnsweredInItsPlace) {
  kube::FakeKubeApi api;
  kube::CancelToken cancel;
  api.intercept = [](const kube::Request& request) -> std::optional<Result<Json>> {
    const Json& asked = request.body.at("spec").at("resourceAttributes");
    EXPECT_EQ(asked.at("namespace"), "demo");
    const bool allowed = asked.at("subresource") != "log" && asked.at("verb") != "watch";
    return Json{{"status", {{"allowed", allowed}}}};
  };
  const auto answers = ask_for_rights(api, "demo", cancel);
  ASSERT_TRUE(answers) << answers.error().summary();
  ASSERT_EQ(answers->size(), needed_rights().size());
  for (const AreaAnswer& answer : *answers) {
    for (std::size_t i = 0; i < answer.allowed.size(); ++i) {
      const kube::Right& right = answer.area->rights[i];
      EXPECT_EQ(answer.allowed[i], right.subresource != "log" && right.verb != "watch")
          << kube::to_string(right);
    }
  }
}

TEST(NeededRightsTest, ThatNobodyAnswersIsAnError) {
  kube::FakeKubeApi api;
  kube::CancelToken cancel;
  api.intercept = [](const kube::Request&) -> std::optional<Result<Json>> {
    return fail(ErrorCode::kUnreachable, "asking", "refused");
  };
  EXPECT_EQ(ask_for_rights(api, "demo", cancel).error().code, ErrorCode::kUnreachable);
}

}  // namespace
}  // namespace ferry::doctor
