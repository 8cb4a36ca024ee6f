// How a link comes about: its target looked up, its ports opened, its route chosen.
#include <spdlog/spdlog.h>

#include <utility>

#include "daemon/direct_route.h"
#include "daemon/link.h"
#include "daemon/problems.h"
#include "daemon/proxy_route.h"

namespace ferry::daemon {

using control::LinkState;

namespace {

// With these, another route is worth trying: the proxy can't be had, for a reason that won't pass.
bool proxy_cannot_be_had(const Error& error) {
  switch (error.code) {
    case ErrorCode::kForbidden:
    case ErrorCode::kUnsupported:
    case ErrorCode::kUnavailable:
    case ErrorCode::kTimedOut:
    case ErrorCode::kNotFound: return true;
    default: return false;
  }
}

std::string namespace_of(const control::KubeAccess& access) {
  return access.kube_namespace.empty() ? "default" : access.kube_namespace;
}

}  // namespace

void Link::look_up_target() {
  if (spec_.route == control::Route::kAddr) {
    auto plan = plan_without_cluster(namespace_of(spec_.kube), spec_.target, spec_.ports);
    if (plan) {
      target_found({}, std::move(*plan));
    } else {
      give_up(plan.error());
    }
    return;
  }
  look_up_ = house_.workers.start(
      [this, spec = spec_, &backend = house_.backend](const TaskContext& task) {
        auto cluster = backend.open_cluster(spec.kube);
        if (!cluster) {
          task.post([this, error = cluster.error()] { give_up(error); });
          return;
        }
        auto plan = plan_target(*cluster->api, cluster->ns, spec.target, spec.ports, task.cancel());
        task.post([this, cluster = *cluster, plan = std::move(plan)] {
          if (plan) {
            target_found(cluster, *plan);
          } else {
            give_up(plan.error());
          }
        });
      });
}

void Link::target_found(Cluster cluster, TargetPlan plan) {
  cluster_ = std::move(cluster);
  plan_ = std::move(plan);
  if (cluster_.api) settle_access(spec_.kube, cluster_);
  if (auto opened = open_ports(); !opened) {
    give_up(opened.error());
    return;
  }
  choose_route();
}

Status Link::open_ports() {
  for (std::size_t i = 0; i < spec_.ports.size(); ++i) {
    auto& asked = spec_.ports[i];
    const std::uint16_t number = asked.local_as_remote ? plan_.ports[i].remote : asked.local;
    auto port = LocalPort::open(
        house_.loop, spec_.addresses, number,
        [this, i](std::unique_ptr<net::ByteStream> stream) { accepted(i, std::move(stream)); });
    if (!port) return fail(port.error());
    asked.local = (*port)->port();
    asked.local_as_remote = false;
    ports_.push_back(std::move(*port));
  }
  return {};
}

// --- the route -----------------------------------------------------------------------------------

void Link::choose_route() {
  const auto& options = spec_.proxy;
  switch (spec_.route) {
    case control::Route::kAddr:
      go_through("addr " + spec_.proxy_addr + " " + spec_.proxy_credentials, [this] {
        return house_.backend.proxy_at(spec_.proxy_addr, spec_.proxy_credentials);
      });
      return;
    case control::Route::kDirect:
      if (plan_.needs_proxy.empty()) {
        go_direct();
      } else {
        give_up({problem::kNeedsProxy, "forwarding to " + plan_.name + " on the direct route",
                 plan_.needs_proxy, "use --route proxy"});
      }
      return;
    case control::Route::kAuto:
      if (!house_.backend.has_proxy_image(options)) {
        direct_or_fail({problem::kNoImage, "running a proxy in the cluster",
                        "no image for it is known", "name one with --image"});
        return;
      }
      break;
    case control::Route::kProxy: break;
  }
  go_through(proxy_key(cluster_),
             [this] { return house_.backend.proxy_in_cluster(cluster_, spec_.proxy); });
}

void Link::direct_or_fail(const Error& why_no_proxy) {
  if (!plan_.needs_proxy.empty()) {
    auto error = why_no_proxy;
    error.what = "forwarding to " + plan_.name + ", which needs a proxy since " +
                 plan_.needs_proxy + ": " + error.what;
    give_up(error);
    return;
  }
  leave_tunnel();
  const std::string fix = why_no_proxy.fix.empty() ? "" : " (" + why_no_proxy.fix + ")";
  notice("using the direct route, without a proxy: " + why_no_proxy.summary() + fix);
  go_direct();
}

void Link::go_direct() {
  route_ = std::make_unique<DirectRoute>(house_.loop, house_.backend.pod_dialer(cluster_), plan_);
  if (view_) route_->set_view(*view_);
  follow();
  assess();
}

void Link::go_through(const std::string& key, const TunnelPool::MakeSource& make_source) {
  const bool addr = spec_.route == control::Route::kAddr;
  const auto kind = addr ? control::Route::kAddr : control::Route::kProxy;
  tunnel_ = &house_.tunnels.acquire(
      key, make_source,
      {.route = kind, .context = cluster_.context, .kube_namespace = addr ? "" : cluster_.ns},
      *this);
  route_ = std::make_unique<ProxyRoute>(*tunnel_, kind, plan_);
  follow();
  on_tunnel_changed();  // it may have been there before
}

void Link::leave_tunnel() {
  cut_short_.stop();
  if (tunnel_ == nullptr) return;
  health_.stop(not_tested("the link takes another way now"));
  if (route_) route_->forget(*this);
  route_.reset();
  house_.tunnels.release(*std::exchange(tunnel_, nullptr), *this);
}

void Link::on_tunnel_changed() {
  const auto error = tunnel_->status().last_error;
  const bool failed_first = !tunnel_->ever_ready() && error;
  if (tunnel_->ever_ready()) cut_short_.stop();
  if (failed_first && state_ == LinkState::kStarting) {
    if (spec_.route == control::Route::kAuto && proxy_cannot_be_had(*error)) {
      direct_or_fail(*error);
      return;
    }
    if (!keep_trying_ && !worth_another_try(*error)) {
      give_up(*error);
      return;
    }
  }
  assess();
}

// What is cut off half way isn't refused: a pod that has only just come up, a kubelet that is busy.
bool Link::worth_another_try(const Error& error) {
  constexpr Duration kTryAgainFor = std::chrono::seconds(5);
  if (error.code != ErrorCode::kReset) return false;
  last_error_ = error;
  if (!cut_short_.active()) {
    notice(error.summary() + "; trying again");
    cut_short_.start(kTryAgainFor);
  }
  return true;
}

void Link::on_tunnel_progress(const std::string& message) {
  events_.on_link_message(*this, control::EventKind::kProgress, message);
}

// --- the target's pods ---------------------------------------------------------------------------

void Link::follow() {
  if (follower_ || plan_.follow == TargetPlan::Follow::kNothing) return;
  follower_ =
      house_.workers.start([this, api = cluster_.api, plan = plan_](const TaskContext& task) {
        const auto on_view = [this, &task](TargetView view) {
          task.post([this, view = std::move(view)] { pods_changed(view); });
        };
        const auto on_trouble = [this, &task](const Error& error) {
          task.post([this, error] { following_failed(error); });
        };
        follow_target(*api, plan, {on_view, on_trouble}, task.cancel());
      });
}

void Link::pods_changed(const TargetView& view) {
  follow_error_.reset();
  view_ = view;
  if (route_) route_->set_view(view);
  assess();
}

void Link::following_failed(const Error& error) {
  spdlog::warn("link {}: following its pods: {}", id_, error.summary());
  follow_error_ = error;
  // The direct route needs the same API server: see whether it still works.
  if (tunnel_ == nullptr) health_.stop(not_tested(error.summary()));
  assess();
}

}  // namespace ferry::daemon
