// `ferry doctor`: what is wrong on this machine, between it and the cluster, and with the user's
// rights there.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cli/output.h"
#include "daemon/control/api.h"
#include "daemon/control/paths.h"
#include "kube/cluster_config.h"
#include "kube/doctor/needed_rights.h"

namespace ferry::cli {

struct Check {
  std::string name;  // "kubeconfig": stable, docs/doctor.md lists them
  bool fine = true;
  std::string summary;
  std::vector<std::string> details;
  std::string fix;
};

struct Examination {
  std::vector<Check> checks;               // in the order in which one depends on the other
  std::vector<doctor::AreaAnswer> rights;  // empty: they could not be asked for
  bool fine() const;
};

// What needs an API server is left out where none answers. Takes a few round trips.
Examination examine(const control::KubeAccess& access, const control::GetEnv& get_env,
                    const std::string& program);

std::string examination_text(const Examination& examination, const View& view);

// The checks by themselves.
Check check_clock(std::int64_t seconds_ahead);
// `soft` and `hard`: as getrlimit(2) tells them of open files.
Check check_open_files(std::uint64_t soft, std::uint64_t hard);
Check check_rights(const std::vector<doctor::AreaAnswer>& rights, const std::string& ns);
// `links_file`: of control::Paths. `daemon`: the process id of the daemon; 0 if none runs.
Check check_local_ports(const std::string& links_file, int daemon);
// Whether the credential plugin's command can be found, in PATH where it has no separator.
Check check_plugin(const kube::ExecPlugin& plugin, const std::string& path);

}  // namespace ferry::cli
