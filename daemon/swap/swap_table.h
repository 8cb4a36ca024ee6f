// All swaps of the daemon: made, found, ended; and those that an earlier daemon has left.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "daemon/event_hub.h"
#include "daemon/link_store.h"
#include "daemon/swap/swap_link.h"

namespace ferry::daemon {

class SwapTable final : private SwapLinkEvents {
 public:
  // Everything given outlives the table.
  SwapTable(const LinkHouse& house, const SwapStore& store, EventHub& events);

  // Takes the detached swaps of an earlier daemon up again, and puts the others back.
  void restore();

  // As in control::Service.
  Result<control::LinkStatus> add(control::SwapSpec spec);
  bool has(const std::string& id) const { return swaps_.count(id) != 0; }
  Status remove(const std::string& id);
  Result<control::LinkStatus> status(const std::string& id) const;
  std::vector<control::LinkStatus> status() const;
  // Where a swap's workload was looked for.
  Result<control::KubeAccess> place(const std::string& id) const;
  Result<std::string> environment(const std::string& id) const;

  void test_now(const std::string& id);
  void sample_rates();
  // Ends all swaps, and calls `done` from the loop when none is left (at once, if there is none);
  // add() fails from then on.
  void end_all(std::function<void()> done);

 private:
  void on_swap_changed(SwapLink& swap) override;
  void on_swap_message(SwapLink& swap, control::EventKind kind,
                       const std::string& message) override;
  void on_swap_begins(SwapLink& swap) override;
  void on_swap_over(SwapLink& swap, const std::optional<Error>& error) override;

  SwapLink& make(const std::string& id, const std::string& swap_id, control::SwapSpec spec);
  Result<SwapLink*> find(const std::string& id) const;
  void save();

  const LinkHouse house_;
  const SwapStore& store_;
  EventHub& events_;
  std::map<std::string, std::unique_ptr<SwapLink>> swaps_;
  // By the id that the cluster knows: what must not be forgotten before it is restored.
  std::map<std::string, control::SwapSpec> remembered_;
  std::uint64_t made_ = 0;
  std::function<void()> when_empty_;
  bool closed_ = false;
};

}  // namespace ferry::daemon
