/// What the engine wants done. A closed list; everything borrowed is valid until the next call into the engine.
#pragma once
#include <variant>

#include "handsync/base.h"

namespace handsync {

enum class AccountId : std::uint16_t {};  ///< 1..accounts_max; also its hal::KeySlot. 0 = the device
enum class RequestId : std::uint32_t {};  ///< never reused within a boot
enum class JobId : std::uint32_t {};
enum class QuestionId : std::uint32_t {};

/// A lane is one kept-alive connection. kWait carries Ping or a hanging Sync, kWork everything else: so a SendMail
/// passes a Ping.
enum class Lane : std::uint8_t { kWait, kWork };
struct Header {
  Text name, value;
};

/// Which TLS parameters this account accepts. kLegacy is chosen by a person, per account, and never by itself.
enum class TlsLevel : std::uint8_t { kModern, kLegacy };

struct Send {
  RequestId id{};
  AccountId account{};
  Lane lane{};
  Text host;
  std::uint16_t port = 443;
  bool tls = true;  ///< false for one thing only: Autodiscover's unauthenticated GET
  TlsLevel tls_level = TlsLevel::kModern;
  Text method, target;              ///< target is path and query, already encoded
  Text label;                       ///< for logs and traces: "Sync", "Ping", "Autodiscover" ...
  std::span<const Header> headers;  ///< no Content-Length, Host, Cookie or Accept-Encoding: those are platform/http's
  std::uint64_t body_bytes = 0;     ///< exact. Pull with Engine::read_body; rewind before a second try
  std::uint32_t connect_s = 0, silence_s = 0, total_s = 0;
};
struct Cancel {
  RequestId id{};
};  ///< nothing more is to be reported for it
struct LookUp {
  RequestId id{};
  Text srv_name;
};  ///< DNS SRV
struct Run {
  JobId id{};
};  ///< slow device work: call Engine::job(id).run(..) off the engine thread, or inline

/// What a person is asked. Texts to show are in `detail`; answer with Engine::answered(id, choice, secret).
enum class Question : std::uint16_t {
  kAcceptPolicy,   ///< choices: 0 no, 1 yes. detail: number of settings; read them with Engine::policy
  kTrustRedirect,  ///< choices: 0 no, 1 yes. detail: the host that credentials would be sent to
  kCredentials,    ///< the server refuses the password; secret = a new one, choice 0 = give up
  kNewPin,         ///< the policy wants a PIN and none fits; secret = the new PIN, choice 0 = later
};
struct Ask {
  QuestionId id{};
  AccountId account{};
  Question question{};
  Text detail;
};
struct Withdraw {
  QuestionId id{};
};

enum class Notice : std::uint16_t {
  kState,  ///< the account's state changed: read Engine::account
  kFoldersChanged,
  kItemsChanged,  ///< folder, count; read the replica from `generation` on
  kItemParked,    ///< an item of folder could not be taken or sent; it is listed
  kIdle,  ///< nothing left to do that was asked for: sync() has been fulfilled (or has failed: see Engine::account)
  kPushWaiting,  ///< a Ping is open at the server
  kPolicyChanged,
  kLocked,
  kWiped,  ///< of the account, or of the device when account is 0
};
struct Tell {
  AccountId account{};
  Notice notice{};
  std::uint32_t folder = 0, count = 0;
  std::uint64_t generation = 0;
};

using Effect = std::variant<std::monostate, Send, Cancel, LookUp, Run, Ask, Withdraw, Tell>;

}  // namespace handsync
