/// Text as mail and HTTP spell it: base64, percent-encoding, dates, UTF-8, digests.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace exchange {

std::string to_lower(std::string_view text);
bool same_without_case(std::string_view left, std::string_view right);
std::string_view trim(std::string_view text);
std::vector<std::string> split(std::string_view text, char separator);

std::string to_base64(std::string_view bytes);
/// White space is skipped; anything else that is not base64: nothing.
std::optional<std::string> from_base64(std::string_view text);
std::string from_percent(std::string_view text);
std::string from_quoted_printable(std::string_view text, bool in_header);

std::string escape_xml(std::string_view text);
/// Plain text of HTML, good enough for a preview or a client that asks for text only.
std::string html_to_text(std::string_view html);
std::string text_to_html(std::string_view text);

/// The longest prefix of at most `bytes_max` that ends between characters.
std::string_view utf8_prefix(std::string_view text, std::size_t bytes_max);
/// Every byte that is not part of a valid character, and every NUL, becomes U+FFFD.
std::string repair_utf8(std::string_view text);

std::string iso_time(std::int64_t ms);      ///< 2026-03-01T09:30:00.000Z
std::string compact_time(std::int64_t ms);  ///< 20260301T093000Z
/// Either of the two; nothing: it is no such time.
std::optional<std::int64_t> time_of(std::string_view text);
std::string rfc5322_time(std::int64_t ms);

std::string sha256_hex(std::string_view bytes);

}  // namespace exchange
