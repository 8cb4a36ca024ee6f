// The PROXY protocol, version 2: a header that tells a server who really connected to it.
// https://www.haproxy.org/download/2.8/doc/proxy-protocol.txt, section 2.2
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace ferry::daemon {

// For a connection over TCP from `caller` ("10.244.0.7:51234", "[fd00::1]:51234"). The address that
// it was made to is not known here and given as the unspecified one, with `port`. A caller that
// can't be read makes a header of the form LOCAL, which says nothing of anybody.
std::vector<std::uint8_t> proxy_protocol_header(std::string_view caller, std::uint16_t port);

}  // namespace ferry::daemon
