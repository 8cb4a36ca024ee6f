#include "daemon/swap/swap_table.h"

#include "tests/daemon/swap/swap_house.h"

namespace ferry::daemon::testing {
namespace {

using control::LinkState;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class SwapTableTest : public SwapHouse {
 protected:
  SwapTableTest() { make_table(); }
  // What a killed daemon left stays, and another one finds it.
  void make_table() {
    table_.emplace(house_, store_, hub_);
    events_.clear();
  }

  std::string add(bool detach = false) {
    auto wanted = spec();
    wanted.detach = detach;
    const auto link = table_->add(wanted);
    EXPECT_TRUE(link.has_value());
    return link ? link->id : "";
  }
  std::string add_and_wait(bool detach = false) {
    const std::string id = add(detach);
    EXPECT_TRUE(wait_active(id));
    return id;
  }
  bool wait_active(const std::string& id) {
    return wait([&] {
      const auto link = table_->status(id);
      return link && link->state == LinkState::kActive;
    });
  }
  bool wait_gone(const std::string& id) {
    return wait([&] { return !table_->has(id); });
  }
  std::vector<StoredSwap> stored() { return store_.load().value_or(std::vector<StoredSwap>{}); }
  // None: it hasn't ended.
  std::optional<control::Event> end_of(const std::string& id) {
    for (const auto& event : events_) {
      if (event.kind == EventKind::kEnded && event.link_id == id) return event;
    }
    return {};
  }

  const SwapStore store_{directory_.path() / "swaps.json"};
  EventHub hub_;
  std::vector<control::Event> events_;
  const std::unique_ptr<control::Subscription> subscription_ =
      hub_.subscribe([this](const control::Event& event) { events_.push_back(event); });
  std::optional<SwapTable> table_;
};

TEST_F(SwapTableTest, ASwapIsRememberedUntilItIsRestored) {
  const std::string id = add();
  EXPECT_THAT(stored(), IsEmpty()) << "nothing is touched while it plans";
  ASSERT_TRUE(wait_active(id));
  ASSERT_THAT(stored(), SizeIs(1));
  EXPECT_EQ(stored()[0].id, table_->status(id)->swap->swap_id);
  ASSERT_TRUE(table_->remove(id));
  EXPECT_THAT(stored(), SizeIs(1));
  ASSERT_TRUE(wait_gone(id));
  EXPECT_THAT(stored(), IsEmpty());
  EXPECT_EQ(snapshot(), before_);
  ASSERT_TRUE(end_of(id).has_value());
  EXPECT_FALSE(end_of(id)->error.has_value());
}

TEST_F(SwapTableTest, WhatCouldNotBeRestoredIsLeftToTheNextDaemon) {
  const std::string id = add_and_wait();
  cluster_->with([](swap::SimCluster& cluster) {
    cluster.intercept = [](const kube::Request& request) -> std::optional<Result<kube::Json>> {
      return fail(ErrorCode::kForbidden, request.path, "not today");
    };
  });
  ASSERT_TRUE(table_->remove(id));
  ASSERT_TRUE(wait_gone(id));
  EXPECT_EQ(end_of(id)->error->code, ErrorCode::kForbidden);
  EXPECT_THAT(stored(), SizeIs(1));
  cluster_->with([](swap::SimCluster& cluster) { cluster.intercept = nullptr; });
  make_table();
  table_->restore();
  ASSERT_TRUE(wait([&] { return table_->status().empty(); }));
  EXPECT_EQ(snapshot(), before_);
  EXPECT_THAT(stored(), IsEmpty());
}

TEST_F(SwapTableTest, ADetachedSwapIsTakenUpByTheNextDaemon) {
  add_and_wait(true);
  make_table();
  table_->restore();
  ASSERT_THAT(table_->status(), SizeIs(1));
  const std::string id = table_->status()[0].id;
  ASSERT_TRUE(wait_active(id));
  EXPECT_EQ(replicas(), 0U);
  EXPECT_THAT(stored(), SizeIs(1));
}

TEST_F(SwapTableTest, OneInTheForegroundIsPutBackByTheNextDaemon) {
  add_and_wait(false);
  make_table();
  table_->restore();
  ASSERT_TRUE(wait([&] { return table_->status().empty(); }));
  EXPECT_EQ(snapshot(), before_);
  EXPECT_THAT(stored(), IsEmpty());
}

TEST_F(SwapTableTest, WhoIsSecondIsToldWhoHasItAndHarmsNothing) {
  const std::string first = add_and_wait();
  const auto swapped = snapshot();
  const std::string second = add();
  ASSERT_TRUE(wait_gone(second));
  const auto error = end_of(second)->error;
  ASSERT_TRUE(error.has_value());
  EXPECT_EQ(error->code, ErrorCode::kConflict);
  EXPECT_THAT(error->why, HasSubstr(local_owner() + " since "));
  EXPECT_EQ(snapshot(), swapped);
  EXPECT_EQ(table_->status(first)->state, LinkState::kActive);
}

TEST_F(SwapTableTest, WhoLosesItByForceIsToldWhoHasItNow) {
  const std::string first = add_and_wait();
  auto forced = spec();
  forced.force = true;
  const std::string second = table_->add(forced)->id;
  ASSERT_TRUE(wait_gone(first));
  const auto error = end_of(first)->error;
  ASSERT_TRUE(error.has_value());
  EXPECT_EQ(error->code, ErrorCode::kConflict);
  EXPECT_THAT(error->summary(), HasSubstr(local_owner() + " took over deployment/web at "));
  EXPECT_THAT(error->summary(), HasSubstr("nothing of this swap is left"));
  ASSERT_TRUE(wait_active(second));
  EXPECT_EQ(replicas(), 0U);
}

TEST_F(SwapTableTest, EndingAllIsDoneWhenNothingIsLeft) {
  add_and_wait();
  bool done = false;
  table_->end_all([&] {
    done = true;
    EXPECT_EQ(snapshot(), before_);
  });
  EXPECT_FALSE(done);
  EXPECT_EQ(table_->add(spec()).error().code, ErrorCode::kUnavailable);
  ASSERT_TRUE(wait([&] { return done; }));
  EXPECT_THAT(table_->status(), IsEmpty());
}

TEST_F(SwapTableTest, EndingNoneIsDoneAtOnce) {
  bool done = false;
  table_->end_all([&] { done = true; });
  EXPECT_TRUE(done);
}

TEST_F(SwapTableTest, EndingOneThatOnlyPlansIsDoneAtOnce) {
  cluster_->hold("GET /apis/apps/v1/namespaces/demo/deployments/web");
  add();
  ASSERT_TRUE(wait([&] { return cluster_->is_held(); }));
  bool done = false;
  table_->end_all([&] { done = true; });
  EXPECT_TRUE(done);
  cluster_->let_go();
}

TEST_F(SwapTableTest, AnUnknownLinkIsNamed) {
  EXPECT_EQ(table_->remove("s9").error().code, ErrorCode::kNotFound);
  EXPECT_EQ(table_->status("s9").error().code, ErrorCode::kNotFound);
  EXPECT_EQ(table_->environment("s9").error().code, ErrorCode::kNotFound);
}

}  // namespace
}  // namespace ferry::daemon::testing
