// One swap: a workload of the cluster stands aside, and what is sent to it arrives at local ports.
//
//   planning -> starting -> connecting -> waiting -> taking over -> swapped -> restoring -> over
//
// Until `starting` nothing is touched; from then on every way out leads through restoring, which is
// repeated until it has succeeded or can't. The steps in the cluster run on worker threads, one at
// a time (swap_steps.h); what serves callers is the LocalSide; everything here is on the loop's
// thread.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "daemon/backend.h"
#include "daemon/link.h"
#include "daemon/swap/local_side.h"
#include "daemon/swap/step_runner.h"
#include "daemon/swap/swap_steps.h"
#include "daemon/swap/unanswered.h"
#include "daemon/waiting_cause.h"
#include "net/timer.h"

namespace ferry::daemon {

class SwapLink;

// Whoever owns the swap.
class SwapLinkEvents {
 public:
  virtual void on_swap_changed(SwapLink& swap) = 0;
  // kProgress, kNotice, kLiveness, kFiles.
  virtual void on_swap_message(SwapLink& swap, control::EventKind kind,
                               const std::string& message) = 0;
  // From here on it has to be restored, also after a crash: the owner writes it down, before the
  // call returns.
  virtual void on_swap_begins(SwapLink& swap) = 0;
  // Nothing of it is left in the cluster (or `error` says what is). The last event; the owner lets
  // go of it with Loop::delete_later().
  virtual void on_swap_over(SwapLink& swap, const std::optional<Error>& error) = 0;

 protected:
  ~SwapLinkEvents() = default;
};

class SwapLink final : public net::Disposable, private LocalSideEvents {
 public:
  // `swap_id`: as in the cluster's labels; that of a swap which is there already takes it up again.
  SwapLink(const LinkHouse& house, std::string id, std::string swap_id, control::SwapSpec spec,
           SwapLinkEvents& events);
  // The cluster is left as it is.
  ~SwapLink() override;

  // `again`: an earlier daemon has made it, so that it has to be restored whatever happens.
  void start(bool again);
  // Only puts back what an earlier daemon has left.
  void clean_up();
  // Begins to restore; on_swap_over() follows, at once from within where nothing was touched.
  // Repeated calls change nothing.
  void end();

  // Tests the way through the Services now, if it is swapped: status() tells what comes of it.
  void test_now();
  void sample_rate();

  const std::string& id() const { return id_; }
  const std::string& swap_id() const { return status_.swap_id; }
  // With the place where the workload was found.
  const control::SwapSpec& spec() const { return spec_; }
  control::LinkStatus status() const;
  // Nothing of it is in the cluster.
  bool restored() const { return !touched_; }
  // Error: kUnavailable while it hasn't come.
  Result<std::string> environment() const;

 private:
  using Phase = control::SwapPhase;

  void planned(const ReadPlan& read);
  void take_plan(const swap::SwapPlan& plan);
  void started(const Started& started);
  void take_over();
  void watch(bool taken_over);
  void taken_over(const swap::TakenOver& taken);
  void changed_by_others(const swap::Change& change);
  void undo(std::optional<Error> cause);
  void put_back(const Result<swap::RestoreReport>& report);
  void over(const std::optional<Error>& error);

  void on_local_side_changed() override { assess(); }
  void on_local_side_message(control::EventKind kind, const std::string& message) override {
    tell(kind, message);
  }

  void in_trouble(const Error& error);
  // A step that waits for something else than the cluster may take so long.
  void limit(std::chrono::seconds time);
  void out_of_time();
  // Decides on the state from all that is known, and takes the next step where it is due.
  void assess();
  void assess_swapped();
  void set_phase(Phase phase);
  void set_state(control::LinkState state, const std::string& reason);
  void tell(control::EventKind kind, const std::string& message);
  // Runs `work` as the next step; `then` gets what it returns, on the loop.
  template <typename Work, typename Then>
  void step(Work work, Then then);

  const LinkHouse house_;
  const std::string id_;
  control::SwapSpec spec_;
  SwapLinkEvents& events_;

  control::SwapStatus status_;
  control::LinkState state_ = control::LinkState::kStarting;
  std::string reason_;
  control::UnixMillis since_;
  const control::UnixMillis created_;
  std::optional<Error> last_error_;

  std::shared_ptr<Cluster> cluster_;        // shared with the steps
  std::shared_ptr<UnansweredCalls> calls_;  // of `cluster_`
  std::shared_ptr<const swap::SwapPlan> plan_;
  std::shared_ptr<swap::SwapObserver> observer_;  // used by one step after the other
  ContainerProbes container_probes_;
  std::string kubernetes_version_;  // empty: not told
  bool touched_ = false;            // something may be in the cluster
  std::optional<Error> cause_;      // why it ends, if nobody asked for it

  std::unique_ptr<LocalSide> local_side_;  // once the stand-in runs
  bool taken_up_again_ = false;            // however long it takes: it was swapped already
  net::Timer limit_;
  WaitingCause waiting_cause_;  // for the stand-in's pod
  StepRunner steps_;
};

}  // namespace ferry::daemon
