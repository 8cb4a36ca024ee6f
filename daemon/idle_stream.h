// The local end of a test connection: sends nothing and takes everything.
#pragma once

#include "net/byte_stream.h"

namespace ferry::daemon {

class IdleStream final : public net::ByteStream {
 public:
  void start(net::StreamHandler&) override {}
  void pause_reading() override {}
  void resume_reading() override {}
  std::size_t write(std::span<const Bytes> pieces) override {
    std::size_t sum = 0;
    for (const Bytes piece : pieces) sum += piece.size();
    return sum;
  }
  std::size_t queued() const override { return 0; }
  void shutdown() override {}
  void reset() override {}
};

}  // namespace ferry::daemon
