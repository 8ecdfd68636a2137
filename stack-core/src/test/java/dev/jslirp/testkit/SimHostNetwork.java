package dev.jslirp.testkit;

import dev.jslirp.host.HostAcceptor;
import dev.jslirp.host.HostDatagrams;
import dev.jslirp.host.HostDatagramsListener;
import dev.jslirp.host.HostEcho;
import dev.jslirp.host.HostEchoListener;
import dev.jslirp.host.HostError;
import dev.jslirp.host.HostException;
import dev.jslirp.host.HostListener;
import dev.jslirp.host.HostNetwork;
import dev.jslirp.host.HostStream;
import dev.jslirp.host.HostStreamListener;
import dev.jslirp.host.StreamSplicer;
import io.netty.buffer.ByteBufAllocator;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// A host whose network does what a test says. Connects succeed at once unless told otherwise; datagrams
/// are recorded; echo requests are recorded. Nothing is called back from inside the call that caused it.
public final class SimHostNetwork implements HostNetwork {
    /// What becomes of a connect.
    ///
    /// @param error   why it fails, or null for success
    /// @param afterNs when; [Long#MAX_VALUE] for never
    public record ConnectOutcome(HostError error, long afterNs) {
        /// Success at once.
        public static final ConnectOutcome OK = new ConnectOutcome(null, 0);
        /// No answer, ever.
        public static final ConnectOutcome NEVER = new ConnectOutcome(null, Long.MAX_VALUE);

        /// Failure at once.
        public static ConnectOutcome failing(HostError error) {
            return new ConnectOutcome(error, 0);
        }

        /// The same outcome at another time.
        public ConnectOutcome after(long delayNs) {
            return new ConnectOutcome(error, delayNs);
        }
    }

    private static final int EPHEMERAL_PORT = 40_000;

    private final SimReactor reactor;
    private final ByteBufAllocator allocator;
    private final InetAddress ownAddress = InetAddress.ofLiteral("192.168.7.7");
    private final Map<InetSocketAddress, ConnectOutcome> outcomes = new HashMap<>();
    private final Map<InetSocketAddress, HostError> datagramErrors = new HashMap<>();
    private final List<SimHostStream> streams = new ArrayList<>();
    private final List<SimHostDatagrams> datagrams = new ArrayList<>();
    private final List<SimHostEcho> echoes = new ArrayList<>();
    private final List<SimListener> listeners = new ArrayList<>();
    private ConnectOutcome defaultOutcome = ConnectOutcome.OK;
    private int socketsMax = Integer.MAX_VALUE;
    private int socketsOpen;
    private int nextPort;
    private boolean echoAllowed = true;
    private StreamSplicer splicer;
    private boolean closed;

    /// A host in the time of `reactor`; bytes towards the stack are allocated from `allocator`.
    public SimHostNetwork(SimReactor reactor, ByteBufAllocator allocator) {
        this.reactor = reactor;
        this.allocator = allocator;
    }

    @Override
    public HostStream connect(InetSocketAddress remote, HostStreamListener listener) {
        SimHostStream stream = new SimHostStream(this, null, remote, listener);
        boolean exhausted = !takeSocket();
        streams.add(stream);
        if (exhausted) {
            // The socket was never there; finishing the stream gives one back.
            socketsOpen++;
            later(() -> stream.connectFailed(HostError.NO_RESOURCES));
            return stream;
        }
        decide(stream, outcomes.getOrDefault(remote, defaultOutcome));
        return stream;
    }

    @Override
    public HostListener listen(InetSocketAddress local, HostAcceptor acceptor) throws IOException {
        for (SimListener other : listeners) {
            if (local.getPort() != 0 && other.local.getPort() == local.getPort()) {
                throw new IOException("cannot listen on " + local + ": Address already in use");
            }
        }
        if (!takeSocket()) {
            throw new IOException("cannot listen on " + local + ": Too many open files");
        }
        int port = local.getPort() == 0 ? ephemeralPort() : local.getPort();
        SimListener listener = new SimListener(new InetSocketAddress(local.getAddress(), port), acceptor);
        listeners.add(listener);
        return listener;
    }

    @Override
    public HostDatagrams openDatagrams(InetSocketAddress local, InetAddress family, HostDatagramsListener listener)
            throws IOException {
        boolean ephemeral = local == null || local.getPort() == 0;
        int port = ephemeral ? ephemeralPort() : local.getPort();
        InetAddress address = local == null ? InetAddress.ofLiteral("0.0.0.0") : local.getAddress();
        for (SimHostDatagrams other : ephemeral ? List.<SimHostDatagrams>of() : datagrams) {
            if (!other.isClosed() && other.localAddress().getPort() == port) {
                throw new IOException("cannot bind UDP " + local + ": Address already in use");
            }
        }
        if (!takeSocket()) {
            throw new IOException("cannot open a UDP socket: Too many open files");
        }
        SimHostDatagrams socket = new SimHostDatagrams(this, new InetSocketAddress(address, port), listener);
        datagrams.add(socket);
        return socket;
    }

