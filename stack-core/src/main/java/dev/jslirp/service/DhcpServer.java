package dev.jslirp.service;

import dev.jslirp.net.AddressPlan;
import dev.jslirp.net.GatewayService;
import dev.jslirp.stats.Counter;
import dev.jslirp.stats.Counters;
import dev.jslirp.wire.DhcpMessage;
import dev.jslirp.wire.DhcpOptions;
import dev.jslirp.wire.DnsName;
import dev.jslirp.wire.DropReason;
import dev.jslirp.wire.IpAddress;
import dev.jslirp.wire.MacAddress;
import dev.jslirp.wire.PacketView;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;

/// The DHCP server (RFC 2131, RFC 2132; rapid commit: RFC 4039; client FQDN: RFC 4702), registered at UDP port 67.
public final class DhcpServer implements GatewayService {
    private static final long NS_PER_SECOND = 1_000_000_000L;
    private static final int IP_UDP_HEADERS = 28;
    private static final int FQDN_FIXED = 3, FQDN_S = 1, FQDN_O = 2, FQDN_E = 4, FQDN_N = 8;
    private static final int HOSTNAME_MAX = 63;

    private final AddressPlan plan;
    private final DhcpConfig config;
    private final int mtuBytes;
    private final Counters counters;
    private final ByteBufAllocator allocator;
    private final StationOutput output;
    private final LeaseListener listener;
    private final LeaseTable table;
    /// What a client may ask for; written in this order when it lists nothing.
    private final DhcpOptions offered;

    /// @param mtuBytes option 26, 576 … 65535: what the guest's interface is to be set to
    /// @throws IllegalArgumentException naming a reservation that does not fit the plan
    public DhcpServer(AddressPlan plan, DhcpConfig config, int mtuBytes, Counters counters, ByteBufAllocator allocator,
            StationOutput output, LeaseListener listener) {
        this.plan = plan;
        this.config = config;
        this.mtuBytes = mtuBytes;
        this.counters = counters;
        this.allocator = allocator;
        this.output = output;
        this.listener = listener;
        this.table = new LeaseTable(plan, config, counters);
        this.offered = networkOptions();
    }

    /// Names no router from now on: for a network from which nothing is routed, so that a guest with another network uses that.
    public void omitRouter() {
        offered.remove(DhcpOptions.ROUTER);
    }

    @Override
    public void onDatagram(PacketView packet, ByteBuf frame, long nowNs) {
        if (!config.enabled()) {
            return;
        }
        DhcpMessage message = DhcpMessage.parse(frame, packet.payloadOffset, packet.payloadLength);
        if (message == null || message.op() != DhcpMessage.BOOTREQUEST || message.type() == 0 || message.chaddr() == 0
                || MacAddress.isGroup(message.chaddr())) {
            counters.drop(DropReason.DHCP_MALFORMED);
        } else if (message.giaddr() != 0) {
            counters.drop(DropReason.POLICY); // relayed: the client is on no network of ours
        } else {
            onMessage(message, nowNs);
        }
    }

    /// The leases in force, by address; to list them, or to [#restore] them later.
    public List<Lease> leases(long nowNs) {
        return table.leases(nowNs);
    }

    /// Takes over leases of an earlier run; those that do not fit (any more) are left out.
    public void restore(List<Lease> leases, long nowNs) {
        for (Lease lease : leases) {
            if (lease.address().isV4() && lease.expiresNs() - nowNs > 0) {
                table.bind(lease.mac().bits(), lease.address().v4Bits(), lease.hostname(), lease.expiresNs(), nowNs);
            }
        }
    }

    /// The names of the leases in force.
    GuestNames guestNames() {
        return table;
    }

