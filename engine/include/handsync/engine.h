/// The engine: a value that is told what happened and says what it wants. No socket, thread, clock or random source
/// inside. One thread (or one lock) calls everything here except Job::run. No call blocks longer than one flash sync,
/// none re-enters the host: effects are pulled, not called back. How a host runs it: platform/pump/pump.h.
#pragma once
#include "handsync/changes.h"
#include "handsync/effect.h"
#include "handsync/file_sink.h"
#include "handsync/hal/device.h"
#include "handsync/inquiry.h"
#include "handsync/memory.h"
#include "handsync/replica.h"

namespace handsync {

/// What TLS can testify about the peer of a response. A policy or a wipe counts only when verified and from the
/// enrolled host.
struct Channel {
  bool verified = false;  ///< chain, validity and host name were checked
  std::byte spki_sha256[32]{};
};
struct Network {
  std::byte id[16]{};
  bool up = true, metered = false, roaming = false, portal = false;
};
/// What an account's connections have carried, as the host counts it at its sockets: sums since the engine was opened.
struct Carried {
  std::uint64_t connections = 0;  ///< that came up
  std::uint64_t handshakes_full = 0, handshakes_resumed = 0;
  std::uint64_t bytes_in = 0, bytes_out = 0;  ///< as the socket takes them: TLS included, TCP not
};
struct Wake {
  std::uint64_t at_ms = UINT64_MAX;      ///< mono_ms at which tick() has something to do; UINT64_MAX = never
  std::uint64_t latest_ms = UINT64_MAX;  ///< may be joined with other timers up to here
  bool from_sleep = false;               ///< false: not worth waking the device for
};

/// Slow device work with copies of all it needs. Knows the Device, not the Engine: safe on any one thread.
struct Job {
  virtual void run(hal::Device&, hal::Progress&) = 0;

