/// A request from its making to the end of its answer, whatever it asks for.
#include "sync/core.h"

namespace handsync::sync {

using protocol::Command;

Traffic::Kind& Account::traffic_of(const Call& call) {
  auto kind = RequestKind::kOther;
  if (call.kind == Kind::kCommand) switch (call.command) {
      case Command::kSync:
        kind = RequestKind::kSync;
        break;
      case Command::kPing:
        kind = RequestKind::kPing;
        break;
      case Command::kFolderSync:
      case Command::kFolderCreate:
      case Command::kFolderDelete:
      case Command::kFolderUpdate:
        kind = RequestKind::kFolders;
        break;
      case Command::kProvision:
      case Command::kSettings:
        kind = RequestKind::kPolicy;
        break;
      case Command::kSendMail:
      case Command::kSmartReply:
      case Command::kSmartForward:
        kind = RequestKind::kMessage;
        break;
      default:
        break;
    }
  return traffic_.kinds[static_cast<std::size_t>(kind)];
}

/// Something goes over the air: a wake, when it has been quiet for so long that the radio sleeps.
void Account::radio_used() {
  const std::uint64_t now = core_.now().mono_ms;
  if (radio_used_ms_ == 0 || now >= radio_used_ms_ + kRadioQuietMs) ++traffic_.wakes;
  radio_used_ms_ = now;
}

Status Account::start_command(Command command, Lane lane, Call*& call, std::size_t body_bytes_max) {
  call = Call::make(core_.memory(), body_bytes_max);
  if (!call) return out_of_memory(body_bytes_max);
  call->command = command;
  call->lane = lane;
  call->method = "POST";
  call->label = protocol::command_name(command);
  return Done{};
}

Status Account::launch(Call* call, std::size_t body_bytes) {
  auto fail = [&](Error error) {
    call->free(core_.memory());
    return error;
  };
  call->set_body(body_bytes);
  call->id = core_.new_request();
  call->started_ms = core_.now().mono_ms;
  std::byte secret[kSecretBytesMax];
  auto got = core_.device().keys().get_secret(static_cast<hal::KeySlot>(id_), secret);
  if (!got.ok()) return fail(got.error());
  Bytes password(secret, got.value());
  char authorization[704];
  bool plain = call->kind == Kind::kDiscoveryGet;
  Text user = call->kind == Kind::kDiscoveryPost ? discovery_->user() : user_.view();
  auto basic = plain ? Result<Text>(Text{})
                     : protocol::basic_authorization(user, password, std::as_writable_bytes(std::span(authorization)));
  for (std::byte& b : secret) b = std::byte{0};
  if (!basic.ok()) return fail(basic.error());
  bool fits = call->authorization.assign(basic.value());
  for (char& c : authorization) c = 0;
  if (!fits) return fail(engine_fault(EngineFault::kInvalidSettings));

  if (call->kind == Kind::kDiscoveryPost || plain) {
    const autodiscover::Url& url = discovery_->url();
    if (!plain && !url.tls) return fail(engine_fault(EngineFault::kInsecure));  // a credential never leaves without TLS
    call->host = url.host;
    call->port = url.port;
    call->tls = url.tls;
    if (!call->plain_target.assign(url.target.view())) return fail(engine_fault(EngineFault::kInvalidSettings));
    std::size_t n = 0;
    if (!plain) {
      call->plain_headers[n++] = {"Authorization", call->authorization.view()};
      call->plain_headers[n++] = {"Content-Type", "text/xml; charset=utf-8"};
    }
    call->plain_headers[n++] = {"User-Agent", core_.options().user_agent};
    call->plain_header_count = n;
  } else {
    bool empty_key = call->command == Command::kProvision && !(needs_ & kNeedAcknowledge);
    protocol::Partner partner;
    partner.path = path_.view();
    partner.user = user_.view();
    partner.device_id = core_.device_id();
    partner.device_type = core_.options().device_type;
    partner.user_agent = core_.options().user_agent;
    partner.version = version_;
    partner.form = form_;
    partner.policy_key = empty_key ? 0 : policy_key_;
    partner.has_policy_key = has_policy_key_ || call->command == Command::kProvision;
    if (call->command == Command::kProvision && !empty_key) {
      auto key = protocol::parse_number(temporary_key_.view());
      if (!key.ok()) return fail(key.error());
      partner.policy_key = key.value();
    }
    partner.authorization = call->authorization.view();
    call->host = host_;
    call->port = port_;
    Status built = call->kind == Kind::kOptions
                       ? call->head.build_options(partner)
                       : call->head.build(call->command, partner, call->parameters, call->body_bytes() != 0);
    if (!built.ok()) return fail(built.error());
  }
  Traffic::Kind& counted = traffic_of(*call);
  ++counted.requests;
  counted.bytes_out += call->body_bytes();
  ++visit_requests_;
  const std::uint32_t words = call->words();
  same_words_ =
      words == words_ && same_words_ < kSameWordsMax ? static_cast<std::uint8_t>(same_words_ + 1) : std::uint8_t{1};
  words_ = words;
  radio_used();
  if (profile::kHangingSync && call->lane == Lane::kWork) go_past_hanging(*call);
  (call->lane == Lane::kWork ? work_ : wait_) = call;
  tell_state();
  return Done{};
}

void Account::cancel(Call*& call) {
  if (!call) return;
  if (call->offered) core_.cancelled(call->id);
  call->free(core_.memory());
  call = nullptr;
}

Call* Account::call(RequestId id) {
  if (work_ && work_->id == id) return work_;
  if (wait_ && wait_->id == id) return wait_;
  return nullptr;
}

Call* Account::unoffered() {
  if (work_ && !work_->offered) return work_;
  if (wait_ && !wait_->offered) return wait_;
  return nullptr;
}

void Account::response_head(Call& call, int status, std::span<const Header> headers, const Channel& channel) {
  ++traffic_.round_trips;
  radio_used();
  call.take_head(status, headers, channel);
}

void Account::response_body(Call& call, Bytes piece) {
  traffic_of(call).bytes_in += piece.size();
  radio_used();
  store_used();
  if (profile::kHangingSync && call.hangs && &call == wait_ && call.http_status == 200)
    if (Status begun = hanging_answers(call); !begun.ok()) return end_early(call, begun.error());
  call.take(piece);
  // The rest may be long: the connection is given up for it.
  if (call.taker && call.broken()) end_early(call, {});
}

void Account::end_early(Call& call, Error why) {
  if (call.offered) core_.cancelled(call.id);
  finish_work(call, why);
}

void Account::response_end(Call& call) { finish_work(call, {}); }

void Account::failed(Call& call, Error error) { finish_work(call, error); }

void Account::finish_work(Call& ended, Error transport) {
  Call* call = &ended;
  (call == work_ ? work_ : wait_) = nullptr;
  Error error = transport ? transport : call->finish();
  if (acknowledging_wipe_) {
    acknowledging_wipe_ = false;
    call->free(core_.memory());
    core_.wipe_acknowledged(!transport);
    return;
  }
  bool is_command = call->kind == Kind::kCommand;
  judged_ = is_command ? static_cast<std::uint8_t>(call->command) : kNoCommand;
  if (!error && is_command && call->version_refresh && !call->tells_versions) needs_ |= kNeedOptions;
  if (!is_command) {
    if (call->kind == Kind::kOptions) {
      judging_ping_ = options_for_ping_;
      ended_options(*call, error);
      if (options_for_ping_ && needs_ & kNeedOptions) {  // in vain: again in place of the next Ping
        needs_ &= static_cast<std::uint16_t>(~kNeedOptions);
        options_before_ping_ = true;
      }
      judging_ping_ = options_for_ping_ = false;
    } else {
      ended_discovery(*call, error);
    }
  } else if (call->for_errand) {
    if (errand_) (this->*errand_->ended)(*call, error);
  } else {
    switch (call->command) {
      case Command::kSettings:
        ended_settings(*call, error);
        break;
      case Command::kProvision:
        needs_& kNeedAcknowledge ? ended_acknowledge(*call, error) : ended_policy(*call, error);
        break;
      case Command::kFolderSync:
        ended_folders(*call, error);
        break;
      case Command::kSync:
        if (profile::kHangingSync && call->hangs)
          ended_hanging(*call, error);
        else
          call->for_body ? ended_body(*call, error) : ended_items(*call, error);
        break;
      case Command::kFolderCreate:
      case Command::kFolderUpdate:
      case Command::kFolderDelete:
        ended_folder_change(*call, error);
        break;
      case Command::kItemOperations:
        if (std::holds_alternative<protocol::MimeProbe>(call->answer))
          ended_look(*call, error);
        else if (std::holds_alternative<protocol::OperationResponse>(call->answer))
          ended_conversation(*call, error);
        else
          ended_body(*call, error);
        break;
      case Command::kSendMail:
      case Command::kSmartReply:
      case Command::kSmartForward:
        ended_message(*call, error);
        break;
      case Command::kMeetingResponse:
        ended_response(*call, error);
        break;
      case Command::kMoveItems:
        ended_moves(*call, error);
        break;
      case Command::kPing:
        ended_ping(*call, error);
        break;
      default:
        break;
    }
  }
  count_words(*call);
  call->free(core_.memory());
  tell_state();
  advance();
}

/// The same words for ever are what servers block a device for. OPTIONS costs next to nothing and asks whether this is
/// still the server that it was; where OPTIONS itself is in vain, what was wanted is asked again.
void Account::count_words(const Call& call) {
  if (!error_ && !pushed_) same_words_ = 0;
  if (same_words_ < kSameWordsMax || version_ == 0) return;
  if (call.kind != Kind::kCommand && work_) return;  // discovery goes on: that was one of its steps
  same_words_ = 0;
  if (call.kind == Kind::kOptions) {
    needs_ &= static_cast<std::uint16_t>(~(kNeedOptions | kNeedServer));
    options_before_ping_ = false;
  } else if (call.lane == Lane::kWait) {
    options_before_ping_ = true;  // at its time: what the user changes goes out meanwhile
  } else {
    needs_ |= kNeedOptions;
  }
}

}  // namespace handsync::sync
