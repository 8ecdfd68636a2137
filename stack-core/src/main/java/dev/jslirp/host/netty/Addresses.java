package dev.jslirp.host.netty;

import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ProtocolFamily;
import java.net.StandardProtocolFamily;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;

/// Between `java.net` addresses and the 128 bits of the seam, IPv4 in mapped form (RFC 4291 §2.5.5.2).
final class Addresses {
    private static final long V4_MAPPED = 0xffffL << 32;

    private Addresses() {}

    static long hi(InetAddress address) {
        return address instanceof Inet4Address ? 0 : ByteBuffer.wrap(address.getAddress()).getLong(0);
    }

    static long lo(InetAddress address) {
        ByteBuffer bytes = ByteBuffer.wrap(address.getAddress());
        return address instanceof Inet4Address ? V4_MAPPED | bytes.getInt(0) & 0xffff_ffffL : bytes.getLong(8);
    }

    static InetSocketAddress socketAddress(long hi, long lo, int port) {
        try {
            byte[] bytes = hi == 0 && lo >>> 32 == 0xffff
                    ? ByteBuffer.allocate(4).putInt((int) lo).array()
                    : ByteBuffer.allocate(16).putLong(hi).putLong(lo).array();
            return new InetSocketAddress(InetAddress.getByAddress(bytes), port);
        } catch (UnknownHostException e) {
            throw new AssertionError("4 and 16 octets are always an address", e);
        }
    }

    /// The family to open a socket in, so that IPv4 errors and addresses are plain IPv4 ones.
    static ProtocolFamily family(InetAddress address) {
        return address instanceof Inet4Address ? StandardProtocolFamily.INET : StandardProtocolFamily.INET6;
    }

    /// An address for messages: `127.0.0.1:80`, `[::1]:80`.
    static String text(InetSocketAddress address) {
        InetAddress host = address.getAddress();
        if (host == null) {
            return address.toString();
        }
        return (host instanceof Inet4Address ? host.getHostAddress() : "[" + host.getHostAddress() + "]") + ":" + address.getPort();
    }
}
