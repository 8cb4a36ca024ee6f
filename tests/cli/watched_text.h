// What a command prints, readable from another thread while it runs.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <ostream>
#include <streambuf>
#include <string>

namespace ferry::cli {

class WatchedText final : public std::streambuf {
 public:
  std::ostream& stream() { return stream_; }

  std::string str() {
    const std::lock_guard lock(mutex_);
    return text_;
  }

  // Waits up to 10 s until the text holds this.
  bool wait_for(const std::string& part) {
    std::unique_lock lock(mutex_);
    return grown_.wait_for(lock, std::chrono::seconds(10),
                           [&] { return text_.find(part) != std::string::npos; });
  }

 private:
  int_type overflow(int_type c) override {
    const char byte = traits_type::to_char_type(c);
    xsputn(&byte, 1);
    return c;
  }
  std::streamsize xsputn(const char* data, std::streamsize size) override {
    const std::lock_guard lock(mutex_);
    text_.append(data, static_cast<std::size_t>(size));
    grown_.notify_all();
    return size;
  }

  std::ostream stream_{this};
  std::mutex mutex_;
  std::condition_variable grown_;
  std::string text_;
};

}  // namespace ferry::cli
