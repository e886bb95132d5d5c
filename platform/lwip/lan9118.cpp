#include "lwip/lan9118.h"

#include <lwip/etharp.h>
#include <lwip/pbuf.h>

#include <algorithm>
#include <cstring>
#include <iterator>

namespace handsync::lwip {
namespace {

// Registers, by offset (LAN9118 data sheet, chapter 5), and those of the MAC behind them.
enum Register : std::uint32_t {
  kRxData = 0x00,
  kTxData = 0x20,
  kRxStatus = 0x40,
  kTxConfig = 0x70,
  kHardwareConfig = 0x74,
  kRxInformation = 0x7C,
  kTxInformation = 0x80,
  kMacCommand = 0xA4,
  kMacData = 0xA8,
};
enum MacRegister : std::uint32_t { kMacControl = 1, kMacAddressHigh = 2, kMacAddressLow = 3 };
constexpr std::uint32_t kMacBusy = 0x80000000, kFirstSegment = 0x2000, kLastSegment = 0x1000, kFrameError = 0x8000;
constexpr std::uint32_t kFrameBytesMax = 1536, kChecksumBytes = 4, kTxHeadBytes = 8;

volatile std::uint32_t& at(const netif* interface, std::uint32_t offset) {
  return *reinterpret_cast<volatile std::uint32_t*>(static_cast<const Lan9118*>(interface->state)->base + offset);
}

void write_mac(const netif* interface, MacRegister which, std::uint32_t value) {
  at(interface, kMacData) = value;
  at(interface, kMacCommand) = kMacBusy | which;
  while ((at(interface, kMacCommand) & kMacBusy) != 0) {
  }
}

// One frame; the driver is polled, so sending and receiving never meet in it.
std::uint32_t frame[kFrameBytesMax / 4];

err_t send(netif* interface, pbuf* chain) {
  const std::uint32_t bytes = chain->tot_len;
  if (bytes > kFrameBytesMax) return ERR_BUF;
  // A full transmit buffer is a lost frame, as on the wire: TCP sends it again.
  if ((at(interface, kTxInformation) & 0xFFFF) < bytes + kTxHeadBytes) return ERR_MEM;
  pbuf_copy_partial(chain, frame, chain->tot_len, 0);
  at(interface, kTxData) = kFirstSegment | kLastSegment | bytes;
  at(interface, kTxData) = bytes;
  for (std::uint32_t i = 0; i < (bytes + 3) / 4; ++i) at(interface, kTxData) = frame[i];
  return ERR_OK;
}

}  // namespace

void lan9118_poll(netif* interface) {
  while (((at(interface, kRxInformation) >> 16) & 0xFF) != 0) {
    const std::uint32_t status = at(interface, kRxStatus), bytes = (status >> 16) & 0x3FFF;
    for (std::uint32_t i = 0; i < (bytes + 3) / 4; ++i) {
      const std::uint32_t word = at(interface, kRxData);
      if (i < std::size(frame)) frame[i] = word;
    }
    if ((status & kFrameError) != 0 || bytes <= kChecksumBytes || bytes > kFrameBytesMax) continue;
    const auto size = static_cast<u16_t>(bytes - kChecksumBytes);
    pbuf* taken = pbuf_alloc(PBUF_RAW, size, PBUF_POOL);
    if (taken == nullptr) continue;  // as a frame lost on the wire
    pbuf_take(taken, frame, size);
    if (interface->input(taken, interface) != ERR_OK) pbuf_free(taken);
  }
}

err_t lan9118_init(netif* interface) {
  const auto& chip = *static_cast<const Lan9118*>(interface->state);
  at(interface, kHardwareConfig) = 1;  // soft reset
  while ((at(interface, kHardwareConfig) & 1) != 0) {
  }
  at(interface, kHardwareConfig) = 0x00050000;  // 5 KiB for sending, the rest for receiving
  at(interface, kTxConfig) = 2;                 // transmitter on
  write_mac(interface, kMacAddressLow,
            std::uint32_t{chip.mac[0]} | std::uint32_t{chip.mac[1]} << 8 | std::uint32_t{chip.mac[2]} << 16 |
                std::uint32_t{chip.mac[3]} << 24);
  write_mac(interface, kMacAddressHigh, std::uint32_t{chip.mac[4]} | std::uint32_t{chip.mac[5]} << 8);
  write_mac(interface, kMacControl, 0x0010000C);  // full duplex, both directions on
  std::memcpy(interface->hwaddr, chip.mac, sizeof chip.mac);
  interface->hwaddr_len = sizeof chip.mac;
  interface->mtu = 1500;
  interface->flags = NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP | NETIF_FLAG_ETHERNET | NETIF_FLAG_LINK_UP;
  interface->name[0] = 'e';
  interface->name[1] = '0';
  interface->output = etharp_output;
  interface->linkoutput = send;
  return ERR_OK;
}

}  // namespace handsync::lwip
