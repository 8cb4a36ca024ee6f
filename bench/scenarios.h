// What two sessions do in the counted and the timed scenarios.
#pragma once

#include <stdexcept>

#include "bench/joined_sessions.h"

namespace ferry::bench {

// One frame at a time, and an exchange when no more may be sent. Throws where nothing moves on.
inline void send(JoinedSessions& link, tunnel::Session& from, tunnel::StreamId stream,
                 std::size_t bytes) {
  while (bytes > 0) {
    std::size_t n = link.put(from, stream, bytes);
    if (n == 0) {
      link.exchange();
      n = link.put(from, stream, bytes);
    }
    if (n == 0) throw std::runtime_error("a stream may not send");
    bytes -= n;
  }
}

// A message on each stream, carried over; `rounds` times.
inline void send_messages(JoinedSessions& link, const std::vector<tunnel::StreamId>& streams,
                          std::size_t bytes, int rounds) {
  for (int i = 0; i < rounds; ++i) {
    for (const tunnel::StreamId stream : streams) send(link, link.daemon(), stream, bytes);
    link.exchange();
  }
}

inline std::vector<tunnel::StreamId> open_streams(JoinedSessions& link, std::size_t n) {
  std::vector<tunnel::StreamId> made;
  while (made.size() < n) {
    const tunnel::StreamId stream = link.open();
    if (stream == 0) throw std::runtime_error("a stream can't be opened");
    made.push_back(stream);
    if (made.size() % 50 == 0) link.exchange();
  }
  link.exchange();
  return made;
}

// Opens n streams, 50 at a time, and closes each in order.
inline void open_and_close(JoinedSessions& link, std::size_t n) {
  const std::uint64_t before = link.closed();
  for (std::size_t done = 0; done < n; done += 50) {
    for (const tunnel::StreamId stream : open_streams(link, 50)) link.daemon().finish(stream);
    link.exchange();
  }
  if (link.closed() - before != 2 * n) throw std::runtime_error("a stream isn't closed");
}

}  // namespace ferry::bench
