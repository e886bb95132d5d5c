/// The order of steps of Autodiscover as a machine without I/O: it says which request comes next, and is told how that one ended.
/// Never a credential to a host whose certificate has not verified, never label stripping, at most 10 redirects, nothing twice.
#pragma once
#include "autodiscover/pox.h"

namespace handsync::autodiscover {

struct Url {                      ///< https only unless said
  bool tls = true;
  FixedText<253> host;
  std::uint16_t port = 443;
  FixedText<512> target;          ///< path and query
};
/// Refuses user-info, IP literals (unless `typed` by the user), other schemes than https (http only when allowed), control characters.
Result<Url> parse_url(Text, bool typed, bool http_allowed);

enum class Step : std::uint8_t {
  kPost,        ///< POST the POX request to url(), with credentials as user()
  kPlainGet,    ///< GET http url() WITHOUT credentials; only its Location counts
  kLookUp,      ///< DNS SRV srv_name()
  kConsent,     ///< ask the user whether credentials may go to host url().host
  kOptions,     ///< last resort and manual entry: OPTIONS at url() with credentials
  kFound,       ///< url() is the EAS endpoint, address() the address to use from now on
  kFailed,      ///< error(): the most telling failure of all steps
};

class Discovery {
 public:
  /// user empty: the full address first, then the part before @, each only after a 401.
  Status begin(Text email, Text user);
  Step step() const { return step_; }
  const Url& url() const { return url_; }
  Text user() const { return user_.view(); }
  Text address() const { return address_.view(); }
  Text srv_name() const { return srv_name_.view(); }
  Error error() const { return error_; }

  // how the last step ended; each moves on
  void answered(int http_status, Text location, Text body);   ///< kPost, kPlainGet
  void failed(Error);                                         ///< name, connect, TLS, time-out
  void looked_up(Text host, std::uint16_t port);              ///< empty host = none
  void consent(bool given);

 private:
  Step step_ = Step::kFailed;
  Url url_;
  FixedText<254> user_, address_, srv_name_;
  Error error_{};
  // the rest of the private part is the implementation's
};

}  // namespace handsync::autodiscover
