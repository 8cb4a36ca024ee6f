#include "kube/access.h"

#include "kube/json_field.h"

namespace ferry::kube {

std::string to_string(const Right& right) {
  std::string text = right.verb + " " + std::string(right.resource.plural);
  if (!right.subresource.empty()) text += "/" + right.subresource;
  if (!right.resource.group.empty()) text += "." + std::string(right.resource.group);
  return right.name.empty() ? text : text + " '" + right.name + "'";
}

Result<bool> may(Api& api, const std::string& ns, const Right& right, const CancelToken& cancel) {
  const Json review = {{"apiVersion", "authorization.k8s.io/v1"},
                       {"kind", "SelfSubjectAccessReview"},
                       {"spec",
                        {{"resourceAttributes",
                          {{"namespace", ns},
                           {"verb", right.verb},
                           {"group", right.resource.group},
                           {"resource", right.resource.plural},
                           {"subresource", right.subresource},
                           {"name", right.name}}}}}};
  const auto answer = api.create(kSelfSubjectAccessReviews, {}, review, cancel);
  if (!answer) return fail(answer.error());
  return bool_field(field(*answer, "status"), "allowed", true);
}

}  // namespace ferry::kube
