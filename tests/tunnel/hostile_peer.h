// A peer made of bytes: says what no Session would say.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tunnel/messages.h"
#include "tunnel/session.h"

namespace ferry::tunnel::testing {

class HostilePeer {
 public:
  // Greets a session of this role, so that it is established.
  explicit HostilePeer(Role role_of_victim, Options options = {});

  Session& session() { return session_; }
  // False: the session failed over it.
  bool say(FrameBuilder frame);
  bool open(StreamId id, std::uint32_t claim = 0);
  bool data(StreamId id, std::size_t n);
  // What the session says, all of it; the stream ids of frames of this type.
  std::vector<StreamId> hear(FrameType type);
  // How the session failed; empty: it didn't.
  std::string failure() const { return failure_; }
  bool carrier_died = false;
  void pass(Duration duration) { now_ += duration; }
  // Lets time pass while the session does what is due.
  void wait(Duration duration);
  std::uint64_t pings() const { return pings_; }  // that were heard
  // Has the session say what it has to say, and answers its latest PING, if there is a new one.
  void answer_ping();

  bool accepts = true;  // the session's application takes what is opened
  std::vector<StreamId> opened;

 private:
  void drain();

  Session session_;
  const Role victim_;
  TimePoint now_{std::chrono::hours(1)};
  std::string failure_;
  std::uint64_t pings_ = 0;  // and their numbers
  std::uint64_t pings_answered_ = 0;
};

inline FrameBuilder frame(FrameType type, StreamId id = 0) { return FrameBuilder(type, id); }

inline void expect_fails_over(const HostilePeer& peer, const std::string& words) {
  EXPECT_NE(peer.failure().find(words), std::string::npos) << "failed over: " << peer.failure();
}

}  // namespace ferry::tunnel::testing
