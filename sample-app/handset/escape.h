/// What goes out as JSON without a tree of its own: escapes, and what is too long to be held whole.
#pragma once
#include <functional>
#include <string>
#include <string_view>

namespace handset {

struct Session;

/// JSON, or a piece of it, in which control characters (DEL, C1) and the marks that turn the direction of writing are
/// escaped: a terminal that shows it does not obey them. What is broken UTF-8 stays.
std::string escaped_controls(std::string_view json);
/// UTF-8 as it stands between the quotes of a JSON text.
std::string json_inner(std::string_view text);
/// Of UTF-8 cut anywhere: the bytes of the characters that are whole.
std::size_t whole_characters(std::string_view);

/// The bytes of something, in pieces; may be run through more than once.
using Pieces = std::function<void(const std::function<void(std::string_view)>&)>;
/// A mail as it travelled: as it is, or with --json as one object, `mime` or, where it is no UTF-8, `mime_base64`.
void say_mime(Session&, const Pieces&);

}  // namespace handset
