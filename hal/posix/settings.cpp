#include "posix/settings.h"

#include <algorithm>

namespace handsync::hal::posix {

Settings parse_settings(Text text) {
  Settings settings;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const Text line = text.substr(0, end);
    if (const std::size_t blank = line.find(' '); blank != Text::npos) {
      settings[std::string(line.substr(0, blank))] = std::string(line.substr(blank + 1));
    }
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return settings;
}

std::string write_settings(const Settings& settings) {
  std::string text;
  for (const auto& [name, value] : settings) text.append(name).append(" ").append(value).append("\n");
  return text;
}

}  // namespace handsync::hal::posix
