#include "base/process_memory.h"

#include <gtest/gtest.h>
#include <sys/prctl.h>

#include <array>
#include <string>

namespace ferry {
namespace {

TEST(ProcessMemoryTest, IsHiddenUntilItIsShownAgain) {
  ASSERT_EQ(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0), 1);
  hide_memory();
  EXPECT_EQ(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0), 0);
  show_memory();
  EXPECT_EQ(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0), 1);
}

TEST(ProcessMemoryTest, AWipedSecretIsNoMore) {
  std::string text = "a text that is long enough to have memory of its own";
  const char* const place = text.data();
  const std::size_t size = text.size();
  wipe(text);
  EXPECT_TRUE(text.empty());
  EXPECT_EQ(std::string(place, size), std::string(size, '\0'));  // still the text's own memory
  std::array<std::uint8_t, 3> bytes = {1, 2, 3};
  wipe(bytes);
  EXPECT_EQ(bytes, (std::array<std::uint8_t, 3>{}));
}

}  // namespace
}  // namespace ferry
