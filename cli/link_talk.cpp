#include "cli/link_talk.h"

#include "cli/human.h"
#include "cli/output.h"
#include "daemon/control/json.h"

namespace ferry::cli {

using control::EventKind;
using control::LinkState;

void LinkTalk::on_event(const control::Event& event) {
  if (words_ == Words::kJsonEvents) terminal_.print(control::dump(to_json(event)) + "\n");
  switch (event.kind) {
    case EventKind::kLink:
      if (event.link) on_link(*event.link, event.time);
      break;
    case EventKind::kProgress:
      if (!announced_) terminal_.progress(label_ + ": " + event.message);
      break;
    case EventKind::kNotice: terminal_.note(label_ + ": " + event.message); break;
    case EventKind::kEnded: on_ended(event); break;
    case EventKind::kLiveness:
    case EventKind::kFiles:          // of swaps only
    case EventKind::kTunnel: break;  // its links say what it means for them
  }
}

void LinkTalk::on_link(const control::LinkStatus& link, control::UnixMillis time) {
  link_ = link;
  if (link.state != LinkState::kActive && link.state != LinkState::kWaiting) return;
  if (!announced_) announce(link);
  tell_change(link, time);
}

// kubectl's own words: scripts and IDE tasks wait for them.
void LinkTalk::announce(const control::LinkStatus& link) {
  announced_ = true;
  if (words_ != Words::kKubectls) return;
  std::string out;
  for (const auto& port : link.ports) {
    const std::string remote =
        port.remote_port == 0 ? to_string(port.remote) : std::to_string(port.remote_port);
    for (const auto& address : port.addresses) {
      const bool v6 = address.find(':') != std::string::npos;
      out += "Forwarding from " + (v6 ? "[" + address + "]" : address) + ":" +
             std::to_string(port.local) + " -> " + remote + "\n";
    }
  }
  terminal_.print(out);
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
  terminal_.warn(label_ + ": waiting: " + reason);
}

void LinkTalk::lost(const std::string& why, control::UnixMillis time) { tell_waiting(why, time); }

void LinkTalk::on_ended(const control::Event& event) {
  if (event.error) {
    failure_ = event.error;
    terminal_.error(*event.error);
  } else if (!end_expected_) {
    terminal_.note(label_ + ": " + (event.message.empty() ? "ended" : event.message));
  }
}

}  // namespace ferry::cli
