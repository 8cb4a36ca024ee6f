// Carriers of sessions that are over, whose last words are on the way.
//
// To close a connection that still brings something resets it, and what was said last may be lost
// with it: its peer would see a cut instead of the reason. So they are shut down instead, what they
// bring is dropped, and they are let go when their peer has closed, or soon anyway.
#pragma once

#include <list>
#include <memory>

#include "net/loop.h"
#include "tunnel/io/carrier.h"

namespace ferry::tunnel {

class Farewells {
 public:
  // What is left when it is destroyed is closed.
  explicit Farewells(net::Loop& loop);
  ~Farewells();

  // The last words were written to it. Allowed from within one of its events.
  void take(std::unique_ptr<Carrier> carrier);

 private:
  class Leaving;
  void drop(Leaving& leaving);

  net::Loop& loop_;
  std::list<std::unique_ptr<Leaving>> leaving_;  // oldest first
};

}  // namespace ferry::tunnel
