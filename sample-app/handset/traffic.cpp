#include "handset/traffic.h"

#include "handset/text.h"

namespace handset {
namespace {

constexpr const char* kKinds[] = {"sync", "ping", "folders", "policy", "message", "other"};
static_assert(std::size(kKinds) == static_cast<std::size_t>(handsync::RequestKind::kCount));

std::uint64_t at(const Home::Traffic& traffic, const std::string& name) {
  const auto found = traffic.find(name);
  return found == traffic.end() ? 0 : found->second;
}

}  // namespace

Home::Traffic traffic_of(const handsync::AccountView& view) {
  const handsync::Traffic& from = view.traffic;
  Home::Traffic traffic = {{"requests", view.requests},
                           {"bytes_in", view.bytes_in},
                           {"bytes_out", view.bytes_out},
                           {"wakes", from.wakes},
                           {"round_trips", from.round_trips},
                           {"connections", from.carried.connections},
                           {"handshakes_full", from.carried.handshakes_full},
                           {"handshakes_resumed", from.carried.handshakes_resumed},
                           {"wire_bytes_in", from.carried.bytes_in},
                           {"wire_bytes_out", from.carried.bytes_out}};
  for (std::size_t i = 0; i < std::size(kKinds); ++i) {
    const std::string kind = kKinds[i];
    traffic["requests_" + kind] = from.kinds[i].requests;
    traffic["bytes_in_" + kind] = from.kinds[i].bytes_in;
    traffic["bytes_out_" + kind] = from.kinds[i].bytes_out;
  }
  return traffic;
}

std::string traffic_text(const Home::Traffic& traffic) {
  std::string kinds;
  for (const char* kind : kKinds) {
    if (const std::uint64_t count = at(traffic, std::string("requests_") + kind); count != 0)
      kinds += (kinds.empty() ? " (" : ", ") + std::to_string(count) + " " + kind;
  }
  return std::to_string(at(traffic, "requests")) + " requests" + kinds + (kinds.empty() ? "" : ")") + ", " +
         size_text(at(traffic, "bytes_in")) + " in, " + size_text(at(traffic, "bytes_out")) + " out";
}

std::string connections_text(const Home::Traffic& traffic) {
  return std::to_string(at(traffic, "connections")) + " (" + std::to_string(at(traffic, "handshakes_full")) +
         " full handshakes, " + std::to_string(at(traffic, "handshakes_resumed")) + " resumed), " +
         size_text(at(traffic, "wire_bytes_in")) + " in, " + size_text(at(traffic, "wire_bytes_out")) + " out; " +
         std::to_string(at(traffic, "wakes")) + " wakes, " + std::to_string(at(traffic, "round_trips")) +
         " round trips";
}

}  // namespace handset
