// The daemon as a whole: the loop's objects put together, and the control API's service in front of
// them.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "daemon/backend.h"
#include "daemon/control/service.h"
#include "daemon/event_hub.h"
#include "daemon/link_table.h"
#include "daemon/swap/swap_table.h"
#include "daemon/tunnel_pool.h"
#include "daemon/wake_watch.h"
#include "daemon/workers.h"
#include "kube/diagnose/door.h"
#include "net/address_watch.h"

namespace ferry::daemon {

struct DaemonOptions {
  std::string links_file;  // where detached links are remembered
  std::string swaps_file;  // where swaps are
  std::string socket;      // for status()
  std::string log_file;    // for status()
  TunnelOptions tunnels;
  TunnelMemory tunnel_memory;
  Duration test_every = std::chrono::minutes(5);  // of a link that nobody uses
};

// Its service members are called from any thread but the loop's; everything else happens on the
// loop's thread, where it is made and destroyed too.
class Daemon final : public control::Service {
 public:
  // `on_quit` is called on the loop. The loop outlives the daemon, the backend as well.
  Daemon(net::Loop& loop, Backend& backend, DaemonOptions options, std::function<void()> on_quit);
  // Ends all links, then all tunnels, and waits for the worker threads, which takes milliseconds.
  // The control server is gone by then.
  ~Daemon() override;

  // Takes up what an earlier daemon left. On the loop's thread, or before it runs.
  void start();
  // Ends all links, and restores all swaps; new ones are refused. `done` is called on the loop when
  // no swap is left: after seconds or minutes, at once if there is none. On the loop's thread.
  void close(std::function<void()> done);

  Result<control::LinkStatus> add_link(control::LinkSpec spec) override;
  Result<control::LinkStatus> add_swap(control::SwapSpec spec) override;
  Result<control::SwapPlanText> plan_swap(control::SwapSpec spec) override;
  Result<std::vector<control::SwapListing>> list_swaps(control::KubeAccess kube) override;
  Result<control::Diagnosis> diagnose(control::DiagnoseSpec spec) override;
  Result<std::string> restore(control::RestoreSpec spec,
                              std::function<void(const control::Event&)> on_event) override;
  Result<std::string> environment(const std::string& id) override;
  Status remove_link(const std::string& id) override;
  Result<control::LinkStatus> link(const std::string& id) override;
  Result<control::LinkStatus> test_link(const std::string& id) override;
  std::vector<control::LinkStatus> links() override;
  control::DaemonStatus status() override;
  std::unique_ptr<control::Subscription> subscribe(
      std::function<void(const control::Event&)> on_event) override;
  void quit() override;

 private:
  // Runs `work` on the loop and waits for what it returns.
  template <typename Work>
  auto on_loop(Work work);
  std::vector<control::LinkStatus> all_links() const;
  Result<control::Diagnosis> diagnose_link(const std::string& id);
  std::vector<diagnose::Knock> try_doors(const Cluster& cluster, std::vector<diagnose::Door> doors);
  void tick();
  void look_around(const char* why);

  net::Loop& loop_;
  const DaemonOptions options_;
  const std::function<void()> on_quit_;
  const control::UnixMillis started_;
  EventHub events_;
  kube::CancelToken closing_;  // of what blocks on the server's threads
  Backend& backend_;
  LinkStore store_;
  SwapStore swap_store_;
  swap::RealPace pace_;
  Workers workers_;
  TunnelPool tunnels_;
  LinkTable links_;
  SwapTable swaps_;
  WakeWatch wake_watch_;
  net::AddressWatch address_watch_;
  net::Timer ticker_;
};

}  // namespace ferry::daemon
