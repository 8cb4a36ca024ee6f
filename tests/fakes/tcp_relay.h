// A relay between two TCP ports that a test can cut: what is on its way then is lost, as when a
// network goes away.
#pragma once

#include <gtest/gtest.h>

#include <array>
#include <list>
#include <memory>
#include <utility>

#include "net/dialer.h"
#include "net/listener.h"
#include "net/loop.h"

namespace ferry::testing {

class TcpRelay {
 public:
  TcpRelay(net::Loop& loop, net::HostPort target, std::uint16_t port = 0)
      : loop_(loop), target_(std::move(target)) {
    auto listener = net::Listener::create(
        loop, {"127.0.0.1", port}, [this](std::unique_ptr<net::ByteStream> stream, net::HostPort) {
          links_.push_back(std::make_unique<Link>(*this, std::move(stream)));
        });
    EXPECT_TRUE(listener.has_value());
    listener_ = std::move(*listener);
  }

  net::HostPort address() const { return listener_->address(); }
  std::size_t bytes() const { return bytes_; }  // both directions, since the start

  // Resets every connection. New ones go through.
  void cut() { links_.clear(); }
  // What comes on the connections that there are is dropped from now on. New ones go through.
  void stall() {
    for (auto& link : links_) link->stalled = true;
  }
  // What comes on the connections that there are waits for release().
  void hold() {
    for (auto& link : links_) link->hold();
  }
  void release() {
    for (auto& link : links_) link->release();
  }

 private:
  class Link {
   public:
    Link(TcpRelay& relay, std::unique_ptr<net::ByteStream> client)
        : relay_(relay), ends_{End{*this, 0}, End{*this, 1}} {
      ends_[0].stream = std::move(client);
      dial_ = std::make_unique<net::Dial>(relay.loop_, relay.target_, net::DialOptions{},
                                          [this](auto result) {
                                            if (!result) return;
                                            ends_[1].stream = std::move(*result);
                                            for (End& end : ends_) end.stream->start(end);
                                          });
    }
    bool stalled = false;

    void hold() {
      for (End& end : ends_) end.stream->pause_reading();
    }
    void release() {
      for (End& end : ends_) end.stream->resume_reading();
    }

    ~Link() {
      for (End& end : ends_) {
        if (end.stream) end.stream->reset();
      }
    }

   private:
    struct End final : net::StreamHandler {
      End(Link& the_link, std::size_t the_index) : link(the_link), index(the_index) {}
      Link& link;
      std::size_t index;
      std::unique_ptr<net::ByteStream> stream = nullptr;
      std::array<std::uint8_t, 65536> buffer = {};

      net::ByteStream& other() { return *link.ends_[1 - index].stream; }
      MutableBytes on_read_buffer() override {
        // As much as a network holds, and no more.
        if (other().queued() > 256 * 1024) return {};
        return buffer;
      }
      void on_read(std::size_t n) override {
        if (link.stalled) return;
        link.relay_.bytes_ += n;
        other().write(Bytes(buffer).first(n));
      }
      void on_end() override { other().shutdown(); }
      void on_written(std::size_t) override {
        if (other_may_go_on()) other().resume_reading();
      }
      bool other_may_go_on() const { return stream->queued() <= 256 * 1024; }
      void on_closed(Status status) override {
        if (!status) other().reset();
      }
    };

    TcpRelay& relay_;
    std::array<End, 2> ends_;
    std::unique_ptr<net::Dial> dial_;
  };

  net::Loop& loop_;
  const net::HostPort target_;
  std::size_t bytes_ = 0;
  std::list<std::unique_ptr<Link>> links_;
  std::unique_ptr<net::Listener> listener_;
};

}  // namespace ferry::testing
