#include "kube/swap/plan.h"

#include <algorithm>
#include <string>
#include <vector>

#include "kube/json_field.h"
#include "tests/kube/swap/world.h"

namespace ferry::swap {
namespace {

using kube::Json;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class SwapPlanTest : public SwapTest {
 protected:
  // The workload with something of it changed, RFC 6901 path first.
  void change(const std::string& path, const Json& value) {
    Json object = web();
    object[Json::json_pointer(path)] = value;
    put(kube::kDeployments, object);
  }

  Error error() {
    const auto plan = plan_swap(run_, request_);
    EXPECT_FALSE(plan.has_value());
    return plan ? Error{} : plan.error();
  }

  SwapPlan plan() {
    auto plan = plan_swap(run_, request_);
    EXPECT_TRUE(plan.has_value()) << plan.error().summary();
    return plan ? *plan : SwapPlan{};
  }

  // "what: why" of each.
  std::vector<std::string> warnings() {
    std::vector<std::string> lines;
    for (const Error& warning : plan().warnings) {
      EXPECT_FALSE(warning.fix.empty()) << warning.summary();
      lines.push_back(warning.summary());
    }
    return lines;
  }

  void expose(std::uint16_t local, kube::PortRef remote) {
    request_.expose.push_back({local, std::move(remote)});
  }

  Json container(const SwapPlan& plan, std::size_t index = 0) {
    return plan.stand_in["spec"]["template"]["spec"]["containers"][index];
  }

  void refuse(const std::string& verb, const std::string& resource) {
    cluster_.may = [=](const auto& attempt) {
      return attempt.verb != verb || attempt.resource != resource;
    };
  }
};

const std::string kPod = "/spec/template/spec";
const std::string kContainer = kPod + "/containers/0";

TEST_F(SwapPlanTest, APlainDeploymentNeedsNoWarning) {
  const SwapPlan made = plan();
  EXPECT_THAT(warnings(), IsEmpty());
  EXPECT_EQ(made.container, "web");
  EXPECT_EQ(made.exposed, (std::vector<Exposed>{{8080, 8080}}));
  EXPECT_TRUE(made.orphan_restore);
  EXPECT_EQ(made.record.replicas, 3U);
  EXPECT_EQ(made.record.services, std::vector<std::string>{"web"});
  EXPECT_EQ(made.owned.size(), 5U);
  EXPECT_THAT(made.steps, Contains(HasSubstr("scale deployment/web from 3 to 0")));
}

TEST_F(SwapPlanTest, TheStandInKeepsWhatTheContainerSeesAndReplacesWhatItRuns) {
  change(kContainer + "/command", {"/app"});
  change(kContainer + "/livenessProbe", {{"exec", {{"command", {"true"}}}}});
  change(kContainer + "/lifecycle", {{"preStop", {{"exec", {{"command", {"true"}}}}}}});
  change(kContainer + "/envFrom", {{{"configMapRef", {{"name", "settings"}}}}});
  change(kContainer + "/securityContext", {{"runAsUser", 1000}});
  change(kContainer + "/resources", {{"requests", {{"cpu", "8"}}}, {"limits", {{"cpu", "9"}}}});
  const Json made = container(plan());
  EXPECT_EQ(made["image"], "ferry-proxy:1");
  EXPECT_FALSE(made.contains("command"));
  EXPECT_FALSE(made.contains("lifecycle"));
  EXPECT_EQ(made["livenessProbe"]["httpGet"]["path"], "/healthz");
  EXPECT_EQ(made["readinessProbe"]["httpGet"]["port"], 7480);
  EXPECT_EQ(made["env"], web()["spec"]["template"]["spec"]["containers"][0]["env"]);
  EXPECT_EQ(made["envFrom"][0]["configMapRef"]["name"], "settings");
  EXPECT_EQ(made["securityContext"]["runAsUser"], 1000);
  EXPECT_EQ(made["resources"]["requests"]["cpu"], "10m");
  EXPECT_EQ(made["resources"]["limits"]["cpu"], "9") << "a quota may want it set";
  EXPECT_THAT(made["args"], Contains("--restore=demo/deployment/web"));
  EXPECT_THAT(made["args"], Contains("--orphan-timeout=600s"));
}

TEST_F(SwapPlanTest, ItsOwnResourcesStayWhereTheContainerIsToldOfThem) {
  change(kContainer + "/resources", {{"limits", {{"memory", "1Gi"}}}});
  change(
      kContainer + "/env/0",
      {{"name", "MEMORY"}, {"valueFrom", {{"resourceFieldRef", {{"resource", "limits.memory"}}}}}});
  EXPECT_EQ(container(plan())["resources"], (Json{{"limits", {{"memory", "1Gi"}}}}));
}

TEST_F(SwapPlanTest, ItsLabelsFitTheServicesAndItsSelectorFitsNothingElse) {
  const SwapPlan made = plan();
  const Json& spec = made.stand_in["spec"];
  EXPECT_EQ(spec["template"]["metadata"]["labels"],
            (Json{{"app", "web"}, {"ferry.dev/stand-in", "abcd1234"}}));
  EXPECT_EQ(spec["selector"]["matchLabels"], (Json{{"ferry.dev/stand-in", "abcd1234"}}));
  EXPECT_EQ(spec["replicas"], 0);
}

TEST_F(SwapPlanTest, ServesMountedFilesAndLetsDisksGo) {
  change(kPod + "/volumes", Json::parse(R"([
    {"name": "config", "configMap": {"name": "web"}}, {"name": "keys", "secret": {"secretName": "k"}},
    {"name": "data", "persistentVolumeClaim": {"claimName": "data"}}, {"name": "tmp", "emptyDir": {}},
    {"name": "all", "projected": {"sources": []}}, {"name": "self", "downwardAPI": {"items": []}}])"));
  change(kContainer + "/volumeMounts", Json::parse(R"([
    {"name": "config", "mountPath": "/etc/web"}, {"name": "keys", "mountPath": "/keys/k", "subPath": "k"},
    {"name": "data", "mountPath": "/data"}, {"name": "tmp", "mountPath": "/tmp"},
    {"name": "all", "mountPath": "/all"}, {"name": "self", "mountPath": "/self"}])"));
  const SwapPlan made = plan();
  EXPECT_EQ(made.mounts,
            (std::vector<std::string>{"/etc/web", "/keys/k", "/all", "/self",
                                      "/var/run/secrets/kubernetes.io/serviceaccount"}));
  EXPECT_EQ(made.left_out,
            (std::vector<std::string>{"/data: a volume of the kind persistentVolumeClaim",
                                      "/tmp: a volume of the kind emptyDir"}));
  EXPECT_THAT(warnings(), Contains(HasSubstr("/data: a volume of the kind persistentVolumeClaim")));
  EXPECT_THAT(container(made)["volumeMounts"].dump(), Not(HasSubstr("\"data\"")));
  EXPECT_THAT(made.stand_in["spec"]["template"]["spec"]["volumes"].dump(),
              Not(HasSubstr("\"data\"")));
  EXPECT_THAT(container(made)["args"], Contains("--mount=/etc/web"));
}

TEST_F(SwapPlanTest, ADiskStaysWhereASidecarNeedsIt) {
  change(kPod + "/volumes/0",
         {{"name", "data"}, {"persistentVolumeClaim", {{"claimName", "data"}}}});
  const Json mount = {{"name", "data"}, {"mountPath", "/data"}};
  change(kContainer + "/volumeMounts/0", mount);
  change(kPod + "/containers/1", {{"name", "backup"}, {"volumeMounts", {mount}}});
  request_.container = "web";
  const SwapPlan made = plan();
  EXPECT_THAT(made.stand_in["spec"]["template"]["spec"]["volumes"].dump(), HasSubstr("\"data\""));
  EXPECT_EQ(container(made, 1)["volumeMounts"], Json::array({mount}));
}

TEST_F(SwapPlanTest, NoTokenIsServedWhereNoneIsMounted) {
  change(kPod + "/automountServiceAccountToken", false);
  EXPECT_THAT(plan().mounts, IsEmpty());
}

TEST_F(SwapPlanTest, NodeSelectorTolerationsAndPullSecretsStay) {
  change(kPod + "/nodeSelector", {{"disk", "ssd"}});
  change(kPod + "/tolerations", {{{"operator", "Exists"}}});
  change(kPod + "/imagePullSecrets", {{{"name", "own"}}});
  change(kPod + "/affinity", Json::parse(R"({"podAntiAffinity": {}, "nodeAffinity": {}})"));
  change(kPod + "/topologySpreadConstraints", Json::parse("[{}]"));
  change(kPod + "/initContainers", {{{"name", "prepare"}, {"image", "prepare:1"}}});
  request_.pull_secrets = {"ours"};
  const Json pod = plan().stand_in["spec"]["template"]["spec"];
  EXPECT_EQ(pod["nodeSelector"]["disk"], "ssd");
  EXPECT_EQ(pod["tolerations"][0]["operator"], "Exists");
  EXPECT_EQ(pod["imagePullSecrets"], (Json{{{"name", "own"}}, {{"name", "ours"}}}));
  EXPECT_EQ(pod["affinity"], (Json{{"nodeAffinity", Json::object()}}));
  EXPECT_FALSE(pod.contains("topologySpreadConstraints"));
  EXPECT_EQ(pod["initContainers"][0]["image"], "prepare:1");
}

TEST_F(SwapPlanTest, LowPortsNeedASysctlUnlessTheContainerIsRoot) {
  expose(8080, std::uint16_t{80});
  change(kContainer + "/ports/0/containerPort", 80);
  const auto sysctls = [this] {
    return plan().stand_in["spec"]["template"]["spec"].value(
        "/securityContext/sysctls"_json_pointer, Json::array());
  };
  EXPECT_EQ(sysctls(), (Json{{{"name", "net.ipv4.ip_unprivileged_port_start"}, {"value", "0"}}}));
  change(kContainer + "/securityContext", {{"runAsUser", 0}});
  EXPECT_EQ(sysctls(), Json::array());
}

TEST_F(SwapPlanTest, TheProxysPortsMakeWayForThePods) {
  change(kContainer + "/ports/1", {{"name", "extra"}, {"containerPort", 7443}});
  change(kPod + "/containers/1",
         {{"name", "side"}, {"ports", {{{"name", "s"}, {"containerPort", 7444}}}}});
  request_.container = "web";
  expose(1, std::uint16_t{8080});
  expose(2, std::uint16_t{7480});
  const SwapPlan made = plan();
  EXPECT_EQ(made.tunnel_port, 7445);
  EXPECT_EQ(made.health_port, 7481);
}

TEST_F(SwapPlanTest, ANodesPortIsLeftToTheOriginal) {
  change(kContainer + "/ports/0/hostPort", 8080);
  EXPECT_THAT(warnings(), Contains(HasSubstr("hostPort")));
  EXPECT_FALSE(container(plan())["ports"][0].contains("hostPort"));
}

TEST_F(SwapPlanTest, PortsAreFoundByNumberAndByName) {
  change(kContainer + "/ports/1", {{"name", "admin"}, {"containerPort", 9090}});
  expose(8081, std::string("http"));
  expose(9091, std::uint16_t{9090});
  EXPECT_EQ(plan().exposed, (std::vector<Exposed>{{8081, 8080}, {9091, 9090}}));
}

TEST_F(SwapPlanTest, WithoutAWishEveryTcpPortIsExposed) {
  change(kContainer + "/ports/1", {{"name", "dns"}, {"containerPort", 53}, {"protocol", "UDP"}});
  change(kContainer + "/ports/2", {{"name", "admin"}, {"containerPort", 9090}});
  EXPECT_EQ(plan().exposed, (std::vector<Exposed>{{8080, 8080}, {9090, 9090}}));
}

TEST_F(SwapPlanTest, AnUndeclaredPortIsAWarningAnUnknownNameAnError) {
  expose(8081, std::uint16_t{8888});
  EXPECT_THAT(warnings(), Contains(HasSubstr("doesn't declare it (it declares 8080 (http))")));
  request_.expose.clear();
  expose(8081, std::string("grpc"));
  EXPECT_EQ(error().code, ErrorCode::kNotFound);
  EXPECT_THAT(error().fix, HasSubstr("8080 (http)"));
  request_.expose.clear();
  expose(8081, std::string("htpp"));
  EXPECT_THAT(error().fix, HasSubstr("did you mean 'http'? else its ports are"));
}

TEST_F(SwapPlanTest, RefusesPortsThatCanNotBeHad) {
  change(kContainer + "/ports/1", {{"name", "dns"}, {"containerPort", 53}, {"protocol", "UDP"}});
  change(kPod + "/containers/1", {{"name", "side"}, {"ports", {{{"containerPort", 9000}}}}});
  request_.container = "web";
  expose(1, std::string("dns"));
  EXPECT_EQ(error().code, ErrorCode::kUnsupported);
  request_.expose.clear();
  expose(1, std::uint16_t{9000});
  EXPECT_EQ(error().code, ErrorCode::kAlreadyExists);
  EXPECT_THAT(error().why, HasSubstr("container side"));
  request_.expose.clear();
  expose(1, std::uint16_t{8080});
  expose(2, std::string("http"));
  EXPECT_EQ(error().code, ErrorCode::kUsage);
}

TEST_F(SwapPlanTest, OfSeveralContainersTheOneThatMustBeMeantIsChosen) {
  change(kPod + "/containers/1", {{"name", "side"}});
  EXPECT_EQ(plan().container, "web") << "the only one with a port";
  change(kPod + "/containers/1/ports", {{{"containerPort", 9000}}});
  EXPECT_EQ(error().code, ErrorCode::kUsage);
  EXPECT_THAT(error().fix, HasSubstr("web and side"));
  change("/spec/template/metadata/annotations",
         {{"kubectl.kubernetes.io/default-container", "side"}});
  EXPECT_EQ(plan().container, "side");
  request_.container = "sdie";
  EXPECT_THAT(error().fix, HasSubstr("did you mean 'side'? else there are: web"));
  request_.container = "nobody";
  EXPECT_EQ(error().code, ErrorCode::kNotFound);
  change(kPod + "/initContainers", {{{"name", "nobody"}}});
  EXPECT_EQ(error().code, ErrorCode::kUnsupported);
}

TEST_F(SwapPlanTest, SaysWhichPortsOfServicesGetNoAnswer) {
  change(kContainer + "/ports/1", {{"name", "admin"}, {"containerPort", 9090}});
  Json service = web_service();
  service["spec"]["ports"].push_back({{"name", "admin"}, {"port", 81}, {"targetPort", "admin"}});
  put(kube::kServices, service);
  expose(8081, std::string("http"));
  EXPECT_THAT(warnings(), Contains(HasSubstr("its port 81 leads to port 9090")));
}

TEST_F(SwapPlanTest, DoesNotSteerWhatOthersManageOrShare) {
  Json managed = web_service("managed");
  managed["metadata"]["labels"]["argocd.argoproj.io/instance"] = "shop";
  put(kube::kServices, managed);
  Json other = web_deployment();
  other["metadata"]["name"] = "canary";
  other["spec"]["template"]["metadata"]["labels"] = {{"app", "web"}, {"track", "canary"}};
  put(kube::kDeployments, other);
  cluster_.advance(std::chrono::seconds(5));
  EXPECT_THAT(warnings(),
              AllOf(Contains(HasSubstr("service/managed: it is not steered: Argo CD manages it")),
                    Contains(AllOf(HasSubstr("service/web: it is not steered: pod/canary-"),
                                   HasSubstr("would be cut off")))));
  EXPECT_THAT(plan().record.services, IsEmpty());
}

TEST_F(SwapPlanTest, LooksOnlyAtServicesThatSelectThePods) {
  Json other = web_service("other");
  other["spec"]["selector"] = {{"app", "other"}};
  put(kube::kServices, other);
  Json by_hand = web_service("by-hand");
  by_hand["spec"].erase("selector");
  put(kube::kServices, by_hand);
  put(kube::kServices, web_service("second"));
  std::vector<std::string> names;
  for (const PlannedService& service : plan().services) names.push_back(service.name);
  EXPECT_THAT(names, ::testing::UnorderedElementsAre("web", "second"));
}

TEST_F(SwapPlanTest, WarnsOfServicesThatMayLoseConnections) {
  Json service = web_service();
  service["spec"]["clusterIP"] = "None";
  service["spec"]["internalTrafficPolicy"] = "Local";
  put(kube::kServices, service);
  EXPECT_THAT(warnings(), AllOf(Contains(HasSubstr("headless")),
                                Contains(HasSubstr("internalTrafficPolicy: Local"))));
}

TEST_F(SwapPlanTest, WarnsOfWhatElseWorksOnIt) {
  put(kube::kHorizontalPodAutoscalers, Json::parse(R"({"metadata": {"name": "web"},
      "spec": {"scaleTargetRef": {"kind": "Deployment", "name": "web"}}})"));
  put(kube::kPodDisruptionBudgets, Json::parse(R"({"metadata": {"name": "web"},
      "spec": {"selector": {"matchLabels": {"app": "web"}}}})"));
  put(kube::kNetworkPolicies, Json::parse(R"({"metadata": {"name": "quiet"},
      "spec": {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}})"));
  put(kube::kResourceQuotas, Json::parse(R"({"metadata": {"name": "small"},
      "status": {"hard": {"pods": "3"}, "used": {"pods": "3"}}})"));
  change("/metadata/labels", {{"kustomize.toolkit.fluxcd.io/name", "shop"}});
  change("/spec/paused", true);
  EXPECT_THAT(warnings(),
              AllOf(Contains(HasSubstr("horizontalpodautoscaler/web: it scales deployment/web")),
                    Contains(HasSubstr("poddisruptionbudget/web")),
                    Contains(HasSubstr("networkpolicy/quiet")),
                    Contains(HasSubstr("resourcequota/small: pods: 3 of 3 are used")),
                    Contains(HasSubstr("Flux manages it")), Contains(HasSubstr("it is paused"))));
}

TEST_F(SwapPlanTest, ABudgetForOtherPodsIsNoneOfItsBusiness) {
  const auto warned = [this](const char* selector) {
    Json budget = Json::parse(R"({"metadata": {"name": "web"}, "spec": {}})");
    budget["spec"]["selector"] = Json::parse(selector);
    put(kube::kPodDisruptionBudgets, budget);
    return !warnings().empty();
  };
  EXPECT_TRUE(warned("{}"));
  EXPECT_FALSE(warned("null"));
  EXPECT_FALSE(warned(R"({"matchLabels": {"app": "db"}})"));
  const auto rule = [&](const char* how, const char* rest) {
    return warned((std::string(R"({"matchExpressions": [{"key": "app", "operator": ")") + how +
                   "\"" + rest + "}]}")
                      .c_str());
  };
  EXPECT_TRUE(rule("In", R"(, "values": ["db", "web"])"));
  EXPECT_FALSE(rule("In", R"(, "values": ["db"])"));
  EXPECT_TRUE(rule("NotIn", R"(, "values": ["db"])"));
  EXPECT_FALSE(rule("NotIn", R"(, "values": ["web"])"));
  EXPECT_TRUE(rule("Exists", ""));
  EXPECT_FALSE(rule("DoesNotExist", ""));
}

TEST_F(SwapPlanTest, WhatMayNotBeReadIsNotWarnedOf) {
  refuse("list", "horizontalpodautoscalers");
  EXPECT_THAT(warnings(), IsEmpty());
}

TEST_F(SwapPlanTest, RefusesTheNodesNetwork) {
  change(kPod + "/hostNetwork", true);
  EXPECT_EQ(error().code, ErrorCode::kUnsupported);
  EXPECT_THAT(error().why, HasSubstr("hostNetwork"));
}

TEST_F(SwapPlanTest, RefusesARolloutUnderWayUnlessForced) {
  cluster_.intercept = [this](const kube::Request& request) -> std::optional<Result<Json>> {
    if (request.method != "GET" || !request.path.ends_with("/deployments/web")) return {};
    Json object = web();
    object["status"]["replicas"] = 4;
    object["status"]["updatedReplicas"] = 1;
    return Result<Json>(object);
  };
  EXPECT_EQ(error().code, ErrorCode::kConflict);
  EXPECT_THAT(error().why, HasSubstr("3 of its 4 pods are of the old version"));
  request_.force = true;
  EXPECT_THAT(warnings(), Contains(HasSubstr("a rollout is under way")));
}

TEST_F(SwapPlanTest, RefusesAReplicaSetOfADeploymentAndNamesIt) {
  Json object = web_deployment();
  object["kind"] = "ReplicaSet";
  object["metadata"]["ownerReferences"] = {{{"kind", "Deployment"},
                                            {"name", "web"},
                                            {"controller", true},
                                            {"uid", web()["metadata"]["uid"]}}};
  put(kube::kReplicaSets, object);
  request_.original.kind = WorkloadKind::kReplicaSet;
  EXPECT_EQ(error().code, ErrorCode::kUnsupported);
  EXPECT_EQ(error().fix, "swap deploy/web");
}

TEST_F(SwapPlanTest, RefusesAStatefulSetWithClaims) {
  Json object = web_deployment();
  object["kind"] = "StatefulSet";
  object["spec"]["volumeClaimTemplates"] = {{{"metadata", {{"name", "data"}}}}};
  put(kube::kStatefulSets, object);
  request_.original.kind = WorkloadKind::kStatefulSet;
  EXPECT_EQ(error().code, ErrorCode::kUnsupported);
  EXPECT_THAT(error().why, HasSubstr("a volume of its own (data)"));
}

TEST_F(SwapPlanTest, NamesEveryRightThatIsMissing) {
  const Json before = cluster_.snapshot();
  cluster_.may = [](const auto& attempt) {
    return attempt.verb != "patch" && attempt.resource != "secrets";
  };
  EXPECT_EQ(error().code, ErrorCode::kForbidden);
  EXPECT_THAT(error().why,
              AllOf(HasSubstr("patch deployments.apps 'web'"), HasSubstr("create secrets")));
  EXPECT_EQ(cluster_.snapshot(), before);
}

TEST_F(SwapPlanTest, WithoutTheRightToRolesTheStandInCanNotRestoreByItself) {
  refuse("create", "roles");
  EXPECT_THAT(warnings(), Contains(HasSubstr("restoring without this machine")));
  const SwapPlan made = plan();
  EXPECT_FALSE(made.orphan_restore);
  EXPECT_EQ(made.owned.size(), 1U);
  EXPECT_THAT(made.stand_in.dump(), Not(HasSubstr("ferry-restore")));
  EXPECT_THAT(made.stand_in.dump(), Not(HasSubstr("--restore=")));
}

TEST_F(SwapPlanTest, WithoutTheRightToPatchServicesItGoesWithoutSteering) {
  refuse("patch", "services");
  EXPECT_THAT(warnings(), Contains(HasSubstr("service/web: it is not steered")));
  ASSERT_TRUE(swap());
  EXPECT_EQ(web()["spec"]["replicas"], 0);
}

TEST_F(SwapPlanTest, SaysWhatAdmissionSays) {
  cluster_.intercept = [](const kube::Request& request) -> std::optional<Result<Json>> {
    if (request.method != "POST" || !request.path.ends_with("/deployments")) return {};
    return Result<Json>(fail(ErrorCode::kForbidden, "creating deployments",
                             "admission webhook \"policy\" denied the request"));
  };
  EXPECT_EQ(error().why, "admission webhook \"policy\" denied the request");
}

TEST_F(SwapPlanTest, ADeploymentOfThatNameThatIsNotOursStandsInTheWay) {
  Json other = web_deployment();
  other["metadata"]["name"] = "web-ferry";
  put(kube::kDeployments, other);
  EXPECT_EQ(error().code, ErrorCode::kAlreadyExists);
}

TEST_F(SwapPlanTest, NothingIsFoundUnderAWrongName) {
  request_.original.name = "wbe";
  EXPECT_EQ(error().code, ErrorCode::kNotFound);
}

TEST_F(SwapPlanTest, TheNameOfTheStandInIsShortEnoughAndItsOwn) {
  const WorkloadRef web{"demo", WorkloadKind::kDeployment, "web"};
  EXPECT_EQ(stand_in_name(web), "web-ferry");
  EXPECT_EQ(stand_in_name({"demo", WorkloadKind::kStatefulSet, "web"}), "web-sts-ferry");
  const WorkloadRef long_one{"demo", WorkloadKind::kDeployment, std::string(200, 'a') + "1"};
  const WorkloadRef other{"demo", WorkloadKind::kDeployment, std::string(200, 'a') + "2"};
  EXPECT_LE(stand_in_name(long_one).size(), 52U);
  EXPECT_NE(stand_in_name(long_one), stand_in_name(other));
}

}  // namespace
}  // namespace ferry::swap
