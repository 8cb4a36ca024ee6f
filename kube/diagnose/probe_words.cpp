#include "kube/diagnose/probe_words.h"

#include <array>
#include <optional>
#include <string_view>

#include "kube/json_field.h"

namespace ferry::diagnose {
namespace {

using kube::Json;

struct Words {
  std::string_view field;      // in the container's spec
  std::string_view beginning;  // of the kubelet's event (prober.go)
  Code code;
  std::string_view follows;  // from its failing
};

const Words& words_of(ProbeKind kind) {
  static constexpr Words kStartup{"startupProbe",
                                  "Startup probe failed: ", Code::kStartupProbeFails,
                                  "so the container is killed and started again"};
  static constexpr Words kReadiness{"readinessProbe",
                                    "Readiness probe failed: ", Code::kReadinessProbeFails,
                                    "so no Service sends it anything"};
  static constexpr Words kLiveness{"livenessProbe",
                                   "Liveness probe failed: ", Code::kLivenessProbeFails,
                                   "so the container is killed and started again"};
  switch (kind) {
    case ProbeKind::kStartup: return kStartup;
    case ProbeKind::kReadiness: return kReadiness;
    case ProbeKind::kLiveness: break;
  }
  return kLiveness;
}

// A port by number or name, as the probe has it.
std::string port_of(const Json& action) {
  const Json& port = kube::field(action, "port");
  if (port.is_number_integer()) return std::to_string(kube::port_field(action, "port"));
  return kube::text_field(action, "port");
}

std::string question_of(const Json& probe) {
  if (const Json& http = kube::field(probe, "httpGet"); http.is_object()) {
    const bool tls = kube::text_field(http, "scheme") == "HTTPS";
    return std::string("GET ") + (tls ? "https" : "http") + "://" + kube::text_field(http, "host") +
           ":" + port_of(http) + kube::text_field(http, "path");
  }
  if (const Json& tcp = kube::field(probe, "tcpSocket"); tcp.is_object()) {
    return "connect to port " + port_of(tcp);
  }
  if (const Json& grpc = kube::field(probe, "grpc"); grpc.is_object()) {
    return "gRPC health check at port " + port_of(grpc);
  }
  std::string command;
  for (const Json& word : kube::array_field(kube::field(probe, "exec"), "command")) {
    if (word.is_string()) command += (command.empty() ? "" : " ") + word.get<std::string>();
  }
  return "run " + command;
}

struct Meaning {
  std::string_view answer;  // the kubelet's words contain it
  std::string_view means;
  std::string_view fix;
};

constexpr std::array kMeanings = {
    Meaning{"connection refused", "nothing listens on the port that is asked",
            "compare the probe's port with the one that the program listens on; a program that "
            "listens on 127.0.0.1 alone can't be reached either"},
    Meaning{"context deadline exceeded", "the answer takes too long",
            "raise timeoutSeconds, or find out what holds the answer up"},
    Meaning{"Client.Timeout", "the answer takes too long",
            "raise timeoutSeconds, or find out what holds the answer up"},
    Meaning{"timed out", "the answer takes too long",
            "raise timeoutSeconds, or find out what holds the answer up"},
    Meaning{"i/o timeout", "nothing answers at the pod's address",
            "is a NetworkPolicy or a firewall in the way?"},
    Meaning{"statuscode: 404", "there is nothing at the path that is asked",
            "compare the probe's path with those of the program"},
    Meaning{"statuscode: 401", "the program wants to know who asks",
            "let the probe's path be asked without a login"},
    Meaning{"statuscode: 403", "the program wants to know who asks",
            "let the probe's path be asked without a login"},
    Meaning{"statuscode: 5", "the program says itself that it isn't well",
            "see its log: what it needs may not be there"},
    Meaning{"server gave HTTP response to HTTPS client", "the port speaks plain HTTP",
            "take scheme: HTTPS off the probe"},
};

}  // namespace

std::string probe_text(const Json& container, ProbeKind kind) {
  const Json& probe = kube::field(container, words_of(kind).field);
  if (!probe.is_object()) return {};
  const auto seconds = [&](const char* name, int otherwise) {
    return std::to_string(kube::int_field(probe, name, 0, 1'000'000, otherwise));
  };
  return question_of(probe) + ", every " + seconds("periodSeconds", 10) + "s, within " +
         seconds("timeoutSeconds", 1) + "s; " + seconds("failureThreshold", 3) +
         " failures in a row count";
}

std::optional<Finding> probe_failure(const PodFacts& facts, const Json& container, ProbeKind kind) {
  const Words& words = words_of(kind);
  const auto name = kube::text_field(container, "name");
  const auto message = last_message(facts, "Unhealthy", name, words.beginning);
  if (message.empty()) return std::nullopt;
  const std::string answer = message.substr(words.beginning.size());
  Finding finding{.code = words.code,
                  .object = name_of(facts, name),
                  .cause = "",
                  .evidence = {},
                  .fix = "ask it yourself: ferry forward " + name_of(facts)};
  std::string means = "its answer is not what it should be";
  if (!kube::field(kube::field(container, words.field), "exec").is_null()) {
    means = "the probe's command fails";
    finding.fix = "run it yourself: kubectl exec " +
                  name_of(facts).substr(std::string_view("pod/").size()) + " -c " + name +
                  " -- ...";
  }
  for (const Meaning& meaning : kMeanings) {
    if (answer.find(meaning.answer) == std::string::npos) continue;
    means = meaning.means;
    finding.fix = meaning.fix;
    break;
  }
  const std::string_view probe = words.beginning.substr(0, words.beginning.find(" failed"));
  std::string lower(probe);
  lower.front() = static_cast<char>(lower.front() | 0x20);
  finding.cause = "the " + lower + " fails: " + means + ", " + std::string(words.follows);
  finding.evidence = {"asked: " + probe_text(container, kind), "came back: " + answer};
  return finding;
}

}  // namespace ferry::diagnose
