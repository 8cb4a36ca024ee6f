#include "cli/ide/script.h"

#include "cli/ide/plan.h"

namespace ferry::cli::ide {
namespace {

std::string joined(const std::vector<std::string>& words) {
  std::string out;
  for (const auto& word : words) out += (out.empty() ? "" : " ") + quoted(word);
  return out;
}

// In the project's folder, wherever that is.
std::string head() {
  return std::string("#!/bin/sh\n") + kScriptMark + "\ncd \"$(dirname \"$0\")/..\" || exit 1\n";
}

// setsid: it outlives the terminal that the IDE runs this script on. flock keeps the lock itself
// and hands it to nobody (-o), not to ferryd either.
constexpr const char* kWait = R"(log=.ferry/NAME.log
lock=.ferry/NAME.lock
running=75

if flock -n -E "$running" "$lock" true; then
  : >"$log"
fi
setsid flock -n -o -E "$running" "$lock" COMMAND >>"$log" 2>&1 </dev/null &
pid=$!
trap 'kill -TERM -"$pid"; wait "$pid"; exit 130' INT TERM HUP

code=
until grep -q -E READY "$log"; do
  if [ -z "$code" ] && ! kill -0 "$pid" 2>/dev/null; then
    wait "$pid"
    code=$?
  fi
  if [ -n "$code" ] && flock -n "$lock" true; then
    cat "$log" >&2
    [ "$code" -ne 0 ] || code=1
    exit "$code"
  fi
  sleep 0.2
done
cat "$log"
)";

void replace(std::string& text, const std::string& from, const std::string& to) {
  for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
}

}  // namespace

const char* const kScriptMark = "# Written by 'ferry ide jetbrains', which writes it anew.";

std::string quoted(const std::string& word) {
  constexpr const char* kPlain =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-+=:,./@%";
  if (!word.empty() && word.find_first_not_of(kPlain) == std::string::npos) return word;
  std::string inside = word;
  replace(inside, "'", "'\\''");
  return "'" + inside + "'";
}

std::string plain_script(const std::vector<std::string>& words) {
  return head() + "exec " + joined(words) + "\n";
}

std::string background_script(const std::vector<std::string>& words, const std::string& ready,
                              const std::string& name) {
  std::string text = kWait;
  replace(text, "NAME", name);
  replace(text, "READY", quoted(ready));
  replace(text, "COMMAND", joined(words));  // the last: its words may hold any of these
  return head() + text;
}

}  // namespace ferry::cli::ide
