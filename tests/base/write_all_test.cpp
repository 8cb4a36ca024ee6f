#include "base/write_all.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>
#include <thread>

namespace ferry {
namespace {

TEST(WriteAllTest, WritesMoreThanAPipeHoldsAtOnce) {
  std::array<int, 2> ends{};
  ASSERT_EQ(pipe(ends.data()), 0);
  const std::string bytes(1'000'000, 'x');
  std::string got;
  std::thread reader([&] {
    std::array<char, 4096> piece{};
    for (ssize_t n = 0; (n = read(ends[0], piece.data(), piece.size())) > 0;) {
      got.append(piece.data(), static_cast<std::size_t>(n));
    }
  });
  EXPECT_TRUE(write_all(ends[1], bytes));
  close(ends[1]);
  reader.join();
  close(ends[0]);
  EXPECT_EQ(got, bytes);
}

TEST(WriteAllTest, SaysWhyItCannot) {
  EXPECT_FALSE(write_all(-1, "x"));
  EXPECT_EQ(errno, EBADF);
  EXPECT_TRUE(write_all(-1, ""));
}

}  // namespace
}  // namespace ferry
