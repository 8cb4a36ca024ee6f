// For a stream that wraps its bytes (in records, in frames) before a lower stream takes them: when
// are the bytes as they were written handed on? Included by sources of net/ only.
#pragma once

#include <cstddef>
#include <vector>

namespace ferry::net {

class WriteLedger {
 public:
  // `plain` bytes went to the lower stream as `wrapped` bytes, of which it handed on `at_once`.
  // Returns how many plain bytes are handed on by that.
  std::size_t add(std::size_t plain, std::size_t wrapped, std::size_t at_once) {
    if (batches_.empty() && at_once == wrapped) return plain;
    batches_.push_back({plain, wrapped - at_once});
    pending_ += plain;
    return 0;
  }

  // The lower stream reported `wrapped` bytes. Returns how many plain bytes are handed on by that.
  std::size_t handed_on(std::size_t wrapped) {
    std::size_t plain = 0;
    auto first = batches_.begin();
    for (; first != batches_.end() && first->wrapped <= wrapped; ++first) {
      wrapped -= first->wrapped;
      plain += first->plain;
    }
    batches_.erase(batches_.begin(), first);
    if (!batches_.empty()) batches_.front().wrapped -= wrapped;
    pending_ -= plain;
    return plain;
  }

  std::size_t pending() const { return pending_; }  // plain bytes

 private:
  struct Batch {
    std::size_t plain;
    std::size_t wrapped;
  };
  std::vector<Batch> batches_;  // oldest first
  std::size_t pending_ = 0;
};

}  // namespace ferry::net
