package dev.jslirp.testkit;

import dev.jslirp.host.HostEcho;
import dev.jslirp.host.HostEchoListener;
import dev.jslirp.wire.IpAddress;
import io.netty.buffer.ByteBuf;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;

/// One simulated ping socket: requests are recorded, answers come when the test gives them.
public final class SimHostEcho implements HostEcho {
    private final SimHostNetwork network;
    private final InetAddress remote;
    private final HostEchoListener listener;
    private final List<Request> requests = new ArrayList<>();
    private boolean closed;

    /// One echo request.
    public record Request(int sequence, int ttl, byte[] data) {}

    SimHostEcho(SimHostNetwork network, InetAddress remote, HostEchoListener listener) {
        this.network = network;
        this.remote = remote;
        this.listener = listener;
    }

    @Override
    public void request(int sequence, int ttl, ByteBuf data, int index, int length) {
        if (closed) {
            return;
        }
        byte[] copy = new byte[length];
        data.getBytes(index, copy);
        requests.add(new Request(sequence, ttl, copy));
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            network.socketClosed();
        }
    }

    /// The destination answers.
    public void peerReply(int sequence, int ttl, byte[] data) {
        network.later(() -> {
            if (closed) {
                return;
            }
            ByteBuf buffer = network.allocator().directBuffer(Math.max(1, data.length)).writeBytes(data);
            try {
                listener.onReply(sequence, ttl, buffer);
            } finally {
                buffer.release();
            }
        });
    }

    /// A router answers with an ICMP error.
    public void peerError(int sequence, int type, int code, InetAddress offender) {
        IpAddress from = IpAddress.of(offender);
        network.later(() -> {
            if (!closed) {
                listener.onError(sequence, type, code, from.hi(), from.lo());
            }
        });
    }

    /// Where requests go.
    public InetAddress remote() {
        return remote;
    }

    /// The requests so far.
    public List<Request> requests() {
        return requests;
    }

    /// Whether the stack closed the socket.
    public boolean isClosed() {
        return closed;
    }
}
