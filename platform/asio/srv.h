/// DNS SRV look-ups (RFC 2782) by c-ares on an io_context.
#pragma once
#include <asio/io_context.hpp>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace handsync {

class SrvResolver {
 public:
  using Answer = std::function<void(const std::vector<std::string>& hosts)>;  ///< "host:port", best first; empty = none

  /// `servers`: "ADDRESS:PORT,.." instead of the system's name servers.
  explicit SrvResolver(asio::io_context&, std::string servers = "");
  ~SrvResolver();  ///< answers that are still out are dropped
  SrvResolver(const SrvResolver&) = delete;
  SrvResolver& operator=(const SrvResolver&) = delete;

  void look_up(const std::string& name, Answer);  ///< the answer comes from the loop, never from inside

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace handsync