 protected:
  ~Job() = default;
};

struct Options {
  Text directory;             ///< replicas live here as account-N.db; the host made it (0700)
  const char* vfs = nullptr;  ///< SQLite VFS; null = the default one
  bool replica_sealed =
      false;  ///< `vfs` seals every page: it is refused where it does not, and policies may count on it
  Text user_agent = "Handsync/0.1";  ///< constant for the life of the installation
  Text device_type = "Handsync";     ///< letters and digits; constant too
  Text os_name = "Handsync", os_language = "en-us", friendly_name = "Handsync";
  std::uint16_t accounts_max = 4;
  std::uint16_t page_bytes = 4096;  ///< small profile: 1024
  std::uint16_t cache_kib = 256;    ///< small profile: 64
  std::uint16_t arrival_kib = 256;  ///< RAM of the arrival log; small profile: 16
};

/// What becomes of the device's text messages (SMS) in an account, from protocol version 14.0 on and with
/// hal::Messaging (MS-ASMS). Those that the device receives go to the first account that wants them.
enum class TextMode : std::uint8_t {
  kOff,
  kSync,         ///< received and sent ones are uploaded, and those of the mailbox kept in step
  kSyncAndSend,  ///< the device also sends what appears in the server's Outbox, at the user's cost (EnableOutboundSMS)
};

/// What add_account takes. Texts are copied.
struct AccountSettings {
  Text email;
  Text user;                             ///< empty: Autodiscover's rule (address, then the part before @)
  Text server;                           ///< empty: Autodiscover; else a bare host, host:port or https URL
  std::uint16_t days = 30;               ///< rounded up to the protocol's steps (MS-ASCMD 2.2.3.68.2); 0 = all
  std::uint32_t body_bytes_max = 32768;  ///< UINT32_MAX = all, 0 = headers only
  TlsLevel tls_level = TlsLevel::kModern;
  std::uint16_t window_max = 512;  ///< upper bound of the adaptive WindowSize, 1..512
  TextMode texts = TextMode::kSync;
  /// Where an event, contact, task or note was changed here and at the server, in the same property (MS-ASCMD 2.2.3.34
  /// Conflict): the server wins, or the client. What loses is kept in the queue. Single occurrences: the server.
  bool client_wins = false;
};

inline constexpr std::uint16_t kPushMode = 0, kManualMode = UINT16_MAX;
inline constexpr std::uint16_t kIntervalMinMinutes = 5, kIntervalMaxMinutes = 240;  ///< every four hours at least
/// How an account is kept in step while push is on (Engine::push). A mode is kPushMode, kManualMode (nothing goes out
/// but what a person asks for), or the minutes between two visits. Kept with the account over restarts.
struct Schedule {
  std::uint16_t peak_mode = kPushMode, off_peak_mode = kPushMode;
  std::uint8_t peak_from_h = 8, peak_to_h = 20;  ///< local hours, 0 to 24; over midnight too; equal: peak all day
  bool manual_when_roaming = false;              ///< the person's wish; a policy may demand it anyway
  friend bool operator==(const Schedule&, const Schedule&) = default;
};
struct Power {
  std::uint8_t percent = 100;
  bool charging = false;
};

/// What set_account changes; the rest stays. The password is copied.
struct AccountChange {
  bool has_days = false, has_body_bytes_max = false, has_password = false, has_texts = false, has_conflict = false;
  bool client_wins = false;
  std::uint16_t days = 0;
  std::uint32_t body_bytes_max = 0;
  TextMode texts = TextMode::kSync;
  Bytes password;
};

enum class AccountState : std::uint8_t {
  kAdding,  ///< discovery, OPTIONS, provisioning, first FolderSync
  kReady,
  kSyncing,
  kWaiting,  ///< push: a Ping is open
  kBackOff,  ///< after a failure: next try at next_ms
  kBlocked,  ///< needs a person or an administrator: see error
  kWiped,
};

/// What requests are counted by.
enum class RequestKind : std::uint8_t {
  kSync,
  kPing,
  kFolders,  ///< FolderSync and changes of folders
  kPolicy,   ///< Provision, Settings
  kMessage,  ///< SendMail, SmartReply, SmartForward
  kOther,    ///< Autodiscover, OPTIONS, ItemOperations, MoveItems ...
  kCount
};
/// What an account costs, since the boot.
struct Traffic {
  struct Kind {
    std::uint64_t requests = 0, bytes_in = 0, bytes_out = 0;  ///< bodies
  } kinds[static_cast<std::size_t>(RequestKind::kCount)];
  Carried carried;                ///< zero where the host does not report it
  std::uint64_t wakes = 0;        ///< of the radio: traffic after ten seconds or more without
  std::uint64_t round_trips = 0;  ///< 1 a connection and an answer, 2 a full handshake, 1 a resumed one (TLS 1.2)
};

/// A copy; nothing borrowed.
struct AccountView {
  AccountId id{};
  FixedText<254> email, user, server;
  AccountState state{};
  Error error{};              ///< the last failure, kNone after a success
  FixedText<256> detail;      ///< what remedies could not know: a host, a setting's name
  FixedText<48> throttled;    ///< the reason a server gave for sending us away (X-MS-ASThrottle); empty = none
  std::uint16_t version = 0;  ///< 120, 121, 140, 141, 160, 161; 0 = not yet negotiated
  std::uint32_t policy_key = 0;
  std::int64_t policy_wall_ms = 0, last_sync_wall_ms = 0;
  std::uint32_t heartbeat_s = 0;
  std::uint64_t next_ms = 0;  ///< mono_ms when it next goes to the server by itself; UINT64_MAX = never
  Schedule schedule;
  std::uint16_t mode = kPushMode;  ///< what it comes to just now
  TlsLevel tls_level{};
  TextMode texts{};
  Error texts_refused{};  ///< why none are uploaded and sent just now; none = they are
  std::uint64_t requests = 0, bytes_in = 0, bytes_out = 0;  ///< bodies, this boot: sums of traffic.kinds
  Traffic traffic;
  std::uint64_t added = 0, changed = 0, deleted = 0, sent = 0, parked = 0;  ///< this boot
};

/// One row of what a policy asks (MS-ASPROV 2.2.2.28 EASProvisionDoc) and what becomes of it here.
enum class Enforcement : std::uint8_t { kEnforced, kPartial, kAbsent, kNotFitted, kEngine };
struct PolicyRow {
  Text setting;  ///< the element's name
  std::int64_t value = 0;
  AccountId account{};  ///< 0 = the strictest merge
  Enforcement state{};
};

/// What a person types before the last tries (DeviceView::codeword_wanted); shown to whoever asks.
inline constexpr Text kPinCodeword = "a1b2c3";

struct DeviceView {
  bool locked = false, pin_set = false, pin_required = false, pin_must_change = false, wiped = false, wiping = false;
  std::uint16_t tries_left = 0;    ///< 0 = no limit is set
  std::uint32_t throttled_s = 0;   ///< the next try counts only after this
  std::uint32_t lock_after_s = 0;  ///< 0 = never
  bool codeword_wanted = false;    ///< two tries from a wipe: unlock, set_pin and recover want kPinCodeword first
  bool recoverable = false;        ///< a server keeps a recovery password of this device
  FixedText<32> device_id;
  /// How final a wipe is here: kPartial where the flash may keep old copies of a destroyed key, kAbsent where nothing
  /// is promised.
  Enforcement wipe = Enforcement::kAbsent;
};

/// Codes of Domain::kEngine: what the caller can mend.
enum class EngineFault : std::int32_t {
  kInvalidSettings =
      1,             ///< no address, a text too long, control characters, a server that is no https URL or host name
  kInsecure,         ///< a credential would have left without TLS: refused
  kNoCommonVersion,  ///< the server offers no protocol version from 2.5 to 16.1; where = 0
  kNoSuchAccount,
  kTooManyAccounts,
  kAccountExists,
  kInvalidItem,    ///< a property that the class has not, that only servers write, or whose value it cannot have; where
  kNotYours,       ///< of a meeting somebody else made; where = the property (items/properties.h), as of kInvalidItem
  kUnknownIfSent,  ///< its answer was lost, and it is not among the sent mails: only a person can say "again"
  kMessageTooLarge,  ///< beyond what the server was found to take; where = its size in KiB
  kNothingComposed,  ///< part, data or send before compose
  kNotInVersion,     ///< the protocol version that this server and we have in common does not have it
  kDropped,          ///< by who asked for it
  kBusy,             ///< another job of the device runs: try again after it
  kDropsExceptions,  ///< a server of 16.x drops the exceptions of a series whose times change: say that it is meant
  kNoInvitation,     ///< the item is no invitation, or does not say whose
  kNoMessaging,      ///< the device has no hal::Messaging
  kTextsOff,         ///< TextMode::kOff
  kInvalidText,      ///< a text without words, too long or for no number (hal/messaging.h); where = its bytes
  kTextInDoubt,      ///< the power went while it was handed to the modem: only a person can say "again"
};
constexpr Error engine_fault(EngineFault code, std::uint32_t where = 0) {
  return Error{Domain::kEngine, static_cast<std::int32_t>(code), where};
}

class Engine {
 public:
  /// Boot. Reads Record::kWipe before anything else: a wipe under way is all this engine will then do. Re-applies the
  /// policy.
  static Result<Engine*> open(hal::Device&, Memory, const Options&, Instant);
  void close();

