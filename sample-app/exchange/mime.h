/// The little of RFC 5322 and MIME a mail server needs to take a client's message apart and to offer one whole.
#pragma once
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "exchange/mailbox.h"

namespace exchange {

struct ParsedMail {
  std::vector<std::pair<std::string, std::string>> headers;  ///< unfolded, encoded words decoded
  int body_type = 1;                                         ///< 1 plain, 2 HTML
  std::string body;                                          ///< UTF-8
  std::vector<Attachment> attachments;
  std::string header(std::string_view name) const;
};

/// Never fails: what cannot be understood is kept as text.
ParsedMail parse_mime(std::string_view message);
/// The addresses of a list of mailboxes: `"A" <a@x>, b@y` gives a@x and b@y.
std::vector<std::string> addresses_of(std::string_view list);
/// The same with the name before each; "": none.
std::vector<std::pair<std::string, std::string>> mailboxes_of(std::string_view list);
/// A message of the item's properties, body and attachments.
std::string build_mime(const Item& item);

}  // namespace exchange
