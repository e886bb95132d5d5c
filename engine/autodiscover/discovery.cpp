#include "autodiscover/discovery.h"

namespace handsync::autodiscover {
namespace {

constexpr Text kPoxPath = "/autodiscover/autodiscover.xml";
constexpr Text kEasPath = "/Microsoft-Server-ActiveSync";

/// Hosts of the one provider whose customers' domains all redirect there. Whole names only: a suffix would trust every
/// tenant's own.
constexpr Text kBuiltIn[] = {"outlook.office365.com", "autodiscover-s.outlook.com"};

constexpr std::uint8_t kRankNone = 0, kRankName = 1, kRankHttp = 2, kRankAnswer = 3, kRankTls = 4, kRankDeclined = 5,
                       kRankCredentials = 6;

bool is_redirect(int status) { return status == 301 || status == 302 || status == 307; }

/// 456 and 457 (account blocked, password expired) say as much about the log-on as 401.
bool is_about_credentials(Error error) {
  return error.domain == Domain::kHttp && (error.code == 401 || error.code == 456 || error.code == 457);
}

/// The more an error helps a person, the higher.
std::uint8_t rank_of(Error error) {
  if (is_about_credentials(error)) return kRankCredentials;
  if (error.domain == Domain::kTls) return kRankTls;
  if (error.domain == Domain::kDns) return kRankName;
  if (error == fault(Fault::kDeclined)) return kRankDeclined;
  if (error.domain == Domain::kHttp && error.code >= static_cast<std::int32_t>(Fault::kNotXml) && error.code < 100) {
    return kRankAnswer;
  }
  return kRankHttp;
}

Text domain_of(Text address) {
  const std::size_t at = address.rfind('@');
  return at == Text::npos ? Text{} : address.substr(at + 1);
}

template <std::size_t kBytesMax>
[[nodiscard]] bool join(FixedText<kBytesMax>& place, Text a, Text b) {
  char whole[kBytesMax];
  if (a.size() + b.size() > kBytesMax) return false;
  std::size_t size = 0;
  for (char value : a) whole[size++] = value;
  for (char value : b) whole[size++] = value;
  return place.assign(Text(whole, size));
}

Result<Url> make_url(Text prefix, Text domain, Text target) {
  FixedText<253> host;
  if (!join(host, prefix, domain)) return fault(Fault::kBadAddress);
  FixedText<300> whole;
  if (!join(whole, "https://", host.view())) return fault(Fault::kBadAddress);
  auto url = parse_url(whole.view(), false, false);
  if (url.ok() && !url.value().target.assign(target)) return fault(Fault::kBadUrl);
  return url;
}

/// A name with both ends, of visible characters and labels, no address literal, and with room for what goes before it.
bool is_address(Text address) {
  const Text domain = domain_of(address);
  if (domain.empty() || domain.back() == '.' || address.size() < domain.size() + 2) return false;
  return make_url({}, domain, kPoxPath).ok() && make_url("autodiscover.", domain, kPoxPath).ok();
}

// FNV-1a over folded bytes; parts are set apart. Two that collide cost one candidate, never a loop.
std::uint64_t mix(std::uint64_t hash, Text part) {
  for (char value : part) {
    const char folded = value >= 'A' && value <= 'Z' ? static_cast<char>(value - 'A' + 'a') : value;
    hash = (hash ^ static_cast<unsigned char>(folded)) * 1099511628211U;
  }
  return (hash ^ 0xFF) * 1099511628211U;
}
constexpr std::uint64_t kHashStart = 14695981039346656037U;

std::uint64_t key_of(Text kind, Text what) { return mix(mix(kHashStart, kind), what); }

/// The same URL for another address is another question.
std::uint64_t key_of(const Url& url, Text address) {
  const char port[] = {static_cast<char>(url.port >> 8), static_cast<char>(url.port & 0xFF)};
  return mix(mix(mix(key_of("url", url.host.view()), Text(port, 2)), url.target.view()), address);
}

}  // namespace

Text Discovery::domain() const { return domain_of(address_.view()); }

Status Discovery::begin(Text email, Text user) {
  *this = Discovery{};
  if (!is_address(email) || !given_user_.assign(user) || !address_.assign(email) ||
      !home_domain_.assign(domain_of(email))) {
    error_ = fault(Fault::kBadAddress);
    return error_;
  }
  (void)note(key_of("address", email));
  enter(Stage::kDomain);
  return Done{};
}

// -- stages ----------------------------------------------------------------------------------------------------------

void Discovery::next_stage() { enter(static_cast<Stage>(static_cast<std::uint8_t>(stage_) + 1)); }

void Discovery::enter(Stage stage) {
  stage_ = stage;
  sent_here_ = false;
  switch (stage_) {
    case Stage::kDomain:
      return try_post({});
    case Stage::kAutodiscover:
      return try_post("autodiscover.");
    case Stage::kPlain:
      return try_plain();
    case Stage::kSrv:
      if (!join(srv_name_, "_autodiscover._tcp.", domain())) return next_stage();
      step_ = Step::kLookUp;
      return;
    case Stage::kOptionsDomain:
      return try_options({});
    case Stage::kOptionsMail:
      return try_options("mail.");
    case Stage::kEnd:
      return fail();
  }
}

void Discovery::try_post(Text prefix) {
  auto url = make_url(prefix, domain(), kPoxPath);
  if (!url.ok() || !note(key_of(url.value(), address_.view()))) return next_stage();
  offer(Step::kPost, url.value(), false);
}

void Discovery::try_plain() {
  auto url = make_url("autodiscover.", domain(), kPoxPath);
  if (!url.ok()) return next_stage();
  url_ = url.value();
  url_.tls = false;
  url_.port = 80;
  step_ = Step::kPlainGet;
}

void Discovery::try_options(Text prefix) {
  auto url = make_url(prefix, domain(), kEasPath);
  if (!url.ok()) return next_stage();
  offer(Step::kOptions, url.value(), false);
}

void Discovery::fail() {
  if (error_rank_ == kRankNone) {
    error_ = fault(Fault::kNoMobileServer);
    (void)error_host_.assign(domain());
  }
  step_ = Step::kFailed;
}

void Discovery::remember(Error error, Text host) {
  const std::uint8_t rank = rank_of(error);
  // What the guesses of the last stages say matters only when nothing better is known.
  const bool guess = stage_ >= Stage::kPlain && !sent_here_;
  if (rank < error_rank_ || (guess && rank == error_rank_)) return;
  error_ = error;
  error_rank_ = rank;
  (void)error_host_.assign(host);
}

void Discovery::give_up_candidate(Error error) {
  remember(error, url_.host.view());
  next_stage();
}

// -- where credentials go --------------------------------------------------------------------------------------------

bool Discovery::consented(Text host) const {
  for (Text one : kBuiltIn) {
    if (one == host) return true;
  }
  for (const auto& one : consented_) {
    if (!one.empty() && one.view() == host) return true;
  }
  return false;
}

bool Discovery::trusted(Text host) const {
  return consented(host) || is_within(host, home_domain_.view()) || (domain_consented_ && is_within(host, domain()));
}

/// Goes to `step` at `url`, with a question before it where the host is not known to be the user's. `always_ask`: what
/// named the host is not authenticated, so that being within the domain is not enough.
void Discovery::offer(Step step, const Url& url, bool always_ask) {
  const Text host = url.host.view();
  const bool may = always_ask ? consented(host) : trusted(host);
  if (!may && seen(key_of("declined", host))) {
    remember(fault(Fault::kDeclined), host);
    return next_stage();
  }
  url_ = url;
  after_consent_ = step;
  first_form();
  step_ = may ? step : Step::kConsent;
}

void Discovery::consent(bool given) {
  if (step_ != Step::kConsent) return;
  const Text host = url_.host.view();
  // The question may be about the domain of an address we were sent to: all its candidates lie below it.
  const bool new_domain =
      !is_within(domain(), home_domain_.view()) && is_within(host, domain()) && is_within(domain(), host);
  if (given) {
    (void)consented_[consents_++ % kConsentedMax].assign(host);
    if (new_domain) domain_consented_ = true;
    step_ = after_consent_;
    return;
  }
  (void)note(key_of("declined", host));
  remember(fault(Fault::kDeclined), host);
  if (new_domain) return fail();
  next_stage();
}

// -- user forms ------------------------------------------------------------------------------------------------------

void Discovery::first_form() {
  local_form_ = false;
  user_ = given_user_.empty() ? address_ : given_user_;
}

bool Discovery::next_form() {
  if (local_form_ || !given_user_.empty()) return false;
  local_form_ = true;
  const Text address = address_.view();
  return user_.assign(address.substr(0, address.rfind('@')));
}

void Discovery::credentials_refused() {
  if (next_form()) return;
  const bool any_web_site = !sent_here_ && stage_ != Stage::kAutodiscover;
  remember(Error{Domain::kHttp, 401, 0}, url_.host.view());
  if (any_web_site) return next_stage();
  fail();
}

// -- answers ---------------------------------------------------------------------------------------------------------

void Discovery::answered(int http_status, Text location, Text body, Memory memory) {
  if (step_ == Step::kPlainGet) {
    // Nothing here is authenticated: the body is ignored, and a Location is only a suggestion to a person.
    if (http_status == 301 || http_status == 302) return redirect(location, true);
    return next_stage();
  }
  if (step_ != Step::kPost && step_ != Step::kOptions) return;
  if (http_status == 401) return credentials_refused();
  if (step_ == Step::kOptions && http_status == 200) {
    // Web sites answer 200 to anything.
    if (body.empty()) return give_up_candidate(fault(Fault::kNothing));
    step_ = Step::kFound;
    return;
  }
  if (step_ == Step::kPost && http_status == 200) return take_answer(body, memory);
  if (step_ == Step::kPost && is_redirect(http_status)) return redirect(location, false);
  give_up_candidate(Error{Domain::kHttp, http_status, 0});
}

void Discovery::failed(Error error) {
  if (step_ == Step::kLookUp) return next_stage();
  if (step_ == Step::kPost || step_ == Step::kPlainGet || step_ == Step::kOptions) give_up_candidate(error);
}

void Discovery::looked_up(Text host, std::uint16_t port) {
  if (step_ != Step::kLookUp) return;
  if (host.empty() || host == "." || port != 443) return next_stage();
  auto url = make_url({}, host, kPoxPath);
  if (!url.ok()) return give_up_candidate(url.error());
  visit(url.value(), true);
}

void Discovery::take_answer(Text body, Memory memory) {
  auto parsed = parse(body, memory);
  if (!parsed.ok() && parsed.error().domain == Domain::kMemory) {  // that says nothing of the server
    error_rank_ = kRankNone;
    remember(parsed.error(), url_.host.view());
    return fail();
  }
  if (!parsed.ok()) return give_up_candidate(parsed.error());
  if (parsed.value().answer == Answer::kError) {
    return give_up_candidate(fault(Fault::kServerSays, parsed.value().error_code));
  }
  if (parsed.value().answer == Answer::kRedirectAddress) return redirect_address(parsed.value().address.view());
  auto url = parse_url(parsed.value().url.view(), false, false);
  if (!url.ok()) return give_up_candidate(url.error());
  // Who answered is verified and has been trusted with the credentials: its word for the server counts, unlike a
  // redirect's.
  url_ = url.value();
  if (!parsed.value().address.empty()) address_ = parsed.value().address;
  step_ = Step::kFound;
}

bool Discovery::may_redirect() {
  if (redirects_ == kRedirectsMax) return false;
  ++redirects_;
  return true;
}

void Discovery::redirect(Text location, bool always_ask) {
  auto url = parse_url(location, false, false);
  // A path alone stays at the same host, which for the plain GET is not https.
  if (!url.ok() && url_.tls && location.size() > 1 && location[0] == '/' && location[1] != '/') {
    FixedText<1024> whole;
    FixedText<300> origin;
    if (join(origin, "https://", url_.host.view()) && join(whole, origin.view(), location)) {
      url = parse_url(whole.view(), false, false);
      if (url.ok()) url.value().port = url_.port;
    }
  }
  if (!url.ok()) return give_up_candidate(url.error());
  if (!may_redirect()) return give_up_candidate(fault(Fault::kTooManyRedirects));
  visit(url.value(), always_ask);
}

void Discovery::visit(const Url& url, bool always_ask) {
  if (!note(key_of(url, address_.view()))) return give_up_candidate(fault(Fault::kLoop));
  sent_here_ = true;
  offer(Step::kPost, url, always_ask);
}

void Discovery::redirect_address(Text address) {
  if (!is_address(address)) return give_up_candidate(fault(Fault::kBadAddress));
  if (!may_redirect()) return give_up_candidate(fault(Fault::kTooManyRedirects));
  if (!note(key_of("address", address))) return give_up_candidate(fault(Fault::kLoop));
  (void)address_.assign(address);
  domain_consented_ = false;
  enter(Stage::kDomain);
}

// -- what has been
// -----------------------------------------------------------------------------------------------------

bool Discovery::seen(std::uint64_t key) const {
  for (std::size_t i = 0; i < seen_count_; ++i) {
    if (seen_[i] == key) return true;
  }
  return false;
}

bool Discovery::note(std::uint64_t key) {
  if (seen(key) || seen_count_ == kSeenMax) return false;
  seen_[seen_count_++] = key;
  return true;
}

}  // namespace handsync::autodiscover
