// What can go wrong with a connection, as docs/errors.md lists it.
#pragma once

#include "base/error.h"

namespace ferry::net::problem {

// Connecting and listening.
inline constexpr Problem kAddressInvalid{"net.address-invalid", ErrorCode::kInvalid,
                                         "that is not an address",
                                         "write host:port, or [address]:port for IPv6"};
inline constexpr Problem kNameUnknown{
    "net.name-unknown", ErrorCode::kUnreachable,
    "the name servers know no address for the name, or don't answer",
    "check the name and this machine's name servers"};
inline constexpr Problem kRefused{"net.refused", ErrorCode::kUnreachable,
                                  "nobody listens at the address",
                                  "check the port, and that the process there runs"};
inline constexpr Problem kUnreachable{"net.unreachable", ErrorCode::kUnreachable,
                                      "there is no way to the address: no route, no network",
                                      "check the network, the VPN and the firewall"};
inline constexpr Problem kTimedOut{"net.timed-out", ErrorCode::kTimedOut,
                                   "no answer came in time: silent, far too slow, or filtered",
                                   "check the network, the VPN and the firewall, and try again"};
inline constexpr Problem kAddressNotAllowed{
    "net.address-not-allowed", ErrorCode::kForbidden,
    "the rules of whoever would connect (the proxy's --allow and --deny) leave no address out of "
    "those that the name has",
    "have the rules changed, or name another target"};
inline constexpr Problem kConnectionCut{"net.connection-cut", ErrorCode::kReset,
                                        "the other side, or something between, cut the connection",
                                        "try again; if it stays so, look at the other side's log"};
inline constexpr Problem kPortTaken{"net.port-taken", ErrorCode::kAlreadyExists,
                                    "another process listens on the port already",
                                    "choose another port or stop who has it"};
inline constexpr Problem kNotPermitted{
    "net.not-permitted", ErrorCode::kForbidden,
    "this system doesn't permit it; ports below 1024 need a privilege",
    "choose a port from 1024 on"};
inline constexpr Problem kAddressUnusable{"net.address-unusable", ErrorCode::kInvalid,
                                          "the address is none of this machine's",
                                          "use an address of this machine; ip address lists them"};
inline constexpr Problem kCancelled{"net.cancelled", ErrorCode::kCancelled,
                                    "it was ended before it was through", "try again"};
inline constexpr Problem kIo{"net.io", ErrorCode::kIo,
                             "this system refuses it for another reason, which is given",
                             "ferry doctor looks at this machine and its limits"};

// Proxies on the way, and what answers.
inline constexpr Problem kProxyRefuses{"net.proxy-refuses", ErrorCode::kUnreachable,
                                       "the HTTP or SOCKS proxy could not, or would not, connect",
                                       "check the target, and the proxy's own log"};
inline constexpr Problem kProxyForbids{
    "net.proxy-forbids", ErrorCode::kForbidden, "the HTTP or SOCKS proxy's rules forbid the target",
    "have the proxy allow this target, or leave it out with NO_PROXY"};
inline constexpr Problem kProxyWantsPassword{
    "net.proxy-wants-password", ErrorCode::kUnauthenticated,
    "the HTTP or SOCKS proxy wants another user and password",
    "check the user and password in the proxy's URL"};
inline constexpr Problem kProxyMalformed{"net.proxy-malformed", ErrorCode::kProtocol,
                                         "what answers is no proxy of the kind that its URL says",
                                         "check the proxy's URL"};
inline constexpr Problem kRequestImpossible{
    "net.request-impossible", ErrorCode::kInvalid,
    "a host, a user or a password is too long for the protocol, or holds what can't be sent",
    "correct it where it comes from: the target, or the proxy's URL"};
inline constexpr Problem kAnswerMalformed{
    "net.answer-malformed", ErrorCode::kProtocol,
    "what answers doesn't keep to HTTP or WebSocket: something else is at the address",
    "check the address, and what stands between here and there"};
inline constexpr Problem kHttpUnauthenticated{"net.http-unauthenticated",
                                              ErrorCode::kUnauthenticated,
                                              "HTTP 401 instead of a connection", "log in again"};
inline constexpr Problem kHttpForbidden{"net.http-forbidden", ErrorCode::kForbidden,
                                        "HTTP 403 instead of a connection",
                                        "ask for the right, or look at what stands between"};
inline constexpr Problem kHttpNotFound{"net.http-not-found", ErrorCode::kNotFound,
                                       "HTTP 404 instead of a connection",
                                       "check the name and the server's URL"};
inline constexpr Problem kHttpUnavailable{"net.http-unavailable", ErrorCode::kUnavailable,
                                          "a server's fault (HTTP 5xx) instead of a connection",
                                          "wait a moment and try again"};

// TLS.
inline constexpr Problem kPeerCertificateRefused{
    "net.peer-certificate-refused", ErrorCode::kUnauthenticated,
    "the other side's certificate is not trusted, has expired, or is for another name",
    "trust the authority that issued it, or have it renewed; check this machine's clock"};
inline constexpr Problem kNoPeerCertificate{"net.no-peer-certificate", ErrorCode::kUnauthenticated,
                                            "the other side showed no certificate, and has to",
                                            "both ends need certificates of the same installation"};
inline constexpr Problem kOwnCertificateRefused{
    "net.own-certificate-refused", ErrorCode::kUnauthenticated,
    "the other side does not accept this side's certificate",
    "check that both sides belong to the same installation and that the certificate has not "
    "expired"};
inline constexpr Problem kNotTls{"net.not-tls", ErrorCode::kProtocol,
                                 "what answers doesn't speak TLS",
                                 "check that TLS is spoken there"};
inline constexpr Problem kTlsBroken{"net.tls-broken", ErrorCode::kProtocol,
                                    "the other side broke off TLS, or broke its rules",
                                    "check what stands between here and there; the message has "
                                    "OpenSSL's words"};
inline constexpr Problem kCertificateUnreadable{
    "net.certificate-unreadable", ErrorCode::kInvalid,
    "a certificate can't be read: it is not PEM, or spoilt",
    "a certificate is expected as PEM text (-----BEGIN CERTIFICATE-----)"};
inline constexpr Problem kKeyUnreadable{"net.key-unreadable", ErrorCode::kInvalid,
                                        "a private key can't be read",
                                        "a private key is expected as unencrypted PEM text"};
inline constexpr Problem kKeyMismatch{"net.key-mismatch", ErrorCode::kInvalid,
                                      "the private key is not the certificate's",
                                      "check that the key belongs to the certificate"};
inline constexpr Problem kTlsSetupInvalid{
    "net.tls-setup-invalid", ErrorCode::kInvalid,
    "TLS can't be set up so: nothing is trusted, or a name can't be one",
    "check the certificate authority and the server's name"};
inline constexpr Problem kCertificateImpossible{
    "net.certificate-impossible", ErrorCode::kInvalid,
    "no certificate can be made for that name or that time",
    "choose a name of at most 64 characters"};
inline constexpr Problem kTlsLibrary{"net.tls-library", ErrorCode::kInternal,
                                     "OpenSSL refuses what it should not: memory, or its "
                                     "configuration on this machine",
                                     "look at openssl.cnf; report it if that is as it came"};
inline constexpr Problem kSignalUnwatchable{"net.signal-unwatchable", ErrorCode::kIo,
                                            "this system doesn't let a signal be watched for",
                                            "ferry doctor looks at this machine and its limits"};

}  // namespace ferry::net::problem
