package dev.jslirp.tap.guest;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// A running `jslirp run` with a sleeping process as its guest.
final class Guest implements AutoCloseable {
    /// Who runs the command.
    enum Caller {
        ROOT(List.of()),
        /// `nobody`: no capability, no entry in any group that matters.
        USER(List.of("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=-all", "--bounding-set=-all"));

        private final List<String> prefix;

        Caller(List<String> prefix) {
            this.prefix = prefix;
        }

        /// `command` as this caller.
        List<String> command(List<String> command) {
            List<String> all = new ArrayList<>(prefix);
            all.addAll(command);
            return all;
        }
    }

    private final Process daemon;
    private final Path log;
    private final long pid;
    private final Caller caller;

    /// Starts the command with `options` and waits for the guest.
    Guest(Installation installation, Caller caller, String... options) {
        this(installation, caller, List.of(), options);
    }

    /// Starts the command by `wrapper`, a program that execs its arguments.
    Guest(Installation installation, Caller caller, List<String> wrapper, String... options) {
        this.caller = caller;
        try {
            Path scratch = installation.scratch();
            log = Files.createTempFile(scratch, "jslirp", ".log");
            Path pidFile = scratch.resolve("guest-" + log.getFileName() + ".pid");
            List<String> command = new ArrayList<>(wrapper);
            command.addAll(List.of(installation.launcher().toString(), "run", "--stats"));
            command.addAll(List.of(options));
            command.addAll(List.of("--", "sh", "-c", "echo $$ > " + pidFile + ".new; mv " + pidFile + ".new " + pidFile + "; exec sleep 100000"));
            daemon = new ProcessBuilder(caller.command(command)).redirectErrorStream(true).redirectOutput(log.toFile()).start();
            Await.until("the guest of " + command, () -> Files.exists(pidFile) || !daemon.isAlive(), this::log);
            if (!Files.exists(pidFile)) {
                throw new AssertionError("jslirp ended with status " + daemon.exitValue() + "\n" + log());
            }
            pid = Long.parseLong(Files.readString(pidFile).strip());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// Runs a program in the guest's namespaces.
    Shell.Result exec(int seconds, String... command) {
        return Shell.run(seconds, inside(command));
    }

    /// Runs a shell script in the guest's namespaces.
    Shell.Result sh(int seconds, String script) {
        return exec(seconds, "sh", "-c", script);
    }

    /// The command line that runs `command` in the guest's namespaces.
    List<String> inside(String... command) {
        List<String> all = new ArrayList<>(List.of("nsenter", "-t", Long.toString(pid), "-U", "-n", "-m", "--preserve-credentials", "--"));
        all.addAll(List.of(command));
        return caller.command(all);
    }

    /// Starts a program in the guest's namespaces, whose output is to be read.
    Process start(String... command) {
        try {
            return new ProcessBuilder(inside(command)).redirectErrorStream(true).start();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// Open descriptors of the daemon.
    long descriptors() {
        try (var entries = Files.list(Path.of("/proc/" + daemonPid() + "/fd"))) {
            return entries.count();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// The JVM: the launcher execs it, so it is the process we started.
    long daemonPid() {
        return daemon.pid();
    }

    /// What the daemon has printed.
    String log() {
        try {
            return Files.readString(log);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// Ends the daemon as a user would (SIGTERM) and returns its counters.
    Stats stop() {
        daemon.destroy();
        try {
            if (!daemon.waitFor(20, TimeUnit.SECONDS)) {
                throw new AssertionError("the daemon did not end on SIGTERM\n" + log());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        return new Stats(log());
    }

    @Override
    public void close() {
        if (daemon.isAlive()) {
            stop();
        }
        if (ProcessHandle.of(pid).filter(ProcessHandle::isAlive).isPresent()) {
            throw new AssertionError("the guest's process outlived its daemon\n" + log());
        }
    }

    /// The counters a daemon prints when it ends: lines `name value`.
    record Stats(String text) {
        long get(String name) {
            Matcher matcher = Pattern.compile("^\\s*" + name + "\\s+(\\d+)$", Pattern.MULTILINE).matcher(text);
            return matcher.find() ? Long.parseLong(matcher.group(1)) : 0;
        }
    }
}
