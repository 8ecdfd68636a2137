package dev.jslirp.tap.vmm;

import dev.jslirp.tap.linux.DescriptorSocket;
import dev.jslirp.tap.linux.TapException;
import dev.jslirp.tap.linux.UnixSockets;
import dev.jslirp.tap.vhost.VhostUserConfig;
import dev.jslirp.tap.vhost.VhostUserLink;
import java.io.IOException;

/// A vhost-user device at a unix socket: one guest, whose port on the switch outlives its connections.
final class VhostUserEndpoint implements Endpoint {
    private final ListenSpec.VhostUser spec;
    private final Guests guests;
    private final VhostUserLink link;
    private boolean closed;

    /// Listens.
    ///
    /// @throws IOException if that fails, or there is no room for one more guest
    VhostUserEndpoint(ListenSpec.VhostUser spec, Guests guests) throws IOException {
        this.spec = spec;
        this.guests = guests;
        VmmConfig limits = guests.config();
        VhostUserConfig config = VhostUserConfig.ofMtu(limits.mtuBytes()).withBacklogBytesMax(limits.queueBytesMax());
        link = new VhostUserLink(guests.loop(), listen(spec), config, guests.allocator());
        if (!guests.admit(link, spec, "device")) {
            close();
            throw new IOException("cannot listen at " + spec + ": there are " + guests.config().guestsMax() + " guests already");
        }
    }

    private static DescriptorSocket listen(ListenSpec.VhostUser spec) throws TapException {
        return DescriptorSocket.adopt(UnixSockets.listen(UnixSockets.Kind.STREAM, spec.path(), 1));
    }

    @Override
    public ListenSpec spec() {
        return spec;
    }

    @Override
    public void start() {
        // The switch has started the link with the network.
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            guests.release(link);
            link.close();
            UnixSockets.remove(spec.path());
        }
    }
}