    private void onMessage(DhcpMessage message, long nowNs) {
        switch (message.type()) {
            case DhcpMessage.DISCOVER -> onDiscover(message, nowNs);
            case DhcpMessage.REQUEST -> onRequest(message, nowNs);
            case DhcpMessage.DECLINE -> {
                if (isForUs(message)) {
                    table.decline(message.chaddr(), address(message, DhcpOptions.REQUESTED_ADDRESS), nowNs);
                }
            }
            case DhcpMessage.RELEASE -> {
                if (isForUs(message) && message.ciaddr() == table.addressOf(message.chaddr())) {
                    table.release(message.chaddr(), nowNs);
                }
            }
            case DhcpMessage.INFORM -> {
                if (message.ciaddr() != 0) {
                    acknowledge(message, 0, new DhcpOptions());
                }
            }
            default -> counters.drop(DropReason.DHCP_MALFORMED);
        }
    }

    private void onDiscover(DhcpMessage message, long nowNs) {
        int address = table.offer(message.chaddr(), address(message, DhcpOptions.REQUESTED_ADDRESS), nowNs);
        if (address == 0) {
            counters.increment(Counter.DHCP_LEASE_LIMIT);
        } else if (message.options().has(DhcpOptions.RAPID_COMMIT)) {
            bind(message, address, nowNs);
        } else {
            counters.increment(Counter.DHCP_OFFERS);
            reply(message, DhcpMessage.OFFER, address, new DhcpOptions());
        }
    }

    /// RFC 2131 §4.3.2: the state of the client shows in which of server identifier, option 50 and `ciaddr` it fills in.
    private void onRequest(DhcpMessage message, long nowNs) {
        if (!isForUs(message)) {
            table.release(message.chaddr(), nowNs); // SELECTING, and it selected another
            return;
        }
        int requested = address(message, DhcpOptions.REQUESTED_ADDRESS);
        // SELECTING and INIT-REBOOT name the address in option 50, RENEWING and REBINDING in ciaddr.
        // DEVIATION: RFC 2131 §4.3.2 wants silence towards an unknown INIT-REBOOT client; the only server of a network may answer.
        bind(message, requested != 0 ? requested : message.ciaddr(), nowNs);
    }

    private void bind(DhcpMessage message, int address, long nowNs) {
        Lease lease = table.bind(message.chaddr(), address, hostname(message), nowNs + config.leaseSeconds() * NS_PER_SECOND, nowNs);
        if (lease == null) {
            refuse(message);
            return;
        }
        DhcpOptions extra = new DhcpOptions();
        if (message.type() == DhcpMessage.DISCOVER) {
            extra.put(DhcpOptions.RAPID_COMMIT); // RFC 4039 §3.1
        }
        acknowledge(message, address, extra);
        listener.onLease(lease);
    }

    private void acknowledge(DhcpMessage message, int address, DhcpOptions extra) {
        counters.increment(Counter.DHCP_ACKS);
        reply(message, DhcpMessage.ACK, address, extra);
    }

    private void refuse(DhcpMessage message) {
        counters.increment(Counter.DHCP_NAKS);
        DhcpOptions options = new DhcpOptions().put(DhcpOptions.MESSAGE_TYPE, (byte) DhcpMessage.NAK)
                .putInt(DhcpOptions.SERVER_ID, plan.gateway().v4Bits()).putText(DhcpOptions.MESSAGE, "address not available");
        copyClientId(message, options);
        // RFC 2131 §4.3.2: the client may have moved here with an address of elsewhere, hence broadcast.
        DhcpMessage nak = new DhcpMessage(DhcpMessage.BOOTREPLY, message.xid(), 0, message.flags(), 0, 0, 0, 0,
                message.chaddr(), "", options);
        send(nak, MacAddress.BROADCAST, 0xffff_ffff, DhcpMessage.LENGTH_ALWAYS_TAKEN);
    }

