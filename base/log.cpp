#include "base/log.h"

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/rotating_file_sink.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <memory>

#include "base/problems.h"

namespace ferry {
namespace {

constexpr std::string_view kHex = "0123456789abcdef";

// The message, without what a peer may have put into it to pass for another line or to steer the
// terminal that the log is read in.
class PrintableMessage final : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg& msg, const std::tm&,
              spdlog::memory_buf_t& out) override {
    for (const char c : msg.payload) {
      const auto byte = static_cast<unsigned char>(c);
      if (byte >= 0x20 && byte != 0x7f) {
        out.push_back(c);
        continue;
      }
      for (const char part : {'\\', 'x', kHex[byte >> 4U], kHex[byte & 0xFU]}) out.push_back(part);
    }
  }
  std::unique_ptr<spdlog::custom_flag_formatter> clone() const override {
    return std::make_unique<PrintableMessage>();
  }
};

std::unique_ptr<spdlog::formatter> text_formatter() {
  auto formatter = std::make_unique<spdlog::pattern_formatter>();
  formatter->add_flag<PrintableMessage>('*').set_pattern("%Y-%m-%d %H:%M:%S.%e %^%-5l%$ %*");
  return formatter;
}

// A message may hold quotes and control characters of a peer's choosing; each line must still be
// one JSON object.
class JsonSafeFormatter final : public spdlog::formatter {
 public:
  void format(const spdlog::details::log_msg& msg, spdlog::memory_buf_t& out) override {
    head_.format(msg, out);
    for (const char c : msg.payload) append_escaped(c, out);
    append("\"}\n", out);
  }
  std::unique_ptr<spdlog::formatter> clone() const override {
    return std::make_unique<JsonSafeFormatter>();
  }

 private:
  static void append(std::string_view text, spdlog::memory_buf_t& out) {
    out.append(text.data(), text.data() + text.size());
  }
  static void append_escaped(char c, spdlog::memory_buf_t& out) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out.push_back('\\');
      out.push_back(c);
    } else if (byte < 0x20) {
      append("\\u00", out);
      out.push_back(kHex[byte >> 4U]);
      out.push_back(kHex[byte & 0xFU]);
    } else {
      out.push_back(c);
    }
  }

  spdlog::pattern_formatter head_{R"({"time":"%Y-%m-%dT%H:%M:%S.%e%z","level":"%l","message":")",
                                  spdlog::pattern_time_type::local, ""};
};

}  // namespace

Status init_log(const LogOptions& options) {
  const auto level = spdlog::level::from_str(options.level);
  if (level == spdlog::level::off && options.level != "off") {
    return fail(problem::kLogLevelUnknown, "setting the log level to '" + options.level + "'",
                "no such level", "use trace, debug, info, warning, error, critical or off");
  }
  std::shared_ptr<spdlog::logger> logger;
  try {
    if (options.file.empty()) {
      logger = std::make_shared<spdlog::logger>(
          "ferry", std::make_shared<spdlog::sinks::stderr_color_sink_mt>());
    } else {
      logger = std::make_shared<spdlog::logger>(
          "ferry", std::make_shared<spdlog::sinks::rotating_file_sink_mt>(
                       options.file, options.rotate_bytes, options.rotate_files));
    }
  } catch (const spdlog::spdlog_ex& e) {
    return fail(problem::kLogFileFails, "opening the log file " + options.file, e.what());
  }
  logger->set_level(level);
  logger->flush_on(spdlog::level::info);
  if (options.format == LogFormat::kJson) {
    logger->set_formatter(std::make_unique<JsonSafeFormatter>());
  } else {
    logger->set_formatter(text_formatter());
  }
  spdlog::set_default_logger(std::move(logger));
  return {};
}

}  // namespace ferry
