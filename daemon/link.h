// One forward link: local ports, the way to the target, and what is known about both.
//
// It begins with a task that reads the kubeconfig and checks the target; then it listens, chooses
// its route, follows the target's pods, and tests the way. From then on it goes on by itself,
// whatever comes and goes, until it is destroyed.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "daemon/backend.h"
#include "daemon/link_health.h"
#include "daemon/link_route.h"
#include "daemon/local_port.h"
#include "daemon/traffic_meter.h"
#include "daemon/tunnel_pool.h"
#include "daemon/waiting_cause.h"
#include "daemon/workers.h"
#include "kube/swap/run.h"

namespace ferry::daemon {

class Link;

// Whoever owns the link.
class LinkEvents {
 public:
  // State or reason are other than before.
  virtual void on_link_changed(Link& link) = 0;
  // A line for the link's user: what a long step waits for (kProgress), or a thing to know
  // (kNotice).
  virtual void on_link_message(Link& link, control::EventKind kind, const std::string& message) = 0;
  // It can't be. Last event; the owner lets go of it with Loop::delete_later().
  virtual void on_link_failed(Link& link, const Error& error) = 0;

 protected:
  ~LinkEvents() = default;
};

// What all links use; outlives them.
struct LinkHouse {
  net::Loop& loop;
  Workers& workers;
  TunnelPool& tunnels;
  Backend& backend;
  swap::Pace& pace;  // of steps that wait for the cluster
  // How long a link that nobody uses goes without a test of its own; > 0.
  Duration test_every = std::chrono::minutes(5);
};

class Link final : public net::Disposable, private ConnectionObserver, private TunnelEvents {
 public:
  // `keep_trying`: a link that was there before the daemon's restart doesn't give up where a new
  // one would fail.
  Link(const LinkHouse& house, std::string id, control::LinkSpec spec, bool keep_trying,
       LinkEvents& events);
  // Ports are free and connections reset afterwards.
  ~Link() override;

  void start();
  // Tests its way now: status() tells what comes of it, or that there is none.
  void test_now();
  void sample_rate() { meter_.sample(open_traffic(), house_.loop.now()); }

  const std::string& id() const { return id_; }
  // With the local ports that were found free, and where in which cluster its target was found.
  const control::LinkSpec& spec() const { return spec_; }
  bool listening() const { return !ports_.empty(); }
  control::LinkStatus status() const;

 private:
  void look_up_target();
  void target_found(Cluster cluster, TargetPlan plan);
  Status open_ports();
  void accepted(std::size_t port, std::unique_ptr<net::ByteStream> stream);
  void choose_route();
  void direct_or_fail(const Error& why_no_proxy);
  void go_direct();
  void go_through(const std::string& key, const TunnelPool::MakeSource& make_source);
  void leave_tunnel();
  void follow();
  void pods_changed(const TargetView& view);
  void following_failed(const Error& error);

  void on_tunnel_changed() override;
  bool worth_another_try(const Error& error);
  void on_tunnel_progress(const std::string& message) override;
  void on_connected(std::size_t port) override;
  void on_ended(std::size_t port, const ConnectionEnd& end) override;

  // Decides on the state from all that is known.
  void assess();
  std::optional<std::string> obstacle() const;
  void set_state(control::LinkState state, const std::string& reason);
  bool end_if_hopeless(const Error& error);
  bool lacks_pods() const;
  Error not_tested(const std::string& why) const;
  void give_up(const Error& error);
  void take_down();
  void notice(const std::string& message);
  OpenTraffic open_traffic() const;

  const LinkHouse house_;
  const std::string id_;
  control::LinkSpec spec_;
  const bool keep_trying_;
  LinkEvents& events_;

  control::LinkState state_ = control::LinkState::kStarting;
  std::string reason_;
  control::UnixMillis since_;
  const control::UnixMillis created_;
  std::optional<Error> last_error_;
  TrafficMeter meter_;

  Backoff backoff_;
  net::Timer retry_;
  net::Timer
      ending_;  // gives up, when no code of the route, of a test or of a task is on the stack
  net::Timer cut_short_;  // gives up on a tunnel that is cut off again and again before it is ready
  std::unique_ptr<Task> look_up_;
  Cluster cluster_;
  TargetPlan plan_;
  std::unique_ptr<Task> follower_;
  std::optional<TargetView> view_;
  std::optional<Error> follow_error_;
  Tunnel* tunnel_ = nullptr;  // held in the pool
  std::unique_ptr<LinkRoute> route_;
  LinkHealth health_;  // its tests use the route
  WaitingCause waiting_cause_;
  std::vector<std::unique_ptr<LocalPort>> ports_;
};

}  // namespace ferry::daemon
