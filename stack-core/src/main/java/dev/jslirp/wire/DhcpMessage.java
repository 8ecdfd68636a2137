package dev.jslirp.wire;

import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;

/// One DHCP message over Ethernet (RFC 2131 §2). Addresses are 32 bits, 0 for none.
///
/// @param op      [#BOOTREQUEST] or [#BOOTREPLY]
/// @param xid     transaction the client chose
/// @param secs    seconds since the client began
/// @param flags   [#BROADCAST_FLAG] or 0
/// @param ciaddr  the client's address, if it can answer ARP for it
/// @param yiaddr  the address given to the client
/// @param siaddr  the server to boot from
/// @param giaddr  the relay agent
/// @param chaddr  the client's Ethernet address, 48 bits
/// @param file    boot file name, at most 127 bytes; never null
/// @param options the options, those of an overloaded `sname` and `file` included
public record DhcpMessage(int op, int xid, int secs, int flags, int ciaddr, int yiaddr, int siaddr, int giaddr, long chaddr,
        String file, DhcpOptions options) {
    /// Operations.
    public static final int BOOTREQUEST = 1, BOOTREPLY = 2;
    /// Message types (option 53).
    public static final int DISCOVER = 1, OFFER = 2, REQUEST = 3, DECLINE = 4, ACK = 5, NAK = 6, RELEASE = 7, INFORM = 8;
    /// The only flag (RFC 2131 figure 2).
    public static final int BROADCAST_FLAG = 0x8000;
    /// UDP ports.
    public static final int SERVER_PORT = 67, CLIENT_PORT = 68;
    /// What every client must be able to take (RFC 2131 §2: an IP datagram of 576 bytes), without IP and UDP headers.
    public static final int LENGTH_ALWAYS_TAKEN = 576 - 28;

    private static final int MAGIC_COOKIE = 0x6382_5363;
    private static final int SNAME = 44, SNAME_LENGTH = 64, FILE = 108, FILE_LENGTH = 128, COOKIE = 236, OPTIONS = 240;
    private static final int ETHERNET = 1, ETHERNET_LENGTH = 6;
    /// BOOTP's fixed length, below which some clients and relays drop a message (RFC 1542 §2.1).
    private static final int LENGTH_MIN = 300;
    private static final int OVERLOAD_FILE = 1, OVERLOAD_SNAME = 2;
    /// Longer messages are refused: joining the parts of an option costs the square of their number.
    private static final int LENGTH_MAX = 4096;

    /// Reads the message in `length` bytes at `off`; **borrows** `buf`.
    ///
    /// @return null if it is malformed: truncated, beyond 4096 bytes, without the cookie, not Ethernet, an option that runs
    ///     out of its field
    public static DhcpMessage parse(ByteBuf buf, int off, int length) {
        if (length < OPTIONS || length > LENGTH_MAX || buf.getUnsignedByte(off + 1) != ETHERNET
                || buf.getUnsignedByte(off + 2) != ETHERNET_LENGTH || buf.getInt(off + COOKIE) != MAGIC_COOKIE) {
            return null;
        }
        DhcpOptions options = new DhcpOptions();
        if (!options.parse(buf, off + OPTIONS, off + length)) {
            return null;
        }
        // RFC 2132 §9.3: the fields are read in the order options, file, sname.
        int overload = (int) options.number(DhcpOptions.OVERLOAD, 1, 0);
        boolean fileIsOptions = (overload & OVERLOAD_FILE) != 0;
        if (fileIsOptions && !options.parse(buf, off + FILE, off + FILE + FILE_LENGTH)) {
            return null;
        }
        if ((overload & OVERLOAD_SNAME) != 0 && !options.parse(buf, off + SNAME, off + SNAME + SNAME_LENGTH)) {
            return null;
        }
        return new DhcpMessage(buf.getUnsignedByte(off), buf.getInt(off + 4), buf.getUnsignedShort(off + 8),
                buf.getUnsignedShort(off + 10), buf.getInt(off + 12), buf.getInt(off + 16), buf.getInt(off + 20),
                buf.getInt(off + 24), buf.getLong(off + 28) >>> 16, fileIsOptions ? "" : text(buf, off + FILE), options);
    }

    /// The message type (option 53), 0 when absent: plain BOOTP.
    public int type() {
        return (int) options.number(DhcpOptions.MESSAGE_TYPE, 1, 0);
    }

    /// Writes the message at the writer index of `buf`, in at most `lengthMax` bytes (at least 300): the
    /// last options give way. **Borrows** `buf`.
    public void write(ByteBuf buf, int lengthMax) {
        int start = buf.writerIndex();
        buf.writeByte(op).writeByte(ETHERNET).writeByte(ETHERNET_LENGTH).writeByte(0);
        buf.writeInt(xid).writeShort(secs).writeShort(flags);
        buf.writeInt(ciaddr).writeInt(yiaddr).writeInt(siaddr).writeInt(giaddr);
        buf.writeLong(chaddr << 16).writeZero(8 + SNAME_LENGTH);
        byte[] name = file.getBytes(StandardCharsets.UTF_8);
        int nameLength = Math.min(name.length, FILE_LENGTH - 1);
        buf.writeBytes(name, 0, nameLength).writeZero(FILE_LENGTH - nameLength);
        buf.writeInt(MAGIC_COOKIE);
        options.write(buf, lengthMax - OPTIONS);
        buf.writeZero(Math.max(0, LENGTH_MIN - (buf.writerIndex() - start)));
    }

    private static String text(ByteBuf buf, int off) {
        int length = buf.bytesBefore(off, FILE_LENGTH, (byte) 0);
        return buf.toString(off, length < 0 ? FILE_LENGTH : length, StandardCharsets.UTF_8);
    }
}
