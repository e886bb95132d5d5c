/// What two handset processes say to each other through HOME/owner.sock: frames of one byte, a length and that many
/// bytes.
#pragma once
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace handset {

enum class Word : char {
  kHello = 'H',      ///< owner: go on
  kRequest = 'R',    ///< visitor: Request as JSON
  kOut = 'O',        ///< owner: for standard output
  kErr = 'E',        ///< owner: for standard error
  kAsk = 'Q',        ///< owner: a question for the person; the first byte is 's' for a secret
  kAnswer = 'A',     ///< visitor: 'y' and the answer, or 'n'
  kExit = 'X',       ///< owner: the exit status in decimal
  kElsewhere = 'T',  ///< owner: it ends; begin again
};

struct Frame {
  Word word{};
  std::string text;
};

bool send_frame(int fd, Word, std::string_view text);
std::optional<Frame> receive_frame(int fd);  ///< nothing: the other end has gone, or speaks something else

/// Addresses longer than a socket's name can be still work: through the directory's descriptor.
int listen_in(int directory_fd);   ///< -1: errno says why
int connect_in(int directory_fd);  ///< -1: nobody listens
bool is_same_user(int fd);         ///< the other end runs as this user

}  // namespace handset
