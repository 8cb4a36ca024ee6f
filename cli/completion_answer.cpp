#include "cli/completion_answer.h"

#include <unistd.h>

#include <chrono>
#include <csignal>
#include <optional>
#include <thread>
#include <utility>

#include "cli/cluster.h"
#include "cli/command_line.h"
#include "cli/complete.h"
#include "cli/daemon_start.h"
#include "cli/swap_specs.h"
#include "cli/typed_line.h"
#include "kube/exec/choose_container.h"
#include "kube/json_field.h"
#include "kube/model.h"
#include "kube/object_names.h"
#include "kube/swap/list.h"
#include "kube/target_pods.h"

namespace ferry::cli {
namespace {

using kube::Json;

// Then what is under way is given up, a credential plugin included.
constexpr Duration kCompletionTime = std::chrono::milliseconds(1500);
// Then the process is: something hangs that can't be given up.
constexpr unsigned kCompletionEnd = 2;  // seconds

class Source final : public NameSource {
 public:
  Source(const Invocation& invocation, const control::KubeAccess& access,
         const control::GetEnv& get_env, const kube::CancelToken& cancel)
      : invocation_(invocation), access_(access), get_env_(get_env), cancel_(cancel) {}

  Names objects(kube::TargetKind kind) override {
    return open() ? listed(kube::resource_of(kind), cluster_->ns) : Names();
  }

  Names swapped(kube::TargetKind kind) override {
    if (!open()) return {};
    swap::RealPace pace;
    swap::Run run{
        .api = *cluster_->api, .pace = pace, .cancel = cancel_, .progress = {}, .limits = {}};
    const auto swaps = swap::list_swaps(run, cluster_->ns);
    Names names;
    if (!swaps) return names;
    const auto wanted = kube::resource_of(kind).kind;
    for (const auto& each : *swaps) {
      const auto& original = each.original;
      if (swap::resource_of(original.kind).kind == wanted) names.push_back(original.name);
    }
    return names;
  }

  Names namespaces() override { return open() ? listed(kube::kNamespaces, {}) : Names(); }

  Names contexts() override {
    return kube::context_names(kubeconfig_source(access_)).value_or(Names());
  }

  Names containers(const kube::Target& target) override {
    Names names;
    for (auto& each : exec::containers_of({{"spec", pod_spec(target)}})) {
      names.push_back(std::move(each.name));
    }
    return names;
  }

  Names ports(const kube::Target& target) override {
    Names names;
    const auto add = [&](const auto& port) {
      if (port.protocol != "TCP" || port.port == 0) return;
      if (!port.name.empty()) names.push_back(port.name);
      names.push_back(std::to_string(port.port));
    };
    if (target.kind == kube::TargetKind::kService) {
      if (!open()) return {};
      const auto object = cluster_->api->get(kube::kServices, cluster_->ns, target.name, cancel_);
      if (!object) return {};
      for (const auto& port : kube::parse_service(*object).ports) add(port);
      return names;
    }
    for (const auto& container : kube::parse_pod({{"spec", pod_spec(target)}}).containers) {
      for (const auto& port : container.ports) add(port);
    }
    return names;
  }

  std::vector<Link> links() override {
    const auto paths = control::paths(get_env_);
    const auto daemon = paths ? running_daemon(*paths) : fail(paths.error());
    if (!daemon || !*daemon) return {};
    const auto links = (*daemon)->links();
    if (!links) return {};
    std::vector<Link> found;
    for (const auto& link : *links) {
      const auto& ns = invocation_.kube_namespace;
      const auto& context = invocation_.context;
      if (!ns.empty() && link.kube_namespace != ns) continue;
      if (!context.empty() && link.context != context) continue;
      found.push_back({link.id, to_string(link.target)});
    }
    return found;
  }

 private:
  bool open() {
    if (cluster_) return true;
    auto cluster = open_cluster(access_, kube::CredentialsOptions{});
    if (cluster) cluster_.emplace(std::move(*cluster));
    return cluster_.has_value();
  }

  Names listed(const kube::Resource& resource, const std::string& ns) const {
    return kube::object_names(*cluster_->api, resource, ns, cancel_).value_or(Names());
  }

  // Of the pods that the target has, or would have.
  Json pod_spec(const kube::Target& target) {
    if (!open()) return {};
    const auto found = kube::find_pods(*cluster_->api, target, cluster_->ns, {}, cancel_);
    if (!found) return {};
    if (found->spec.is_object()) return found->spec;
    const auto pods = cluster_->api->list(kube::kPods, cluster_->ns, found->selectors, cancel_);
    if (!pods || pods->items.empty()) return {};
    return kube::field(pods->items.front(), "spec");
  }

  const Invocation& invocation_;
  const control::KubeAccess& access_;
  const control::GetEnv& get_env_;
  const kube::CancelToken& cancel_;
  std::optional<Cluster> cluster_;
};

// Cancels after a while; ends with the scope.
class Deadline {
 public:
  explicit Deadline(kube::CancelToken& cancel)
      : thread_([this, &cancel] {
          if (over_.sleep_for(kCompletionTime)) cancel.cancel();
        }) {}
  ~Deadline() {
    over_.cancel();
    thread_.join();
  }
  Deadline(const Deadline&) = delete;
  Deadline& operator=(const Deadline&) = delete;

 private:
  kube::CancelToken over_;
  std::thread thread_;
};

// The shell passes a path on as it is typed.
std::string without_tilde(const std::string& path, const control::GetEnv& get_env) {
  if (!path.starts_with("~/")) return path;
  return get_env("HOME").value_or("") + path.substr(1);
}

}  // namespace

std::string answer_completion(const Invocation& invocation, const control::GetEnv& get_env,
                              const std::map<std::string, std::string>& environment,
                              const std::string& working_directory) {
  std::signal(SIGALRM, [](int) { _exit(0); });
  alarm(kCompletionEnd);
  const auto doc = describe_command_line("ferry");
  const auto line = read_typed_line(doc, invocation.typed);
  const auto value = [&](const char* name) {
    const auto found = line.options.find(name);
    return found == line.options.end() ? std::string() : found->second;
  };
  Invocation meant = invocation;
  meant.kube_namespace = value("--namespace");
  meant.context = value("--context");
  meant.kubeconfig = without_tilde(value("--kubeconfig"), get_env);
  const auto access = kube_access(meant, environment, working_directory);
  kube::CancelToken cancel;
  const Deadline deadline(cancel);
  Source names(meant, access, get_env, cancel);
  return completions_text(complete(doc, line, names));
}

}  // namespace ferry::cli
