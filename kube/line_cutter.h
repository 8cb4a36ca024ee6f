// Cuts a stream of bytes into lines, with a bound for what is kept of one.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

namespace ferry::kube {

class LineCutter {
 public:
  // Lines come without their line feed; false asks for the end.
  using OnLine = std::function<bool(std::string_view line)>;

  // What is too much for a line: its end is left out, or nothing more is taken.
  enum class Excess { kLeaveOut, kRefuse };

  // `on_line` outlives it. A line is at most `longest` bytes long.
  LineCutter(const OnLine& on_line, std::size_t longest, Excess excess)
      : on_line_(on_line), longest_(longest), excess_(excess) {}

  // False when on_line asked for the end, or a line is too long.
  bool take(std::string_view data);

  // The last line may lack its line feed.
  void finish();

  // Whether it was refused.
  bool too_long() const { return too_long_; }

 private:
  bool append(std::string_view data);
  bool flush();

  const OnLine& on_line_;
  const std::size_t longest_;
  const Excess excess_;
  std::string pending_;
  bool too_long_ = false;
};

}  // namespace ferry::kube
