#include "base/byte_queue.h"

#include <gtest/gtest.h>

#include <string>

namespace ferry {
namespace {

TEST(ByteQueueTest, GivesBytesBackInOrder) {
  ByteQueue queue;
  queue.append(as_bytes("abc"));
  queue.append(as_bytes("def"));
  queue.pop(2);
  EXPECT_EQ(as_text(queue.front()), "cdef");
  EXPECT_EQ(queue.size(), 4U);
}

TEST(ByteQueueTest, StaysInOrderWhenAppendingMovesTheRestDown) {
  ByteQueue queue;
  std::string expected;
  std::string seen;
  for (int i = 0; i < 1000; ++i) {
    const std::string piece(static_cast<std::size_t>(i % 7 + 1), static_cast<char>('a' + i % 26));
    queue.append(as_bytes(piece));
    expected += piece;
    const std::size_t n = queue.size() / 2;
    seen += as_text(queue.front().first(n));
    queue.pop(n);
  }
  seen += as_text(queue.front());
  EXPECT_EQ(seen, expected);
}

TEST(ByteQueueTest, IsEmptyAfterClear) {
  ByteQueue queue;
  queue.append(as_bytes(std::string(1 << 20, 'x')));
  queue.clear();
  EXPECT_TRUE(queue.empty());
  queue.append(as_bytes("y"));
  EXPECT_EQ(as_text(queue.front()), "y");
}

}  // namespace
}  // namespace ferry
