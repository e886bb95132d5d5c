/// One account as a state machine. It has needs, not states: whatever happens sets or clears needs, and advance()
/// starts the first step whose need stands, in the order of one table (account.cpp). So every way through set-up,
/// refresh, re-key and recovery is the same few lines, and an interruption anywhere leaves just the needs that are
/// left.
///
/// Files: account.cpp (life, wishes, steps), requests.cpp, remedy.cpp (what follows a failure), changes.cpp (the user),
/// setup.cpp (Autodiscover, OPTIONS), provisioning.cpp, folders.cpp, personal.cpp (likewise, of events and so on),
/// together.cpp (Sync of the folders that are due), collection.cpp (one folder's part of it), body.cpp, moves.cpp,
/// conversations.cpp, compose.cpp (a message is written), outbox.cpp (and sent), drafts.cpp (or kept), errand.cpp (what
/// a person waits for), fetching.cpp (a file), texts.cpp (of the modem), push.cpp (Ping), hanging.cpp (Sync in its
/// place), scheduling.cpp (when). Engine thread only.
#pragma once
#include <initializer_list>

#include "autodiscover/discovery.h"
#include "items/meeting.h"
#include "policy/document.h"
#include "policy/remedies.h"
#include "replica/arrival.h"
#include "sync/account_record.h"
#include "sync/back_off.h"
#include "sync/call.h"
#include "sync/errand.h"
#include "sync/heartbeat.h"
#include "sync/message.h"
#include "sync/schedule.h"

namespace handsync::sync {

class Core;

/// Of one number, as a text names it: `"number" [MOBILE:number]`.
inline constexpr std::size_t kTextAddressBytesMax = 2 * hal::kPhoneNumberBytesMax + 16;

enum Need : std::uint16_t {
  kNeedServer = 1,  ///< Autodiscover
  kNeedOptions = 2,
  kNeedDeviceInformation = 4,  ///< Settings, below 14.1
  kNeedPolicy = 8,
  kNeedAcknowledge = 16,  ///< phase 2 of Provision
  kNeedDirective = 32,    ///< empty Provision: what does the server want wiped?
  kNeedFolders = 64,
  kNeedItems = 128,           ///< some folder is due
  kNeedBody = 256,            ///< the rest of one body
  kNeedOutbox = 1024,         ///< a message waits
  kNeedMoves = 512,           ///< a move waits, or is in doubt
  kNeedErrand = 2048,         ///< a file is fetched
  kNeedRecovery = 4096,       ///< the server is to keep a recovery password
  kNeedFolderChanges = 8192,  ///< a folder is to be made, renamed or deleted
};

/// A folder in RAM, so that waiting needs no database.
struct FolderState {
  replica::SyncFolder row;
  bool due = false;     ///< to be synced
  bool singly = false;  ///< Status 4 on several commands: one at a time, to find the one
  /// The last pull may have been acted on and its answer lost, here or before the device went off: the server stands
  /// one key further, and the same request goes again before any change is sent.
  bool pull_open = true;
  bool looked = false;    ///< where the client wins: what the server has was fetched since something was changed here
  bool full = false;      ///< no room for what waits of it: not sent before the next sync
  bool stale = false;     ///< a commit was tried and this row could not be read again: read it first
  bool same_key = false;  ///< the last answer to commands brought the key they were sent with, or none
  bool doubtful = false;  ///< resynced as empty, with rows here: they stay until other content proves the emptiness
  bool sent_bare_pull = false;  ///< Status 4 on a pull without commands: key 0 once
  bool asked = false;           ///< in the Sync that runs, and its part of the answer has not come yet
  bool alone = false;           ///< after the others, in a request of its own, until that has brought an answer
  std::uint8_t faults = 0;      ///< of its own, in a row
  std::uint16_t refused = 0;    ///< the Status of its part, until the answer has ended
  std::uint16_t saved_window = 0;
};

inline bool is_prime(const replica::SyncFolder& row) { return row.sync_key.empty() || row.sync_key.view() == "0"; }

class Account final : public Changes {
 public:
  Account(Core& core, AccountId id) : core_(core), id_(id) {}
  void destroy(Memory);

