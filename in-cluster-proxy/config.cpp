#include "in-cluster-proxy/config.h"

#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <optional>
#include <sstream>
#include <utility>

#include "base/version.h"
#include "in-cluster-proxy/flag_values.h"
#include "in-cluster-proxy/ports.h"
#include "in-cluster-proxy/problems.h"
#include "in-cluster-proxy/stand_in_flags.h"

namespace ferry::proxy {
namespace {

// The texts of the command line, before they are understood.
struct Flags {
  std::string listen = net::to_string({"127.0.0.1", kTunnelPort});
  std::vector<std::string> health_listen = {net::to_string({"0.0.0.0", kHealthPort}),
                                            net::to_string({"::", kHealthPort})};
  std::string tls_dir = "/etc/ferry/tls";
  std::vector<std::string> allow;
  std::vector<std::string> deny;
  std::string idle_exit = "15m";
  std::string session_keep = "4h";
  std::string session_memory = "20MiB";
  std::string drain_timeout = "25s";
  std::string dial_timeout = "10s";
  std::string log_level = "info";
  std::string log_format = "text";
  bool core_dumps = false;
  StandInFlags stand_in;
};

constexpr const char* kFooter = R"(
A flag beats its environment variable. Durations are written 90s, 15m, 4h.

Targets are judged by the address that their name resolves to: --deny refuses first, --allow permits
these and nothing else, and without a rule loopback, link-local and multicast addresses and the
proxy's own ports are refused.

With --stand-in it runs in the place of a container: the daemon says on which ports it listens, and
who comes in there is connected to the developer's machine. It then reads flags only: the
environment is the container's, and is served to the daemon together with the files of --mount.

On SIGTERM it tells the daemons, answers /readyz with 503, lets streams end for --drain-timeout and
exits with 0; a second SIGTERM ends it at once.)";

void declare_addresses(CLI::App& app, Flags& flags) {
  app.add_option("--listen", flags.listen, "Address of the tunnel port")
      ->envname("FERRY_PROXY_LISTEN")
      ->capture_default_str()
      ->type_name("ADDRESS:PORT");
  app.add_option("--health-listen", flags.health_listen, "Addresses for /healthz and /readyz")
      ->envname("FERRY_PROXY_HEALTH_LISTEN")
      ->delimiter(',')
      ->capture_default_str()
      ->type_name("ADDRESS:PORT");
  app.add_option("--tls-dir", flags.tls_dir,
                 "Directory with ca.crt (who may connect), tls.crt and tls.key (this proxy)")
      ->envname("FERRY_PROXY_TLS_DIR")
      ->capture_default_str()
      ->type_name("DIR");
  app.add_option("--allow", flags.allow, "Connect streams to these addresses only")
      ->envname("FERRY_PROXY_ALLOW")
      ->delimiter(',')
      ->type_name("ADDRESS[/BITS][:PORT[-PORT]]");
  app.add_option("--deny", flags.deny, "Never connect streams to these addresses")
      ->envname("FERRY_PROXY_DENY")
      ->delimiter(',')
      ->type_name("ADDRESS[/BITS][:PORT[-PORT]]");
}

void declare_times(CLI::App& app, Flags& flags) {
  app.add_option("--idle-exit", flags.idle_exit,
                 "Exit with 0 when nobody was attached and no session kept for this long; 0: never")
      ->envname("FERRY_PROXY_IDLE_EXIT")
      ->capture_default_str()
      ->type_name("DURATION");
  app.add_option("--session-keep", flags.session_keep,
                 "Keep a session with open streams for this long after its tunnel was lost")
      ->envname("FERRY_PROXY_SESSION_KEEP")
      ->capture_default_str()
      ->type_name("DURATION");
  app.add_option("--session-memory", flags.session_memory,
                 "Let the oldest lost sessions go when all of them together hold more than this")
      ->envname("FERRY_PROXY_SESSION_MEMORY")
      ->capture_default_str()
      ->type_name("SIZE");
  app.add_option("--drain-timeout", flags.drain_timeout, "How long streams may go on after SIGTERM")
      ->envname("FERRY_PROXY_DRAIN_TIMEOUT")
      ->capture_default_str()
      ->type_name("DURATION");
  app.add_option("--dial-timeout", flags.dial_timeout, "For resolving and connecting a target")
      ->envname("FERRY_PROXY_DIAL_TIMEOUT")
      ->capture_default_str()
      ->type_name("DURATION");
}

void declare_log(CLI::App& app, Flags& flags) {
  app.add_option("--log-level", flags.log_level,
                 "trace, debug, info, warning, error, critical, off")
      ->envname("FERRY_PROXY_LOG_LEVEL")
      ->capture_default_str()
      ->type_name("LEVEL");
  app.add_option("--log-format", flags.log_format, "text, or json for one object a line")
      ->envname("FERRY_PROXY_LOG_FORMAT")
      ->capture_default_str()
      ->check(CLI::IsMember({"text", "json"}));
  app.add_flag("--core-dumps", flags.core_dumps,
               "For developers: allow core dumps and debuggers, which see the keys");
}

void declare(CLI::App& app, Flags& flags) {
  declare_addresses(app, flags);
  declare_times(app, flags);
  declare_log(app, flags);
  declare_stand_in(app, flags.stand_in);
  app.set_version_flag("--version", "ferry-proxy " + std::string(version()));
  app.footer(kFooter);
}

Result<std::string> read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  if (!file.is_open() || file.bad()) {
    return fail(problem::kFileUnreadable, "reading " + path, std::strerror(errno),
                "--tls-dir names the directory; it needs ca.crt, tls.crt and tls.key");
  }
  return text;
}

