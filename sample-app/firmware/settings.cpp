#include "firmware/settings.h"

namespace firmware {

using handsync::Text;

bool read_settings(Text page, Settings& out) {
  page = page.substr(0, page.find('\0'));
  while (!page.empty()) {
    const std::size_t end = page.find('\n');
    const Text line = page.substr(0, end);
    page = end == Text::npos ? Text() : page.substr(end + 1);
    if (line.empty()) {
      out.roots = page;
      break;
    }
    const std::size_t equals = line.find('=');
    if (equals == Text::npos) return false;
    const Text name = line.substr(0, equals), value = line.substr(equals + 1);
    if (name == "server") out.server = value;
    if (name == "connect") out.connect = value;
    if (name == "email") out.email = value;
    if (name == "password") out.password = value;
    if (name == "pin") out.pin = value;
    if (name == "seed") out.seed = value;
    if (name == "push") out.push = value != "no";
    if (name == "wall_ms") {
      for (const char digit : value) out.wall_ms = out.wall_ms * 10 + (digit - '0');
    }
  }
  return !out.server.empty() && !out.email.empty() && !out.roots.empty() && out.seed.size() >= 32 && out.wall_ms > 0;
}

}  // namespace firmware
