/// The server's mailbox and the handset's replica side by side: what must be equal once everything is at rest.
#pragma once
#include <cjson/cJSON.h>

#include <map>
#include <string>

#include "engine/sync/world.h"
#include "exchange/node.h"
#include "exchange/text.h"
#include "wbxml/code_pages.h"

namespace handsync::test {

struct Mail {
  std::string folder, subject, digest;
  std::string flag;  // of the server's: "" or "0" none, "1" complete, "2" active
  bool read = false, flagged = false;
  ItemId id{};          // of the handset's
  bool edited = false;  // of the handset's
  std::uint64_t body_total = 0, body_here = 0;
};
using Mails = std::map<std::string, Mail>;  // by server id

inline Mails server_mails(const exchange::Server& server, const std::string& email = "demo@example.test") {
  Mails found;
  std::unique_ptr<cJSON, decltype(&cJSON_Delete)> root(cJSON_Parse(server.contents(email).c_str()), cJSON_Delete);
  const cJSON* item = nullptr;
  cJSON_ArrayForEach(item, cJSON_GetObjectItemCaseSensitive(root.get(), "items")) {
    auto text = [&](const char* name) {
      return std::string(cJSON_GetObjectItemCaseSensitive(item, name)->valuestring);
    };
    if (text("class") != "Email") continue;
    Mail& mail = found[text("server_id")];
    mail.folder = text("folder");
    mail.subject = text("subject");
    mail.digest = text("digest");
    mail.read = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(item, "read"));
    mail.flag = text("flag");
    mail.flagged = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(item, "flagged"));
  }
  return found;
}

/// The Flag's Status of one mail at the server: "" (none), "1" (complete), "2" (active).
inline std::string server_flag(const exchange::Server& server, const std::string& server_id) {
  const Mails mails = server_mails(server);
  const auto found = mails.find(server_id);
  return found == mails.end() ? "no such item" : found->second.flag;
}

inline Mails handset_mails(World& world, AccountId id, bool bodies = false) {
  Mails found;
  std::map<FolderId, std::string> folders;
  world.for_each_folder(id, [&](const FolderRow& row) { folders[row.id] = std::string(row.server_id); });
  world.with_reader(id, [&](Reader& reader) {
    auto cursor = reader.list(Query{});
    if (!cursor.ok()) return;
    ItemRow row;
    for (auto step = cursor.value()->step(row); step.ok() && step.value(); step = cursor.value()->step(row)) {
      if (row.kind != Class::kEmail) continue;
      std::string key(row.server_id);
      while (found.contains(key)) key += " (twice)";
      Mail& mail = found[key];
      mail.folder = folders[row.folder];
      mail.subject = std::string(row.subject);
      mail.read = row.read;
      mail.flagged = row.flagged;
      mail.id = row.id;
      mail.edited = row.edited_here;
      mail.body_total = row.body_bytes_total;
      mail.body_here = row.body_bytes_here;
    }
    cursor.value()->close();
  });
  if (bodies)
    for (auto& [server_id, mail] : found) mail.digest = exchange::sha256_hex(world.body(id, mail.id));
  return found;
}

/// "" when the handset shows exactly what the server has; else the first difference as a sentence.
inline std::string difference(World& world, AccountId id, bool bodies = false,
                              const std::string& email = "demo@example.test") {
  const Mails theirs = server_mails(world.server(), email), ours = handset_mails(world, id, bodies);
  for (const auto& [server_id, mail] : theirs) {
    auto found = ours.find(server_id);
    if (found == ours.end()) return server_id + " is missing on the handset";
    const Mail& own = found->second;
    if (own.folder != mail.folder) return server_id + " is in folder " + own.folder + ", not in " + mail.folder;
    if (own.subject != mail.subject)
      return server_id + " is called \"" + own.subject + "\", not \"" + mail.subject + "\"";
    if (own.read != mail.read)
      return server_id + (mail.read ? " is read at the server only" : " is read on the handset only");
    if (own.flagged != mail.flagged)
      return server_id + (mail.flagged ? " is flagged at the server only" : " is flagged on the handset only");
    if (bodies && own.digest != mail.digest) return server_id + " has another body";
  }
  for (const auto& [server_id, mail] : ours)
    if (!theirs.contains(server_id)) return server_id + " is on the handset only";
  if (Status sound = world.engine().integrity(id); !sound.ok()) return "the replica is not sound";
  return {};
}

}  // namespace handsync::test