Result<TlsMaterial> read_tls(const std::string& dir) {
  TlsMaterial tls;
  const std::pair<const char*, std::string*> files[] = {
      {"/ca.crt", &tls.ca_pem}, {"/tls.crt", &tls.certificate_pem}, {"/tls.key", &tls.key_pem}};
  for (const auto& [name, text] : files) {
    Result<std::string> read = read_file(dir + name);
    if (!read) return fail(read.error());
    *text = std::move(*read);
  }
  return tls;
}

Result<std::vector<AddressRule>> parse_rules(const std::vector<std::string>& texts) {
  std::vector<AddressRule> rules;
  for (const std::string& text : texts) {
    Result<AddressRule> rule = parse_address_rule(text);
    if (!rule) return fail(rule.error());
    rules.push_back(*rule);
  }
  return rules;
}

Result<Config> understand(const Flags& flags) {
  Config config;
  Readings readings;
  readings.take(config.listen, net::parse_host_port(flags.listen));
  for (const std::string& text : flags.health_listen) {
    readings.take(config.health_listen.emplace_back(), net::parse_host_port(text));
  }
  readings.take(config.rules.allow, parse_rules(flags.allow));
  readings.take(config.rules.deny, parse_rules(flags.deny));
  readings.take(config.idle_exit, parse_duration("--idle-exit", flags.idle_exit));
  readings.take(config.session_keep, parse_duration("--session-keep", flags.session_keep));
  readings.take(config.limits.session_memory, parse_size("--session-memory", flags.session_memory));
  readings.take(config.drain_timeout, parse_duration("--drain-timeout", flags.drain_timeout));
  readings.take(config.dial_timeout, parse_duration("--dial-timeout", flags.dial_timeout));
  readings.take(config.tls, read_tls(flags.tls_dir));
  readings.take(config.stand_in, understand_stand_in(flags.stand_in));
  if (readings.error()) return fail(*readings.error());
  config.core_dumps = flags.core_dumps;
  config.log.level = flags.log_level;
  config.log.format = flags.log_format == "json" ? LogFormat::kJson : LogFormat::kText;
  return config;
}

}  // namespace

Result<std::variant<Config, EndNow>> read_config(int argc, const char* const* argv) {
  Flags flags;
  CLI::App app{"The cluster's end of Ferry's tunnel: connects streams to Services.", "ferry-proxy"};
  declare(app, flags);
  if (is_stand_in(argc, argv)) leave_environment_alone(app);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& said) {
    std::ostringstream out;
    const int code = app.exit(said, out, out);
    return EndNow{code == 0 ? 0 : 2, out.str()};
  }
  Result<Config> config = understand(flags);
  if (!config) return fail(config.error());
  return std::move(*config);
}

}  // namespace ferry::proxy
