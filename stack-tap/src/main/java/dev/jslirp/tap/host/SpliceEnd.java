package dev.jslirp.tap.host;

import dev.jslirp.host.ReadChunk;
import dev.jslirp.tap.linux.EpollLoop;
import dev.jslirp.tap.linux.Errno;
import dev.jslirp.tap.linux.Pipe;
import dev.jslirp.tap.linux.Sockets;
import dev.jslirp.tap.linux.TapException;

/// One of two joined connections, and the direction that begins here: bytes of this end's peer on their way to the other end.
///
/// The pipe is filled when it is empty, and emptied before it is filled again; so a read that gets nothing says that the socket has
/// nothing, and not that the pipe is full.
final class SpliceEnd extends HostSocket {
    static final int EVENTS = EpollLoop.IN | EpollLoop.PRI | EpollLoop.OUT | EpollLoop.RDHUP | EpollLoop.EDGE;
    private static final int TURN_BYTES = Splicer.PIPE_BYTES;
    private static final int READABLE = EpollLoop.IN | EpollLoop.RDHUP | EpollLoop.HUP | EpollLoop.ERR;

    private final SplicedPair pair;
    private final Pipe pipe;
    /// There may be bytes (or the end) to read.
    private boolean readable;
    private boolean writable;
    /// `splice` stops at an urgent byte and takes it for the end of what is there. Once there was one, there may be others.
    private boolean urgent;
    private boolean eof;
    private boolean finPassed;
    private boolean turnAsked;
    /// Why the connection failed: a negated error number, or 0. The socket tells only once.
    private long error;

    /// A connection that is under way on `fd`, a socket of the guest's network namespace.
    SpliceEnd(LinuxHostNetwork network, SplicedPair pair, Pipe pipe, int fd) throws TapException {
        super(network);
        this.pair = pair;
        this.pipe = pipe;
        // Watched only now: a socket that was never connected would at once be told of as hung up.
        open(fd, EVENTS);
    }

    /// An accepted connection, of which nothing has been told yet: what it is ready for is still to come.
    SpliceEnd(LinuxHostNetwork network, SplicedPair pair, Pipe pipe, LinuxStream accepted) {
        super(network);
        this.pair = pair;
        this.pipe = pipe;
        accepted.giveUpTo(this);
    }

    @Override
    public void onEvents(int events) {
        readable |= (events & READABLE) != 0;
        writable |= (events & EpollLoop.OUT) != 0;
        urgent |= (events & EpollLoop.PRI) != 0;
        if ((events & EpollLoop.ERR) != 0 && error == 0) {
            error = network.calls().takeError(fd());
        }
        pair.onReady();
    }

    @Override
    void onTurn() {
        turnAsked = false;
        pair.onReady();
    }

    boolean isWritable() {
        return writable;
    }

    /// Whether everything of this end's peer, its FIN included, has been passed to the other end's socket.
    boolean isFinished() {
        return finPassed;
    }

    long error() {
        return error;
    }

    /// Whether the connection has failed, and what its peer sent before that has gone where it could.
    boolean hasFailed() {
        return error < 0 && !turnAsked;
    }

    /// Moves bytes to `sink` for one turn, and the FIN after the last. @return how many bytes
    long moveTo(SpliceEnd sink) {
        if (turnAsked) {
            return 0;
        }
        long moved = 0;
        while (moved < TURN_BYTES && sink.writable && (pipe.bytes() > 0 || fill())) {
            moved += drainTo(sink);
        }
        if (moved >= TURN_BYTES) {
            askForTurn();
        }
        if (eof && !finPassed && pipe.bytes() == 0) {
            finPassed = true;
            sink.noteOfWriting(Sockets.shutdownOutput(sink.fd()));
        }
        return moved;
    }

    /// Fills the empty pipe. @return whether there is something in it
    private boolean fill() {
        while (readable && !eof) {
            long result = pipe.fill(fd(), Splicer.PIPE_BYTES);
            // At an urgent byte behind which the stream ends, it also takes that end for its own.
            if (result == 0 || result == -Errno.EAGAIN.number() && urgent) {
                result = fillUrgent();
            }
            if (result > 0) {
                return true;
            }
            if (result != -Errno.EINTR.number()) {
                readable = false;
                // A failure that was told of is over for the socket; its reads then end like those of others.
                eof = result == 0 && error == 0;
                note(result);
            }
        }
        return false;
    }

    /// One byte by hand. @return as [Pipe#fill]
    private long fillUrgent() {
        ReadChunk chunk = network.readChunk();
        chunk.room();
        long address = chunk.buffer().memoryAddress() + chunk.index();
        long result = Sockets.read(fd(), address, 1);
        return result > 0 ? pipe.put(address, 1) : result;
    }

    private long drainTo(SpliceEnd sink) {
        long result = pipe.drain(sink.fd());
        if (result > 0) {
            return result;
        }
        if (result != -Errno.EINTR.number()) {
            sink.writable = false;
            sink.noteOfWriting(result);
        }
        return 0;
    }

    /// Remembers the first failure.
    private void note(long result) {
        if (result < 0 && result != -Errno.EAGAIN.number() && error == 0) {
            error = result;
        }
    }

    /// A failure found by writing comes before the event that tells of it, and of what the peer sent before: that has one more turn.
    private void noteOfWriting(long result) {
        boolean hadFailed = error < 0;
        note(result);
        if (error < 0 && !hadFailed) {
            readable = true;
            askForTurn();
        }
    }

    private void askForTurn() {
        if (!turnAsked) {
            turnAsked = true;
            network.turnLater(this);
        }
    }

    /// Whether the peer has acknowledged all, a FIN included.
    boolean isDelivered() {
        return network.calls().sendBufferUsedBytes(fd()) == 0;
    }

    /// Ends the connection by a reset, or as it is after a FIN both ways.
    void close(boolean reset) {
        if (isOpen() && reset) {
            network.calls().resetOnClose(fd());
        }
        closeDescriptor();
    }

    Pipe pipe() {
        return pipe;
    }

    @Override
    void abandon() {
        pair.reset();
    }
}
