// Takes server-sent events apart (HTML standard, 9.2.6), as far as this API uses them: one "data"
// line an event; "event", comments and everything else is skipped.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

namespace ferry::control {

class SseParser {
 public:
  // Calls on_data with each complete data line of the bytes so far. False when a line is longer
  // than the bound, or when on_data returned false: nothing more is to be fed then.
  bool feed(std::string_view bytes, const std::function<bool(std::string_view)>& on_data);

 private:
  std::string line_;  // what came of an unfinished line
};

}  // namespace ferry::control
