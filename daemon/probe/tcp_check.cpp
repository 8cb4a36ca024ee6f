// https://kubernetes.io/docs/tasks/configure-pod-container/configure-liveness-readiness-startup-probes/#tcp-probes
#include "daemon/probe/checks.h"
#include "daemon/probe/probe_transfer.h"

namespace ferry::daemon {

ProbeOutcome check_tcp(const ProbeTarget& target, Duration timeout,
                       const kube::CancelToken& cancel) {
  ProbeTransfer transfer(timeout);
  transfer.prepare("http://" + to_string(target), target);
  curl_easy_setopt(transfer.easy(), CURLOPT_CONNECT_ONLY, 1L);
  const auto code = transfer.run(cancel);
  if (!code) return {};
  if (*code == CURLE_OK) return {ProbeVerdict::kSuccess, {}};
  return {ProbeVerdict::kFailure, transfer.words(*code)};
}

}  // namespace ferry::daemon
