#include "kube/diagnose/scheduling.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ferry::diagnose {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;

TEST(SchedulingTest, ReasonsAreCountedAndPreemptionIsLeftOut) {
  EXPECT_THAT(
      node_reasons("0/5 nodes are available: 2 Insufficient cpu, 3 node(s) were "
                   "unschedulable. preemption: 0/5 nodes are available: 5 No preemption "
                   "victims found for incoming pod."),
      ElementsAre(NodeReason{2, "Insufficient cpu"}, NodeReason{3, "node(s) were unschedulable"}));
}

TEST(SchedulingTest, ACommaMayBePartOfAReason) {
  EXPECT_THAT(node_reasons("0/2 nodes are available: 2 node(s) had untolerated taint {a: b, c}."),
              ElementsAre(NodeReason{2, "node(s) had untolerated taint {a: b, c}"}));
}

TEST(SchedulingTest, AReasonMayHoldForThePodWhateverTheNode) {
  EXPECT_THAT(node_reasons("0/1 nodes are available: pod has unbound immediate "
                           "PersistentVolumeClaims. preemption: none."),
              ElementsAre(NodeReason{0, "pod has unbound immediate PersistentVolumeClaims"}));
}

TEST(SchedulingTest, OtherMessagesHaveNoReasons) {
  EXPECT_THAT(node_reasons(""), IsEmpty());
  EXPECT_THAT(node_reasons("no nodes available to schedule pods"), IsEmpty());
}

TEST(SchedulingTest, AnUnknownReasonIsPassedOnInTheSchedulersWords) {
  const auto finding = unschedulable({}, "0/1 nodes are available: 1 node(s) are cursed.");
  EXPECT_EQ(name_of(finding.code), "unschedulable");
  EXPECT_THAT(finding.evidence, Contains("1 node: node(s) are cursed"));
}

}  // namespace
}  // namespace ferry::diagnose
