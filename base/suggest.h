// "did you mean": the nearest of the names that would have been right.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace ferry {

// The candidate with the fewest typing slips (insertion, deletion, replacement, two neighbours
// swapped), if they are few for the word's length; empty if none is near.
std::string nearest(std::string_view word, const std::vector<std::string>& candidates);

// "did you mean 'status'?", or nothing.
std::string did_you_mean(std::string_view word, const std::vector<std::string>& candidates);

// "did you mean 'status'? else see ...": what is to be done, after such a hint, which may be empty.
std::string with_hint(const std::string& hint, const std::string& fix);

// "a, b or c"
std::string one_of(const std::vector<std::string>& names);

}  // namespace ferry
