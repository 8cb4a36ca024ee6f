// Two sessions, a daemon's and a proxy's, whose bytes go from one straight into the other: what the
// counted and the timed scenarios have in common, and the test that counts allocations. Nothing
// here is copied, kept or looked up, so that what is measured is the sessions' own.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "tunnel/session.h"

namespace ferry::bench {

class JoinedSessions {
 public:
  using Session = tunnel::Session;
  using StreamId = tunnel::StreamId;

  explicit JoinedSessions(const tunnel::Options& options = {})
      : daemon_(tunnel::Role::kDaemon, options), proxy_(tunnel::Role::kProxy, options) {
    daemon_.attach(now_);
    proxy_.attach(now_);
    exchange();
  }

  Session& daemon() { return daemon_; }
  Session& proxy() { return proxy_; }

  // A stream of the daemon's, which the proxy has accepted after the next exchange. 0: none.
  StreamId open() { return daemon_.open({"app", 80}, now_).value_or(0); }

  // Puts up to n bytes of one frame into the stream. 0: it may not send now.
  std::size_t put(Session& from, StreamId stream, std::size_t n) {
    const MutableBytes place = from.reserve(stream);
    if (place.empty()) return 0;
    n = std::min(n, place.size());
    from.commit(stream, n);
    return n;
  }

  // Carries whatever waits, both ways, until there is nothing left.
  void exchange() {
    do {
      now_ += std::chrono::microseconds(100);
      carry(daemon_, proxy_);
      carry(proxy_, daemon_);
    } while (daemon_.wants_output() || proxy_.wants_output());
  }

  // Lets so much time pass, and what is due in it happen.
  void pass(Duration time) {
    now_ += time;
    for (Session* one : {&daemon_, &proxy_}) one->on_timeout(now_);
    exchange();
  }

  // What receive() is given at a time at most; less than a frame: they come in pieces.
  void deliver_at_most(std::size_t bytes) { delivery_ = bytes; }

  std::uint64_t received() const { return received_; }  // bytes, by either side
  std::uint64_t closed() const { return closed_; }      // streams, counted at either side

 private:
  void carry(Session& from, Session& to) {
    pieces_.clear();
    from.take_output(std::size_t{256} * 1024, pieces_, now_);
    for (Bytes piece : pieces_) {
      while (!piece.empty()) {
        const std::size_t n = std::min(delivery_, piece.size());
        (void)to.receive(piece.first(n), now_);
        piece = piece.subspan(n);
        drain(to);
      }
    }
    drain(from);
  }

  // The application of either side: takes what comes, and closes when its peer does.
  void drain(Session& session) {
    while (const auto event = session.poll_event()) {
      if (const auto* data = std::get_if<tunnel::Data>(&*event)) {
        received_ += data->data.size();
        session.consumed(data->stream, data->data.size());
      } else if (const auto* opened = std::get_if<tunnel::Opened>(&*event)) {
        session.accept(opened->stream);
      } else if (const auto* finished = std::get_if<tunnel::Finished>(&*event)) {
        if (&session == &proxy_) session.finish(finished->stream);
      } else if (std::holds_alternative<tunnel::Closed>(*event)) {
        ++closed_;
      }
    }
  }

  Session daemon_;
  Session proxy_;
  TimePoint now_{std::chrono::hours(1)};
  std::vector<Bytes> pieces_;
  std::size_t delivery_ = std::size_t{256} * 1024;
  std::uint64_t received_ = 0;
  std::uint64_t closed_ = 0;
};

}  // namespace ferry::bench
