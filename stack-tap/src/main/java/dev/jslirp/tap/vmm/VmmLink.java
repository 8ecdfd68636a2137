package dev.jslirp.tap.vmm;

import dev.jslirp.lan.SwitchConfig;
import dev.jslirp.lan.VirtualSwitch;
import dev.jslirp.link.FrameReceiver;
import dev.jslirp.link.Link;
import dev.jslirp.link.LinkCapabilities;
import dev.jslirp.net.AddressPlan;
import dev.jslirp.tap.linux.EpollLoop;
import dev.jslirp.time.Reactor;
import dev.jslirp.wire.IpAddress;
import dev.jslirp.wire.MacAddress;
import dev.jslirp.wire.OutboundFrame;
import io.netty.buffer.ByteBufAllocator;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;

/// The guests of virtual machine monitors as one link: a switch, and the endpoints where its guests come and go. See the package.
///
/// Everything is in-loop. Guests are let in once the network has started; before that they wait.
public final class VmmLink implements Link {
    private final VirtualSwitch lan;
    private final Guests guests;
    private final List<Endpoint> endpoints = new ArrayList<>();
    private final Runnable onEnd;
    private boolean closed;

    /// A link without endpoints.
    ///
    /// @param plan      the network's addresses
    /// @param reactor   the network's
    /// @param random    where the switch's hash key comes from; a secure one outside of tests
    /// @param allocator where all buffers come from
    /// @param onEnd     called in-loop when no guest can come any more: the last endpoint was one that has ended
    public VmmLink(VmmConfig config, AddressPlan plan, EpollLoop loop, Reactor reactor, RandomGenerator random, ByteBufAllocator allocator,
            Runnable onEnd) {
        this.onEnd = onEnd;
        SwitchConfig defaults = SwitchConfig.defaults(config.mtuBytes());
        SwitchConfig limits = defaults.withLimits(config.guestsMax(), Math.max(config.guestsMax(), defaults.macsMax()),
                defaults.macsPerPortMax());
        lan = new VirtualSwitch(limits, plan, reactor, random, allocator);
        guests = new Guests(lan, loop, allocator, config);
    }

    /// Opens one more endpoint; before the network has started.
    ///
    /// @return where it is, with the port the host chose
    /// @throws IOException if it cannot be opened; the message says which, and why
    public ListenSpec listen(ListenSpec spec) throws IOException {
        Endpoint endpoint = switch (spec) {
            case ListenSpec.UnixStream unix -> StreamEndpoint.open(unix, guests);
            case ListenSpec.TcpStream tcp -> StreamEndpoint.open(tcp, guests);
            case ListenSpec.UnixDatagram unix -> new DatagramEndpoint(unix, guests);
            case ListenSpec.VhostUser unix -> new VhostUserEndpoint(unix, guests);
            case ListenSpec.Stdio _ -> new StdioEndpoint(guests, this::onStdioEnded);
        };
        endpoints.add(endpoint);
        return endpoint.spec();
    }

    private void onStdioEnded() {
        endpoints.removeIf(endpoint -> endpoint instanceof StdioEndpoint);
        if (endpoints.isEmpty()) {
            onEnd.run();
        }
    }

    /// A guest got this address: a guarded port may use it from now on.
    public void lease(MacAddress mac, IpAddress address) {
        lan.lease(mac, address);
    }

    /// Datagrams that came from nobody who could be a guest.
    public long refusedDatagrams() {
        return guests.refusedDatagrams();
    }

    /// What switch and ports have counted, as lines of text; before [#close], for the ports that are there.
    public String report() {
        return PortReport.of(lan, guests.refusedDatagrams());
    }

    @Override
    public LinkCapabilities capabilities() {
        return lan.capabilities();
    }

    @Override
    public void start(FrameReceiver receiver) {
        lan.start(receiver);
        endpoints.forEach(Endpoint::start);
    }

    @Override
    public void transmit(OutboundFrame frame) {
        lan.transmit(frame);
    }

    @Override
    public void flush() {
        lan.flush();
    }

    @Override
    public long dropped() {
        return lan.dropped();
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            endpoints.forEach(Endpoint::close);
            lan.close();
            guests.close();
        }
    }
}
