#include "policy/remedies.h"

#include <array>
#include <iterator>

#include "autodiscover/pox.h"
#include "handsync/engine.h"
#include "items/mime_header.h"
#include "policy/fault.h"
#include "policy/settings.h"
#include "protocol/command.h"
#include "protocol/request.h"

namespace handsync::policy {
namespace {

using protocol::AnswerFault;
using protocol::Command;

struct Row {
  std::int32_t code;
  Advice advice;
};

constexpr std::int32_t eas(Command command, std::int32_t status) {
  return static_cast<std::int32_t>(command) * 1000 + status;
}
template <class Code>
constexpr std::int32_t number(Code code) {
  return static_cast<std::int32_t>(code);
}

// clang-format off
// -- Statuses of a command (MS-ASCMD 2.2.3.177), code = command * 1000 + Status ----------------------------------------------------
constexpr Row kEasRows[] = {
    {eas(Command::kSync, 3), {Remedy::kReKey, Exit::kRefused, "the server no longer knows how far {this folder} was synchronised", "nothing: the folder is compared from the beginning, and what was edited here is kept"}},
    {eas(Command::kSync, 4), {Remedy::kPark, Exit::kRefused, "the server calls the request for {this folder} malformed", "look at `queue`: changes are sent one by one and the refused one is set aside"}},
    {eas(Command::kSync, 5), {Remedy::kRetryBackOff, Exit::kRefused, "the server had an error of its own while synchronising {a folder}", "nothing: it is tried again later"}},
    {eas(Command::kSync, 6), {Remedy::kPark, Exit::kParked, "the server cannot take an item that was changed here", "look at `queue`: it is set aside and the rest goes on"}},
    {eas(Command::kSync, 7), {Remedy::kNone, Exit::kDone, "the server had a newer version and kept it", "nothing: the server's version is shown now"}},
    {eas(Command::kSync, 8), {Remedy::kRefreshFolders, Exit::kRefused, "an item or {a folder} is gone on the server", "nothing: the folders are read again"}},
    {eas(Command::kSync, 9), {Remedy::kAskUser, Exit::kRefused, "the server could not finish; the mailbox is probably full", "free space in the mailbox; changes made here stay queued"}},
    {eas(Command::kSync, 12), {Remedy::kRefreshFolders, Exit::kRefused, "the folders have changed on the server", "nothing: the folders are read again"}},
    {eas(Command::kSync, 13), {Remedy::kRetryBackOff, Exit::kRefused, "the server has forgotten the last request", "nothing: it is sent in full"}},
    {eas(Command::kSync, 14), {Remedy::kSmaller, Exit::kRefused, "the server allows another waiting time", "nothing: the server's own limit is used from now on"}},
    {eas(Command::kSync, 15), {Remedy::kSmaller, Exit::kRefused, "the server allows fewer folders in one request", "nothing: they are asked for in smaller groups"}},
    {eas(Command::kSync, 16), {Remedy::kRetryBackOff, Exit::kRefused, "the server asks to try again", "nothing: the same request is sent again"}},
    {eas(Command::kFolderSync, 6), {Remedy::kRetryBackOff, Exit::kRefused, "the server had an error of its own while listing the folders", "nothing: it is tried again later"}},
    {eas(Command::kFolderSync, 9), {Remedy::kRestartFolders, Exit::kRefused, "the server no longer knows which folders it has told of", "nothing: the list is read from the beginning; folders and mail stay"}},
    {eas(Command::kFolderSync, 10), {Remedy::kGiveUp, Exit::kRefused, "the server calls the request for the folders malformed", "report this with a --trace"}},
    {eas(Command::kFolderSync, 11), {Remedy::kRetryBackOff, Exit::kRefused, "the server had an unknown error while listing the folders", "nothing: it is tried again later"}},
    {eas(Command::kFolderSync, 12), {Remedy::kRetryBackOff, Exit::kRefused, "the server had an unusual error while listing the folders", "nothing: it is tried again later"}},
    {eas(Command::kFolderCreate, 2), {Remedy::kPark, Exit::kParked, "there is a folder of that name already", "choose another name: `queue drop` this one"}},
    {eas(Command::kFolderCreate, 3), {Remedy::kPark, Exit::kParked, "the server allows no folder there", "choose another place with --in"}},
    {eas(Command::kFolderCreate, 5), {Remedy::kRefreshFolders, Exit::kParked, "the folder it was to go into is not on the server", "run `sync`, then choose another with --in"}},
    {eas(Command::kFolderCreate, 6), {Remedy::kRetryBackOff, Exit::kRefused, "the server had an error of its own while making a folder", "nothing: it is tried again later"}},
    {eas(Command::kFolderCreate, 9), {Remedy::kRestartFolders, Exit::kRefused, "the server no longer knows which folders it has told of", "nothing: the list is read from the beginning; folders and mail stay"}},
    {eas(Command::kFolderCreate, 10), {Remedy::kPark, Exit::kParked, "the server calls the request for a new folder malformed", "choose another name or type; else report this with a --trace"}},
    {eas(Command::kFolderCreate, 11), {Remedy::kRetryBackOff, Exit::kRefused, "the server had an unknown error while making a folder", "nothing: it is tried again later"}},
    {eas(Command::kFolderCreate, 12), {Remedy::kRetryBackOff, Exit::kRefused, "the server had an unusual error while making a folder", "nothing: it is tried again later"}},
    {eas(Command::kFolderDelete, 3), {Remedy::kPark, Exit::kParked, "the server does not let that folder be deleted", "`queue drop` the change"}},
    {eas(Command::kFolderDelete, 4), {Remedy::kRefreshFolders, Exit::kDone, "the folder is gone already", "nothing: the folders are read again"}},
    {eas(Command::kFolderDelete, 6), {Remedy::kRetryBackOff, Exit::kRefused, "the server had an error of its own while deleting a folder", "nothing: it is tried again later"}},
    {eas(Command::kFolderDelete, 9), {Remedy::kRestartFolders, Exit::kRefused, "the server no longer knows which folders it has told of", "nothing: the list is read from the beginning; folders and mail stay"}},
    {eas(Command::kFolderDelete, 10), {Remedy::kPark, Exit::kParked, "the server calls the request to delete a folder malformed", "report this with a --trace"}},
    {eas(Command::kFolderDelete, 11), {Remedy::kRetryBackOff, Exit::kRefused, "the server had an unknown error while deleting a folder", "nothing: it is tried again later"}},
    {eas(Command::kFolderUpdate, 2), {Remedy::kPark, Exit::kParked, "there is a folder of that name already, or this one may not be renamed", "choose another name: `queue drop` this one"}},
    {eas(Command::kFolderUpdate, 3), {Remedy::kPark, Exit::kParked, "the server does not let that folder be renamed", "`queue drop` the change"}},
    {eas(Command::kFolderUpdate, 4), {Remedy::kRefreshFolders, Exit::kParked, "the folder is not on the server", "run `sync`; it shows which folders there are"}},
    {eas(Command::kFolderUpdate, 5), {Remedy::kRefreshFolders, Exit::kParked, "the folder above it is not on the server", "run `sync`; it shows which folders there are"}},
    {eas(Command::kFolderUpdate, 6), {Remedy::kRetryBackOff, Exit::kRefused, "the server had an error of its own while renaming a folder", "nothing: it is tried again later"}},
    {eas(Command::kFolderUpdate, 9), {Remedy::kRestartFolders, Exit::kRefused, "the server no longer knows which folders it has told of", "nothing: the list is read from the beginning; folders and mail stay"}},
    {eas(Command::kFolderUpdate, 10), {Remedy::kPark, Exit::kParked, "the server calls the request to rename a folder malformed", "choose another name; else report this with a --trace"}},
    {eas(Command::kFolderUpdate, 11), {Remedy::kRetryBackOff, Exit::kRefused, "the server had an unknown error while renaming a folder", "nothing: it is tried again later"}},
    {eas(Command::kPing, 1), {Remedy::kNone, Exit::kDone, "nothing new", ""}},
    {eas(Command::kPing, 2), {Remedy::kNone, Exit::kDone, "something new", ""}},
    {eas(Command::kPing, 3), {Remedy::kRetryBackOff, Exit::kRefused, "the server has forgotten what it was to watch", "nothing: it is told again in full"}},
    {eas(Command::kPing, 4), {Remedy::kGiveUp, Exit::kRefused, "the server calls the request to watch malformed", "report this with a --trace; `sync` works without it"}},
    {eas(Command::kPing, 5), {Remedy::kSmaller, Exit::kRefused, "the server allows another waiting time", "nothing: the server's own limit is used from now on"}},
    {eas(Command::kPing, 6), {Remedy::kSmaller, Exit::kRefused, "the server watches fewer folders than were asked for", "nothing: as many as it allows are watched, the inbox first"}},
    {eas(Command::kPing, 7), {Remedy::kRefreshFolders, Exit::kRefused, "the folders have changed on the server", "nothing: the folders are read again"}},
    {eas(Command::kPing, 8), {Remedy::kRetryBackOff, Exit::kRefused, "the server had an error of its own while watching", "nothing: it is tried again later"}},
    {eas(Command::kProvision, 2), {Remedy::kGiveUp, Exit::kRefused, "the server calls the request for its policy malformed", "report this with a --trace"}},
    {eas(Command::kProvision, 3), {Remedy::kRetryBackOff, Exit::kRefused, "the server had an error of its own while sending its policy", "nothing: it is tried again later"}},
    {eas(Command::kProvision, kPolicyLevel + 2), {Remedy::kNone, Exit::kDone, "the server has no policy for this device", ""}},
    {eas(Command::kProvision, kPolicyLevel + 3), {Remedy::kBlocked, Exit::kBlocked, "the server does not know the kind of policy that was asked for", "ask the administrator whether this server can send policies to ActiveSync 12.1 and later"}},
    {eas(Command::kProvision, kPolicyLevel + 4), {Remedy::kBlocked, Exit::kBlocked, "the policy is damaged on the server", "ask the administrator to save it anew"}},
    {eas(Command::kProvision, kPolicyLevel + 5), {Remedy::kReProvision, Exit::kBlocked, "the policy was replaced while it was being accepted", "nothing: the new one is fetched"}},
    {eas(Command::kItemOperations, 2), {Remedy::kGiveUp, Exit::kRefused, "the server calls the request for an item malformed", "report this with a --trace"}},
    {eas(Command::kItemOperations, 3), {Remedy::kRetryBackOff, Exit::kRefused, "the server had an error of its own while fetching an item", "try again in a while"}},
    {eas(Command::kItemOperations, 6), {Remedy::kGiveUp, Exit::kRefused, "the item is no longer on the server", "run `sync`"}},
    {eas(Command::kItemOperations, 8), {Remedy::kSmaller, Exit::kRefused, "the server does not send that part of the item", "nothing: it is fetched from the beginning"}},
    {eas(Command::kItemOperations, 11), {Remedy::kSmaller, Exit::kRefused, "the item is too large for one answer", "nothing: it is fetched in parts"}},
    {eas(Command::kItemOperations, 12), {Remedy::kRetryBackOff, Exit::kRefused, "the server could not read the item", "try again in a while"}},
    {eas(Command::kItemOperations, 14), {Remedy::kGiveUp, Exit::kRefused, "the server cannot convert the item", "try `show ID --mime`"}},
    {eas(Command::kItemOperations, 15), {Remedy::kGiveUp, Exit::kRefused, "the attachment is no longer where it was", "run `sync`, then ask for it again"}},
    {eas(Command::kItemOperations, 153), {Remedy::kRetryBackOff, Exit::kRefused, "the server lost sight of mails while it moved a conversation", "nothing: it is tried again"}},
    {eas(Command::kItemOperations, 154), {Remedy::kRetryBackOff, Exit::kRefused, "the server failed to move a conversation", "nothing: it is tried again"}},
    {eas(Command::kItemOperations, 155), {Remedy::kPark, Exit::kParked, "the server calls the move of a conversation incomplete", "report this with a --trace"}},
    {eas(Command::kItemOperations, 156), {Remedy::kPark, Exit::kParked, "the server does not move a conversation to that folder", "choose another folder of mails, or `queue drop` it"}},
    {eas(Command::kMeetingResponse, 2), {Remedy::kPark, Exit::kParked, "the server has no such invitation to answer", "run `sync`: it may have been answered or cancelled; then `queue drop` the answer"}},
    {eas(Command::kMeetingResponse, 3), {Remedy::kRetryBackOff, Exit::kRefused, "the server could not reach the mailbox for an answer to an invitation", "nothing: it is tried again"}},
    {eas(Command::kMeetingResponse, 4), {Remedy::kRetryBackOff, Exit::kRefused, "the server failed to take an answer to an invitation", "nothing: it is tried again"}},
    {eas(Command::kMoveItems, 1), {Remedy::kPark, Exit::kParked, "the item is not where it was to be moved from", "run `sync`; then move it again if it is still there"}},
    {eas(Command::kMoveItems, 2), {Remedy::kPark, Exit::kParked, "the folder it was to be moved to is not on the server", "choose another folder, or `queue drop` the move"}},
    {eas(Command::kMoveItems, 4), {Remedy::kPark, Exit::kParked, "the item is in that folder already", "`queue drop` the move"}},
    {eas(Command::kMoveItems, 5), {Remedy::kPark, Exit::kParked, "the server cannot move the item", "`queue retry` it later"}},
    {eas(Command::kMoveItems, 7), {Remedy::kPark, Exit::kParked, "the item is locked on the server", "`queue retry` it later"}},
    {eas(Command::kSearch, 2), {Remedy::kGiveUp, Exit::kRefused, "the server cannot search for that", "use other words"}},
    {eas(Command::kSearch, 3), {Remedy::kGiveUp, Exit::kRefused, "the server could not search just now", "try again in a while"}},
    {eas(Command::kSearch, 8), {Remedy::kGiveUp, Exit::kRefused, "that is too much to search for at once", "use fewer words"}},
    {eas(Command::kSearch, 10), {Remedy::kGiveUp, Exit::kRefused, "the search took the server too long", "use more words, or one folder"}},
    {eas(Command::kSearch, 11), {Remedy::kRefreshFolders, Exit::kRefused, "the server's folders have changed", "nothing: they are read again"}},
    {eas(Command::kSettings, 2), {Remedy::kGiveUp, Exit::kRefused, "the server calls the description of this device malformed", "report this with a --trace"}},
    {eas(Command::kSettings, 3), {Remedy::kGiveUp, Exit::kRefused, "the server does not allow that setting", "ask the administrator"}},
    {eas(Command::kSettings, 4), {Remedy::kRetryBackOff, Exit::kRefused, "the server cannot take settings just now", "nothing: it is tried again later"}},
    {eas(Command::kSettings, 5), {Remedy::kGiveUp, Exit::kRefused, "the server does not take that value", "make it shorter, or look at its times"}},
    {eas(Command::kSettings, 6), {Remedy::kGiveUp, Exit::kRefused, "the server calls those settings contradictory", "look at their times"}},
    {eas(Command::kSettings, 7), {Remedy::kGiveUp, Exit::kRefused, "the administrator does not allow that setting", "ask the administrator"}},
    {eas(Command::kResolveRecipients, 5), {Remedy::kGiveUp, Exit::kRefused, "the server does not say who is free for so long a time", "ask for at most 42 days"}},
};

// -- Statuses that any command may answer (MS-ASCMD 2.2.4), code = Status ---------------------------------------------------------
constexpr Row kEasCommonRows[] = {
    {101, {Remedy::kGiveUp, Exit::kRefused, "the server cannot use the request (status 101)", "report this with a --trace"}},
    {102, {Remedy::kGiveUp, Exit::kRefused, "the server cannot decode the request (status 102)", "report this with a --trace"}},
    {103, {Remedy::kSmaller, Exit::kRefused, "the server finds the request against the rules (status 103)", "nothing: it is sent in smaller portions once; if that fails too, report it with a --trace"}},
    {108, {Remedy::kGiveUp, Exit::kRefused, "the server does not accept this device's id", "run `device new` and add the account again"}},
    {109, {Remedy::kGiveUp, Exit::kRefused, "the server does not accept this device's type", "report this with a --trace"}},
    {110, {Remedy::kRetryBackOff, Exit::kRefused, "the server reports a lasting error of its own (status 110)", "ask the administrator if it does not pass; nothing is lost here"}},
    {111, {Remedy::kRetryBackOff, Exit::kRefused, "the server is busy", "nothing: it is tried again later"}},
    {112, {Remedy::kBlocked, Exit::kBlocked, "the server may not read its own directory for this user", "ask the administrator: the rights of the user's directory object are wrong"}},
    {113, {Remedy::kAskUser, Exit::kRefused, "the mailbox is full", "delete something in the mailbox; changes made here stay queued"}},
    {114, {Remedy::kRetryBackOff, Exit::kRefused, "the mailbox is offline", "nothing: it is tried again later"}},
    {115, {Remedy::kAskUser, Exit::kParked, "the mailbox may not send that much", "free space in the mailbox, then `queue retry`"}},
    {116, {Remedy::kPark, Exit::kParked, "the mailbox of a recipient takes no more", "`queue retry` the message later"}},
    {117, {Remedy::kPark, Exit::kParked, "that message may not be answered", "send a new message instead"}},
    {118, {Remedy::kSuccess, Exit::kDone, "the message had been sent already", ""}},
    {119, {Remedy::kPark, Exit::kParked, "the server finds no recipient in the message", "`queue drop` it and send it with an address"}},
    {120, {Remedy::kRetryBackOff, Exit::kRefused, "the server could not hand the message on", "nothing: it is tried again later"}},
    {121, {Remedy::kPark, Exit::kParked, "the server could not build the answer from the original message", "`queue retry` it, or send a new message"}},
    {122, {Remedy::kPark, Exit::kParked, "an attachment is too large for this server", "send it smaller or another way"}},
    {123, {Remedy::kBlocked, Exit::kBlocked, "this user has no mailbox on the server", "check the address, or ask the administrator"}},
    {124, {Remedy::kAskCredentials, Exit::kCredentials, "the server wants a user name and a password", "give the password with `account set EMAIL --password-file F`"}},
    {125, {Remedy::kBlocked, Exit::kBlocked, "the server does not find this user in its directory", "check --user, or ask the administrator"}},
    {126, {Remedy::kBlocked, Exit::kBlocked, "ActiveSync is switched off for this user", "ask the administrator to switch it on for this mailbox"}},
    {127, {Remedy::kDiscover, Exit::kBlocked, "the server does not serve mailboxes that have moved to a newer one", "nothing: the right server is looked for once; else ask the administrator"}},
    {128, {Remedy::kDiscover, Exit::kBlocked, "the server does not serve mailboxes on older servers", "nothing: the right server is looked for once; else ask the administrator"}},
    {129, {Remedy::kBlocked, Exit::kBlocked, "this device is blocked for this user", "ask the administrator to allow the device (its id: `device status`)"}},
    {130, {Remedy::kBlocked, Exit::kBlocked, "the user may not do this", "ask the administrator"}},
    {131, {Remedy::kBlocked, Exit::kBlocked, "the user's account is disabled", "ask the administrator"}},
    {132, {Remedy::kRestartFolders, Exit::kRefused, "the server has lost what it knew of this device", "nothing: folders and items are compared from the beginning; nothing is lost here"}},
    {133, {Remedy::kRetryBackOff, Exit::kRefused, "the mailbox is being moved", "nothing: it is tried again later"}},
    {134, {Remedy::kRestartFolders, Exit::kRefused, "what the server knew of this device is damaged", "nothing: folders and items are compared from the beginning; nothing is lost here"}},
    {135, {Remedy::kRetryBackOff, Exit::kRefused, "two first synchronisations met at the server", "nothing: it is tried again"}},
    {136, {Remedy::kRestartFolders, Exit::kRefused, "what the server knew of this device is of another version", "nothing: folders and items are compared from the beginning; nothing is lost here"}},
    {137, {Remedy::kGiveUp, Exit::kRefused, "the server does not have this command", "nothing: it is not used with this server"}},
    {138, {Remedy::kNegotiate, Exit::kRefused, "the server no longer speaks this version of the protocol for this command", "nothing: the version is agreed on anew"}},
    {139, {Remedy::kBlocked, Exit::kBlocked, "the server insists on a policy that this device cannot keep in full: {see `policy`}", "ask the administrator to allow devices that keep it in part, or use another device"}},
    {140, {Remedy::kWipe, Exit::kWiped, "the administrator has ordered this device to be wiped", "nothing can stop it; afterwards `device new` begins anew"}},
    {141, {Remedy::kReProvision, Exit::kBlocked, "the server wants its policy accepted", "nothing: the policy is fetched"}},
    {142, {Remedy::kReProvision, Exit::kBlocked, "the server wants its policy accepted", "nothing: the policy is fetched"}},
    {143, {Remedy::kReProvision, Exit::kBlocked, "the server wants its policy looked at again", "nothing: the policy is fetched"}},
    {144, {Remedy::kReProvision, Exit::kBlocked, "the policy has changed on the server", "nothing: the policy is fetched"}},
    {145, {Remedy::kReProvision, Exit::kBlocked, "the server does not accept devices that another system manages", "nothing: its own policy is applied"}},
    {148, {Remedy::kBlocked, Exit::kBlocked, "the server may not pass the request on, because the next one has no TLS", "ask the administrator"}},
    {149, {Remedy::kRetryBackOff, Exit::kRefused, "the server could not repeat its stored request", "nothing: it is sent in full"}},
    {150, {Remedy::kPark, Exit::kParked, "the message to be answered or forwarded is not on the server any more", "send a new message instead"}},
    {151, {Remedy::kAskUser, Exit::kRefused, "the mailbox has more folders than the server allows", "remove some folders"}},
    {152, {Remedy::kRestartFolders, Exit::kRefused, "the server finds no folders", "nothing: it is tried again; nothing is deleted here"}},
    {165, {Remedy::kReProvision, Exit::kBlocked, "the server wants to know the device before it sends its policy", "nothing: it is told"}},
    {177, {Remedy::kBlocked, Exit::kBlocked, "the user has too many devices at this server", "remove an old device in the server's web mail or ask the administrator"}},
};

// -- Answers that break the grammar, of any command (protocol/command.h) ----------------------------------------------------------
constexpr Row kAnswerRows[] = {
    {number(AnswerFault::kNotWbxml), {Remedy::kRetryBackOff, Exit::kRefused, "{the server} answered with something that is not ActiveSync, perhaps a login page of the network", "open a web page once if this network asks for a login; else check the server's address"}},
    {number(AnswerFault::kEmpty), {Remedy::kRetryBackOff, Exit::kRefused, "{the server} sent an empty answer", "nothing: it is tried again later"}},
    {number(AnswerFault::kNoStatus), {Remedy::kRetryBackOff, Exit::kRefused, "{the server} did not say whether it has done what was asked", "nothing: it is tried again later"}},
    {number(AnswerFault::kWrongRoot), {Remedy::kRetryBackOff, Exit::kRefused, "{the server} sent the answer to something else", "nothing: it is tried again later"}},
    {number(AnswerFault::kValueTooLong), {Remedy::kGiveUp, Exit::kRefused, "{the server} sent a value that is too long", "report this with a --trace"}},
    {number(AnswerFault::kBadValue), {Remedy::kRetryBackOff, Exit::kRefused, "{the server} sent a number that is none", "nothing: it is tried again; report it with a --trace if it stays"}},
    {number(AnswerFault::kNoProgress), {Remedy::kRetryBackOff, Exit::kRefused, "{the server} says again and again that there is something new, and sends nothing", "nothing: it is asked less often; tell the administrator if it does not pass"}},
};

// -- HTTP: our own faults below 100, statuses from there (platform/http/fault.h, MS-ASHTTP 2.2.2) -----------------------------------
using Discovered = autodiscover::Fault;
constexpr Row kHttpRows[] = {
    {1, {Remedy::kGiveUp, Exit::kUsage, "a name or an address has a character in it that may not be sent", "check the address, the user name and the server"}},
    {2, {Remedy::kRetryBackOff, Exit::kBug, "a request was not as long as announced", "report this with a --trace"}},
    {3, {Remedy::kRetryBackOff, Exit::kRefused, "{the server} sent more than 64 KiB of header lines", "check that the server's address leads to an ActiveSync server"}},
    {4, {Remedy::kRetryBackOff, Exit::kRefused, "{the server} sent more than 100 header lines", "check that the server's address leads to an ActiveSync server"}},
    {5, {Remedy::kRetryBackOff, Exit::kRefused, "{the server} does not speak HTTP/1.1", "check the server's address and port"}},
    {6, {Remedy::kRetryBackOff, Exit::kServer, "the connection to {the server} was cut before the answer was complete", "nothing: it is tried again; what was queued stays queued"}},
    {7, {Remedy::kRetryBackOff, Exit::kRefused, "{the server} sent damaged or unknown compressed data", "nothing: it is tried again; look for a proxy in between if it stays"}},
    {8, {Remedy::kRetryBackOff, Exit::kRefused, "the answer of {the server} unpacks to more than a hundred times its size and was refused", "check that the server's address leads to the right server"}},
    {9, {Remedy::kSmaller, Exit::kRefused, "the answer of {the server} is larger than this device takes", "nothing: it is asked for in smaller portions"}},
    {10, {Remedy::kRetryBackOff, Exit::kServer, "{the server} does not answer: no connection in the time allowed", "check the network and the server's address, then try again"}},
    {11, {Remedy::kRetryBackOff, Exit::kServer, "{the server} has stopped answering", "nothing: it is tried again with less at a time"}},
    {12, {Remedy::kRetryBackOff, Exit::kServer, "{the server} took longer than allowed", "nothing: it is tried again with less at a time"}},
    {13, {Remedy::kRetryBackOff, Exit::kServer, "{the server} cannot be reached at any of its addresses", "check the network, the server's address and its port"}},
    {14, {Remedy::kRetryBackOff, Exit::kServer, "the connection to {the server} broke", "nothing: it is tried again"}},
    {15, {Remedy::kRetryBackOff, Exit::kBug, "too many requests were waiting for one connection", "report this"}},
    {number(Discovered::kNotXml), {Remedy::kRetryBackOff, Exit::kServer, "what {the server} sent is no answer to a search for the mailbox, perhaps a web site or a login page of the network", "open a web page once if this network asks for a login; else give the server's address with --server"}},
    {number(Discovered::kForbidden), {Remedy::kRetryBackOff, Exit::kServer, "the answer of {the server} holds XML that is refused because it could do harm", "give the server's address with --server, and tell the administrator"}},
    {number(Discovered::kTooDeep), {Remedy::kRetryBackOff, Exit::kServer, "the answer of {the server} is nested too deeply", "give the server's address with --server, and tell the administrator"}},
    {number(Discovered::kTooLarge), {Remedy::kRetryBackOff, Exit::kServer, "the answer of {the server} to a search for the mailbox is too large", "give the server's address with --server"}},
    {number(Discovered::kNotUtf8), {Remedy::kRetryBackOff, Exit::kServer, "the answer of {the server} is not UTF-8 text", "give the server's address with --server, and tell the administrator"}},
    {number(Discovered::kNothing), {Remedy::kRetryBackOff, Exit::kServer, "{the server} knows of no ActiveSync server for this address", "ask the administrator for the server's address and give it with --server"}},
    {number(Discovered::kServerSays), {Remedy::kRetryBackOff, Exit::kServer, "{the server} has an error of its own while looking for the mailbox", "check the e-mail address; else give the server's address with --server"}},
    {number(Discovered::kBadUrl), {Remedy::kRetryBackOff, Exit::kServer, "{the server} names a server at an address that is not safe to use", "ask the administrator for the server's address and give it with --server"}},
    {number(Discovered::kBadAddress), {Remedy::kGiveUp, Exit::kUsage, "that is not a complete e-mail address", "give it as name@domain"}},
    {number(Discovered::kLoop), {Remedy::kRetryBackOff, Exit::kServer, "{the server} sends in a circle", "give the server's address with --server, and tell the administrator"}},
    {number(Discovered::kTooManyRedirects), {Remedy::kRetryBackOff, Exit::kServer, "the search for the server was sent on more than ten times", "give the server's address with --server, and tell the administrator"}},
    {number(Discovered::kDeclined), {Remedy::kGiveUp, Exit::kServer, "the mailbox is said to be at {another host}, and that was not accepted; no password was sent there", "if the host is right, say so with --accept-redirect HOST; else give the right one with --server"}},
    {number(Discovered::kNoMobileServer), {Remedy::kRetryBackOff, Exit::kServer, "no ActiveSync server was found for {this domain}", "check the e-mail address, or give the server's address with --server"}},
    {302, {Remedy::kDiscover, Exit::kServer, "{the server} sends to another address", "add the account again without --server, or with the new address"}},
    {400, {Remedy::kNegotiate, Exit::kRefused, "{the server} calls the request malformed (HTTP 400)", "nothing: the version is agreed on anew once; else report it with a --trace"}},
    {401, {Remedy::kAskCredentials, Exit::kCredentials, "{the server} refuses the user name or the password", "check both and give the password again with --password-file; some servers want --user DOMAIN\\name"}},
    {403, {Remedy::kBlocked, Exit::kBlocked, "{the server} denies access: the user may not use ActiveSync, or the device is blocked or waits for approval", "ask the administrator (the device's id: `device status`)"}},
    {404, {Remedy::kDiscover, Exit::kServer, "there is no ActiveSync at this address of {the server}", "check --server, or leave it out so that the server is looked for"}},
    {405, {Remedy::kDiscover, Exit::kServer, "there is no ActiveSync at this address of {the server}", "check --server, or leave it out so that the server is looked for"}},
    {407, {Remedy::kBlocked, Exit::kServer, "a proxy in this network wants a login", "use another network"}},
    {408, {Remedy::kRetryBackOff, Exit::kRefused, "{the server} waited in vain for the request", "nothing: it is tried again"}},
    {413, {Remedy::kSmaller, Exit::kRefused, "the request is larger than {the server} takes", "nothing: it is sent in smaller portions; a message that is too large is set aside"}},
    {429, {Remedy::kRetryBackOff, Exit::kRefused, "{the server} asks for fewer requests", "nothing: it is tried again after the time the server names"}},
    {449, {Remedy::kReProvision, Exit::kBlocked, "the server wants its policy accepted", "nothing: the policy is fetched"}},
    {451, {Remedy::kDiscover, Exit::kRefused, "the mailbox is served by another server now", "nothing: the new address is used from now on"}},
    {456, {Remedy::kBlocked, Exit::kBlocked, "the user's account is blocked", "ask the administrator"}},
    {457, {Remedy::kAskCredentials, Exit::kCredentials, "the password has expired", "set a new one at {the organisation's password page}, then give it with `account set EMAIL --password-file F`"}},
    {500, {Remedy::kRetryBackOff, Exit::kRefused, "{the server} had an error of its own (HTTP 500)", "nothing: it is tried again later; nothing is lost here"}},
    {501, {Remedy::kGiveUp, Exit::kRefused, "{the server} does not have this command", "check that the server's address leads to an ActiveSync server"}},
    {502, {Remedy::kRetryBackOff, Exit::kRefused, "{the server} could not reach the mailbox (HTTP 502)", "nothing: it is tried again later"}},
    {503, {Remedy::kRetryBackOff, Exit::kRefused, "{the server} is busy or down for maintenance (HTTP 503)", "nothing: it is tried again after the time the server names"}},
    {504, {Remedy::kRetryBackOff, Exit::kRefused, "{the server} could not reach the mailbox in time (HTTP 504)", "nothing: it is tried again later"}},
    {505, {Remedy::kNegotiate, Exit::kRefused, "{the server} does not speak this version of the protocol", "nothing: the version is agreed on anew"}},
    {507, {Remedy::kAskUser, Exit::kRefused, "the mailbox is full", "delete something in the mailbox; changes made here stay queued"}},
};

// -- TLS: codes of platform/tls/fault.h; mbedTLS's own are negative -----------------------------------------------------------------
constexpr Row kTlsRows[] = {
    {1, {Remedy::kBlocked, Exit::kServer, "the certificate of {the server} was issued by an authority that is not trusted here; no password was sent", "if it is the right server, give the authority's certificate with --ca FILE (ask the administrator for it)"}},
    {2, {Remedy::kBlocked, Exit::kServer, "the certificate of {the server} is signed by itself and not trusted here; no password was sent", "if it is the right server, get the certificate from the administrator and give it with --ca FILE"}},
    {3, {Remedy::kBlocked, Exit::kServer, "the certificate of {the server} has expired; no password was sent", "check this device's date; if that is right, ask the administrator to renew the certificate"}},
    {4, {Remedy::kBlocked, Exit::kServer, "the certificate of {the server} is not valid yet; no password was sent", "check this device's date and time: the clock is probably behind"}},
    {5, {Remedy::kBlocked, Exit::kServer, "the certificate of {the server} is not for this name; no password was sent", "check the server's name in --server for a typing error, or ask the administrator which name the certificate carries"}},
    {6, {Remedy::kBlocked, Exit::kServer, "the certificate of {the server} is too weak to prove anything (short key or SHA-1); no password was sent", "ask the administrator for a certificate with RSA 2048 or more and SHA-256"}},
    {7, {Remedy::kBlocked, Exit::kServer, "{the server} offers only connections that are not safe enough", "ask the administrator to switch on TLS 1.2 with ECDHE and AES-GCM; --tls legacy allows older ones for this account"}},
    {8, {Remedy::kBlocked, Exit::kServer, "the certificate of {the server} is not usable (revoked, damaged, or not made for a server); no password was sent", "ask the administrator"}},
    {9, {Remedy::kBlocked, Exit::kServer, "no trusted certificate was found on this device", "check that the --ca file holds a certificate in PEM form, or install the system's certificates (package ca-certificates)"}},
    {10, {Remedy::kGiveUp, Exit::kBug, "something was to be sent before the server had proved its name; it was not sent", "report this"}},
    {11, {Remedy::kRetryBackOff, Exit::kMachine, "the device has no random numbers yet", "nothing: it is tried again"}},
    {12, {Remedy::kRetryBackOff, Exit::kServer, "{the server} ended the connection while it was being secured", "nothing: it is tried again; check the port if it stays"}},
    {13, {Remedy::kBlocked, Exit::kServer, "{the server} refused to secure the connection", "check the server's name and port; it may want a client certificate (--client-cert)"}},
    {14, {Remedy::kBlocked, Exit::kUsage, "the client certificate and its key cannot be used", "give a certificate and its private key as PEM files, the key without a passphrase"}},
    {15, {Remedy::kBlocked, Exit::kServer, "{the server} wants a client certificate", "give one with --client-cert FILE --client-key FILE (ask the administrator for it)"}},
};

constexpr Row kDnsRows[] = {
    {1, {Remedy::kBlocked, Exit::kServer, "{the server's name} does not exist", "check the address or --server for a typing error"}},
    {2, {Remedy::kRetryBackOff, Exit::kServer, "the name servers do not answer", "check the network, then try again"}},
};

// SQLite's primary codes, and extended ones that say more; negative ones are the replica's (replica/store.h).
constexpr Row kSqliteRows[] = {
    {-1, {Remedy::kGiveUp, Exit::kMachine, "the mailbox on this device was written by a newer version of this program", "use that version, or remove the account and add it again"}},
    {-2, {Remedy::kGiveUp, Exit::kMachine, "the mailbox on this device is damaged", "run `device check`; then remove the account and add it again"}},
    {-3, {Remedy::kGiveUp, Exit::kUsage, "there is no such item", "take an id from `list`"}},
    {-4, {Remedy::kGiveUp, Exit::kUsage, "there is no such folder", "take a name from `folders`"}},
    {-5, {Remedy::kRetryBackOff, Exit::kMachine, "the mailbox on this device is closed", "try again"}},
    {-7, {Remedy::kGiveUp, Exit::kUsage, "there is no such change", "take a number from `queue`"}},
    {-8, {Remedy::kGiveUp, Exit::kUsage, "the change is on its way to the server", "run `sync`; its answer decides"}},
    {-10, {Remedy::kGiveUp, Exit::kUsage, "that folder does not hold items of this kind", "take one of the same type from `folders`"}},
    {-11, {Remedy::kGiveUp, Exit::kUsage, "a category has a name of 1 to 255 bytes, and an item not more of them than 1024 bytes hold", "choose a shorter name, or take another category away first"}},
    {-14, {Remedy::kGiveUp, Exit::kUsage, "the people written to often are the server's own list", "it follows from what is sent; a contact can be edited"}},
    {-15, {Remedy::kGiveUp, Exit::kUsage, "that is no mail of a conversation", "take the id of a mail from `list`"}},
    {-12, {Remedy::kGiveUp, Exit::kUsage, "an item of this kind does not have such a property, or it is too long", "leave it out, or shorten it"}},
    {-13, {Remedy::kGiveUp, Exit::kUsage, "it does not take place then, or is no series", "take a date from `list CALENDAR --from TIME --to TIME`"}},
    {-20, {Remedy::kGiveUp, Exit::kUsage, "the item has no such attachment, or the server has not said where it is", "`show ID` lists what came with it"}},
    {-21, {Remedy::kGiveUp, Exit::kUsage, "a folder has a name of 1 to 256 bytes without control characters", "choose another name"}},
    {-22, {Remedy::kGiveUp, Exit::kUsage, "that is a folder that every mailbox has: it is not made, renamed or deleted", "take one of your own"}},
    {-23, {Remedy::kGiveUp, Exit::kUsage, "there is a folder of that name already", "choose another name"}},
    {-30, {Remedy::kGiveUp, Exit::kUsage, "this program was built without full-text search, or its SQLite has no FTS5", "look through `list`, or take a build with it"}},
    {-9, {Remedy::kGiveUp, Exit::kBug, "the mailbox on this device would be stored without encryption; it was not opened", "report this"}},
    {3, {Remedy::kGiveUp, Exit::kMachine, "the mailbox on this device may not be read or written", "check who owns the home and its permissions"}},
    {5, {Remedy::kRetryBackOff, Exit::kMachine, "the mailbox on this device is in use by another program", "wait for it to end, then try again"}},
    {6, {Remedy::kRetryBackOff, Exit::kMachine, "the mailbox on this device is in use", "try again"}},
    {7, {Remedy::kRetryBackOff, Exit::kMachine, "there was not enough memory for the mailbox", "close something, then try again"}},
    {8, {Remedy::kGiveUp, Exit::kMachine, "the mailbox on this device cannot be written", "check the permissions of the home and whether the disk is mounted read-only"}},
    {10, {Remedy::kRetryBackOff, Exit::kMachine, "the disk reports an error", "check the disk; nothing that was committed is lost"}},
    {4874, {Remedy::kRetryBackOff, Exit::kMachine, "the disk is full", "free some space, then try again; nothing is lost"}},
    {10 | 28 << 8, {Remedy::kGiveUp, Exit::kMachine, "the key of the mailbox on this device is gone", "remove the account and add it again"}},
    {10 | 32 << 8, {Remedy::kGiveUp, Exit::kMachine, "the mailbox on this device is damaged, or somebody has changed it", "run `device check`; then remove the account and add it again"}},
    {11, {Remedy::kGiveUp, Exit::kMachine, "the mailbox on this device is damaged", "run `device check`; then remove the account and add it again"}},
    {13, {Remedy::kRetryBackOff, Exit::kMachine, "the disk is full", "free some space, then try again; nothing is lost"}},
    {14, {Remedy::kGiveUp, Exit::kMachine, "the mailbox on this device cannot be opened", "check that the home exists and may be written"}},
    {26, {Remedy::kGiveUp, Exit::kMachine, "the mailbox on this device is not readable: it is damaged, or its key has gone", "remove the account and add it again"}},
};

// The driver's own errno is positive.
constexpr Row kHalRows[] = {
    {number(hal::Fault::kNoSpace), {Remedy::kGiveUp, Exit::kMachine, "the device has no room for another key or record", "remove an account"}},
    {number(hal::Fault::kDamaged), {Remedy::kGiveUp, Exit::kMachine, "a record or key of the device is damaged", "run `device check`; `device new` begins anew"}},
    {number(hal::Fault::kNotThere), {Remedy::kGiveUp, Exit::kMachine, "the key of this account or device is gone", "remove the account and add it again"}},
    {number(hal::Fault::kExists), {Remedy::kGiveUp, Exit::kBug, "a key was to be made where there is one", "report this"}},
    {number(hal::Fault::kTooLarge), {Remedy::kGiveUp, Exit::kBug, "a record was larger than the device keeps", "report this"}},
    {number(hal::Fault::kRefused), {Remedy::kGiveUp, Exit::kMachine, "the device's driver refused", "look at the device's log"}},
    {number(hal::Fault::kGivenUp), {Remedy::kRetryBackOff, Exit::kMachine, "slow work of the device was given up", "try again"}},
    {number(hal::Fault::kNotSeeded), {Remedy::kRetryBackOff, Exit::kMachine, "the device has no random numbers yet", "try again in a while"}},
    {number(hal::Fault::kNotDone), {Remedy::kGiveUp, Exit::kBug, "this device's port is not finished", "write what hal/PORTING.md asks for"}},
    {number(hal::Fault::kWrongPin), {Remedy::kAskUser, Exit::kBlocked, "the PIN is wrong", "try again with care"}},
    {13, {Remedy::kGiveUp, Exit::kMachine, "the home may not be written", "check who owns the home and its permissions"}},
    {28, {Remedy::kRetryBackOff, Exit::kMachine, "the disk is full", "free some space, then try again; nothing is lost"}},
    {30, {Remedy::kGiveUp, Exit::kMachine, "the disk is mounted read-only", "mount it for writing, or give another --home"}},
};

constexpr Row kPolicyRows[] = {
    {number(Fault::kBadValue), {Remedy::kBlocked, Exit::kBlocked, "the policy has a value that makes no sense: {a setting}", "ask the administrator to correct the policy"}},
    {number(Fault::kRecordDamaged), {Remedy::kReProvision, Exit::kBlocked, "the policy kept on this device is damaged; what it closed stays closed", "nothing: it is fetched again from every server"}},
    {number(Fault::kTooManyAccounts), {Remedy::kGiveUp, Exit::kBlocked, "there are too many accounts for one policy", "remove an account"}},
    {number(Fault::kNothingPrepared), {Remedy::kReProvision, Exit::kBug, "there was no policy to put in force", "nothing: it is fetched again"}},
    {number(Fault::kNotAccepted), {Remedy::kAskUser, Exit::kBlocked, "the policy of the server has not been accepted", "look at it and accept it: --accept-policy"}},
    {number(Fault::kNotEnforceable), {Remedy::kBlocked, Exit::kBlocked, "this device cannot keep what the server's policy asks for: {see `policy`}", "ask the administrator to allow devices that keep it in part, or use another device"}},
    {number(Fault::kNoHtml), {Remedy::kGiveUp, Exit::kBlocked, "the policy does not allow HTML in mails", "use text"}},
    {number(Fault::kWantsSmime), {Remedy::kGiveUp, Exit::kBlocked, "the policy wants every mail signed or encrypted with S/MIME, which this device does not do: it was not sent", "send it from another device, or ask the administrator"}},
    {number(Fault::kPinNotSet), {Remedy::kAskUser, Exit::kBlocked, "the policy wants a PIN and none is set", "set one with --pin-file or `device set-pin`"}},
    {number(Fault::kPinMustChange), {Remedy::kAskUser, Exit::kBlocked, "the PIN is too old or no longer good enough for the policy", "set a new one with `device set-pin`"}},
    {number(Fault::kPinTooShort), {Remedy::kAskUser, Exit::kBlocked, "the PIN is shorter than the policy allows", "use {more} characters or more"}},
    {number(Fault::kPinTooLong), {Remedy::kAskUser, Exit::kBlocked, "the PIN is longer than this device takes", "use {64} bytes or fewer"}},
    {number(Fault::kPinNeedsLetters), {Remedy::kAskUser, Exit::kBlocked, "the policy wants letters together with digits or signs in the PIN", "use both"}},
    {number(Fault::kPinNeedsGroups), {Remedy::kAskUser, Exit::kBlocked, "the PIN has too few kinds of characters", "mix {more} of: small letters, capital letters, digits, signs"}},
    {number(Fault::kPinTooSimple), {Remedy::kAskUser, Exit::kBlocked, "the policy does not allow a PIN that is easy to guess", "avoid repetitions, sequences like 1234 and common ones"}},
    {number(Fault::kPinUsedBefore), {Remedy::kAskUser, Exit::kBlocked, "that PIN has been used before", "use another one"}},
    {number(Fault::kPinWrong), {Remedy::kAskUser, Exit::kBlocked, "the PIN is wrong", "try again with care; tries left before the device is wiped: {no limit is set}"}},
    {number(Fault::kPinThrottled), {Remedy::kAskUser, Exit::kBlocked, "there were too many wrong PINs; this try was not counted", "wait {a while} (seconds), then try again"}},
    {number(Fault::kPinLimit), {Remedy::kWipe, Exit::kWiped, "the last try was used up, and the policy has the device wiped", "`device new` begins anew"}},
    {number(Fault::kPinBusy), {Remedy::kRetryBackOff, Exit::kBlocked, "another PIN is being checked", "try again in a moment"}},
    {number(Fault::kPinCheckFailed), {Remedy::kAskUser, Exit::kMachine, "the PIN could not be checked, and the device stays locked", "free some space or check the disk, then try again; the try was counted"}},
    {number(Fault::kLocked), {Remedy::kAskUser, Exit::kBlocked, "the device is locked", "unlock it with `device unlock`"}},
    {number(Fault::kPinCodeword), {Remedy::kAskUser, Exit::kBlocked, "after a few more wrong PINs the device is wiped; tries left: {few}; this one was not counted", "show that it is you and no pocket: `device unlock --codeword a1b2c3`"}},
    {number(Fault::kNoRecovery), {Remedy::kAskUser, Exit::kBlocked, "no recovery password of this device is kept at a server: no policy asked for one", "remember the PIN; `device wipe` and `device new` begin anew"}},
    {number(Fault::kNoAttachments), {Remedy::kGiveUp, Exit::kBlocked, "the policy of the server forbids attachments on this device", "look at `policy`, or ask the administrator"}},
    {number(Fault::kAttachmentTooLarge), {Remedy::kGiveUp, Exit::kBlocked, "the attachment is larger than the policy of the server allows on this device", "look at MaxAttachmentSize in `policy`, or ask the administrator"}},
    {number(Fault::kNoTexts), {Remedy::kGiveUp, Exit::kBlocked, "the policy of the server forbids text messages on this device: none is sent or uploaded", "look at AllowTextMessaging in `policy`, or ask the administrator"}},
    {number(Fault::kAwaitsApproval), {Remedy::kBlocked, Exit::kBlocked, "the server shows an empty mailbox where there was a full one: this device probably waits for an administrator's approval; nothing has been removed here", "ask the administrator to allow this device (its id: `device status`); everything is compared again by itself then"}},
    {number(Fault::kWipeUnverified), {Remedy::kGiveUp, Exit::kServer, "someone who is not the enrolled server ordered a wipe or sent a policy; it was ignored", "do not use this network for now"}},
    {number(Fault::kWiping), {Remedy::kWipe, Exit::kWiped, "the device is being wiped", "wait until it is done; `device new` begins anew"}},
    {number(Fault::kWiped), {Remedy::kWipe, Exit::kWiped, "the {device} has been wiped", "`device new` begins anew"}},
    {number(Fault::kWipeIncomplete), {Remedy::kWipe, Exit::kWiped, "the wipe could not be finished yet", "start the device again: it goes on by itself"}},
};

constexpr Row kWbxmlRows[] = {
    {1, {Remedy::kRetryBackOff, Exit::kRefused, "the answer of {the server} ended in the middle", "nothing: it is tried again"}},
};

constexpr Row kEngineRows[] = {
    {number(EngineFault::kInvalidSettings), {Remedy::kGiveUp, Exit::kUsage, "the account's settings are not usable", "give a mail address, and as --server a host name, HOST:PORT or an https:// address"}},
    {number(EngineFault::kInsecure), {Remedy::kBlocked, Exit::kServer, "{the server} wants the password without encryption; it was not sent", "ask the administrator for an https address"}},
    {number(EngineFault::kNoCommonVersion), {Remedy::kBlocked, Exit::kRefused, "{the server} speaks no version of ActiveSync from 2.5 to 16.1", "check that the server's address leads to an ActiveSync server"}},
    {number(EngineFault::kNoSuchAccount), {Remedy::kGiveUp, Exit::kUsage, "there is no such account", "take an address from `account list`"}},
    {number(EngineFault::kTooManyAccounts), {Remedy::kGiveUp, Exit::kUsage, "this device holds no more accounts", "remove one first"}},
    {number(EngineFault::kAccountExists), {Remedy::kGiveUp, Exit::kUsage, "this account is on the device already", "change it with `account set`, or remove it first"}},
    {number(EngineFault::kInvalidItem), {Remedy::kGiveUp, Exit::kUsage, "a value that an item of this kind cannot have", "look at its dates and numbers; an event needs a start and an end"}},
    {number(EngineFault::kNotYours), {Remedy::kGiveUp, Exit::kRefused, "only its organizer may change that of this meeting", "answer the invitation instead, or propose another time"}},
    {number(EngineFault::kUnknownIfSent), {Remedy::kPark, Exit::kParked, "the answer to a message was lost, and it is not among the sent mails: it may have been sent or not", "ask its recipient, then `queue retry` to send it again or `queue drop` to forget it"}},
    {number(EngineFault::kMessageTooLarge), {Remedy::kGiveUp, Exit::kRefused, "the message is larger than {the server} takes", "send it smaller or another way"}},
    {number(EngineFault::kNothingComposed), {Remedy::kGiveUp, Exit::kBug, "no message is being written", "report this"}},
    {number(items::MimeFault::kBadAddress), {Remedy::kGiveUp, Exit::kUsage, "a recipient is no mail address", "give each as name@domain or `Name <name@domain>`, with commas between them"}},
    {number(items::MimeFault::kControlCharacter), {Remedy::kGiveUp, Exit::kUsage, "a subject, name or address has a line end or another control character in it", "take it out"}},
    {number(items::MimeFault::kNotUtf8), {Remedy::kGiveUp, Exit::kUsage, "the text is not UTF-8", "convert it, or attach it as a file"}},
    {number(items::MimeFault::kTooLong), {Remedy::kGiveUp, Exit::kUsage, "a name is longer than 255 bytes", "make it shorter"}},
    {number(items::MimeFault::kNoRecipient), {Remedy::kGiveUp, Exit::kUsage, "the message has no recipient", "name one with --to, --cc or --bcc"}},
    {number(items::MimeFault::kWrongOrder), {Remedy::kGiveUp, Exit::kBug, "the parts of a message came in another order than text, HTML, attachments", "report this"}},
    {number(EngineFault::kNotInVersion), {Remedy::kGiveUp, Exit::kRefused, "the version of ActiveSync that {the server} speaks does not have that", "nothing: it works with servers of a later version"}},
    {number(EngineFault::kDropped), {Remedy::kNone, Exit::kDone, "it was ended before it was complete", "ask for it again: what is here is not fetched twice"}},
    {number(EngineFault::kBusy), {Remedy::kRetryBackOff, Exit::kMachine, "the device is busy with something else", "try again in a moment"}},
    {number(EngineFault::kNoInvitation), {Remedy::kGiveUp, Exit::kUsage, "that is no invitation, or it does not say who sent it", "answer the mail of an invitation, or a meeting of the calendar that somebody else made"}},
    {number(EngineFault::kDropsExceptions), {Remedy::kGiveUp, Exit::kUsage, "the times of a series are to change, and the server would drop what was changed of its single occurrences", "add --drop-exceptions if that is meant, or change single ones with --only DATE"}},
    {number(EngineFault::kNoMessaging), {Remedy::kGiveUp, Exit::kUsage, "this device has no modem for text messages", "use one that has, or `--hal simulated`"}},
    {number(EngineFault::kTextsOff), {Remedy::kGiveUp, Exit::kUsage, "text messages are switched off for this account", "switch them on with `account set EMAIL --sms sync`"}},
    {number(EngineFault::kInvalidText), {Remedy::kGiveUp, Exit::kUsage, "a text message wants one to eight phone numbers and at most 4096 bytes of words", "look at its numbers and its length"}},
    {number(EngineFault::kTextInDoubt), {Remedy::kPark, Exit::kParked, "the power failed while a text was handed to the modem: it may have been sent or not", "ask its recipient, then `queue retry` to send it again or `queue drop` to forget it"}},
    {number(protocol::RequestFault::kControlCharacter), {Remedy::kGiveUp, Exit::kUsage, "a name or an address has a character in it that may not be sent", "check the address, the user name and the server"}},
    {number(protocol::RequestFault::kBadPath), {Remedy::kDiscover, Exit::kServer, "the address of {the server} is not usable", "leave --server out so that the server is looked for"}},
    {number(protocol::RequestFault::kTooLong), {Remedy::kGiveUp, Exit::kUsage, "a name or an address is too long to be sent", "check the address, the user name and the server"}},
};

struct Part {
  Domain domain;
  Text name;
  std::span<const Row> rows;
  Advice otherwise;
};
constexpr Part kParts[] = {
    {Domain::kNone, "none", {}, {Remedy::kNone, Exit::kDone, "nothing is wrong", ""}},
    {Domain::kMemory, "memory", {}, {Remedy::kRetryBackOff, Exit::kMachine, "there was not enough memory", "close something, then try again; nothing is lost"}},
    {Domain::kWbxml, "wbxml", kWbxmlRows, {Remedy::kRetryBackOff, Exit::kRefused, "the answer of {the server} is not valid ActiveSync", "nothing: it is tried again; report it with a --trace if it stays"}},
    {Domain::kHttp, "http", kHttpRows, {Remedy::kRetryBackOff, Exit::kRefused, "{the server} gave an unexpected answer", "check that the server's address leads to an ActiveSync server"}},
    {Domain::kTls, "tls", kTlsRows, {Remedy::kRetryBackOff, Exit::kServer, "the connection to {the server} could not be secured", "check the server's name and port; look at --trace for the library's own number"}},
    {Domain::kDns, "dns", kDnsRows, {Remedy::kRetryBackOff, Exit::kServer, "the address of {the server} was not found", "check the network and the server's name"}},
    {Domain::kEas, "eas", kEasRows, {Remedy::kRetryBackOff, Exit::kRefused, "{the server} refused the request", "nothing: it is tried again later; report it with a --trace if it stays"}},
    {Domain::kSqlite, "sqlite", kSqliteRows, {Remedy::kGiveUp, Exit::kMachine, "the mailbox on this device cannot be used", "run `device check`"}},
    {Domain::kHal, "hal", kHalRows, {Remedy::kGiveUp, Exit::kMachine, "the device reports an error", "check the disk and the home"}},
    {Domain::kPolicy, "policy", kPolicyRows, {Remedy::kBlocked, Exit::kBlocked, "the policy of the server stands in the way", "look at `policy`, or ask the administrator"}},
    {Domain::kEngine, "engine", kEngineRows, {Remedy::kGiveUp, Exit::kUsage, "that cannot be done as asked", "check the address and the settings of the account"}},
};
// clang-format on

// The same tables without their sentences, made by the compiler: a firmware that never calls advice_for() then carries
// no sentence.
struct Step {
  std::int32_t code = 0;
  Remedy remedy = Remedy::kNone;
};
template <std::size_t kCount>
consteval std::array<Step, kCount> steps_of(const Row (&rows)[kCount]) {
  std::array<Step, kCount> steps;
  for (std::size_t i = 0; i < kCount; ++i) steps[i] = {rows[i].code, rows[i].advice.remedy};
  return steps;
}
constexpr auto kEasSteps = steps_of(kEasRows);
constexpr auto kEasCommonSteps = steps_of(kEasCommonRows);
constexpr auto kAnswerSteps = steps_of(kAnswerRows);
constexpr auto kHttpSteps = steps_of(kHttpRows);
constexpr auto kTlsSteps = steps_of(kTlsRows);
constexpr auto kDnsSteps = steps_of(kDnsRows);
constexpr auto kSqliteSteps = steps_of(kSqliteRows);
constexpr auto kHalSteps = steps_of(kHalRows);
constexpr auto kPolicySteps = steps_of(kPolicyRows);
constexpr auto kWbxmlSteps = steps_of(kWbxmlRows);
constexpr auto kEngineSteps = steps_of(kEngineRows);
struct StepPart {
  std::span<const Step> steps;
  Remedy otherwise;
};
constexpr Remedy otherwise(Domain domain) { return kParts[static_cast<std::size_t>(domain)].otherwise.remedy; }
constexpr StepPart kStepParts[] = {
    {{}, otherwise(Domain::kNone)},
    {{}, otherwise(Domain::kMemory)},
    {kWbxmlSteps, otherwise(Domain::kWbxml)},
    {kHttpSteps, otherwise(Domain::kHttp)},
    {kTlsSteps, otherwise(Domain::kTls)},
    {kDnsSteps, otherwise(Domain::kDns)},
    {kEasSteps, otherwise(Domain::kEas)},
    {kSqliteSteps, otherwise(Domain::kSqlite)},
    {kHalSteps, otherwise(Domain::kHal)},
    {kPolicySteps, otherwise(Domain::kPolicy)},
    {kEngineSteps, otherwise(Domain::kEngine)},
};
static_assert(std::size(kStepParts) == std::size(kParts));

template <class Line>
const Line* find(std::span<const Line> lines, std::int32_t code) {
  for (const Line& line : lines) {
    if (line.code == code) return &line;
  }
  return nullptr;
}

/// The line of an error; null: its domain's. `common` and `answers` are those of every EAS command.
template <class Line>
const Line* find(std::span<const Line> own, std::span<const Line> common, std::span<const Line> answers, Error error) {
  std::int32_t code = error.code;
  if (error.domain == Domain::kSqlite && code > 0 && !find(own, code)) code &= 0xFF;  // the extended code's primary one
  if (const Line* line = find(own, code)) return line;
  if (error.domain != Domain::kEas) return nullptr;
  const Line* line = find(common, code % 1000);
  return line != nullptr ? line : find(answers, code % 1000);
}

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }

}  // namespace

