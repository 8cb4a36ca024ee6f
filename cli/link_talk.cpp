#include "cli/link_talk.h"

#include "cli/human.h"
#include "cli/output.h"
#include "daemon/control/json.h"

namespace ferry::cli {

using control::EventKind;
using control::LinkState;

namespace {

// kubectl's own words: scripts and IDE tasks wait for them.
std::vector<std::string> kubectls_lines(const control::LinkStatus& link) {
  std::vector<std::string> lines;
  for (const auto& port : link.ports) {
    const std::string remote =
        port.remote_port == 0 ? to_string(port.remote) : std::to_string(port.remote_port);
    for (const auto& address : port.addresses) {
      const bool v6 = address.find(':') != std::string::npos;
      lines.push_back("Forwarding from " + (v6 ? "[" + address + "]" : address) + ":" +
                      std::to_string(port.local) + " -> " + remote);
    }
  }
  return lines;
}

std::vector<std::string> swapped_lines(const control::LinkStatus& link) {
  std::vector<std::string> lines;
  for (const auto& port : link.swap->ports) {
    lines.push_back("Swapped " + to_string(link.target) + ": port " + std::to_string(port.remote) +
                    " -> localhost:" + std::to_string(port.local));
  }
  if (lines.empty()) lines.push_back("Swapped " + to_string(link.target));
  return lines;
}

}  // namespace

void LinkTalk::on_event(const control::Event& event) {
  if (words_ == Words::kJsonEvents) terminal_.print(control::dump(to_json(event)) + "\n");
  switch (event.kind) {
    case EventKind::kLink:
      if (event.link) on_link(*event.link, event.time);
      break;
    case EventKind::kProgress:
      if (!announced_ || is_ending()) tell_step(event.message);
      break;
    case EventKind::kNotice: terminal_.note(label_ + ": " + event.message); break;
    case EventKind::kEnded: on_ended(event); break;
    case EventKind::kLiveness: terminal_.warn_of_link(label_ + ": " + event.message); break;
    case EventKind::kFiles:          // whoever writes them says what there is to say
    case EventKind::kTunnel: break;  // its links say what it means for them
  }
}

void LinkTalk::on_link(const control::LinkStatus& link, control::UnixMillis time) {
  link_ = link;
  // What stands in a swap's way is its own state, not a step of the daemon's.
  const bool held_up = link.swap && link.swap->phase <= control::SwapPhase::kWaiting &&
                       link.state == LinkState::kStarting && !link.reason.empty();
  if (held_up && !announced_) tell_step("waiting: " + link.reason);
  if (link.state != LinkState::kActive && link.state != LinkState::kWaiting) return;
  if (!announced_) announce(link);
  tell_change(link, time);
}

void LinkTalk::announce(const control::LinkStatus& link) {
  announced_ = true;
  step_.clear();
  if (words_ != Words::kKubectls && words_ != Words::kAside) return;
  const auto lines = link.swap ? swapped_lines(link) : kubectls_lines(link);
  std::string out;
  for (const auto& line : lines) {
    if (words_ == Words::kAside) terminal_.good(line);
    out += line + "\n";
  }
  if (words_ == Words::kKubectls) terminal_.print(out);
}

bool LinkTalk::is_ending() const {
  return end_expected_ || (link_ && link_->state == LinkState::kEnding);
}

void LinkTalk::tell_step(const std::string& step) {
  if (step == step_) return;
  step_ = step;
  step_since_ = control::unix_millis_now();
  if (shared_) {
    terminal_.note(label_ + ": " + step);
  } else {
    terminal_.progress(label_ + ": " + step);
  }
}

void LinkTalk::tick(control::UnixMillis now) {
  if (!step_.empty() && !shared_) terminal_.progress(label_ + ": " + step_, now - step_since_);
}

void LinkTalk::tell_change(const control::LinkStatus& link, control::UnixMillis time) {
  if (link.state == LinkState::kActive) {
    if (waiting_since_ != 0) {
      terminal_.good(label_ + ": works again after " + human_seconds(time - waiting_since_));
    }
    waiting_since_ = 0;
    told_reason_.clear();
    return;
  }
  tell_waiting(link.reason.empty() ? "connections can't be served now" : link.reason, time);
}

void LinkTalk::tell_waiting(const std::string& reason, control::UnixMillis time) {
  if (waiting_since_ != 0 && reason == told_reason_) return;
  if (waiting_since_ == 0) waiting_since_ = time;
  told_reason_ = reason;
  terminal_.warn_of_link(label_ + ": waiting: " + reason);
}

void LinkTalk::lost(const std::string& why, control::UnixMillis time) { tell_waiting(why, time); }

void LinkTalk::on_ended(const control::Event& event) {
  step_.clear();
  if (event.error) {
    failure_ = event.error;
    terminal_.error(*event.error);
    return;
  }
  const bool swap = link_ && link_->swap;
  const std::string words = swap ? "restored" : "ended";
  if (swap || !end_expected_) {
    terminal_.note(label_ + ": " + (event.message.empty() ? words : event.message));
  }
}

}  // namespace ferry::cli
