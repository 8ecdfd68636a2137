package dev.jslirp.tap;

import dev.jslirp.tap.linux.Processes;
import dev.jslirp.tap.linux.TapException;
import dev.jslirp.tap.linux.UnixListener;
import dev.jslirp.tap.linux.UnixSocket;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;

/// The daemon's side of the bridge: starts it in a namespace, receives the TAP, gives the word.
///
/// The socket lives in a private directory that is gone before the command starts.
final class BridgeProcess implements AutoCloseable {
    private static final int POLL_MS = 20;
    private static final long START_LIMIT_NS = TimeUnit.SECONDS.toNanos(60);

    private final Path directory;
    private final UnixListener listener;
    private final Process process;
    private UnixSocket bridge;

    private BridgeProcess(Path directory, UnixListener listener, Process process) {
        this.directory = directory;
        this.listener = listener;
        this.process = process;
    }

    /// Starts a bridge.
    ///
    /// @param enter      the words that enter the namespace and then run a program: `unshare …` or `nsenter …`
    /// @param resolvConf content for /etc/resolv.conf inside, or null
    /// @param command    what the bridge becomes; empty: it ends
    static BridgeProcess start(List<String> enter, GuestSetup setup, String resolvConf, List<String> command) throws IOException {
        Path directory = Files.createTempDirectory("jslirp-");
        UnixListener listener = null;
        try {
            Path socket = directory.resolve("bridge");
            listener = UnixListener.open(UnixListener.Kind.STREAM, socket, 1);
            Path file = null;
            if (resolvConf != null) {
                file = Files.writeString(directory.resolve("resolv.conf"), resolvConf);
                Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r--r--"));
            }
            List<String> words = new ArrayList<>(enter);
            words.addAll(JavaCommand.words());
            words.addAll(Bridge.arguments(socket, file, setup, command));
            ProcessBuilder builder = new ProcessBuilder(words).inheritIO();
            if (command.isEmpty()) {
                builder.redirectInput(new File("/dev/null"));
            }
            return new BridgeProcess(directory, listener, builder.start());
        } catch (IOException | RuntimeException e) {
            if (listener != null) {
                listener.close();
            }
            delete(directory);
            throw e;
        }
    }

    /// The process, which becomes the command.
    Process process() {
        return process;
    }

    /// Waits for what `setup` has made.
    ///
    /// @return the caller's; null if the bridge ended without a word, having said why itself
    /// @throws UsageException with the bridge's reason
    GuestDescriptors receive(GuestSetup setup) throws IOException, UsageException {
        try {
            long startNs = System.nanoTime();
            while (bridge == null) {
                // Asked first: the bridge may connect, say why it fails, and end between two questions.
                boolean alive = process.isAlive();
                UnixSocket peer = UnixSocket.accept(listener, POLL_MS);
                if (peer != null && peer.peerPid() == process.pid()) {
                    bridge = peer;
                } else if (peer != null) {
                    peer.close();
                } else if (!alive) {
                    return null;
                } else if (System.nanoTime() - startNs > START_LIMIT_NS) {
                    throw new UsageException(UsageException.SETUP, "the bridge did not answer within 60 seconds");
                }
            }
            return receiveAll(setup);
        } finally {
            listener.close();
            delete(directory);
        }
    }

    /// The kernel never joins messages that carry descriptors.
    private GuestDescriptors receiveAll(GuestSetup setup) throws IOException, UsageException {
        int[] fds = new int[setup.queues() + setup.sockets()];
        for (int count = 0; count < fds.length;) {
            UnixSocket.Message message = bridge.receive();
            int[] some = message.descriptors();
            if (some.length == 0 || some.length > fds.length - count) {
                Arrays.stream(fds, 0, count).forEach(Processes::close);
                Arrays.stream(some).forEach(Processes::close);
                if (message.text().startsWith(Bridge.FAILED)) {
                    throw new UsageException(UsageException.SETUP, message.text().substring(Bridge.FAILED.length()));
                }
                return null;
            }
            System.arraycopy(some, 0, fds, count, some.length);
            count += some.length;
        }
        return GuestDescriptors.of(fds, setup.queues());
    }

    /// Gives the word: the network is served.
    ///
    /// @throws IOException if nobody hears it
    void go() throws IOException {
        try {
            bridge.send("g");
        } catch (TapException e) {
            throw new IOException("the process that was to become the command has ended", e);
        }
        bridge.close();
        bridge = null;
    }

    /// Ends a bridge that has not got the word, and leaves nothing of it.
    @Override
    public void close() {
        if (bridge != null) {
            bridge.close();
            bridge = null;
        }
        process.destroy();
        listener.close();
        delete(directory);
    }

    private static void delete(Path directory) {
        for (String name : List.of("bridge", "resolv.conf", "")) {
            try {
                Files.deleteIfExists(directory.resolve(name));
            } catch (IOException e) {
                // Another user's directory by now, or busy: the system's temporary-file cleaner has it.
                return;
            }
        }
    }
}
