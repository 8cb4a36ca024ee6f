#include "cli/doctor.h"

#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <utility>

#include "base/version.h"
#include "cli/cluster.h"
#include "cli/daemon_start.h"
#include "kube/doctor/leftovers.h"
#include "kube/doctor/server_check.h"
#include "kube/text.h"

namespace ferry::cli {
namespace {

using control::Json;

Check failed(std::string name, const Error& error) {
  return {.name = std::move(name), .fine = false, .summary = error.summary(), .fix = error.fix};
}

std::string milliseconds(Duration time) {
  const auto whole = std::chrono::ceil<std::chrono::milliseconds>(time);
  return std::to_string(whole.count()) + " ms";
}

class Examiner {
 public:
  Examiner(const control::KubeAccess& access, const control::GetEnv& get_env, std::string program)
      : access_(access), get_env_(get_env), program_(std::move(program)) {}

  Examination run() {
    const auto cluster = open_cluster(access_);
    add(kubeconfig(cluster));
    if (cluster) look_at(*cluster);
    add(versions());
    if (const auto paths = control::paths(get_env_)) {
      add(check_local_ports(paths->links_file, daemon_pid(*paths)));
    }
    rlimit files{};
    getrlimit(RLIMIT_NOFILE, &files);
    add(check_open_files(files.rlim_cur, files.rlim_max));
    return std::move(made_);
  }

 private:
  void add(Check check) { made_.checks.push_back(std::move(check)); }

  Check kubeconfig(const Result<Cluster>& cluster) const {
    Check check = cluster ? Check{.name = "kubeconfig"} : failed("kubeconfig", cluster.error());
    for (const auto& file : kube::kubeconfig_files(kubeconfig_source(access_))) {
      std::error_code ignored;
      const bool there = std::filesystem::exists(file, ignored);
      check.details.push_back(file + (there ? "" : " (not there)"));
    }
    if (!cluster) return check;
    const auto& config = cluster->credentials->config();
    check.summary = config.context.empty()
                        ? "this pod's service account"
                        : "context '" + config.context + "', user '" + config.user_name + "'";
    check.summary += ", namespace " + config.ns;
    return check;
  }

  void look_at(const Cluster& cluster) {
    const auto& config = cluster.credentials->config();
    if (config.user.exec) {
      const auto path = config.environment.find("PATH");
      add(check_plugin(*config.user.exec, path == config.environment.end() ? "" : path->second));
      if (!made_.checks.back().fine) return;
    }
    const auto server = doctor::ask_server(*cluster.credentials, cancel_);
    if (!server) return add(failed("api-server", server.error()));
    add({.name = "api-server",
         .summary = to_string(config.server) + " answers in " + milliseconds(server->latency) +
                    " (at first " + milliseconds(server->first) + "), " + server->version});
    add(check_clock(server->clock_ahead));
    auto rights = doctor::ask_for_rights(*cluster.api, cluster.ns, cancel_);
    add(rights ? check_rights(*rights, cluster.ns) : failed("rights", rights.error()));
    if (rights) made_.rights = std::move(*rights);
    add(leftovers(cluster));
  }

  Check leftovers(const Cluster& cluster) {
    const std::int64_t now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
    const auto traces = doctor::find_traces(*cluster.api, cluster.ns, program_, now, cancel_);
    if (!traces) return failed("leftovers", traces.error());
    proxies_ = traces->proxies;
    Check check{.name = "leftovers", .fine = traces->leftovers.empty()};
    check.summary = (check.fine ? "none" : std::to_string(traces->leftovers.size())) +
                    " in namespace " + cluster.ns;
    for (const auto& one : traces->leftovers) {
      check.details.push_back(one.object + ": " + one.why + "; " + one.fix);
    }
    for (const auto& unseen : traces->unseen) check.details.push_back("not seen: " + unseen);
    if (!check.fine) check.fix = "look at each, then run the command that stands behind it";
    return check;
  }