  // -- life
  // --------------------------------------------------------------------------------------------------------------
  Status create(const AccountSettings&, Bytes password);  ///< key, secret, record, replica; then add() runs
  Status restore();  ///< boot: reads the record; an incomplete account tells incomplete()
  bool incomplete() const { return !record_.complete; }
  void shut();      ///< cancels, drops what was arriving, closes the replica
  Status retire();  ///< recorded before it is removed: a boot in between goes on removing
  void become_wiped();

  // -- wishes
  // ------------------------------------------------------------------------------------------------------------
  void add();
  Status set(const AccountChange&);
  Status sync(FolderId only);
  Status fetch(ItemId);
  Status fetch_file(const FileRequest&);
  Status inquire(const Inquiry&);
  Result<ChangeId> change_folder(const FolderWish&);
  Status empty_folder(FolderId, bool subfolders);
  void drop_errand(Error);  ///< at once, its request too
  Status flush();
  Status push(bool on);
  Result<bool> index();
  void network_is();
  Status set_schedule(const Schedule&);
  void follow_mode();  ///< does what another mode asks for, if it is another
  void answered(Question, std::uint16_t choice, Bytes secret);
  Status take_password(Bytes);
  void pin_changed();  ///< the device's PIN was set, changed or refused: a policy may be waiting for it

  // -- what happens
  // --------------------------------------------------------------------------------------------------------
  void tick();
  Wake wake() const;
  Wake next_visit() const;
  Call* call(RequestId);
  void response_head(Call&, int status, std::span<const Header>, const Channel&);
  void response_body(Call&, Bytes);
  void response_end(Call&);
  void failed(Call&, Error);
  void looked_up(std::span<const Text> hosts);
  void carried(const Carried& sums) { traffic_.carried = sums; }

  // -- Changes (handsync/changes.h)
  // ------------------------------------------------------------------------------------------
  Result<ChangeId> mark(ItemId, Mark) override;
  Result<ChangeId> categorize(ItemId, Text name, bool on) override;
  Result<ChangeId> remove(ItemId, bool for_good) override;
  Result<ChangeId> move(ItemId, FolderId to) override;
  Result<ChangeId> move_conversation(ItemId, FolderId to) override;
  Result<ItemId> add_item(FolderId, std::span<const PropertyEdit>) override;
  Result<ChangeId> edit_item(ItemId, std::span<const PropertyEdit>) override;
  Result<ChangeId> edit_occurrence(ItemId, std::int64_t original_ms, std::span<const PropertyEdit>) override;
  Result<ChangeId> cancel_occurrence(ItemId, std::int64_t original_ms) override;
  Result<ChangeId> respond(ItemId, const MeetingAnswer&) override;
  Status compose(const MessageHead&) override;
  Status part(const MessagePart&) override;
  Status data(Bytes) override;
  Result<ChangeId> send() override;
  void discard() override;
  Status compose_draft(const DraftHead&) override;
  Status detach(std::uint16_t number) override;
  Result<ItemId> keep_draft() override;
  Result<ChangeId> send_draft(ItemId) override;
  Result<ItemId> send_text(std::span<const Text> numbers, Text words) override;
  Status retry(ChangeId) override;
  Status drop(ChangeId) override;
  Status set_folder(FolderId, const FolderChange&) override;
  Status select(FolderId, bool wanted) override;

  // -- views
  // -----------------------------------------------------------------------------------------------------------------
  AccountId id() const { return id_; }
  AccountView view() const;
  replica::StoreOptions store_options();
  Status integrity();
  Call* unoffered();  ///< a request that next() has not handed out yet
  bool look_up_wanted() const { return look_up_wanted_; }
  RequestId look_up_id() const { return look_up_id_; }
  Text srv_name() {
    look_up_wanted_ = false;
    return discovery_->srv_name();
  }
  Text question_detail() const { return detail_.view(); }
  TlsLevel tls_level() const { return record_.tls_level; }
  bool wiped() const { return wiped_; }
  /// Its policy has not been fetched yet, or not been acknowledged.
  bool wants_policy() const { return (needs_ & (kNeedPolicy | kNeedAcknowledge)) != 0; }

  // -- texts (texts.cpp)
  Error texts_refused() const;  ///< why none is uploaded or sent here; none = they are
  bool takes_texts() const { return record_.complete && !wiped_ && version_ >= 140 && !texts_refused(); }
  bool knows_text(std::uint64_t modem_id) { return open_store().ok() && texts_taken_ >= modem_id; }
  Status take_text(const hal::TextRecord&, Text words);  ///< durable when it is ok
  void hand_over_texts();