    @Override
    public HostEcho openEcho(InetAddress remote, HostEchoListener listener) throws HostException {
        if (!echoAllowed) {
            throw new HostException(HostError.PROHIBITED, "ping sockets are not permitted: widen net.ipv4.ping_group_range");
        }
        if (!takeSocket()) {
            throw new HostException(HostError.NO_RESOURCES, "cannot open a ping socket: Too many open files");
        }
        SimHostEcho echo = new SimHostEcho(this, remote, listener);
        echoes.add(echo);
        return echo;
    }

    @Override
    public StreamSplicer splicer() {
        return splicer;
    }

    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        streams.forEach(SimHostStream::reset);
        datagrams.forEach(SimHostDatagrams::close);
        echoes.forEach(SimHostEcho::close);
        List.copyOf(listeners).forEach(SimListener::close);
    }

    /// The next port; a test that opens more sockets than there are ports sees some twice.
    private int ephemeralPort() {
        return EPHEMERAL_PORT + nextPort++ % (65_536 - EPHEMERAL_PORT);
    }

    private boolean takeSocket() {
        if (closed || socketsOpen >= socketsMax) {
            return false;
        }
        socketsOpen++;
        return true;
    }

    void socketClosed() {
        socketsOpen--;
    }

    void later(Runnable action) {
        reactor.schedule(reactor.nowNs(), action);
    }

    ByteBufAllocator allocator() {
        return allocator;
    }

    HostError datagramError(InetSocketAddress destination) {
        return datagramErrors.get(destination);
    }

    // What a test says.

    /// What becomes of connects to `remote` from now on.
    public void whenConnecting(InetSocketAddress remote, ConnectOutcome outcome) {
        outcomes.put(remote, outcome);
    }

    /// What becomes of connects to anywhere else.
    public void whenConnecting(ConnectOutcome outcome) {
        defaultOutcome = outcome;
    }

    /// Decides about a connect that is under way.
    public void decide(SimHostStream stream, ConnectOutcome outcome) {
        if (outcome.afterNs == Long.MAX_VALUE) {
            return;
        }
        reactor.schedule(reactor.nowNs() + outcome.afterNs, () -> {
            if (outcome.error == null) {
                stream.connected(new InetSocketAddress(ownAddress, ephemeralPort()));
            } else {
                stream.connectFailed(outcome.error);
            }
        });
    }

    /// Datagrams to `remote` are answered by an error from the network; null takes it back.
    public void whenSendingTo(InetSocketAddress remote, HostError error) {
        datagramErrors.put(remote, error);
    }

    /// How many sockets may be open at once (EMFILE beyond).
    public void setSocketsMax(int sockets) {
        socketsMax = sockets;
    }

    /// Whether ping sockets may be opened.
    public void setEchoAllowed(boolean allowed) {
        echoAllowed = allowed;
    }

    /// What joins accepted connections with guests' servers; nothing does until told otherwise.
    public void setSplicer(StreamSplicer splicer) {
        this.splicer = splicer;
    }

    /// A client of the host connects to a listening socket.
    ///
    /// @param local the address it connects to; a wildcard listener on the port will do
    /// @throws AssertionError if nobody listens there
    public SimHostStream peerConnect(InetSocketAddress local, InetSocketAddress from) {
        for (SimListener listener : listeners) {
            boolean matches = listener.local.getPort() == local.getPort()
                    && (listener.local.getAddress().isAnyLocalAddress() || listener.local.equals(local));
            if (matches) {
                return accept(listener, local, from);
            }
        }
        throw new AssertionError("nobody listens on " + local);
    }

    private SimHostStream accept(SimListener listener, InetSocketAddress local, InetSocketAddress from) {
        SimHostStream stream = new SimHostStream(this, local, from, null);
        streams.add(stream);
        socketsOpen++;
        stream.openAccepted();
        later(() -> {
            if (stream.isOpen()) {
                stream.accepted(listener.acceptor.onAccepted(stream));
            }
        });
        return stream;
    }

    /// Every stream ever opened, in order.
    public List<SimHostStream> streams() {
        return streams;
    }

    /// The latest stream to `remote`.
    ///
    /// @throws AssertionError if there is none
    public SimHostStream stream(InetSocketAddress remote) {
        return streams.reversed().stream().filter(stream -> stream.remoteAddress().equals(remote)).findFirst()
                .orElseThrow(() -> new AssertionError("the stack has not connected to " + remote));
    }

    /// Every datagram socket ever opened, in order.
    public List<SimHostDatagrams> datagrams() {
        return datagrams;
    }

    /// Every echo socket ever opened, in order.
    public List<SimHostEcho> echoes() {
        return echoes;
    }

    /// Where the stack listens now.
    public List<InetSocketAddress> listening() {
        return listeners.stream().map(SimListener::localAddress).toList();
    }

    /// Sockets open now, listeners included.
    public int socketsOpen() {
        return socketsOpen;
    }

    private final class SimListener implements HostListener {
        private final InetSocketAddress local;
        private final HostAcceptor acceptor;

        SimListener(InetSocketAddress local, HostAcceptor acceptor) {
            this.local = local;
            this.acceptor = acceptor;
        }

        @Override
        public InetSocketAddress localAddress() {
            return local;
        }

        @Override
        public void close() {
            if (listeners.remove(this)) {
                socketClosed();
            }
        }
    }
}
