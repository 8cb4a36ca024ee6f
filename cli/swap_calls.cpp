#include "cli/swap_calls.h"

#include <atomic>
#include <thread>
#include <utility>

#include "cli/hand_over.h"

namespace ferry::cli {

using control::Event;

struct SwapCalls::Shared {
  HandOver<SwapNews> news;
  std::atomic<bool> follow = true;
};

namespace {

Status follow_leftovers(const control::Client& client, const control::Target& workload,
                        const control::Client::OnEvent& on_event) {
  const auto links = client.links();
  if (!links) return fail(links.error());
  for (const auto& link : *links) {
    if (link.target != workload || link.state != control::LinkState::kEnding) continue;
    const auto followed = client.follow(link.id, on_event);
    // Over before it could be asked for.
    if (!followed && followed.error().code != ErrorCode::kNotFound) return followed;
  }
  return {};
}

// Swapped, and said to work or why it does not.
bool stands(const Event& event, bool until_local) {
  if (!event.link || !event.link->swap) return false;
  if (until_local && event.link->swap->phase == control::SwapPhase::kWaiting) return true;
  const auto state = event.link->state;
  return event.link->swap->phase == control::SwapPhase::kSwapped &&
         (state == control::LinkState::kActive || state == control::LinkState::kWaiting);
}

}  // namespace

SwapCalls::SwapCalls() : shared_(std::make_shared<Shared>()) {}

SwapCalls::~SwapCalls() = default;

int SwapCalls::fd() const { return shared_->news.fd(); }

std::deque<SwapNews> SwapCalls::take() { return shared_->news.take(); }

void SwapCalls::follow(bool on) { shared_->follow = on; }

void SwapCalls::stream(const control::SwapSpec& spec, StreamSteps steps) {
  std::thread([shared = shared_, client = *client_, spec, steps] {
    const auto tell = [&](const Event& event) {
      shared->news.push(event);
      return shared->follow || !stands(event, steps.until_local);
    };
    const auto wait_only = [](const Event&) { return true; };
    Status status;
    if (steps.leftovers && steps.swap) status = follow_leftovers(client, spec.workload, wait_only);
    if (steps.leftovers && !steps.swap) status = follow_leftovers(client, spec.workload, tell);
    if (status && steps.swap) status = client.create(spec, tell);
    shared->news.push(StreamEnd{std::move(status)});
  }).detach();
}

void SwapCalls::remove(const std::string& id) {
  std::thread([shared = shared_, client = *client_, id] {
    shared->news.push(Removed{client.remove(id)});
  }).detach();
}

void SwapCalls::environment(const std::string& id) {
  std::thread([shared = shared_, client = *client_, id] {
    shared->news.push(client.environment(id));
  }).detach();
}

}  // namespace ferry::cli
