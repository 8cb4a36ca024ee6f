// Diagnoses by the daemon as a whole, with pods on the loopback.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/daemon/house.h"
#include "tests/daemon/objects.h"
#include "tests/fakes/echo_server.h"

namespace ferry::daemon {
namespace {

using control::TargetKind;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class DiagnosisTest : public testing::House {
 protected:
  DiagnosisTest() {
    api().put(kube::kServices, "default", testing::make_service("web", 80, "http"));
    api().put(kube::kEndpointSlices, "default", testing::make_slice("web", 8080, {"web-1"}));
    api().put(kube::kPods, "default", testing::make_pod("web-1", "web", true));
  }
  ~DiagnosisTest() override {
    end_daemon();
    run([this] { server_.reset(); });
  }

  void serve() {
    run([this] {
      server_ = std::make_unique<testing::EchoServer>(loop(), "hello");
      backend().pods["web-1"] = server_->address();
    });
  }
  void end_pod() {
    api().put(kube::kEndpointSlices, "default", testing::make_slice("web", 8080, {}));
    api().put(kube::kPods, "default", testing::make_pod("web-1", "web", false));
  }
  static control::DiagnoseSpec of(TargetKind kind, const std::string& name) {
    return {.kube = {}, .target = {kind, name}};
  }
  std::vector<std::string> codes(const control::DiagnoseSpec& spec) {
    const auto made = daemon().diagnose(spec);
    EXPECT_TRUE(made) << made.error().summary();
    std::vector<std::string> all;
    for (const auto& finding : made.value_or(control::Diagnosis{}).findings) {
      all.push_back(finding.code);
    }
    return all;
  }

  std::unique_ptr<testing::EchoServer> server_;
};

TEST_F(DiagnosisTest, WhatAnswersHasNoFindings) {
  serve();
  EXPECT_THAT(codes(of(TargetKind::kService, "web")), IsEmpty());
}

TEST_F(DiagnosisTest, AReadyPodOnWhosePortNobodyListensIsFound) {
  const auto made = daemon().diagnose(of(TargetKind::kService, "web"));
  ASSERT_TRUE(made) << made.error().summary();
  ASSERT_EQ(made->findings.size(), 1U);
  EXPECT_EQ(made->findings[0].code, "port-not-listening");
  EXPECT_EQ(made->findings[0].object, "pod/web-1");
  EXPECT_EQ(made->ready_pods, 1U);
}

TEST_F(DiagnosisTest, WhatIsExplainedAlreadyIsNotTried) {
  end_pod();
  EXPECT_THAT(codes(of(TargetKind::kPod, "web-1")), ElementsAre("not-ready"));
}

TEST_F(DiagnosisTest, ALinkIsExplainedByItsTarget) {
  auto pod = testing::make_pod("web-1", "web", false);
  pod["status"]["phase"] = "Pending";
  pod["status"]["conditions"] = {{{"type", "PodScheduled"},
                                  {"status", "False"},
                                  {"message", "0/1 nodes are available: 1 Insufficient cpu."}}};
  end_pod();
  api().put(kube::kPods, "default", pod);
  const auto link = add({.target = {TargetKind::kService, "web"},
                         .ports = {{.local = 0, .remote = {.number = 80}}},
                         .route = control::Route::kDirect});
  events().wait_for_state(link.id, control::LinkState::kWaiting);
  EXPECT_THAT(codes({.link = link.id}), ElementsAre("unschedulable-resources", "link-waits"));
  const auto told = events().wait_for([](const control::Event& event) {
    return event.kind == control::EventKind::kNotice &&
           event.message.find("unschedulable-resources") != std::string::npos;
  });
  EXPECT_THAT(told.message, HasSubstr("pod/web-1"));
  EXPECT_EQ(daemon().diagnose({.link = "f9"}).error().code, ErrorCode::kNotFound);
}

}  // namespace
}  // namespace ferry::daemon
