/// The order of steps of Autodiscover as a machine without I/O: it says which request comes next, and is told how that
/// one ended. Never a credential to a host whose certificate has not verified, never label stripping, at most 10
/// redirects, nothing twice.
#pragma once
#include "autodiscover/pox.h"

namespace handsync::autodiscover {

/// https only unless said; the host in lower case, without a final dot or the brackets of an IPv6 literal.
struct Url {
  bool tls = true;
  FixedText<253> host;
  std::uint16_t port = 443;
  FixedText<512> target;  ///< path and query
};
/// Refuses user-info, IP literals (unless `typed` by the user), other schemes than https (http only when allowed),
/// control characters. Typed: a bare host stands for https. A fragment is dropped, an empty path becomes "/".
Result<Url> parse_url(Text, bool typed, bool http_allowed);

/// Whether `host` is `domain` or a name below it. No label is ever stripped from either.
bool is_within(Text host, Text domain);

enum class Step : std::uint8_t {
  kPost,      ///< POST the POX request (for address()) to url(), with credentials as user()
  kPlainGet,  ///< GET http url() WITHOUT credentials; only its Location counts
  kLookUp,    ///< DNS SRV srv_name()
  kConsent,   ///< ask the user whether credentials may go to host url().host: a redirect or SRV named it
  kOptions,   ///< last resort: OPTIONS at url() with credentials as user()
  kFound,     ///< url() is the EAS endpoint, address() the address and user() the name to use from now on
  kFailed,    ///< error(): the most telling failure of all steps
};

/// In this order: POST at the domain, POST at autodiscover. + domain, plain GET there, SRV,
/// OPTIONS at the domain and at mail. + domain. A 401 at the bare domain may be any web site's and moves on; a 401 to
/// every user form at an Autodiscover host, or at one we were sent to, ends the search: going on would lock the
/// account.
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
  Text error_host() const { return error_host_.view(); }  ///< who it is about: the host that failed, or was declined

  // how the last step ended; each moves on
  /// kPost, kPlainGet, kOptions. `body`: for kPost what was answered, for kOptions the value of MS-ASProtocolVersions:
  /// a 200 without it is any web site's.
  void answered(int http_status, Text location, Text body, Memory);
  void failed(Error);                             ///< name, connect, TLS, time-out
  void looked_up(Text host, std::uint16_t port);  ///< empty host = none
  void consent(bool given);

 private:
  enum class Stage : std::uint8_t { kDomain, kAutodiscover, kPlain, kSrv, kOptionsDomain, kOptionsMail, kEnd };
  static constexpr std::size_t kRedirectsMax = 10, kSeenMax = 96, kConsentedMax = 4;

  void enter(Stage);
  void next_stage();
  void try_post(Text prefix);
  void try_plain();
  void try_options(Text prefix);
  void offer(Step, const Url&, bool always_ask);
  void first_form();
  bool next_form();
  void credentials_refused();
  void take_answer(Text body, Memory memory);
  void redirect(Text location, bool always_ask);
  void redirect_address(Text address);
  void visit(const Url&, bool always_ask);
  void give_up_candidate(Error);
  void remember(Error, Text host);
  void fail();
  bool trusted(Text host) const;
  bool consented(Text host) const;
  bool may_redirect();
  bool seen(std::uint64_t key) const;
  bool note(std::uint64_t key);  // false: seen before, or no room to remember more
  Text domain() const;

  Step step_ = Step::kFailed;
  Step after_consent_ = Step::kFailed;
  Stage stage_ = Stage::kEnd;
  Url url_;
  FixedText<254> given_user_, user_, address_, srv_name_;
  FixedText<253> home_domain_, error_host_;
  FixedText<253> consented_[kConsentedMax];
  std::size_t consents_ = 0;
  bool domain_consented_ = false;  // of an address we were redirected to
  bool local_form_ = false;
  bool sent_here_ = false;  // url_ is where a redirect or SRV pointed
  std::size_t redirects_ = 0, seen_count_ = 0;
  std::uint64_t seen_[kSeenMax]{};
  Error error_{};
  std::uint8_t error_rank_ = 0;
};

}  // namespace handsync::autodiscover
