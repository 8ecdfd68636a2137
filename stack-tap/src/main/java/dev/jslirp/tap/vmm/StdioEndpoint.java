package dev.jslirp.tap.vmm;

import dev.jslirp.link.Link;
import dev.jslirp.tap.linux.Processes;
import dev.jslirp.tap.linux.TapException;
import java.io.IOException;

/// Standard input and output: one guest, there from the start, that does not come back.
final class StdioEndpoint implements Endpoint, GuestOwner {
    private static final int STDIN = 0;
    private static final int STDOUT = 1;
    private static final String NAME = "at the other end";

    private final ListenSpec.Stdio spec = new ListenSpec.Stdio();
    private final Guests guests;
    private final Runnable onEnd;
    private final StreamLink link;
    private boolean closed;

    /// Takes standard input and output over.
    ///
    /// @param onEnd called in-loop when the guest has gone
    /// @throws IOException if they are no pipes or sockets
    StdioEndpoint(Guests guests, Runnable onEnd) throws IOException {
        this.guests = guests;
        this.onEnd = onEnd;
        if (!Processes.isPipeOrSocket(STDIN) || !Processes.isPipeOrSocket(STDOUT)) {
            throw new IOException("cannot serve a guest by stdio: standard input and output must be pipes or sockets");
        }
        int in = Processes.takeOver(STDIN);
        link = new StreamLink(guests.loop(), in, takeOutput(in), guests.config(), guests.allocator(), this);
    }

    private static int takeOutput(int in) throws TapException {
        try {
            return Processes.takeOver(STDOUT);
        } catch (TapException e) {
            Processes.close(in);
            throw e;
        }
    }

    @Override
    public ListenSpec spec() {
        return spec;
    }

    @Override
    public void start() {
        if (!guests.admit(link, spec, NAME)) {
            link.close();
        }
    }

    @Override
    public void onGone(Link guest, String reason, boolean violation) {
        guests.dismiss(guest, spec, NAME, reason, violation);
        onEnd.run();
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            guests.release(link);
            link.close();
        }
    }
}
