#include "kube/diagnose/image_findings.h"

#include <string_view>

#include "kube/json_field.h"
#include "kube/text.h"

namespace ferry::diagnose {
namespace {

using kube::contains;
using kube::Json;

Finding pull_finding(const PodFacts& facts, const Json& container, const std::string& message) {
  const auto image = kube::text_field(container, "image");
  const auto name = kube::text_field(container, "name");
  // The back-off's own message says less than the failure before it.
  auto words = last_message(facts, "Failed", name, "Failed to pull image");
  if (words.empty()) words = message;
  auto finding = finding_at(facts, container, Code::kImagePullFails, "the image can't be pulled");
  finding.evidence = {"image: " + image, "the kubelet: " + words};
  finding.fix = "try it where the nodes' registry can be reached: is the name right?";
  if (contains(words, "unauthorized") || contains(words, "denied") ||
      contains(words, "authentication") || contains(words, "403 Forbidden") ||
      contains(words, "401 Unauthorized")) {
    finding.code = Code::kImageAccessDenied;
    finding.cause = "the registry doesn't let the cluster pull the image";
    finding.fix =
        "name a Secret with a login in imagePullSecrets of the pod or of its ServiceAccount";
  } else if (contains(words, "not found") || contains(words, "manifest unknown")) {
    finding.code = Code::kImageNotFound;
    finding.cause = "the registry has no such image";
    finding.fix = "check name and tag; was it pushed?";
  } else if (contains(words, "no such host") || contains(words, "connection refused") ||
             contains(words, "i/o timeout") || contains(words, "failed to do request")) {
    finding.code = Code::kRegistryUnreachable;
    finding.cause = "the node can't reach the registry of the image";
    finding.fix = "check the registry in the image's name, and the node's network";
  }
  return finding;
}

}  // namespace

std::optional<Finding> image_finding(const PodFacts& facts, const Json& container,
                                     const Json& waiting) {
  const auto reason = kube::text_field(waiting, "reason");
  const auto message = kube::text_field(waiting, "message");
  if (reason == "ErrImagePull" || reason == "ImagePullBackOff") {
    return pull_finding(facts, container, message);
  }
  std::optional<Finding> finding;
  if (reason == "InvalidImageName") {
    finding = finding_at(facts, container, Code::kImageNameInvalid, "the image's name is not one");
    finding->fix = "as in registry.example/team/app:tag, in lower case";
  } else if (reason == "ErrImageNeverPull") {
    finding = finding_at(facts, container, Code::kImageNotOnNode,
                         "the image is not on the node, and may not be pulled");
    finding->fix = "bring it there, or change imagePullPolicy from Never";
  }
  if (finding && !message.empty()) finding->evidence = {"the kubelet: " + message};
  return finding;
}

}  // namespace ferry::diagnose
