/// Polled driver of the SMSC LAN9118 (LAN9220 and relatives), the Ethernet chip of ARM's evaluation boards, as an lwIP
/// interface.
#pragma once
#include <lwip/netif.h>

#include <cstdint>

namespace handsync::lwip {

/// Where the chip is, and its address on the wire; for netif_add's `state`.
struct Lan9118 {
  std::uintptr_t base;
  std::uint8_t mac[6];
};

err_t lan9118_init(netif*);  ///< netif_add's `init`
void lan9118_poll(netif*);   ///< passes on what has come in

}  // namespace handsync::lwip
