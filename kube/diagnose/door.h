// What should take connections, as far as the API server tells, and what follows where it doesn't:
// a Service and its pods may look well, and nobody listens on the port.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "kube/api.h"
#include "kube/diagnose/finding.h"
#include "kube/diagnose/service_findings.h"

namespace ferry::diagnose {

struct Door {
  std::string object;      // "svc/web", "pod/web-1"
  std::string pod;         // whose port it is; empty: the Service's own address
  std::string host;        // a name or an address of the cluster's network
  std::uint16_t port = 0;  // at that host
  std::string http_path;   // what to ask for over HTTP; empty: to be connected to alone

  bool operator==(const Door&) const = default;
};

enum class DoorState : std::uint8_t {
  kOpen,
  kRefused,  // nobody listens
  kSilent,   // no answer
  kClosed,   // another failure, which the words tell
  kHttpBad,  // it takes connections, and what it says over HTTP is an error of the server's, or
             // none
};

// What came of trying one.
struct Knock {
  Door door;
  DoorState state = DoorState::kOpen;
  std::string words;  // of whoever tried
};

// Of a Service: its own address, and the ports behind it of two ready pods. TCP only. A pod's port
// is to be asked over HTTP where a probe does it (for the probe's path), or where it is called http
// (for /).
std::vector<Door> service_doors(const ServiceFacts& facts);
// Of two ready pods: the TCP ports that they declare.
std::vector<Door> pod_doors(const std::vector<kube::Json>& pods);

// The pods' causes before that of the Service, which follows from them.
std::vector<Finding> door_findings(const std::vector<Knock>& knocks);

}  // namespace ferry::diagnose
