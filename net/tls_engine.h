// One TLS connection without I/O: bytes from the wire in, bytes for the wire out. Included by
// sources of net/ only.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "net/openssl.h"
#include "net/tls_context.h"

namespace ferry::net {

class TlsEngine {
 public:
  enum class Outcome {
    kDone,        // the handshake is complete; all room was filled
    kWantsInput,  // all of input() was taken and more is needed
    kEnded,       // close_notify came
    kFailed,      // see error(); for good
  };

  // `peer`: how error texts call the other end. Errors: kInvalid (a server name that is none),
  // kInternal.
  static Result<std::unique_ptr<TlsEngine>> create(const TlsContext& context,
                                                   const std::string& server_name,
                                                   std::string peer);

  // What came from the wire; calls below take from its front.
  Bytes& input() { return wire_.input; }
  // What is to be sent, in order; the caller empties it. A failure may leave an alert here.
  std::vector<std::uint8_t>& output() { return wire_.output; }

  Outcome handshake();
  // Decrypts as many records as fit. `n`: bytes put into `room`, whatever the outcome.
  Outcome read(MutableBytes room, std::size_t& n);
  // Appends one record for each 16 KiB to the output. False: the connection has failed.
  bool write(Bytes plain);
  void close_notify();
  bool is_server() const { return state_->server; }
  bool has_failed() const { return error_.has_value(); }
  const Error& error() const { return *error_; }

  std::array<std::uint8_t, 32> export_keying_material(std::string_view label) const;

 private:
  struct Wire {
    Bytes input;
    std::vector<std::uint8_t> output;
  };
  static BIO_METHOD* wire_method();
  static int wire_read(BIO* bio, char* data, std::size_t size, std::size_t* n);
  static int wire_write(BIO* bio, const char* data, std::size_t size, std::size_t* n);
  static long wire_control(BIO* bio, int command, long number, void* pointer);

  TlsEngine(const TlsContext& context, std::string peer);
  bool set_up(const std::string& server_name);
  Outcome outcome_of(int result);
  Outcome give_up();

  const std::shared_ptr<const TlsContext::State> state_;
  const std::string peer_;
  Wire wire_;
  std::string shown_names_;  // in a certificate that was refused
  SslPtr ssl_;
  std::optional<Error> error_;
};

}  // namespace ferry::net
