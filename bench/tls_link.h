// A TLS connection between two ends in memory: what the tunnel's carrier is, without a kernel.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <utility>
#include <vector>

#include "net/certificate.h"
#include "net/loop.h"
#include "net/timer.h"
#include "net/tls.h"

namespace ferry::bench {

// One end of a connection. What its peer wrote is kept until deliver().
class MemoryEnd final : public net::ByteStream {
 public:
  static void join(MemoryEnd& one, MemoryEnd& other) {
    one.peer_ = &other;
    other.peer_ = &one;
  }

  void deliver() {
    while (handler_ != nullptr && reading_ && taken_ < inbox_.size()) {
      const MutableBytes room = handler_->on_read_buffer();
      if (room.empty()) return;
      const std::size_t n = std::min(room.size(), inbox_.size() - taken_);
      std::copy_n(inbox_.data() + taken_, n, room.data());
      taken_ += n;
      handler_->on_read(n);
    }
    if (taken_ < inbox_.size()) return;
    inbox_.clear();
    taken_ = 0;
  }

  void retire() override { handler_ = nullptr; }
  void start(net::StreamHandler& handler) override {
    handler_ = &handler;
    reading_ = true;
  }
  void pause_reading() override { reading_ = false; }
  void resume_reading() override { reading_ = true; }
  std::size_t write(std::span<const Bytes> pieces) override {
    std::size_t n = 0;
    for (const Bytes piece : pieces) {
      peer_->inbox_.insert(peer_->inbox_.end(), piece.begin(), piece.end());
      n += piece.size();
    }
    return n;
  }
  std::size_t queued() const override { return 0; }
  void shutdown() override {}
  void reset() override {}

 private:
  net::StreamHandler* handler_ = nullptr;
  MemoryEnd* peer_ = nullptr;
  bool reading_ = false;
  std::vector<std::uint8_t> inbox_;
  std::size_t taken_ = 0;
};

// Takes what comes, and counts it.
class ByteCounter final : public net::StreamHandler {
 public:
  std::uint64_t bytes() const { return bytes_; }

  MutableBytes on_read_buffer() override { return buffer_; }
  void on_read(std::size_t n) override { bytes_ += n; }
  void on_end() override {}
  void on_written(std::size_t) override {}
  void on_closed(Status) override {}

 private:
  std::vector<std::uint8_t> buffer_ = std::vector<std::uint8_t>(std::size_t{256} * 1024);
  std::uint64_t bytes_ = 0;
};

class TlsLink {
 public:
  // Certificates, handshake and all. Throws where there is none.
  TlsLink() {
    const auto [client_options, server_options] = make_options();
    auto near = std::make_unique<MemoryEnd>();
    auto far = std::make_unique<MemoryEnd>();
    near_ = near.get();
    far_ = far.get();
    MemoryEnd::join(*near_, *far_);
    net::TlsHandshake client(loop_, net::TlsContext::mutual_client(client_options).value(),
                             std::move(near), {},
                             [this](auto made) { client_ = std::move(made).value(); });
    net::TlsHandshake server(loop_, net::TlsContext::mutual_server(server_options).value(),
                             std::move(far), {},
                             [this](auto made) { server_ = std::move(made).value(); });
    while (!client_ || !server_) turn();
    client_->start(answers_);
    server_->start(received_);
    turn();
  }

  // Encrypted at one end, decrypted at the other, n times.
  void carry(Bytes bytes, int n) {
    for (int i = 0; i < n; ++i) {
      client_->write(bytes);
      far_->deliver();
    }
  }
  std::uint64_t received() const { return received_.bytes(); }

 private:
  // Delivers what there is, and lets the loop's timers of this moment fire.
  void turn() {
    near_->deliver();
    far_->deliver();
    net::Timer stop(loop_, [this] { loop_.stop(); });
    stop.start(std::chrono::milliseconds(1));
    loop_.run();
  }

  static net::CertificateSpec spec(const char* name, net::CertificateUse use) {
    const auto now = std::chrono::system_clock::now();
    return {name, {}, now - std::chrono::hours(1), now + std::chrono::hours(1), use};
  }
  // The client's and the server's.
  static std::pair<net::TlsMutualOptions, net::TlsMutualOptions> make_options() {
    using Use = net::CertificateUse;
    const auto authority = net::make_authority(spec("authority", Use::kServer)).value();
    const auto made = [&](const char* name, Use use) {
      return net::TlsMutualOptions{net::make_certificate(spec(name, use), authority).value(),
                                   authority.certificate_pem};
    };
    return {made("daemon", Use::kClient), made("proxy", Use::kServer)};
  }

  net::Loop loop_;
  ByteCounter answers_;
  ByteCounter received_;
  MemoryEnd* near_ = nullptr;  // the streams own them
  MemoryEnd* far_ = nullptr;
  std::unique_ptr<net::TlsStream> client_;
  std::unique_ptr<net::TlsStream> server_;
};

}  // namespace ferry::bench