    /// Answers with OFFER or ACK. `address` 0 answers INFORM: no lease, no `yiaddr` (RFC 2131 §4.3.5).
    private void reply(DhcpMessage message, int type, int address, DhcpOptions extra) {
        DhcpOptions options = new DhcpOptions().put(DhcpOptions.MESSAGE_TYPE, (byte) type)
                .putInt(DhcpOptions.SERVER_ID, plan.gateway().v4Bits());
        if (address != 0) {
            options.putInt(DhcpOptions.LEASE_TIME, config.leaseSeconds());
        }
        copy(extra, options, extra.codes());
        copyClientId(message, options);
        options.put(DhcpOptions.SUBNET_MASK, offered.get(DhcpOptions.SUBNET_MASK)); // RFC 2132 §3.3: before the router
        addRequested(message, address != 0, options);
        addFqdn(message, options);
        int siaddr = config.nextServer() == null ? 0 : config.nextServer().v4Bits();
        DhcpMessage answer = new DhcpMessage(DhcpMessage.BOOTREPLY, message.xid(), 0, message.flags() & DhcpMessage.BROADCAST_FLAG,
                message.type() == DhcpMessage.DISCOVER ? 0 : message.ciaddr(), address, siaddr, 0, message.chaddr(),
                config.bootFile() == null ? "" : config.bootFile(), options);
        deliver(message, answer);
    }

    /// RFC 2131 §4.1: to `ciaddr` if there is one, else by broadcast if the client says it needs that, else to the address
    /// it does not have yet at its Ethernet address.
    private void deliver(DhcpMessage message, DhcpMessage answer) {
        // RFC 2132 §9.10: the size is that of the IP datagram, 576 at least.
        int sizeTaken = (int) message.options().number(DhcpOptions.MAX_MESSAGE_SIZE, 2, 0) - IP_UDP_HEADERS;
        int lengthMax = Math.max(DhcpMessage.LENGTH_ALWAYS_TAKEN, Math.min(sizeTaken, mtuBytes - IP_UDP_HEADERS));
        if (answer.ciaddr() != 0) {
            send(answer, message.chaddr(), answer.ciaddr(), lengthMax);
        } else if ((message.flags() & DhcpMessage.BROADCAST_FLAG) != 0) {
            send(answer, MacAddress.BROADCAST, 0xffff_ffff, lengthMax);
        } else {
            send(answer, message.chaddr(), answer.yiaddr(), lengthMax);
        }
    }

    private void send(DhcpMessage answer, long dstMac, int dstAddress, int lengthMax) {
        ByteBuf payload = allocator.buffer(lengthMax);
        try {
            answer.write(payload, lengthMax);
            output.udpToStation(dstMac, plan.gateway().lo(), DhcpMessage.SERVER_PORT, IpAddress.v4Lo(dstAddress), DhcpMessage.CLIENT_PORT,
                    payload, payload.readerIndex(), payload.readableBytes());
        } finally {
            payload.release();
        }
    }

    /// RFC 2131 §4.3.1: what the client lists, in its order; everything to a client that lists nothing.
    private void addRequested(DhcpMessage message, boolean withLease, DhcpOptions options) {
        byte[] wanted = message.options().get(DhcpOptions.PARAMETER_LIST);
        List<Integer> codes = offered.codes();
        if (wanted != null) {
            Integer[] listed = new Integer[wanted.length];
            for (int i = 0; i < wanted.length; i++) {
                listed[i] = wanted[i] & 0xff;
            }
            codes = Arrays.asList(listed);
        }
        for (int code : codes) {
            boolean ofLease = code == DhcpOptions.RENEWAL_TIME || code == DhcpOptions.REBINDING_TIME;
            if (offered.has(code) && !options.has(code) && (withLease || !ofLease)) {
                options.put(code, offered.get(code));
            }
        }
    }

