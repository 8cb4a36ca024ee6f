#include "in-cluster-proxy/tunnel_gate.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "in-cluster-proxy/problems.h"
#include "tunnel/greeting.h"
#include "tunnel/io/resume_proof.h"

namespace ferry::proxy {
namespace {

Status ending() { return fail(problem::kEnding, "beginning a session", "the proxy is ending"); }

}  // namespace

// Whoever connected, until it is clear what for.
class TunnelGate::Guest final : public net::Disposable, private tunnel::CarrierSink {
 public:
  Guest(TunnelGate& gate, std::unique_ptr<net::ByteStream> stream, const net::HostPort& peer);
  void retire() override;

 private:
  void on_handshake(Result<std::unique_ptr<net::TlsStream>> stream);
  void on_carrier_bytes(Bytes bytes) override;
  void on_carrier_drained() override {}
  void on_carrier_closed(Status status) override;
  void follow(const tunnel::GreetingIncomplete&) {}
  void follow(const tunnel::GreetingHello& hello);
  void follow(const tunnel::GreetingResume& resume);
  // Says so, and waits for the peer to close.
  void refuse(CarrierFate fate, Bytes answer, const Error& error);
  void leave(CarrierFate fate, spdlog::level::level_enum level, const std::string& why);

  TunnelGate& gate_;
  const std::string peer_;
  bool answered_ = false;  // with a refusal: only waiting for the peer to close
  std::vector<std::uint8_t> early_;
  std::array<std::uint8_t, tunnel::kResumeExporterBytes> exporter_{};
  net::Timer deadline_;
  std::unique_ptr<net::TlsHandshake> handshake_;
  std::unique_ptr<tunnel::Carrier> carrier_;
};

TunnelGate::Guest::Guest(TunnelGate& gate, std::unique_ptr<net::ByteStream> stream,
                         const net::HostPort& peer)
    : gate_(gate), peer_(net::to_string(peer)), deadline_(gate.loop_, [this] {
        leave(CarrierFate::kTooSlow, spdlog::level::debug, "said nothing useful in time");
      }) {
  deadline_.start(gate_.limits_.greeting_timeout);
  net::TlsHandshakeOptions options;
  options.peer = peer_;
  options.timeout = gate_.limits_.greeting_timeout;
  handshake_ =
      std::make_unique<net::TlsHandshake>(gate_.loop_, gate_.tls_, std::move(stream), options,
                                          [this](auto result) { on_handshake(std::move(result)); });
}

void TunnelGate::Guest::retire() {
  deadline_.stop();
  if (handshake_) handshake_->retire();
  if (carrier_) carrier_->retire();
}

void TunnelGate::Guest::on_handshake(Result<std::unique_ptr<net::TlsStream>> stream) {
  if (!stream) {
    const Error& error = stream.error();
    // A port scan or a connect test is no news; a wrong certificate is.
    const bool news = error.code == ErrorCode::kUnauthenticated;
    if (news) return leave(CarrierFate::kCertificate, spdlog::level::warn, error.summary());
    const bool late = error.code == ErrorCode::kTimedOut;
    return leave(late ? CarrierFate::kTooSlow : CarrierFate::kNotTls, spdlog::level::debug,
                 error.summary());
  }
  exporter_ = (*stream)->export_keying_material(tunnel::kResumeExporterLabel);
  carrier_ = std::make_unique<tunnel::Carrier>(std::move(*stream));
  carrier_->set_sink(*this);
}

void TunnelGate::Guest::on_carrier_bytes(Bytes bytes) {
  if (answered_) return;
  early_.insert(early_.end(), bytes.begin(), bytes.end());
  const Result<tunnel::Greeting> greeting = tunnel::read_greeting(early_);
  if (!greeting) {
    return refuse(CarrierFate::kNotFerry, tunnel::encode_refusal("this is a Ferry tunnel"),
                  greeting.error());
  }
  std::visit([this](const auto& said) { follow(said); }, *greeting);
}

void TunnelGate::Guest::on_carrier_closed(Status status) {
  leave(CarrierFate::kClosed, spdlog::level::debug, status.error().summary());
}

void TunnelGate::Guest::follow(const tunnel::GreetingHello& hello) {
  const Status begun = gate_.ending_ ? ending() : gate_.sessions_.begin(carrier_, hello, early_);
  if (!begun) {
    return refuse(CarrierFate::kNoRoom, tunnel::encode_refusal(begun.error().why), begun.error());
  }
  gate_.metrics_.count(CarrierFate::kBegun);
  gate_.drop(*this);
}

void TunnelGate::Guest::follow(const tunnel::GreetingResume& resume) {
  const Status resumed = gate_.sessions_.resume(carrier_, resume.request, exporter_,
                                                Bytes(early_).subspan(resume.size));
  if (!resumed) {
    return refuse(CarrierFate::kResumeFailed, tunnel::encode_resume_fail(resumed.error().why),
                  resumed.error());
  }
  gate_.metrics_.count(CarrierFate::kResumed);
  gate_.drop(*this);
}

void TunnelGate::Guest::refuse(CarrierFate fate, Bytes answer, const Error& error) {
  gate_.metrics_.count(fate);
  const bool passing = error.code == ErrorCode::kUnavailable;
  spdlog::log(passing ? spdlog::level::info : spdlog::level::warn, "tunnel from {} refused: {}",
              peer_, error.summary());
  answered_ = true;
  carrier_->stream().write(answer);
  carrier_->stream().shutdown();
}

void TunnelGate::Guest::leave(CarrierFate fate, spdlog::level::level_enum level,
                              const std::string& why) {
  if (!answered_) {
    gate_.metrics_.count(fate);
    spdlog::log(level, "tunnel from {} not taken: {}", peer_, why);
  }
  gate_.drop(*this);
}

TunnelGate::TunnelGate(net::Loop& loop, net::TlsContext tls, const Limits& limits, Metrics& metrics,
                       SessionTable& sessions)
    : loop_(loop),
      tls_(std::move(tls)),
      limits_(limits),
      metrics_(metrics),
      sessions_(sessions),
      second_(loop, [this] {
        accepted_ = 0;
        listener_->resume();
      }) {}

TunnelGate::~TunnelGate() = default;

Status TunnelGate::listen(const net::HostPort& address) {
  auto listener = net::Listener::create(
      loop_, address, [this](std::unique_ptr<net::ByteStream> stream, const net::HostPort& peer) {
        accept(std::move(stream), peer);
      });
  if (!listener) return fail(listener.error());
  listener_ = std::move(*listener);
  return {};
}

void TunnelGate::accept(std::unique_ptr<net::ByteStream> stream, const net::HostPort& peer) {
  keep_to_rate();
  if (guests_.size() >= limits_.waiting_tunnels) {
    metrics_.count(CarrierFate::kCrowdedOut);
    drop(*guests_.front());
  }
  guests_.push_back(std::make_unique<Guest>(*this, std::move(stream), peer));
}

void TunnelGate::keep_to_rate() {
  if (!second_.active()) second_.start(std::chrono::seconds(1));
  if (++accepted_ >= limits_.accepts_per_second) listener_->pause();
}

void TunnelGate::drop(Guest& guest) {
  const auto found = std::find_if(guests_.begin(), guests_.end(),
                                  [&](const auto& one) { return one.get() == &guest; });
  if (found == guests_.end()) return;
  loop_.delete_later(std::move(*found));
  guests_.erase(found);
}

}  // namespace ferry::proxy