const Advice& advice_for(Error error) {
  const Part& part = kParts[static_cast<std::size_t>(error.domain)];
  const Row* row = find<Row>(part.rows, kEasCommonRows, kAnswerRows, error);
  return row != nullptr ? row->advice : part.otherwise;
}

Remedy remedy_for(Error error) {
  const StepPart& part = kStepParts[static_cast<std::size_t>(error.domain)];
  const Step* step = find<Step>(part.steps, kEasCommonSteps, kAnswerSteps, error);
  return step != nullptr ? step->remedy : part.otherwise;
}

Text detail_of(Error error) {
  const bool names_setting =
      error == fault(Fault::kBadValue, error.where) || error == fault(Fault::kNotEnforceable, error.where);
  return names_setting && error.where < kSettingCount ? row_of(static_cast<Setting>(error.where)).name : Text();
}

std::size_t fill_in(Text text, Text detail, Room room) {
  std::size_t size = 0;
  bool full = false;
  const auto put = [&](Text piece, bool foreign) {
    for (const char c : piece) {
      full = full || size == room.size();
      if (full) return;
      room[size++] = static_cast<std::byte>(foreign && is_control(c) ? '?' : c);
    }
  };
  const std::size_t begin = text.find('{'), end = text.find('}');
  if (begin == Text::npos || end == Text::npos || end < begin) {
    put(text, false);
  } else {
    put(text.substr(0, begin), false);
    put(detail.empty() ? text.substr(begin + 1, end - begin - 1) : detail, !detail.empty());
    put(text.substr(end + 1), false);
  }
  if (!full) return size;
  // Not in the middle of a character: the last one is whole, or goes.
  std::size_t start = size;
  while (start > 0 && (static_cast<unsigned>(room[start - 1]) & 0xC0) == 0x80) --start;
  if (start == 0) return size;
  const auto lead = static_cast<unsigned>(room[start - 1]);
  const std::size_t wanted = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC0 ? 2 : 1;
  return size - (start - 1) < wanted ? start - 1 : size;
}

Exit graver(Exit a, Exit b) {
  constexpr Exit kOrder[] = {Exit::kDone,    Exit::kParked,  Exit::kServer, Exit::kRefused, Exit::kCredentials,
                             Exit::kBlocked, Exit::kMachine, Exit::kUsage,  Exit::kBug,     Exit::kWiped};
  const auto rank = [&](Exit exit) {
    std::size_t at = 0;
    while (kOrder[at] != exit) ++at;
    return at;
  };
  return rank(a) >= rank(b) ? a : b;
}

Text domain_name(Domain domain) { return kParts[static_cast<std::size_t>(domain)].name; }

}  // namespace handsync::policy
