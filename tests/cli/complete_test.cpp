// What is offered at the cursor, with names made up here; completion_test.py and the end-to-end
// test of completion ask real shells.
#include "cli/complete.h"

#include <gmock/gmock.h>

#include <map>

#include "cli/command_line.h"

namespace ferry::cli {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::IsSupersetOf;
using testing::Not;
using testing::UnorderedElementsAre;

class MadeUpNames final : public NameSource {
 public:
  Names objects(kube::TargetKind kind) override {
    ++asked;
    return named[kind];
  }
  Names swapped(kube::TargetKind kind) override {
    return kind == kube::TargetKind::kDeployment ? Names{"worker"} : Names{};
  }
  Names namespaces() override { return {"shop", "shipping"}; }
  Names contexts() override { return {"prod", "team@staging"}; }
  Names containers(const kube::Target& target) override {
    of = target;
    return {"main", "sidecar"};
  }
  Names ports(const kube::Target& target) override {
    of = target;
    return {"http", "80", "metrics", "9090"};
  }
  std::vector<Link> links() override {
    return {{"f1", "svc/app"}, {"f2", "svc/app"}, {"f3", "pod/db-0"}};
  }

  std::map<kube::TargetKind, Names> named = {{kube::TargetKind::kService, {"app", "api"}},
                                             {kube::TargetKind::kDeployment, {"app", "worker"}},
                                             {kube::TargetKind::kPod, {"app-1", "app-2"}}};
  int asked = 0;
  kube::Target of;
};

class CompleteTest : public testing::Test {
 protected:
  Completions at(const std::vector<std::string>& words) {
    return complete(doc_, read_typed_line(doc_, words), names_);
  }
  Names texts(const std::vector<std::string>& words) {
    Names out;
    for (const auto& candidate : at(words).candidates) out.push_back(candidate.text);
    return out;
  }

