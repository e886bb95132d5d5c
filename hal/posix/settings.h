/// Small state of a port as lines "name value".
#pragma once
#include <charconv>
#include <map>
#include <string>

#include "handsync/base.h"

namespace handsync::hal::posix {

using Settings = std::map<std::string, std::string>;

Settings parse_settings(Text text);
std::string write_settings(const Settings& settings);

template <class Number>
Number number_in(const Settings& settings, const std::string& name, Number otherwise) {
  const auto found = settings.find(name);
  if (found == settings.end()) return otherwise;
  Number value{};
  const char* const end = found->second.data() + found->second.size();
  return std::from_chars(found->second.data(), end, value).ptr == end ? value : otherwise;
}

}  // namespace handsync::hal::posix