    /// RFC 4702 §4: nobody sends DNS updates here, whatever the client wants; the forwarder knows the names of leases.
    private static void addFqdn(DhcpMessage message, DhcpOptions options) {
        byte[] fqdn = message.options().get(DhcpOptions.CLIENT_FQDN);
        if (fqdn != null && fqdn.length >= FQDN_FIXED && fqdn.length <= 255) {
            byte[] answer = fqdn.clone();
            answer[0] = (byte) (fqdn[0] & FQDN_E | FQDN_N | ((fqdn[0] & FQDN_S) != 0 ? FQDN_O : 0));
            answer[1] = (byte) 255;
            answer[2] = (byte) 255;
            options.put(DhcpOptions.CLIENT_FQDN, answer);
        }
    }

    /// RFC 6842 §3.
    private static void copyClientId(DhcpMessage message, DhcpOptions options) {
        copy(message.options(), options, List.of(DhcpOptions.CLIENT_ID));
    }

    private static void copy(DhcpOptions from, DhcpOptions to, List<Integer> codes) {
        for (int code : codes) {
            if (from.has(code)) {
                to.put(code, from.get(code));
            }
        }
    }

    private DhcpOptions networkOptions() {
        DhcpOptions options = new DhcpOptions().putInt(DhcpOptions.SUBNET_MASK, plan.maskBits())
                .putInt(DhcpOptions.ROUTER, plan.gateway().v4Bits()).putInt(DhcpOptions.DNS_SERVERS, plan.dns().v4Bits());
        if (config.hostname() != null) {
            options.putText(DhcpOptions.HOST_NAME, config.hostname());
        }
        if (config.domain() != null) {
            options.putText(DhcpOptions.DOMAIN_NAME, config.domain());
        }
        options.put(DhcpOptions.MTU, (byte) (mtuBytes >> 8), (byte) mtuBytes)
                .putInt(DhcpOptions.BROADCAST_ADDRESS, (int) plan.broadcastLo())
                .putInt(DhcpOptions.RENEWAL_TIME, config.leaseSeconds() / 2)
                .putInt(DhcpOptions.REBINDING_TIME, (int) (config.leaseSeconds() * 7L / 8));
        if (!config.searchDomains().isEmpty()) {
            options.put(DhcpOptions.DOMAIN_SEARCH, DnsName.searchList(config.searchDomains()));
        }
        if (config.nextServer() != null) {
            options.putText(DhcpOptions.TFTP_SERVER, config.nextServer().toString());
        }
        if (config.bootFile() != null) {
            options.putText(DhcpOptions.BOOT_FILE, config.bootFile());
        }
        config.extraOptions().forEach(options::put);
        return options;
    }

    private boolean isForUs(DhcpMessage message) {
        byte[] server = message.options().get(DhcpOptions.SERVER_ID);
        return server == null || address(message, DhcpOptions.SERVER_ID) == plan.gateway().v4Bits();
    }

    private static int address(DhcpMessage message, int code) {
        return (int) message.options().number(code, 4, 0);
    }

    /// What the guest calls itself (option 12, else option 81), made safe to print and to store in a line of text.
    private static String hostname(DhcpMessage message) {
        byte[] name = message.options().get(DhcpOptions.HOST_NAME);
        byte[] fqdn = message.options().get(DhcpOptions.CLIENT_FQDN);
        int start = 0;
        int length = name == null ? 0 : name.length;
        if (name == null && fqdn != null && fqdn.length > FQDN_FIXED) {
            boolean labels = (fqdn[0] & FQDN_E) != 0; // RFC 4702 §2.3.1: as in DNS; the first label is enough
            name = fqdn;
            start = labels ? FQDN_FIXED + 1 : FQDN_FIXED;
            length = labels ? Math.min(fqdn[FQDN_FIXED] & 0xff, fqdn.length - start) : fqdn.length - start;
        }
        if (name == null) {
            return "";
        }
        String text = new String(name, start, Math.min(length, HOSTNAME_MAX), StandardCharsets.US_ASCII);
        return text.replaceAll("[^A-Za-z0-9._-]", "");
    }
}