  // -- wipe (core.cpp drives it)
  // -----------------------------------------------------------------------------------------------
  Status send_wipe_acknowledge(bool account_only);  ///< with the credential while it is there
  bool busy_acknowledging() const { return acknowledging_wipe_ && work_; }
  void advance();  ///< starts the first step that is needed, if nothing stands in the way

 private:
  friend class Core;
  // requests.cpp
  void end_early(Call&, Error why);  ///< the rest of its answer is not waited for
  Traffic::Kind& traffic_of(const Call&);
  void radio_used();
  // account.cpp
  Status open_store();
  Status start_command(protocol::Command, Lane, Call*&, std::size_t body_bytes_max);
  Status launch(Call*, std::size_t body_bytes);
  void cancel(Call*&);
  void finish_work(Call&, Error transport);
  void count_words(const Call&);  ///< an answer was judged: has the same been asked in vain too often?
  void request_failed(Call&, Error);
  void follow(Error, std::uint32_t retry_after_s = 0);  ///< what comes after a failure: the table of rules
  void pause(Error, std::uint32_t retry_after_s);
  bool is_told(const Call&, Error) const;  ///< a server has seen the request, and said something
  void wait_a_moment();                    ///< what a server may take later is not sent again at once
  void changes_wait();
  Result<ChangeId> queued(const Result<std::uint64_t>& change);
  Result<const PropertyEdit*> differing(ItemId, std::span<const PropertyEdit>, std::span<const wbxml::Tag>);
  Result<std::uint64_t> finish_message();  ///< closes and measures what is being composed
  /// Who invites to what, by the mail of an invitation or the event.
  Status read_invitation(ItemId, items::Meeting&);
  Status start_response();
  void ended_response(Call&, Error);
  void response_is_given();
  Status may_edit(ItemId, std::span<const PropertyEdit>);  ///< of an event
  // invite.cpp
  struct Invite {
    bool cancel = false, one = false;
    std::int64_t original_ms = 0;  ///< of one
  };
  Status invite(ItemId, std::span<const PropertyEdit>, const Invite&, replica::Announcement&);
  Result<ChangeId> change_one(ItemId, const replica::OccurrenceEdit&);
  Result<ChangeId> announced(const replica::Announcement&, const Result<std::uint64_t>& change);
  void stop(Error);  ///< nothing more by itself: a person or an administrator
  void succeed();    ///< a command was accepted
  void store_used();
  void idle_store();  ///< housekeeping, then indexing for search; closed when that is done
  void idle();
  void try_afresh();
  void save_loops();
  void reset_loops(std::initializer_list<Loop>);
  void tell_state();
  bool wanted(const FolderState&) const;
  FolderState* find(FolderId);
  FolderState* find(Text server_id);
  void ask(Question, Text detail);

  // setup.cpp
  Status start_discovery();
  Status start_options();
  void discovery_step();
  void drop_discovery();
  void ended_discovery(Call&, Error);
  void ended_options(Call&, Error);
  Status take_endpoint(Text url, bool typed);
  void moved(Call&);  ///< 451
  Status version_chosen(protocol::Version);

  // provisioning.cpp
  Status start_device_information();
  Status start_policy();
  Status start_acknowledge();
  Status start_directive();
  Status start_recovery();
  void ended_recovery(Call&, Error);
  void look_at_recovery();
  void name_unmet();
  void ended_settings(Call&, Error);
  void ended_policy(Call&, Error);
  void ended_acknowledge(Call&, Error);
  Status policy_accepted();
  void policy_arrived();
  void policy_ready();  ///< accepted, and a PIN that fits is there (or not wanted)
  void take_directive(Call&, const protocol::ProvisionResponse&);
  Status write_device_information(protocol::DeviceInformation&) const;

  // folders.cpp
  Status start_folders();
  void ended_folders(Call&, Error);
  Status load_folders();
  Status restart_folders();    ///< hierarchy from key 0, every collection re-keyed: the server's state has changed
  Status folders_restarted();  ///< that is so in the store
  struct Hierarchy final : protocol::FolderSink {
    explicit Hierarchy(Account& account) : account_(account) {}
    Status put(Text server_id, Text parent_id, Text name, std::uint8_t type) override;
    Status remove(Text server_id) override;
    Account& account_;
  };

