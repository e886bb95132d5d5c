/// A command as it was typed, with everything that only the process it was typed in can know: so that it can be carried
/// out there or by the owner of the home.
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "handset/command_line.h"

namespace handset {

struct Request {
  std::vector<std::string> arguments;  ///< without the program's name
  std::string working_directory;
  std::map<std::string, std::string> files;  ///< name as typed -> content: password, PIN and CA files
  bool out_terminal = false, err_terminal = false, can_ask = false;
  std::size_t columns = 80;
  std::optional<long> utc_offset_s;
  std::string zone;  ///< $TZ

  std::string to_json() const;
  static std::optional<Request> from_json(const std::string&);
};

/// Reads the files that the command names. Throws usage.
Request make_request(const std::vector<std::string>& arguments, const CommandLine&);

}  // namespace handset