  const ProgramDoc doc_ = describe_command_line("ferry");
  MadeUpNames names_;
};

TEST_F(CompleteTest, CommandsWithWhatTheyDo) {
  EXPECT_THAT(texts({""}), IsSupersetOf({"forward", "leave", "completion"}));
  EXPECT_THAT(at({"stat"}).candidates,
              ElementsAre(Candidate{"status", "Show the daemon, its tunnels and its links"}));
  EXPECT_THAT(texts({"-n", "shop", "stat"}), ElementsAre("status"));
  EXPECT_THAT(texts({"nonsense", ""}), Contains("forward"));
}

TEST_F(CompleteTest, OnlyTheOptionsThatTheCommandTakes) {
  EXPECT_THAT(texts({"quit", "--"}), Not(Contains("--namespace")));
  EXPECT_THAT(texts({"swap", "--keep"}), ElementsAre("--keep-original"));
  EXPECT_THAT(texts({"port-forward", "--det"}), ElementsAre("--detach"));
  EXPECT_THAT(texts({"--vers"}), ElementsAre("--version"));
}

TEST_F(CompleteTest, ValuesOfOptions) {
  EXPECT_THAT(texts({"list", "-o", ""}), ElementsAre("table", "wide", "json", "yaml", "name"));
  EXPECT_THAT(texts({"forward", "--route=d"}), ElementsAre("--route=direct"));
  EXPECT_THAT(texts({"forward", "-n", "sho"}), ElementsAre("shop"));
  EXPECT_THAT(texts({"forward", "--namespace=sho"}), ElementsAre("--namespace=shop"));
  EXPECT_THAT(texts({"config", "--context", "t"}), ElementsAre("team@staging"));
  EXPECT_THAT(texts({"forward", "--idle-exit", ""}), IsEmpty());
}

TEST_F(CompleteTest, FilesAreTheShellsBusiness) {
  using Files = Completions::Files;
  EXPECT_EQ(at({"forward", "-f", ""}).files, Files::kAny);
  EXPECT_EQ(at({"swap", "app", "--mount", ""}).files, Files::kDirectories);
  EXPECT_EQ(at({"exec", "deploy/app", "--", "ca"}).files, Files::kAny);
  EXPECT_EQ(at({"status", ""}).files, Files::kNone);
}

TEST_F(CompleteTest, ObjectsByTypeInWhateverSpelling) {
  EXPECT_THAT(texts({"forward", "s"}), ElementsAre("svc/", "sts/"));
  EXPECT_THAT(texts({"forward", "svc/ap"}), ElementsAre("svc/app", "svc/api"));
  EXPECT_THAT(texts({"logs", "Deployments.apps/w"}), ElementsAre("Deployments.apps/worker"));
  EXPECT_THAT(texts({"forward", "host/a"}), IsEmpty());
  EXPECT_THAT(texts({"forward", "nonsense/a"}), IsEmpty());
  EXPECT_THAT(texts({"exec", "-it", "po/app-1"}), ElementsAre("po/app-1"));
  EXPECT_THAT(texts({"exec", "deploy/app", ""}), IsEmpty());
  EXPECT_THAT(texts({"forward", "-f", "links.yaml", "svc/"}), IsEmpty());
}

TEST_F(CompleteTest, OnlyWhatIsSwappedCanBeRestored) {
  EXPECT_THAT(texts({"restore", ""}), ElementsAre("deploy/", "sts/", "rs/", "worker"));
  EXPECT_THAT(texts({"restore", "deploy/"}), ElementsAre("deploy/worker"));
  EXPECT_THAT(texts({"restore", "sts/"}), IsEmpty());
}

TEST_F(CompleteTest, NamesAloneAreOfTheCommandsKind) {
  EXPECT_THAT(texts({"swap", ""}), ElementsAre("deploy/", "sts/", "rs/", "app", "worker"));
  EXPECT_THAT(texts({"ide", "vscode", "ap"}), ElementsAre("app"));
  EXPECT_THAT(texts({"logs", "app"}), ElementsAre("app-1", "app-2"));
}

TEST_F(CompleteTest, NobodyIsAskedForWhatTheDefinitionTells) {
  texts({"forward", ""});
  texts({"forward", "--"});
  texts({"stat"});
  EXPECT_EQ(names_.asked, 0);
}

TEST_F(CompleteTest, Containers) {
  EXPECT_THAT(texts({"swap", "app:s"}), ElementsAre("app:sidecar"));
  EXPECT_EQ(names_.of, (kube::Target{kube::TargetKind::kDeployment, "app"}));
  EXPECT_THAT(texts({"swap", "sts/db:"}), ElementsAre("sts/db:main", "sts/db:sidecar"));
  EXPECT_EQ(names_.of, (kube::Target{kube::TargetKind::kStatefulSet, "db"}));
  EXPECT_THAT(texts({"logs", "svc/app", "-c", "m"}), ElementsAre("main"));
  EXPECT_THAT(texts({"debug", "app-1", "--target", "m"}), ElementsAre("main"));
  EXPECT_EQ(names_.of, (kube::Target{kube::TargetKind::kPod, "app-1"}));
  EXPECT_THAT(texts({"logs", "-c", "m"}), IsEmpty());
}

TEST_F(CompleteTest, Ports) {
  EXPECT_THAT(texts({"forward", "svc/app", "8080:"}),
              ElementsAre("8080:http", "8080:80", "8080:metrics", "8080:9090"));
  EXPECT_THAT(texts({"forward", "svc/app", "80", ":m"}), ElementsAre(":metrics"));
  EXPECT_THAT(texts({"swap", "app:main", "--expose", "8081:h"}), ElementsAre("8081:http"));
  EXPECT_EQ(names_.of, (kube::Target{kube::TargetKind::kDeployment, "app"}));
  EXPECT_THAT(texts({"forward", "host/db", "5432:"}), IsEmpty());
}

TEST_F(CompleteTest, LinksButNotTwice) {
  EXPECT_THAT(texts({"leave", ""}), UnorderedElementsAre("f1", "svc/app", "f2", "f3", "pod/db-0"));
  EXPECT_THAT(texts({"leave", "f1", ""}), UnorderedElementsAre("svc/app", "f2", "f3", "pod/db-0"));
  EXPECT_THAT(texts({"leave", "svc/app", ""}), UnorderedElementsAre("f3", "pod/db-0"));
  EXPECT_THAT(texts({"diagnose", "link/f3"}), ElementsAre("link/f3"));
}

TEST_F(CompleteTest, NamesThatAShellWouldReadOtherwiseAreLeftOut) {
  names_.named[kube::TargetKind::kService] = {"app;reboot", "a b",        "app$(x)",
                                              "app\n:0",    "app\x1b[2J", "app"};
  EXPECT_THAT(texts({"forward", "svc/a"}), ElementsAre("svc/app"));
}

TEST_F(CompleteTest, ThereAreNotTooMany) {
  auto& services = names_.named[kube::TargetKind::kService];
  for (std::size_t i = 0; i < kMostCandidates + 10; ++i) services.push_back(std::to_string(i));
  EXPECT_EQ(texts({"forward", "svc/"}).size(), kMostCandidates);
}

TEST(CompletionsTextTest, IsWhatTheScriptsRead) {
  EXPECT_EQ(completions_text({}), ":4\n");
  EXPECT_EQ(completions_text({.candidates = {{"svc/", ""}}}), "svc/\n:6\n");
  EXPECT_EQ(completions_text({.candidates = {{"a", "what\nit is"}, {"b/", ""}}}),
            "a\twhat it is\nb/\n:4\n");
  EXPECT_EQ(completions_text({.candidates = {}, .files = Completions::Files::kAny}), ":0\n");
  EXPECT_EQ(completions_text({.candidates = {}, .files = Completions::Files::kDirectories}),
            ":16\n");
}

}  // namespace
}  // namespace ferry::cli
