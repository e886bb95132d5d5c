/// What goes over the wire, written down: `--trace FILE` as readable XML for people, and the requests alone for the
/// wire referee of the tests (HANDSYNC_WIRE_LOG, tests/conformance/wire/README.md). Secrets are masked before anything
/// is written.
///
/// TraceHub is what the carrier reports to. Its Trace functions run on the phone's thread; open() and close() on any.
#pragma once
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "pump/trace.h"

namespace handset {

/// One request and its answer, as far as they have come.
struct Exchange {
  std::string account, label, host, head;
  std::string request_body;  ///< kept only while a wire log is written
  std::string request_xml, response_head, response_xml;
  std::uint64_t request_bytes = 0, response_bytes = 0, announced_bytes = 0;
  bool logged = false;
};

class TraceHub final : public handsync::Trace {
 public:
  /// `email_of`: an account's address, "" when there is none yet; called on the phone's thread.
  explicit TraceHub(std::function<std::string(handsync::AccountId)> email_of);
  ~TraceHub();

  /// Appends to a file of mode 0600. Throws Failure with exit status 9. One file may be opened several times.
  void open(const std::string& path);
  void close(const std::string& path);
  void close_all();  ///< a wiped phone leaves no trace: the files go as well

  void request_head(handsync::RequestId, handsync::AccountId, handsync::Text label, handsync::Text host,
                    handsync::Text head) override;
  void request_body(handsync::RequestId, handsync::Bytes) override;
  void response_head(handsync::RequestId, int http_status, std::span<const handsync::Header>) override;
  void response_body(handsync::RequestId, handsync::Bytes) override;
  void ended(handsync::RequestId, handsync::Error) override;

 private:
  class Body;
  struct Live;
  struct File {
    std::string path;
    int fd = -1, users = 0;
  };
  bool tracing() const;
  void log_request(Exchange&);

  std::function<std::string(handsync::AccountId)> email_of_;
  std::map<handsync::RequestId, std::unique_ptr<Live>> live_;
  mutable std::mutex mutex_;  // of files_
  std::vector<File> files_;
  int wire_fd_ = -1;
};

/// A head with every secret in it replaced: credentials, cookies. `scheme_only`: as the wire log wants them.
std::string masked_head(const std::string& head, bool scheme_only);

/// The line of the wire log, without its end.
std::string wire_line(const Exchange&);

}  // namespace handset
