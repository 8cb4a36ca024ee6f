// What is said of an object that was named and isn't there, and what that costs.
#include "kube/object_names.h"

#include <gmock/gmock.h>

#include "tests/fakes/fake_kube_api.h"

namespace ferry::kube {
namespace {

using testing::ElementsAre;

class ObjectNamesTest : public testing::Test {
 protected:
  void put(const Resource& resource, const std::string& ns, const std::string& name) {
    api_.put(resource, ns, {{"metadata", {{"name", name}}}});
  }
  Error missing(const std::string& ns, const std::string& name) {
    const auto got = get_named(api_, kServices, ns, name, cancel_);
    EXPECT_FALSE(got);
    return got ? Error{} : got.error();
  }

  FakeKubeApi api_;
  const CancelToken cancel_;
};

TEST_F(ObjectNamesTest, AreThoseOfTheNamespace) {
  put(kServices, "shop", "web");
  put(kServices, "shop", "db");
  put(kServices, "other", "cache");
  EXPECT_THAT(object_names(api_, kServices, "shop", cancel_).value(), ElementsAre("db", "web"));
}

TEST_F(ObjectNamesTest, AreBoundedWhateverTheServerSends) {
  for (std::size_t i = 0; i < kMostNames + 5; ++i) put(kServices, "shop", std::to_string(i));
  EXPECT_EQ(object_names(api_, kServices, "shop", cancel_)->size(), kMostNames);
}

TEST_F(ObjectNamesTest, AnObjectThatIsThereCostsOneRequest) {
  put(kServices, "shop", "web");
  EXPECT_TRUE(get_named(api_, kServices, "shop", "web", cancel_));
  EXPECT_EQ(api_.requests().size(), 1U);
}

TEST_F(ObjectNamesTest, TheNearestIsSuggestedForThreeRequestsMore) {
  put(kServices, "shop", "web");
  put(kServices, "shop", "checkout");
  const auto error = missing("shop", "chekcout");
  EXPECT_EQ(error.code, ErrorCode::kNotFound);
  EXPECT_EQ(error.fix, "did you mean 'checkout'?");
  EXPECT_EQ(api_.requests().size(), 4U);
}

TEST_F(ObjectNamesTest, OneOfThatVeryNameAndAnotherKindIsPreferred) {
  put(kPods, "shop", "web-bfztsk6dq9-knhfk");
  put(kStatefulSets, "shop", "db");
  put(kServices, "shop", "web");
  put(kDeployments, "shop", "web");
  const auto fix_for = [&](const Resource& resource, const char* name) {
    return get_named(api_, resource, "shop", name, cancel_).error().fix;
  };
  EXPECT_EQ(fix_for(kPods, "web"), "did you mean svc/web or deploy/web?");
  EXPECT_EQ(fix_for(kStatefulSets, "web"), "did you mean svc/web or deploy/web?");
  EXPECT_EQ(fix_for(kServices, "db"), "did you mean sts/db?");
  const auto swapped = get_named(api_, kStatefulSets, "shop", "web", cancel_, Meant::kWorkloads);
  EXPECT_EQ(swapped.error().fix, "did you mean deploy/web?");
}

TEST_F(ObjectNamesTest, NothingIsSaidWhereNoneIsNear) {
  put(kServices, "shop", "web");
  EXPECT_EQ(missing("shop", "payment").fix, "");
}

TEST_F(ObjectNamesTest, NothingIsSaidWhereListingIsForbidden) {
  put(kServices, "shop", "web");
  api_.intercept = [](const Request& request) -> std::optional<Result<Json>> {
    if (request.query.empty()) return std::nullopt;
    return Result<Json>(fail(ErrorCode::kForbidden, "listing", "no"));
  };
  const auto error = missing("shop", "wbe");
  EXPECT_EQ(error.code, ErrorCode::kNotFound);
  EXPECT_EQ(error.fix, "");
}

TEST_F(ObjectNamesTest, ANamespaceThatIsNotThereIsTold) {
  put(kNamespaces, "", "shop");
  put(kServices, "shop", "web");
  EXPECT_THAT(missing("shpo", "web").fix, "there is no namespace 'shpo'; did you mean 'shop'?");
  EXPECT_THAT(missing("elsewhere", "web").fix, "there is no namespace 'elsewhere'");
}

TEST_F(ObjectNamesTest, AnEmptyNamespaceIsNoWrongOne) {
  put(kNamespaces, "", "shop");
  EXPECT_EQ(missing("shop", "web").fix, "");
}

TEST_F(ObjectNamesTest, OtherErrorsAreLeftAsTheyAre) {
  api_.fail_next("GET ", {ErrorCode::kForbidden, "reading", "no", "ask"});
  EXPECT_EQ(missing("shop", "web").fix, "ask");
  EXPECT_EQ(api_.requests().size(), 1U);
}

}  // namespace
}  // namespace ferry::kube
