/// Makes mailboxes that look like somebody's: mixed kinds of mail, names and subjects beyond ASCII, attachments. One
/// seed, one mailbox.
#pragma once
#include <cstdint>
#include <string>

#include "exchange/mailbox.h"
#include "exchange/random.h"

namespace exchange {

/// The text that a Content stands for: kept, or generated (`html`: a whole HTML document).
std::string text_of(const Content& content, bool html);
std::string bytes_of(const Attachment& attachment);

/// One mail to `email`, without an id. `body_bytes` 0: some natural size.
Item generate_mail(Random& random, const std::string& email, std::int64_t received_ms, std::size_t body_bytes);
Item generate_sms(Random& random, std::int64_t received_ms);
/// A text to a number, as the server puts it into the Outbox.
Item plain_text(const std::string& to, const std::string& words, std::int64_t received_ms);
Item generate_event(Random& random, std::int64_t around_ms, int number);
Item generate_contact(Random& random, int number);
Item generate_task(Random& random, std::int64_t around_ms, int number);
Item generate_note(Random& random, std::int64_t around_ms, int number);

/// A plain mail with given words: notices, deliveries.
Item plain_mail(const std::string& from, const std::string& to, const std::string& subject, const std::string& text,
                std::int64_t received_ms);

/// "Name" <address>
std::string mailbox_text(const std::string& name, const std::string& address);
/// The part before @, as a person's name.
std::string name_of(const std::string& email);

}  // namespace exchange
