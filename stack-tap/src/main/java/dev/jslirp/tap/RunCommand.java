package dev.jslirp.tap;

import dev.jslirp.tap.linux.Processes;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `jslirp run`: a command in a network namespace of its own.
@Command(name = "run", mixinStandardHelpOptions = true, versionProvider = JslirpCommand.Version.class, sortOptions = false,
        customSynopsis = "jslirp run [OPTIONS] [--] COMMAND [ARGUMENT...]",
        description = {
            "Runs COMMAND in a user and network namespace of its own and serves that network. COMMAND sees itself as root.",
            "The interface is configured before COMMAND starts; a DHCP server answers as well."},
        exitCodeListHeading = "%nExit status:%n",
        exitCodeList = {" n:that of COMMAND (128 + number when a signal ended it)", " 1:the network could not be set up",
            " 2:wrong arguments", "126:COMMAND cannot be executed", "127:there is no COMMAND"},
        footerHeading = "%nExamples:%n",
        footer = {
            "  jslirp run -- curl https://example.org",
            "  jslirp run -p tcp:127.0.0.1:8080-:80 -- python3 -m http.server 80",
            "  jslirp run --no-configure -- sh -c 'udhcpc -i tap0 && ping -c1 10.0.2.2'"})
final class RunCommand implements Callable<Integer> {
    private static final int SIGINT = 2;

    @Mixin
    private NetworkOptions options;
    @Mixin
    private TapOptions tap;

    @Option(names = "--no-configure", description = "Leave the interface without address, for a DHCP client inside.")
    private boolean noConfigure;

    @Option(names = "--no-resolv-conf", description = "Show the host's /etc/resolv.conf inside, not one that names the DNS address.")
    private boolean noResolvConf;

    @Option(names = "--keep-user", description = "COMMAND keeps its user id instead of seeing itself as root.")
    private boolean keepUser;

    @Parameters(paramLabel = "COMMAND", arity = "1..*", description = "What to run, with its arguments.")
    private List<String> command;

    @Override
    public Integer call() throws IOException, UsageException {
        options.check();
        tap.check(options, false);
        requireExecutable();
        GuestSetup setup = tap.setup(options, !noConfigure, false);
        try (BridgeProcess bridge = BridgeProcess.start(enter(), setup, noResolvConf ? null : options.resolvConf(), command)) {
            // From here on signals are COMMAND's: a terminal sends SIGINT to it directly.
            Signals.handle(signal -> {
                if (signal != SIGINT || !Processes.isTerminal(0)) {
                    Processes.signal(bridge.process().pid(), signal);
                }
            });
            try (Daemon daemon = new Daemon(options)) {
                GuestDescriptors made = bridge.receive(setup);
                if (made == null) {
                    throw new UsageException(UsageException.SETUP, Namespaces.whyUnshareFailed());
                }
                daemon.serveTap(made, setup.mtuBytes(), () -> Summary.printGone(setup));
                Summary.print(options, Summary.guest(setup, options.plan()), daemon);
                options.announceReady();
                bridge.go();
                return waitFor(bridge.process());
            }
        }
    }

    private List<String> enter() {
        List<String> words = new ArrayList<>(List.of("unshare", "--user", "--net", "--mount"));
        words.addAll(keepUser ? List.of("--map-current-user", "--keep-caps") : List.of("--map-root-user"));
        words.add("--");
        return words;
    }

    /// Says so before anything is created, when the command cannot be started.
    private void requireExecutable() throws UsageException {
        String name = command.getFirst();
        if (name.contains("/")) {
            Path file = Path.of(name);
            if (!Files.exists(file)) {
                throw new UsageException(Bridge.STATUS_NOT_FOUND, name + ": no such file");
            }
            if (Files.isDirectory(file) || !Files.isExecutable(file)) {
                throw new UsageException(Bridge.STATUS_NOT_EXECUTABLE, name + ": not executable");
            }
            return;
        }
        String path = System.getenv().getOrDefault("PATH", "/bin:/usr/bin");
        for (String directory : path.split(File.pathSeparator)) {
            Path file = Path.of(directory, name);
            if (Files.isRegularFile(file) && Files.isExecutable(file)) {
                return;
            }
        }
        throw new UsageException(Bridge.STATUS_NOT_FOUND, name + ": command not found");
    }

    private static int waitFor(Process process) throws IOException {
        try {
            return process.waitFor();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        }
    }
}
