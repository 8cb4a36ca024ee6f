// Exchanges recorded from a real cluster: tests/fixtures/kubernetes-1.33.
#pragma once

#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace ferry::kube {

// Tests run in the repository's root. An unknown name reads as null.
inline nlohmann::json fixture(const std::string& name) {
  std::ifstream in("tests/fixtures/kubernetes-1.33/" + name + ".json");
  return nlohmann::json::parse(in, nullptr, false);
}

// The body of a recorded answer.
inline nlohmann::json fixture_body(const std::string& name) {
  return fixture(name).at("response").at("body");
}

inline std::vector<nlohmann::json> fixture_items(const std::string& name) {
  return fixture_body(name).at("items").get<std::vector<nlohmann::json>>();
}

}  // namespace ferry::kube
