// Control of links: the ports that the daemon wants listened on, and what the proxy makes of it.
#include <algorithm>
#include <string>
#include <utility>

#include "tunnel/problems.h"
#include "tunnel/session_impl.h"

namespace ferry::tunnel {
namespace {

constexpr std::size_t kPortFrame = kHeaderSize + 2;

}  // namespace

// --- what goes out -------------------------------------------------------------------------------

Status Session::Impl::listen(std::uint16_t port) {
  const std::string what = "listening on port " + std::to_string(port);
  if (port == 0) return ferry::fail(problem::kTargetInvalid, what, "not a port");
  if (failure) return ferry::fail(problem::kNotConnected, what, failure->summary());
  if (role != Role::kDaemon || !established) {
    return ferry::fail(problem::kNotConnected, what, "no tunnel yet");
  }
  if ((peer_features & kFeatureLinks) == 0) {
    return ferry::fail(problem::kPeerTooOld, what,
                       "the proxy, version " + peer_version + ", knows no links",
                       "use a proxy of this version");
  }
  const auto known = links.find(port);
  if (known != links.end() && known->second.wanted) return {};
  if (known == links.end() && links.size() >= kMaxLinks) {
    return ferry::fail(problem::kFull, what, "too many ports in this session");
  }
  if (!ring_makes_room(2 * kPortFrame)) {  // UNLISTEN shall get through as well
    return ferry::fail(problem::kFull, what, "the tunnel takes no more data at the moment");
  }
  Link& link = links[port];
  link.wanted = true;
  ++link.unanswered;
  append(FrameBuilder(FrameType::kListen).u16(port).frame());
  return {};
}

void Session::Impl::unlisten(std::uint16_t port) {
  const auto link = links.find(port);
  if (role != Role::kDaemon || link == links.end() || !link->second.wanted) return;
  link->second.wanted = false;
  append(FrameBuilder(FrameType::kUnlisten).u16(port).frame());
  if (link->second.unanswered == 0) links.erase(link);
}

bool Session::Impl::answer_link(std::uint16_t port, bool ok) {
  const auto found = links.find(port);
  if (role != Role::kProxy || found == links.end() || found->second.unanswered == 0) return false;
  const Link& link = found->second;
  const bool latest = --found->second.unanswered == 0;
  if (latest && (!ok || !link.wanted)) links.erase(found);
  return true;
}

void Session::Impl::listening(std::uint16_t port) {
  if (answer_link(port, true)) append(FrameBuilder(FrameType::kListenOk).u16(port).frame());
}

void Session::Impl::not_listening(std::uint16_t port, Reason reason, std::string_view detail) {
  if (!answer_link(port, false)) return;
  FrameBuilder frame(FrameType::kListenFail);
  frame.u16(port).u8(static_cast<std::uint8_t>(reason));
  if (ring_has_room(kPortFrame + 1 + kMaxDetail)) frame.text(detail, kMaxDetail);
  append(frame.frame());
}

// READY is put into the ring only when the carrier asks for output: however often it changed while
// there was no carrier, it is said once.
bool Session::Impl::ready_is_due() const {
  return role == Role::kDaemon && ready_wanted != ready_said &&
         (peer_features & kFeatureLinks) != 0 && ring_has_room(kHeaderSize + 1);
}

void Session::Impl::write_ready() {
  if (!ready_is_due()) return;
  ready_said = ready_wanted;
  append(FrameBuilder(FrameType::kReady).u8(ready_said ? 1 : 0).frame());
}

// --- what comes in -------------------------------------------------------------------------------

void Session::Impl::on_link_frame(const Frame& frame) {
  const FrameType type = frame.header.type;
  const bool answer = type == FrameType::kListenOk || type == FrameType::kListenFail;
  if (answer != (role == Role::kDaemon)) {
    return protocol_error("control of links from the wrong side");
  }
  if (frame.header.stream != 0) return protocol_error("control of links with a stream");
  count_useless();
  if (failure) return;
  FieldReader fields(frame.payload);
  if (type == FrameType::kReady) return on_ready(fields.u8());
  const std::uint16_t port = fields.u16();
  if (port == 0) return protocol_error("control of links for port 0");
  if (type == FrameType::kListen) return on_listen(port);
  if (type == FrameType::kUnlisten) return on_unlisten(port);
  on_listen_answer(port, type == FrameType::kListenOk, frame.payload.subspan(2));
}

void Session::Impl::on_ready(std::uint8_t value) {
  if (value > 1) return protocol_error("READY is neither 0 nor 1");
  events.push(PeerReady{value == 1});
}

void Session::Impl::on_listen(std::uint16_t port) {
  Link& link = links[port];
  if (link.wanted) return protocol_error("LISTEN for a port that is listened on already");
  link.wanted = true;
  ++link.unanswered;
  if (links.size() > kMaxLinks) {
    not_listening(port, Reason::kLimit, "too many ports in this session");
  } else {
    events.push(ListenRequested{port});
  }
  check_control_backlog();
}

void Session::Impl::on_unlisten(std::uint16_t port) {
  const auto link = links.find(port);
  // It may have been refused, which the peer hadn't heard of yet.
  if (link == links.end() || !link->second.wanted) return;
  link->second.wanted = false;
  if (link->second.unanswered == 0) links.erase(link);
  events.push(UnlistenRequested{port});
}

void Session::Impl::on_listen_answer(std::uint16_t port, bool ok, Bytes rest) {
  const auto found = links.find(port);
  if (found == links.end() || found->second.unanswered == 0) {
    return protocol_error("an answer to a LISTEN that was never said");
  }
  Link& link = found->second;
  --link.unanswered;
  const bool latest = link.unanswered == 0;
  if (latest && link.wanted) {
    ListenResult result{port, ok, Reason::kNone, {}};
    if (!ok) {
      FieldReader fields(rest);
      result.reason = decode_reason(fields.u8());
      result.detail = as_text(rest.subspan(1).first(std::min(rest.size() - 1, kMaxDetail)));
    }
    events.push(std::move(result));
  }
  if (latest && (!ok || !link.wanted)) links.erase(found);
}

}  // namespace ferry::tunnel