  // together.cpp
  Status start_items();
  void expect_parts(Call&);
  void ended_items(Call&, Error);
  Result<FolderState*> next_due(bool& sends_first);
  Result<bool> sends(FolderState&);
  Result<std::size_t> write_items(Call&, FolderState& first, bool sends_first, Room items);
  Status begin_part(FolderState&);
  Result<bool> part_begins(Text collection_id, Class& kind);
  Status part_ends(const protocol::SyncPart&);
  Status not_mentioned(FolderState&, bool empty);
  void several_refused(Error, std::uint32_t limit);
  void fewer_together();
  void judge_parts();
  void at_fault(FolderState&);
  struct Parts final : protocol::SyncParts {
    explicit Parts(Account& account) : account_(account) {}
    Result<bool> part_begins(Text id, Class& kind) override { return account_.part_begins(id, kind); }
    Status part_ends(const protocol::SyncPart& part) override { return account_.part_ends(part); }
    Account& account_;
  };

  // body.cpp
  Status start_body();
  void body_settled();
  void ended_body(Call&, Error);
  Status body_part_ends(FolderState&, const protocol::SyncPart&);
  Status take_body(FolderState&, Text key);

  // collection.cpp
  protocol::SyncRequest request_of(const FolderState&) const;
  Status take_items(FolderState&, Text key, bool more, std::uint32_t items);
  Status read_again(FolderState&);
  Status items_committed(FolderState&, const replica::Applied&, bool more, std::uint32_t items);
  Status finish_resync(FolderState&, Text key, replica::Applied&);
  void key_lost();  ///< keys lost within minutes are one event
  bool stop_in_doubt();
  std::uint32_t taken_as(std::uint32_t told) const;
  void collection_failed(FolderState&, Error, bool again = false);
  void park_command(FolderState&, Error);
  void tell_parked(FolderId, std::uint32_t count);  ///< counts them too; no folder: of none
  void adapt_window(FolderState&, std::uint64_t took_ms, bool good);
  std::uint32_t body_bytes_max(const replica::SyncFolder&) const;
  std::uint8_t filter(const replica::SyncFolder&) const;

  // moves.cpp
  void moves_wait();
  Status start_moves();
  void ended_moves(Call&, Error);
  Status start_conversation();
  void ended_conversation(Call&, Error);
  Status settle_move(const replica::OutgoingMove&, const protocol::MoveItemsResponse::Answer*, bool of_several);
  void due_for_pull(FolderId);

  // outbox.cpp
  void messages_wait();
  void drop_sending();
  Status start_outbox();
  Status start_message();
  Status start_look();
  void ended_message(Call&, Error);
  void ended_look(Call&, Error);
  void message_failed(Call&, Error);
  void message_refused(Error);
  void message_is_sent();
  void park_message(Error);
  bool surely_not_sent(const Call&, Error) const;
  void learn_limit();

  // drafts.cpp
  Status start_draft(FolderState&, const replica::OutgoingDraft&);
  void drop_drafting();
  void look_at_stale();  ///< a draft is to be read anew
  Status begin_composing();

  // texts.cpp
  bool texts_in(const replica::SyncFolder&) const;
  bool sends_outbox() const { return record_.texts == TextMode::kSyncAndSend && !texts_refused(); }
  struct TextSender {
    FixedText<kTextAddressBytesMax> from;
    FixedText<25> client_id;
  };
  Status sign_text(TextSender&) const;  ///< this device, and an id for a text of its
  void own_number(FixedText<hal::kPhoneNumberBytesMax>&) const;
  void look_at_outbox();  ///< does the server know whether this device sends what is there?
  Status hand_over(const replica::OutgoingText&);

  // errand.cpp
  Status begin_errand(Errand*);
  Status start_errand();
  void end_errand(Error);

  // emptying.cpp
  Status start_emptying();
  void ended_emptying(Call&, Error);

  // folder_changes.cpp
  void folder_changes_wait();
  Status start_folder_change();
  void ended_folder_change(Call&, Error);
  Status park_folder_change(Error);
  Status show_folder_change(const protocol::FolderChangeResponse&);

  // fetching.cpp
  Status start_inquiry();
  void ended_inquiry(Call&, Error);
  Status whole_mail_allowed(ItemId);
  Status start_file();
  void ended_file(Call&, Error);

