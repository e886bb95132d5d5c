/// account add, list, remove.
#include <algorithm>

#include "handset/session.h"
#include "handset/text.h"
#include "tls/fault.h"

namespace handset {
namespace {

using handsync::AccountId;
using handsync::AccountView;
using handsync::Engine;
using handsync::Instant;

std::string version_text(std::uint16_t version) {
  return version == 0 ? "" : std::to_string(version / 10) + "." + std::to_string(version % 10);
}

/// A PIN that was set for an account that did not come to be goes with it.
void take_pin_away(Session& session, const Answers& answers) {
  for (const auto& [pin, tried] : answers.pins_tried) {
    if (pin.empty()) continue;
    const std::shared_ptr<Inbox> inbox = session.phone.subscribe();
    const auto begun = session.phone.call(
        [&](Engine& engine, Instant now) { return engine.set_pin(handsync::bytes_of(pin), {}, now); });
    for (int seconds = 0; begun.ok() && seconds < 10; ++seconds) {
      const std::optional<Event> event = inbox->next(std::chrono::milliseconds(1000));
      if (event && event->kind == Event::Kind::kTell && event->notice == handsync::Notice::kState &&
          event->account == AccountId{})
        break;
    }
  }
}

}  // namespace

handsync::AccountId add_account(Session& session, const CommandLine& line, const std::string& password,
                                const TlsFiles& files, Answers& answers) {
  handsync::AccountSettings settings;
  settings.email = line.email;
  settings.user = line.user;
  settings.server = line.server;
  settings.days = line.days;
  settings.body_bytes_max = line.body_bytes_max;
  settings.window_max = line.window;
  settings.tls_level = line.legacy_tls ? handsync::TlsLevel::kLegacy : handsync::TlsLevel::kModern;
  const std::shared_ptr<Inbox> inbox = session.phone.subscribe();
  const bool had_pin = session.phone.call([](Engine& engine, Instant) { return engine.device().pin_set; });
  const auto added = session.phone.add_account(settings, password, files);
  if (!added.ok()) {
    if (added.error() == handsync::tls::fault(handsync::tls::Fault::kBadIdentity)) {
      throw usage("`" + line.client_cert_file + "` and `" + line.client_key_file +
                      "` are not a certificate and its private key",
                  "give both as PEM files, the key without a passphrase");
    }
    if (!files.ca.empty() && added.error().domain == handsync::Domain::kTls) {
      throw usage("`" + line.ca_file + "` holds no certificate that can be used",
                  "give a file of PEM certificates with --ca");
    }
    throw failure_of(added.error(), line.server.empty() ? line.email : line.server);
  }
  const AccountId id = added.value();
  try {
    wait_idle(session, *inbox, id, answers, "adding");
    if (answers.refusal) throw *answers.refusal;
    const AccountView view = account_view(session, id);
    if (view.error) throw failure_of_account(view);
    if (view.state == handsync::AccountState::kAdding || view.state == handsync::AccountState::kBlocked) {
      throw Failure{kBug, "engine", 0, "the account was not finished, and no reason is known",
                    "run it again with --trace FILE"};
    }
  } catch (...) {
    (void)session.phone.remove_account(id);
    if (!had_pin) take_pin_away(session, answers);
    throw;
  }
  session.phone.home().set_adding(0);
  session.phone.user_active();
  return id;
}

int account_add(Session& session) {
  const CommandLine& line = session.line;
  const bool known = session.phone.call([&](Engine& engine, Instant) {
    AccountId ids[64];
    const std::size_t count = std::min(engine.accounts(ids), std::size(ids));
    return std::any_of(ids, ids + count, [&](AccountId id) {
      const auto view = engine.account(id);
      return view.ok() && same_text(view.value().email.view(), line.email);
    });
  });
  if (known)
    throw usage("`" + line.email + "` is on this phone already", "remove it first with `handset account remove`");
  const std::string password = read_secret(session, line.password_file, "Password of " + line.email + ": ",
                                           "give the password with --password-file FILE");
  const auto file = [&](const std::string& name) { return name.empty() ? "" : session.request.files.at(name); };
  const TlsFiles files{file(line.ca_file), file(line.client_cert_file), file(line.client_key_file)};
  Answers answers;
  answers.accept_policy = line.accept_policy;
  answers.redirect_hosts = line.redirect_hosts;
  if (!line.pin_file.empty()) {
    answers.pin = read_secret(session, line.pin_file, "", "put the PIN into `" + line.pin_file + "`");
  }
  const AccountId id = add_account(session, line, password, files, answers);
  const AccountView view = account_view(session, id);
  const std::size_t count = folders(session, id).size();
  if (line.json) {
    Json json;
    json.set("account", view.email.view())
        .set("user", view.user.view())
        .set("server", view.server.view())
        .set("version", version_text(view.version))
        .set("folders", static_cast<std::uint64_t>(count));
    session.say(json);
  } else {
    session.say("account " + printable(address(view)) + " added: " + printable(view.server.view()) + ", ActiveSync " +
                version_text(view.version) + ", " + std::to_string(count) +
                " folders; `handset sync` fetches the mail");
  }
  return kDone;
}

int account_list(Session& session) {
  std::vector<AccountView> all;
  try {
    all = accounts(session);
  } catch (const Failure&) {
    if (!session.line.account.empty()) throw;
    if (!session.line.json) session.say("no account yet; add one with `handset account add EMAIL`");
    return kDone;
  }
  for (const AccountView& view : all) {
    if (session.line.json) {
      Json json;
      json.set("account", view.email.view())
          .set("user", view.user.view())
          .set("server", view.server.view())
          .set("version", version_text(view.version));
      session.say(json);
    } else {
      session.say(printable(address(view)) + "  " + printable(view.server.view()) + "  ActiveSync " +
                  version_text(view.version));
    }
  }
  return kDone;
}

namespace {

constexpr const char* kClasses[] = {"mail", "calendar", "contacts", "tasks", "notes"};

AccountView account_named(Session& session, const std::string& email) {
  for (const AccountView& view : accounts(session)) {
    if (same_text(view.email.view(), email)) return view;
  }
  throw usage("there is no account `" + email + "` on this phone", "`handset account list` shows what there is");
}

/// Keeps the folders of these classes in sync and no others.
void select_classes(Session& session, const AccountView& view, const std::string& list) {
  std::vector<std::string> wanted;
  for (std::size_t begin = 0; begin <= list.size();) {
    const std::size_t end = std::min(list.find(',', begin), list.size());
    wanted.push_back(list.substr(begin, end - begin));
    begin = end + 1;
    if (std::none_of(std::begin(kClasses), std::end(kClasses), [&](const char* each) { return wanted.back() == each; }))
      throw usage("`" + wanted.back() + "` is no class", "there are mail, calendar, contacts, tasks and notes");
  }
  for (const Folder& folder : folders(session, view.id)) {
    const std::string type = type_name(folder.type);
    const bool personal =
        std::any_of(std::begin(kClasses) + 1, std::end(kClasses), [&](const char* each) { return type == each; });
    const bool in_sync = std::find(wanted.begin(), wanted.end(), personal ? type : "mail") != wanted.end();
    if (!folder.supported || folder.selected == in_sync) continue;
    const auto done =
        session.phone.call([&](Engine& engine, Instant) { return engine.changes(view.id).select(folder.id, in_sync); });
    if (!done.ok()) throw failure_of(done.error(), folder.path);
  }
}

}  // namespace

int account_set(Session& session) {
  const CommandLine& line = session.line;
  const AccountView view = account_named(session, line.email);
  const auto classes = line.fields.find("classes");
  if (classes != line.fields.end()) select_classes(session, view, classes->second);
  handsync::AccountChange change;
  change.has_days = line.has_days;
  change.days = line.days;
  change.has_body_bytes_max = line.has_body_bytes_max;
  change.body_bytes_max = line.body_bytes_max;
  change.has_texts = !line.texts.empty();
  change.texts = line.texts == "send"   ? handsync::TextMode::kSyncAndSend
                 : line.texts == "sync" ? handsync::TextMode::kSync
                                        : handsync::TextMode::kOff;
  change.has_conflict = !line.conflict.empty();
  change.client_wins = line.conflict == "client";
  std::string password;
  if (!line.password_file.empty()) {
    password = read_secret(session, line.password_file, "", "put the password into `" + line.password_file + "`");
    change.has_password = true;
    change.password = handsync::bytes_of(password);
  }
  const auto set =
      session.phone.call([&](Engine& engine, Instant now) { return engine.set_account(view.id, change, now); });
  if (!set.ok()) throw failure_of(set.error(), address(view));
  if (line.json) {
    session.say(Json().set("account", view.email.view()).set("set", true));
  } else {
    session.say("account " + printable(address(view)) + " changed; the next sync goes by it");
  }
  return kDone;
}

int account_remove(Session& session) {
  const AccountView view = account_named(session, session.line.email);
  if (const auto removed = session.phone.remove_account(view.id); !removed.ok()) {
    throw failure_of(removed.error(), address(view));
  }
  if (session.line.json) {
    session.say(Json().set("account", view.email.view()).set("removed", true));
  } else {
    session.say("account " + printable(address(view)) + " removed: its key and its data are gone");
  }
  return kDone;
}

}  // namespace handset
