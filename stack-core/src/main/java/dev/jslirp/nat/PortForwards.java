package dev.jslirp.nat;

import dev.jslirp.host.HostListener;
import dev.jslirp.host.HostStream;
import dev.jslirp.host.HostStreamListener;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// The forwards of one network. All methods are in-loop.
public final class PortForwards implements AutoCloseable {
    private final NatShared nat;
    private final TcpNat tcp;
    private final UdpNat udp;
    /// What stops each rule, by the rule as bound, in the order they were added.
    private final Map<PortForward, AutoCloseable> open = new LinkedHashMap<>();

    /// No forwards yet.
    public PortForwards(NatShared nat, TcpNat tcp, UdpNat udp) {
        this.nat = nat;
        this.tcp = tcp;
        this.udp = udp;
    }

    /// Begins to forward. When it fails, the other rules stand.
    ///
    /// @return the rule as bound (port 0 replaced by the port the host chose)
    /// @throws IOException if the host address cannot be bound; the message names rule and cause
    /// @throws IllegalArgumentException if no guest can have the rule's guest address
    public PortForward add(PortForward rule) throws IOException {
        long hi = rule.guestAddress().hi();
        long lo = rule.guestAddress().lo();
        if (nat.policy().classify(hi, lo) != NatPolicy.Destination.ON_LINK) {
            throw new IllegalArgumentException(rule + ": " + rule.guestAddress() + " is not an address a guest of this network can have");
        }
        try {
            return switch (rule.protocol()) {
                case TCP -> addTcp(rule);
                case UDP -> addUdp(rule);
            };
        } catch (IOException e) {
            throw new IOException(rule.hostSide() + ": " + e.getMessage(), e);
        }
    }

    private PortForward addTcp(PortForward rule) throws IOException {
        HostListener listener = nat.host().listen(new InetSocketAddress(rule.hostAddress(), rule.hostPort()),
                stream -> accepted(stream, rule));
        PortForward bound = rule.boundTo(listener.localAddress().getPort());
        open.put(bound, listener);
        return bound;
    }

    private HostStreamListener accepted(HostStream stream, PortForward rule) {
        long nowNs = nat.batch().begin();
        return tcp.forward(stream, rule.guestAddress(), rule.guestPort(), nowNs);
    }

    private PortForward addUdp(PortForward rule) throws IOException {
        UdpForward forward = new UdpForward(udp, nat.host(), rule);
        PortForward bound = rule.boundTo(forward.hostPort());
        open.put(bound, forward);
        return bound;
    }

    /// Stops listening. TCP flows already open live on; UDP peers cannot be answered any more.
    ///
    /// @param rule as bound
    /// @return whether the rule existed
    public boolean remove(PortForward rule) {
        AutoCloseable forward = open.remove(rule);
        if (forward == null) {
            return false;
        }
        stop(forward);
        return true;
    }

    /// The rules in force, as bound, in the order they were added.
    public List<PortForward> list() {
        return List.copyOf(open.keySet());
    }

    /// Removes every rule.
    @Override
    public void close() {
        open.values().forEach(PortForwards::stop);
        open.clear();
    }

    private static void stop(AutoCloseable forward) {
        switch (forward) {
            case HostListener listener -> listener.close();
            case UdpForward datagrams -> datagrams.close();
            default -> throw new AssertionError("unknown forward " + forward);
        }
    }
}
