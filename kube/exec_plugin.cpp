#include "kube/exec_plugin.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "kube/certificate.h"
#include "kube/json_field.h"
#include "kube/problems.h"
#include "kube/process.h"
#include "kube/resource.h"
#include "kube/text.h"

namespace ferry::kube {
namespace {

using Json = nlohmann::json;

std::string proxy_with_password(const ProxyUrl& proxy) {
  std::string url = to_string(proxy);
  if (proxy.username.empty()) return url;
  const std::string user =
      percent_encode(proxy.username) + ":" + percent_encode(proxy.password) + "@";
  return url.insert(url.find("://") + 3, user);
}

Json cluster_info(const ClusterConfig& config) {
  Json info = {{"server", to_string(config.server)}};
  if (!config.tls_server_name.empty()) info["tls-server-name"] = config.tls_server_name;
  if (config.insecure_skip_tls_verify) info["insecure-skip-tls-verify"] = true;
  if (!config.ca_pem.empty()) info["certificate-authority-data"] = base64_encode(config.ca_pem);
  if (config.proxy) info["proxy-url"] = proxy_with_password(*config.proxy);
  const std::string& extension = config.user.exec->cluster_extension;
  if (!extension.empty()) info["config"] = Json::parse(extension, nullptr, false);
  return info;
}

// The value of KUBERNETES_EXEC_INFO.
std::string exec_info(const ClusterConfig& config, bool interactive) {
  const ExecPlugin& exec = *config.user.exec;
  Json info = {{"kind", "ExecCredential"},
               {"apiVersion", exec.api_version},
               {"spec", {{"interactive", interactive}}}};
  if (exec.provide_cluster_info) info["spec"]["cluster"] = cluster_info(config);
  return info.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Result<PluginCredential> parse_answer(const ExecPlugin& exec, const std::string& text) {
  const auto bad = [](const std::string& why) {
    return fail(problem::kPluginAnswerInvalid, "", why);
  };
  const Json answer = Json::parse(text, nullptr, false);
  if (!answer.is_object()) return bad("it printed no JSON object");
  if (text_field(answer, "kind") != "ExecCredential") return bad("it printed no ExecCredential");
  if (text_field(answer, "apiVersion") != exec.api_version) {
    return bad("it answered with apiVersion '" + text_field(answer, "apiVersion") +
               "' where the kubeconfig says " + exec.api_version);
  }
  const Json& status = field(answer, "status");
  PluginCredential credential;
  credential.token = text_field(status, "token");
  credential.certificate_pem = text_field(status, "clientCertificateData");
  credential.key_pem = text_field(status, "clientKeyData");
  if (credential.token.empty() && credential.certificate_pem.empty()) {
    return bad("its answer has neither a token nor a client certificate");
  }
  if (credential.certificate_pem.empty() != credential.key_pem.empty()) {
    return bad("its answer has a client certificate without its key, or a key alone");
  }
  const std::string expiry = text_field(status, "expirationTimestamp");
  if (expiry.empty()) return credential;
  const auto time = parse_time(expiry);
  if (!time) return bad("expirationTimestamp: " + time.error().why);
  credential.expires_at = *time;
  return credential;
}

// The end of what the plugin wrote to its standard error, for the error's text.
class LastWords {
 public:
  void add(std::string_view text) {
    text_.append(text);
    if (text_.size() > kKept) text_.erase(0, text_.size() - kKept);
  }
  std::string get() const {
    const auto words = trim(text_);
    return words.empty() ? "" : ": " + std::string(words);
  }

 private:
  static constexpr std::size_t kKept = 500;
  std::string text_;
};

Error start_error(const ExecPlugin& exec, Error error) {
  if (error.code != ErrorCode::kNotFound) return error;
  error.fix = exec.install_hint.empty()
                  ? "install it, or have its folder in PATH; the kubeconfig's user entry names it"
                  : std::string(trim(exec.install_hint));
  return error;
}

}  // namespace

Result<PluginCredential> run_plugin(const ClusterConfig& config, const CredentialsOptions& options,
                                    const CancelToken& cancel) {
  const ExecPlugin& exec = *config.user.exec;
  const std::string what =
      "getting credentials for user '" + config.user_name + "' from " + exec.command;
  const bool interactive = options.terminal && exec.interactive != ExecPlugin::Interactive::kNever;
  if (!interactive && exec.interactive == ExecPlugin::Interactive::kAlways) {
    return fail(problem::kPluginNeedsTerminal, what,
                "it needs a terminal (interactiveMode: Always), and a daemon has none",
                "log in with the plugin's own command first, or use another kind of credential");
  }
  LastWords last_words;
  ProcessSpec spec{.command = exec.command, .args = exec.args, .environment = config.environment};
  for (const auto& [name, value] : exec.env) spec.environment[name] = value;
  spec.environment["KUBERNETES_EXEC_INFO"] = exec_info(config, interactive);
  spec.inherit_input = interactive;
  spec.on_error_output = [&](std::string_view text) {
    last_words.add(text);
    if (options.on_plugin_output) options.on_plugin_output(text);
  };
  const auto outcome = run_process(spec, cancel);
  if (!outcome) {
    Error error = start_error(exec, outcome.error());
    error.what = what;
    return fail(std::move(error));
  }
  if (outcome->exit_code != 0) {
    return fail(problem::kPluginFailed, what,
                "it ended with exit code " + std::to_string(outcome->exit_code) + last_words.get(),
                "log in again with the tool that the plugin belongs to");
  }
  auto credential = parse_answer(exec, outcome->output);
  if (!credential) {
    return fail(problem::kPluginAnswerInvalid, what, credential.error().why + last_words.get(),
                "run the plugin by hand and look at what it prints");
  }
  return credential;
}

}  // namespace ferry::kube