  // -- out ---------------------------------------------------------------------------------------------------------
  bool next(Effect&);                              ///< pull until false after every call below
  Wake wake() const;                               ///< call tick at this time; the engine never needs to be polled
  Result<std::size_t> read_body(RequestId, Room);  ///< the next bytes of a request's body; 0 = end
  /// Same bytes again. An error: this one may not be sent twice; report failed().
  Status rewind_body(RequestId);
  Job& job(JobId);

  // -- in ----------------------------------------------------------------------------------------------------------
  void tick(Instant);
  /// Down or behind a portal: nothing is tried until the next call, but for what a person asks for. Up: what was given
  /// up for want of a network is tried again.
  void network(const Network&, Instant);
  void power(const Power&, Instant);              ///< low and not charging: push becomes a visit an hour
  void zone(std::int32_t utc_offset_s, Instant);  ///< of the person's local time, which schedules are in; 0 until told
  void response_head(RequestId, int http_status, std::span<const Header>, const Channel&, Instant);
  void response_body(RequestId, Bytes, Instant);  ///< any size, 1 byte included; dechunked and inflated
  void response_end(RequestId, Instant);
  void failed(RequestId, Error,
              Instant);  ///< name, connect, TLS, time-out, cut: whatever ended it without response_end
  void looked_up(RequestId, std::span<const Text> hosts,
                 Instant);  ///< "host:port" in order of preference; empty = none
  void job_done(JobId, Instant);
  /// What the account's connections have carried up to now; pump() says it after each turn. Unknown accounts: no
  /// effect.
  void carried(AccountId, const Carried&);
  void answered(QuestionId, std::uint16_t choice, Bytes secret, Instant);
  void user_active(Instant);  ///< screen lock timer
  /// The modem has texts to tell, or can send again. open() and sync() look as well.
  void texts(Instant);

