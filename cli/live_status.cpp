#include "cli/live_status.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

#include "cli/human.h"
#include "cli/output.h"
#include "cli/terminal.h"

namespace ferry::cli {
namespace {

using control::LinkState;
using control::LinkStatus;
using control::TunnelState;
using control::TunnelStatus;

constexpr std::size_t kRates = 60;  // that are kept of each link
constexpr std::size_t kGap = 2;     // between columns

enum Column : std::size_t {
  kLink,
  kTarget,
  kState,
  kCurve,
  kRate,
  kStreams,
  kRoundTrip,
  kResumes,
  kErrors,
  kTested,
  kColumns
};
constexpr std::array<const char*, kColumns> kHeader = {
    "LINK", "TARGET", "STATE", "", "RATE", "STREAMS", "ROUND TRIP", "RESUMES", "ERRORS", "TESTED"};
// Left out first where the window is narrow.
constexpr std::array<Column, 4> kDispensable = {kResumes, kRoundTrip, kCurve, kTested};

bool is_inside_character(char c) { return (static_cast<unsigned char>(c) & 0xc0U) == 0x80; }

std::size_t width_of(const std::string& text) {
  return text.size() -
         static_cast<std::size_t>(std::count_if(text.begin(), text.end(), is_inside_character));
}

std::string cut(const std::string& text, std::size_t columns) {
  std::size_t at = 0;
  for (std::size_t count = 0; at < text.size(); ++at) {
    if (!is_inside_character(text[at]) && ++count > columns) break;
  }
  return text.substr(0, at);
}

// On one line.
std::string in_line(std::string text) {
  std::replace(text.begin(), text.end(), '\n', ' ');
  return printable(text);
}

std::string why(const std::string& reason) {
  return reason.empty() ? std::string() : ": " + in_line(reason);
}

const char* color_of(LinkState state) {
  if (state == LinkState::kActive) return kGreen;
  return state == LinkState::kFailed ? kRed : kYellow;
}

template <typename Item>
const Item* find(const std::vector<Item>& items, const std::string& id) {
  const auto found =
      std::find_if(items.begin(), items.end(), [&](const Item& item) { return item.id == id; });
  return found == items.end() ? nullptr : &*found;
}

std::string name_of_link(const LinkStatus& link) {
  return "link " + link.id + " " + to_string(link.target);
}

std::string tested(const control::SelfTest& test, control::UnixMillis now) {
  if (test.tested == 0) return "-";
  return (test.error ? "failed " : "") + human_age(now - test.tested) + " ago";
}

// Rows of cells as lines, without the columns for which there is no room.
class Sheet {
 public:
  explicit Sheet(std::size_t columns) : columns_(columns) {
    std::copy(kHeader.begin(), kHeader.end(), std::back_inserter(rows_.emplace_back()));
  }
  void add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }

  // `paint`: a colour for the state; null: none.
  std::string line(std::size_t index, const char* paint) const {
    std::string out;
    std::size_t used = 0;
    for (std::size_t i = 0; i < kColumns; ++i) {
      if (!shown(i)) continue;
      const std::string& cell = rows_[index][i];
      const bool painted = i == kState && paint != nullptr && used + width_of(cell) <= columns_;
      const std::string text = used < columns_ ? cut(cell, columns_ - used) : std::string();
      out += painted ? paint + text + kPlain : text;
      const std::size_t pad = widths_[i] - width_of(cell) + kGap;
      out += std::string(pad, ' ');
      used += widths_[i] + kGap;
    }
    out.erase(out.find_last_not_of(' ') + 1);
    return paint == nullptr ? cut(out, columns_) : out;
  }

  void lay_out() {
    widths_.fill(0);
    for (const auto& row : rows_) {
      for (std::size_t i = 0; i < kColumns; ++i) {
        widths_[i] = std::max(widths_[i], width_of(row[i]));
      }
    }
    for (const Column column : kDispensable) {
      if (total() <= columns_) break;
      hidden_[column] = true;
    }
  }

 private:
  bool shown(std::size_t column) const { return !hidden_[column]; }
  std::size_t total() const {
    std::size_t sum = 0;
    for (std::size_t i = 0; i < kColumns; ++i) sum += shown(i) ? widths_[i] + kGap : 0;
    return sum - kGap;
  }

