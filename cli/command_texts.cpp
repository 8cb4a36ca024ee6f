#include "cli/command_texts.h"

namespace ferry::cli {

const char* const kProgramSummary = "Carries TCP between this machine and a Kubernetes cluster.";

const char* const kProgramExamples =
    "ferry forward svc/app 8080:80      # until Ctrl-C\n"
    "ferry forward svc/app 8080:80 --detach\n"
    "ferry status\n"
    "ferry leave svc/app";

const std::array<CommandText, 9> kCommandTexts = {{
    {Command::kForward, "forward", "port-forward",
     "Make a Service, workload, pod or host answer on a local port",
     "TYPE/NAME [LOCAL:]REMOTE ... | -f FILE",
     "TYPE is svc, deploy, sts, pod, or host for any name that the cluster can resolve; a NAME\n"
     "alone is a pod. Ports go by number or by name; :REMOTE picks a free local port.\n"
     "The link lasts until Ctrl-C, with --detach until 'ferry leave'. Pods may come and go\n"
     "meanwhile, and the connection to the cluster too.",
     "ferry forward svc/app 8080:80\n"
     "ferry forward svc/app 8080:http :metrics\n"
     "ferry forward deploy/api 8080 --detach\n"
     "ferry forward host/db.internal 5432\n"
     "ferry forward -f links.yaml"},
    {Command::kStatus, "status", "", "Show the daemon, its tunnels and its links", "",
     "A link that is 'active' was tested: a connection to its target has been accepted.",
     "ferry status\n"
     "ferry status -o json"},
    {Command::kList, "list", "ls", "List the links, one a line", "", "",
     "ferry list\n"
     "ferry list -o wide\n"
     "ferry list -o name"},
    {Command::kLeave, "leave", "", "End links", "LINK ... | --all",
     "LINK is a link's number, as 'ferry list' shows it, or its TYPE/NAME.",
     "ferry leave 3\n"
     "ferry leave svc/app\n"
     "ferry leave --all"},
    {Command::kQuit, "quit", "", "End the daemon; detached links come back with the next one", "",
     "Links in the foreground end. Detached ones are taken up by the next daemon, which any\n"
     "'ferry' command starts; 'ferry leave --all' first ends them for good.",
     "ferry quit"},
    {Command::kLogs, "logs", "", "Show the daemon's log", "", "",
     "ferry logs\n"
     "ferry logs -f"},
    {Command::kVersion, "version", "", "Show the versions of ferry and of the running daemon", "",
     "", "ferry version"},
    {Command::kConfig, "config", "", "Show the settings in force, and where each comes from", "",
     "Settings come from the settings file, its part for the context, FERRY_* variables and\n"
     "flags; later ones win.",
     "ferry config\n"
     "ferry config --context staging"},
    {Command::kCompletion, "completion", "", "Print a completion script", "bash|zsh|fish", "",
     "source <(ferry completion bash)\n"
     "ferry completion zsh > \"${fpath[1]}/_ferry\"\n"
     "ferry completion fish > ~/.config/fish/completions/ferry.fish"},
}};

}  // namespace ferry::cli
