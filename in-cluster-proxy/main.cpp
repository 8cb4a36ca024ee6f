#include <spdlog/spdlog.h>

#include <csignal>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "base/process_memory.h"
#include "base/version.h"
#include "in-cluster-proxy/config.h"
#include "in-cluster-proxy/proxy.h"
#include "in-cluster-proxy/workload_restore.h"
#include "net/descriptors.h"
#include "net/signal.h"

namespace {

int complain(const ferry::Error& error) {
  std::fprintf(stderr, "ferry-proxy: %s [%s]\n", error.summary().c_str(), error.id.c_str());
  if (!error.fix.empty()) std::fprintf(stderr, "  %s\n", error.fix.c_str());
  return error.code == ferry::ErrorCode::kInvalid ? 2 : 1;
}

// What a stand-in does without its daemon; none if it may not.
std::unique_ptr<ferry::proxy::WorkloadRestore> make_restore(
    ferry::net::Loop& loop, const std::optional<ferry::proxy::StandInConfig>& stand_in) {
  if (!stand_in || !stand_in->restore) return nullptr;
  ferry::kube::Environment environment;
  for (const std::string& entry : stand_in->environment) {
    const auto equals = entry.find('=');
    if (equals != entry.npos) environment[entry.substr(0, equals)] = entry.substr(equals + 1);
  }
  return std::make_unique<ferry::proxy::WorkloadRestore>(loop, *stand_in, environment);
}

int serve(ferry::proxy::Config config) {
  if (config.core_dumps) ferry::show_memory();
  if (const ferry::Status log = ferry::init_log(config.log); !log) return complain(log.error());
  const std::string stand_in = config.stand_in ? config.stand_in->id : "";
  ferry::net::raise_descriptor_limit();
  ferry::net::Loop loop;
  const auto restore = make_restore(loop, config.stand_in);
  auto proxy = ferry::proxy::Proxy::create(
      loop, std::move(config), [&loop] { loop.stop(); }, restore.get());
  if (!proxy) return complain(proxy.error());
  auto signals =
      ferry::net::SignalWatcher::create(loop, {SIGTERM, SIGINT}, [&](int) { (*proxy)->drain(); });
  if (!signals) return complain(signals.error());
  spdlog::info("ferry-proxy {} on {}", ferry::version(),
               ferry::net::to_string((*proxy)->tunnel_address()));
  if (!stand_in.empty()) spdlog::info("stand-in of swap {}", stand_in);
  for (const auto& address : (*proxy)->health_addresses()) {
    spdlog::info("health on {}", ferry::net::to_string(address));
  }
  loop.run();
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  ferry::hide_memory();  // before the key is read
  auto config = ferry::proxy::read_config(argc, argv);
  if (!config) return complain(config.error());
  if (const auto* end = std::get_if<ferry::proxy::EndNow>(&*config)) {
    std::fputs(end->text.c_str(), end->exit_code == 0 ? stdout : stderr);
    return end->exit_code;
  }
  return serve(std::move(std::get<ferry::proxy::Config>(*config)));
}
