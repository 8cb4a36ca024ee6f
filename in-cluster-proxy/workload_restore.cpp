#include "in-cluster-proxy/workload_restore.h"

#include <spdlog/spdlog.h>

#include <memory>
#include <string>
#include <system_error>
#include <utility>

#include "in-cluster-proxy/problems.h"
#include "kube/curl_api.h"
#include "kube/in_cluster.h"
#include "kube/swap/restore.h"

namespace ferry::proxy {
namespace {

// The API server's address and nothing else: a proxy that the container is to use for its own
// connections isn't meant for this one.
kube::Environment only_the_api_server(const kube::Environment& all) {
  kube::Environment some;
  for (const char* name : {"KUBERNETES_SERVICE_HOST", "KUBERNETES_SERVICE_PORT"}) {
    const auto found = all.find(name);
    if (found != all.end()) some.insert(*found);
  }
  return some;
}

}  // namespace

WorkloadRestore::WorkloadRestore(net::Loop& loop, const StandInConfig& stand_in,
                                 const kube::Environment& environment)
    : loop_(loop),
      id_(stand_in.id),
      target_(*stand_in.restore),
      credentials_(stand_in.restore_credentials),
      environment_(only_the_api_server(environment)) {}

WorkloadRestore::~WorkloadRestore() {
  cancel_.cancel();
  if (thread_.joinable()) thread_.join();
}

void WorkloadRestore::start(std::function<void(Status)> done) {
  if (thread_.joinable()) thread_.join();  // of the attempt before, which has reported
  try {
    thread_ = std::thread([this, done] { loop_.post([done, status = run()] { done(status); }); });
  } catch (const std::system_error& e) {
    loop_.post([done, error = Error{problem::kNoThread, "restoring the original",
                                    std::string("the system has no thread for it: ") + e.what()}] {
      done(fail(error));
    });
  }
}

Status WorkloadRestore::run() const {
  const std::string argument = target_.ns + "/" + target_.kind + "/" + target_.name;
  const auto original = swap::parse_workload_argument(argument);
  if (!original) return fail(original.error());
  const kube::KubeconfigSource source{.environment = environment_,
                                      .service_account_directory = credentials_};
  if (!kube::in_cluster(source)) {
    return fail(problem::kNotInCluster, "restoring " + argument,
                "KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set");
  }
  auto config = kube::load_in_cluster(source);
  if (!config) return fail(config.error());
  kube::CurlApi api(std::make_shared<kube::Credentials>(std::move(*config)));
  swap::RealPace pace;
  swap::Run run{api, pace, cancel_, [](const std::string& line) { spdlog::info("{}", line); }, {}};
  const auto report = swap::restore(run, {.original = *original, .id = id_, .inside = true});
  if (!report) return fail(report.error());
  for (const std::string& note : report->notes) spdlog::info("{}: {}", argument, note);
  return {};
}

}  // namespace ferry::proxy