  Check versions() const {
    Check check{.name = "versions", .summary = "ferry " + std::string(version())};
    if (const auto program = find_ferryd(get_env_); !program) {
      return failed("versions", program.error());
    }
    const auto paths = control::paths(get_env_);
    if (!paths) return failed("versions", paths.error());
    const auto daemon = running_daemon(*paths);
    if (!daemon) return failed("versions", daemon.error());
    if (*daemon) add_daemon(**daemon, check);
    if (!*daemon) check.summary += ", ferryd is not running";
    for (const auto& proxy : proxies_) {
      check.details.push_back("job/" + proxy.job + ": proxy " + proxy.version +
                              (proxy.ended ? ", ended" : ""));
    }
    return check;
  }

  static int daemon_pid(const control::Paths& paths) {
    const auto daemon = running_daemon(paths);
    const auto status = daemon && *daemon ? (*daemon)->status() : fail(Error{});
    return status ? static_cast<int>(status->pid) : 0;
  }

  void add_daemon(const control::Client& client, Check& check) const {
    const auto running = client.version();
    const auto mismatch = running ? version_mismatch(std::string(version()), *running, program_)
                                  : std::optional(running.error());
    check.summary += running ? ", ferryd " + *running : ", ferryd: " + running.error().summary();
    check.fine = !mismatch;
    if (mismatch) check.fix = mismatch->fix;
  }

  const control::KubeAccess& access_;
  const control::GetEnv& get_env_;
  const std::string program_;
  const kube::CancelToken cancel_;
  std::vector<doctor::Proxy> proxies_;
  Examination made_;
};

Json to_json(const doctor::AreaAnswer& answer) {
  Json rights = Json::array();
  for (std::size_t i = 0; i < answer.allowed.size(); ++i) {
    rights.push_back({{"right", to_string(answer.area->rights[i])},
                      {"allowed", static_cast<bool>(answer.allowed[i])}});
  }
  return {{"area", answer.area->name}, {"cost", answer.area->cost}, {"rights", std::move(rights)}};
}

Json to_json(const Examination& examination) {
  Json checks = Json::array();
  for (const auto& check : examination.checks) {
    checks.push_back({{"name", check.name},
                      {"ok", check.fine},
                      {"summary", check.summary},
                      {"details", check.details},
                      {"fix", check.fix}});
  }
  Json rights = Json::array();
  for (const auto& answer : examination.rights) rights.push_back(to_json(answer));
  return {{"ok", examination.fine()}, {"checks", std::move(checks)}, {"rights", std::move(rights)}};
}

std::string padded(std::string text, std::size_t width) {
  text.resize(std::max(width, text.size()), ' ');
  return text;
}

std::string rights_table(const std::vector<doctor::AreaAnswer>& rights) {
  std::string out;
  for (const auto& [area, allowed] : rights) {
    const auto count = std::count(allowed.begin(), allowed.end(), true);
    out += "         " + padded(area->name, 17) + std::to_string(count) + " of " +
           std::to_string(allowed.size()) + " allowed\n";
  }
  return out;
}

}  // namespace

bool Examination::fine() const {
  return std::all_of(checks.begin(), checks.end(), [](const Check& check) { return check.fine; });
}

Examination examine(const control::KubeAccess& access, const control::GetEnv& get_env,
                    const std::string& program) {
  return Examiner(access, get_env, program).run();
}

std::string examination_text(const Examination& examination, const View& view) {
  if (view.format != OutputFormat::kTable) return document(to_json(examination), view.format);
  std::string out;
  for (const auto& check : examination.checks) {
    out += std::string(check.fine ? "ok     " : "wrong  ") + padded(check.name, 13) +
           printable(check.summary) + "\n";
    for (const auto& detail : check.details) out += "         " + printable(detail) + "\n";
    if (check.name == "rights") out += rights_table(examination.rights);
    if (!check.fix.empty()) out += "       try: " + printable(check.fix) + "\n";
  }
  return out;
}

}  // namespace ferry::cli