  const std::size_t columns_;
  std::vector<std::vector<std::string>> rows_;
  std::array<std::size_t, kColumns> widths_{};
  std::array<bool, kColumns> hidden_{};
};

}  // namespace

std::string sparkline(const std::deque<std::uint64_t>& rates, std::size_t width, bool utf8) {
  static constexpr std::array<const char*, 9> kBars = {" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  static constexpr std::array<const char*, 9> kAscii = {" ", "_", ".", "-", ":",
                                                        "=", "+", "*", "#"};
  const std::size_t count = std::min(width, rates.size());
  const auto first = rates.end() - static_cast<std::ptrdiff_t>(count);
  const std::uint64_t largest = count == 0 ? 0 : *std::max_element(first, rates.end());
  std::string out(width - count, ' ');
  for (auto rate = first; rate != rates.end(); ++rate) {
    // What flows at all is seen.
    const auto part =
        static_cast<double>(*rate) / static_cast<double>(std::max(largest, std::uint64_t{1}));
    const auto level =
        *rate == 0 ? 0 : std::max<std::size_t>(1, static_cast<std::size_t>(part * 8));
    out += utf8 ? kBars.at(level) : kAscii.at(level);
  }
  return out;
}

// --- what changes --------------------------------------------------------------------------------

void LiveStatus::update(const Result<control::DaemonStatus>& status, control::UnixMillis now) {
  changes_.clear();
  now_ = now;
  const bool ran = std::exchange(runs_, status.has_value());
  const bool hung = std::exchange(hangs_, !status && status.error().code == ErrorCode::kTimedOut);
  if (!runs_) {
    if (ran || !updated_) gone_since_ = now;
    if (hangs_ && !hung) changes_.emplace_back("ferryd does not answer");
    if (!hangs_ && (ran || hung)) changes_.emplace_back("ferryd has ended");
    if (!hangs_ && !updated_) changes_.emplace_back("ferryd is not running");
  } else {
    const bool another = seen_ && seen_->pid != status->pid;
    if (another) flows_.clear();
    if (!ran || another) {
      const char* came = hung && !another ? "answers again" : seen_ ? "runs again" : "runs";
      changes_.push_back(std::string("ferryd ") + came + ", pid " + std::to_string(status->pid));
    }
    note_changes(*status);
    take_rates(*status);
    seen_ = *status;
  }
  updated_ = true;
}

void LiveStatus::note_changes(const control::DaemonStatus& now) {
  for (const auto& tunnel : now.tunnels) note_tunnel(tunnel);
  for (const auto& link : now.links) note_link(link);
  if (!seen_) return;
  for (const auto& link : seen_->links) {
    if (find(now.links, link.id) == nullptr) changes_.push_back(name_of_link(link) + ": gone");
  }
}

void LiveStatus::note_tunnel(const TunnelStatus& tunnel) {
  const auto* before = seen_ ? find(seen_->tunnels, tunnel.id) : nullptr;
  const bool same = before != nullptr && before->state == tunnel.state &&
                    before->reason == tunnel.reason && before->reconnects == tunnel.reconnects;
  if (same) return;
  std::string line = "tunnel " + tunnel.id + " " + in_line(tunnel.peer) + ": " +
                     std::string(name_of(tunnel.state)) + why(tunnel.reason);
  if (before != nullptr && tunnel.reconnects > before->reconnects) line += " again";
  changes_.push_back(std::move(line));
}

// Something that lasted less than a second shows in `since` alone.
void LiveStatus::note_link(const LinkStatus& link) {
  const auto* before = seen_ ? find(seen_->links, link.id) : nullptr;
  const bool same_state = before != nullptr && before->state == link.state;
  if (!same_state || before->since != link.since || before->reason != link.reason) {
    const bool again = same_state && before->since != link.since;
    changes_.push_back(name_of_link(link) + ": " + std::string(name_of(link.state)) +
                       (again ? " again" : "") + why(link.reason));
  }
  if (before == nullptr) return;
  const auto failed = link.traffic.failed_connections;
  const auto known = before->traffic.failed_connections;
  if (failed > known) {
    changes_.push_back(name_of_link(link) + ": " + std::to_string(failed - known) +
                       (failed - known == 1 ? " connection" : " connections") + " failed" +
                       why(link.last_error ? link.last_error->summary() : ""));
  }
}

