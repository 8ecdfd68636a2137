package dev.jslirp.tap;

import dev.jslirp.tap.linux.Errno;
import dev.jslirp.tap.linux.Processes;
import dev.jslirp.tap.linux.TapException;
import dev.jslirp.tap.linux.UnixSocket;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// The small program that runs inside the namespace: makes the TAP, passes its descriptors out to the daemon, and then
/// becomes the user's command (`run`) or ends (`attach`).
///
/// A virtual machine has many threads, so it can never enter a user namespace itself; `unshare` or `nsenter` starts
/// this program there instead. It loads neither Netty nor picocli nor logging.
///
/// Conversation: bridge → daemon `made` with descriptors, as often as it takes to send them all, or `! reason`; daemon → bridge one byte when
/// the network is served. If the daemon goes away first, the bridge ends without starting the command.
final class Bridge {
    /// First argument that turns `Main` into this program.
    static final String COMMAND_WORD = "--bridge";
    private static final String MADE = "made";
    /// Begins the reason for a failure.
    static final String FAILED = "! ";
    /// Exit status of a failure that the daemon was told of (and reports).
    static final int STATUS_FAILED = 125;
    /// As a shell: the command cannot be executed.
    static final int STATUS_NOT_EXECUTABLE = 126;
    /// As a shell: there is no such command.
    static final int STATUS_NOT_FOUND = 127;

    private static final Path RESOLV_CONF = Path.of("/etc/resolv.conf");

    private Bridge() {}

    /// The arguments that make [#main] do this.
    ///
    /// @param socket     where the daemon listens
    /// @param resolvConf file to show as /etc/resolv.conf, or null
    /// @param command    the command to become; empty: end
    static List<String> arguments(Path socket, Path resolvConf, GuestSetup setup, List<String> command) {
        List<String> arguments = new ArrayList<>(List.of(COMMAND_WORD, socket.toString(), resolvConf == null ? "" : resolvConf.toString()));
        arguments.addAll(setup.toArguments());
        arguments.addAll(command);
        return arguments;
    }

    /// Runs; returns the exit status, unless it becomes the command.
    static int main(String[] words) {
        ArrayList<String> arguments = new ArrayList<>(Arrays.asList(words).subList(1, words.length));
        Path socket = Path.of(arguments.removeFirst());
        String resolvConf = arguments.removeFirst();
        GuestSetup setup = GuestSetup.fromArguments(arguments);
        try (UnixSocket daemon = UnixSocket.connect(socket)) {
            if (!offer(daemon, setup, resolvConf)) {
                return STATUS_FAILED;
            }
            if (arguments.isEmpty()) {
                return 0;
            }
            if (daemon.receive().text().isEmpty()) {
                return STATUS_FAILED;
            }
            return become(arguments);
        } catch (TapException e) {
            System.err.println("jslirp: " + e.getMessage());
            return STATUS_FAILED;
        }
    }

    private static boolean offer(UnixSocket daemon, GuestSetup setup, String resolvConf) throws TapException {
        try {
            if (!resolvConf.isEmpty()) {
                showResolvConf(Path.of(resolvConf));
            }
            try (GuestDescriptors made = setup.create()) {
                daemon.send(MADE, made.all());
            }
            return true;
        } catch (IOException e) {
            daemon.send(FAILED + e.getMessage());
            return false;
        }
    }

    /// Mounts `file` over /etc/resolv.conf, or over what that links to, in this mount namespace only.
    private static void showResolvConf(Path file) throws IOException {
        if (Files.exists(RESOLV_CONF)) {
            Processes.bindMount(file, RESOLV_CONF.toRealPath());
        }
    }

    private static int become(List<String> command) {
        Errno why = Processes.become(command);
        System.err.println("jslirp: " + command.getFirst() + ": " + Errno.describe(why.number()));
        return why == Errno.ENOENT ? STATUS_NOT_FOUND : STATUS_NOT_EXECUTABLE;
    }
}
