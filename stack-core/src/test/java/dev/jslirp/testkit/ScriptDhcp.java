package dev.jslirp.testkit;

import java.util.HashMap;
import java.util.Map;

/// As much DHCP (RFC 2131) as scripts need.
///
/// @param type    option 53
/// @param options every option by number
record ScriptDhcp(int xid, int type, int ciaddr, int yiaddr, int siaddr, Map<Integer, byte[]> options) {
    static final int CLIENT_PORT = 68, SERVER_PORT = 67;
    /// Message types by number (option 53).
    static final String[] TYPES = {"", "discover", "offer", "request", "decline", "ack", "nak", "release", "inform"};
    static final int MASK = 1, ROUTER = 3, DNS = 6, MTU = 26, REQUESTED = 50, LEASE = 51, MESSAGE_TYPE = 53, SERVER = 54;
    private static final int MAGIC = 0x63825363;

    /// A request of the station `mac`.
    static byte[] request(int xid, int type, long mac, int ciaddr, int requested, int server) {
        WireWriter out = new WireWriter().u8(1).u8(1).u8(6).u8(0).u32(xid).u16(0).u16(0).u32(ciaddr).u32(0).u32(0).u32(0)
                .mac(mac).padTo(236).u32(MAGIC).u8(MESSAGE_TYPE).u8(1).u8(type);
        if (requested != 0) {
            out.u8(REQUESTED).u8(4).u32(requested);
        }
        if (server != 0) {
            out.u8(SERVER).u8(4).u32(server);
        }
        return out.u8(55).u8(4).u8(MASK).u8(ROUTER).u8(DNS).u8(MTU).u8(255).padTo(300).toByteArray();
    }

    /// The server's message in these bytes.
    static ScriptDhcp parse(byte[] bytes) {
        WireReader in = new WireReader(bytes);
        if (in.u8() != 2) {
            throw new AssertionError("not a BOOTP reply");
        }
        int xid = in.seek(4).u32();
        int ciaddr = in.seek(12).u32();
        int yiaddr = in.u32();
        int siaddr = in.u32();
        if (in.seek(236).u32() != MAGIC) {
            throw new AssertionError("no DHCP magic cookie");
        }
        Map<Integer, byte[]> options = new HashMap<>();
        for (int code = in.u8(); code != 255; code = in.u8()) {
            if (code != 0) {
                options.put(code, in.bytes(in.u8()));
            }
        }
        return new ScriptDhcp(xid, options.get(MESSAGE_TYPE)[0], ciaddr, yiaddr, siaddr, options);
    }

    /// The first 32 bits of an option (the only 16 of the MTU), 0 when it is absent.
    int number(int option) {
        byte[] data = options.get(option);
        if (data == null) {
            return 0;
        }
        return data.length == 2 ? new WireReader(data).u16() : new WireReader(data).u32();
    }
}
