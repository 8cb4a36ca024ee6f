// What goes out: frames that aren't sequenced are made here, at the last moment, and come first.
#include <algorithm>

#include "tunnel/session_impl.h"

namespace ferry::tunnel {
namespace {

constexpr std::size_t kCreditFrame = kHeaderSize + 8;
constexpr std::size_t kMaxControl = kMaxFrame;  // bytes of control frames in one take_output()

}  // namespace

bool Session::Impl::has_control_output() const {
  return pending.ack || pending.opening_credit || pending.pong || pending.go_away ||
         liveness.wants_ping() || !credits_due.empty();
}

bool Session::Impl::wants_output() const {
  if (carrier == CarrierState::kNone) return false;
  if (pending.hello || pending.resume || pending.resume_ok || pending.last_words) return true;
  if (carrier != CarrierState::kCarrying || failure) return false;
  return ring.unsent() > 0 || has_control_output() || ready_is_due();
}

void Session::Impl::write(Bytes frame) {
  control.insert(control.end(), frame.begin(), frame.end());
}

Hello Session::Impl::own_hello() const {
  Hello hello;
  hello.version = options.version;
  hello.max_streams = options.max_streams;
  hello.opening_credit = opening_credit.limit();
  if (role == Role::kProxy) hello.keys = keys;
  if (role == Role::kDaemon) hello.holder = options.holder;
  return hello;
}

void Session::Impl::write_greetings() {
  if (pending.hello) write(encode(own_hello()).frame());
  if (pending.resume) write(encode(*pending.resume).frame());
  if (pending.resume_ok) write(FrameBuilder(FrameType::kResumeOk).u64(received).frame());
  if (pending.last_words) write(pending.last_words->frame());
  pending.hello = pending.resume_ok = false;
  pending.resume.reset();
  pending.last_words.reset();
}

void Session::Impl::write_credits(std::size_t max) {
  while (!credits_due.empty() && control.size() + kCreditFrame <= max) {
    Stream& stream = *credits_due.front();
    credits_due.remove(stream);
    write(FrameBuilder(FrameType::kCredit, stream.id).u64(stream.receive.limit()).frame());
  }
}

void Session::Impl::write_control(std::size_t max, TimePoint the_now) {
  if (pending.pong) write(FrameBuilder(FrameType::kPong).u64(*pending.pong).frame());
  pending.pong.reset();
  if (pending.go_away) write(pending.go_away->frame());
  pending.go_away.reset();
  if (liveness.wants_ping() || (ring.unsent() > 0 && liveness.may_sample(the_now))) {
    write(FrameBuilder(FrameType::kPing).u64(liveness.ping(the_now)).frame());
    ack_watch.asked(ring.sent(), the_now);
  }
  if (pending.opening_credit) {
    write(FrameBuilder(FrameType::kCredit).u64(opening_credit.limit()).frame());
  }
  pending.opening_credit = false;
  write_credits(std::max(max, control.size() + kCreditFrame));
  // An ACK rides along with whatever else there is.
  const bool company = !control.empty() || ring.unsent() > 0;
  if (pending.ack || (company && received != acknowledged)) {
    write(FrameBuilder(FrameType::kAck).u64(received).frame());
    acknowledged = received;
    ack_at.reset();
  }
  pending.ack = false;
}

std::size_t Session::Impl::take_output(std::size_t max, std::vector<Bytes>& pieces,
                                       TimePoint the_now) {
  advance(the_now);
  if (carrier == CarrierState::kNone || max == 0) return 0;
  control.clear();
  write_greetings();
  const bool carrying = carrier == CarrierState::kCarrying && !failure;
  if (carrying) write_ready();
  if (carrying) write_control(std::min(max, kMaxControl), now);
  std::size_t total = control.size();
  if (total > 0) pieces.emplace_back(control);
  if (carrying && total < max) total += ring.take(max - total, pieces);
  return total;
}

}  // namespace ferry::tunnel
