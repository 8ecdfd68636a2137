package dev.jslirp.tap.linux;

/// Numbers from the kernel's headers, under the kernel's names; the same on x86_64 and aarch64 unless noted.
final class Constants {
    // fcntl.h
    static final int O_RDWR = 2;
    static final int O_NONBLOCK = 0x800;
    static final int O_RDONLY = 0;
    static final int O_CLOEXEC = 0x8_0000;
    static final int F_GETFD = 1;
    static final int F_GETFL = 3;
    static final int F_SETFL = 4;
    static final int F_DUPFD_CLOEXEC = 1030;
    static final int F_SETPIPE_SZ = 1031;
    static final int SPLICE_F_MOVE = 1;
    static final int SPLICE_F_NONBLOCK = 2;
    static final int F_ADD_SEALS = 1033;
    static final int F_GET_SEALS = 1034;
    static final int F_SEAL_SHRINK = 2;
    static final int SEEK_END = 2;

    // sys/mman.h, sys/vfs.h
    static final int PROT_READ = 1;
    static final int PROT_WRITE = 2;
    static final int MAP_SHARED = 1;
    static final int MAP_NORESERVE = 0x4000;
    static final int HUGETLBFS_MAGIC = 0x9584_58f6;

    // sys/socket.h
    static final int AF_UNSPEC = 0;
    static final int AF_UNIX = 1;
    static final int AF_INET = 2;
    static final int AF_INET6 = 10;
    static final int SOCK_STREAM = 1;
    static final int SOCK_DGRAM = 2;
    static final int SOCK_NONBLOCK = O_NONBLOCK;
    static final int SOCK_CLOEXEC = O_CLOEXEC;
    static final int SOL_SOCKET = 1;
    static final int SO_REUSEADDR = 2;
    static final int SO_ERROR = 4;
    static final int SO_SNDBUF = 7;
    static final int SO_RCVBUF = 8;
    static final int SO_OOBINLINE = 10;
    static final int SO_LINGER = 13;
    static final int SO_PEERCRED = 17;
    static final int SHUT_WR = 1;
    static final int SCM_RIGHTS = 1;
    static final int MSG_CMSG_CLOEXEC = 0x4000_0000;
    static final int MSG_NOSIGNAL = 0x4000;
    static final int MSG_DONTWAIT = 0x40;
    static final int MSG_TRUNC = 0x20;
    static final int MSG_CTRUNC = 0x08;
    static final int MSG_ERRQUEUE = 0x2000;

    // sys/epoll.h
    static final int EPOLL_CTL_ADD = 1;
    static final int EPOLL_CTL_DEL = 2;
    static final int EPOLL_CTL_MOD = 3;

    // poll.h
    static final int POLLIN = 1;

    // netinet/in.h
    static final int IPPROTO_IP = 0;
    static final int IPPROTO_ICMP = 1;
    static final int IP_TTL = 2;
    static final int IP_RECVERR = 11;
    static final int IP_RECVTTL = 12;
    static final int IP_BIND_ADDRESS_NO_PORT = 24;
    static final int IP_LOCAL_PORT_RANGE = 51;
    static final int SO_EE_ORIGIN_LOCAL = 1;
    static final int SO_EE_ORIGIN_ICMP = 2;
    static final int IPPROTO_TCP = 6;
    static final int TCP_NODELAY = 1;
    static final int IPPROTO_UDP = 17;
    static final int UDP_SEGMENT = 103;
    static final int UDP_GRO = 104;
    static final int IPPROTO_IPV6 = 41;
    static final int IPV6_RECVERR = 25;
    static final int IPV6_V6ONLY = 26;

    // linux/if_tun.h
    static final long TUNSETIFF = 0x4004_54caL;
    static final long TUNSETOFFLOAD = 0x4004_54d0L;
    static final long TUNGETIFF = 0x8004_54d2L;
    static final long TUNSETVNETHDRSZ = 0x4004_54d8L;
    static final int IFF_TAP = 0x0002;
    static final int IFF_MULTI_QUEUE = 0x0100;
    static final int IFF_NO_PI = 0x1000;
    static final int IFF_VNET_HDR = 0x4000;
    static final int TUN_F_CSUM = 0x01;
    static final int TUN_F_TSO4 = 0x02;
    static final int TUN_F_TSO6 = 0x04;
    static final int TUN_F_USO4 = 0x20;
    static final int TUN_F_USO6 = 0x40;

    // linux/sockios.h, net/if.h, linux/route.h
    static final long SIOCADDRT = 0x890b;
    static final long SIOCGIFFLAGS = 0x8913;
    static final long SIOCSIFFLAGS = 0x8914;
    static final long SIOCSIFADDR = 0x8916;
    static final long SIOCSIFNETMASK = 0x891c;
    static final long SIOCGIFMTU = 0x8921;
    static final long SIOCSIFMTU = 0x8922;
    static final long SIOCSIFHWADDR = 0x8924;
    static final int IFF_UP = 1;
    static final int RTF_UP = 1;
    static final int RTF_GATEWAY = 2;
    static final int ARPHRD_ETHER = 1;

    // sys/ioctl.h
    static final long FIONREAD = 0x541b;
    static final long SIOCOUTQ = 0x5411;

    // sched.h, sys/mount.h, linux/close_range.h, signal.h, sys/prctl.h
    static final int CLONE_NEWNET = 0x4000_0000;
    static final int MS_BIND = 4096;
    static final int CLOSE_RANGE_CLOEXEC = 4;
    static final int SIG_SETMASK = 2;
    static final int PR_SET_NO_NEW_PRIVS = 38;
    static final int PRIO_PROCESS = 0;

    private Constants() {}
}