  // scheduling.cpp
  std::uint16_t mode() const { return mode_of(record_.schedule, core_around()); }
  Surroundings core_around() const;
  bool automatic() const { return push_ && mode_ != kManualMode; }  ///< it goes to the server by itself
  std::uint64_t until_next_mode_ms() const;
  // push.cpp
  void consider_ping();
  void visit_at_intervals(std::uint64_t now_ms);
  bool full_sync_may_start() const;
  bool ping_waits_for_full_sync() const;
  std::uint64_t full_sync_paid_ms() const;
  std::uint8_t ping_trouble() const;  ///< how often in a row a Ping failed or brought nothing
  Status start_ping();
  void ended_ping(Call&, Error);
  void judge_ping(Call&, Error);
  void judge_lost_ping(Error, std::uint64_t took_ms);
  void waited_well();
  // hanging.cpp
  FolderState* watched_alone();
  Status start_hanging(FolderState&);
  Status hanging_answers(Call&);
  void ended_hanging(Call&, Error);
  void go_past_hanging(const Call&);
  void weigh_hanging(int by);
  void save_heartbeat();  ///< when it is new and the replica is open anyway
  void mark_all_due();

  Core& core_;
  AccountId id_;
  bool adding_ = false, wiped_ = false, manual_ = false, push_ = false, stopped_ = false;
  std::uint16_t needs_ = 0;
  Error error_{};

  // where the server is
  std::uint16_t port_ = 443;
  bool new_endpoint_ = false;  ///< persisted after its first success
  protocol::Version version_ = 0;
  protocol::QueryForm form_ = protocol::QueryForm::kBase64;
  std::uint32_t policy_key_ = 0;
  bool has_policy_key_ = false;
  std::int64_t policy_wall_ms_ = 0, last_sync_wall_ms_ = 0;
  autodiscover::Discovery* discovery_ = nullptr;  ///< from Memory, while it is looked for
  bool look_up_wanted_ = false;
  RequestId look_up_id_{};

  // provisioning under way
  FixedText<16> temporary_key_;
  std::uint8_t acknowledged_as_ = 0;
  bool waiting_for_pin_ = false;
  bool acknowledging_wipe_ = false;
  bool delivering_recovery_ = false;  ///< the Settings request that runs carries a recovery password

  // the replica
  replica::Store store_;
  replica::Arrival arrival_{store_};
  bool arriving_ = false;
  std::uint64_t store_used_ms_ = 0;
  bool index_due_ = false;  ///< since the replica was used last, not all is known to be indexed
  FolderState* folders_ = nullptr;
  std::size_t folder_count_ = 0;
  FolderId current_{};  ///< the folder whose part of an answer arrives
  bool current_pull_ = false;
  bool current_removals_ = false;    ///< deletions and nothing else
  bool current_to_deleted_ = false;  ///< some of them move to the deleted items
  std::uint16_t current_commands_ = 0;
  Parts parts_{*this};
  std::uint8_t asked_count_ = 0;  ///< folders of the running Sync
  std::uint8_t taken_count_ = 0;  ///< parts of its answer that have become true
  bool more_to_come_ = false;     ///< one of them said so
  std::uint16_t window_ = 0;      ///< of all together
  std::uint32_t answer_items_ = 0;
  std::uint64_t part_since_ms_ = 0;  ///< since when the part that comes next has been on its way
  /// In one request: what the server allows, and how many are tried now; fewer after failures, twice as many after each
  /// success.
  std::uint8_t collections_limit_ = kCollectionsPerRequestMax, collections_max_ = kCollectionsPerRequestMax;
  ItemId body_item_{};
  std::size_t moving_count_ = 0;
  Composing* composing_ = nullptr;  ///< a message that is being written
  bool folders_read_ = false;       ///< since it was handed over
  Errand* errand_ = nullptr;
  Sending* sending_ = nullptr;  ///< one on its way
  Drafting* drafting_ = nullptr;
  bool reading_stale_ = false;  ///< body_item_ is a draft that is read anew
  ItemId body_asked_{};         ///< of the request that is on its way; body_item_ may be another one by now
  bool asked_stale_ = false;
  bool body_had_ = false;  ///< the answer to Sync with a Fetch has the item
  /// Below 14.0, after a lost answer: whether the folder of sent mails has been synced since, and how many of the mails
  /// in it that may be the message have been looked at.
  bool sent_synced_ = false;
  FolderId look_in_{};     ///< that folder; of an answer to an invitation the one that has it
  bool repeated_ = false;  ///< the answer on its way may have been given before
  std::uint8_t looked_at_ = 0;
  std::uint64_t texts_taken_ = 0;                      ///< hal::TextRecord::id of the last one that is here
  bool outbox_told_ = false, outbox_telling_ = false;  ///< EnableOutboundSMS, as the server has it
  Hierarchy hierarchy_{*this};
  bool hierarchy_open_ = false;