  // -- accounts ----------------------------------------------------------------------------------------------------
  Result<AccountId> add_account(const AccountSettings&, Bytes password,
                                Instant);  ///< then pull effects; ends with Notice::kIdle
  /// Durable when it returns. The next sync asks for the other window or body size; what is here already is not fetched
  /// again, and what leaves the window goes here only. A new password lets an account that was refused go on.
  Status set_account(AccountId, const AccountChange&, Instant);
  Status set_schedule(AccountId, const Schedule&, Instant);  ///< durable when it returns
  Status remove_account(AccountId, Instant);                 ///< key first, then file; kIdle when done
  Status sync(AccountId, FolderId only_or_0,
              Instant);  ///< queued changes out, then fetch until nothing is left; ends with kIdle
  Status fetch(AccountId, ItemId,
               Instant);  ///< the rest of a body that sync cut; ends with kIdle, then body_bytes_here == total
  /// An attachment or a whole mail into the sink; ends with FileSink::end, then kIdle. One at a time for an account
  /// (EngineFault::kBusy). A connection that breaks is followed by another that goes on where it broke. An error here:
  /// the sink is not kept.
  Status fetch_file(AccountId, const FileRequest&, Instant);
  /// Queued as Changes are: durable when it returns, sent when a lane is free. `folders` shows it once the server has
  /// it.
  Result<ChangeId> change_folder(AccountId, const FolderWish&, Instant);
  /// Deletes all items of a folder at the server, and the folders below it; ends with kIdle. Not queued: asked once.
  Status empty_folder(AccountId, FolderId, bool subfolders, Instant);
  /// A question whose answer is not kept; ends with InquirySink::end, then kIdle. Otherwise as fetch_file, and only one
  /// of the two at a time.
  Status inquire(AccountId, const Inquiry&, Instant);
  /// Ends fetch_file or inquire at once: FileSink::end or InquirySink::end with EngineFault::kDropped.
  void abandon(AccountId, Instant);
  Status flush(AccountId, Instant);  ///< queued changes and messages out, as far as they go now; ends with kIdle
  Status push(AccountId, bool on, Instant);  ///< keep in sync until switched off
  /// One short step of making items findable by their words (Query::words); true = more to do. Idle time does the same
  /// by itself, three seconds after the replica was used last: for a program that does not wait so long.
  Result<bool> index(AccountId, Instant);
  std::size_t accounts(std::span<AccountId>) const;
  Result<AccountView> account(AccountId) const;
  Changes& changes(AccountId);
  Result<Reader*> reader(AccountId);  ///< from here on any one thread; fails at once when the account's key has gone
  Status integrity(AccountId);        ///< SQLite's integrity check and our own relations; ok = sound

  // -- device ------------------------------------------------------------------------------------------------------
  DeviceView device() const;
  Result<PolicyRow> policy(std::size_t index) const;  ///< rows 0.. until an error; every account, then the merge
  Status lock(Instant);
  /// The user gives the whole device up: as a remote wipe, without anybody to answer. Notice::kWiped of account 0 when
  /// done. An error: nothing has begun.
  Status wipe(Instant);
  /// `codeword`: wanted when DeviceView::codeword_wanted says so, so that a pocket cannot wipe the device; case does
  /// not matter.
  Status unlock(Bytes pin, Instant,
                Text codeword =
                    {});  ///< starts a job; Notice::kState of account 0 when decided: read device() and device_error()
  Status set_pin(Bytes old_pin, Bytes new_pin, Instant, Text codeword = {});  ///< as unlock; new_pin empty: taken away
  /// The PIN is forgotten: the recovery password, which the server shows, and a new PIN. As unlock; when it is right
  /// the device opens, the new PIN is in force, and the recovery password is used up.
  Status recover(Bytes recovery_password, Bytes new_pin, Instant, Text codeword = {});
  Error device_error() const;  ///< outcome of the last unlock, set_pin or recover

 protected:
  Engine() = default;
  ~Engine() = default;
};

}  // namespace handsync
