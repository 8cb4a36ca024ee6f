#include "daemon/carrier_handshake.h"

#include <utility>

#include "tunnel/io/resume_proof.h"

namespace ferry::daemon {
namespace {

NewCarrier make_carrier(std::unique_ptr<net::TlsStream> stream, std::string peer,
                        std::string process) {
  const auto exporter = stream->export_keying_material(tunnel::kResumeExporterLabel);
  return {
      .carrier = std::make_unique<tunnel::Carrier>(std::move(stream)),
      .prove = [exporter](
                   const tunnel::Secret& secret) { return tunnel::resume_proof(secret, exporter); },
      .peer = std::move(peer),
      .process = std::move(process)};
}

Error explain(Error error) {
  if (error.code == ErrorCode::kUnauthenticated && error.fix.empty()) {
    error.fix = "both ends need certificates of the same installation";
  }
  return error;
}

}  // namespace

CarrierHandshake::CarrierHandshake(net::Loop& loop, const TunnelCredentials& credentials,
                                   std::unique_ptr<net::ByteStream> lower, std::string peer,
                                   std::string process, CarrierSource::Callback callback) {
  const auto context = net::TlsContext::mutual_client(
      {.identity = {credentials.certificate_pem, credentials.key_pem},
       .trusted_pem = credentials.ca_pem});
  if (!context) {
    // The source hears of it in the loop's next round, as it does of everything else.
    loop.post([callback = std::move(callback), error = context.error()] { callback(fail(error)); });
    return;
  }
  handshake_ = std::make_unique<net::TlsHandshake>(
      loop, *context, std::move(lower), net::TlsHandshakeOptions{.peer = peer},
      [callback = std::move(callback), peer,
       process = std::move(process)](Result<std::unique_ptr<net::TlsStream>> stream) {
        if (stream) {
          callback(make_carrier(std::move(*stream), peer, process));
        } else {
          callback(fail(explain(stream.error())));
        }
      });
}

}  // namespace ferry::daemon
