/* lwIP for one client without an operating system: TCP and DNS over IPv4, two connections an account, polled. */
#pragma once
#define NO_SYS 1
#define SYS_LIGHTWEIGHT_PROT 0
#define LWIP_NETCONN 0
#define LWIP_SOCKET 0
#define LWIP_IPV4 1
#define LWIP_IPV6 0
#define LWIP_DHCP 0
#define LWIP_UDP 1
#define LWIP_DNS 1
#define LWIP_STATS 0
#define LWIP_TCP_KEEPALIVE 1
#define MEM_ALIGNMENT 4
#define MEM_SIZE 12288
#define MEMP_NUM_TCP_PCB 6
#define MEMP_NUM_TCP_PCB_LISTEN 1
#define MEMP_NUM_TCP_SEG 24
#define TCP_MSS 1460
#define TCP_SND_BUF (4 * TCP_MSS)
/* A record of TLS has 16 KiB; a window below that makes the server wait in the middle of one. */
#define TCP_WND (12 * TCP_MSS)
#define PBUF_POOL_SIZE 20
#define LWIP_CHECKSUM_ON_COPY 1
