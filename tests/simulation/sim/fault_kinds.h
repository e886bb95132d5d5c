/// What can go wrong in a simulated life, by name. Each is counted when it strikes, not when it is planned.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>

namespace sim {

// clang-format off
#define SIM_FAULTS(X)                                                                                       \
  /* the network */                                                                                         \
  X(kDelay,        "delay")         /* an answer is minutes late */                                         \
  X(kStall,        "stall")         /* an answer stops in the middle, then goes on */                       \
  X(kLostRequest,  "lost-request")  /* the connection breaks before the server has seen it */               \
  X(kSwallowed,    "swallowed")     /* nobody ever answers */                                               \
  X(kLostAnswer,   "lost-answer")   /* the server has acted, the connection breaks */                       \
  X(kCut,          "cut")           /* the answer ends after any of its bytes */                            \
  X(kTwice,        "twice")         /* a request is delivered twice, the second answer comes */             \
  X(kOldAnswer,    "old-answer")    /* an answer comes once more, in place of the next one */               \
  X(kNat,          "nat")           /* a quiet connection is forgotten on the way */                        \
  X(kPortal,       "portal")        /* a log-on page in place of every answer */                            \
  X(kReset,        "reset")         /* every connection breaks */                                           \
  X(kOffline,      "offline")       /* no network for a while */                                            \
  X(kNoName,       "no-name")       /* the name does not resolve */                                         \
  /* the server */                                                                                          \
  X(kHttp,         "http")          /* 4xx and 5xx */                                                       \
  X(kStatus,       "status")        /* a Status that says no */                                             \
  X(kGarbage,      "garbage")       /* an answer that is none */                                            \
  X(kPolicy,       "policy")        /* another policy: provision again */                                   \
  X(kForgets,      "forgets")       /* the server has lost every SyncKey */                                 \
  X(kVersions,     "versions")      /* the server offers other versions */                                  \
  /* the phone */                                                                                           \
  X(kPowerKept,    "power-kept")    /* the power goes; what was written is there */                         \
  X(kPowerDropped, "power-dropped") /* ... what was not synced is gone */                                   \
  X(kPowerTorn,    "power-torn")    /* ... a beginning of it is there, the last write in part */            \
  X(kPowerMixed,   "power-mixed")   /* ... any of it is there, in any order, some in part */                \
  X(kRestart,      "restart")       /* off and on in good order */                                          \
  X(kDiskError,    "disk-error")    /* a read, write or sync fails */                                       \
  X(kDiskFull,     "disk-full")     /* ... for lack of space */                                             \
  X(kRecord,       "record")        /* a record of the device cannot be read or written */                  \
  X(kSecret,       "secret")        /* the password cannot be read */                                       \
  X(kEntropy,      "entropy")       /* no random bytes */                                                   \
  X(kMemory,       "memory")        /* an allocation fails */                                               \
  X(kClock,        "clock")         /* the wall clock jumps */
// clang-format on

enum class FaultKind : std::uint8_t {
#define SIM_ROW(id, name) id,
  SIM_FAULTS(SIM_ROW)
#undef SIM_ROW
      kCount
};
inline constexpr std::size_t kFaultKinds = static_cast<std::size_t>(FaultKind::kCount);
inline constexpr std::array<const char*, kFaultKinds> kFaultNames = {
#define SIM_ROW(id, name) name,
    SIM_FAULTS(SIM_ROW)
#undef SIM_ROW
};

using FaultCounts = std::array<std::uint64_t, kFaultKinds>;

}  // namespace sim
