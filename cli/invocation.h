// What a command line asks for, parsed and checked, free of the parser's types.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace ferry::cli {

enum class Command : std::uint8_t {
  kForward,
  kSwap,
  kRestore,
  kDiagnose,
  kDoctor,
  kStatus,
  kList,
  kLeave,
  kQuit,
  kLogs,
  kExec,
  kDebug,
  kIde,
  kVersion,
  kConfig,
  kCompletion,
  kComplete,  // hidden: what may stand at the cursor, for completion scripts
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

struct SwapArguments {
  std::string target;  // [TYPE/]NAME[:CONTAINER]
  std::vector<std::string> expose;
  std::string env_file;  // paths, "-" for standard output, or empty
  std::string env_json;
  std::string env_sh;
  std::string mount;                 // a directory, or empty
  std::vector<std::string> command;  // after "--"
  std::string run;                   // for a shell, in place of `command`
  bool restart = false;              // on a liveness failure
  std::string probes;                // empty: follow
  bool keep_original = false;
  bool proxy_protocol = false;
  bool force = false;
  bool detach = false;
  bool dry_run = false;
  std::string orphan_timeout;  // durations; empty: the default
  std::string step_timeout;

  bool has_command() const { return !command.empty() || !run.empty(); }
};

struct LogArguments {
  std::string target;     // TYPE/NAME; empty: the daemon's own log
  std::string container;  // empty: all
  bool previous = false;
  std::string since;  // a duration, or empty
  std::optional<std::uint32_t> tail;
  std::string grep;
  bool timestamps = false;
};

struct ExecArguments {
  std::string target;     // TYPE/NAME
  std::string container;  // empty: the pod's first
  bool input = false;
  bool terminal = false;
  std::vector<std::string> command;  // after "--"
};

struct DebugArguments {
  std::string target;     // TYPE/NAME
  std::string image;      // empty: the container's own (with fork)
  std::string container;  // --target, or empty
  bool input = false;
  bool terminal = false;
  bool fork = false;
  std::vector<std::string> command;  // after "--"
};

struct IdeArguments {
  std::string ide;     // vscode, jetbrains
  std::string target;  // [TYPE/]NAME[:CONTAINER]
  std::vector<std::string> expose;
  std::string probes;     // empty: as the language's debugger needs it
  std::string language;   // empty: by the files in the folder
  std::string program;    // empty: by the language
  std::string directory;  // of the project; empty: here
  std::string attach;     // [LOCAL:]REMOTE, or empty
  std::string remote_root;
  bool stay = false;
  bool dry_run = false;
  std::vector<std::string> arguments;  // of the program, after "--"
};

struct Invocation {
  Command command = Command::kStatus;
  std::string program;  // "ferry", or "kubectl ferry"

  // Of several commands: command_texts.cpp says which takes what.
  std::string kube_namespace;
  std::string context;
  std::string kubeconfig;
  OutputFormat output = OutputFormat::kTable;
  bool verbose = false;
  std::string log_level;  // of a daemon that this command starts; empty: its default
  bool no_color = false;
  std::map<std::string, std::string> settings;  // flags that override settings, by setting's name

  ForwardArguments forward;
  SwapArguments swap;
  std::string workload;            // restore: TYPE/NAME
  bool force = false;              // restore
  std::string target;              // diagnose: TYPE/NAME
  bool watch = false;              // status
  bool test = false;               // status
  bool swaps = false;              // list: those of the namespace, whoever made them
  std::vector<std::string> links;  // leave: ids or TYPE/NAME
  bool all = false;                // leave
  bool follow = false;             // logs
  std::optional<unsigned> lines;   // logs, of the daemon
  LogArguments logs;
  ExecArguments exec;
  DebugArguments debug;
  IdeArguments ide;
  std::string bundle;              // doctor: a file, or empty
  std::string shell;               // completion
  std::string directory;           // generate
  std::vector<std::string> typed;  // complete: the words up to the cursor
};

}  // namespace ferry::cli
