#include "daemon/link_table.h"

#include <spdlog/spdlog.h>

#include <utility>

#include "daemon/control/limits.h"
#include "daemon/problems.h"

namespace ferry::daemon {

using control::EventKind;

namespace {

// What a link is last seen as, when somebody asked for its end.
control::LinkStatus ending(control::LinkStatus status) {
  status.state = control::LinkState::kEnding;
  status.reason.clear();
  status.since = control::unix_millis_now();
  return status;
}

}  // namespace

Error no_such_link(const std::string& id) {
  return {problem::kNoSuchLink, "looking for the link " + id, "there is no such link",
          "`ferry list` shows the links there are"};
}

LinkTable::LinkTable(const LinkHouse& house, const LinkStore& store, EventHub& events)
    : house_(house), store_(store), events_(events) {}

void LinkTable::restore() {
  auto stored = store_.load();
  if (!stored) {
    const Error& error = stored.error();
    spdlog::error("detached links are not taken up: {}{}{}", error.summary(),
                  error.fix.empty() ? "" : "; ", error.fix);
    return;
  }
  for (StoredLink& link : *stored) {
    if (links_.count(link.id) != 0) continue;
    spdlog::info("link {}: taken up again, {}", link.id, to_string(link.spec.target));
    remembered_[link.id] = link.spec;
    make(link.id, std::move(link.spec), true);
  }
}

Result<control::LinkStatus> LinkTable::add(control::LinkSpec spec) {
  const std::string what = "forwarding to " + to_string(spec.target);
  if (closed_) {
    return fail(problem::kEnding, what, "the daemon is ending", "try again in a moment");
  }
  if (links_.size() >= control::kMaxLinks) {
    return fail(problem::kTooManyLinks, what, "there are too many links already",
                "end some with `ferry leave`");
  }
  std::string id;
  do {
    id = "f" + std::to_string(++made_);
  } while (links_.count(id) != 0);
  make(id, std::move(spec), false);
  return links_[id]->status();
}

void LinkTable::make(const std::string& id, control::LinkSpec spec, bool keep_trying) {
  LinkEvents& events = *this;
  auto link = std::make_unique<Link>(house_, id, std::move(spec), keep_trying, events);
  link->start();
  links_[id] = std::move(link);
}

Status LinkTable::remove(const std::string& id) {
  const auto found = links_.find(id);
  if (found == links_.end()) return fail(no_such_link(id));
  control::Event event{.kind = EventKind::kEnded, .link_id = id};
  event.link = ending(found->second->status());
  links_.erase(found);
  if (remembered_.erase(id) != 0) save();
  spdlog::info("link {}: ended", id);
  events_.publish(std::move(event));
  return {};
}

Result<control::LinkStatus> LinkTable::status(const std::string& id) const {
  const auto found = links_.find(id);
  if (found == links_.end()) return fail(no_such_link(id));
  return found->second->status();
}

Result<control::KubeAccess> LinkTable::place(const std::string& id) const {
  const auto found = links_.find(id);
  if (found == links_.end()) return fail(no_such_link(id));
  return found->second->spec().kube;
}

std::vector<control::LinkStatus> LinkTable::status() const {
  std::vector<control::LinkStatus> all;
  for (const auto& entry : links_) all.push_back(entry.second->status());
  return all;
}

void LinkTable::test_now(const std::string& id) {
  const auto found = links_.find(id);
  if (found != links_.end()) found->second->test_now();
}

void LinkTable::sample_rates() {
  for (const auto& entry : links_) entry.second->sample_rate();
}

void LinkTable::close() {
  closed_ = true;
  for (auto& [id, link] : std::exchange(links_, {})) {
    control::Event event{.kind = EventKind::kEnded, .link_id = id};
    event.message = "the daemon is ending";
    event.link = ending(link->status());
    link.reset();
    events_.publish(std::move(event));
  }
}

// A link is remembered once it listens, with the ports that it listens on.
void LinkTable::on_link_changed(Link& link) {
  if (link.spec().detach && link.listening()) {
    auto& spec = remembered_[link.id()];
    if (!(spec == link.spec())) {
      spec = link.spec();
      save();
    }
  }
  control::Event event{.kind = EventKind::kLink, .link_id = link.id()};
  event.link = link.status();
  events_.publish(std::move(event));
}

void LinkTable::on_link_message(Link& link, EventKind kind, const std::string& message) {
  events_.publish({.kind = kind, .link_id = link.id(), .message = message});
}

void LinkTable::on_link_failed(Link& link, const Error& error) {
  const std::string id = link.id();
  control::Event event{.kind = EventKind::kLink, .link_id = id};
  event.link = link.status();
  event.error = error;
  events_.publish(event);
  event.kind = EventKind::kEnded;
  events_.publish(std::move(event));
  const auto found = links_.find(id);
  house_.loop.delete_later(std::move(found->second));
  links_.erase(found);
  if (remembered_.erase(id) != 0) save();
}

void LinkTable::save() {
  std::vector<StoredLink> links;
  for (const auto& [id, spec] : remembered_) links.push_back({id, spec});
  if (auto saved = store_.save(links); !saved) {
    spdlog::error("detached links are not remembered: {}", saved.error().summary());
  }
}

}  // namespace ferry::daemon
