#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/write_all.h"
#include "kube/exec/descriptor_reader.h"
#include "kube/exec/descriptor_writer.h"
#include "net/loop.h"
#include "net/timer.h"

namespace ferry::exec {
namespace {

class DescriptorsTest : public testing::Test {
 protected:
  DescriptorsTest() {
    std::signal(SIGPIPE, SIG_IGN);
    EXPECT_EQ(pipe2(pipe_.data(), O_CLOEXEC), 0);
  }
  ~DescriptorsTest() override {
    for (const int fd : pipe_) {
      if (fd >= 0) close(fd);
    }
  }
  void close_read_end() { close(std::exchange(pipe_[0], -1)); }
  void close_write_end() { close(std::exchange(pipe_[1], -1)); }
  std::string read_exactly(std::size_t size) const {
    std::string all;
    while (all.size() < size) {
      std::array<char, 4096> some;
      const ssize_t n = read(pipe_[0], some.data(), some.size());
      if (n <= 0) break;
      all.append(some.data(), static_cast<std::size_t>(n));
    }
    return all;
  }

  std::array<int, 2> pipe_{-1, -1};
  net::Loop loop_;
  net::Timer keeps_it_going_{loop_, [this] { loop_.stop(); }};
};

TEST_F(DescriptorsTest, AWriterTakesNoMoreThanItsRoomUntilSomebodyReads) {
  const std::string much(4 * DescriptorWriter::kRoom, 'x');
  DescriptorWriter writer(loop_, pipe_[1],
                          {.on_room = [this] { loop_.stop(); }, .on_broken = [](int) {}});
  const std::size_t first = writer.offer(as_bytes(much));
  EXPECT_EQ(first, DescriptorWriter::kRoom);
  EXPECT_EQ(read_exactly(first), much.substr(0, first));
  keeps_it_going_.start(std::chrono::seconds(20));
  loop_.run();  // until there is room
  EXPECT_TRUE(keeps_it_going_.active());
  EXPECT_EQ(writer.offer(as_bytes("more")), 4U);
  EXPECT_EQ(read_exactly(4), "more");
}

TEST_F(DescriptorsTest, AWriterTellsThatNobodyReadsAndTakesWhatComesThen) {
  close_read_end();
  int error = 0;
  DescriptorWriter writer(loop_, pipe_[1],
                          {.on_room = [] {},
                           .on_broken =
                               [&](int number) {
                                 error = number;
                                 loop_.stop();
                               }});
  writer.offer(as_bytes("x"));
  keeps_it_going_.start(std::chrono::seconds(20));
  loop_.run();
  EXPECT_EQ(error, EPIPE);
  const std::string much(4 * DescriptorWriter::kRoom, 'x');
  EXPECT_EQ(writer.offer(as_bytes(much)), much.size());
  writer.finish();
}

TEST_F(DescriptorsTest, ACancelledWriterWaitsForNobody) {
  const std::string much(2 * DescriptorWriter::kRoom, 'x');
  kube::CancelToken cancel;
  DescriptorWriter writer(
      loop_, pipe_[1], {.on_room = [] {}, .on_broken = [](int) { FAIL() << "it isn't"; }}, &cancel);
  EXPECT_EQ(writer.offer(as_bytes(much)), DescriptorWriter::kRoom);  // more than the pipe holds
  cancel.cancel();
  writer.finish();
}

TEST_F(DescriptorsTest, ACancelledWriterWritesWhatThereIsRoomFor) {
  kube::CancelToken cancel;
  cancel.cancel();
  DescriptorWriter writer(loop_, pipe_[1], {.on_room = [] {}, .on_broken = [](int) {}}, &cancel);
  writer.offer(as_bytes("last words"));
  writer.finish();
  EXPECT_EQ(read_exactly(10), "last words");
}

TEST_F(DescriptorsTest, AReaderGivesOnePieceAtATimeAndThenTheEnd) {
  const std::string sent(DescriptorReader::kMost + 10, 'x');
  write_all(pipe_[1], sent);
  close_write_end();
  std::vector<std::size_t> sizes;
  std::unique_ptr<DescriptorReader> reader;
  reader = std::make_unique<DescriptorReader>(loop_, pipe_[0], [&](Bytes bytes) {
    sizes.push_back(bytes.size());
    if (bytes.empty()) return loop_.stop();
    reader->next();
  });
  keeps_it_going_.start(std::chrono::seconds(20));
  loop_.run();
  EXPECT_EQ(sizes, (std::vector<std::size_t>{DescriptorReader::kMost, 10, 0}));
}

TEST_F(DescriptorsTest, AReaderLetsGoWhileNothingComes) {
  const DescriptorReader reader(loop_, pipe_[0], [](Bytes) {});
}

TEST_F(DescriptorsTest, WhatCannotBeReadHasEnded) {
  bool ended = false;
  const DescriptorReader reader(loop_, pipe_[1], [&](Bytes bytes) {
    ended = bytes.empty();
    loop_.stop();
  });
  close_read_end();  // lets poll() return
  keeps_it_going_.start(std::chrono::seconds(20));
  loop_.run();
  EXPECT_TRUE(ended);
}

}  // namespace
}  // namespace ferry::exec
