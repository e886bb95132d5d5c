/// A Sync response of generated mails as WBXML: one collection, Add after Add, the pages a mail of 14.1 uses.
#pragma once
#include <cstddef>
#include <vector>

#include "mail_generator.h"
#include "wbxml/code_pages.h"
#include "wbxml/writer.h"

namespace handsync::bench {

inline void write_mail(wbxml::Writer& writer, const Mail& mail, bool opaque_body) {
  using namespace wbxml;
  writer.open(air_sync::kAdd).element(air_sync::kServerId, Text(mail.server_id)).open(air_sync::kApplicationData);
  writer.element(email::kTo, Text(mail.to));
  if (!mail.cc.empty()) writer.element(email::kCc, Text(mail.cc));
  writer.element(email::kFrom, Text(mail.from)).element(email::kSubject, Text(mail.subject));
  writer.element(email::kDateReceived, Text(mail.date)).element(email::kDisplayTo, Text(mail.display_to));
  writer.element(email::kThreadTopic, Text(mail.thread_topic));
  writer.element(email::kImportance, mail.importance).element(email::kRead, mail.read);
  if (!mail.attachment_name.empty()) {
    writer.open(air_sync_base::kAttachments).open(air_sync_base::kAttachment);
    writer.element(air_sync_base::kDisplayName, Text(mail.attachment_name));
    writer.element(air_sync_base::kFileReference, Text(mail.attachment_reference));
    writer.element(air_sync_base::kMethod, 1).element(air_sync_base::kEstimatedDataSize, mail.attachment_bytes);
    writer.close().close();
  }
  writer.open(air_sync_base::kBody).element(air_sync_base::kType, 2);
  writer.element(air_sync_base::kEstimatedDataSize, mail.body.size()).open(air_sync_base::kData);
  if (opaque_body) {
    writer.opaque(bytes_of(mail.body));
  } else {
    writer.text(mail.body);
  }
  writer.close().element(air_sync_base::kPreview, Text(mail.preview)).close();
  writer.element(email::kMessageClass, "IPM.Note").element(email::kInternetCPID, 65001);
  if (mail.flag != 0) {
    writer.open(email::kFlag).element(email::kStatus, mail.flag).close();
  } else {
    writer.empty(email::kFlag);
  }
  writer.element(email::kContentClass, "urn:content-classes:message").element(air_sync_base::kNativeBodyType, 2);
  writer.open(email2::kConversationId).opaque(std::as_bytes(std::span(mail.conversation_id))).close();
  writer.open(email2::kConversationIndex).opaque(std::as_bytes(std::span(mail.conversation_index))).close();
  writer.close().close();
}

/// At least `bytes_min` bytes; `mails` becomes their number.
inline std::vector<std::byte> sync_response(std::size_t bytes_min, bool opaque_body, std::uint32_t& mails) {
  using namespace wbxml;
  std::vector<std::byte> document(bytes_min + 65536);
  Writer writer(document);
  writer.open(air_sync::kSync).open(air_sync::kCollections).open(air_sync::kCollection);
  writer.element(air_sync::kSyncKey, "1837465").element(air_sync::kCollectionId, "5").element(air_sync::kStatus, 1);
  writer.empty(air_sync::kMoreAvailable).open(air_sync::kCommands);
  for (mails = 0; writer.size() < bytes_min; ++mails) write_mail(writer, make_mail(mails), opaque_body);
  writer.close().close().close().close();
  if (!writer.status().ok()) return {};
  document.resize(writer.size());
  return document;
}

}  // namespace handsync::bench
