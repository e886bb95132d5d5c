/// Text for terminals and lines: what a mail says must not reach a terminal as anything but text.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace handset {

/// The character that begins at `at`, which moves on; kBrokenCharacter for a byte that begins none.
char32_t next_character(std::string_view text, std::size_t& at);
inline constexpr char32_t kBrokenCharacter = 0xFFFFFFFF;
/// What a terminal obeys instead of showing it: controls (C0, DEL, C1) and the marks that turn the direction of
/// writing.
bool is_obeyed(char32_t);

/// Broken UTF-8 becomes U+FFFD, everything else stays.
std::string valid_utf8(std::string_view);
/// For one line: as valid_utf8, and line ends and tabs become blanks, what else a terminal obeys U+FFFD.
std::string printable(std::string_view);
/// For several lines: as printable, but line ends and tabs stay.
std::string printable_lines(std::string_view);

std::size_t columns_of(std::string_view text);                ///< on a terminal; `text` is printable
std::string cut(std::string_view text, std::size_t columns);  ///< printable text, with "…" where something is missing
std::string padded(std::string_view text, std::size_t columns);  ///< cut or filled up with blanks

/// "2025-12-31T23:59:59Z"; "" for 0.
std::string iso_utc(std::int64_t wall_ms);
/// Local time for people: "31 Dec 23:59", with the year when it is not this year's. The zone is this process's unless
/// an offset is given.
std::string local_time(std::int64_t wall_ms, std::int64_t now_wall_ms, std::optional<long> utc_offset_s = {});
std::string size_text(std::uint64_t bytes);        ///< "812 B", "12.3 KB"
std::string duration_text(std::uint64_t seconds);  ///< "8 min", "2 h 5 min"

std::string base64(std::string_view bytes);
bool same_text(std::string_view one, std::string_view other);  ///< equal but for the case of ASCII letters

/// What a mail and its answers have in common: the subject without "Re:", "Fwd:" and their kin of other languages, in
/// lower case as far as that is ASCII. For servers without conversation ids (before 14.0).
std::string topic_of(std::string_view subject);
/// Text of an HTML document for people: tags gone, blocks on lines of their own, entities as characters.
std::string text_of_html(std::string_view html);

}  // namespace handset
