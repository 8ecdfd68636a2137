package dev.jslirp.tap.vmm;

import dev.jslirp.link.Link;
import dev.jslirp.tap.linux.AcceptPause;
import dev.jslirp.tap.linux.EpollLoop;
import dev.jslirp.tap.linux.Errno;
import dev.jslirp.tap.linux.FdWatch;
import dev.jslirp.tap.linux.Sockets;
import dev.jslirp.tap.linux.TapException;
import dev.jslirp.tap.linux.UnixListener;
import dev.jslirp.wire.IpAddress;
import java.io.IOException;
import java.util.IdentityHashMap;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// A listening unix or TCP socket: every connection is a guest.
final class StreamEndpoint implements Endpoint, GuestOwner {
    private static final Logger LOG = LoggerFactory.getLogger(VmmLink.class);
    private static final int BACKLOG = 64;
    /// Connections taken per readiness.
    private static final int ACCEPTS_PER_READINESS = 16;

    private final ListenSpec spec;
    private final Guests guests;
    private final int fd;
    /// The socket with its file; null for TCP.
    private final UnixListener unix;
    private final FdWatch watch;
    private final AcceptPause pause;
    private final Map<Link, String> names = new IdentityHashMap<>();
    private long accepted;
    private boolean closed;

    /// Listens.
    ///
    /// @throws TapException if that fails
    static StreamEndpoint open(ListenSpec.UnixStream spec, Guests guests) throws TapException {
        UnixListener unix = UnixListener.open(UnixListener.Kind.STREAM, spec.path(), BACKLOG);
        return new StreamEndpoint(spec, guests, unix.fd(), unix);
    }

    /// Listens.
    ///
    /// @throws IOException if that fails
    static StreamEndpoint open(ListenSpec.TcpStream spec, Guests guests) throws IOException {
        Sockets calls = guests.calls();
        IpAddress address = spec.address();
        int fd = calls.openStream(address.hi(), address.lo());
        int result = fd < 0 ? fd : calls.listen(fd, address.hi(), address.lo(), spec.port(), BACKLOG);
        if (result < 0) {
            if (fd >= 0) {
                Sockets.close(fd);
            }
            throw new IOException("cannot listen at " + spec + ": " + Errno.describe(-result));
        }
        calls.localAddress(fd);
        return new StreamEndpoint(new ListenSpec.TcpStream(address, calls.port()), guests, fd, null);
    }

    private StreamEndpoint(ListenSpec spec, Guests guests, int fd, UnixListener unix) throws TapException {
        this.spec = spec;
        this.guests = guests;
        this.fd = fd;
        this.unix = unix;
        try {
            watch = guests.loop().watch(fd, 0, _ -> accept());
        } catch (TapException e) {
            closeSocket();
            throw e;
        }
        pause = new AcceptPause(guests.loop(), watch);
    }

    @Override
    public ListenSpec spec() {
        return spec;
    }

    @Override
    public void start() {
        watch.interest(EpollLoop.IN);
    }

    private void accept() {
        for (int i = 0; i < ACCEPTS_PER_READINESS && !closed; i++) {
            int connection = unix == null ? guests.calls().accept(fd) : unix.accept();
            if (connection < 0) {
                if (pause.begins(connection)) {
                    LOG.warn("{}: no guest can be taken in for now: {}", spec, Errno.describe(-connection));
                }
                return;
            }
            if (unix == null) {
                admit(connection, peer());
            } else {
                // TCP's are tuned by the kernel.
                guests.enlargeBuffers(connection);
                admit(connection, "number " + ++accepted);
            }
        }
    }

    private String peer() {
        Sockets calls = guests.calls();
        return new IpAddress(calls.hi(), calls.lo()) + " port " + calls.port();
    }

    private void admit(int connection, String name) {
        try {
            StreamLink link = new StreamLink(guests.loop(), connection, connection, guests.config(), guests.allocator(), this);
            if (guests.admit(link, spec, name)) {
                names.put(link, name);
            } else {
                link.close();
            }
        } catch (TapException e) {
            guests.turnedAway(spec, name, e.getMessage());
        }
    }

    @Override
    public void onGone(Link guest, String reason, boolean violation) {
        guests.dismiss(guest, spec, names.remove(guest), reason, violation);
    }

    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        watch.cancel();
        closeSocket();
        names.keySet().forEach(guests::release);
        names.clear();
    }

    private void closeSocket() {
        if (unix == null) {
            Sockets.close(fd);
        } else {
            unix.close();
        }
    }
}
