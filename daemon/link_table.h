// All links of the daemon: made, found, ended, remembered over a restart.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "daemon/event_hub.h"
#include "daemon/link.h"
#include "daemon/link_store.h"

namespace ferry::daemon {

Error no_such_link(const std::string& id);

class LinkTable final : private LinkEvents {
 public:
  // Everything given outlives the table.
  LinkTable(const LinkHouse& house, const LinkStore& store, EventHub& events);

  // Takes the detached links of an earlier daemon up again.
  void restore();

  // As in control::Service.
  Result<control::LinkStatus> add(control::LinkSpec spec);
  Status remove(const std::string& id);
  Result<control::LinkStatus> status(const std::string& id) const;
  std::vector<control::LinkStatus> status() const;
  // Where a link's target was looked for.
  Result<control::KubeAccess> place(const std::string& id) const;

  void test_now(const std::string& id);
  void sample_rates();
  // Ends all links; detached ones stay remembered. add() fails from then on.
  void close();

 private:
  void on_link_changed(Link& link) override;
  void on_link_message(Link& link, control::EventKind kind, const std::string& message) override;
  void on_link_failed(Link& link, const Error& error) override;

  void make(const std::string& id, control::LinkSpec spec, bool keep_trying);
  void save();

  const LinkHouse house_;
  const LinkStore& store_;
  EventHub& events_;
  std::map<std::string, std::unique_ptr<Link>> links_;
  std::map<std::string, control::LinkSpec> remembered_;  // detached, by id
  std::uint64_t made_ = 0;
  bool closed_ = false;
};

}  // namespace ferry::daemon
