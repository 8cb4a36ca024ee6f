#include <algorithm>

#include "kube/swap/list.h"
#include "tests/kube/swap/world.h"

namespace ferry::swap {
namespace {

using kube::Json;

std::size_t ready_endpoints(SimCluster& cluster, const std::string& service) {
  const auto slice = cluster.objects().find(kube::kEndpointSlices, "demo", service + "-slice");
  if (!slice) return 0;
  const auto& endpoints = (*slice)["endpoints"];
  return static_cast<std::size_t>(
      std::count_if(endpoints.begin(), endpoints.end(),
                    [](const Json& one) { return one["conditions"]["ready"] == true; }));
}

TEST_F(SwapTest, SwapsAndRestores) {
  const Json before = cluster_.snapshot();
  const Status swapped = swap();
  ASSERT_TRUE(swapped) << why(swapped);
  EXPECT_EQ(taken_.replicas, 3U);
  EXPECT_TRUE(taken_.warnings.empty());
  EXPECT_EQ(web()["spec"]["replicas"], 0);
  EXPECT_EQ(parse_record(record_text(web()))->owner, "ann@laptop");
  EXPECT_EQ(find(kube::kServices, "web")["spec"], web_service()["spec"]);
  EXPECT_EQ(ready_endpoints(cluster_, "web"), 1U);

  const auto restored = undo();
  ASSERT_TRUE(restored.has_value()) << restored.error().summary();
  EXPECT_TRUE(restored->found);
  EXPECT_EQ(restored->id, "abcd1234");
  EXPECT_EQ(restored->replicas, 3U);
  EXPECT_THAT(restored->notes, ::testing::IsEmpty());
  EXPECT_EQ(cluster_.snapshot(), before);
  EXPECT_EQ(ready_endpoints(cluster_, "web"), 3U);
}

TEST_F(SwapTest, AtNoMomentIsTheServiceWithoutAReadyEndpoint) {
  std::size_t fewest = 100;
  cluster_.on_change = [&] { fewest = std::min(fewest, ready_endpoints(cluster_, "web")); };
  ASSERT_TRUE(swap());
  ASSERT_TRUE(undo().has_value());
  EXPECT_GE(fewest, 1U);
}

}  // namespace
}  // namespace ferry::swap
