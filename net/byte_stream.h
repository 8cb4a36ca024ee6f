// One connection as a pair of byte streams: TCP, TLS over another stream, a port-forward channel.
// Whoever uses a stream does not know which of them it is.
//
// Reading is push with permission: the handler says where the next bytes go, so that they are read
// to the place where they are needed and nothing is read that nobody has room for. Writing takes
// everything at once and says how much of it is still queued, so the writer keeps the bound
// (credit, or one batch at a time).
//
// Life: start() -> any number of events -> exactly one on_closed(). Before start() nothing is read
// and no event comes. Let go of a stream with Loop::delete_later() (from its own callbacks) or by
// destroying it (from elsewhere); no event comes after that. Destroying a stream that isn't closed
// ends it without ceremony: queued bytes are dropped, the descriptor is closed.
#pragma once

#include <cstddef>
#include <span>

#include "base/bytes.h"
#include "base/result.h"
#include "net/loop.h"

namespace ferry::net {

// Receives a stream's events. Not owned by the stream; must live until the stream is gone.
class StreamHandler {
 public:
  // Where the next bytes may be put. The place must stay valid until the on_read() that follows at
  // once, or until the next on_read_buffer(). Empty: nothing can be taken now; the stream pauses
  // itself as by pause_reading().
  virtual MutableBytes on_read_buffer() = 0;

  // n > 0 bytes were put at the front of the buffer given last.
  virtual void on_read(std::size_t n) = 0;

  // The peer has sent its last byte (FIN, close_notify). Writing goes on to work.
  virtual void on_end() = 0;

  // n bytes that write() had queued were handed on (to the kernel, for TCP).
  virtual void on_written(std::size_t n) = 0;

  // The last event. A value: both directions ended in order. An error: reset, refused, broken; what
  // was queued is lost.
  virtual void on_closed(Status status) = 0;

 protected:
  ~StreamHandler() = default;
};

class ByteStream : public Disposable {
 public:
  // Begins reading. Once only.
  virtual void start(StreamHandler& handler) = 0;

  // Stops reading after what is on the stack now. While paused, the peer's FIN goes unnoticed; its
  // reset is noticed within 3 s where TCP is below, and what it sent before is lost.
  virtual void pause_reading() = 0;
  virtual void resume_reading() = 0;

  // Writes the pieces in order, all of them: what can't be handed on at once is copied and queued.
  // Returns how many bytes were handed on at once; the rest is reported by on_written(). Never
  // calls the handler from within. After shutdown(), or on a closed stream, everything is dropped
  // and 0 returned.
  virtual std::size_t write(std::span<const Bytes> pieces) = 0;
  std::size_t write(Bytes piece) { return write(std::span<const Bytes>(&piece, 1)); }

  // Whether the peer has sent its last byte, or a reset, as far as that can be seen without reading
  // what came before: for streams that aren't read. It may still want to receive.
  virtual bool peer_has_ended() const { return false; }

  // Bytes that were written and not yet handed on.
  virtual std::size_t queued() const = 0;

  // Ends the writing direction after what is queued (FIN, close_notify). Reading goes on. Streams
  // whose carrier knows no half-close (a port-forward channel) end both directions then.
  virtual void shutdown() = 0;

  // Ends both directions at once so that the peer sees a reset where the carrier can say so (TCP:
  // RST); queued bytes are dropped. No event follows, on_closed() included.
  virtual void reset() = 0;
};

}  // namespace ferry::net
