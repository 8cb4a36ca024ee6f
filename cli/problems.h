// What can go wrong in the command line itself, as docs/errors.md lists it.
#pragma once

#include "base/error.h"

namespace ferry::cli::problem {

// What was typed.
inline constexpr Problem kUsage{"cli.usage", ErrorCode::kUsage,
                                "the command line can't be understood",
                                "ferry COMMAND --help says how it is written"};
inline constexpr Problem kTargetInvalid{
    "cli.target-invalid", ErrorCode::kUsage, "the words for the target are not TYPE/NAME",
    "write for example svc/app, deploy/app, pod/app-0 or host/db.internal"};
inline constexpr Problem kPortInvalid{"cli.port-invalid", ErrorCode::kUsage,
                                      "the words for a port are not [LOCAL:]REMOTE",
                                      "write for example 8080:80, 8080:http or :80"};
inline constexpr Problem kValueInvalid{
    "cli.value-invalid", ErrorCode::kUsage,
    "a flag has a value that it can't have: an address, a time, a mode, an expression",
    "ferry COMMAND --help says how each is written"};
inline constexpr Problem kFileInvalid{"cli.file-invalid", ErrorCode::kUsage,
                                      "a file of links, settings or variables can't be understood",
                                      "correct the line that the message names"};
inline constexpr Problem kFileMissing{"cli.file-missing", ErrorCode::kNotFound,
                                      "a file that is named is not there", "check the path"};
inline constexpr Problem kFileUnreadable{"cli.file-unreadable", ErrorCode::kIo,
                                         "a file that is named can't be read",
                                         "check the permissions of the file and its folders"};

// ferryd.
inline constexpr Problem kDaemonMissing{"cli.daemon-missing", ErrorCode::kNotFound,
                                        "ferryd is neither beside ferry nor in PATH",
                                        "install Ferry whole: ferry and ferryd belong together"};
inline constexpr Problem kDaemonNotStarted{"cli.daemon-not-started", ErrorCode::kIo,
                                           "this system refuses to start ferryd",
                                           "run ferryd by hand: what it says is the cause"};
inline constexpr Problem kDaemonEnded{"cli.daemon-ended", ErrorCode::kUnavailable,
                                      "ferryd ended while it started",
                                      "see ferry logs, or run ferryd in the foreground"};
inline constexpr Problem kTestLate{"cli.test-late", ErrorCode::kTimedOut,
                                   "the test of a link gave no answer within 20 s",
                                   "look again with ferry status: the test goes on"};
inline constexpr Problem kDaemonSlow{"cli.daemon-slow", ErrorCode::kTimedOut,
                                     "ferryd runs, but doesn't listen, or doesn't end, in time",
                                     "see ferry logs"};
inline constexpr Problem kVersionMismatch{
    "cli.version-mismatch", ErrorCode::kVersionMismatch,
    "the ferryd that runs is of another version than this ferry",
    "ferry quit ends it, and its links; the next command starts the right one"};
inline constexpr Problem kQuitIncomplete{
    "cli.quit-incomplete", ErrorCode::kUnavailable,
    "ferryd ended before everything that was swapped was put back",
    "the next command goes on with it; ferry restore does it by hand"};
inline constexpr Problem kNoSuchLink{"cli.no-such-link", ErrorCode::kNotFound,
                                     "there is no link of that id or to that target",
                                     "ferry list shows the links there are"};
inline constexpr Problem kLogMissing{"cli.log-missing", ErrorCode::kNotFound,
                                     "the daemon's log is not there",
                                     "it is written once ferryd has run in the background"};
inline constexpr Problem kLogUnreadable{"cli.log-unreadable", ErrorCode::kIo,
                                        "the daemon's log can't be read",
                                        "check its permissions: it is a file of yours"};

// Pods and containers.
inline constexpr Problem kNoPods{"cli.no-pods", ErrorCode::kUnavailable,
                                 "the target has no pods at present, or they have ended",
                                 "ferry diagnose TYPE/NAME says why"};
inline constexpr Problem kContainerUnknown{"cli.container-unknown", ErrorCode::kNotFound,
                                           "the target has no container of that name",
                                           "choose one of those that the message lists (-c)"};
inline constexpr Problem kDebugFails{"cli.debug-fails", ErrorCode::kUnavailable,
                                     "the debug container doesn't come up, or doesn't stay",
                                     "--image gives it another image; ferry diagnose pod/NAME says "
                                     "more"};
inline constexpr Problem kStillRuns{"cli.still-runs", ErrorCode::kUnavailable,
                                    "the debug container goes on running: it can't be removed from "
                                    "a pod",
                                    "ferry exec gets into it; it ends with its pod"};

// This machine.
inline constexpr Problem kCommandMissing{
    "cli.command-missing", ErrorCode::kNotFound,
    "the command to run beside the swap is not there, or can't be executed",
    "give its path, or use --run for what a shell has to read"};
inline constexpr Problem kCommandUnusable{"cli.command-unusable", ErrorCode::kIo,
                                          "this system refuses to run the command",
                                          "run it by hand: what it says there is the cause"};
inline constexpr Problem kFileUnwritable{
    "cli.file-unwritable", ErrorCode::kIo, "a file or a directory can't be written",
    "check the path, its permissions and the room on the disk"};
inline constexpr Problem kDirectoryMissing{"cli.directory-missing", ErrorCode::kNotFound,
                                           "the directory to write into is not there",
                                           "create it, or name another place"};
inline constexpr Problem kDirectoryForbidden{"cli.directory-forbidden", ErrorCode::kForbidden,
                                             "the directory may not be written into",
                                             "name another place"};
inline constexpr Problem kFileInTheWay{"cli.file-in-the-way", ErrorCode::kAlreadyExists,
                                       "a file of the container would replace one of yours",
                                       "choose an empty directory for --mount"};
inline constexpr Problem kPathLeadsOut{
    "cli.path-leads-out", ErrorCode::kInvalid,
    "a file that came from the container would be written outside of --mount's directory",
    "nothing was written: look at what the container mounts"};

// Warnings.
inline constexpr Problem kLeftOut{
    "cli.left-out", ErrorCode::kUnsupported,
    "a variable or a file of the container can't be had in the form that was asked for",
    "--env-json has every variable; files of more than 1 MiB stay in the pod"};
inline constexpr Problem kLineCut{"cli.line-cut", ErrorCode::kExhausted,
                                  "a line of the output is longer than what is shown of it",
                                  "kubectl logs shows all of it"};
inline constexpr Problem kCopyStays{"cli.copy-stays", ErrorCode::kUnavailable,
                                    "the copy of a pod that was made to debug it was not deleted",
                                    "delete it: the message has the command"};
inline constexpr Problem kNoTerminal{"cli.no-terminal", ErrorCode::kUsage,
                                     "-t was asked for, and standard input is no terminal",
                                     "leave -t out where input comes from a file or a pipe"};
inline constexpr Problem kProgramMissing{"cli.program-missing", ErrorCode::kNotFound,
                                         "the program to debug is not there yet",
                                         "build it before debugging starts, or correct --program"};

// An IDE's project.
inline constexpr Problem kProjectMissing{"cli.project-missing", ErrorCode::kNotFound,
                                         "the project's folder is not there", "name it with --dir"};
inline constexpr Problem kProjectFileInvalid{
    "cli.project-file-invalid", ErrorCode::kInvalid,
    "a file of the IDE's is not JSON with comments, or holds something else where tasks or "
    "configurations belong",
    "correct it at the line that the message names; nothing was written"};
inline constexpr Problem kProjectFileTooLarge{
    "cli.project-file-too-large", ErrorCode::kExhausted,
    "a file of the IDE's is larger, or nested deeper, than Ferry reads",
    "look at what is in it; nothing was written"};
inline constexpr Problem kProjectFileUnusable{"cli.project-file-unusable", ErrorCode::kIo,
                                              "a file of the IDE's can't be read or written",
                                              "check its permissions and those of its folder"};
inline constexpr Problem kNotOurFile{
    "cli.not-our-file", ErrorCode::kAlreadyExists,
    "a file that Ferry did not write has the name of one of its own",
    "move it away, or give it another name"};
inline constexpr Problem kNameUnwritable{
    "cli.name-unwritable", ErrorCode::kInvalid,
    "a name or a path can't stand in a file of the IDE's as it is",
    "give it another name, or a symbolic link of one"};
inline constexpr Problem kIdeUnsupported{"cli.ide-unsupported", ErrorCode::kUnsupported,
                                         "the IDE has no way to do that",
                                         "do without the option, or use the other IDE"};

}  // namespace ferry::cli::problem
