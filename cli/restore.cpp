#include "cli/restore.h"

#include <memory>
#include <optional>

#include "cli/event_watch.h"
#include "cli/exit_code.h"
#include "cli/link_talk.h"

namespace ferry::cli {
namespace {

using control::Event;
using control::EventKind;
using control::LinkStatus;

int interrupted(Terminal& terminal, const std::string& label, const std::string& finish) {
  terminal.erase_line();
  terminal.note("not waiting: ferryd goes on putting " + label + " back");
  terminal.note("should this machine go down before: " + finish);
  return kExitInterrupted;
}

std::string finish_hint(const std::string& program, const std::string& target,
                        const std::string& kube_namespace) {
  return "'" + program + " restore " + target +
         (kube_namespace.empty() ? "" : " -n " + kube_namespace) +
         "' puts it back, from any machine";
}

// Begins the restore with the first event, so that none of what follows is missed.
EventWatch::Call end_and_follow(const control::Client& client, const std::string& id) {
  return [client, id](const control::Client::OnEvent& on_event) -> Status {
    Status removed;
    bool asked = false;
    const auto followed = client.follow(id, [&](const Event& event) {
      if (!asked) removed = client.remove(id);
      asked = true;
      const bool there = removed || removed.error().code == ErrorCode::kNotFound;
      return on_event(event) && there;
    });
    if (asked && !removed && removed.error().code != ErrorCode::kNotFound) return removed;
    return followed;
  };
}

// Ends swaps, all at once.
class SwapEnder {
 public:
  SwapEnder(Terminal& terminal, std::vector<LinkStatus> swaps)
      : terminal_(terminal), swaps_(std::move(swaps)) {
    for (const auto& swap : swaps_) {
      talks_.push_back(
          std::make_unique<LinkTalk>(terminal, to_string(swap.target), LinkTalk::Words::kNone));
      talks_.back()->expect_end();
    }
  }

  int run(const control::Client& client, const std::string& program) {
    EventWatch watch;
    for (const auto& swap : swaps_) watch.calls.push_back(end_and_follow(client, swap.id));
    watch.on_event = [this](std::size_t i, const Event& event) { on_event(i, event); };
    watch.on_end = [this](std::size_t i, const Status& ended) { on_end(i, ended); };
    watch.on_tick = [this] {
      if (!talks_.empty()) talks_.front()->tick(control::unix_millis_now());
    };
    if (watch.wait()) return exit_code_;
    return interrupted(
        terminal_, "what was swapped",
        finish_hint(program, to_string(swaps_.front().target), swaps_.front().kube_namespace));
  }

 private:
  void on_event(std::size_t i, const Event& event) {
    if (event.kind != EventKind::kEnded || event.error) return talks_[i]->on_event(event);
    terminal_.print("ended link " + swaps_[i].id + ", " + to_string(swaps_[i].target) +
                    ", which is as it was\n");
  }

  void on_end(std::size_t i, const Status& ended) {
    std::optional<Error> error = talks_[i]->failure();
    if (!ended && ended.error().code != ErrorCode::kNotFound) {
      error = ended.error();
      terminal_.error(*error);
    }
    if (error && exit_code_ == kExitDone) exit_code_ = exit_code_of(error->code);
  }

  Terminal& terminal_;
  const std::vector<LinkStatus> swaps_;
  std::vector<std::unique_ptr<LinkTalk>> talks_;
  int exit_code_ = kExitDone;
};

}  // namespace

int restore(const control::Client& client, const control::RestoreSpec& spec, Terminal& terminal,
            const RestoreOptions& options) {
  const std::string label = to_string(spec.workload);
  LinkTalk talk(terminal, label,
                options.json ? LinkTalk::Words::kJsonEvents : LinkTalk::Words::kNone);
  int exit_code = kExitDone;
  EventWatch watch;
  watch.calls.push_back(
      [client, spec](const auto& on_event) { return client.restore(spec, on_event); });
  watch.on_event = [&](std::size_t, const Event& event) {
    const bool done = event.kind == EventKind::kEnded && !event.error;
    if (options.json || !done) return talk.on_event(event);
    terminal.print((event.message.empty() ? label + " is restored" : event.message) + "\n");
  };
  watch.on_end = [&](std::size_t, const Status& ended) {
    if (!ended) terminal.error(ended.error());
    const auto error = ended ? talk.failure() : std::optional<Error>(ended.error());
    if (error) exit_code = exit_code_of(error->code);
  };
  watch.on_tick = [&] { talk.tick(control::unix_millis_now()); };
  if (watch.wait()) return exit_code;
  return interrupted(terminal, label,
                     finish_hint(options.program, label, spec.kube.kube_namespace));
}

int end_links(const control::Client& client, const std::vector<LinkStatus>& links,
              Terminal& terminal, const std::string& program) {
  std::vector<LinkStatus> swaps;
  for (const auto& link : links) {
    if (link.swap) {
      swaps.push_back(link);
      continue;
    }
    const auto removed = client.remove(link.id);
    // Somebody else may have ended it meanwhile: it is gone, as was wanted.
    if (!removed && removed.error().code != ErrorCode::kNotFound) {
      terminal.error(removed.error());
      return exit_code_of(removed.error().code);
    }
    terminal.print("ended link " + link.id + ", " + to_string(link.target) + "\n");
  }
  return swaps.empty() ? kExitDone : SwapEnder(terminal, std::move(swaps)).run(client, program);
}

}  // namespace ferry::cli
