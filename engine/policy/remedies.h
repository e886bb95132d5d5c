/// One table for every failure: what the engine does next, how a program ends, and what a person is told and may do.
#pragma once
#include "handsync/base.h"

namespace handsync::policy {

enum class Remedy : std::uint8_t {
  kNone,            ///< nothing to do
  kRetryBackOff,    ///< again later, with growing pauses; Retry-After is a lower bound
  kReProvision,     ///< both phases of Provision, then the same command again
  kReKey,           ///< this collection from SyncKey 0, keeping local edits
  kRefreshFolders,  ///< FolderSync, then go on
  kRestartFolders,  ///< FolderSync from key 0
  kDiscover,        ///< Autodiscover once, then go on
  kNegotiate,       ///< OPTIONS again
  kSmaller,         ///< the same in smaller portions
  kAskCredentials,  ///< the password is refused
  kAskUser,         ///< a person has to decide or correct
  kBlocked,         ///< an administrator has to act: look again with a long back-off
  kWipe,            ///< a wipe waits: fetch the directive, or go through with it
  kGiveUp,          ///< this operation ends here; nothing else stops
  kPark,            ///< set this item or change aside, list it, go on with the rest
  kSuccess,         ///< the server has done it already
};

/// Exit classes of the programs.
enum class Exit : std::uint8_t {
  kDone = 0,
  kBug = 1,
  kUsage = 2,
  kCredentials = 3,
  kServer = 4,
  kBlocked = 5,
  kRefused = 6,
  kWiped = 7,
  kParked = 8,
  kMachine = 9
};

/// Texts may hold one place "{words}": the detail (a host, a setting's name, a number) goes there, or the words if
/// there is none.
struct Advice {
  Remedy remedy = Remedy::kNone;
  Exit exit = Exit::kBug;
  Text happened, todo;
};

/// Provision has a Status of its own and one in each Policy, with other meanings: the latter's code is kProvision with
/// kPolicyLevel + Status.
inline constexpr std::int32_t kPolicyLevel = 50;

/// Never fails: a code without a row of its own has its domain's.
const Advice& advice_for(Error);
/// Its remedy alone, from a table of its own: who never calls advice_for() does not link the sentences (28 KB).
Remedy remedy_for(Error);

/// What the error itself knows to put in the place: the name of a setting. Empty for most.
Text detail_of(Error);

/// Writes `text` with its place filled; cut at the room's end, on a whole character. Returns the bytes written. Control
/// characters of `detail` (it may come from a server) become '?'.
std::size_t fill_in(Text text, Text detail, Room room);

/// The graver of two exit classes, for several accounts.
Exit graver(Exit, Exit);

Text domain_name(Domain);

}  // namespace handsync::policy
