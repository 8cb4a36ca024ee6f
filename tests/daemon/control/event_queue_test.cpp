#include "daemon/control/event_queue.h"

#include <gtest/gtest.h>
#include <poll.h>

namespace ferry::control {
namespace {

Event event(std::string link, std::string message) {
  return {.link_id = std::move(link), .message = std::move(message)};
}

TEST(EventQueueTest, KeepsTheOrder) {
  EventQueue queue;
  queue.push(event("1", "b"));
  queue.push(event("1", "c"));
  queue.push_front(event("1", "a"));
  for (const auto* expected : {"a", "b", "c"}) EXPECT_EQ(queue.pop()->message, expected);
  EXPECT_FALSE(queue.pop());
}

bool is_readable(const EventQueue& queue) {
  pollfd wanted{.fd = queue.descriptor(), .events = POLLIN, .revents = 0};
  return poll(&wanted, 1, 0) == 1;
}

TEST(EventQueueTest, ItsDescriptorIsReadableWhileThereIsSomethingToPop) {
  EventQueue queue;
  EXPECT_FALSE(is_readable(queue));
  queue.push(event("1", "a"));
  queue.push_front(event("1", "b"));
  queue.pop();
  EXPECT_TRUE(is_readable(queue));
  queue.pop();
  EXPECT_FALSE(is_readable(queue));
  queue.push(event("1", "a"));
  queue.only("2");
  EXPECT_FALSE(is_readable(queue));
}

TEST(EventQueueTest, KeepsOnlyOneLinksEventsOnceItIsKnown) {
  EventQueue queue;
  queue.push(event("1", "other"));
  queue.push(event("2", "mine"));
  queue.only("2");
  queue.push(event("1", "other"));
  queue.push(event("2", "mine too"));
  EXPECT_EQ(queue.pop()->message, "mine");
  EXPECT_EQ(queue.pop()->message, "mine too");
  EXPECT_FALSE(queue.pop());
}

TEST(EventQueueTest, DropsTheOldestOfAClientThatIsFarBehind) {
  EventQueue queue;
  for (int i = 0; i < 5000; ++i) queue.push(event("1", std::to_string(i)));
  const auto first = queue.pop();
  int last = std::stoi(first->message);
  EXPECT_GT(last, 0);
  while (const auto next = queue.pop()) last = std::stoi(next->message);
  EXPECT_EQ(last, 4999);
}

}  // namespace
}  // namespace ferry::control
