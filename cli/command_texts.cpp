#include "cli/command_texts.h"

namespace ferry::cli {
namespace {

constexpr const char* kEveryFormat = "table wide json yaml name";
constexpr const char* kNoFormat = "";

}  // namespace

const char* const kProgramSummary = "Carries TCP between this machine and a Kubernetes cluster.";

const char* const kProgramExamples =
    "ferry forward svc/app 8080:80               # app answers here, until Ctrl-C\n"
    "ferry swap-deployment app --expose 8081:80  # what is here answers for app\n"
    "ferry status\n"
    "ferry leave svc/app";

const std::array<CommandText, 16> kCommandTexts = {{
    {Command::kForward, "forward", "port-forward",
     "Make a Service, workload, pod or host answer on a local port",
     "TYPE/NAME [LOCAL:]REMOTE ... | -f FILE",
     "TYPE is svc, deploy, sts, rs, pod, or host for any name that the cluster can resolve; a "
     "NAME\n"
     "alone is a pod. Ports go by number or by name; :REMOTE picks a free local port.\n"
     "The link lasts until Ctrl-C, with --detach until 'ferry leave'. Pods may come and go\n"
     "meanwhile, and the connection to the cluster too.",
     "ferry forward svc/app 8080:80\n"
     "ferry forward svc/app 8080:http :metrics\n"
     "ferry forward deploy/api 8080 --detach\n"
     "ferry forward host/db.internal 5432\n"
     "ferry forward -f links.yaml",
     kUsesCluster, kEveryFormat},
    {Command::kSwap, "swap-deployment", "swap",
     "Let a local process answer for a Deployment of the cluster",
     "[TYPE/]NAME[:CONTAINER] [-- COMMAND ...]",
     "A stand-in takes the Deployment's place and leads what it gets to local ports; the original\n"
     "rests meanwhile. TYPE is deploy, sts or rs. Without --expose, every port that the container\n"
     "declares leads to the same local one. The original comes back on Ctrl-C, when COMMAND ends,\n"
     "with --detach on 'ferry leave', and by itself when this machine is gone for long.\n"
     "COMMAND runs with the container's environment, but keeps PATH, HOME and the like of this\n"
     "machine, as the files of --env-file and --env-sh do. Its exit code is ferry's.",
     "ferry swap-deployment app --expose 8081:80\n"
     "ferry swap app --expose 8081:http -- ./app --port 8081\n"
     "ferry swap app:main --run ./start.sh --restart --mount ./root\n"
     "ferry swap sts/db --expose 5432 --detach --env-file db.env\n"
     "ferry swap app --dry-run",
     kUsesCluster, kEveryFormat},
    {Command::kRestore, "restore", "", "Put a swapped Deployment back, whoever swapped it",
     "[TYPE/]NAME",
     "Works from any machine that may change the Deployment, and from whatever state a swap was\n"
     "left in; may be repeated. --force does it while the one who swapped it is still there.",
     "ferry restore deploy/app\n"
     "ferry restore sts/db -n shop",
     kUsesCluster, "table json"},
    {Command::kDiagnose, "diagnose", "", "Say why something in the cluster does not work",
     "TYPE/NAME",
     "TYPE is svc, deploy, sts, rs or pod, or link for a link of 'ferry list'. Goes from there "
     "over\n"
     "the pods, their conditions, events, probes and logs to the cause, and says it with the\n"
     "evidence and the next step, the likeliest first. Where all looks well, the ports are tried.\n"
     "Exit code 0: nothing is wrong, 1: something is.",
     "ferry diagnose svc/app\n"
     "ferry diagnose deploy/app -n shop\n"
     "ferry diagnose pod/app-7d9f -o json\n"
     "ferry diagnose link/f1",
     kUsesCluster, "table json yaml"},
    {Command::kDoctor, "doctor", "", "Look at this machine, the way to the cluster and the rights",
     "",
     "Kubeconfig, credential plugin, API server, clock, rights (and what each missing one costs),\n"
     "what was left in the namespace, versions, limits: what is wrong, and what to do. Starts\n"
     "nothing and changes nothing. --bundle packs the report, logs and state for a bug report;\n"
     "secrets are removed, but look at it before you hand it on.\n"
     "Exit code 0: nothing is wrong, 1: something is.",
     "ferry doctor\n"
     "ferry doctor -n shop --context staging\n"
     "ferry doctor --bundle ferry-bug.tar.gz",
     kUsesNamespace | kUsesContext | kUsesKubeconfig, "table json yaml"},
    {Command::kStatus, "status", "", "Show the daemon, its tunnels and its links", "",
     "A link that is 'active' was tested from end to end: a connection to its target has been\n"
     "accepted; for a swap, one from inside the cluster through the Service came here. --test "
     "does\n"
     "it again now, and exits with 1 where a link doesn't work. --watch draws rates, streams and\n"
     "round trips anew each second; where no terminal is, it prints a line for each change.",
     "ferry status\n"
     "ferry status --watch\n"
     "ferry status --test -o json",
     0, "table wide json yaml"},
    {Command::kList, "list", "ls", "List the links, one a line", "",
     "With --swaps, what is swapped in the namespace, whoever did it and from where.",
     "ferry list\n"
     "ferry list -o wide\n"
     "ferry list --swaps -n shop",
     kUsesCluster, kEveryFormat},
    {Command::kLeave, "leave", "", "End links", "LINK ... | --all",
     "LINK is a link's number, as 'ferry list' shows it, or its TYPE/NAME. What a link has "
     "swapped\n"
     "is put back, and waited for; Ctrl-C stops the waiting only.",
     "ferry leave 3\n"
     "ferry leave svc/app\n"
     "ferry leave --all",
     kUsesNamespace | kUsesContext, kNoFormat},
    {Command::kQuit, "quit", "", "End the daemon; detached links come back with the next one", "",
     "Links in the foreground end, and what is swapped is put back first. Detached forwards are\n"
     "taken up by the next daemon, which any 'ferry' command starts; 'ferry leave --all' first\n"
     "ends them for good.",
     "ferry quit", 0, kNoFormat},
    {Command::kLogs, "logs", "", "Show what a workload's containers log, or the daemon",
     "[TYPE/NAME]",
     "TYPE is svc, deploy, sts, rs or pod; a NAME alone is a pod. All containers of all its pods,\n"
     "each line with where it comes from, as far as that has to be told apart. With -f also those\n"
     "that come later; a container that starts anew is followed on. No daemon is needed.\n"
     "Without TYPE/NAME: the log of Ferry's own daemon.",
     "ferry logs deploy/app -f\n"
     "ferry logs svc/app --since 10m --grep 'error|timeout'\n"
     "ferry logs sts/db -c main --previous --tail 50\n"
     "ferry logs -f",
     kUsesNamespace | kUsesContext | kUsesKubeconfig, kNoFormat},
    {Command::kExec, "exec", "", "Run a command in a container of a workload",
     "TYPE/NAME -- COMMAND ...",
     "TYPE is svc, deploy, sts, rs or pod; a NAME alone is a pod. Of several pods, one that is "
     "ready\n"
     "is taken. With -i the command gets what comes in here, with -t a terminal; -it is for "
     "shells.\n"
     "COMMAND is run as it stands, by no shell. Its exit code is ferry's. No daemon is needed.",
     "ferry exec deploy/app -it -- sh\n"
     "ferry exec svc/app -c main -- cat /etc/resolv.conf\n"
     "ferry exec pod/db-0 -i -- psql < dump.sql\n"
     "ferry exec deploy/app -- sh -c 'ls /tmp | wc -l'",
     kUsesNamespace | kUsesContext | kUsesKubeconfig, kNoFormat},
    {Command::kDebug, "debug", "", "Look into a pod with tools of one's own",
     "TYPE/NAME --image IMAGE [-- COMMAND ...]",
     "Adds a container of IMAGE to a running pod: it shares the pod's network, and with --target "
     "the\n"
     "processes of one of its containers. It ends with COMMAND (else what IMAGE has) and stays\n"
     "listed until the pod goes; the application goes on untouched.\n"
     "With --fork, a copy of the pod is made that nobody sends anything to: the container "
     "(--target,\n"
     "else the first) only waits there, COMMAND (else a shell) runs in it, and the copy is "
     "deleted\n"
     "at the end. For pods that crash. --image is then its image in place of its own.",
     "ferry debug deploy/app --image busybox -it --target main\n"
     "ferry debug pod/app-7d9f --image nicolaka/netshoot -- dig db\n"
     "ferry debug deploy/app --fork -it\n"
     "ferry debug deploy/app --fork -- ./app --check-config",
     kUsesNamespace | kUsesContext | kUsesKubeconfig, kNoFormat},
    {Command::kIde, "ide", "", "Write tasks and debug configurations for an IDE",
     "vscode|jetbrains TARGET [-- ARGUMENT ...]",
     "Of the project here: a task that swaps TARGET ([TYPE/]NAME[:CONTAINER]), the launch of the\n"
     "local program under the debugger with the pod's environment and mounted files, and a task "
     "that\n"
     "puts it back. With --attach, a forward link to a debugger's server in the cluster instead, "
     "and\n"
     "a configuration that attaches to it; TARGET is then one of 'ferry forward'. What else is in\n"
     "the IDE's files stays as it is; an earlier 'ferry ide' is replaced. ARGUMENTs are the "
     "program's.",
     "ferry ide vscode app --expose 8081:80\n"
     "ferry ide vscode app -n shop --lang python --program app.py -- --port 8081\n"
     "ferry ide jetbrains app --expose 8081:http --program com.example.Main\n"
     "ferry ide vscode deploy/app --attach 5678 --remote-dir /app\n"
     "ferry ide vscode app --dry-run",
     kUsesNamespace | kUsesContext | kUsesKubeconfig, kNoFormat},
    {Command::kVersion, "version", "", "Show the versions of ferry and of the running daemon", "",
     "", "ferry version", 0, "table json yaml"},
    {Command::kConfig, "config", "", "Show the settings in force, and where each comes from", "",
     "Settings come from the settings file, its part for the context, FERRY_* variables and\n"
     "flags; later ones win.",
     "ferry config\n"
     "ferry config --context staging",
     kUsesContext | kUsesKubeconfig, "table json yaml"},
    {Command::kCompletion, "completion", "", "Print a completion script", "bash|zsh|fish", "",
     "source <(ferry completion bash)\n"
     "ferry completion zsh > \"${fpath[1]}/_ferry\"\n"
     "ferry completion fish > ~/.config/fish/completions/ferry.fish",
     0, kNoFormat},
}};

}  // namespace ferry::cli