  // requests and pauses
  Call* work_ = nullptr;
  Call* wait_ = nullptr;
  std::uint8_t manual_tries_ = 0;
  std::uint8_t judged_ = 0, tried_ = 0;  ///< the command whose answer is judged, and the one that is tried again
  std::uint32_t visit_requests_ = 0;     ///< since the last pause began
  std::uint32_t words_ = 0;              ///< of the last request, and how often it went out in a row in vain
  std::uint8_t same_words_ = 0;
  std::uint64_t key_lost_ms_ = 0;           ///< the last time a key was lost
  std::uint64_t items_since_lost_ = 0;      ///< items that have come since the first of those losses
  bool emptied_ = false;                    ///< since the last loss: no content anywhere and no notice either
  std::uint64_t not_before_ms_ = 0;         ///< pause of the work lane
  std::uint64_t retry_after_until_ms_ = 0;  ///< a server has said so: no change of the network shortens it
  std::uint64_t network_retry_ms_ = 0;      ///< the last time one ended a pause
  std::uint64_t ping_not_before_ms_ = 0, ping_started_ms_ = 0, full_sync_ms_ = 0;
  std::uint16_t mode_ = kPushMode;           ///< that it follows at present
  std::uint32_t heartbeat_s_ = kHeartbeatS;  ///< of the Ping that waits, or the next one
  std::uint32_t ping_folders_max_ = 64;
  /// What the server has been told of the Ping that was answered last: it remembers, and is told nothing twice.
  struct Told {
    std::uint32_t heartbeat_s = 0;
    std::uint64_t folders = 0;  ///< of their ids; 0 = nothing is remembered
    friend bool operator==(const Told&, const Told&) = default;
  } told_, telling_;
  FolderId hanging_{};                       ///< the folder that a Sync waits for news of, or waited last
  std::int8_t hanging_worth_ = 0;            ///< above 0: in a Sync it waits more cheaply than in a Ping
  std::uint32_t hanging_told_s_ = 0;         ///< what an empty request would repeat; 0 = it would be none of these
  std::uint64_t hanging_not_before_ms_ = 0;  ///< a server that has refused it
  bool full_sync_visit_ = false;             ///< a full sync in place of a Ping that is in trouble
  bool judging_ping_ = false;                ///< what follows now is the fault of a Ping
  bool options_before_ping_ = false, options_for_ping_ = false;  ///< the next Ping is one too many; it waits or runs
  std::uint16_t ping_remedied_ = 0;  ///< remedies, a bit each, that Pings have asked for since one lasted
  bool pushed_ = false;              ///< the Sync that runs was caused by a Ping
  std::uint32_t pushed_items_ = 0;
  Question question_{};
  QuestionId question_id_{};

  // counters of this boot
  std::uint64_t radio_used_ms_ = 0;
  std::uint64_t added_ = 0, changed_ = 0, deleted_ = 0, sent_ = 0, parked_ = 0;

  // What is large comes last: code reaches the first kilobytes of an object with shorter instructions.
  Loops loops_, stored_loops_;
  FixedText<48> throttled_;  ///< X-MS-ASThrottle of the last failure
  Traffic traffic_;          ///< round trips without those of carried
  Heartbeat heartbeat_;
  replica::OutgoingMessage message_;
  replica::OutgoingFolder changing_;  ///< of the folder command that runs
  FixedText<253> host_;
  FixedText<254> user_;
  FixedText<256> detail_;
  FixedText<512> path_;
  FixedText<512> move_url_;  ///< a redirect that waits for consent
  FixedText<600> store_path_;
  AccountRecord record_;
  policy::DocumentReader document_;
  replica::OutgoingMove moving_[protocol::kMovesMax];  ///< of the MoveItems that runs
};

}  // namespace handsync::sync
