#include "daemon/control/event_queue.h"

#include <gtest/gtest.h>

namespace ferry::control {
namespace {

using namespace std::chrono_literals;

Event event(std::string link, std::string message) {
  return {.link_id = std::move(link), .message = std::move(message)};
}

TEST(EventQueueTest, KeepsTheOrder) {
  EventQueue queue;
  queue.push(event("1", "b"));
  queue.push(event("1", "c"));
  queue.push_front(event("1", "a"));
  for (const auto* expected : {"a", "b", "c"}) EXPECT_EQ(queue.pop(0ms)->message, expected);
  EXPECT_FALSE(queue.pop(0ms));
}

TEST(EventQueueTest, KeepsOnlyOneLinksEventsOnceItIsKnown) {
  EventQueue queue;
  queue.push(event("1", "other"));
  queue.push(event("2", "mine"));
  queue.only("2");
  queue.push(event("1", "other"));
  queue.push(event("2", "mine too"));
  EXPECT_EQ(queue.pop(0ms)->message, "mine");
  EXPECT_EQ(queue.pop(0ms)->message, "mine too");
  EXPECT_FALSE(queue.pop(0ms));
}

TEST(EventQueueTest, DropsTheOldestOfAClientThatIsFarBehind) {
  EventQueue queue;
  for (int i = 0; i < 5000; ++i) queue.push(event("1", std::to_string(i)));
  const auto first = queue.pop(0ms);
  int last = std::stoi(first->message);
  EXPECT_GT(last, 0);
  while (const auto next = queue.pop(0ms)) last = std::stoi(next->message);
  EXPECT_EQ(last, 4999);
}

}  // namespace
}  // namespace ferry::control
