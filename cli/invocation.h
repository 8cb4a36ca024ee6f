// What a command line asks for, parsed and checked, free of the parser's types.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace ferry::cli {

enum class Command : std::uint8_t {
  kForward,
  kStatus,
  kList,
  kLeave,
  kQuit,
  kLogs,
  kVersion,
  kConfig,
  kCompletion,
  kGenerate,  // hidden: man pages and completion scripts, for the build
};

enum class OutputFormat : std::uint8_t { kTable, kWide, kJson, kYaml, kName };

struct ForwardArguments {
  std::string target;
  std::vector<std::string> ports;
  std::string file;  // of several links; "-" is standard input
  bool detach = false;
  std::vector<std::string> addresses;
  std::string proxy_addr;
  std::string proxy_credentials;
};

struct Invocation {
  Command command = Command::kStatus;
  std::string program;  // "ferry", or "kubectl ferry"

  // Of every command.
  std::string kube_namespace;
  std::string context;
  std::string kubeconfig;
  OutputFormat output = OutputFormat::kTable;
  bool verbose = false;
  std::string log_level;  // of a daemon that this command starts; empty: its default
  bool no_color = false;
  std::map<std::string, std::string> settings;  // flags that override settings, by setting's name

  ForwardArguments forward;
  std::vector<std::string> links;  // leave: ids or TYPE/NAME
  bool all = false;                // leave
  bool follow = false;             // logs
  unsigned lines = 200;            // logs
  std::string shell;               // completion
  std::string directory;           // generate
};

}  // namespace ferry::cli