void LiveStatus::take_rates(const control::DaemonStatus& now) {
  std::map<std::string, Flow> flows;
  for (const auto& link : now.links) {
    Flow flow = flows_[link.id];
    const auto bytes = link.traffic.bytes_sent + link.traffic.bytes_received;
    const auto time = now_ - flow.at;
    // What a session that broke took along makes it less.
    const auto more = bytes > flow.bytes ? bytes - flow.bytes : 0;
    if (flow.at != 0 && time > 0) {
      flow.rates.push_back(more * 1000 / static_cast<std::uint64_t>(time));
    }
    if (flow.rates.size() > kRates) flow.rates.pop_front();
    flow.bytes = bytes;
    flow.at = now_;
    flows[link.id] = std::move(flow);
  }
  flows_ = std::move(flows);
}

// --- the picture ---------------------------------------------------------------------------------

std::string LiveStatus::headline() const {
  if (!seen_) {
    return hangs_ ? "ferryd does not answer"
                  : "ferryd is not running; it starts with the first link";
  }
  const std::string name = "ferryd " + seen_->version + ", pid " + std::to_string(seen_->pid);
  if (hangs_) {
    return name + ", has not answered for " + human_age(now_ - gone_since_) +
           "; this is what was last seen";
  }
  if (!runs_) {
    return name + ", ended " + human_age(now_ - gone_since_) + " ago; this is what was last seen";
  }
  return name + ", running for " + human_age(now_ - seen_->started);
}

std::vector<std::string> LiveStatus::row(const LinkStatus& link, const Screen& screen) const {
  const auto* tunnel = find(seen_->tunnels, link.tunnel);
  const auto flow = flows_.find(link.id);
  static const std::deque<std::uint64_t> kNone;
  const auto& rates = flow == flows_.end() ? kNone : flow->second.rates;
  const std::size_t curve = std::clamp<std::size_t>(screen.columns / 5, 8, 30);
  std::vector<std::string> cells(kColumns);
  cells[kLink] = link.id;
  cells[kTarget] = to_string(link.target);
  cells[kState] = name_of(link.state);
  cells[kCurve] = sparkline(rates, curve, screen.utf8);
  cells[kRate] = human_rate(rates.empty() ? 0 : rates.back());
  cells[kStreams] = std::to_string(link.traffic.open_connections);
  cells[kRoundTrip] = tunnel == nullptr ? "-" : human_round_trip(tunnel->round_trip_microseconds);
  cells[kResumes] = tunnel == nullptr ? "-" : std::to_string(tunnel->reconnects);
  cells[kErrors] = std::to_string(link.traffic.failed_connections);
  cells[kTested] = tested(link.test, now_);
  return cells;
}

std::string LiveStatus::picture(const Screen& screen) const {
  std::vector<std::string> lines = {cut(headline(), screen.columns), ""};
  if (seen_ && seen_->links.empty()) lines.emplace_back("no links");
  if (seen_ && !seen_->links.empty()) {
    Sheet sheet(screen.columns);
    for (const auto& link : seen_->links) sheet.add(row(link, screen));
    sheet.lay_out();
    lines.push_back(sheet.line(0, nullptr));
    for (std::size_t i = 0; i < seen_->links.size(); ++i) {
      const auto& link = seen_->links[i];
      const bool paint = screen.color && runs_;
      lines.push_back(sheet.line(i + 1, paint ? color_of(link.state) : nullptr));
      if (!link.reason.empty()) {
        lines.push_back(cut("      " + in_line(link.reason), screen.columns));
      }
    }
    for (const auto& tunnel : seen_->tunnels) {
      if (tunnel.state == TunnelState::kReady) continue;
      lines.push_back(cut("tunnel " + tunnel.id + " " + in_line(tunnel.peer) + ": " +
                              std::string(name_of(tunnel.state)) + " for " +
                              human_age(now_ - tunnel.since) + why(tunnel.reason),
                          screen.columns));
    }
  }
  const std::size_t room = std::max<std::size_t>(screen.rows, 2);
  if (lines.size() > room) {
    const std::size_t over = lines.size() - room + 1;
    lines.resize(room - 1);
    lines.push_back(cut("and " + std::to_string(over) + " lines more: the window is too small",
                        screen.columns));
  }
  std::string out;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const bool dim = screen.color && (!runs_ || i == 2) && !lines[i].empty();
    out += (dim ? kDim + lines[i] + kPlain : lines[i]) + "\n";
  }
  return out;
}

}  // namespace ferry::cli
