// What `ferry forward` tells the user of one link, event by event.
#pragma once

#include <optional>
#include <string>

#include "cli/terminal.h"
#include "daemon/control/api.h"

namespace ferry::cli {

class LinkTalk {
 public:
  // What is told once the link stands: kubectl's own lines for a forward, which ports lead where
  // for a swap.
  enum class Words : std::uint8_t {
    kKubectls,    // on stdout
    kAside,       // on stderr: stdout is somebody else's
    kJsonEvents,  // each event as a line of JSON on stdout instead
    kNone,
  };

  // label: how the link is called on stderr ("svc/app").
  LinkTalk(Terminal& terminal, std::string label, Words words)
      : terminal_(terminal), label_(std::move(label)), words_(words) {}

  void on_event(const control::Event& event);

  // The link can't be heard of for a while.
  void lost(const std::string& why, control::UnixMillis time);

  // The user asked for the link's end: it is no news then.
  void expect_end() { end_expected_ = true; }

  // To be called every second or so: a long step tells how long it takes.
  void tick(control::UnixMillis now);

  // Whether others write to the terminal too: nothing can be written over then.
  void share_terminal(bool shared) { shared_ = shared; }

  const std::string& label() const { return label_; }
  // Whether the link listens, which has been said.
  bool announced() const { return announced_; }
  // The link as last heard of.
  const std::optional<control::LinkStatus>& link() const { return link_; }
  // Why it ended, if nobody asked for that.
  const std::optional<Error>& failure() const { return failure_; }

 private:
  void on_link(const control::LinkStatus& link, control::UnixMillis time);
  void announce(const control::LinkStatus& link);
  void tell_waiting(const std::string& reason, control::UnixMillis time);
  void tell_change(const control::LinkStatus& link, control::UnixMillis time);
  bool is_ending() const;
  void tell_step(const std::string& step);
  void on_ended(const control::Event& event);

  Terminal& terminal_;
  const std::string label_;
  const Words words_;
  bool announced_ = false;
  bool end_expected_ = false;
  bool shared_ = false;
  std::string step_;  // under way; empty: none
  control::UnixMillis step_since_ = 0;
  control::UnixMillis waiting_since_ = 0;  // 0: not waiting
  std::string told_reason_;
  std::optional<control::LinkStatus> link_;
  std::optional<Error> failure_;
};

}  // namespace ferry::cli
